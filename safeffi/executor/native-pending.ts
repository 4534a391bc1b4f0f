/**
 * A started callout of the native executor, for a program that does other things meanwhile, and the requests of callbacks
 * that it answers itself. Whatever ends the process ends both: they compare its epoch.
 */

import type { Callback } from '../callbacks/callback.ts';
import type { CallbackRequest } from '../callbacks/callback-request.ts';
import { checkWait } from '../check-input.ts';
import { alreadyResolvedError, openCallbackError } from '../errors.ts';
import { state } from '../protocol/layout.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import type { PendingCallout, PendingState } from './executor.ts';
import { dead, foreign, type Lane, unanswered } from './lane.ts';
import type { NativeExecutor } from './native.ts';
import type { NativeCallout } from './native-callout.ts';

export class NativeRequest implements CallbackRequest {
  readonly callback: Callback;
  readonly args: readonly ResultValue[];
  readonly isForeign: boolean;
  readonly executor: NativeExecutor;
  readonly lane: Lane;
  readonly #epoch: number;
  readonly #serial: number;
  #answered = false;

  constructor(
    executor: NativeExecutor,
    lane: Lane,
    callback: Callback,
    args: readonly ResultValue[],
    isForeign: boolean,
  ) {
    this.executor = executor;
    this.lane = lane;
    this.callback = callback;
    this.args = args;
    this.isForeign = isForeign;
    this.#epoch = executor.epoch;
    this.#serial = lane.serial;
  }

  get isOpen(): boolean {
    const stands = !this.#answered && !this.lane.left;
    return stands && this.#epoch === this.executor.epoch && this.#serial === this.lane.serial;
  }

  return(value?: ArgumentValue): void {
    this.#check('a result');
    this.executor.callbacks.close(this.lane, this.callback, value);
    this.#answered = true;
    if (this.isForeign) this.executor.lanes.release(this.lane);
  }

  abandon(): void {
    this.#check('giving it up');
    this.#answered = true;
    this.executor.ends.abandon(this.lane, `a callout was abandoned in callback ${this.callback.name}`);
  }

  #check(what: string): void {
    if (!this.isOpen) throw openCallbackError(this.callback.name, `${what} comes too late, it does not wait any more`);
  }
}

export class NativePendingCallout implements PendingCallout {
  readonly #callout: NativeCallout;
  readonly #executor: NativeExecutor;
  readonly #lane: Lane;
  readonly #args: readonly ArgumentValue[];
  readonly #deadline: number;
  readonly #epoch: number;
  readonly #serial: number;
  #over: number | undefined;
  #request: NativeRequest | undefined;
  #taken = false;

  constructor(
    callout: NativeCallout,
    executor: NativeExecutor,
    lane: Lane,
    args: readonly ArgumentValue[],
    deadlineMs: number | undefined,
  ) {
    this.#callout = callout;
    this.#executor = executor;
    this.#lane = lane;
    this.#args = args;
    this.#epoch = executor.epoch;
    this.#serial = lane.serial;
    lane.deadlineMs = deadlineMs;
    this.#deadline = performance.now() + (deadlineMs ?? Number.POSITIVE_INFINITY);
  }

  get state(): PendingState {
    if (!this.poll()) return 'running';
    if (this.#isAbandoned) return 'abandoned';
    if (this.#over === undefined) return 'callback';
    return this.#over === state.done ? 'done' : 'fault';
  }

  poll(): boolean {
    if (this.#lane.left && !this.#lane.serving && this.#request !== undefined) this.#forgetRequest();
    if (this.#over !== undefined || this.#request?.isOpen === true || this.#isAbandoned) return true;
    if (this.#note(this.#isLive ? this.#lane.look() : dead)) return true;
    return this.#deadline !== Number.POSITIVE_INFINITY && performance.now() >= this.#deadline && this.#stop();
  }

  interrupt(): void {
    if (this.poll()) return;
    this.#lane.isInterrupted = true;
    this.#stop();
  }

  #stop(): boolean {
    return this.#note(this.#lane.interrupt());
  }

  wait(timeoutMs: number): boolean {
    checkWait(this.#callout.name, timeoutMs);
    const limit = performance.now() + timeoutMs;
    for (;;) {
      if (this.poll()) return true;
      const now = performance.now();
      const until = Math.min(limit, this.#deadline);
      let seen = this.#lane.wait(0, Math.max(0, until - now));
      if (seen === state.request && this.#deadline <= limit) seen = this.#lane.interrupt();
      if (this.#note(seen)) return true;
      if (performance.now() >= limit) return false;
    }
  }

  callback(): CallbackRequest | undefined {
    return this.poll() && this.#request?.isOpen === true ? this.#request : undefined;
  }

  result(): ResultValue {
    if (this.#taken || this.#isAbandoned) throw alreadyResolvedError(this.#callout.name, 'a result');
    while (!this.wait(60_000));
    if (this.#over === undefined && this.#request !== undefined)
      throw openCallbackError(this.#request.callback.name, 'it waits for its answer');
    this.#taken = true;
    return this.#callout.end(this.#lane, this.#over ?? dead, this.#args, this.#epoch);
  }

  get #isLive(): boolean {
    return this.#epoch === this.#executor.epoch;
  }

  get #isAbandoned(): boolean {
    return !this.#taken && this.#isLive && this.#serial !== this.#lane.serial;
  }

  /** C has jumped out of the callback: it waits for no answer. */
  #forgetRequest(): void {
    this.#request = undefined;
    this.#lane.left = false;
  }

  /** Takes note of a state; false while the callout goes on. A callback that has a function is answered here. */
  #note(seen: number): boolean {
    let now = seen;
    if (now === state.callback) now = this.#executor.callbacks.serve(this.#lane, 0);
    if (!this.#isLive) now = dead;
    if (now === state.request && this.#executor.foreign.pending) now = foreign;
    if (now === state.request || now === state.callback) return false;
    if (now !== unanswered) this.#over = now;
    else {
      const request = this.#executor.callbacks.open(this.#lane, false);
      this.#request = request;
      if (request === undefined) this.#over = dead;
    }
    return true;
  }
}
