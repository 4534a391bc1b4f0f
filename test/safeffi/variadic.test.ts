/**
 * Functions with `...`: what C reads with va_arg is what was passed, for random types, on the three executors.
 */
import { describe, expect, test } from '@jest/globals';
import {
  type Address,
  type ArgumentValue,
  CalloutError,
  type CType,
  type DeclaredArgument,
  type FieldValue,
  isRecord,
  makeSignature,
  openSession,
  parseSignature,
  parseType,
  typed,
  typeText,
} from '../../safeffi/index.ts';
import { readValue } from '../../safeffi/types/record-codec.ts';
import { compile } from './fixture.ts';
import { cHeaders, pick, RandomTypes, randomNumbers } from './random-types.ts';
import { hashOf, hashStatements, valueFrom } from './record-abi.ts';

const seed = 20180331;
const caseCount = 200;
const promotedNames = ['int', 'unsigned int', 'long', 'unsigned long', 'long long', 'size_t', 'double'];

interface Case {
  readonly name: string;
  readonly types: readonly CType[];
}

function makeCases(withRecords: boolean): { cases: Case[]; text: string } {
  const random = randomNumbers(seed);
  const records = new RandomTypes(random);
  const cases = Array.from({ length: caseCount }, (_, index): Case => {
    const types = Array.from({ length: random(13) }, () => {
      if (!withRecords || random(4) !== 0) return parseType(pick(random, promotedNames));
      for (;;) {
        const record = records.record(random(2), 1 + random(3));
        if (record.sizeBytes <= 40) return record;
      }
    });
    return { name: `v${index}`, types };
  });
  const functions = cases.map(({ name, types }) => {
    const reads = types.map(
      (type, i) => `  ${typeText(type, `a${i}`)} = va_arg(list, ${typeText(type)});\n${hashStatements(type, `a${i}`)}`,
    );
    return `uint64_t ${name}(double first, ...) {
  uint64_t last = 7 + (uint64_t)first;
  va_list list;
  va_start(list, first);
${reads.join('')}  va_end(list);
  return last;
}
`;
  });
  const take =
    '#define take(p, n) for (size_t i_ = 0; i_ < (n); i_++) last = last * 31 + ((const unsigned char *)(p))[i_];\n';
  return { cases, text: `${cHeaders}#include <stdarg.h>\n${take}${records.text}${functions.join('')}` };
}

describe.each(['native', 'portable', 'direct'] as const)('%s', (ffi) => {
  test(`${caseCount} random signatures, seed ${seed}`, () => {
    const { cases, text } = makeCases(true);
    const session = openSession({ ffi });
    const library = session.library(compile('variadic', text));
    let round = 1n;
    for (const { name, types } of cases) {
      const values = types.map((type) => valueFrom(round++, type));
      const hash = types.reduce((state, type, i) => hashOf(state, type, values[i]!), 7n + 3n);
      const signature = makeSignature(name, parseType('uint64_t'), [parseType('double'), ...types], undefined, 1);
      const args = types.map((type, i) =>
        isRecord(type)
          ? values[i]!
          : (readValue(type, new DataView(values[i]!.buffer), 0, { generation: 0 }) as ArgumentValue),
      );
      const result = library.bind(name, signature)(3, ...args) as number | bigint;
      expect([name, signature.key, BigInt(result)]).toEqual([name, signature.key, hash]);
    }
    session.close();
  });

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
