/**
 * Threads that C made: their faults are told in the callout that waits, or before the next one; the thread ends when the
 * fault is resolved, and whoever joins it goes on.
 */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type CFunction, faultReport, type Library, openSession, type Session } from '../../safeffi/index.ts';
import { eventually } from '../eventually.ts';
import { mappingsOf, threadsOf } from '../processes.ts';
import { faultOf } from './fault-of.ts';
import { fixture } from './fixture.ts';

let session: Session;
let library: Library;
let answer: CFunction;
let run: CFunction;

const kinds = { readNull: 0, overflow: 1, abort: 2, exit: 3, fine: 4 };

beforeEach(() => {
  session = openSession({ ffi: 'native' });
  library = session.library(fixture('threads'));
  answer = library.function('answer', { returns: 'int', arguments: [] });
  run = library.function('run', { returns: 'int', arguments: ['int'] });
});
afterEach(() => {
  expect(answer()).toBe(42);
  session.close();
});

test('a fault is told in the callout that waits for the thread, with the thread and its backtrace', () => {
  const { pid } = session.executor;
  const caught = faultOf(() => run(kinds.readNull));
  const { fault } = caught;
  expect(fault).toMatchObject({
    kind: 'MemoryViolation',
    signal: 'SIGSEGV',
    address: 8,
    access: 'read',
    function: 'run',
  });
  expect(fault.summary).toBe('read of 4 bytes at 0x8, in a thread that C made');
  expect(fault.cFrames[0]!.symbol).toBe('read_null');
  expect(threadsOf(pid!)).toContain(String(fault.thread));
  expect(faultReport(fault)).toContain(`\n  thread     ${fault.thread}, made by C\n`);
  expect(answer()).toBe(42); // on another lane, while both stand
  expect(caught.answer(7)).toBe(7);
  expect(session.executor.pid).toBe(pid);
});

test('retry: the thread ends as if it had answered NULL, and the callout goes on', () => {
  expect(faultOf(() => run(kinds.readNull)).retry()).toBe(100);
  expect(run(kinds.fine)).toBe(200);
});

test('a thread that faults when nothing runs is told by the next callout, which is not begun', () => {
  const finish = library.function('finish', { returns: 'int', arguments: [] }); // its look-up would be the next callout
  library.function('start', { returns: 'int', arguments: ['int'] })(kinds.readNull);
  let caught: ReturnType<typeof faultOf> | undefined;
  while (caught === undefined) {
    try {
      answer();
    } catch (error) {
      caught = faultOf(() => {
        throw error;
      });
    }
  }
  expect(caught.fault.function).toBe('answer');
  expect(caught.retry()).toBe(42);
  expect(finish()).toBe(100);
});

test('a pending callout is over when a thread faults', () => {
  const pending = library.prepare('run', { returns: 'int', arguments: ['int'] }).start([kinds.readNull]);
  while (!pending.wait(1000));
  expect(faultOf(() => pending.result()).retry()).toBe(100);
});

test('a stack overflow in a thread', () => {
  const { fault } = faultOf(() => run(kinds.overflow));
  expect(fault.summary).toMatch(/: the C stack has overflowed, in a thread that C made$/);
  expect(fault.cFrames[0]!.symbol).toBe('deeper');
});

test('abort and exit in a thread', () => {
  const aborted = faultOf(() => run(kinds.abort));
  expect(aborted.fault.summary).toBe('abort was called, in a thread that C made');
  expect(aborted.retry()).toBe(100);
  const left = faultOf(() => run(kinds.exit));
  expect(left.fault.summary).toBe('exit(3) was called, in a thread that C made');
  expect(left.retry()).toBe(100);
});

test('restart ends the thread with its process', () => {
  const caught = faultOf(() => run(kinds.readNull));
  caught.restart();
  expect(session.executor.generation).toBe(2);
  expect(caught.retryWith([kinds.fine])).toBe(200);
});

test('more threads that fault at once than there are slots: each is told, all come back', () => {
  const many = library.function('run_many', { returns: 'int', arguments: ['int'] });
  let told = 0;
  let next = () => many(20);
  for (;;) {
    let result: unknown;
    try {
      result = next();
    } catch (error) {
      told++;
      const caught = faultOf(() => {
        throw error;
      });
      next = () => caught.retry();
      continue;
    }
    expect(result).toBe(20);
    break;
  }
  expect(told).toBe(20);
});

test('pthread_exit in a thread does what it always did', () => {
  expect(library.function('exit_in_thread', { returns: 'int', arguments: [] })()).toBe(1);
});

test('threads leave nothing behind, whether they fault or not', () => {
  const make = library.function('make_and_join', { returns: 'int', arguments: ['int'] });
  const threads = () => threadsOf(session.executor.pid!).length;
  const mappings = () => mappingsOf(session.executor.pid!).length;
  const some = (count: number) => {
    for (let i = 0; i < count; i++) expect(faultOf(() => run(kinds.readNull)).retry()).toBe(100);
    expect(make(count)).toBe(count);
  };
  some(20);
  // A thread that was joined is gone for C before it is for the kernel: the executor has its own two in the end.
  expect(eventually(threads, 2)).toBe(2);
  const before = mappings();
  some(200);
  expect(eventually(threads, 2)).toBe(2);
  expect(eventually(() => mappings() - before <= 2, true)).toBe(true);
});
