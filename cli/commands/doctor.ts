/** `safeffi doctor`: what this machine offers to the VM and the executors, what is missing, and how to get it. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defaultMemoryBytes } from '../../safeffi/executor/limits.ts';
import { CheckoutPath } from '../checkout.ts';
import { ExitCode } from '../exit-code.ts';
import { colors, printJson, printResult } from '../output.ts';

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do where it is not ok; null where nothing can or need be done. */
  readonly fix: string | null;
}

const ok = (name: string, detail: string): Check => ({ name, ok: true, detail, fix: null });
const missing = (name: string, detail: string, fix: string | null): Check => ({ name, ok: false, detail, fix });

export async function doctor(options: { json?: true }): Promise<number> {
  const checks = [
    nodeVersion(),
    cores(),
    tool('compiler', process.env.CC || 'cc', 'a C compiler builds the native executor; Debian: apt install gcc'),
    tool('make', 'make', 'make builds the native executor; Debian: apt install make'),
    file('executor program', CheckoutPath.executor, 'node setup.mjs builds it where a C compiler and make are found'),
    file('kernel image', CheckoutPath.kernelImage, 'node setup.mjs builds it'),
    await koffi(),
    await executor('native'),
    await executor('portable'),
    await executor('direct'),
    await confinement(),
    ...(await recovery()),
    sourceLines(),
    executorMemory(),
    bundle(),
    limit('processes', 'Max processes', 64, 'raise it with ulimit -u: executors are processes'),
    limit('open files', 'Max open files', 128, 'raise it with ulimit -n: each executor needs a few descriptors'),
  ];
  if (options.json) printJson({ schema: 1, checks });
  else {
    for (const check of checks) {
      printResult(`${check.ok ? colors.green('ok     ') : colors.red('missing')} ${check.name}: ${check.detail}`);
      if (check.fix !== null) printResult(`        ${check.fix}`);
    }
  }
  // The portable and direct executors suffice for everything but the fault's address.
  const required = new Set(['node', 'kernel image', 'koffi', 'portable executor']);
  return checks.every((check) => check.ok || !required.has(check.name)) ? ExitCode.DONE : ExitCode.PROGRAM_FAILED;
}

function nodeVersion(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const detail = `${process.version} on ${process.platform} ${process.arch}`;
  return major > 20 || (major === 20 && minor >= 12)
    ? ok('node', detail)
    : missing('node', detail, 'Node 20.12 or later is needed');
}

function cores(): Check {
  const count = availableParallelism();
  return count >= 2
    ? ok('cores', `${count}: the VM and an executor each spin on one`)
    : missing('cores', '1: callouts sleep and wake through futexes, some microseconds each', null);
}

function tool(name: string, command: string, fix: string): Check {
  const result = spawnSync(command, ['--version'], { encoding: 'utf8' });
  if (result.status !== 0) return missing(name, `${command} was not found`, fix);
  return ok(name, result.stdout.split('\n', 1)[0] ?? command);
}

function file(name: string, path: string, fix: string): Check {
  return existsSync(path) ? ok(name, path) : missing(name, `${path} is not there`, fix);
}

async function koffi(): Promise<Check> {
  try {
    const { default: koffi } = await import('koffi');
    return ok('koffi', koffi.version);
  } catch (error) {
    return missing('koffi', (error as Error).message, 'npm install, on a platform that koffi has a binary for');
  }
}

/** Whether a callout works there: the proof of all that the kind needs at once. */
async function executor(kind: 'native' | 'portable' | 'direct'): Promise<Check> {
  const { openSession } = await import('../../safeffi/index.ts');
  const session = openSession({ ffi: kind });
  const name = `${kind} executor`;
  try {
    const started = performance.now();
    const value = session.library(C_LIBRARY).function('abs', { returns: 'int', arguments: ['int'] })(-7);
    if (value !== 7) return missing(name, `abs(-7) answered ${String(value)}`, null);
    return ok(name, `the first callout took ${(performance.now() - started).toFixed(1)} ms`);
  } catch (error) {
    return missing(
      name,
      (error as Error).message,
      kind === 'native' ? 'callouts use the portable executor meanwhile' : null,
    );
  } finally {
    session.close();
  }
}

