/**
 * The host of an image that a script of events drives. Its clock is the script's and not the machine's: it moves a little each time that it is read, and
 * where nothing can run it is put forward to the next thing that is due. So a run takes no longer than the image works,
 * and comes out the same on a machine that is slow or busy.
 */
import { NodeHost } from '../../primitives/node-host.ts';
import { SQUEAK_EPOCH_MICROSECONDS } from '../../vm/host.ts';

/** The VM reads the clock some times a millisecond while it runs. */
const STEP_MS = 1 / 4;
/** When it is in the image's world, UTC: the first of January 2026. */
const START_MS = Date.UTC(2026, 0, 1);
const MICROSECONDS_PER_MILLISECOND = 1000;

export class ScriptedHost extends NodeHost {
  private now = 0;

  override milliseconds(): number {
    this.now += STEP_MS;
    return this.now;
  }

  override utcMicroseconds(): number {
    const sinceEpoch = Math.floor((START_MS + this.milliseconds()) * MICROSECONDS_PER_MILLISECOND);
    return sinceEpoch + SQUEAK_EPOCH_MICROSECONDS;
  }

  override utcOffsetSeconds(): number {
    return 0;
  }

  override sleepUntil(time: number): void {
    this.skipTo(time);
  }

  /** Puts the clock forward. */
  skipTo(time: number): void {
    if (Number.isFinite(time)) this.now = Math.max(this.now, time);
  }
}
