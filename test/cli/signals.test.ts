/** Signals to the command, and readers that go away: it ends, and no executor outlives it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CheckoutPath } from '../../cli/checkout.ts';
import { eventuallyInTurns } from '../eventually.ts';
import { hasEnded } from '../processes.ts';
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

const goneInTheEnd = (pid: number) => eventuallyInTurns(() => hasEnded(pid), true);

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

describe('Ctrl-C', () => {
  /** Sends SIGINT once the program has told that it is there; answers what it wrote. */
  const interrupted = async (source: string) => {
    const child = spawn(process.execPath, [main, 'eval', source], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let isSent = false;
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
      if (!isSent && stdout.includes('here')) isSent = child.kill('SIGINT');
    });
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    return { code, stdout, stderr };
  };
  const withEnsure = (source: string) =>
    `[ Transcript show: 'here'; cr. ${source} ] ensure: [ Transcript show: 'ensured'; cr ]`;

  test('shows where C and Smalltalk hang, runs ensure: blocks, exit code 130', async () => {
    const { code, stdout, stderr } = await interrupted(
      withEnsure(`self ffiCall: #( int pause ( ) ) library: 'libc.so.6'`),
    );
    expect({ code, stdout }).toEqual({ code: 130, stdout: 'here\nensured\n' });
    expect(stderr).toMatch(/^CalloutInterrupted: interrupted from outside\n {2}callout {4}pause\(\) in libc\.so\.6\n/);
    expect(stderr).toMatch(/^ {2}Smalltalk {2}.*UndefinedObject>>DoIt \(line 1\)$/m);
    if (existsSync(CheckoutPath.executor)) expect(stderr).toMatch(/^ {2}C {10}.*pause.*<- {2}the callout$/m);
  });

  test.each([
    ['a loop', '[ true ] whileTrue: [ 3 + 4 ]'],
    ['a wait', 'Semaphore new wait'],
    ['a delay', '(Delay forSeconds: 1000) wait'],
  ])('ends %s after its ensure: blocks', async (_what, source) => {
    const { code, stdout } = await interrupted(`[ (Delay forSeconds: 1000) wait ] fork. ${withEnsure(source)}`);
    expect({ code, stdout }).toEqual({ code: 130, stdout: 'here\nensured\n' });
  });

  test('may be handled like any other error of C', async () => {
    const { code, stdout } = await interrupted(
      `| pause | pause := [ self ffiCall: #( int pause ( ) ) library: 'libc.so.6' ].
Transcript show: 'here'; cr. (pause on: CalloutInterrupted do: [ :f | f return: 5 ]) printString`,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: "here\n'5'\n" });
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
