/**
 * What comes to a native executor while nobody waits for it, or while something else is waited for: callbacks on threads
 * that C made, asynchronous callouts that are over. Looked for in every wait, by `poll`, and on the event loop, which the
 * bell tells (bell.ts). Errors that belong to no callout are reported from here.
 */
import type { CallbackRequest } from '../callbacks/callback-request.ts';
import { header } from '../protocol/layout.ts';
import { AsyncCallouts } from './async-callouts.ts';
import { Bell } from './bell.ts';
import type { DomainMemory } from './domain-memory.ts';
import type { ForeignCallbacks } from './foreign-callbacks.ts';
import { linux } from './linux.ts';

/** After so many rounds of news the event loop gets its turn. */
const roundsAtOnce = 1000;
/** How many looks at a state take as long as one `poll` that finds nothing. */
const looksPerPoll = 16;

export class ExecutorNews {
  readonly asyncs: AsyncCallouts;
  readonly bell: Bell;
  readonly #domain: DomainMemory;
  readonly #foreign: ForeignCallbacks;
  readonly #mostLooks: number;
  readonly #onError: ((error: unknown) => void) | undefined;
  #closed = false;

  /** `looks` before a sleep. `onError` takes errors of callbacks that belong to no callout; without, the event loop throws them. */
  constructor(
    domain: DomainMemory,
    foreign: ForeignCallbacks,
    looks: number,
    onError: ((error: unknown) => void) | undefined,
  ) {
    this.#domain = domain;
    this.#foreign = foreign;
    this.#mostLooks = Math.max(1, looks / looksPerPoll);
    this.#onError = onError;
    this.bell = new Bell(domain, () => this.#rung());
    this.asyncs = new AsyncCallouts(this.bell);
  }

  /** Answers callbacks that wait and settles what is over; true when there was something. */
  poll(): boolean {
    const served = this.#foreign.serve();
    return this.asyncs.serve() || served;
  }

  /** `poll` may have something to do, now or while a callout is waited for. */
  get mayCome(): boolean {
    return this.#foreign.hasPosts || this.asyncs.isRunning;
  }

  takeRequests(): CallbackRequest[] {
    return this.#foreign.takeRequests();
  }

  /** Sleeps until something may have come. */
  waitFor(timeoutMs: number): void {
    const bell = header.bell / 4;
    const rung = Atomics.load(this.#domain.i32, bell);
    if (!this.poll()) linux().futexWait(this.#domain.addressOfWord(bell), rung, timeoutMs);
  }

  report(error: unknown): void {
    if (this.#onError !== undefined) this.#onError(error);
    else
      setImmediate(() => {
        throw error;
      });
  }

  /** Nothing rings any more. Callouts under way are left to `asyncs`. */
  close(): void {
    this.#closed = true;
    this.bell.close();
  }

  #rung(): void {
    if (this.#closed) return;
    let rounds = 0;
    // A thread that was answered often calls again at once: looking for that is cheaper than the next event.
    for (let looks = this.#mostLooks; looks > 0 && rounds < roundsAtOnce; looks--) {
      if (!this.poll()) continue;
      rounds++;
      looks = this.#mostLooks;
    }
    this.bell.arm();
    // What came before the bell was armed did not ring.
    if (!this.#closed && this.poll()) setImmediate(() => this.#rung());
  }
}
