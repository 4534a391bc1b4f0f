/**
 * A fault in C as a JavaScript error. While it is unresolved the callout's lane stays parked inside the fault handler,
 * with stack and memory as they were; each method below chooses a way on. A fault is resolved once, by `answer`, `retry`,
 * `retryWith`, `continue` or `terminate`; `rollback` or `restart` may come before `answer` and `retry`. Stable interface.
 */
import type { Address, ExactInteger } from '../address.ts';
import { CalloutError } from '../errors.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import type { Fault, FaultChoice, Resolution } from './fault.ts';
import { faultReport, faultSentence } from './fault-report.ts';

/** What an executor provides to resolve a fault. */
export interface FaultResolver {
  /** Abandons the call in place; `answer` ends with this. */
  abandon(): void;
  retry(args?: readonly ArgumentValue[]): ResultValue;
  restart(): void;
  rollback(): void;
  /** Lets the stopped thread go on, with these registers changed; answers what the callout comes to. */
  proceed(registers: Readonly<Record<string, ExactInteger>>): ResultValue;
  /** Every way on, as it stands at the moment. */
  resolutions(): readonly Resolution[];
  read(address: Address, sizeBytes: number): Uint8Array;
}

export class FFIFault extends Error {
  override readonly name = 'FFIFault';
  readonly fault: Fault;
  readonly #resolver: FaultResolver;

  constructor(fault: Fault, resolver: FaultResolver) {
    super();
    this.fault = fault;
    this.#resolver = resolver;
  }

  /** Put together when it is first read: a program that answers a fault and goes on never reads it. */
  override get message(): string {
    return faultSentence(this.fault);
  }

  /** The whole report: the sentence, the callout, the C backtrace, the executor, the choices. */
  get report(): string {
    return faultReport(this.fault);
  }

  /** Abandons the callout where it stopped; the executor is tainted from then on. Answers `value`, for `return f.answer(v)`. */
  answer<T>(value: T): T {
    this.#resolver.abandon();
    return value;
  }

  /** Abandons the callout and calls again with the same arguments. Throws a new FFIFault when it faults again. */
  retry(): ResultValue {
    return this.#resolver.retry();
  }

  /** Abandons the callout and calls again with other arguments. */
  retryWith(args: readonly ArgumentValue[]): ResultValue {
    return this.#resolver.retry(args);
  }

  /**
   * Every choice, with the reason where it is not available now. Only `rollback` and `continue` come and go with the kind of
   * fault and of executor; a fault that is settled has none left.
   */
  get resolutions(): readonly Resolution[] {
    return this.#resolver.resolutions();
  }

  /** The choices that are available now. */
  get choices(): readonly FaultChoice[] {
    return this.resolutions.filter((one) => one.available).map((one) => one.choice);
  }

  /** What to choose where nobody does: what the fault advises, else `answer`. */
  get defaultChoice(): FaultChoice {
    const advised = this.fault.advice?.choice;
    return advised !== undefined && this.choices.includes(advised) ? advised : 'answer';
  }

  /**
   * Brings C's memory back to the last checkpoint; `answer` or `retry` may follow. Throws CalloutError `not-available` with
   * the reason.
   */
  rollback(): void {
    this.#require('rollback');
    void this.fault.summary; // told from the process that is about to end
    this.#resolver.rollback();
  }

  /**
   * Runs the instruction that stopped again, once registers or memory were mended, and answers what the callout comes to.
   * @param registers by name, as in `fault.registers`: `{ rax: 0, rip: next }`; those not named stay
   */
  continue(registers: Readonly<Record<string, ExactInteger>> = {}): ResultValue {
    this.#require('continue');
    return this.#resolver.proceed(registers);
  }

  /** Replaces the executor by a fresh one with the same libraries; `answer` or `retry` may follow. */
  restart(): void {
    void this.fault.summary; // told from the process that is about to end
    this.#resolver.restart();
  }

  /** Gives the callout up: the executor is restarted. For a Smalltalk process that ends. */
  terminate(): void {
    this.restart();
    this.#resolver.abandon();
  }

  /** Memory of the executor as it is while the fault stands. */
  read(address: Address, sizeBytes: number): Uint8Array {
    return this.#resolver.read(address, sizeBytes);
  }

  #require(choice: FaultChoice): void {
    const found = this.resolutions.find((one) => one.choice === choice);
    if (found?.available === true) return;
    const callout = this.fault.function === undefined ? '' : `callout ${this.fault.function}: `;
    throw new CalloutError('not-available', `${callout}${choice} is not available: ${found?.reason ?? 'not here'}`, {
      choice,
    });
  }
}
