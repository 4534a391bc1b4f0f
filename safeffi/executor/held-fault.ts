/**
 * A fault that stands in a native executor: its lane is parked inside the handler until a resolution comes. Resolutions
 * of an executor that was replaced meanwhile find nothing left to abandon. A fault that is forgotten by the program (its
 * FFIFault collected as garbage) is abandoned, so that its lane is not lost.
 */
import type { Address } from '../address.ts';
import { alreadyResolvedError } from '../errors.ts';
import type { FaultResolver } from '../faults/ffi-fault.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import type { PreparedCallout } from './executor.ts';
import type { Lane } from './lane.ts';
import type { NativeExecutor } from './native.ts';

export class HeldFault implements FaultResolver {
  readonly #executor: NativeExecutor;
  readonly #callout: PreparedCallout;
  readonly #args: readonly ArgumentValue[];
  /** Undefined for a fault that holds no thread: a broken canary, a stale address, the end of the executor. */
  readonly #lane: Lane | undefined;
  readonly #epoch: number;
  readonly #settled: () => void;
  #standing = true;
  #resolved = false;

  /** `settled` runs once the fault holds nothing any more. */
  constructor(
    executor: NativeExecutor,
    callout: PreparedCallout,
    args: readonly ArgumentValue[],
    lane: Lane | undefined,
    settled: () => void,
  ) {
    this.#settled = settled;
    this.#executor = executor;
    this.#callout = callout;
    this.#args = args;
    this.#lane = lane;
    this.#epoch = executor.epoch;
  }

  abandon(): void {
    this.#resolve('answer');
    this.leave();
  }

  retry(args: readonly ArgumentValue[] = this.#args): ResultValue {
    this.#resolve('retry');
    this.leave();
    return this.#callout.call(args);
  }

  restart(): void {
    if (this.#resolved) throw alreadyResolvedError(this.#callout.name, 'restart');
    this.#standing = false;
    this.#executor.restart();
  }

  read(address: Address, sizeBytes: number): Uint8Array {
    return this.#executor.memory.read(address, sizeBytes);
  }

  /** Abandons the thread where it stands, if it still does. */
  leave(): void {
    if (!this.#standing) return;
    this.#standing = false;
    this.#settled();
    if (this.#epoch === this.#executor.epoch) this.#executor.abandon(this.#lane);
  }

  #resolve(resolution: string): void {
    if (this.#resolved) throw alreadyResolvedError(this.#callout.name, resolution);
    this.#resolved = true;
  }
}
