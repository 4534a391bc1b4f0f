/**
 * Starts the processes of one native executor, one after the other: the spare where there is one, else a fresh process with
 * the libraries of before, and where these end it while they load, one without: then loading them is a callout, whose fault
 * can be told.
 */

import { confineWish } from './confinement.ts';
import type { DomainMemory } from './domain-memory.ts';
import type { ExecutorOptions } from './executor.ts';
import type { Graveyard } from './graveyard.ts';
import { limitWords } from './limits.ts';
import { Preload } from './preload.ts';
import { SpareExecutor } from './spare-executor.ts';
import { type LaunchOptions, StartingExecutor } from './starting-executor.ts';

/** How often a thread of the executor looks for a request before it sleeps. */
const executorSpins = 3000;

export class ExecutorLauncher {
  readonly spare: SpareExecutor;
  readonly #launch: LaunchOptions;
  readonly #graveyard: Graveyard;
  readonly #preload: () => Preload;
  readonly #isSpareWanted: boolean;

  /** `preload` tells what is loaded now. Throws CalloutError `bad-option`. */
  constructor(
    options: ExecutorOptions,
    command: readonly string[],
    spins: boolean,
    arena: number,
    bell: number,
    graveyard: Graveyard,
    preload: () => Preload,
  ) {
    this.#launch = {
      command,
      environment: options.environment,
      spinCount: spins ? executorSpins : 0,
      limits: limitWords(options.limits),
      arena,
      bell,
      confine: confineWish(options.confine),
    };
    this.#graveyard = graveyard;
    this.#preload = preload;
    this.#isSpareWanted = options.spare !== false;
    const isBare = options.spare === 'bare';
    this.spare = new SpareExecutor(this.#launch, graveyard, () => (isBare ? new Preload([]) : preload()));
  }

  /** Answers a process that is parked on `memory`. Throws CalloutError `executor-start`. */
  start(memory: DomainMemory): StartingExecutor {
    const inTurn = [
      () => this.spare.take(),
      () => StartingExecutor.launch(this.#launch, this.#preload()),
      () => StartingExecutor.launch(this.#launch, new Preload([])),
    ];
    for (let i = 0; ; i++) {
      const started = inTurn[i]!();
      if (started === undefined) continue;
      try {
        memory.replace(started.fd);
        started.process.waitUntilReady(memory);
        return started;
      } catch (error) {
        this.#graveyard.bury(started.process.pid);
        if (i > 0 && started.preload.isEmpty) throw error;
      }
    }
  }

  /** A restart may be needed (again): keep a spare, unless the options say no. */
  wishForSpare(): void {
    if (this.#isSpareWanted) this.spare.wish();
  }

  close(): void {
    this.spare.close();
  }
}
