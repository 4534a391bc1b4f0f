/**
 * The host that every JavaScript engine offers: its clock, and a console that takes lines. A program may hand in where text is to
 * go.
 *
 * `sleepUntil` blocks by looking at the clock, because a page may not sleep: `evaluate` of code that waits uses the processor
 * meanwhile, `evaluateAsync` does not.
 */
import { type Host, SQUEAK_EPOCH_MICROSECONDS } from '../vm/host.ts';

const SECONDS_PER_MINUTE = 60;

/** Takes text that Smalltalk wrote: whole pieces, not always whole lines. */
export type TextSink = (text: string, stream: 1 | 2) => void;

export class WebHost implements Host {
  private readonly write: TextSink;
  private interrupted = false;

  constructor(write: TextSink) {
    this.write = write;
  }

  milliseconds(): number {
    return performance.now();
  }

  utcMicroseconds(): number {
    return Math.floor((performance.timeOrigin + performance.now()) * 1000) + SQUEAK_EPOCH_MICROSECONDS;
  }

  utcOffsetSeconds(): number {
    return -new Date().getTimezoneOffset() * SECONDS_PER_MINUTE;
  }

  writeConsole(stream: 1 | 2, bytes: Uint8Array): void {
    // A copy: decoders refuse views of memory that may grow.
    this.write(new TextDecoder().decode(bytes.slice()), stream);
  }

  requestInterrupt(): void {
    this.interrupted = true;
  }

  interruptRequested(): boolean {
    const requested = this.interrupted;
    this.interrupted = false;
    return requested;
  }

  sleepUntil(time: number): void {
    while (this.milliseconds() < time && !this.interrupted);
  }
}
