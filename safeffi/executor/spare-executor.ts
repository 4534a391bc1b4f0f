/**
 * An executor started ahead, so that a restart need not wait for a process to boot and libraries to load. Made in idle time
 * (a turn of the event loop), once a fault or a restart has shown that it may be needed, never more than one: a program
 * whose callouts never fault pays nothing, a storm of faults makes one. It costs a process of about 2 MB and a start.
 *
 * A loaded spare runs the constructors of the libraries ahead of need, beside the executor in use. For libraries whose
 * constructors claim something that is there once (a port, a lock file) choose a bare spare, which loads them only when it
 * is taken, or none.
 */
import type { Graveyard } from './graveyard.ts';
import { IdleTimer } from './idle-timer.ts';
import { linux } from './linux.ts';
import type { Preload } from './preload.ts';
import { type LaunchOptions, StartingExecutor } from './starting-executor.ts';

export type SpareChoice = boolean | 'bare';

const idleMs = 5;

export class SpareExecutor {
  readonly #launch: LaunchOptions;
  readonly #graveyard: Graveyard;
  readonly #preload: () => Preload;
  #spare: StartingExecutor | undefined;
  readonly #timer = new IdleTimer(idleMs, () => this.prepare());

  /** `preload` tells what a spare made now should have loaded. */
  constructor(launch: LaunchOptions, graveyard: Graveyard, preload: () => Preload) {
    this.#launch = launch;
    this.#graveyard = graveyard;
    this.#preload = preload;
  }

  /** The process id of the spare, or undefined. */
  get pid(): number | undefined {
    return this.#spare?.process.pid;
  }

  /** Makes one when the event loop is next idle. Does not keep the program from ending. */
  wish(): void {
    if (this.#spare === undefined) this.#timer.set();
  }

  /** Makes one now; does not wait until it is ready. A spare that cannot be started is left out: a restart will tell. */
  prepare(): void {
    if (this.#spare !== undefined) return;
    try {
      this.#spare = StartingExecutor.launch(this.#launch, this.#preload());
    } catch {
      this.#spare = undefined;
    }
  }

  /** Hands the spare over, if there is one and it lives. */
  take(): StartingExecutor | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare === undefined || spare.process.hasMemory()) return spare;
    this.#discard(spare);
    return undefined;
  }

  /** Ends the spare and makes no more. */
  close(): void {
    this.#timer.close();
    if (this.#spare !== undefined) this.#discard(this.#spare);
    this.#spare = undefined;
  }

  #discard(spare: StartingExecutor): void {
    this.#graveyard.bury(spare.process.pid);
    linux().close(spare.fd);
  }
}
