/**
 * The process of a native executor: start, death, end. Started with posix_spawn, so that this process's heap is not
 * copied; waited for by its id, which cannot be reused before it is reaped here. `alive()` is asked while a callout is
 * waited for: that is how a death is seen.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { executorStartError } from '../errors.ts';
import { bootFailure, header } from '../protocol/layout.ts';
import { signalName } from '../signals.ts';
import { childProcesses } from './child-processes.ts';
import type { DomainMemory } from './domain-memory.ts';
import type { Graveyard } from './graveyard.ts';
import { linux } from './linux.ts';

const sigkill = 9;
/** The low byte of a wait status that tells of a stop. */
const stoppedStatus = 127;
const bootLimitMs = 10_000;
/** Places in /proc/PID/stat, counted from the state, which is the first field behind the name. */
const statUserTicks = 11;
const statSystemTicks = 12;
/** How often to look whether a killed process still runs, before sleeping until it is gone. */
const endLooks = 64;

const failureTexts: Readonly<Record<number, string>> = {
  [bootFailure.parent]: 'its parent is not the process that made the shared memory',
  [bootFailure.map]: 'the shared memory is of another version; run make -C native',
  [bootFailure.protect]: 'guard pages or the signal stack could not be made',
  [bootFailure.signals]: 'the signal handlers could not be installed',
  [bootFailure.keeper]: 'a thread could not be made',
  [bootFailure.limits]: 'its limits could not be set',
};
const exitTexts: Readonly<Record<number, string>> = {
  3: 'it could not map the shared memory',
  4: 'the address range of the shared memory was taken',
  127: 'its program could not be executed',
};

export class ExecutorProcess {
  readonly pid: number;
  /** How it ended, once it has: `was killed by SIGKILL`, `exited with status 3`. */
  #end: string | undefined;
  #endSignal: number | undefined;
  #stop: string | undefined;
  /** The program's file, as the system tells it at the start. */
  readonly #program: string | undefined;

  private constructor(pid: number, program: string | undefined) {
    this.pid = pid;
    this.#program = program;
  }

  /** A process that was started a moment ago. */
  static started(pid: number): ExecutorProcess {
    return new ExecutorProcess(pid, programOf(pid));
  }

  /** Waits until the process is parked on `memory`. Throws CalloutError `executor-start`, and the process is gone then. */
  waitUntilReady(memory: DomainMemory): void {
    const state = this.waitForWord(memory, header.bootState / 4, 0);
    if (state === 1) return;
    const errno = memory.i32[header.bootErrno / 4]!;
    this.kill();
    throw executorStartError(`${failureTexts[state] ?? `it told state ${state}`} (${linux().errorName(errno)})`);
  }

  /**
   * Sleeps until a word of the shared memory is no more `expected`; answers it. Never spins: a process that was forked or
   * woken a moment ago may be waiting for this very core. Throws CalloutError `executor-start`.
   */
  waitForWord(memory: DomainMemory, word: number, expected: number): number {
    const limit = performance.now() + bootLimitMs;
    for (;;) {
      const seen = Atomics.load(memory.i32, word);
      if (seen !== expected) return seen;
      if (!this.alive()) {
        const status = /status (\d+)/.exec(this.end)?.[1];
        throw executorStartError(exitTexts[Number(status)] ?? `it ${this.end} before it was ready`);
      }
      if (performance.now() > limit) {
        this.kill();
        throw executorStartError(`it was not ready within ${bootLimitMs} ms`);
      }
      linux().futexWait(memory.addressOfWord(word), expected, 10);
    }
  }

