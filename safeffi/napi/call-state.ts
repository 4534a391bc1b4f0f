/**
 * What the calls of one program have in common: errno as the last of them left it, and the first error of a callback that its
 * call is to throw once C has returned. A fault is settled here before the program sees it.
 */
import { FFIFault } from '../index.ts';

class CallState {
  errno = 0;
  /** Synchronous calls under way. */
  depth = 0;
  hasError = false;
  #error: unknown;

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
}

export const callState = new CallState();

/**
 * What a call throws. A fault's callout is abandoned where it stands, so that the next call works; where that would leave
 * locks of the allocator or the loader held, the executor is restarted instead, as the report advises.
 */
export function settled(error: unknown): unknown {
  if (!(error instanceof FFIFault)) return error;
  const { defaultChoice, choices } = error;
  if (choices.length === 0) return error;
  if (defaultChoice === 'restart') error.terminate();
  else error.answer(undefined);
  return error;
}
