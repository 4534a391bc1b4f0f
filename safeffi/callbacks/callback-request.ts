/**
 * A callback that waits for its answer: for a program that runs callbacks itself, such as a VM whose processes go on
 * meanwhile. C stands still on that thread until `return` or `abandon`; callouts made `within` the request run on the same
 * thread, below the C frames that wait, and must be over before it is answered.
 */
import type { ArgumentValue, ResultValue } from '../values.ts';
import type { Callback } from './callback.ts';

export interface CallbackRequest {
  readonly callback: Callback;
  readonly args: readonly ResultValue[];
  /** C called it on a thread that C made itself: there is no callout that it belongs to. */
  readonly isForeign: boolean;
  /** True until it was answered or abandoned, or its executor ended. */
  readonly isOpen: boolean;
  /**
   * C goes on with this result, and so does the callout. Throws CalloutError `callback-result` where the value does not fit,
   * and `callback-open` while a callout within it is not over; the request stays open then.
   */
  return(value?: ArgumentValue): void;
  /**
   * Drops the C frames between the callout and the callback, and what stands within it: the callout is over, its `result()`
   * throws CalloutError `already-resolved`. A thread that C made stays where it is for good.
   */
  abandon(): void;
}
