/**
 * What the VM asks of the machine that it runs on. vm/ imports nothing of Node or a browser: whoever makes a VM hands in a
 * host, so that the same VM runs in both and a test can decide what the clock says.
 *
 * Contract: no method calls back into the VM, and none throws for reasons that a program can cause.
 */
export interface Host {
  /** Milliseconds of a clock that never goes back; its zero is the host's choice. */
  milliseconds(): number;
  /** Microseconds since 1 January 1901, UTC: Squeak's epoch. A whole number. */
  utcMicroseconds(): number;
  /** How far local time is ahead of UTC, in seconds. */
  utcOffsetSeconds(): number;
  /** Writes the bytes to standard output (1) or standard error (2), all of them, before it returns. */
  writeConsole(stream: 1 | 2, bytes: Uint8Array): void;
  /** True once after the user asked to interrupt (Ctrl-C) since the last call. */
  interruptRequested(): boolean;
  /** Blocks the caller until `milliseconds()` reaches `time`, or an interrupt is requested. Used by synchronous calls only. */
  sleepUntil(time: number): void;
}

/** Microseconds between 1 January 1901 and 1 January 1970, UTC. */
export const SQUEAK_EPOCH_MICROSECONDS = 2_177_452_800_000_000;
