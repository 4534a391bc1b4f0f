/** Signals to the command, and readers that go away: it ends, and no executor outlives it. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { execute, main } from './command.ts';

const getpid = "(self ffiCall: #( int getpid ( ) ) library: 'libc.so.6')";
const pause = "(self ffiCall: #( int pause ( ) ) library: 'libc.so.6')";
const show = `Transcript show: ${getpid} printString; cr`;

/** Starts the command, waits for the line in which the program tells its executor's pid, sends the signal, waits for the end. */
async function signalled(signal: NodeJS.Signals, args: readonly string[]) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<{ code: number | null; by: string | null }>((resolve) => {
    child.on('exit', (code, by) => resolve({ code, by }));
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString()));
    child.once('exit', () => reject(new Error('the command ended before it told the pid')));
  });
  child.kill(signal);
  return { executor: Number(line.trim()), ...(await ended) };
}

/** True once the process is no more, or is a zombie whose parent has yet to collect it. */
function isGone(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return true;
  try {
    return /^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH' || (error as NodeJS.ErrnoException).code === 'ENOENT')
      return true;
    throw error;
  }
}

/** Yields to the event loop until the process is gone; the test's own limit ends a wait that is in vain. */
async function goneInTheEnd(pid: number): Promise<true> {
  while (!isGone(pid)) await new Promise((resolve) => setImmediate(resolve));
  return true;
}

describe.each<NodeJS.Signals>(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'])('%s', (signal) => {
  const numbers = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1, SIGKILL: 9 } as Readonly<Record<string, number>>;

  test('ends a Smalltalk loop, and the executor with it', async () => {
    const { executor, code, by } = await signalled(signal, ['eval', `${show}. [ true ] whileTrue: [ 3 + 4 ]`]);
    expect(by ?? code).toBe(by === null ? 128 + numbers[signal]! : signal);
    expect(await goneInTheEnd(executor)).toBe(true);
  });

  test('ends a callout that hangs, and the executor with it', async () => {
    const { executor, code, by } = await signalled(signal, ['eval', `${show}. ${pause}`]);
    expect(by ?? code).toBe(by === null ? 128 + numbers[signal]! : signal);
    expect(await goneInTheEnd(executor)).toBe(true);
  });
});

describe('a reader that goes away', () => {
  const shell = (script: string, source: string) =>
    execute('bash', ['-c', script, process.execPath, main, 'eval', source]);

  test('ends a program that prints without end', () => {
    const { stdout, stderr, status } = shell(
      'set -o pipefail; "$0" "$@" | head -n 1',
      'Transcript show: 1 printString; cr. 1 to: 100000 do: [ :i | Transcript show: i printString; cr ]',
    );
    expect({ stdout, stderr, status }).toEqual({ stdout: '1\n', stderr: '', status: 0 });
  });

  test('and a device that is full is told in a sentence, exit code 1', () => {
    for (const source of ['3 + 4', "Transcript show: 'text'; cr"]) {
      const { stderr, status } = shell('exec "$0" "$@" > /dev/full', source);
      expect({ stderr, status }).toEqual({
        stderr: 'safeffi: standard output cannot be written (ENOSPC)\n',
        status: 1,
      });
    }
  });
});
