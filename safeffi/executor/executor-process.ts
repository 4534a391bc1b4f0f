/**
 * The process of a native executor: start, death, end. Started with posix_spawn, so that this process's heap is not
 * copied; waited for by its id, which cannot be reused before it is reaped here. `alive()` is asked while a callout is
 * waited for: that is how a death is seen.
 */
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { executorStartError } from '../errors.ts';
import { bootFailure, header } from '../protocol/layout.ts';
import { signalName } from '../signals.ts';
import type { DomainMemory } from './domain-memory.ts';
import { scrubbedEnvironment } from './environment.ts';
import { linux } from './linux.ts';

const sigkill = 9;
/** The low byte of a wait status that tells of a stop. */
const stoppedStatus = 127;
const bootLimitMs = 10_000;
/** The program of `make -C native`, beside the compiled library: dist/native/executor. */
export const executorPath = fileURLToPath(new URL('../../native/executor', import.meta.url));

/** True where the native executor can be used: Linux on x86-64, and built. */
export function hasNativeExecutor(): boolean {
  return process.platform === 'linux' && process.arch === 'x64' && existsSync(executorPath);
}

const failureTexts: Readonly<Record<number, string>> = {
  [bootFailure.parent]: 'its parent is not the process that made the shared memory',
  [bootFailure.map]: 'the shared memory is of another version; run make -C native',
  [bootFailure.protect]: 'guard pages or the signal stack could not be made',
  [bootFailure.signals]: 'the signal handlers could not be installed',
  [bootFailure.keeper]: 'a thread could not be made',
};
const exitTexts: Readonly<Record<number, string>> = {
  3: 'it could not map the shared memory',
  4: 'the address range of the shared memory was taken',
  127: `${executorPath} could not be executed`,
};

export class ExecutorProcess {
  readonly pid: number;
  /** How it ended, once it has: `was killed by SIGKILL`, `exited with status 3`. */
  #end: string | undefined;
  #endSignal: number | undefined;
  #stop: string | undefined;
  /** The program's file, as the system tells it at the start. */
  readonly #program: string | undefined;

  private constructor(pid: number) {
    this.pid = pid;
    this.#program = programOf(pid);
  }

  /** Starts an executor on cleared memory and waits until it is parked. */
  static start(memory: DomainMemory, environment: Readonly<Record<string, string>> | undefined): ExecutorProcess {
    const os = linux();
    const pid = os.spawn(executorPath, [executorPath, '3'], scrubbedEnvironment(environment), memory.fd);
    if (pid <= 0) throw executorStartError(`starting ${executorPath} failed with ${os.errorName(-pid)}`);
    const started = new ExecutorProcess(pid);
    const boot = header.bootState / 4;
    const limit = performance.now() + bootLimitMs;
    for (;;) {
      const state = Atomics.load(memory.i32, boot);
      if (state === 1) return started;
      if (state !== 0) {
        const errno = memory.i32[header.bootErrno / 4]!;
        started.kill();
        throw executorStartError(`${failureTexts[state] ?? `it told state ${state}`} (${os.errorName(errno)})`);
      }
      if (!started.alive()) {
        const status = /status (\d+)/.exec(started.end)?.[1];
        throw executorStartError(exitTexts[Number(status)] ?? `it ${started.end} before it was ready`);
      }
      if (performance.now() > limit) {
        started.kill();
        throw executorStartError(`it was not ready within ${bootLimitMs} ms`);
      }
      os.futexWait(memory.addressOfWord(boot), 0, 10);
    }
  }

  /** False once the process has ended; it is reaped then. */
  alive(): boolean {
    if (this.#end === undefined) this.#record(linux().reap(this.pid, false));
    return this.#end === undefined;
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

  /** False once the thread has ended, although the process may live on. */
  hasThread(threadId: number): boolean {
    try {
      const stat = readFileSync(`/proc/${this.pid}/task/${threadId}/stat`, 'latin1');
      return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
    } catch {
      return false; // its entry is gone, or goes while it is read
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
    this.#record(linux().reap(this.pid, true));
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

/** The path of the program that a process runs; undefined where that cannot be told. */
function programOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '');
  } catch {
    return undefined; // no such process any more, or the system does not show it
  }
}
