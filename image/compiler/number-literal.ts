/**
 * The value of a number as the grammar's `number` rule reads it: `-1`, `16rFF`, `2r1.1e3`, `1e10`, `1.5e-3`, `3.14s2`.
 *
 * Integers are exact, whatever their size; an integer with a negative exponent is exact too, and so a fraction where it has
 * to be (`1e-3` is 1/1000, as in Pharo). Floats are the double nearest to what is written, ties to even, in every radix.
 */
import type { SourceLiteral } from './ast.ts';

const NUMBER = /^(-?)(?:(\d+)r(-?))?([0-9A-Z]+)(?:\.([0-9A-Z]+))?(?:[edq]([-+]?\d+)|(s)(\d*))?$/;

/** Greatest exponent that is computed: beyond it an exact integer would have more digits than memory holds. */
const MAX_EXPONENT = 100_000;

/** A literal, or a sentence that says what is wrong. */
export function numberLiteral(text: string): SourceLiteral | string {
  const match = NUMBER.exec(text);
  if (match === null) return `${text} is no number`;
  const [, sign, radixText, radixSign, whole, fraction = '', exponentText, scaled, scaleText] = match;
  const radix = radixText === undefined ? 10 : Number(radixText);
  if (radix < 2 || radix > 36) return `the radix ${radix} is not between 2 and 36`;
  const digits = digitsValue(`${whole}${fraction}`, radix);
  if (typeof digits === 'string') return digits;
  const exponent = exponentText === undefined ? 0 : Number(exponentText);
  if (Math.abs(exponent) > MAX_EXPONENT)
    return `the exponent ${exponent} is not between -${MAX_EXPONENT} and ${MAX_EXPONENT}`;
  const isNegative = (sign === '-') !== (radixSign === '-');
  const power = BigInt(radix) ** BigInt(Math.abs(exponent));
  const numerator = (isNegative ? -digits : digits) * (exponent > 0 ? power : 1n);
  const denominator = BigInt(radix) ** BigInt(fraction.length) * (exponent < 0 ? power : 1n);
  if (scaled !== undefined)
    return {
      kind: 'scaledDecimal',
      ...reduced(numerator, denominator),
      scale: scaleText === '' ? fraction.length : Number(scaleText),
    };
  if (fraction !== '') {
    const value = nearestDouble(numerator, denominator);
    return { kind: 'float', value: isNegative && value === 0 ? -0 : value };
  }
  const exact = reduced(numerator, denominator);
  return exact.denominator === 1n ? { kind: 'integer', value: exact.numerator } : { kind: 'fraction', ...exact };
}

function digitsValue(digits: string, radix: number): bigint | string {
  if (radix === 10) return /^\d+$/.test(digits) ? BigInt(digits) : `${digits} has a digit that is not decimal`;
  let value = 0n;
  for (const digit of digits) {
    const weight = Number.parseInt(digit, 36);
    if (weight >= radix) return `${digit} is no digit in radix ${radix}`;
    value = value * BigInt(radix) + BigInt(weight);
  }
  return value;
}

function reduced(numerator: bigint, denominator: bigint): { numerator: bigint; denominator: bigint } {
  let [a, b] = [numerator < 0n ? -numerator : numerator, denominator];
  while (b !== 0n) [a, b] = [b, a % b];
  return { numerator: numerator / a, denominator: denominator / a };
}

const bitLength = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);

/** The double nearest to a ratio, ties to even; infinite when it is too great. `denominator` is positive. */
export function nearestDouble(numerator: bigint, denominator: bigint): number {
  if (numerator < 0n) return -nearestDouble(-numerator, denominator);
  if (numerator === 0n) return 0;
  // Scale so that the quotient has 54 or 55 bits: 53 and one or two to round by. Subnormals have fewer.
  const shift = Math.min(55 - (bitLength(numerator) - bitLength(denominator)), 1075);
  const scaledNumerator = shift >= 0 ? numerator << BigInt(shift) : numerator;
  const scaledDenominator = shift >= 0 ? denominator : denominator << BigInt(-shift);
  let quotient = scaledNumerator / scaledDenominator;
  // A last bit that stands for all that was cut off makes the conversion below round as if it saw everything.
  if (scaledNumerator % scaledDenominator !== 0n) quotient = (quotient << 1n) | 1n;
  else quotient <<= 1n;
  const excess = bitLength(quotient) - 53;
  const lowestExponent = -1074 + shift + 1;
  const cut = Math.max(excess, lowestExponent);
  if (cut <= 0) return timesPowerOfTwo(Number(quotient), -shift - 1);
  const half = 1n << BigInt(cut - 1);
  const rest = quotient & ((half << 1n) - 1n);
  let mantissa = quotient >> BigInt(cut);
  if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa += 1n;
  return timesPowerOfTwo(Number(mantissa), cut - shift - 1);
}

/** Exact as long as the result is a double; the factors stay in range by going in two steps. */
function timesPowerOfTwo(mantissa: number, exponent: number): number {
  if (exponent > 1023) return mantissa * 2 ** 1023 * 2 ** Math.min(exponent - 1023, 1023);
  if (exponent < -1000) return mantissa * 2 ** -500 * 2 ** (exponent + 500);
  return mantissa * 2 ** exponent;
}
