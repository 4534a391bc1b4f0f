/**
 * How long this side waits for something that takes a thread of the executor microseconds: to take a signal, to leave the fault
 * handler, to walk its stack. A thread that refuses is given up after `limitMs`; one that could not run, because others have
 * the cores, is not to blame, and neither is this side when it did not run itself. So when the limit has passed the kernel is
 * asked: a thread that wants to run and had less than a few ticks of processor time since then is waited for further.
 *
 * `isOver` is a look like any other: whoever asks looks once more at what it waits for before it gives up.
 */
import type { ExecutorProcess } from './executor-process.ts';

/** However busy the machine is. */
const longestMs = 30_000;
/** Of 10 ms, which is the unit of the kernel's telling: more than any of these things takes. */
const ticksEnough = 2;

export class Patience {
  readonly #process: ExecutorProcess;
  readonly #threadId: number;
  readonly #start = performance.now();
  readonly #limitMs: number;
  readonly #ticksBefore: number;

  constructor(process: ExecutorProcess, threadId: number, limitMs: number) {
    this.#process = process;
    this.#threadId = threadId;
    this.#limitMs = limitMs;
    this.#ticksBefore = process.threadLook(threadId)?.ticks ?? 0;
  }

  get isOver(): boolean {
    const waitedMs = performance.now() - this.#start;
    if (waitedMs <= this.#limitMs) return false;
    if (waitedMs > longestMs) return true;
    const thread = this.#process.threadLook(this.#threadId);
    return thread === undefined || thread.state !== 'R' || thread.ticks - this.#ticksBefore >= ticksEnough;
  }
}
