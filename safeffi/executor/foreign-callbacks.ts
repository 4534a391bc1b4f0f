/**
 * Callbacks on threads that C made. Such a thread waits on one of the foreign lanes; a count in the header tells that one
 * came. They are answered while this side waits for a callout, by `poll`, and on the event loop. There is no callout that an
 * error could go on from: C gets the value given for errors, or zero, and the error is reported.
 */
import type { CallbackRequest } from '../callbacks/callback-request.ts';
import { foreignLaneCount, header, laneCount, state } from '../protocol/layout.ts';
import { dead, type Lane, refused, unanswered } from './lane.ts';
import type { NativeExecutor } from './native.ts';

export class ForeignCallbacks {
  readonly lanes: readonly Lane[];
  readonly #executor: NativeExecutor;
  /** The count when the lanes were looked at last. */
  #seenPosts = 0;
  #requests: CallbackRequest[] = [];
  readonly #onRequest: (() => void) | undefined;

  /** `onRequest` is called when a callback without a function has come: `takeRequests` has it. */
  constructor(executor: NativeExecutor, makeLane: (index: number) => Lane, onRequest: (() => void) | undefined) {
    this.#executor = executor;
    this.#onRequest = onRequest;
    this.lanes = Array.from({ length: foreignLaneCount }, (_, i) => makeLane(laneCount + i));
  }

  /** The requests that came since this was asked last. */
  takeRequests(): CallbackRequest[] {
    const requests = this.#requests;
    this.#requests = [];
    return requests.filter((request) => request.isOpen);
  }

  /** Something was posted since they were looked at. */
  get hasPosts(): boolean {
    return Atomics.load(this.#executor.domain.i32, header.foreignPosts / 4) !== this.#seenPosts;
  }

  /** Answers those that wait; true when there was one. A look at a word where there is none. */
  serve(): boolean {
    const { i32 } = this.#executor.domain;
    const posts = Atomics.load(i32, header.foreignPosts / 4);
    if (posts === this.#seenPosts) return false;
    this.#seenPosts = posts;
    const { epoch } = this.#executor;
    let served = false;
    for (const lane of this.lanes) {
      if (lane.busy || Atomics.load(i32, lane.word) !== state.callback) continue;
      served = true;
      this.#serveOne(lane);
      if (this.#executor.epoch !== epoch) break;
    }
    return served;
  }

  /** The process has ended. */
  forget(): void {
    this.#seenPosts = 0;
    for (const lane of this.lanes) lane.forget();
  }

  #serveOne(lane: Lane): void {
    const executor = this.#executor;
    const { callbacks, epoch } = executor;
    lane.busy = true;
    lane.adopt();
    const went = callbacks.serveForeign(lane);
    if (executor.epoch !== epoch || went === dead) return;
    if (went === refused) {
      executor.news.report(new Error(callbacks.complaint?.summary));
      callbacks.answerZero(lane);
    } else if (went === unanswered) {
      const request = callbacks.open(lane, true);
      if (request === undefined) return;
      this.#requests.push(request);
      this.#onRequest?.();
      return; // the lane is busy until the request is closed
    }
    lane.busy = false;
  }
}