/** What keeps C code from this and other processes, and what does not. */
async function confinement(): Promise<Check> {
  const name = 'confinement';
  if (!existsSync(CheckoutPath.executor)) return missing(name, 'the native executor alone has one', null);
  const { NativeExecutor } = await import('../../safeffi/executor/native.ts');
  try {
    const executor = new NativeExecutor({ spare: false });
    const { gaps } = executor.confinement;
    executor.close();
    if (gaps.length === 0) return ok(name, 'C code reaches no process but those that it starts');
    return missing(
      name,
      `C code is kept from this process, but ${gaps.join('; ')}`,
      'Linux 6.12 with Landlock has all',
    );
  } catch (error) {
    return missing(name, (error as Error).message, null);
  }
}

/** Whether C's state can be gone back to, and C can call back: what the kinds of executors differ in. */
async function recovery(): Promise<Check[]> {
  if (!existsSync(CheckoutPath.executor)) return [missing('checkpoints', 'the native executor alone has them', null)];
  const { openSession } = await import('../../safeffi/index.ts');
  const session = openSession({ ffi: 'native' });
  const checks: Check[] = [];
  const attempt = (name: string, run: () => void): void => {
    try {
      run(); // the first prepares what the second uses
      const started = performance.now();
      run();
      checks.push(ok(name, `one took ${((performance.now() - started) * 1000).toFixed(0)} µs`));
    } catch (error) {
      checks.push(missing(name, (error as Error).message, null));
    }
  };
  try {
    session.library(C_LIBRARY);
    attempt('checkpoints', () => session.checkpoint().discard());
    const sort = session.library(C_LIBRARY).function('bsearch', {
      returns: 'void *',
      arguments: ['void *', 'void *', 'size_t', 'size_t', 'void *'],
    });
    attempt('callbacks', () => {
      const callback = session.callback('int (*)(const void *, const void *)', () => 0);
      sort(new Uint8Array(1), new Uint8Array(4), 4, 1, callback);
      callback.release();
    });
    return checks;
  } catch (error) {
    return [missing('checkpoints', (error as Error).message, null)];
  } finally {
    session.close();
  }
}

function sourceLines(): Check {
  const found = ['addr2line', 'llvm-addr2line', 'llvm-symbolizer'].find(
    (each) => spawnSync(each, ['--version'], { stdio: 'ignore' }).status === 0,
  );
  return found === undefined
    ? missing('source lines', 'C frames have names and offsets, no source lines', 'Debian: apt install binutils')
    : ok('source lines', `of C frames, by ${found}`);
}

function executorMemory(): Check {
  return ok(
    'memory of C',
    `at most ${Math.round(defaultMemoryBytes() / 2 ** 20)} MiB; an allocation beyond answers NULL in C`,
  );
}

function bundle(): Check {
  return existsSync(CheckoutPath.bundle)
    ? ok('command in one file', CheckoutPath.bundle)
    : missing(
        'command in one file',
        'the command is loaded from its modules, which takes longer',
        'node setup.mjs makes it',
      );
}

const C_LIBRARY =
  process.platform === 'darwin' ? 'libSystem.B.dylib' : process.platform === 'win32' ? 'msvcrt.dll' : 'libc.so.6';

/** A soft limit of this process, from /proc; elsewhere it is not looked at. */
function limit(name: string, label: string, least: number, fix: string): Check {
  if (!existsSync('/proc/self/limits')) return ok(name, 'not looked at on this system');
  const line = readFileSync('/proc/self/limits', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(label));
  const soft = line?.slice(label.length).trim().split(/\s+/)[0] ?? 'unknown';
  return soft === 'unlimited' || Number(soft) >= least
    ? ok(name, `at most ${soft}`)
    : missing(name, `at most ${soft}`, fix);
}
