/**
 * Checkpoints: C's memory comes back, addresses stay valid, and the process that takes over is whole: its threads, locks
 * and signals work as before. After every rollback the next callout works.
 */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CalloutError, type CFunction, type Library, openSession, type Session } from '../../safeffi/index.ts';
import { eventually } from '../eventually.ts';
import { descriptorsOf, hasEnded, mappingsOf, ownExecutors, ownLiveExecutors, threadsOf } from '../processes.ts';
import { faultOf } from './fault-of.ts';
import { fixture } from './fixture.ts';

let session: Session;
let library: Library;
let answer: CFunction;
let bump: CFunction;
let bumpAndCrash: CFunction;

const int = (name: string, ...types: string[]) => library.function(name, { returns: 'int', arguments: types });

function use(opened: Session): void {
  session = opened;
  library = session.library(fixture('recovery'));
  answer = int('answer');
  bump = int('bump', 'int');
  bumpAndCrash = int('bump_and_crash', 'int');
}

beforeEach(() => use(openSession({ ffi: 'native' })));
afterEach(() => {
  expect(answer()).toBe(42);
  session.close();
});

test('rollback: heap and static data are as they were at the checkpoint', () => {
  expect(bump(1)).toBe(1);
  const checkpoint = session.checkpoint();
  expect(bump(10)).toBe(11);
  const caught = faultOf(() => bumpAndCrash(100));
  caught.rollback();
  expect(int('static_value')()).toBe(101);
  expect(bump(1)).toBe(2);
  expect(caught.answer('gone on')).toBe('gone on');
  expect(checkpoint.stands).toBe(false);
});

test('rollback: the process is another, the generation is the same, addresses stay valid', () => {
  const address = session.memory.allocate(16);
  session.memory.write(address, Uint8Array.of(7, 8, 9));
  const { pid, generation } = session.executor;
  const checkpoint = session.checkpoint();
  session.memory.write(address, Uint8Array.of(1, 1, 1));
  checkpoint.rollback();
  expect(session.executor.pid).not.toBe(pid);
  expect(session.executor.generation).toBe(generation);
  expect([...session.memory.read(address, 3)]).toEqual([7, 8, 9]);
  expect(int('read_at', 'void *')(address)).toBe(0x090807);
});

test('rollback, then retry with other arguments', () => {
  const checkpoint = session.checkpoint();
  const caught = faultOf(() => int('read_at', 'void *')(null));
  caught.rollback();
  expect(caught.retryWith([Uint8Array.of(5, 0, 0, 0)])).toBe(5);
  expect(checkpoint.stands).toBe(false);
});

test('rollback clears the taint that came after the checkpoint, and keeps what was before', () => {
  faultOf(() => bumpAndCrash(1)).answer(0);
  expect(session.executor.taint).toEqual({
    count: 1,
    causes: ['bump_and_crash was abandoned after a MemoryViolation'],
  });
  const checkpoint = session.checkpoint();
  faultOf(() => bumpAndCrash(1)).answer(0);
  expect(session.executor.taint.count).toBe(2);
  checkpoint.rollback();
  expect(session.executor.taint.count).toBe(1);
  session.restart();
  expect(session.tainted).toBe(false);
});

test.each([
  ['abort', () => library.function('give_up', { returns: 'void', arguments: [] })(), 'CalloutAborted'],
  ['raise', () => int('raise_here', 'int')(11), 'MemoryViolation'],
  ['_exit', () => int('bump_and_exit', 'int')(1), 'CalloutAborted'],
  ['division by zero', () => int('divide', 'int', 'int')(1, 0), 'ArithmeticFault'],
])('after a rollback %s is a fault of its kind, and is rolled back itself', (_name, run, kind) => {
  session.checkpoint().rollback();
  session.checkpoint();
  const caught = faultOf(run);
  expect(caught.fault.kind).toBe(kind);
  expect(caught.fault.executor.pid).toBe(session.executor.pid);
  caught.rollback();
  caught.answer(0);
});

test('after a rollback mutexes that know their owner work, and C makes threads', () => {
  session.checkpoint().rollback();
  expect(int('lock_recursively')()).toBe(0);
  expect(int('thread_comes_back')()).toBe(7);
});

