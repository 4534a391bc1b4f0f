/**
 * Taint, and the advice of a fault: what was abandoned shows in later reports, and where C stopped within the allocator or
 * the loader the advised way on makes a clean process.
 */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { lockedFrame } from '../../safeffi/faults/held-locks.ts';
import { faultReport, type Library, openSession, type Session } from '../../safeffi/index.ts';
import { faultOf } from './fault-of.ts';
import { fixture } from './fixture.ts';

let session: Session;
let library: Library;

const nothing = (name: string) => library.function(name, { returns: 'void', arguments: [] });
const read = () => library.function('read_at', { returns: 'int', arguments: ['void *'] })(null);

beforeEach(() => {
  session = openSession({ ffi: 'native' });
  library = session.library(fixture('recovery'));
});
afterEach(() => {
  expect(library.function('answer', { returns: 'int', arguments: [] })()).toBe(42);
  session.close();
});

test('the first fault of an executor tells of no taint; later ones do, until a restart', () => {
  const first = faultOf(read);
  expect(faultReport(first.fault)).not.toContain('tainted');
  first.answer(0);
  expect(session.tainted).toBe(true);
  const second = faultOf(read);
  expect(faultReport(second.fault)).toContain('\n  tainted    read_at was abandoned after a MemoryViolation\n');
  second.answer(0);
  const third = faultOf(read);
  expect(third.fault.taint).toBe('read_at was abandoned after a MemoryViolation, and 1 before');
  third.restart();
  third.answer(0);
  expect(session.tainted).toBe(false);
  const fourth = faultOf(read);
  expect(fourth.fault.taint).toBeUndefined();
  fourth.answer(0);
});

test('an ordinary fault advises nothing: the default is to answer', () => {
  const caught = faultOf(read);
  expect(caught.fault.advice).toBeUndefined();
  expect(caught.defaultChoice).toBe('answer');
  caught.answer(0);
});

test.each(['free_what_malloc_did_not_give', 'free_twice'])('%s: the allocator stopped, restart is advised', (name) => {
  const caught = faultOf(nothing(name));
  expect(caught.fault.kind).toBe('CalloutAborted');
  expect(caught.defaultChoice).toBe('restart');
  expect(caught.fault.advice!.reason).toMatch(/^C stopped within \S+ \(libc\.so\.6\), whose locks may be held$/);
  expect(faultReport(caught.fault)).toMatch(/\n {2}advice {5}restart: C stopped within /);
  caught.restart();
  caught.answer(0);
  expect(session.memory.allocate(8).isNull).toBe(false);
});

test('with a checkpoint the advice is to roll back', () => {
  session.checkpoint();
  const caught = faultOf(nothing('free_twice'));
  expect(caught.fault.advice!.choice).toBe('rollback');
  expect(caught.defaultChoice).toBe('rollback');
  expect(caught.fault.choices).toEqual(['answer', 'retry', 'rollback', 'restart', 'terminate']);
  caught.rollback();
  caught.answer(0);
});

test('a constructor that faults stopped within the loader', () => {
  const file = fixture('constructor');
  const other = openSession({ ffi: 'native', environment: { FAIL_FILE: '/' } });
  const caught = faultOf(() => other.library(file));
  expect(caught.fault.advice!.reason).toMatch(/^C stopped within /);
  expect(caught.defaultChoice).toBe('restart');
  caught.restart();
  other.close();
});

test('frames that a scan of the stack found do not count', () => {
  const frame = { address: 1, module: 'libc.so.6', symbol: 'free', certain: false };
  expect(lockedFrame([frame])).toBeUndefined();
  expect(lockedFrame([{ ...frame, certain: true }])).toBeDefined();
  expect(lockedFrame([{ address: 1, module: 'ld-linux-x86-64.so.2', certain: true }])).toBeDefined();
});
