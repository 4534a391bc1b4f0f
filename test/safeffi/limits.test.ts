/**
 * What an executor may use, and that it stands apart: an allocation bomb answers NULL, a signal to the own group does not
 * reach the VM.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { defaultMemoryBytes } from '../../safeffi/executor/limits.ts';
import { CalloutError, type Library, openSession, type Session, type SessionOptions } from '../../safeffi/index.ts';
import { faultOf } from './fault-of.ts';
import { fixture } from './fixture.ts';

let session: Session;
let library: Library;

function use(options: SessionOptions): void {
  session = openSession({ ffi: 'native', ...options });
  library = session.library(fixture('recovery'));
}
const int = (name: string, ...types: string[]) => library.function(name, { returns: 'int', arguments: types });

afterEach(() => {
  expect(int('answer')()).toBe(42);
  session.close();
});

const limitsOf = (pid: number) => readFileSync(`/proc/${pid}/limits`, 'latin1');
const MiB = 1024 * 1024;

test('an allocation bomb ends in NULL, and the next callout works', () => {
  use({ limits: { memoryBytes: 64 * MiB } });
  const count = int('allocate_until_null', 'int', 'int')(MiB, 1000) as number;
  expect(count).toBeGreaterThan(40);
  expect(count).toBeLessThan(64);
});

test('the limit holds for each executor of the session, a spare and a rolled back one too', () => {
  use({ limits: { memoryBytes: 64 * MiB } });
  session.restart();
  session.checkpoint().rollback();
  expect(int('allocate_until_null', 'int', 'int')(MiB, 1000)).toBeLessThan(64);
});

test('by default memory is limited to three quarters of the machine', () => {
  use({});
  const row = /Max data size +(\d+)/.exec(limitsOf(session.executor.pid!));
  expect(Number(row![1])).toBe(defaultMemoryBytes());
});

test('memoryBytes: Infinity sets no limit', () => {
  use({ limits: { memoryBytes: Number.POSITIVE_INFINITY } });
  expect(limitsOf(session.executor.pid!)).toMatch(/Max data size +unlimited/);
});

test('open descriptors', () => {
  use({ limits: { openFiles: 20 } });
  expect(int('open_many', 'int')(100)).toBe(17);
});

test('processor time: a callout that uses it up is stopped, and a restart has it anew', () => {
  use({ limits: { cpuSeconds: 1 } });
  expect(limitsOf(session.executor.pid!)).toMatch(/Max cpu time +1 +2/);
  const caught = faultOf(() => int('forever_until', 'void *')(session.memory.allocate(4)));
  expect(caught.fault.signal).toBe('SIGXCPU');
  caught.restart();
  caught.answer(0);
});

test('a file that grows too large: SIGXFSZ is a fault, and going on the write answers EFBIG', () => {
  use({ limits: { fileBytes: 1000 } });
  const write = int('write_file', 'const char *', 'int');
  const file = join(mkdtempSync(join(tmpdir(), 'safeffi-limits-')), 'file');
  expect(write(file, 500)).toBe(500);
  expect(write(file, 1500)).toBe(1000);
  const caught = faultOf(() => write(file, -1500));
  expect(caught.fault.signal).toBe('SIGXFSZ');
  expect(caught.continue()).toBe(-constants.errno.EFBIG);
  rmSync(dirname(file), { recursive: true });
});

test('the machine out of memory ends the executor before the VM', () => {
  use({});
  expect(readFileSync(`/proc/${session.executor.pid}/oom_score_adj`, 'latin1').trim()).toBe('1000');
});

test('kill(0, SIGKILL) in C ends the executor alone, and a checkpoint stands', () => {
  use({});
  expect(int('session_of_parent')()).toBe(0);
  expect(int('bump', 'int')(3)).toBe(3);
  session.checkpoint();
  const caught = faultOf(() => int('kill_group', 'int')(9));
  expect(caught.fault.kind).toBe('ExecutorDied');
  caught.rollback();
  expect(int('bump', 'int')(0)).toBe(3);
  caught.answer(0);
});

test.each([
  [{ memoryBytes: 5 }, 'option limits.memoryBytes is 5, expected an integer of at least 16777216'],
  [{ openFiles: -1 }, 'option limits.openFiles is -1, expected an integer of at least 8'],
  [{ fileBytes: 1.5 }, 'option limits.fileBytes is 1.5, expected an integer of at least 1'],
  [{ memory: 1 }, 'option limits.memory is 1, expected memoryBytes, fileBytes, openFiles, processes, cpuSeconds'],
])('bad limits %p are refused', (limits, message) => {
  const bad = openSession({ ffi: 'native', limits: limits as SessionOptions['limits'] & object });
  expect(() => bad.library('libc.so.6')).toThrow(new CalloutError('bad-option', message));
  use({});
});
