/** The programs in examples/napi, in both modes; in safe mode they go on after C has crashed. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { openSession } from '../../safeffi/index.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const limitMs = 100_000;
const crashed = 'C crashed: FFIFault, ';

/** What each prints; the line of the crash and what follows it is that of safe mode. */
const outputs: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  'libc.cjs': [
    'strlen: 12',
    'pow and floor: 1024 -2',
    'no such variable: null',
    'snprintf: 23 "42 is the answer, 3.142"',
    'qsort: -4 6 15 31 53 92',
    'errno after a number that is too large: 34',
    'usleep was started',
    'usleep answered 0 with null',
    `${crashed}MemoryViolation: write at 0x1000`,
    'and the program goes on: 10',
  ],
  'sqlite.cjs': [
    'SQLite 3: true',
    'row: id 1, name Ada',
    'row: id 3, name Barbara',
    'row: id 2, name Grace',
    'shout: [[2,"GRACE"]]',
    'SQLite: no such column: nonsense',
    /^C crashed: FFIFault, MemoryViolation: /,
    'and the database is still there: [[1,"Ada"]]',
  ],
  'structs.cjs': [
    'div: 3, remainder 2',
    'a year after the epoch: 1971 1 1 GMT',
    'the clock has gone past 2020: true',
    'getitimer: 0 a timer that is off has 0',
    /^root is 0, at home in \//,
    'nobody by that name: true',
    'inet_ntoa: 127.0.0.1',
    'getaddrinfo: 0',
    '  127.0.0.1, port 80',
    /^C crashed: FFIFault, (MemoryViolation|CalloutAborted): /,
    'and the program goes on: { quot: -3, rem: -1 }',
  ],
};

function has(library: string): boolean {
  const session = openSession({ ffi: 'direct' });
  try {
    session.library(library);
    return true;
  } catch {
    return false;
  } finally {
    session.close();
  }
}

const missing = has('libsqlite3.so.0') ? [] : ['sqlite.cjs'];
if (missing.length > 0)
  process.stderr.write('tests: examples/napi/sqlite.cjs is left out: the machine has no libsqlite3.so.0\n');

function run(name: string, mode: 'safe' | 'direct') {
  const args = ['--no-warnings', '--require', 'safeffi/register', `examples/napi/${name}`];
  const env = { ...process.env, SAFEFFI_NAPI: mode, NO_COLOR: '1' };
  return spawnSync(process.execPath, args, {
    cwd: root,
    env,
    encoding: 'utf8',
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
}

function expectLines(seen: readonly string[], wanted: readonly (string | RegExp)[]): void {
  expect(seen).toEqual(wanted.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))));
}

test('each program is listed here', () => {
  expect(readdirSync(`${root}examples/napi`).sort()).toEqual(Object.keys(outputs).sort());
});

const runnable = Object.entries(outputs).filter(([name]) => !missing.includes(name));

test.each(runnable)('%s in safe mode: C crashes and the program goes on', (name, lines) => {
  const { stdout, stderr, status } = run(name, 'safe');
  // What glibc says of a list that is freed twice.
  const own = stderr.split('\n').filter((line) => !/^[a-z_]+\(\): /.test(line));
  expect({ stderr: own, status }).toEqual({ stderr: [''], status: 0 });
  expectLines(stdout.trimEnd().split('\n'), lines);
});

test.each(runnable)('%s in direct mode: it is the same until C crashes, which ends the process', (name, lines) => {
  const { stdout, signal } = run(name, 'direct');
  const crash = lines.findIndex((line) =>
    (typeof line === 'string' ? line : line.source.slice(1)).startsWith('C crashed'),
  );
  expectLines(stdout.trimEnd().split('\n'), lines.slice(0, crash));
  expect(signal).toMatch(/^SIG(SEGV|ABRT|BUS)$/);
});
