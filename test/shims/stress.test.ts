/**
 * The shims under load, and faults in each place where C runs: every case in a process of its own with `--expose-gc`, and after
 * each the next call works.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { compile } from '../safeffi/fixture.ts';

// On a busy machine; each process has a limit of its own below this.
jest.setTimeout(400_000);

const folder = fileURLToPath(new URL('../../../test/shims/', import.meta.url));
const limitMs = 300_000;
let library: string;

beforeAll(() => {
  library = compile('shims-stress', readFileSync(join(folder, 'fixtures/stress.c'), 'utf8'));
});

function run(name: string, mode: 'safe' | 'direct'): unknown {
  const args = ['--expose-gc', '--no-warnings', join(folder, 'stress-program.cjs'), name, library];
  const env = { ...process.env, SAFEFFI_NAPI: mode };
  const ran = spawnSync(process.execPath, args, { encoding: 'utf8', env, timeout: limitMs, killSignal: 'SIGKILL' });
  if (ran.status !== 0 || ran.stdout === '')
    throw new Error(`${name} ended with ${ran.signal ?? ran.status}: ${ran.stderr}`);
  const { result, works } = JSON.parse(ran.stdout) as { result: unknown; works: boolean };
  expect(works).toBe(true);
  return result;
}

describe.each(['safe', 'direct'] as const)('in %s mode', (mode) => {
  test('C calls back 30,000 times from an asynchronous call', () => {
    expect(run('asynchronous callbacks', mode)).toEqual({ count: 30_000, left: 0 });
  });

  test('a hundred asynchronous calls are under way at once', () => {
    expect(run('calls at once', mode)).toEqual({ wrong: 0, count: 100 });
  });

  test('8,000 callbacks live at once, and again after these were collected', () => {
    expect(run('live callbacks', mode)).toEqual({ wrong: 0 });
  });

  test('a collection at every step takes nothing that is in use', () => {
    expect(run('collections at every step', mode)).toEqual({ wrong: 0 });
  });

  test('an error of a callback is thrown by the call', () => {
    expect(run('an error in a callback', mode)).toMatchObject({
      kind: null,
      message: expect.stringMatching(/not today$/),
    });
  });

  test('a callback is called on a thread that C made', () => {
    const answers = mode === 'safe' ? [15, 18] : [15];
    expect(run('a callback on a thread', mode)).toMatchObject({ answers });
  });
});

describe('in safe mode, a crash', () => {
  const atNull = { name: 'FFIFault', kind: 'MemoryViolation', message: 'MemoryViolation: read at N' };

  test('in a call is thrown by it', () => {
    expect(run('a fault in a call', 'safe')).toMatchObject(atNull);
  });

  test('in an asynchronous call is the error of its callback', () => {
    expect(run('a fault in an asynchronous call', 'safe')).toMatchObject(atNull);
  });

  test('within a callback is thrown there, and by the call around it when it is not caught', () => {
    expect(run('a fault in a callback', 'safe')).toMatchObject({ inside: ['MemoryViolation'], outside: atNull });
  });

  test('below two callbacks is thrown through both', () => {
    expect(run('a fault below two callbacks', 'safe')).toMatchObject(atNull);
  });

  test('in some of many asynchronous calls is the error of these alone', () => {
    expect(run('calls at once, some of which crash', 'safe')).toEqual({ faults: 10, answers: 30 });
  });

  test('by calling a callback that was collected is a fault with its name', () => {
    const { answer, end } = run('a callback that was collected', 'safe') as { answer: number; end: object };
    expect(answer).toBe(4);
    expect(end).toMatchObject({ name: 'FFIFault', kind: 'ReleasedCallback' });
  });
});
