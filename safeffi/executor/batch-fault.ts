/**
 * The fault of one call of a batch. It is resolved as any other; what comes of it is that call's result, and the batch goes
 * on with the calls behind it, which may fault in their turn: then `answer`, `retry` and the others throw that fault.
 */
import type { ExactInteger } from '../address.ts';
import { FFIFault } from '../faults/ffi-fault.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';

/** A batch as its faults see it. */
export interface FaultedBatch {
  readonly size: number;
  /** Takes `value` for the result of call `index` and runs the calls behind it. */
  goOn(index: number, value: unknown): void;
}

export class BatchFault extends FFIFault {
  /** Which call of the batch it was, from 0. */
  readonly index: number;
  readonly #batch: FaultedBatch;
  readonly #one: FFIFault;

  constructor(one: FFIFault, batch: FaultedBatch, index: number) {
    super(one.fault, {
      abandon: () => void one.answer(undefined),
      retry: (args) => (args === undefined ? one.retry() : one.retryWith(args)),
      proceed: (registers) => one.continue(registers),
      rollback: () => one.rollback(),
      restart: () => one.restart(),
      resolutions: () => one.resolutions,
      read: (address, sizeBytes) => one.read(address, sizeBytes),
    });
    this.index = index;
    this.#batch = batch;
    this.#one = one;
  }

  override get message(): string {
    return `${super.message}; callout ${this.index} of a batch of ${this.#batch.size}`;
  }

  override answer<T>(value: T): T {
    super.answer(value);
    this.#batch.goOn(this.index, value);
    return value;
  }

  override retry(): ResultValue {
    return this.#again(() => this.#one.retry());
  }

  override retryWith(args: readonly ArgumentValue[]): ResultValue {
    return this.#again(() => this.#one.retryWith(args));
  }

  /** On the native executor the thread runs the rest itself. */
  override continue(registers?: Readonly<Record<string, ExactInteger>>): ResultValue {
    return this.#again(() => this.#one.continue(registers));
  }

  #again(run: () => ResultValue): ResultValue {
    let value: ResultValue;
    try {
      value = run();
    } catch (error) {
      if (!(error instanceof FFIFault) || error instanceof BatchFault) throw error;
      throw new BatchFault(error, this.#batch, this.index);
    }
    this.#batch.goOn(this.index, value);
    return value;
  }
}
