/**
 * The machine that a native executor runs on: its ABI, and the command that starts the executor. It is this machine's, but for tests that run the executor of another architecture in an emulator.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Abi, aapcs64Abi, systemVAbi } from '../abi/frame-plan.ts';
import { notAvailableError } from '../errors.ts';

export interface NativeTarget {
  readonly abi: Abi;
  /** The program and what stands before the number of its descriptor. */
  readonly command: readonly string[];
}

/** The program of `make -C native`, beside the compiled library: dist/native/executor. */
export const executorPath = fileURLToPath(new URL('../../native/executor', import.meta.url));

/** The target of an architecture as Node names it; undefined where there is no native executor for it. */
export function targetOf(arch: string, command: readonly string[]): NativeTarget | undefined {
  if (arch === 'x64') return { abi: systemVAbi, command };
  if (arch === 'arm64') return { abi: aapcs64Abi, command };
  return undefined;
}

/** True where the native executor can be used: Linux on x86-64 or AArch64, and built. */
export function hasNativeExecutor(): boolean {
  return process.platform === 'linux' && targetOf(process.arch, []) !== undefined && existsSync(executorPath);
}

/** Throws CalloutError `not-available` on other architectures. */
export function hostTarget(): NativeTarget {
  const target = targetOf(process.arch, [executorPath]);
  if (target === undefined) throw notAvailableError(`an executor for ${process.arch}`, 'native');
  return target;
}
