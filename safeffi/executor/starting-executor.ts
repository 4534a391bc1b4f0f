/**
 * An executor that was started and is not in use yet: its process boots on shared memory of its own, which becomes the
 * domain's when the executor is wanted. So nothing waits for the one before it to be gone, and an executor can be started
 * ahead (spare-executor.ts).
 */
import { executorStartError } from '../errors.ts';
import { domainBytes, header, preload, protocolMagic, protocolVersion } from '../protocol/layout.ts';
import { childProcesses } from './child-processes.ts';
import { scrubbedEnvironment } from './environment.ts';
import { ExecutorProcess } from './executor-process.ts';
import { linux } from './linux.ts';
import type { Preload } from './preload.ts';

export interface LaunchOptions {
  /** The program and its first arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>> | undefined;
  readonly spinCount: number;
  readonly limits: BigUint64Array;
  /** The descriptor of the memory of shared buffers. */
  readonly arena: number;
  /** The descriptor of the end of the bell's pipe. */
  readonly bell: number;
  /** One of `confine`. */
  readonly confine: number;
}

export class StartingExecutor {
  /** The shared memory; whoever takes the executor closes it. */
  readonly fd: number;
  readonly process: ExecutorProcess;
  readonly preload: Preload;

  private constructor(fd: number, process: ExecutorProcess, preload: Preload) {
    this.fd = fd;
    this.process = process;
    this.preload = preload;
  }

  /** Starts a process and does not wait for it. Throws CalloutError `executor-start`. */
  static launch(options: LaunchOptions, preload: Preload): StartingExecutor {
    const os = linux();
    const fd = newMemory();
    try {
      writeHeader(fd, options, preload);
      const program = options.command[0]!;
      const args = [...options.command, String(fd), String(options.arena), String(options.bell)];
      const inherited = [fd, options.arena, options.bell].map((each) => [each, each] as const);
      const pid = childProcesses().spawn(program, args, scrubbedEnvironment(options.environment), inherited);
      if (pid <= 0) throw executorStartError(`starting ${program} failed with ${os.errorName(-pid)}`);
      return new StartingExecutor(fd, ExecutorProcess.started(pid), preload);
    } catch (error) {
      os.close(fd);
      throw error;
    }
  }
}

/** A file of the domain's size, which stays so: a file that C made smaller would end this process at its next look. */
function newMemory(): number {
  const os = linux();
  const fd = os.memfdCreate('safeffi');
  if (fd < 0) throw executorStartError(`memfd_create failed with ${os.errorName(os.errno())}`);
  if (os.ftruncate(fd, domainBytes) === 0 && os.seal(fd, false)) return fd;
  const reason = os.errorName(os.errno());
  os.close(fd);
  throw executorStartError(`sizing ${domainBytes} bytes of shared memory failed with ${reason}`);
}

/** What the executor reads at its start. */
function writeHeader(fd: number, options: LaunchOptions, list: Preload): void {
  const words = new Int32Array((header.limits + options.limits.byteLength) / 4);
  words[header.magic / 4] = protocolMagic;
  words[header.version / 4] = protocolVersion;
  words[header.spinCount / 4] = options.spinCount;
  words[header.vmPid / 4] = process.pid;
  words[header.lanesWanted / 4] = 1;
  words[header.confine / 4] = options.confine;
  const bytes = new Uint8Array(words.buffer);
  bytes.set(new Uint8Array(options.limits.buffer), header.limits);
  for (const [part, offset] of [[bytes, 0] as const, [list.bytes, preload.text] as const]) {
    if (linux().writeAt(fd, part, offset) !== part.length)
      throw executorStartError(`writing shared memory failed with ${linux().errorName(linux().errno())}`);
  }
}