  /** A child of this process that runs already, and was made by forking `like`. */
  static adopt(pid: number, like: ExecutorProcess | undefined): ExecutorProcess {
    return new ExecutorProcess(pid, like === undefined ? programOf(pid) : like.#program);
  }

  /** False once the process has ended; it is reaped then. */
  alive(): boolean {
    if (this.#end === undefined) this.#record(childProcesses().reap(this.pid, false));
    return this.#end === undefined;
  }

  /**
   * False as soon as the process has given its memory up on its way to its end, which is before it can be reaped, and after:
   * its first thread may be gone while another still goes.
   */
  hasMemory(): boolean {
    return givesMemory(this.pid);
  }

  /** The signal by which the whole process was stopped since the last look, if it was. */
  takeStop(): string | undefined {
    const stop = this.#stop;
    this.#stop = undefined;
    return stop;
  }

  /** Lets a stopped process go on. */
  continue(): void {
    linux().kill(this.pid, constants.signals.SIGCONT);
  }

  /** True once the thread has ended and the process lives on. A process that ends as a whole loses its threads one by one. */
  hasLost(threadId: number): boolean {
    return this.#hasEnded(threadId) && this.#threads().some((other) => !this.#hasEnded(other) && !this.#mustEnd(other));
  }

  #hasEnded(threadId: number): boolean {
    const thread = this.threadLook(threadId);
    return thread === undefined || thread.state === 'Z' || thread.state === 'X';
  }

  /** The kernel has told the thread to end: SIGKILL waits for it (proc_pid_status(5), SigPnd). */
  #mustEnd(threadId: number): boolean {
    try {
      const status = readFileSync(`/proc/${this.pid}/task/${threadId}/status`, 'latin1');
      return /^SigPnd:\t[0-9a-f]*[13579bdf][0-9a-f]{2}$/m.test(status);
    } catch {
      return true; // its entry is gone, or goes while it is read
    }
  }

  #threads(): number[] {
    try {
      return readdirSync(`/proc/${this.pid}/task`).map(Number);
    } catch {
      return []; // the process is gone
    }
  }

  /**
   * A thread's state as the kernel names it (`R` runs or wants to) and the processor time it has had, in ticks of 10 ms
   * (proc_pid_stat(5)); undefined once it is gone.
   */
  threadLook(threadId: number): { readonly state: string; readonly ticks: number } | undefined {
    try {
      const stat = readFileSync(`/proc/${this.pid}/task/${threadId}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return { state: fields[0]!, ticks: Number(fields[statUserTicks]) + Number(fields[statSystemTicks]) };
    } catch {
      return undefined; // its entry is gone, or goes while it is read
    }
  }

  /** False once the process has become another program (exec). */
  isItself(): boolean {
    return programOf(this.pid) === this.#program;
  }

  /** How the process ended. */
  get end(): string {
    return this.#end ?? 'is running';
  }

  get endSignal(): number | undefined {
    return this.#endSignal;
  }

  /** Ends the process at once and reaps it. */
  kill(): void {
    if (!this.alive()) return;
    linux().kill(this.pid, sigkill);
    this.#record(childProcesses().reap(this.pid, true));
  }

  /** Ends the process and does not wait for its end. */
  killLater(graveyard: Graveyard): void {
    if (this.#end !== undefined) return;
    linux().kill(this.pid, sigkill);
    graveyard.admit(this.pid);
    this.#recordKill();
  }

  /** Ends the process; `waitUntilLeft` must follow before anything is used that it could touch. */
  killBehind(): void {
    if (this.alive()) linux().kill(this.pid, sigkill);
  }

  /**
   * After `killBehind`: returns when none of the process's code runs any more; it is taken apart behind. That its memory
   * cannot be read any more tells: a thread gives it up when it has left C code for good. `threads` are those that could
   * touch what a successor uses. True where it is still to be reaped.
   */
  waitUntilLeft(threads: readonly number[]): boolean {
    if (this.#end !== undefined) return false;
    let looks = endLooks;
    for (const thread of threads) while (looks > 0 && givesMemory(thread)) looks--;
    if (looks > 0) this.#recordKill();
    else this.#record(childProcesses().reap(this.pid, true));
    return looks > 0;
  }

  #recordKill(): void {
    this.#end = 'was killed by SIGKILL';
    this.#endSignal = sigkill;
  }

  #record(answer: number): void {
    if (answer === 0) return;
    if (answer < 0) {
      this.#end = 'ended and was reaped elsewhere';
      return;
    }
    const status = answer - 1;
    if ((status & 255) === stoppedStatus) {
      this.#stop = signalName((status >> 8) & 255);
      return;
    }
    const signal = status & 127;
    if (signal === 0) this.#end = `exited with status ${(status >> 8) & 255}`;
    else {
      this.#endSignal = signal;
      this.#end = `was killed by ${signalName(signal)}`;
    }
  }
}

const nowhere = 0x1000n;
const oneByte = new Uint8Array(1);

/** Whether a process or thread has memory still: the kernel refuses an address that nobody maps, which takes less than to read. */
function givesMemory(pid: number): boolean {
  return linux().readMemory(pid, nowhere, oneByte) !== -constants.errno.ESRCH;
}

/** The path of the program that a process runs; undefined where that cannot be told. */
function programOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '');
  } catch {
    return undefined; // no such process any more, or the system does not show it
  }
}