test('an executor that died is rolled back too', () => {
  bump(3);
  session.checkpoint();
  process.kill(session.executor.pid!, 'SIGKILL');
  const caught = faultOf(() => bump(1));
  expect(caught.fault.kind).toBe('ExecutorDied');
  expect(caught.choices).toContain('rollback');
  caught.rollback();
  expect(caught.retry()).toBe(4);
});

test('parked lanes are there again after a rollback', () => {
  const read = int('read_at', 'void *');
  const faults = Array.from({ length: 5 }, () => faultOf(() => read(null)));
  for (const caught of faults) caught.answer(0);
  const threads = () => threadsOf(session.executor.pid!).length;
  const before = threads();
  for (let round = 0; round < 3; round++) {
    session.checkpoint().rollback();
    const again = Array.from({ length: 7 }, () => faultOf(() => read(null)));
    expect(answer()).toBe(42);
    for (const caught of again) caught.answer(0);
  }
  expect(eventually(() => threads() > before, true)).toBe(true);
  session.checkpoint().rollback();
  const pending = library.prepare('wait_a_while', { returns: 'void', arguments: [] }).start([]);
  expect(answer()).toBe(42);
  pending.result();
});

test('checkpoints stand on a stack: going back to one takes the later ones along', () => {
  const first = session.checkpoint();
  bump(1);
  const second = session.checkpoint();
  bump(1);
  const third = session.checkpoint();
  bump(1);
  second.rollback();
  expect([first.stands, second.stands, third.stands]).toEqual([true, false, false]);
  expect(bump(0)).toBe(1);
  expect(() => third.rollback()).toThrow(
    'there is no way back to the checkpoint: it was used, discarded or dropped by a restart',
  );
  first.rollback();
  expect(bump(0)).toBe(0);
});

test('a library loaded after the checkpoint is gone and loaded again by its next use', () => {
  const checkpoint = session.checkpoint();
  const other = session.library(fixture('values'));
  const add = session.library(fixture('faults')).function('answer', { returns: 'int', arguments: [] });
  expect(add()).toBe(42);
  checkpoint.rollback();
  expect(mappingsOf(session.executor.pid!).filter((mapping) => mapping.includes('libfaults'))).toEqual([]);
  expect(add()).toBe(42);
  expect(other.name).toBe(fixture('values'));
});

test('refused while a callout is under way, or a fault stands', () => {
  const caught = faultOf(() => bumpAndCrash(0));
  expect(() => session.checkpoint()).toThrow('no checkpoint can be taken: a callout is under way or a fault stands');
  caught.answer(0);
  session.checkpoint().discard();
});

test('refused beside a thread that C made, with that reason; a guarded callout goes on without', () => {
  expect(int('leave_a_thread')()).toBe(0);
  const reason = 'C code has made threads of its own, which a copy of the process would not have';
  expect(() => session.checkpoint()).toThrow(`no checkpoint can be taken: ${reason}`);
  const callout = library.prepare('bump_and_crash', { returns: 'int', arguments: ['int'] });
  const caught = faultOf(() => callout.call([1], { checkpoint: true }));
  expect(caught.choices).not.toContain('rollback');
  expect(caught.resolutions.find((one) => one.choice === 'rollback')).toEqual({
    choice: 'rollback',
    available: false,
    reason,
  });
  expect(() => caught.rollback()).toThrow(`callout bump_and_crash: rollback is not available: ${reason}`);
  caught.answer(0);
});

test('without a checkpoint a fault says that none stands', () => {
  const caught = faultOf(() => bumpAndCrash(1));
  expect(() => caught.rollback()).toThrow('callout bump_and_crash: rollback is not available: no checkpoint stands');
  caught.answer(0);
});

test('at most eight stand', () => {
  const all = Array.from({ length: 8 }, () => session.checkpoint());
  expect(() => session.checkpoint()).toThrow(
    new CalloutError('checkpoint-refused', 'no checkpoint can be taken: 8 checkpoints stand, which is the most'),
  );
  all[0]!.rollback();
});

