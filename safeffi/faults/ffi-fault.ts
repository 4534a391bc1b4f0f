/**
 * A fault in C as a JavaScript error. While it is unresolved the callout's lane stays parked inside the fault handler,
 * with stack and memory as they were; each method below chooses a way on. A fault is resolved once; `restart` may come
 * before `answer` or `retry`. Stable interface.
 */
import type { Address } from '../address.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import type { Fault } from './fault.ts';
import { faultSentence } from './fault-report.ts';

/** What an executor provides to resolve a fault. */
export interface FaultResolver {
  /** Abandons the call in place; `answer` ends with this. */
  abandon(): void;
  retry(args?: readonly ArgumentValue[]): ResultValue;
  restart(): void;
  read(address: Address, sizeBytes: number): Uint8Array;
}

export class FFIFault extends Error {
  override readonly name = 'FFIFault';
  readonly fault: Fault;
  readonly #resolver: FaultResolver;

  constructor(fault: Fault, resolver: FaultResolver) {
    super(faultSentence(fault));
    this.fault = fault;
    this.#resolver = resolver;
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

  /** Replaces the executor by a fresh one with the same libraries; `answer` or `retry` may follow. */
  restart(): void {
    this.#resolver.restart();
  }

  /** Gives the callout up: the executor is restarted. For a Smalltalk process that ends. */
  terminate(): void {
    this.#resolver.restart();
    this.#resolver.abandon();
  }

  /** Memory of the executor as it is while the fault stands. */
  read(address: Address, sizeBytes: number): Uint8Array {
    return this.#resolver.read(address, sizeBytes);
  }
}
