/**
 * Functions with `...`, on the three executors. What C reads with va_arg for random types: abi.test.ts.
 */
import { describe, expect, test } from '@jest/globals';
import {
  type Address,
  CalloutError,
  type DeclaredArgument,
  type FieldValue,
  openSession,
  parseSignature,
  typed,
} from '../../safeffi/index.ts';

describe.each(['native', 'portable', 'direct'] as const)('%s', (ffi) => {
  test('snprintf and sscanf', () => {
    const session = openSession({ ffi });
    const c = session.library('libc.so.6').declare<{
      snprintf(...args: DeclaredArgument[]): number;
      sscanf(...args: DeclaredArgument[]): number;
    }>('int snprintf(char *s, size_t n, const char *format, ...); int sscanf(const char *s, const char *format, ...);');
    const buffer = new Uint8Array(100);
    const printed = (format: string, ...args: DeclaredArgument[]) =>
      new TextDecoder().decode(buffer.subarray(0, c.snprintf(buffer, 100, format, ...args)));
    expect(printed('none')).toBe('none');
    expect(printed('%d %s %.2f %c', typed('int', -5), 'text', typed('float', 1.5), typed('char', 65))).toBe(
      '-5 text 1.50 A',
    );
    expect(printed('%lld %llu %d %p', -1n, 2n ** 64n - 1n, true, null)).toBe('-1 18446744073709551615 1 (nil)');
    const doubles = Array.from({ length: 10 }, (_, i) => typed('double', i + 0.5));
    expect(printed('%g %g %g %g %g %g %g %g %g %g', ...doubles)).toBe('0.5 1.5 2.5 3.5 4.5 5.5 6.5 7.5 8.5 9.5');
    const number = new Int32Array(1);
    const word = new Uint8Array(8);
    expect(c.sscanf('12 apples', '%d %7s', number, word)).toBe(2);
    expect([number[0], new TextDecoder().decode(word.subarray(0, 6))]).toEqual([12, 'apples']);
    session.close();
  });

  test('types can be given as text, with ... among them', () => {
    const session = openSession({ ffi });
    const snprintf = session
      .library('libc.so.6')
      .function('snprintf', { returns: 'int', arguments: ['char *', 'size_t', 'const char *', '...', 'float'] });
    const buffer = new Uint8Array(10);
    expect(snprintf(buffer, 10, '%.1f', 2.5)).toBe(3);
    expect([...buffer.subarray(0, 3)]).toEqual([50, 46, 53]);
    session.close();
  });

  test('what does not say its type, and too few arguments, are refused', () => {
    const session = openSession({ ffi });
    const c = session
      .library('libc.so.6')
      .declare<{ printf(...args: unknown[]): FieldValue | Address }>('int printf(const char *format, ...);');
    const refusal = (...args: unknown[]) => {
      try {
        c.printf(...args);
      } catch (error) {
        if (error instanceof CalloutError) return error.message;
        throw error;
      }
      return 'nothing was refused';
    };
    expect(refusal('%d', 5)).toBe(
      "callout printf: argument 2 is 5, expected typed('int', 5) or typed('double', 5): its type is not declared",
    );
    expect(refusal('%d', {})).toBe(
      'callout printf: argument 2 is an instance of Object, expected typed(type, value): its type is not declared',
    );
    expect(refusal('%d', typed('int', 2 ** 31))).toBe(
      'callout printf: argument 2 is 2147483648, expected int (-2147483648 to 2147483647)',
    );
    expect(refusal()).toBe('callout printf: 0 given, expected 1 or more arguments');
    session.close();
  });
});

test('variable arguments are promoted, declared ones are not', () => {
  const signature = parseSignature('f', {
    returns: 'int',
    arguments: ['float', 'char', '...', 'float', 'char', 'bool', 'unsigned short', 'unsigned int', 'long'],
  });
  expect(signature.key).toBe('int(float,char,...,double,int,int,int,unsigned int,long)');
});
