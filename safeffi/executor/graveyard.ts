/**
 * Processes that were killed and are not waited for yet. A process that dies has its memory taken apart before it can be
 * reaped (about 100 µs), and nothing needs to stand by for that: it is reaped later, in a turn of the event loop, when there are
 * many, or by `drain`. At most `limit` are left unreaped, so that no number of restarts and checkpoints fills the process table.
 */
import { childProcesses } from './child-processes.ts';
import { IdleTimer } from './idle-timer.ts';
import { linux } from './linux.ts';

const sigkill = 9;
const limit = 8;
const sweepMs = 5;

export class Graveyard {
  readonly #dying: number[] = [];
  /** No zombie is left by a program that is idle. */
  readonly #timer = new IdleTimer(sweepMs, () => {
    if (this.sweep() > 0) this.#timer.set();
  });

  /** Kills a child of this process; it is reaped by and by. */
  bury(pid: number): void {
    if (childProcesses().reap(pid, false) !== 0) return;
    linux().kill(pid, sigkill);
    this.admit(pid);
  }

  /** Takes a process that was killed. */
  admit(pid: number): void {
    this.#dying.push(pid);
    this.#timer.set();
    this.waitForAllBut(limit);
  }

  /** Waits until at most `count` are left; those killed first are mostly dead by now. */
  waitForAllBut(count: number): void {
    while (this.#dying.length > count) childProcesses().reap(this.#dying.shift()!, true);
  }

  /** Reaps those that are dead by now; answers how many are left. */
  sweep(): number {
    const { reap } = childProcesses();
    for (let i = this.#dying.length - 1; i >= 0; i--) if (reap(this.#dying[i]!, false) !== 0) this.#dying.splice(i, 1);
    return this.#dying.length;
  }

  /** Waits until all are gone. */
  drain(): void {
    this.#timer.clear();
    for (const pid of this.#dying.splice(0)) childProcesses().reap(pid, true);
  }
}
