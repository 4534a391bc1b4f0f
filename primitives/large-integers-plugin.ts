/**
 * Module LargeIntegers: arithmetic on magnitudes, out of which images make their own of all integers. Through BigInt; results are normalized.
 * Operands may be SmallIntegers or LargeIntegers of either sign. Source: class comment and methods of LargeIntegersPlugin in VMMaker.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { FailureName, Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { NO_OOP, type Oop, smallIntegerOop } from '../vm/memory/oop.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { MAX_RESULT_BITS } from './large-integer.ts';
import { integerWithin } from './operands.ts';

const MODULE = 'LargeIntegers';
const LARGEST = 0x3fffffff;
/** Bits of a digit in Montgomery's multiplication. */
const DIGIT_BITS = 32;

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);
const withSign = (value: bigint, isNegative: boolean): bigint => (isNegative ? -value : value);
const bitLength = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);

function answerInteger(vm: Interpreter, argumentCount: number, value: bigint): boolean {
  const oop = vm.memory.integerOop(value);
  return oop === NO_OOP ? vm.fail(PrimitiveError.NO_MEMORY) : vm.answer(argumentCount, oop);
}

/** Receiver and first argument as integers; a failure code where one is none. */
function operands(vm: Interpreter, argumentCount: number): readonly [bigint, bigint] | number {
  const first = vm.memory.integerValueOf(vm.stackValue(argumentCount));
  if (first === undefined) return PrimitiveError.BAD_RECEIVER;
  const second = vm.memory.integerValueOf(vm.stackValue(argumentCount - 1));
  return second === undefined ? PrimitiveError.BAD_ARGUMENT : [first, second];
}

/** The sum of the magnitudes, or their difference, with the receiver's sign. */
const digits =
  (operation: (a: bigint, b: bigint) => bigint): Primitive =>
  (vm) => {
    const values = operands(vm, 1);
    if (typeof values === 'number') return vm.fail(values);
    const [a, b] = values;
    return answerInteger(vm, 1, withSign(operation(magnitude(a), magnitude(b)), a < 0n));
  };

/** A truth value, or undefined. */
function flagOf(vm: Interpreter, oop: Oop): boolean | undefined {
  if (oop === vm.memory.true) return true;
  return oop === vm.memory.false ? false : undefined;
}

