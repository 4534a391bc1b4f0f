/**
 * What is thrown, by an executor that was told to (`pendAfterMs`), when a callout neither returned nor faulted in that time
 * or waits in a callback that has no function: no error, but a callout that goes on, and its caller's to wait for.
 */
import type { PendingCallout } from './executor.ts';

/** Bytes that the callout works on instead of the caller's buffer at `position` (from 1); what C wrote is in them. */
export interface OwnedBuffer {
  readonly position: number;
  readonly bytes: Uint8Array;
}

export class CalloutGoesOn {
  readonly pending: PendingCallout;
  /** The caller's own buffers are not touched any more. */
  readonly buffers: readonly OwnedBuffer[];

  constructor(pending: PendingCallout, buffers: readonly OwnedBuffer[]) {
    this.pending = pending;
    this.buffers = buffers;
  }
}
