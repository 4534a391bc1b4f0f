/**
 * Checkpoints of a native executor and the way back to them. A checkpoint is a standby, a fork of the executor that waits
 * (native/executor/checkpoint.c); going back ends the executor and lets the standby take its place. C's memory, libraries
 * and threads of ours are as they were, and addresses stay valid: the generation is the same. What both sides share is
 * not part of a standby: the lanes' stacks and argument slots hold nothing between callouts, so their words are set as
 * for parked lanes; shared buffers keep what they hold now. Files, sockets and other processes keep what was done.
 *
 * Checkpoints stand on a stack: going back to one takes those made after it along, and uses it up. A restart drops all.
 */
import { CalloutError } from '../errors.ts';
import { checkpointRefusal, header } from '../protocol/layout.ts';
import { childProcesses } from './child-processes.ts';
import type { Graveyard } from './graveyard.ts';
import { linux } from './linux.ts';
import type { LoadedLibraries } from './native-loader.ts';
import type { Taint } from './taint.ts';

/** The most that stand at once: each is a process. */
export const checkpointLimit = 8;

/** What is known of a standby. */
export interface Standby {
  readonly pid: number;
  readonly generation: number;
  readonly lanesMade: number;
  readonly libraries: LoadedLibraries;
  readonly taint: Taint;
  /** Where the log of allocations stood. */
  readonly allocationMark: number;
  /** The header as it was, which C code may overwrite. */
  readonly headerWords: Int32Array;
}

/** What checkpoints need of their executor. */
export interface CheckpointHome {
  readonly graveyard: Graveyard;
  /** Why there can be no checkpoint now, or undefined. */
  checkpointObstacle(): string | undefined;
  /** Calls the executor's own `checkpoint` and describes the standby that came of it; a number is a refusal. */
  makeStandby(): Standby | number;
  /** Ends the executor, if it still runs, and makes the standby the executor. */
  replaceBy(standby: Standby): void;
}

const refusals: Readonly<Record<number, string>> = {
  [checkpointRefusal.foreignThreads]: 'C code has made threads of its own, which a copy of the process would not have',
  [checkpointRefusal.unknownThreads]: 'this C library keeps its thread ids where they were not found',
  [checkpointRefusal.busyKeeper]: 'a thread is being made',
};

/** A state of the executor that can be gone back to, once. */
export class Checkpoint {
  readonly standby: Standby;
  readonly #owner: Checkpoints;

  constructor(owner: Checkpoints, standby: Standby) {
    this.#owner = owner;
    this.standby = standby;
  }

  /** False once it was used, discarded, or dropped by a restart. */
  get stands(): boolean {
    return this.#owner.has(this);
  }

  /** Makes the executor what it was. Unfinished callouts and standing faults are given up. Throws CalloutError `no-checkpoint`. */
  rollback(): void {
    this.#owner.rollback(this);
  }

  /** Gives the checkpoint up, and those made after it stay. Does nothing when it does not stand any more. */
  discard(): void {
    this.#owner.discard(this);
  }
}

export class Checkpoints {
  readonly #home: CheckpointHome;
  readonly #standing: Checkpoint[] = [];

  constructor(home: CheckpointHome) {
    this.#home = home;
  }

  get latest(): Checkpoint | undefined {
    return this.#standing.at(-1);
  }

  get count(): number {
    return this.#standing.length;
  }

  has(checkpoint: Checkpoint): boolean {
    return this.#standing.includes(checkpoint);
  }

  /** Why no checkpoint can be taken now, or undefined. What only the executor knows is found out by `tryTake`. */
  obstacle(): string | undefined {
    if (this.#standing.length >= checkpointLimit) return `${checkpointLimit} checkpoints stand, which is the most`;
    return this.#home.checkpointObstacle();
  }

  /** A checkpoint, or why there is none. */
  tryTake(): Checkpoint | string {
    const obstacle = this.obstacle();
    if (obstacle !== undefined) return obstacle;
    const standby = this.#home.makeStandby();
    if (typeof standby === 'number') {
      return (
        refusals[standby] ?? `the process could not be copied (${linux().errorName(checkpointRefusal.fork - standby)})`
      );
    }
    const checkpoint = new Checkpoint(this, standby);
    this.#standing.push(checkpoint);
    return checkpoint;
  }

  /** Throws CalloutError `checkpoint-refused`. */
  take(): Checkpoint {
    const taken = this.tryTake();
    if (typeof taken === 'string') throw new CalloutError('checkpoint-refused', `no checkpoint can be taken: ${taken}`);
    return taken;
  }

  /** Throws CalloutError `no-checkpoint` where it does not stand any more or its process has ended. */
  rollback(checkpoint: Checkpoint): void {
    const index = this.#standing.indexOf(checkpoint);
    if (index < 0) throw noCheckpointError('it was used, discarded or dropped by a restart');
    for (const later of this.#standing.splice(index + 1)) this.#home.graveyard.bury(later.standby.pid);
    this.#standing.pop();
    const { standby } = checkpoint;
    if (childProcesses().reap(standby.pid, false) !== 0)
      throw noCheckpointError(`its process ${standby.pid} has ended`);
    this.#home.replaceBy(standby);
  }

  rollbackToLatest(): void {
    const { latest } = this;
    if (latest === undefined) throw noCheckpointError('none stands');
    this.rollback(latest);
  }

  discard(checkpoint: Checkpoint): void {
    const index = this.#standing.indexOf(checkpoint);
    if (index < 0) return;
    this.#standing.splice(index, 1);
    this.#home.graveyard.bury(checkpoint.standby.pid);
  }

  /** Drops all: the executor that they belong to is given up. */
  forget(): void {
    for (const { standby } of this.#standing.splice(0)) this.#home.graveyard.bury(standby.pid);
  }
}

export function noCheckpointError(reason: string): CalloutError {
  return new CalloutError('no-checkpoint', `there is no way back to the checkpoint: ${reason}`, { reason });
}

/** The words of the header that belong to the executor as it is. */
export function headerWordsOf(i32: Int32Array): Int32Array {
  return i32.slice(0, header.takeover / 4);
}
