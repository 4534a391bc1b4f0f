/**
 * The half of a host that every JavaScript engine offers: its clocks, and a flag for interrupts. Where text goes and how to sleep is left to those that
 * know the machine: `NodeHost`, `WebHost`.
 */
import { SQUEAK_EPOCH_MICROSECONDS } from './host.ts';

const SECONDS_PER_MINUTE = 60;

export class EngineHost {
  private interrupted = false;

  milliseconds(): number {
    return performance.now();
  }

  utcMicroseconds(): number {
    return Math.floor((performance.timeOrigin + performance.now()) * 1000) + SQUEAK_EPOCH_MICROSECONDS;
  }

  utcOffsetSeconds(): number {
    return -new Date().getTimezoneOffset() * SECONDS_PER_MINUTE;
  }

  /** The VM sees it at its next look around. */
  requestInterrupt(): void {
    this.interrupted = true;
  }

  interruptRequested(): boolean {
    const requested = this.interrupted;
    this.interrupted = false;
    return requested;
  }

  /** True until the VM has asked. */
  protected get isInterruptWaiting(): boolean {
    return this.interrupted;
  }
}
