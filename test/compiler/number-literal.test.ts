/** Numbers mean what they say, exactly, in every radix. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SourceLiteral } from '../../image/compiler/ast.ts';
import { nearestDouble, numberLiteral } from '../../image/compiler/number-literal.ts';

const integer = (value: bigint): SourceLiteral => ({ kind: 'integer', value });
const float = (value: number): SourceLiteral => ({ kind: 'float', value });
const scaled = (numerator: bigint, denominator: bigint, scale: number): SourceLiteral => ({
  kind: 'scaledDecimal',
  numerator,
  denominator,
  scale,
});

describe('a number literal', () => {
  const values: [text: string, value: SourceLiteral][] = [
    ['0', integer(0n)],
    ['-7', integer(-7n)],
    ['123456789012345678901234567890', integer(123456789012345678901234567890n)],
    ['16rFF', integer(255n)],
    ['-16rFF', integer(-255n)],
    ['16r-FF', integer(-255n)],
    ['36rZZ', integer(1295n)],
    ['2r1e3', integer(8n)],
    ['16r1e2', integer(256n)],
    ['1e10', integer(10_000_000_000n)],
    ['100e-2', integer(1n)],
    ['1e-3', { kind: 'fraction', numerator: 1n, denominator: 1000n }],
    ['1.5', float(1.5)],
    ['-0.0', float(-0)],
    ['1.5e-3', float(0.0015)],
    ['1.0d3', float(1000)],
    ['16r1.8', float(1.5)],
    ['2r1.1e2', float(6)],
    ['1.0e400', float(Number.POSITIVE_INFINITY)],
    ['5.0e-324', float(5e-324)],
    ['3.14s2', scaled(157n, 50n, 2)],
    ['3.14s', scaled(157n, 50n, 2)],
    ['-7s', scaled(-7n, 1n, 0)],
    ['1s4', scaled(1n, 1n, 4)],
  ];
  test.each(values)('%s', (text, value) => {
    expect(numberLiteral(text)).toEqual(value);
  });

  const wrong: [text: string, sentence: string][] = [
    ['1r0', 'the radix 1 is not between 2 and 36'],
    ['37r0', 'the radix 37 is not between 2 and 36'],
    ['2r12', '2 is no digit in radix 2'],
    ['1e100001', 'the exponent 100001 is not between -100000 and 100000'],
  ];
  test.each(wrong)('%s is refused', (text, sentence) => {
    expect(numberLiteral(text)).toBe(sentence);
  });

  test('a decimal float is the double that JavaScript reads', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer({ min: 0, max: 20 }),
        (value, places) => {
          for (const text of [value.toExponential(places), value.toExponential()]) {
            const [mantissa, exponent] = text.split('e');
            const source = `${mantissa!.includes('.') ? mantissa : `${mantissa}.0`}e${exponent!.replace('+', '')}`;
            expect(numberLiteral(source)).toEqual(float(Number(text)));
          }
        },
      ),
    );
  });

  test('a ratio of doubles and small integers divides as JavaScript divides', () => {
    const whole = fc.integer({ min: -(2 ** 30), max: 2 ** 30 });
    fc.assert(
      fc.property(
        whole,
        whole.filter((n) => n > 0),
        (a, b) => {
          expect(nearestDouble(BigInt(a), BigInt(b))).toBe(a === 0 ? 0 : a / b);
        },
      ),
    );
  });
});
