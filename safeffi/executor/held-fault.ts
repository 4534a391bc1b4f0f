/**
 * A fault that stands in a native executor: its lane is parked inside the handler until a resolution comes. Resolutions
 * of an executor that was replaced meanwhile find nothing left to abandon. A fault that is forgotten by the program (its
 * FFIFault collected as garbage) is abandoned, so that its lane is not lost.
 */
import type { Address, ExactInteger } from '../address.ts';
import { inputError } from '../check-input.ts';
import { alreadyResolvedError, CalloutError } from '../errors.ts';
import { type Fault, type Resolution, resolutionsOf } from '../faults/fault.ts';
import type { FaultResolver } from '../faults/ffi-fault.ts';
import { registerNamesArm64, registerNamesX64 } from '../protocol/layout.ts';
import { checkArguments } from '../types/check-argument.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import { finishGuarded } from './checkpointed-callout.ts';
import type { Checkpoint } from './checkpoints.ts';
import type { PreparedCallout } from './executor.ts';
import type { Lane } from './lane.ts';
import type { NativeExecutor } from './native.ts';

/** What a fault that stands belongs to. */
export interface FaultOwner {
  readonly executor: NativeExecutor;
  readonly callout: PreparedCallout;
  readonly args: readonly ArgumentValue[];
  readonly kind: Fault['kind'];
  /** Undefined for a fault that holds no thread: a broken canary, a stale address, the end of the executor. */
  readonly lane: Lane | undefined;
  /** Why the instruction that stopped cannot be run again, where it cannot. */
  readonly cannotContinue: string | undefined;
  /** The checkpoint taken before the call, given up when the fault is resolved; else a rollback goes to the latest. */
  readonly checkpoint: Checkpoint | undefined;
  /** Waits for the callout after it was let go on, and answers its result. */
  readonly finish: (lane: Lane) => ResultValue;
}

export class HeldFault implements FaultResolver {
  readonly #owner: FaultOwner;
  readonly #epoch: number;
  /** The lane's serial while this callout holds it. */
  readonly #serial: number | undefined;
  readonly #settled: () => void;
  #standing = true;
  #resolved = false;

  /** `settled` runs once the fault holds nothing any more. */
  constructor(owner: FaultOwner, settled: () => void) {
    this.#owner = owner;
    this.#settled = settled;
    this.#epoch = owner.executor.epoch;
    this.#serial = owner.lane?.serial;
  }

  abandon(): void {
    this.#resolve('answer');
    this.leave();
  }

  retry(args: readonly ArgumentValue[] = this.#owner.args): ResultValue {
    if (this.#resolved) throw alreadyResolvedError(this.#owner.callout.name, 'retry');
    if (args !== this.#owner.args)
      checkArguments(this.#owner.callout.name, this.#owner.callout.signature.arguments, args);
    this.#resolve('retry');
    this.leave();
    const { callout, executor, checkpoint } = this.#owner;
    return (checkpoint === undefined ? callout : executor.checkpointed(callout)).call(args);
  }

  proceed(registers: Readonly<Record<string, ExactInteger>>): ResultValue {
    const { lane, finish, executor, checkpoint } = this.#owner;
    const changes = this.#checked(registers);
    this.#resolve('continue');
    this.#standing = false;
    this.#settled();
    lane!.proceed(changes);
    return finishGuarded(executor.guards, checkpoint, () => finish(lane!));
  }

  rollback(): void {
    const { executor, checkpoint } = this.#owner;
    this.#replace('rollback', () => {
      if (checkpoint === undefined) executor.checkpoints.rollbackToLatest();
      else checkpoint.rollback();
    });
  }

  restart(): void {
    this.#replace('restart', () => this.#owner.executor.restart());
  }

  resolutions(): readonly Resolution[] {
    return resolutionsOf(this.#resolved, {
      continue: this.#continueObstacle(),
      rollback: this.#owner.executor.guards.rollbackObstacle(this.#owner.checkpoint),
    });
  }

  read(address: Address, sizeBytes: number): Uint8Array {
    return this.#owner.executor.memory.read(address, sizeBytes);
  }

  /** Abandons the thread where it stands, if it still does. */
  leave(): void {
    if (!this.#standing) return;
    this.#standing = false;
    this.#settled();
    const { executor, lane, callout, kind, checkpoint } = this.#owner;
    checkpoint?.discard();
    // An outer callout that was abandoned took this one along.
    if (this.#epoch === executor.epoch && this.#serial === lane?.serial)
      executor.ends.abandon(lane, `${callout.name} was abandoned after ${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`);
  }

  #continueObstacle(): string | undefined {
    if (!this.#standing || this.#epoch !== this.#owner.executor.epoch) return 'the thread that stopped is gone';
    if (this.#owner.lane === undefined) return 'no thread stands where it happened';
    return this.#owner.cannotContinue;
  }

  /** The thread goes with its process; should that fail, the fault stands as before. */
  #replace(resolution: string, run: () => void): void {
    if (this.#resolved) throw alreadyResolvedError(this.#owner.callout.name, resolution);
    run();
    this.#standing = false;
    this.#settled();
  }

  #checked(registers: Readonly<Record<string, ExactInteger>>): Map<number, bigint> {
    if (typeof registers !== 'object' || registers === null)
      throw inputError(
        `callout ${this.#owner.callout.name}: the registers`,
        registers,
        'an object of registers by name',
      );
    const isArm = this.#owner.executor.target.abi.name === 'aarch64';
    const names: readonly string[] = isArm ? registerNamesArm64 : registerNamesX64;
    const changes = new Map<number, bigint>();
    for (const [name, value] of Object.entries(registers)) {
      const index = names.indexOf(name);
      const wrong = (text: string) => new CalloutError('argument-type', `callout ${this.#owner.callout.name}: ${text}`);
      if (index < 0) throw wrong(`there is no register ${name}, expected one of ${names.join(', ')}`);
      if (typeof value !== 'bigint' && !Number.isSafeInteger(value))
        throw wrong(`register ${name} is ${String(value)}, expected an integer`);
      const exact = BigInt(value);
      if (exact < -(1n << 63n) || exact >= 1n << 64n) throw wrong(`register ${name} is ${exact}, expected 64 bits`);
      changes.set(index, BigInt.asUintN(64, exact));
    }
    return changes;
  }

  #resolve(resolution: string): void {
    if (this.#resolved) throw alreadyResolvedError(this.#owner.callout.name, resolution);
    this.#resolved = true;
  }
}
