/**
 * The host that every JavaScript engine offers: its clock, and a console that takes lines. A program may hand in where text is to
 * go.
 *
 * `sleepUntil` blocks by looking at the clock, because a page may not sleep: `evaluate` of code that waits uses the processor
 * meanwhile, `evaluateAsync` does not.
 */
import { EngineHost } from '../vm/engine-host.ts';
import type { Host } from '../vm/host.ts';

/** Takes text that Smalltalk wrote: whole pieces, not always whole lines. */
export type TextSink = (text: string, stream: 1 | 2) => void;

export class WebHost extends EngineHost implements Host {
  private readonly write: TextSink;

  constructor(write: TextSink) {
    super();
    this.write = write;
  }

  writeConsole(stream: 1 | 2, bytes: Uint8Array): void {
    // A copy: decoders refuse views of memory that may grow.
    this.write(new TextDecoder().decode(bytes.slice()), stream);
  }

  sleepUntil(time: number): void {
    while (this.milliseconds() < time && !this.isInterruptWaiting);
  }
}