test('a standby that was killed is told', () => {
  const checkpoint = session.checkpoint();
  process.kill(checkpoint.standby.pid, 'SIGKILL');
  expect(eventually(() => hasEnded(checkpoint.standby.pid), true)).toBe(true);
  expect(() => checkpoint.rollback()).toThrow(/its process \d+ has ended/);
});

test('per callout, per library and per session: each fault goes back to before its own call', () => {
  bump(1);
  const callout = library.prepare('bump_and_crash', { returns: 'int', arguments: ['int'] });
  const one = faultOf(() => callout.call([10], { checkpoint: true }));
  one.rollback();
  one.answer(0);
  expect(bump(1)).toBe(2);
  const guarded = session.library(fixture('recovery'), { checkpoint: true });
  const crash = guarded.function('bump_and_crash', { returns: 'int', arguments: ['int'] });
  guarded.function('bump', { returns: 'int', arguments: ['int'] })(3);
  const two = faultOf(() => crash(10));
  two.rollback();
  expect(() => two.retryWith([20])).toThrow('MemoryViolation');
  expect(bump(0)).toBe(25);
  session.close();
  use(openSession({ ffi: 'native', checkpoint: true }));
  bump(1);
  const three = faultOf(() => bumpAndCrash(10));
  three.rollback();
  three.answer(0);
  expect(bump(1)).toBe(2);
});

test('a retried guarded callout has a checkpoint of its own', () => {
  const callout = library.prepare('bump_and_crash', { returns: 'int', arguments: ['int'] });
  const first = faultOf(() => callout.call([1], { checkpoint: true }));
  first.rollback();
  const second = faultOf(() => first.retryWith([2]));
  second.rollback();
  second.answer(0);
  expect(bump(0)).toBe(0);
});

test('an asynchronous callout with a checkpoint', () => {
  const callout = library.prepare('bump_and_crash', { returns: 'int', arguments: ['int'] });
  const pending = callout.start([4], { checkpoint: true });
  const caught = faultOf(() => pending.result());
  caught.rollback();
  caught.answer(0);
  expect(bump(0)).toBe(0);
});

test.each(['portable', 'direct'] as const)('%s: a checkpoint is not available', (ffi) => {
  const other = openSession({ ffi });
  expect(() => other.checkpoint()).toThrow(`a checkpoint is not available with the ${ffi} executor`);
  other.close();
});

test('1,000 checkpoints, half rolled back, leave no process, descriptor, thread or mapping behind', () => {
  const step = (i: number) => {
    const checkpoint = session.checkpoint();
    const caught = faultOf(() => bumpAndCrash(1));
    if (i % 2 === 0) caught.rollback();
    caught.answer(0);
    checkpoint.discard();
  };
  const look = () => ({
    descriptors: descriptorsOf('self').length,
    executorThreads: threadsOf(session.executor.pid!).length,
    executorMappings: mappingsOf(session.executor.pid!).length,
    sharedMappings: mappingsOf('self').filter((mapping) => mapping.includes('memfd:safeffi')).length,
  });
  for (let i = 0; i < 20; i++) step(i);
  const before = look();
  for (let i = 0; i < 980; i++) step(i);
  expect(eventually(look, before)).toEqual(before);
  // What was killed takes its time to die, and is reaped by and by: at the latest when the session closes.
  const own = [session.executor.pid!];
  expect(eventually(ownLiveExecutors, own)).toEqual(own);
  session.close();
  expect(ownExecutors()).toEqual([]);
  use(openSession({ ffi: 'native' }));
});

test('standbys die with a VM that is killed', () => {
  const program = `import { openSession } from '${new URL('../../safeffi/index.js', import.meta.url).href}';
const session = openSession({ ffi: 'native' });
const pids = [1, 2, 3].map(() => session.checkpoint().standby.pid);
process.stdout.write(JSON.stringify([session.executor.pid, ...pids]), () => process.kill(process.pid, 'SIGKILL'));`;
  let out = '';
  try {
    execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', timeout: 60_000 });
  } catch (error) {
    out = (error as { stdout: string }).stdout;
  }
  const pids = JSON.parse(out) as number[];
  expect(pids).toHaveLength(4);
  expect(eventually(() => pids.filter((pid) => !hasEnded(pid)), [])).toEqual([]);
});
