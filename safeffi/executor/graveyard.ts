/**
 * Processes that were killed and are not waited for yet. A process that dies has its memory taken apart before it can be
 * reaped (about 100 µs), and nothing needs to stand by for that: it is reaped later, in a turn of the event loop, with the next that
 * is killed, or by `drain`. One is left to die by itself. A second waits for the first: recoveries one after the other would else
 * leave more and more to be taken apart on the core that the next one needs, which makes each slower than to wait does.
 */
import { childProcesses } from './child-processes.ts';
import { IdleTimer } from './idle-timer.ts';
import { linux } from './linux.ts';

const sigkill = 9;
const limit = 1;
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
    // The one killed first is mostly dead by now.
    if (this.#dying.length > limit) childProcesses().reap(this.#dying.shift()!, true);
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
