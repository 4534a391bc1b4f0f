/**
 * How callouts of a native executor end: the wait for one, in which callbacks are answered; the error for one that did not
 * return; and the giving up of one that stands in a fault or a callback, or runs. A lane that cannot be brought back costs
 * the executor its process.
 */
import { leftError } from '../errors.ts';
import type { FFIFault } from '../faults/ffi-fault.ts';
import { state } from '../protocol/layout.ts';
import type { ArgumentValue } from '../values.ts';
import { dead, foreign, type Lane, refused, thrown, unanswered } from './lane.ts';
import type { NativeExecutor } from './native.ts';
import type { NativeCallout, StoppedCallout } from './native-callout.ts';
import { withCause } from './taint.ts';

export class CalloutEnds {
  readonly #executor: NativeExecutor;

  constructor(executor: NativeExecutor) {
    this.#executor = executor;
  }

  /** Waits until the callout on a lane is over, and answers the callbacks that C calls meanwhile. */
  waitFor(lane: Lane, looks: number, deadlineMs: number | undefined): number {
    const executor = this.#executor;
    lane.deadlineMs = deadlineMs;
    const { epoch, callbacks } = executor;
    const limit = deadlineMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + deadlineMs;
    let seen = lane.look();
    for (;;) {
      if (seen === state.request) {
        seen = lane.wait(looks, limit === Number.POSITIVE_INFINITY ? limit : Math.max(0, limit - performance.now()));
        if (executor.epoch !== epoch) return dead;
        if (seen === state.request) seen = lane.interrupt();
      }
      if (seen !== state.callback) return seen;
      // A limit is looked at between callbacks, so that C that calls them for ever stops at it too.
      seen = callbacks.serve(lane, limit === Number.POSITIVE_INFINITY ? looks : 0);
      if (executor.epoch !== epoch) return dead;
      if (seen === state.callback && performance.now() > limit) {
        const summary = `stopped after its deadline of ${deadlineMs} ms, in a callback`;
        callbacks.complaint = { kind: 'CalloutTimeout', summary };
        return refused;
      }
    }
  }

  /** The error for a callout that did not return. */
  faulted(callout: StoppedCallout, lane: Lane, seen: number, args: readonly ArgumentValue[], epoch: number): unknown {
    const executor = this.#executor;
    const { callbacks, faults } = executor;
    if (epoch !== executor.epoch)
      return faults.ended(faults.describeEnd(callout, 'was restarted while the callout was under way'), callout, args);
    const told = seen === foreign && executor.hasProcess ? executor.foreign.take() : undefined;
    if (told !== undefined) return faults.foreign(callout, lane, args, told, executor.map);
    if (seen === dead || !executor.hasProcess) return this.#died(callout, args);
    switch (seen) {
      case refused: {
        const { kind, summary } = callbacks.complaint!;
        return faults.inCallback(kind, summary, callout, lane, args);
      }
      case state.left: {
        lane.acknowledgeLeft();
        lane.buffers.reset();
        executor.lanes.release(lane);
        return leftError(callout.name);
      }
      case thrown: {
        const { error } = callbacks;
        this.abandon(lane, `${callout.name} was abandoned after an error in a callback`);
        return error;
      }
      case unanswered: {
        const error = callbacks.unansweredError(lane, callout.name);
        this.abandon(lane, `${callout.name} was abandoned in a callback`);
        return error;
      }
      default:
        return faults.stopped(callout, lane, args, executor.map);
    }
  }

  /**
   * Sends a lane that stands in a fault or a callback back to park, after those that nest in it, and notes that C's state
   * may be half changed.
   */
  abandon(lane: Lane | undefined, cause: string): void {
    const executor = this.#executor;
    executor.taint = withCause(executor.taint, cause);
    if (lane === undefined || !executor.hasProcess) return;
    if (lane.outer !== undefined && lane.look() === state.done) {
      executor.lanes.release(lane);
      return;
    }
    if (lane.hasInner) {
      const { inner } = lane;
      if (inner.look() === state.request) inner.interrupt();
      this.abandon(inner, cause);
      if (!executor.hasProcess) return;
    }
    if (!lane.abandon()) {
      executor.bury();
      return;
    }
    lane.buffers.reset();
    executor.lanes.release(lane);
  }

  /** Stops a callout that runs and sends its thread back to park. */
  abandonRunning(lane: Lane, cause: string): void {
    const seen = lane.look();
    const stopped = seen === state.request ? lane.interrupt() : seen;
    if (stopped === state.fault || stopped === state.callback) this.abandon(lane, cause);
    else if (stopped === state.done) {
      lane.buffers.reset();
      this.#executor.lanes.release(lane);
    } else this.#executor.bury();
  }

  /** The fault of a thread that C made and that nobody was told of yet, as the error of the callout that is to begin. */
  foreignFault(callout: NativeCallout, args: readonly ArgumentValue[]): FFIFault | undefined {
    const { foreign: slots, faults, map } = this.#executor;
    const told = slots.pending ? slots.take() : undefined;
    return told && faults.foreign(callout, undefined, args, told, map);
  }

  /** Ends the thread of a foreign fault; the executor where it does not go. */
  endForeign(slot: number): void {
    const executor = this.#executor;
    executor.taint = withCause(executor.taint, 'a thread that C made was ended in a fault');
    if (!executor.endThread(slot)) executor.bury();
  }

  #died(callout: StoppedCallout, args: readonly ArgumentValue[]): FFIFault {
    const { faults } = this.#executor;
    const fault = faults.describeEnd(callout, this.#executor.endNow());
    this.#executor.bury();
    return faults.ended(fault, callout, args);
  }
}
