/**
 * What TypeScript knows of C text: this file is checked when it is compiled; an error that is expected and does not come is
 * an error. Each function is called too.
 */
import { afterAll, expect, test } from '@jest/globals';
import { type Address, type FieldValue, openSession, typed } from '../../safeffi/index.ts';

const session = openSession();
afterAll(() => session.close());
const libc = session.library('libc.so.6');

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Fails to compile unless the types are equal; answers the value. */
const is =
  <Wanted>() =>
  <Actual>(value: Actual, _equal: Equal<Wanted, Actual> extends true ? 'same' : never) =>
    value;

test('scalars and strings', () => {
  const c = libc.declare(`
    size_t strlen(const char *s);
    int abs(int);   /* an int; */
    char *strchr(const char *text, int c);
    // a comment; with a semicolon
    unsigned long strtoul(const char *s, char **end, int base);
    void *memchr(const void *s, int c, size_t n);
    int getpid(void);
  `);
  expect(is<number | bigint>()(c.strlen('abc'), 'same')).toBe(3);
  expect(is<number>()(c.abs(-5), 'same')).toBe(5);
  expect(is<string | null>()(c.strchr('abc', 98), 'same')).toBe('bc');
  expect(is<number | bigint>()(c.strtoul('12', null, 10), 'same')).toBe(12);
  expect(is<Address>()(c.memchr('abc', 122, 3), 'same').isNull).toBe(true);
  expect(is<number>()(c.getpid(), 'same')).toBeGreaterThan(0);
  // @ts-expect-error a string is no int
  expect(() => c.abs('5')).toThrow('argument 1 is');
  // @ts-expect-error one argument too many
  expect(() => c.abs(5, 6)).toThrow('2 given, expected 1');
  // @ts-expect-error strlen takes a string or bytes
  expect(() => c.strlen(5)).toThrow('argument 1 is 5');
  // @ts-expect-error there is no such function in the text
  expect(c.labs).toBeUndefined();
});

test('floats, in async too', async () => {
  const c = session.library('libm.so.6').declare('double fmax(double x, double y); float fabsf(float);');
  expect(is<number>()(c.fmax(1, 2.5), 'same')).toBe(2.5);
  expect(is<Promise<number>>()(c.fabsf.async(-1.5), 'same')).toBeInstanceOf(Promise);
  expect(await c.fabsf.async(-1.5)).toBe(1.5);
});

test('variable arguments', () => {
  const c = libc.declare('int snprintf(char *s, size_t n, const char *format, ...);');
  const bytes = new Uint8Array(10);
  expect(is<number>()(c.snprintf(bytes, 10, '%d', typed('int', 42)), 'same')).toBe(2);
  // @ts-expect-error the format is missing
  expect(() => c.snprintf(bytes, 10)).toThrow('2 given, expected 3 or more');
});

test('structs: objects go in and come back', () => {
  const c = libc.declare(
    'typedef struct { int quot, rem; } div_t; struct l { long quot, rem; }; div_t div(int, int); struct l ldiv(long, long);',
  );
  const quotient: FieldValue = is<FieldValue>()(c.div(7, 2), 'same');
  expect(quotient).toEqual({ quot: 3, rem: 1 });
  const { quot } = c.ldiv(9, 2);
  expect(quot).toBe(4);
});

test('a function pointer among the parameters leaves the arguments open', () => {
  const c = libc.declare('void qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *));');
  const numbers = Int32Array.of(3, 1, 2);
  const order = (a: Address, b: Address) => session.memory.read(a, 1)[0]! - session.memory.read(b, 1)[0]!;
  expect(is<undefined>()(c.qsort(numbers, 3, 4, order), 'same')).toBeUndefined();
  expect([...numbers]).toEqual([1, 2, 3]);
});

test('a text that is no literal, and a type that is given', () => {
  const text: string = ['int', 'abs(int);'].join(' ');
  expect(libc.declare(text).abs!(-3)).toBe(3);
  const c = libc.declare<{ abs(n: number): 1 | 2 }>(text);
  expect(is<1 | 2>()(c.abs(-2), 'same')).toBe(2);
});
