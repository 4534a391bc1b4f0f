/**
 * The portable executor: a fault is known by the way its child died; the next callout gets a fresh child. Whatever C does to
 * the pipes, nothing hangs.
 */
import { deepStrictEqual } from 'node:assert';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PlainValue } from '../../safeffi/executor/koffi-functions.ts';
import { MessageReader, MessageWriter } from '../../safeffi/executor/portable-codec.ts';
import { type ArgumentValue, type CFunction, type Library, openSession, type Session } from '../../safeffi/index.ts';
import { eventually } from '../eventually.ts';
import { descriptorsOf, isGone } from '../processes.ts';
import { faultOf } from './fault-of.ts';
import { compile, fixture } from './fixture.ts';

let session: Session;
let library: Library;
let answer: CFunction;

beforeEach(() => {
  session = openSession({ ffi: 'portable' });
  library = session.library(fixture('faults'));
  answer = library.function('answer', { returns: 'int', arguments: [] });
});
afterEach(() => {
  expect(answer()).toBe(42);
  session.close();
});

const call = (name: string, types: string[] = [], args: ArgumentValue[] = [], deadlineMs?: number) =>
  library.prepare(name, { returns: 'int', arguments: types }).call(args, { deadlineMs });

describe('a fault has the signal, and the next callout a fresh child', () => {
  test.each([
    ['read_at', ['void *'], [null], 'MemoryViolation', 'the executor was killed by SIGSEGV'],
    ['bus', [], [], 'MemoryViolation', 'the executor was killed by SIGBUS'],
    ['divide', ['int', 'int'], [1, 0], 'ArithmeticFault', 'the executor was killed by SIGFPE'],
    ['illegal', [], [], 'IllegalInstruction', 'the executor was killed by SIGILL'],
    ['breakpoint', [], [], 'IllegalInstruction', 'the executor was killed by SIGTRAP'],
    ['give_up', [], [], 'CalloutAborted', 'the executor was killed by SIGABRT'],
    ['kill_self', [], [], 'ExecutorDied', 'the executor was killed by SIGKILL'],
    ['leave', ['int'], [3], 'CalloutAborted', 'exit(3) was called'],
    ['leave_now', ['int'], [4], 'CalloutAborted', 'exit(4) was called'],
    ['raise_signal', ['int'], [19], 'ExecutorDied', 'the executor was stopped by SIGSTOP and was ended'],
  ] as [string, string[], ArgumentValue[], string, string][])('%s', (name, types, args, kind, summary) => {
    const { pid } = session.executor;
    const caught = faultOf(() => call(name, types, args));
    expect([caught.fault.kind, caught.fault.summary]).toEqual([kind, summary]);
    expect(caught.fault.executor.pid).toBe(pid);
    expect(caught.answer(7)).toBe(7);
    expect(answer()).toBe(42);
    expect(session.executor.generation).toBe(2);
    expect(eventually(() => isGone(pid!), true)).toBe(true);
  });

  test('a deadline', () => {
    const caught = faultOf(() => call('forever', [], [], 20));
    expect(caught.fault.summary).toBe('stopped after its deadline of 20 ms');
    expect(caught.answer(1)).toBe(1);
  });

  test('retry, retryWith, restart', () => {
    const null1 = faultOf(() => call('read_at', ['void *'], [null]));
    expect(null1.retryWith([Uint8Array.of(5, 0, 0, 0)])).toBe(5);
    const null2 = faultOf(() => call('read_at', ['void *'], [null]));
    null2.restart();
    expect(faultOf(() => null2.retry()).fault.kind).toBe('MemoryViolation');
  });

  test('addresses of the child that died are stale', () => {
    const old = session.memory.allocate(8);
    faultOf(() => call('read_at', ['void *'], [null])).answer(0);
    expect(faultOf(() => call('read_at', ['void *'], [old])).fault.kind).toBe('StaleAddress');
  });
});

describe('the pipes', () => {
  test.each(['close_everything', 'close_and_loop'])('%s: C closes them', (name) => {
    const hostile = session.library(
      compile(
        'pipes',
        'int close(int); void close_and_loop(void) { close(3); close(4); for (;;) __asm__ volatile(""); }',
      ),
    );
    const from = name === 'close_everything' ? library : hostile;
    const { fault } = faultOf(() => from.function(name, { returns: 'void', arguments: [] })());
    expect(['CalloutAborted', 'ExecutorDied']).toContain(fault.kind);
  });

  test('C writes noise into them', () => {
    const noise = session.library(
      compile(
        'noise',
        'long write(int, const void *, unsigned long); int noise(void) { static const unsigned char bytes[] = {5, 0, 0, 0, 1, 0, 0, 0, 0, 99, 1, 2}; return (int)write(4, bytes, sizeof bytes); }',
      ),
    );
    expect(faultOf(() => noise.function('noise', { returns: 'int', arguments: [] })()).fault.kind).toBe('ExecutorDied');
  });

  test('a process that C forked holds them open: the death is seen all the same', () => {
    const forks = session.library(
      compile(
        'forks',
        '#include <unistd.h>\n#include <signal.h>\n#include <sys/prctl.h>\nint forks(void) { if (fork() == 0) { prctl(PR_SET_PDEATHSIG, SIGKILL); for (;;) pause(); } usleep(20000); return *(volatile int *)8; }',
      ),
    );
    expect(faultOf(() => forks.function('forks', { returns: 'int', arguments: [] })()).fault.kind).toBe(
      'MemoryViolation',
    );
  });

  test('megabytes both ways at once, posted before any is read', () => {
    const addOne = session
      .library(fixture('values'))
      .prepare('add_one', { returns: 'void', arguments: ['unsigned char *', 'size_t'] });
    const buffers = Array.from({ length: 6 }, (_, i) => new Uint8Array(3_000_000).fill(i));
    const pending = buffers.map((bytes) => addOne.start([bytes, bytes.length]));
    for (const one of pending) one.result();
    expect(buffers.every((bytes, i) => bytes.every((byte) => byte === i + 1))).toBe(true);
  });

  test('20 children that died leave no descriptor and no process behind', () => {
    call('answer');
    const before = descriptorsOf('self').length;
    for (let i = 0; i < 20; i++) faultOf(() => call('read_at', ['void *'], [null])).answer(0);
    answer();
    expect(eventually(() => descriptorsOf('self').length, before)).toBe(before);
  });
});

test('messages of calls come out as they went in, however they are cut', () => {
  const value = fc.oneof(
    fc.double({ noNaN: true }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom(new Uint8Array(70_000), new Uint8Array(140_000).fill(7)),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 6 }), fc.integer({ min: 500, max: 70_000 }), (args, step) => {
      const [writer, reader] = [new MessageWriter(), new MessageReader()];
      const bytes = Uint8Array.from(writer.request({ do: 'numbered', id: 7, args: args as PlainValue[] }));
      for (let at = 0; at < bytes.length; ) {
        if (reader.nextRequest() !== undefined) throw new Error('a message was read before its end');
        const space = reader.space;
        const part = bytes.subarray(at, at + Math.min(step, space.length));
        space.set(part);
        reader.took(part.length);
        at += part.length;
      }
      deepStrictEqual(reader.nextRequest(), { do: 'numbered', id: 7, args });
      expect(reader.nextRequest()).toBeUndefined();
    }),
    { numRuns: 60 },
  );
});
