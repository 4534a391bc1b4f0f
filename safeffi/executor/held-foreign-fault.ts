/**
 * The fault of a thread that C made, as it stands: the thread waits in its slot, and the callout in which it was noticed
 * either runs on its lane or was not begun. Whatever is chosen, the thread ends; its start routine answers NULL.
 *
 * - answer: a running callout is abandoned, one that was not begun is left out;
 * - retry: the callout goes on where it is, or is begun. With other arguments a running one is abandoned first.
 */
import type { Address } from '../address.ts';
import { alreadyResolvedError } from '../errors.ts';
import { type Resolution, resolutionsOf } from '../faults/fault.ts';
import type { FaultResolver } from '../faults/ffi-fault.ts';
import { checkArguments } from '../types/check-argument.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import type { Checkpoint } from './checkpoints.ts';
import type { Lane } from './lane.ts';
import type { NativeExecutor } from './native.ts';
import type { StoppedCallout } from './native-callout.ts';

export class HeldForeignFault implements FaultResolver {
  readonly #executor: NativeExecutor;
  readonly #callout: StoppedCallout;
  readonly #args: readonly ArgumentValue[];
  /** The lane on which the callout runs. */
  readonly #lane: Lane | undefined;
  readonly #slot: number;
  readonly #epoch: number;
  readonly #checkpoint: Checkpoint | undefined;
  /** The lane's serial while the callout holds it. */
  readonly #serial: number | undefined;
  readonly #settled: () => void;
  #standing = true;
  #resolved = false;

  constructor(
    executor: NativeExecutor,
    callout: StoppedCallout,
    args: readonly ArgumentValue[],
    lane: Lane | undefined,
    slot: number,
    settled: () => void,
  ) {
    this.#executor = executor;
    this.#callout = callout;
    this.#args = args;
    this.#lane = lane;
    this.#slot = slot;
    this.#epoch = executor.epoch;
    this.#checkpoint = executor.guards.current;
    this.#serial = lane?.serial;
    this.#settled = settled;
  }

  abandon(): void {
    this.#resolve('answer');
    this.leave();
  }

  retry(args?: readonly ArgumentValue[]): ResultValue {
    if (args !== undefined) checkArguments(this.#callout.name, this.#callout.signature.arguments, args);
    this.#resolve('retry');
    const isLive = this.#standing && this.#epoch === this.#executor.epoch;
    if (!isLive || this.#lane === undefined || args !== undefined) {
      this.leave();
      return this.#callout.call(args ?? this.#args);
    }
    this.#endThread();
    return this.#callout.resume(this.#lane, this.#args);
  }

  proceed(): never {
    throw new Error('continue was chosen although it is not available');
  }

  rollback(): void {
    this.#replace('rollback', () => {
      if (this.#checkpoint === undefined) this.#executor.checkpoints.rollbackToLatest();
      else this.#checkpoint.rollback();
    });
  }

  restart(): void {
    this.#replace('restart', () => this.#executor.restart());
  }

  resolutions(): readonly Resolution[] {
    return resolutionsOf(this.#resolved, {
      continue: 'a thread that C made is ended by any resolution',
      rollback: this.#executor.guards.rollbackObstacle(this.#checkpoint),
    });
  }

  read(address: Address, sizeBytes: number): Uint8Array {
    return this.#executor.memory.read(address, sizeBytes);
  }

  /** Ends the thread and abandons the callout, where that was not done. */
  leave(): void {
    if (!this.#standing) return;
    this.#checkpoint?.discard();
    const isLive = this.#epoch === this.#executor.epoch;
    this.#endThread();
    if (isLive && this.#lane !== undefined && this.#lane.serial === this.#serial)
      this.#executor.ends.abandonRunning(
        this.#lane,
        `${this.#callout.name} was abandoned after a fault in a thread that C made`,
      );
  }

  #replace(resolution: string, run: () => void): void {
    if (this.#resolved) throw alreadyResolvedError(this.#callout.name, resolution);
    run();
    this.#standing = false;
    this.#settled();
  }

  #endThread(): void {
    this.#standing = false;
    this.#settled();
    if (this.#epoch === this.#executor.epoch) this.#executor.ends.endForeign(this.#slot);
  }

  #resolve(resolution: string): void {
    if (this.#resolved) throw alreadyResolvedError(this.#callout.name, resolution);
    this.#resolved = true;
  }
}
