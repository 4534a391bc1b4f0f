/**
 * AArch64 without such a machine: the executor and the C fixtures are cross-compiled, and the executor runs in an emulator of
 * user programs, on memory that it shares with this process. Everything on this side is what runs on an AArch64 machine: the
 * planner, the marshallers, the lanes. `missing` says what this machine lacks.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeExecutor } from '../../safeffi/executor/native.ts';
import { targetOf } from '../../safeffi/executor/native-target.ts';
import type { Executor, ExecutorOptions } from '../../safeffi/index.ts';
import type { Toolchain } from './fixture.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const emulator = 'qemu-aarch64';
const libraries = '/usr/aarch64-linux-gnu';

/** char is unsigned on AArch64 Linux; the types of this process are those of x86-64. */
export const aarch64: Toolchain = {
  name: '-aarch64',
  compiler: 'aarch64-linux-gnu-gcc',
  options: ['-fsigned-char'],
};

const runs = (program: string) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;

/** What of the tools is missing and how to get it, or undefined. */
export function missing(): string | undefined {
  const lacks = [aarch64.compiler, emulator].filter((program) => !runs(program));
  if (lacks.length === 0) return undefined;
  return `AArch64 is not tested: no ${lacks.join(', no ')} (Debian: apt install gcc-aarch64-linux-gnu qemu-user)`;
}

/** Builds the executor when it is out of date, and starts it. */
export function openAarch64(options: ExecutorOptions = {}): Executor {
  const output = join(root, 'dist', 'native-aarch64');
  // One worker at a time: make would read what another's compiler is writing.
  const make = ['make', '--silent', '-C', join(root, 'native'), `CC=${aarch64.compiler}`, `OUT=${output}`];
  execFileSync('flock', [`${output}.lock`, ...make]);
  const path = execFileSync('sh', ['-c', `command -v ${emulator}`], { encoding: 'utf8' }).trim();
  const target = targetOf('arm64', [path, '-L', libraries, join(output, 'executor')]);
  if (target === undefined) throw new Error('there is no target for arm64');
  return new NativeExecutor(options, target);
}
