import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exponentOf, floatPrintString, timesTwoPower } from '../../primitives/float.ts';
import { standardPrimitives } from '../../primitives/index.ts';
import { floorQuotient, floorRemainder } from '../../primitives/integer.ts';
import { MAX_SMALL_INTEGER, MIN_SMALL_INTEGER, type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { TinyImage } from './tiny-image.ts';

/** Results that say that a primitive failed. */
const FAILED = 'failed';

const SPECIAL_SEND: Record<string, number> = {
  '+': 96,
  '-': 97,
  '<': 98,
  '>': 99,
  '<=': 100,
  '>=': 101,
  '=': 102,
  '~=': 103,
  '*': 104,
  '/': 105,
  '\\\\': 106,
  'bitShift:': 108,
  '//': 109,
  'bitAnd:': 110,
  'bitOr:': 111,
};

/** What each operation means on integers; undefined where the primitive is to fail. */
const MEANING: Record<string, (a: bigint, b: bigint) => bigint | boolean | undefined> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
  '=': (a, b) => a === b,
  '~=': (a, b) => a !== b,
  '/': (a, b) => (b === 0n || a % b !== 0n ? undefined : a / b),
  '//': (a, b) => (b === 0n ? undefined : floorDiv(a, b)),
  '\\\\': (a, b) => (b === 0n ? undefined : a - b * floorDiv(a, b)),
  'quo:': (a, b) => (b === 0n ? undefined : a / b),
  'rem:': (a, b) => (b === 0n ? undefined : a % b),
  'bitAnd:': (a, b) => a & b,
  'bitOr:': (a, b) => a | b,
  'bitXor:': (a, b) => a ^ b,
  'bitShift:': (a, b) => (b >= 0n ? a << b : a >> -b),
};

const SMALL: Record<string, number> = {
  '+': 1,
  '-': 2,
  '<': 3,
  '>': 4,
  '<=': 5,
  '>=': 6,
  '=': 7,
  '~=': 8,
  '*': 9,
  '/': 10,
  '\\\\': 11,
  '//': 12,
  'quo:': 13,
  'bitAnd:': 14,
  'bitOr:': 15,
  'bitXor:': 16,
  'bitShift:': 17,
};
const LARGE: Record<string, number> = {
  'rem:': 20,
  '+': 21,
  '-': 22,
  '<': 23,
  '>': 24,
  '<=': 25,
  '>=': 26,
  '=': 27,
  '~=': 28,
  '*': 29,
  '/': 30,
  '\\\\': 31,
  '//': 32,
  'quo:': 33,
  'bitAnd:': 34,
  'bitOr:': 35,
  'bitXor:': 36,
  'bitShift:': 37,
};

function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

/** Methods `send<op>:` (the bytecode), `small<op>:` and `large<op>:` (the primitives, nil where they fail) on all integers. */
function integerImage(): TinyImage {
  const image = new TinyImage();
  image.vm.addPrimitives(standardPrimitives());
  for (const [name, number] of Object.entries(SMALL)) {
    image.method('Object', `small${name}`, { arguments: 1, primitive: number, code: [91] });
    image.method('Object', name, { arguments: 1, primitive: number, code: [91] });
  }
  for (const [name, number] of Object.entries(LARGE))
    image.method('Object', `large${name}`, { arguments: 1, primitive: number, code: [91] });
  for (const [name, bytecode] of Object.entries(SPECIAL_SEND))
    image.method('Object', `send${name}`, { arguments: 1, code: [76, 64, bytecode, 92] });
  return image;
}

const image = integerImage();
const { memory } = image;

function ask(receiver: Oop, selector: string, argument: Oop): bigint | boolean | string {
  const outcome = image.vm.call(receiver, image.symbol(selector), [argument]);
  if (outcome.kind !== 'value') throw new Error(`${selector} ended with ${outcome.kind}`);
  if (outcome.oop === memory.nil) return FAILED;
  if (outcome.oop === memory.true) return true;
  if (outcome.oop === memory.false) return false;
  return memory.integerValueOf(outcome.oop)!;
}

