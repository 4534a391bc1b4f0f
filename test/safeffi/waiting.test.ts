/**
 * Handing a callout over and back, awake and asleep: no wake-up is lost, whoever sleeps. A lost one would be a hang, or a
 * wait as long as the bounded sleep, never a wrong result; the test ends only if none hangs.
 */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { NativeExecutor } from '../../safeffi/executor/native.ts';
import { openSession, type Session } from '../../safeffi/index.ts';
import { line } from '../../safeffi/protocol/layout.ts';
import { eventually } from '../eventually.ts';
import { compile } from './fixture.ts';

const source = `
#include <sched.h>
int next(int n) { for (volatile int i = 0; i < n; i++); return n + 1; }
int yield(int n) { sched_yield(); return n + 1; }
`;

let session: Session;
afterEach(() => session.close());

describe.each([true, false])('spin: %s', (spin) => {
  test('20,000 callouts with pauses of every length on both sides', () => {
    session = openSession({ ffi: 'native', spin });
    const library = session.library(compile('waiting', source));
    const next = library.prepare('next', { returns: 'int', arguments: ['int'] });
    const yields = library.prepare('yield', { returns: 'int', arguments: ['int'] });
    let seed = 12345;
    let idle = 0;
    for (let i = 0; i < 20_000; i++) {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      const pause = seed % 7 === 0 ? seed % 40_000 : seed % 300;
      for (let n = 0; n < pause; n++) idle += n & 1;
      const work = (seed >> 8) % 11 === 0 ? (seed >> 8) % 60_000 : (seed >> 8) % 50;
      expect(work % 2 === 0 ? next.invoke(work) : yields.invoke(work)).toBe(work + 1);
    }
    expect(idle).toBeGreaterThan(0);
  });

  test('a thread that C code made to look awake while it sleeps takes up its callout all the same', () => {
    session = openSession({ ffi: 'native', spin });
    const next = session.library(compile('waiting', source)).prepare('next', { returns: 'int', arguments: ['int'] });
    const { domain, lanes } = session.executor as NativeExecutor;
    const sleeps = lanes.first.word + line.executorSleeps / 4;
    for (let round = 0; round < 20; round++) {
      expect(next.invoke(round)).toBe(round + 1);
      expect(eventually(() => Atomics.load(domain.i32, sleeps), 1)).toBe(1);
      Atomics.store(domain.i32, sleeps, 0);
    }
  });

  test('1,000 started callouts on several lanes, taken in any order', () => {
    session = openSession({ ffi: 'native', spin });
    const next = session.library(compile('waiting', source)).prepare('next', { returns: 'int', arguments: ['int'] });
    for (let round = 0; round < 250; round++) {
      const pending = [0, 1, 2, 3].map((i) => next.start([1000 * i]));
      const order = round % 2 === 0 ? [3, 1, 0, 2] : [0, 2, 3, 1];
      for (const i of order) expect(pending[i]!.result()).toBe(1000 * i + 1);
    }
  });
});
