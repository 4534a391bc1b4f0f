/**
 * Callbacks from a library that does its worst: forged states, thunks that nobody was given, floods, stacks that run full.
 * Every callout ends in a result, a fault or a refusal, and a fresh executor works. The seed is in the test's name.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CalloutError, FFIFault, type Library, openSession, type Session } from '../../safeffi/index.ts';
import { header, laneCount, lane as laneLayout, laneOffset, thunkBytes } from '../../safeffi/protocol/layout.ts';
import { fixture } from './fixture.ts';

let session: Session;
let library: Library;

beforeEach(() => {
  session = openSession({ ffi: 'native' });
  library = session.library(fixture('callback-forger'));
});
afterEach(() => {
  session.restart();
  expect(call('answer')()).toBe(42);
  session.close();
});

const call = (name: string, ...types: string[]) => library.function(name, { returns: 'int', arguments: types });
const unary = (fn: (n: number) => number) => session.callback('int unary(int)', (n) => fn(n as number));

/** Runs it, however it ends; answers the fault. An error of another kind than ours is a failure. */
function endure(run: () => unknown): FFIFault | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof CalloutError) return undefined;
    if (!(error instanceof FFIFault)) throw error;
    error.answer(0);
    return error;
  }
}

describe('forged callbacks', () => {
  test.each(Array.from({ length: 12 }, (_, i) => 1000 + 7919 * i))(
    'in the line of a running callout, seed %d',
    (seed) => {
      const types = ['uint64_t', 'uint64_t', 'uint64_t', 'int'];
      let calls = 0;
      // Number 0: what is forged names it.
      const f = unary((n) => {
        calls++;
        return n;
      });
      expect(f.released).toBe(false);
      const line = laneOffset(0) + laneLayout.line;
      const nested = laneOffset(0) + laneLayout.overflow - 0x8000;
      endure(() =>
        library
          .prepare('forge_callbacks', { returns: 'int', arguments: types })
          .call([line, nested, seed, 3000], { deadlineMs: 2000 }),
      );
      expect(calls).toBeGreaterThanOrEqual(0);
    },
  );

  test.each([1, 2, 3, 4, 5, 6])('on a foreign lane, seed %d', (seed) => {
    unary((n) => n);
    const forge = library.function('forge_foreign', {
      returns: 'void',
      arguments: ['uint64_t', 'uint64_t', 'uint64_t'],
    });
    forge(laneOffset(laneCount + seed) + laneLayout.line, header.foreignPosts, 7919 * seed);
    endure(() => session.poll());
    endure(() => call('answer')());
  });

  test('a thunk that nobody was given ends the executor; one hit in its middle is no worse', () => {
    const f = unary((n) => n);
    const fault = endure(() => call('call_at', 'void *', 'long')(f, 100 * thunkBytes));
    expect(fault?.message).toBe('ExecutorDied: the executor told of callback 100, which cannot be and was ended');
    for (let offset = 1; offset < thunkBytes; offset++) endure(() => call('call_at', 'void *', 'long')(f, offset));
  });

  test.each([1, 2, 3])('arguments that change under the reader, seed %d', (seed) => {
    let calls = 0;
    const f = unary((n) => {
      calls++;
      return n;
    });
    call('spoil_record', 'void *', 'uint64_t')(f, seed);
    expect(calls).toBe(50);
  });
});

describe('floods', () => {
  test('a callout that calls back for ever stops at its deadline', () => {
    const flood = library.prepare('flood', { returns: 'int', arguments: ['void *'] });
    const fault = endure(() => flood.call([unary((n) => n)], { deadlineMs: 50 }));
    expect(fault?.message).toMatch(/^CalloutTimeout: stopped after its deadline of 50 ms/);
  });

  test('threads that call back for ever leave callouts and the event loop alive', async () => {
    let calls = 0;
    const f = unary((n) => {
      calls++;
      return n;
    });
    library.function('flood_from_threads', { returns: 'void', arguments: ['void *', 'int'] })(f, 12);
    while (calls < 500) await new Promise((resolve) => setImmediate(resolve));
    expect(call('answer')()).toBe(42);
    expect(await call('answer').async()).toBe(42);
    session.restart();
    const seen = calls;
    expect(call('answer')()).toBe(42);
    expect(calls).toBe(seen);
  });
});

describe('the stack', () => {
  test('callbacks nested until it is full end in a fault; below that all come back', () => {
    const deep = library.prepare('deep', { returns: 'int', arguments: ['void *', 'int'] });
    let deepest = 0;
    const f = unary((n) => {
      deepest = Math.max(deepest, n);
      return n === 40 ? 0 : (deep.call([f, n + 1]) as number);
    });
    expect(deep.call([f, 0])).toBe(0);
    expect(deepest).toBe(40);
    // 4 MiB of stack, 64 KiB a level.
    let fault: FFIFault | undefined;
    const g = unary((n) => {
      try {
        return deep.call([g, n + 1]) as number;
      } catch (error) {
        if (!(error instanceof FFIFault)) throw error;
        fault ??= error;
        return error.answer(n);
      }
    });
    expect(deep.call([g, 0])).toBeGreaterThan(40);
    expect(fault?.fault.kind).toBe('MemoryViolation');
    expect(fault?.message).toMatch(/the guard pages of the stack: the C stack has overflowed$/);
    expect(call('answer')()).toBe(42);
  });

  test('a stack of this side that is full is an error like others', () => {
    const f = unary((n) => call('relay', 'void *', 'int')(f, n + 1) as number);
    for (let i = 0; i < 3; i++) expect(() => call('relay', 'void *', 'int')(f, 0)).toThrow(RangeError);
    expect(call('answer')()).toBe(42);
    expect(
      call(
        'relay',
        'void *',
        'int',
      )(
        unary((n) => n + 1),
        4,
      ),
    ).toBe(5);
  });
});
