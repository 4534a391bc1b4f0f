/**
 * Many calls handed over at once: results, what is refused, and a fault in the middle with each way on.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Address,
  type ArgumentValue,
  BatchFault,
  CalloutError,
  type CFunction,
  FFIFault,
  isRecord,
  type Library,
  openSession,
  parseSignature,
  type Session,
} from '../../safeffi/index.ts';
import { readValue } from '../../safeffi/types/record-codec.ts';
import { aarch64, openAarch64 } from './aarch64.ts';
import { aarch64Missing, abiExecutors } from './abi-executors.ts';
import { compile } from './fixture.ts';
import { libraryText, randomSignature, scalarsOf, valueFrom } from './random-signature.ts';

const text = `
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int calls;
int count_calls(void) { return calls; }
int answer(void) { return 42; }
int inverse(int n) { calls++; if (n == 0) abort(); return 1000 / n; }
int first_of(const int *at) { calls++; return *at; }
int inner(volatile int *at) { int value = *at; calls++; return value; }
int outer(volatile int *at) { return inner(at) + 1; }
double sum9(double a, double b, double c, double d, double e, double f, double g, double h, double i) {
  return a + b + c + d + e + f + g + h + i;
}
long sum10(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j;
}
const char *name_of(int n) { static const char *names[] = {"zero", "one", "two"}; return names[n % 3]; }
`;

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof CalloutError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'nothing was refused';
}

function faultOfBatch(run: () => unknown): BatchFault {
  try {
    run();
  } catch (error) {
    if (error instanceof BatchFault) return error;
    throw error;
  }
  throw new Error('nothing faulted');
}

describe.each(['native', 'portable', 'direct'] as const)('%s', (ffi) => {
  let session: Session;
  let library: Library;
  let answer: CFunction;
  const bind = (name: string, returns: string, ...types: string[]) =>
    library.function(name, { returns, arguments: types });
  const results = (batch: { done: number; result(i: number): unknown }) =>
    Array.from({ length: batch.done }, (_, i) => batch.result(i));

  beforeAll(() => {
    session = openSession({ ffi });
    library = session.library(compile('batch', text));
    answer = bind('answer', 'int');
  });
  afterAll(() => session.close());
  afterEach(() => expect(answer()).toBe(42));

  test('results in order, more than once, after clear and after a second run', () => {
    const batch = session.batch(bind('inverse', 'int', 'int'), 100);
    for (let n = 1; n <= 50; n++) expect(batch.add(n)).toBe(n - 1);
    batch.run();
    expect(results(batch)).toEqual(Array.from({ length: 50 }, (_, i) => Math.trunc(1000 / (i + 1))));
    batch.add(500);
    expect([batch.size, batch.done]).toEqual([51, 50]);
    batch.run();
    expect([batch.result(0), batch.result(50)]).toEqual([1000, 2]);
    batch.clear();
    expect([batch.size, batch.done]).toEqual([0, 0]);
    batch.run();
    batch.add(-1);
    batch.run();
    expect(batch.result(0)).toBe(-1000);
    batch.close();
  });

  test('arguments on the stack, and texts', () => {
    const doubles = session.batch(bind('sum9', 'double', ...Array(9).fill('double')), 10);
    const longs = session.batch(bind('sum10', 'long', ...Array(10).fill('long')), 10);
    for (let n = 0; n < 10; n++) {
      doubles.add(...Array.from({ length: 9 }, (_, i) => i * n));
      longs.add(...Array.from({ length: 10 }, (_, i) => i * n));
    }
    doubles.run();
    longs.run();
    expect(results(doubles)).toEqual(Array.from({ length: 10 }, (_, n) => 36 * n));
    expect(results(longs)).toEqual(Array.from({ length: 10 }, (_, n) => 330 * n));
    const lengths = session.batch(
      session.library('libc.so.6').function('strlen', { returns: 'size_t', arguments: ['const char *'] }),
      3,
      64,
    );
    for (const one of ['', 'abc', 'grüße']) lengths.add(one);
    lengths.run();
    expect(results(lengths)).toEqual([0, 3, 7]);
    const names = session.batch(bind('name_of', 'char *', 'int'), 3);
    for (let n = 0; n < 3; n++) names.add(n);
    names.run();
    expect(results(names)).toEqual(['zero', 'one', 'two']);
  });

  test('what does not fit is refused, and adds nothing', () => {
    const batch = session.batch(bind('inverse', 'int', 'int'), 1);
    if (ffi === 'native') {
      expect(refusal(() => batch.add('x'))).toBe(
        "argument-type: callout inverse: argument 1 is 'x', expected int (-2147483648 to 2147483647)",
      );
      expect(refusal(() => batch.add())).toBe('argument-count: callout inverse: 0 given, expected 1 argument');
    }
    expect(batch.size).toBe(0);
    batch.add(1);
    expect(refusal(() => batch.add(2))).toBe('batch: batch of inverse: it is full, its capacity is 1');
    expect(refusal(() => batch.result(0))).toBe('batch: batch of inverse: call 0 has not run');
    expect(refusal(() => batch.result(1))).toBe('batch: batch of inverse: there is no call 1, it has 1');
    batch.close();
    expect(refusal(() => batch.run())).toBe('batch: batch of inverse: it is closed');
    expect(refusal(() => session.batch(answer, 0))).toBe(
      'batch: batch of answer: its capacity is 0, expected an integer from 1 on',
    );
  });
});

/** The native executor here, and in the emulator where there is one. */
const natives = [
  { name: 'native', open: () => openSession({ ffi: 'native' }).executor, toolchain: undefined },
  ...(aarch64Missing === undefined
    ? [{ name: 'native for AArch64', open: () => openAarch64(), toolchain: aarch64 }]
    : []),
];