const small = fc.oneof(
  fc.integer({ min: MIN_SMALL_INTEGER, max: MAX_SMALL_INTEGER }),
  fc.constantFrom(MIN_SMALL_INTEGER, MAX_SMALL_INTEGER, 0, 1, -1, 2, -2),
);
const large = fc.oneof(fc.bigInt({ min: -(1n << 200n), max: 1n << 200n }), small.map(BigInt));

const fitsSmall = (value: bigint): boolean => value >= BigInt(MIN_SMALL_INTEGER) && value <= BigInt(MAX_SMALL_INTEGER);

describe('integers', () => {
  test('small primitives answer what BigInt does, and fail where the result is not small', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(SMALL)), small, small, (name, a, b) => {
        const count = name === 'bitShift:' ? b % 40 : b;
        const meant = MEANING[name]!(BigInt(a), BigInt(count));
        const wanted = meant === undefined || (typeof meant === 'bigint' && !fitsSmall(meant)) ? FAILED : meant;
        expect(ask(smallIntegerOop(a), `small${name}`, smallIntegerOop(count))).toBe(wanted);
      }),
      { numRuns: 2000 },
    );
  });

  test('special sends of small integers agree with the primitives, or send', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(SPECIAL_SEND)), small, small, (name, a, b) => {
        const count = name === 'bitShift:' ? b % 40 : b;
        const viaSend = ask(smallIntegerOop(a), `send${name}`, smallIntegerOop(count));
        expect(viaSend).toBe(ask(smallIntegerOop(a), `small${name}`, smallIntegerOop(count)));
      }),
      { numRuns: 2000 },
    );
  });

  test('large primitives answer what BigInt does, for operands of any size', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(LARGE)), large, large, (name, a, b) => {
        const count = name === 'bitShift:' ? b % 300n : b;
        const meant = MEANING[name]!(a, count);
        expect(ask(memory.integerOop(a), `large${name}`, memory.integerOop(count))).toBe(meant ?? FAILED);
      }),
      { numRuns: 2000 },
    );
  });

  test('a result of more than 16 MB is refused', () => {
    expect(ask(smallIntegerOop(1), 'largebitShift:', smallIntegerOop(1 << 27))).toBe(FAILED);
  });

  test('floor division and its remainder belong together', () => {
    fc.assert(
      fc.property(small, small, (a, b) => {
        fc.pre(b !== 0);
        expect(floorQuotient(a, b) * b + floorRemainder(a, b)).toBe(a);
        expect(floorRemainder(a, b) === 0 || floorRemainder(a, b) < 0 === b < 0).toBe(true);
      }),
    );
  });
});

describe('floats', () => {
  test('printed digits read back as the same float', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Object.is(Number(floatPrintString(value)), value)).toBe(true);
        expect(floatPrintString(value)).toMatch(/^-?\d+\.\d+(e-?\d+)?$/);
      }),
    );
  });

  test('exponent and timesTwoPower: take a float apart and put it together', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        fc.pre(value !== 0);
        const exponent = exponentOf(value)!;
        const mantissa = timesTwoPower(value, -exponent);
        expect(Math.abs(mantissa) >= 1 && Math.abs(mantissa) < 2).toBe(true);
        expect(timesTwoPower(mantissa, exponent)).toBe(value);
      }),
      { numRuns: 2000 },
    );
  });

  test('timesTwoPower: rounds once on its way into the subnormal range', () => {
    expect(timesTwoPower(1 + 2 ** -52, -1074)).toBe(2 ** -1074);
    expect(timesTwoPower(3, -1075)).toBe(2 ** -1073);
    expect(timesTwoPower(1, 1024)).toBe(Number.POSITIVE_INFINITY);
    expect(timesTwoPower(2 ** -1074, 2097)).toBe(2 ** 1023);
  });
});
