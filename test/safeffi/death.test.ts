/**
 * An executor that dies or does its worst: the callout ends in ExecutorDied, never in a hang, and the next one works.
 */
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { NativeExecutor } from '../../safeffi/executor/native.ts';
import { type CFunction, type Library, openSession, type Session } from '../../safeffi/index.ts';
import { eventuallyInTurns } from '../eventually.ts';
import { isGone } from '../processes.ts';
import { faultOf } from './fault-of.ts';
import { fixture } from './fixture.ts';

let session: Session;
let library: Library;
let answer: CFunction;

beforeEach(() => {
  session = openSession({ ffi: 'native' });
  library = session.library(fixture('faults'));
  answer = library.function('answer', { returns: 'int', arguments: [] });
  expect(answer()).toBe(42);
});
afterEach(() => {
  expect(answer()).toBe(42);
  session.close();
});

const died = (run: () => unknown): string => {
  const { fault } = faultOf(run);
  expect(fault.kind).toBe('ExecutorDied');
  return fault.summary;
};

test('killed while idle: the next callout tells, the one after works', () => {
  process.kill(session.executor.pid!, 'SIGKILL');
  const caught = faultOf(() => answer());
  expect(caught.fault.kind).toBe('ExecutorDied');
  expect(caught.fault.summary).toBe('the executor was killed by SIGKILL');
  expect(caught.retry()).toBe(42);
  expect(session.executor.generation).toBe(2);
});

test('killed during a callout', () => {
  const pending = library.prepare('sleep_forever', { returns: 'void', arguments: [] }).start([]);
  expect(pending.poll()).toBe(false);
  process.kill(session.executor.pid!, 'SIGKILL');
  while (!pending.wait(1000));
  expect(died(() => pending.result())).toBe('the executor was killed by SIGKILL');
});

test('killed while a fault stands: the fault can still be answered', () => {
  const read = library.function('read_at', { returns: 'int', arguments: ['void *'] });
  const caught = faultOf(() => read(null));
  process.kill(session.executor.pid!, 'SIGKILL');
  expect(caught.answer(5)).toBe(5);
});

test('killed by its own code', () => {
  expect(died(library.function('kill_self', { returns: 'void', arguments: [] }))).toBe(
    'the executor was killed by SIGKILL',
  );
});

test('signals blocked past our back in an endless loop: the deadline ends the executor', () => {
  const callout = library.prepare('block_signals_forever', { returns: 'void', arguments: [] });
  expect(died(() => callout.call([], { deadlineMs: 5 }))).toBe(
    'the executor did not stop at its deadline and was ended',
  );
});

test.each([0, 4, 77, -1])('a forged state %d', (state) => {
  const forge = library.function('forge_state', { returns: 'void', arguments: ['int'] });
  expect(died(() => forge(state))).toBe(`the executor wrote ${state} where a callout's state belongs and was ended`);
});

test.each([0, 1, 127, 255])('all shared words forged to bytes of %d: a fault or a death, no hang', (value) => {
  const forge = library.function('forge_everything', { returns: 'void', arguments: ['int'] });
  const { fault } = faultOf(() => forge(value));
  expect(fault.function).toBe('forge_everything');
  session.restart();
});

test('every descriptor closed: callouts go on', () => {
  library.function('close_everything', { returns: 'void', arguments: [] })();
  expect(answer()).toBe(42);
});

test('a fork in C cannot touch the lanes of its parent', () => {
  expect(library.function('fork_child', { returns: 'int', arguments: [] })()).toBe(1);
  expect(answer()).toBe(42);
});

test('the process is gone after a restart, and no zombie is left', async () => {
  const pid = session.executor.pid!;
  session.restart();
  expect(await eventuallyInTurns(() => isGone(pid), true)).toBe(true);
});

test('the process and a spare are gone after close', () => {
  session.restart();
  (session.executor as NativeExecutor).prepareSpare();
  const children = [session.executor.pid!, (session.executor as NativeExecutor).launcher.spare.pid!];
  session.close();
  for (const pid of children) expect(isGone(pid)).toBe(true);
  session = openSession({ ffi: 'native' });
  answer = session.library(fixture('faults')).function('answer', { returns: 'int', arguments: [] });
});

test('the executor has no descriptor of ours but the standard ones', () => {
  const maps = readFileSync(`/proc/${session.executor.pid}/maps`, 'latin1');
  expect(maps).toMatch(/6a0000000000-/);
  expect(existsSync(`/proc/${session.executor.pid}/fd/3`)).toBe(false);
});
