/**
 * The ways on from a fault (DESIGN 5), faults that stand at the same time, and what happens over 3,000 of them.
 */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CalloutError, type CFunction, type Library, openSession, type Session } from '../../safeffi/index.ts';
import { eventually } from '../eventually.ts';
import { descriptorsOf, threadsOf } from '../processes.ts';
import { faultOf } from './fault-of.ts';
import { fixture } from './fixture.ts';

let session: Session;
let library: Library;
let answer: CFunction;
let read: CFunction;

beforeEach(() => {
  session = openSession({ ffi: 'native' });
  library = session.library(fixture('faults'));
  answer = library.function('answer', { returns: 'int', arguments: [] });
  read = library.function('read_at', { returns: 'int', arguments: ['void *'] });
});
afterEach(() => {
  expect(answer()).toBe(42);
  session.close();
});

test('answer: the value comes back, the executor is the same and tainted', () => {
  const { pid } = session.executor;
  expect(session.executor.tainted).toBe(false);
  expect(faultOf(() => read(null)).answer('value')).toBe('value');
  expect(session.executor.pid).toBe(pid);
  expect(session.executor.tainted).toBe(true);
});

test('retry: the same fault comes again', () => {
  const again = faultOf(() => faultOf(() => read(null)).retry());
  expect(again.fault.kind).toBe('MemoryViolation');
  again.answer(0);
});

test('retryWith: mended arguments give the result', () => {
  const bytes = Uint8Array.of(1, 2, 0, 0);
  expect(faultOf(() => read(null)).retryWith([bytes])).toBe(0x0201);
});

test('restart: a fresh executor with the libraries of before; answer or retry may follow', () => {
  const { pid } = session.executor;
  const caught = faultOf(() => read(null));
  caught.restart();
  expect(session.executor.generation).toBe(2);
  expect(session.executor.pid).not.toBe(pid);
  expect(session.executor.tainted).toBe(false);
  expect(answer()).toBe(42);
  expect(caught.retryWith([Uint8Array.of(9, 0, 0, 0)])).toBe(9);
});

test('terminate: the executor is restarted', () => {
  faultOf(() => read(null)).terminate();
  expect(session.executor.generation).toBe(2);
});

test('a fault is resolved once', () => {
  const caught = faultOf(() => read(null));
  caught.answer(1);
  expect(() => caught.retry()).toThrow(CalloutError);
  expect(() => caught.answer(1)).toThrow('callout read_at: answer comes too late, it was resolved before');
});

test('while faults stand, other callouts work, and each can be answered in any order', () => {
  const faults = Array.from({ length: 10 }, () => faultOf(() => read(null)));
  expect(answer()).toBe(42);
  for (const caught of [...faults].reverse()) {
    caught.answer(0);
    expect(answer()).toBe(42);
  }
});

test('when every lane holds a fault, the next callout is refused with that reason', () => {
  const faults = Array.from({ length: 16 }, () => faultOf(() => read(null)));
  expect(() => answer()).toThrow(
    'callout answer: all 16 lanes of the executor are held by unfinished callouts or unresolved faults',
  );
  for (const caught of faults) caught.answer(0);
});

test('a restart settles the other faults that stand', () => {
  const [first, second] = [faultOf(() => read(null)), faultOf(() => read(null))];
  first!.restart();
  expect(second!.answer(3)).toBe(3);
  expect(answer()).toBe(42);
  expect(first!.answer(4)).toBe(4);
});

test('two callouts run at once, and one is stopped by its deadline', () => {
  const sleeping = library.prepare('sleep_forever', { returns: 'void', arguments: [] }).start([], { deadlineMs: 20 });
  expect(sleeping.poll()).toBe(false);
  expect(answer()).toBe(42);
  while (!sleeping.wait(1000));
  expect(faultOf(() => sleeping.result()).answer(1)).toBe(1);
});

test('memory can be read while a fault stands', () => {
  const caught = faultOf(() => read(null));
  expect(caught.read(session.address(caught.fault.registers!.rsp!), 8)).toHaveLength(8);
  caught.answer(0);
});

/** Resident pages, descriptors and threads of a process. */
function footprint(pid: number): { pages: number; descriptors: number; threads: number } {
  const fields = readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ');
  return {
    pages: Number(fields[1]),
    descriptors: descriptorsOf(pid).length,
    threads: threadsOf(pid).length,
  };
}

test('3,000 faults answered in place leave nothing behind', () => {
  const pid = session.executor.pid!;
  const some = (count: number) => {
    for (let i = 0; i < count; i++) faultOf(() => read(null)).answer(0);
  };
  some(500);
  const executor = footprint(pid);
  const here = footprint(process.pid);
  some(2500);
  expect(session.executor.pid).toBe(pid);
  expect(eventually(() => footprint(pid).descriptors, executor.descriptors)).toBe(executor.descriptors);
  expect(eventually(() => footprint(pid).threads, executor.threads)).toBe(executor.threads);
  expect(footprint(pid).pages - executor.pages).toBeLessThan(16);
  expect(eventually(() => footprint(process.pid).descriptors, here.descriptors)).toBe(here.descriptors);
});

test('30 restarts leave nothing behind', () => {
  session.restart();
  const here = footprint(process.pid);
  for (let i = 0; i < 30; i++) {
    session.restart();
    expect(answer()).toBe(42);
  }
  expect(eventually(() => footprint(process.pid).descriptors, here.descriptors)).toBe(here.descriptors);
  expect(eventually(() => footprint(process.pid).threads <= here.threads, true)).toBe(true);
  expect(session.executor.generation).toBe(32);
});
