/**
 * A batch where calls are made one by one: on the portable and the direct executor. The same face, without the speed.
 */
import { batchError } from '../errors.ts';
import { FFIFault } from '../faults/ffi-fault.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import { BatchFault, type FaultedBatch } from './batch-fault.ts';
import type { CalloutBatch, CalloutOptions, PreparedCallout } from './executor.ts';

export class PlainBatch implements CalloutBatch, FaultedBatch {
  readonly capacity: number;
  readonly #callout: PreparedCallout;
  readonly #calls: (readonly ArgumentValue[])[] = [];
  readonly #results: unknown[] = [];
  #closed = false;

  constructor(callout: PreparedCallout, capacity: number) {
    this.#callout = callout;
    this.capacity = capacity;
  }

  readonly add = (...args: ArgumentValue[]): number => {
    if (this.#closed) throw batchError(this.#callout.name, 'it is closed');
    if (this.size >= this.capacity)
      throw batchError(this.#callout.name, `it is full, its capacity is ${this.capacity}`);
    return this.#calls.push(args) - 1;
  };

  get size(): number {
    return this.#calls.length;
  }

  get done(): number {
    return this.#results.length;
  }

  run(options: CalloutOptions = {}): void {
    if (this.#closed) throw batchError(this.#callout.name, 'it is closed');
    while (this.done < this.size) {
      const index = this.done;
      try {
        this.#results.push(this.#callout.call(this.#calls[index]!, options));
      } catch (error) {
        if (!(error instanceof FFIFault)) throw error;
        throw new BatchFault(error, this, index);
      }
    }
  }

  result(index: number): ResultValue {
    if (!Number.isInteger(index) || index < 0 || index >= this.size)
      throw batchError(this.#callout.name, `there is no call ${index}, it has ${this.size}`);
    if (index >= this.done) throw batchError(this.#callout.name, `call ${index} has not run`);
    return this.#results[index] as ResultValue;
  }

  clear(): void {
    this.#calls.length = this.#results.length = 0;
  }

  close(): void {
    this.#closed = true;
  }

  goOn(index: number, value: unknown): void {
    this.#results[index] = value;
    this.run();
  }
}
