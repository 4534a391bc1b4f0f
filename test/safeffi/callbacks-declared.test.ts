/**
 * JavaScript functions given to declared functions, and callbacks in declared records.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Address, type CalloutError, type FFIFault, openSession, type Session } from '../../safeffi/index.ts';
import { fixture } from './fixture.ts';

const declarations = `
  typedef int (*unary)(int);
  int apply(unary f, int n);
  void keep(unary stored);
  int call_kept(int n);
  struct small { int a; float b; };
  struct big { long a, b, c; double d; };
  struct small call_small(struct small (*f)(struct small, int), int n);
  struct big call_big(struct big (*f)(struct big, int), int n);
  struct operations { int (*first)(int); int (*second)(int, void *); void *data; };
  int run_operations(const struct operations *table, int n);
`;

interface Small {
  a: number;
  b: number;
}
interface Big extends Small {
  c: number;
  d: number;
}
interface Functions {
  apply(f: unknown, n: number): number;
  keep(f: unknown): void;
  call_kept(n: number): number;
  call_small(f: (s: Small, n: number) => unknown, n: number): Small;
  call_big(f: (b: Big, n: number) => unknown, n: number): Big;
  run_operations(table: object, n: number): number;
}

let session: Session;
let c: Functions;

beforeAll(() => {
  session = openSession({ ffi: 'native' });
  c = session.library(fixture('callbacks')).declare<Functions & object>(declarations);
});
afterAll(() => session.close());

function failureOf<E extends Error>(run: () => unknown): E {
  try {
    run();
  } catch (error) {
    return error as E;
  }
  throw new Error('nothing was thrown');
}

test('a function is passed where a pointer to one is declared', () => {
  expect(c.apply((n: number) => n * 2, 21)).toBe(42);
  const libc = session.library('libc.so.6').declare<{
    qsort(base: Int32Array, count: number, size: number, compare: (a: Address, b: Address) => number): void;
  }>('void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));');
  const at = (address: Address) => new DataView(session.memory.read(address, 4).buffer).getInt32(0, true);
  const numbers = Int32Array.of(3, -1, 2);
  libc.qsort(numbers, 3, 4, (a, b) => at(a) - at(b));
  expect([...numbers]).toEqual([-1, 2, 3]);
});

test('it lives for the length of the call: a later call of it is a fault with its name', () => {
  c.keep((n: number) => n);
  const fault = failureOf<FFIFault>(() => c.call_kept(1));
  expect(fault.message).toBe('ReleasedCallback: callback stored was released, and C called it');
  fault.answer(0);
  const lasting = session.callback('int lasting(int)', (n) => (n as number) + 1);
  c.keep(lasting);
  expect([c.call_kept(1), c.call_kept(2)]).toEqual([2, 3]);
});

test('it is released where the call fails, too', () => {
  const boo = new Error('boo');
  expect(
    failureOf(() =>
      c.apply(() => {
        throw boo;
      }, 1),
    ),
  ).toBe(boo);
  for (let i = 0; i < 20_000; i++) failureOf(() => c.apply(() => i, 'x' as unknown as number));
  expect(c.apply((n: number) => n, 5)).toBe(5);
});

test('what is no function is refused by the name of the type', () => {
  expect(failureOf<CalloutError>(() => c.apply(7, 1)).message).toBe(
    'callout apply: argument 1 is 7, expected int (*)(int) (a function, a Callback, an address or nil)',
  );
});

test('records by value are objects', () => {
  expect(c.call_small((s, n) => ({ a: s.a + n, b: s.b * 2 }), 4)).toEqual({ a: 8, b: 1 });
  expect(c.call_big((b, n) => ({ ...b, a: b.a + n, d: -b.d }), 4)).toEqual({ a: 8, b: 2, c: 3, d: -4.5 });
  expect(failureOf<CalloutError>(() => c.call_small(() => 'x', 4)).message).toBe(
    "callback f: the result is 'x', expected struct small (an object of its fields, or 8 bytes)",
  );
  expect(c.call_small((s) => s, 4)).toEqual({ a: 4, b: 0.5 });
});

test('a table of callbacks is a record', () => {
  const data = session.memory.allocate(8);
  const first = session.callback('int first(int)', (n) => (n as number) + 1);
  const second = session.callback('int second(int, void *)', (n, at) => {
    expect((at as Address).equals(data)).toBe(true);
    return 10 * (n as number);
  });
  expect(c.run_operations({ first, second, data }, 4)).toBe(50);
  second.release();
  expect(failureOf<CalloutError>(() => c.run_operations({ first, second, data }, 4)).message).toBe(
    'callback second was released',
  );
});
