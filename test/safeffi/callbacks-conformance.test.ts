/**
 * Callbacks on the three executors: what they have in common. The native one alone abandons C frames; with the others C goes
 * on with zero after an error, and the callout throws it when it has returned.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Address,
  type CalloutError,
  FFIFault,
  type Library,
  openSession,
  type ResultValue,
  type Session,
} from '../../safeffi/index.ts';
import { fixture } from './fixture.ts';

function failureOf<E extends Error>(run: () => unknown): E {
  try {
    run();
  } catch (error) {
    return error as E;
  }
  throw new Error('nothing was thrown');
}

describe.each(['native', 'portable', 'direct'] as const)('%s', (ffi) => {
  let session: Session;
  let library: Library;
  let libc: Library;

  beforeAll(() => {
    session = openSession({ ffi });
    library = session.library(fixture('callbacks'));
    libc = session.library('libc.so.6');
  });
  afterAll(() => session.close());

  const unary = (fn: (n: number) => number) => session.callback('int unary(int)', (n) => fn(n as number));
  const apply = () => library.function('apply', { returns: 'int', arguments: ['void *', 'int'] });

  test('qsort sorts by a function that reads C memory', () => {
    const at = (value: ResultValue) => new DataView(session.memory.read(value as Address, 4).buffer).getInt32(0, true);
    const qsort = libc.function('qsort', { returns: 'void', arguments: ['void *', 'size_t', 'size_t', 'void *'] });
    const numbers = Int32Array.from({ length: 50 }, (_, i) => (i * 7919) % 101);
    const sorted = numbers.slice().sort();
    qsort(
      numbers,
      numbers.length,
      4,
      session.callback('int (*)(const int *, const int *)', (a, b) => at(a!) - at(b!)),
    );
    expect([...numbers]).toEqual([...sorted]);
  });

  test('callouts nest in callbacks, 50 deep', () => {
    const f = unary((n) => (n === 0 ? 0 : 1 + (apply()(f, n - 1) as number)));
    expect(apply()(f, 50)).toBe(50);
  });

  test('texts in and out', () => {
    const through = library.function('through', { returns: 'const char *', arguments: ['void *', 'const char *'] });
    const f = session.callback('const char *f(const char *)', (text) => (text === '' ? null : `<${String(text)}>`));
    expect([through(f, 'grüße'), through(f, ''), through(f, 'a')]).toEqual(['<grüße>', 'nothing', '<a>']);
  });

  test('an error goes on from the callout', () => {
    const boo = new Error('boo');
    const f = unary(() => {
      throw boo;
    });
    expect(failureOf(() => apply()(f, 1))).toBe(boo);
    expect(
      failureOf(() =>
        apply()(
          unary(() => apply()(f, 2) as number),
          1,
        ),
      ),
    ).toBe(boo);
    expect(
      apply()(
        unary((n) => n + 1),
        1,
      ),
    ).toBe(2);
  });

  test('with onError C goes on with that', () => {
    const fails = () => {
      throw new Error('boo');
    };
    const f = session.callback('int f(int)', fails, { onError: -7 });
    const guarded = library.function('guarded', { returns: 'int', arguments: ['void *', 'int'] });
    if (ffi === 'native') expect(guarded(f, 1)).toBe(-7);
    else expect(failureOf(() => guarded(f, 1)).message).toBe('boo');
    expect(
      apply()(
        unary((n) => n),
        5,
      ),
    ).toBe(5);
  });

  test('a result that does not fit is refused by the name of the callback', () => {
    const f = session.callback('int measure(int)', () => 'x');
    expect(failureOf<CalloutError>(() => apply()(f, 1)).message).toBe(
      "callback measure: the result is 'x', expected int (-2147483648 to 2147483647)",
    );
  });

  test('a released callback that is called is a fault with its name', () => {
    const f = session.callback('int forgotten(int)', () => 1);
    library.function('keep', { returns: 'void', arguments: ['void *'] })(f);
    const call = library.function('call_kept', { returns: 'int', arguments: ['int'] });
    expect(call(1)).toBe(1);
    f.release();
    const fault = failureOf<FFIFault>(() => call(1));
    expect(fault).toBeInstanceOf(FFIFault);
    expect(fault.message).toBe('ReleasedCallback: callback forgotten was released, and C called it');
    expect(fault.answer(9)).toBe(9);
    expect(failureOf<CalloutError>(() => apply()(f, 1)).message).toBe(
      'callout apply: argument 1 is the released callback forgotten, expected void * (an address, a String, a ByteArray or nil)',
    );
  });

  test('thousands of callbacks, one after the other and at once', () => {
    for (let i = 0; i < 10_000; i++) {
      const f = unary((n) => n + i);
      if (i % 100 === 0) expect(apply()(f, 1)).toBe(i + 1);
      f.release();
    }
    const many = Array.from({ length: 1000 }, (_, i) => unary((n) => n * i));
    expect(many.map((f, i) => apply()(f, 2) === 2 * i).every(Boolean)).toBe(true);
    for (const f of many) f.release();
  });

  test('an asynchronous callout, and its callback', async () => {
    const f = unary((n) => n * 2);
    expect(await apply().async(f, 21)).toBe(42);
    await expect(apply().async('x', 'y')).rejects.toThrow(/^callout apply: argument 2 is 'y'/);
  });
});