/** `digitMultiply: integer neg: isNegative`. */
const multiply: Primitive = (vm) => {
  const values = operands(vm, 2);
  const isNegative = flagOf(vm, vm.stackValue(0));
  if (typeof values === 'number') return vm.fail(values);
  if (isNegative === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const [a, b] = values.map(magnitude) as [bigint, bigint];
  if (bitLength(a) + bitLength(b) > MAX_RESULT_BITS) return vm.fail(PrimitiveError.LIMIT_EXCEEDED);
  return answerInteger(vm, 2, withSign(a * b, isNegative));
};

/** `digitDiv: integer neg: isNegative`: an Array of the quotient, with that sign, and the rest, with the receiver's. */
const divide: Primitive = (vm) => {
  const { memory } = vm;
  const values = operands(vm, 2);
  const isNegative = flagOf(vm, vm.stackValue(0));
  if (typeof values === 'number') return vm.fail(values);
  const [a, b] = values;
  if (isNegative === undefined || b === 0n) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const quotient = memory.integerOop(withSign(magnitude(a) / magnitude(b), isNegative));
  const rest = memory.integerOop(a % b);
  if (quotient === NO_OOP || rest === NO_OOP) return vm.fail(PrimitiveError.NO_MEMORY);
  const both = memory.newArray(2);
  memory.storePointer(both, 0, quotient);
  memory.storePointer(both, 1, rest);
  return vm.answer(2, both);
};

const compare: Primitive = (vm) => {
  const values = operands(vm, 1);
  if (typeof values === 'number') return vm.fail(values);
  const [a, b] = values.map(magnitude) as [bigint, bigint];
  return vm.answer(1, smallIntegerOop(a < b ? -1 : a > b ? 1 : 0));
};

/** Bits of integers that are not negative; others fail, as the image knows its own way. */
const bits =
  (operation: (a: bigint, b: bigint) => bigint): Primitive =>
  (vm) => {
    const values = operands(vm, 1);
    if (typeof values === 'number') return vm.fail(values);
    const [a, b] = values;
    if (a < 0n) return vm.fail(PrimitiveError.BAD_RECEIVER);
    return b < 0n ? vm.fail(PrimitiveError.BAD_ARGUMENT) : answerInteger(vm, 1, operation(a, b));
  };

/** Shifts the magnitude, left by a positive count, and keeps the sign. */
const shiftMagnitude: Primitive = (vm) => {
  const value = vm.memory.integerValueOf(vm.stackValue(1));
  const count = integerWithin(vm.stackValue(0), -LARGEST, LARGEST);
  if (value === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (count === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const bare = magnitude(value);
  if (bare !== 0n && count > 0 && bitLength(bare) + count > MAX_RESULT_BITS)
    return vm.fail(PrimitiveError.LIMIT_EXCEEDED);
  const shifted = count >= 0 || bare === 0n ? bare << BigInt(bare === 0n ? 0 : count) : bare >> BigInt(-count);
  return answerInteger(vm, 1, withSign(shifted, value < 0n));
};

/** `anyBitOfMagnitudeFrom: start to: stop`; bits count from 1. */
const anyBit: Primitive = (vm) => {
  const value = vm.memory.integerValueOf(vm.stackValue(2));
  const start = integerWithin(vm.stackValue(1), 1, LARGEST);
  const stop = integerWithin(vm.stackValue(0), -LARGEST, LARGEST);
  if (value === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (start === undefined || stop === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const upTo = Math.min(stop, bitLength(magnitude(value)));
  const isSet = upTo >= start && BigInt.asUintN(upTo - start + 1, magnitude(value) >> BigInt(start - 1)) !== 0n;
  return vm.answer(2, vm.memory.booleanOop(isSet));
};

const normalize: Primitive = (vm) => {
  const value = vm.memory.integerValueOf(vm.stackValue(0));
  return value === undefined ? vm.fail(PrimitiveError.BAD_RECEIVER) : answerInteger(vm, 0, value);
};

/** `montgomeryTimes: factor modulo: modulus mInvModB: inverse`: the product, divided by a power of 2^32 modulo the modulus. */
const montgomery: Primitive = (vm) => {
  const { memory } = vm;
  const a = memory.integerValueOf(vm.stackValue(3));
  const b = memory.integerValueOf(vm.stackValue(2));
  const modulus = memory.integerValueOf(vm.stackValue(1));
  const inverse = memory.integerValueOf(vm.stackValue(0));
  if (a === undefined || a < 0n) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (b === undefined || modulus === undefined || inverse === undefined || b < 0n || modulus <= 0n)
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const length = Math.ceil(bitLength(modulus) / DIGIT_BITS);
  if (inverse < 0n || inverse >> BigInt(DIGIT_BITS) !== 0n || bitLength(a) > length * DIGIT_BITS)
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (bitLength(b) > length * DIGIT_BITS) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  let sum = 0n;
  for (let i = 0; i < length; i++) {
    sum += BigInt.asUintN(DIGIT_BITS, a >> BigInt(i * DIGIT_BITS)) * b;
    const factor = BigInt.asUintN(DIGIT_BITS, BigInt.asUintN(DIGIT_BITS, sum) * inverse);
    sum = (sum + factor * modulus) >> BigInt(DIGIT_BITS);
  }
  return answerInteger(vm, 3, sum >= modulus ? sum - modulus : sum);
};

const MOST: readonly FailureName[] = ['BAD_RECEIVER', 'BAD_ARGUMENT', 'NO_MEMORY'];
const SIZED: readonly FailureName[] = [...MOST, 'LIMIT_EXCEEDED'];
const named = (name: string, takes: number, run: Primitive, fails = MOST): PrimitiveDefinition => ({
  module: MODULE,
  name,
  takes,
  fails,
  run,
});

export const largeIntegersPluginPrimitives: readonly PrimitiveDefinition[] = [
  named(
    'primDigitAdd',
    1,
    digits((a, b) => a + b),
  ),
  named(
    'primDigitSubtract',
    1,
    digits((a, b) => a - b),
  ),
  named('primDigitMultiplyNegative', 2, multiply, SIZED),
  named('primDigitDivNegative', 2, divide),
  named('primDigitCompare', 1, compare),
  named(
    'primDigitBitAnd',
    1,
    bits((a, b) => a & b),
  ),
  named(
    'primDigitBitOr',
    1,
    bits((a, b) => a | b),
  ),
  named(
    'primDigitBitXor',
    1,
    bits((a, b) => a ^ b),
  ),
  named('primDigitBitShiftMagnitude', 1, shiftMagnitude, SIZED),
  named('primAnyBitFromTo', 2, anyBit),
  named('primNormalizePositive', 0, normalize),
  named('primNormalizeNegative', 0, normalize),
  named('primMontgomeryTimesModulo', 3, montgomery),
  named('primMontgomeryDigitLength', 0, (vm) => vm.answer(0, smallIntegerOop(DIGIT_BITS)), []),
  named('primGetModuleName', 0, (vm) => vm.answer(0, vm.memory.newByteString(MODULE)), []),
];
