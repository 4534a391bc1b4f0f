/**
 * Literals as source that reads back to the same literal. Floats print in the shortest decimal form that is that double.
 */
import { assertNever, VMBug } from '../../vm/vm-bug.ts';
import type { Literal } from './compiled-code.ts';

const BARE_SYMBOL = /^(?:[A-Za-z_][A-Za-z0-9_]*|(?:[A-Za-z_][A-Za-z0-9_]*:)+|[-+*/\\~<>=@%|&?,!]+)$/;
/** Not to be mistaken for a sign before a number. */
const MINUS_BEFORE_DIGIT = /-$/;

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export function printSymbol(text: string): string {
  return BARE_SYMBOL.test(text) ? `#${text}` : `#${quoted(text)}`;
}

function printFloat(value: number): string {
  if (!Number.isFinite(value)) throw new VMBug('unprintable-float', `${value} has no literal`);
  const [mantissa, exponent] = (Object.is(value, -0) ? '-0' : String(value)).split('e');
  const withPoint = mantissa!.includes('.') ? mantissa! : `${mantissa}.0`;
  return exponent === undefined ? withPoint : `${withPoint}e${exponent.replace('+', '')}`;
}

/** As digits with the scale's places; the places that the value needs come first. */
function printScaled(numerator: bigint, denominator: bigint, scale: number): string {
  let places = 0;
  let power = 1n;
  while ((power * (numerator < 0n ? -numerator : numerator)) % denominator !== 0n) {
    power *= 10n;
    places++;
    if (places > 400) throw new VMBug('unprintable-scaled', `${numerator}/${denominator} is no decimal`);
  }
  const scaled = ((numerator < 0n ? -numerator : numerator) * power) / denominator;
  const digits = scaled.toString().padStart(places + 1, '0');
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  return `${numerator < 0n ? '-' : ''}${text}s${scale}`;
}

/** A fraction that comes from a literal is an integer with a negative exponent, in decimal or in another radix. */
function printFraction(numerator: bigint, denominator: bigint): string {
  for (const radix of [10, ...Array.from({ length: 35 }, (_, i) => i + 2)]) {
    let power = BigInt(radix);
    for (let exponent = 1; exponent <= 400 && power <= denominator ** 6n; exponent++, power *= BigInt(radix)) {
      if ((numerator * power) % denominator !== 0n) continue;
      const digits = ((numerator * power) / denominator).toString(radix).toUpperCase();
      if (radix === 10) return `${digits}e-${exponent}`;
      return `${digits.startsWith('-') ? '-' : ''}${radix}r${digits.replace('-', '')}e-${exponent}`;
    }
  }
  throw new VMBug('unprintable-fraction', `${numerator}/${denominator} is no literal`);
}

/** The source of a literal. */
export function printLiteral(literal: Literal): string {
  switch (literal.kind) {
    case 'nil':
    case 'true':
    case 'false':
      return literal.kind;
    case 'integer':
      return literal.value.toString();
    case 'float':
      return printFloat(literal.value);
    case 'fraction':
      return printFraction(literal.numerator, literal.denominator);
    case 'scaledDecimal':
      return printScaled(literal.numerator, literal.denominator, literal.scale);
    case 'character':
      return `$${String.fromCodePoint(literal.codePoint)}`;
    case 'string':
      return quoted(literal.value);
    case 'symbol':
      return MINUS_BEFORE_DIGIT.test(literal.value) ? `#${quoted(literal.value)}` : printSymbol(literal.value);
    case 'byteArray':
      return `#[${literal.bytes.join(' ')}]`;
    case 'array':
      return `#(${literal.elements.map(printLiteral).join(' ')})`;
    case 'binding':
    case 'methodClass':
    case 'block':
      throw new VMBug('unprintable-literal', `a ${literal.kind} has no literal form in source`);
    default:
      return assertNever(literal);
  }
}