describe.each(natives)('$name: a fault in the middle', ({ open, toolchain }) => {
  const executor = open();
  const library = compile('batch', text, toolchain);
  executor.loadLibrary(library);
  const prepare = (name: string, returns: string, ...types: string[]) =>
    executor.prepare(library, name, parseSignature(name, { returns, arguments: types }));
  const calls = prepare('count_calls', 'int');
  afterAll(() => executor.close());
  afterEach(() => expect(prepare('answer', 'int').invoke()).toBe(42));

  /** Inverses of 5, 4, … -4: call 5 aborts. */
  function faulted() {
    const batch = executor.batch(prepare('inverse', 'int', 'int'), 10, 0);
    for (let n = 5; n > -5; n--) batch.add(n);
    return { batch, fault: faultOfBatch(() => batch.run()) };
  }
  const rest = [-1000, -500, -333, -250];
  const before = [200, 250, 333, 500, 1000];

  test('names function, index and frame; what is before it is done, what is behind has not run', () => {
    const start = calls.invoke() as number;
    const { batch, fault } = faulted();
    expect(fault.index).toBe(5);
    expect(fault.message).toBe('CalloutAborted: abort was called; callout 5 of a batch of 10');
    expect(fault.fault.function).toBe('inverse');
    expect(batch.done).toBe(5);
    expect(Array.from({ length: 5 }, (_, i) => batch.result(i))).toEqual(before);
    expect(refusal(() => batch.result(5))).toBe('batch: batch of inverse: call 5 has not run');
    expect(calls.invoke()).toBe(start + 6);
    expect(fault.answer(7)).toBe(7);
    expect(batch.done).toBe(10);
    expect(Array.from({ length: 10 }, (_, i) => batch.result(i))).toEqual([...before, 7, ...rest]);
    batch.close();
  });

  test('retry with other arguments goes on with the rest', () => {
    const { batch, fault } = faulted();
    expect(fault.retryWith([10])).toBe(100);
    expect(Array.from({ length: 10 }, (_, i) => batch.result(i))).toEqual([...before, 100, ...rest]);
  });

  test('retry with the same faults again, as the same call', () => {
    const { batch, fault } = faulted();
    const again = faultOfBatch(() => fault.retry());
    expect([again.index, batch.done]).toEqual([5, 5]);
    again.answer(0);
    expect(batch.result(9)).toBe(-250);
  });

  test('restart, then answer: the rest runs in the fresh executor', () => {
    const { batch, fault } = faulted();
    const { generation } = executor;
    fault.restart();
    expect(fault.answer(1)).toBe(1);
    expect(executor.generation).toBe(generation + 1);
    expect(Array.from({ length: 10 }, (_, i) => batch.result(i))).toEqual([...before, 1, ...rest]);
    expect(calls.invoke()).toBe(4);
  });

  test('terminate leaves the rest', () => {
    const { batch, fault } = faulted();
    fault.terminate();
    expect(batch.done).toBe(5);
    expect(batch.result(4)).toBe(1000);
  });

  test('one fault after the other', () => {
    const batch = executor.batch(prepare('inverse', 'int', 'int'), 5, 0);
    for (const n of [0, 1, 0, 2, 0]) batch.add(n);
    const seen: number[] = [];
    let next: BatchFault | undefined = faultOfBatch(() => batch.run());
    while (next !== undefined) {
      const { index }: BatchFault = next;
      seen.push(index);
      try {
        next.answer(-index);
        next = undefined;
      } catch (error) {
        if (!(error instanceof BatchFault)) throw error;
        next = error;
      }
    }
    expect(seen).toEqual([0, 2, 4]);
    expect(Array.from({ length: 5 }, (_, i) => batch.result(i))).toEqual([-0, 1000, -2, 500, -4]);
  });

  test('the backtrace ends at the callout', () => {
    const batch = executor.batch(prepare('outer', 'int', 'void *'), 2, 0);
    batch.add(executor.memory.allocate(4));
    batch.add(null);
    const fault = faultOfBatch(() => batch.run());
    expect(fault.fault.cFrames).toHaveLength(2);
    expect(fault.fault).toMatchObject({ access: 'read', address: 0 });
    expect(fault.fault.cFrames[1]).toMatchObject({ symbol: 'outer' });
    fault.answer(0);
    expect(batch.result(0)).toBe(1);
  });

  test('a text that has no room, a buffer that would be copied back', () => {
    const batch = executor.batch(prepare('first_of', 'int', 'const void *'), 3, 16);
    batch.add(Int32Array.of(5));
    expect(refusal(() => batch.add('much too long'))).toBe(
      'batch: batch of first_of: 14 bytes of text are given, there is room for 8 more',
    );
    expect(refusal(() => executor.batch(prepare('outer', 'int', 'int *'), 1, 0).add(new Uint8Array(4)))).toBe(
      'argument-type: callout outer: argument 1 is a ByteArray of 4 bytes, expected an address or a pointer to const: a batch copies nothing back',
    );
    batch.run();
    expect(batch.result(0)).toBe(5);
  });

  test('an address of an executor that is gone', () => {
    const batch = executor.batch(prepare('first_of', 'int', 'void *'), 2, 0);
    batch.add(executor.memory.allocate(4));
    executor.restart();
    let fault: unknown;
    try {
      batch.run();
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(FFIFault);
    expect((fault as FFIFault).fault.kind).toBe('StaleAddress');
    expect(batch.done).toBe(0);
  });

  test('the end of the executor', () => {
    const batch = executor.batch(prepare('inverse', 'int', 'int'), 3, 0);
    for (const n of [1, 2, 3]) batch.add(n);
    process.kill(executor.pid!, 'SIGKILL');
    const fault = faultOfBatch(() => batch.run());
    expect(fault.fault.kind).toBe('ExecutorDied');
    fault.answer(0);
    expect(batch.done).toBe(3);
    expect(batch.result(2)).toBe(333);
  });

  test('room is given back: more batches than there is room for at once', () => {
    const inverse = prepare('inverse', 'int', 'int');
    for (let i = 0; i < 20; i++) {
      const batch = executor.batch(inverse, 50_000, 0);
      batch.add(i + 1);
      batch.run();
      batch.close();
    }
    expect(refusal(() => executor.batch(inverse, 1_000_000, 0))).toMatch(/^no-memory: /);
  });
});

test.each(abiExecutors.filter(({ name }) => name.startsWith('native')))(
  '$name: random functions answer in a batch what they answer alone',
  (one) => {
    const cases = Array.from({ length: 200 }, (_, i) => randomSignature(4000 + i));
    const executor = one.open();
    const library = one.compile('batch-random', libraryText(cases));
    executor.loadLibrary(library);
    for (const { name, signature } of cases) {
      const { returns, arguments: types } = signature;
      const callout = executor.prepare(library, name, signature);
      const batch = executor.batch(callout, 3, 0);
      const rounds = [1, 2, 3].map((round) =>
        types.map((type, i): ArgumentValue => {
          if (type.kind === 'pointer') return null;
          const bytes = valueFrom(1000 * round + i, type);
          if (isRecord(type)) return bytes;
          return readValue(type, new DataView(bytes.buffer), 0, { generation: 0 }) as ArgumentValue;
        }),
      );
      for (const args of rounds) batch.add(...args);
      batch.run();
      const comparable = (value: unknown) => {
        if (isRecord(returns)) return scalarsOf(returns, value as Uint8Array);
        return returns.kind === 'pointer' ? (value as Address).value : value;
      };
      rounds.forEach((args, i) => {
        expect([name, comparable(batch.result(i))]).toEqual([name, comparable(callout.call(args))]);
      });
      batch.close();
    }
    executor.close();
  },
);
