/**
 * What the calls of one program have in common: errno as the last of them left it, the first error of a callback, which its call
 * is to throw once C has returned, and the faults that stand.
 *
 * A fault stands until the next call begins, or the callback that it came in returns: until then whoever caught it may choose
 * (`fault.retry()`, `fault.restart()`, …). Where nobody chose, its callout is abandoned in place, so that the next call works;
 * where that would leave locks of the allocator or the loader held, the executor is restarted, as the report advises. Each holds a thread of
 * C's, so that only the latest of many asynchronous calls that crash stand.
 */
import { FFIFault } from '../index.ts';

const mostStanding = 2;

class CallState {
  errno = 0;
  /** Synchronous calls under way. */
  depth = 0;
  hasError = false;
  /** There are faults to be settled. */
  hasFaults = false;
  #error: unknown;
  #faults: FFIFault[] = [];

  /** An error of a function that C called: the call that C runs in throws it, where there is none the event loop. */
  note(error: unknown): void {
    if (this.depth === 0) {
      process.nextTick(() => {
        throw error;
      });
    } else if (!this.hasError) {
      this.hasError = true;
      this.#error = error;
    }
  }

  /** The error that was noted. */
  take(): unknown {
    const error = this.#error;
    this.hasError = false;
    this.#error = undefined;
    return error;
  }

  /** What a call is about to throw, which may be a fault. */
  thrown(error: unknown): unknown {
    if (error instanceof FFIFault) {
      this.hasFaults = true;
      this.#faults.push(error);
      if (this.#faults.length > mostStanding) settle(this.#faults.shift()!);
    }
    return error;
  }

  /** Settles the faults that nobody has. */
  settle(): void {
    this.hasFaults = false;
    for (const fault of this.#faults.splice(0)) settle(fault);
  }
}

function settle(fault: FFIFault): void {
  if (!fault.choices.includes('answer')) return; // it was settled by who caught it
  if (fault.defaultChoice === 'restart') fault.terminate();
  else fault.answer(undefined);
}

export const callState = new CallState();
