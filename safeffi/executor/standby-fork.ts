/**
 * Makes the process of a checkpoint: a callout to the executor's own `checkpoint` (native/executor/checkpoint.c), which forks.
 * A copy made beside threads of C's lacks them and has the locks that they hold, so it is given up and refused. The kernel is
 * asked for their number while the fork is under way, which takes longer; where there were some the last time, before it.
 */
import { statSync } from 'node:fs';
import { checkpointRefusal, header } from '../protocol/layout.ts';
import { linux } from './linux.ts';
import type { NativeExecutor } from './native.ts';

/** A fork takes longer than most callouts, and a sleep over it longer still: how much longer it is looked for. */
const timesLooks = 10;
/** A thread that C has joined may be on its way out of the kernel still: how often to look again, and how long after. */
const looksForLeaving = 10;
const leavingMs = 1;

export class StandbyFork {
  readonly #executor: NativeExecutor;
  #hadForeignThreads = false;

  constructor(executor: NativeExecutor) {
    this.#executor = executor;
  }

  /** The standby's process id, or one of `checkpointRefusal`. `ownThreads`: how many threads of the executor are its own. */
  make(ownThreads: number): number {
    const { graveyard } = this.#executor;
    if (!this.#hadForeignThreads) {
      const [pid, threads] = this.#fork();
      if (pid <= 0 || threads === ownThreads) return pid;
      graveyard.bury(pid);
    }
    for (let looks = 0; this.#threads() !== ownThreads; looks++) {
      this.#hadForeignThreads = true;
      if (looks >= looksForLeaving) return checkpointRefusal.foreignThreads;
      this.#rest();
    }
    this.#hadForeignThreads = false;
    return this.#fork()[0];
  }

  /** The callout's answer, and how many threads there were meanwhile. */
  #fork(): [pid: number, threads: number] {
    const executor = this.#executor;
    const { epoch, looks } = executor;
    const callout = executor.loader.system('checkpoint');
    const lane = callout.begin([]);
    const threads = this.#threads();
    const pid = callout.end(lane, executor.ends.waitFor(lane, looks * timesLooks, undefined), [], epoch);
    return [pid as number, threads];
  }

  /** All threads of the executor: the links of their folder, less those of a folder that has none (proc(5)). */
  #threads(): number {
    const stat = statSync(`/proc/${this.#executor.pid}/task`, { throwIfNoEntry: false });
    return (stat?.nlink ?? 0) - 2;
  }

  #rest(): void {
    const word = header.takeover / 4;
    const { domain } = this.#executor;
    linux().futexWait(domain.addressOfWord(word), Atomics.load(domain.i32, word), leavingMs);
  }
}
