/**
 * Work for a turn of the event loop a few milliseconds on, where it turns; it does not keep the program from ending. The timer is
 * made once: to make one takes some 30 µs where that is done once in a while, within a recovery, to set one that is there five.
 */
export class IdleTimer {
  readonly #timer: NodeJS.Timeout;
  #isSet = false;
  #isClosed = false;

  constructor(delayMs: number, run: () => void) {
    this.#timer = setTimeout(() => {
      if (!this.#isSet) return;
      this.#isSet = false;
      run();
    }, delayMs);
    this.#timer.unref();
  }

  /** Does nothing while it is set, or after `close`. */
  set(): void {
    if (this.#isSet || this.#isClosed) return;
    this.#isSet = true;
    this.#timer.refresh();
  }

  /** Takes it back. */
  clear(): void {
    this.#isSet = false;
  }

  close(): void {
    this.#isSet = false;
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }
}
