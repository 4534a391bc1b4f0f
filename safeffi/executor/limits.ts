/**
 * What an executor may use. Set by the kernel on the executor and on all that C code starts (native/executor/limits.c). An
 * allocation beyond `memoryBytes` answers NULL in C; a write beyond `fileBytes` is the signal SIGXFSZ, a fault.
 */
import { totalmem } from 'node:os';
import { badOptionError } from '../errors.ts';
import { limit } from '../protocol/layout.ts';

export interface ExecutorLimits {
  /**
   * Private memory: heap, anonymous mappings, stacks of threads. Default: three quarters of what this machine, or the
   * control group that this process runs in, has. Infinity: no limit.
   */
  readonly memoryBytes?: number;
  /** The largest file that may be written. Default: none. */
  readonly fileBytes?: number;
  /** Open descriptors. Default: what this process has. */
  readonly openFiles?: number;
  /** Processes and threads of this user, as the kernel counts them: those of other programs too. Default: none. */
  readonly processes?: number;
  /** Processor time of the executor in all: then SIGXCPU, a fault, and its end a second later. Default: none. */
  readonly cpuSeconds?: number;
}

/** Less than this and the executor itself does not start. */
const leastMemoryBytes = 16 * 1024 * 1024;
const leastOpenFiles = 8;

const least: Readonly<Record<keyof ExecutorLimits, number>> = {
  memoryBytes: leastMemoryBytes,
  fileBytes: 1,
  openFiles: leastOpenFiles,
  processes: 1,
  cpuSeconds: 1,
};

export function defaultMemoryBytes(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  const whole = totalmem();
  return Math.floor((constrained > 0 && constrained < whole ? constrained : whole) * 0.75);
}

/** The words of the shared header. Throws CalloutError `bad-option`. */
export function limitWords(limits: ExecutorLimits = {}): BigUint64Array {
  const words = new BigUint64Array(limit.count);
  const all = { memoryBytes: defaultMemoryBytes(), ...limits };
  for (const [name, value] of Object.entries(all) as [keyof ExecutorLimits, number | undefined][]) {
    if (!Object.hasOwn(least, name)) throw badOptionError(`limits.${name}`, value, Object.keys(least).join(', '));
    if (value === undefined || value === Number.POSITIVE_INFINITY) continue;
    if (!Number.isSafeInteger(value) || value < least[name])
      throw badOptionError(`limits.${name}`, value, `an integer of at least ${least[name]}`);
    words[limit[name]] = BigInt(value);
  }
  return words;
}
