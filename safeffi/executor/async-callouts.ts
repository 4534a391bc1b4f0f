/**
 * Callouts whose results come as promises. Each runs on a lane of its own while the event loop goes on, callbacks that C calls
 * meanwhile run on the loop. When all the lanes that are set aside for them are taken, further ones wait in line: so do
 * their arguments, which are copied when the callout starts.
 */
import { CalloutError } from '../errors.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import type { Bell } from './bell.ts';
import type { CalloutOptions, PendingCallout } from './executor.ts';

/** Lane 0 stays free for synchronous callouts, and some for those that a callback makes. */
export const asyncLanes = 12;
/** The death of an executor rings no bell: it is looked for this often while a callout is under way. */
const lifeLookMs = 100;

type Start = (args: readonly ArgumentValue[], options: CalloutOptions) => PendingCallout;

interface Order {
  readonly start: Start;
  readonly args: readonly ArgumentValue[];
  readonly options: CalloutOptions;
  readonly resolve: (value: ResultValue) => void;
  readonly reject: (error: unknown) => void;
}

export class AsyncCallouts {
  readonly #bell: Bell;
  readonly #waiting: Order[] = [];
  readonly #running = new Map<PendingCallout, Order>();
  #lifeLook: NodeJS.Timeout | undefined;

  constructor(bell: Bell) {
    this.#bell = bell;
  }

  /** `start` takes a lane that rings. Arguments that do not fit reject the promise. */
  run(start: Start, args: readonly ArgumentValue[], options: CalloutOptions): Promise<ResultValue> {
    return new Promise((resolve, reject) => {
      this.#bell.listen();
      this.#bell.hold();
      this.#waiting.push({ start, args, options, resolve, reject });
      this.#fill();
    });
  }

  get isRunning(): boolean {
    return this.#running.size > 0;
  }

  /** Settles what is over and starts what waits; true when there was something. */
  serve(): boolean {
    let served = false;
    for (const [pending, order] of this.#running) {
      if (!pending.poll()) continue;
      served = true;
      this.#running.delete(pending);
      this.#settle(order, () => pending.result());
    }
    if (served) this.#fill();
    return served;
  }

  /** Rejects all: the session is closed. */
  close(reason: Error): void {
    for (const order of [...this.#running.values(), ...this.#waiting.splice(0)]) {
      this.#settle(order, () => {
        throw reason;
      });
    }
    this.#running.clear();
    this.#look();
  }

  #fill(): void {
    while (this.#running.size < asyncLanes) {
      const order = this.#waiting.shift();
      if (order === undefined) break;
      try {
        const pending = order.start(order.args, order.options);
        this.#running.set(pending, order);
        this.#limit(pending, order.options.deadlineMs);
      } catch (error) {
        // Faults that stand hold lanes: while a callout is under way there is a next time.
        if (error instanceof CalloutError && error.code === 'no-lane' && this.#running.size > 0) {
          this.#waiting.unshift(order);
          break;
        }
        this.#settle(order, () => {
          throw error;
        });
      }
    }
    this.#look();
  }

  /** At its deadline the callout is stopped by waiting for it. */
  #limit(pending: PendingCallout, deadlineMs: number | undefined): void {
    if (deadlineMs === undefined) return;
    const timer = setTimeout(() => {
      if (!this.#running.has(pending)) return;
      pending.wait(1);
      this.serve();
    }, deadlineMs);
    timer.unref();
  }

  #settle(order: Order, result: () => ResultValue): void {
    this.#bell.release();
    try {
      order.resolve(result());
    } catch (error) {
      order.reject(error);
    }
  }

  #lookForLife(): void {
    for (const pending of this.#running.keys()) pending.wait(0);
    this.serve();
  }

  #look(): void {
    if (this.#running.size > 0) this.#lifeLook ??= setInterval(() => this.#lookForLife(), lifeLookMs).unref();
    else if (this.#lifeLook !== undefined) {
      clearInterval(this.#lifeLook);
      this.#lifeLook = undefined;
    }
  }
}
