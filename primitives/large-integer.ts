/**
 * Primitives 20 to 37: arithmetic of integers of any size, through BigInt. Operands may be small or large, normalized or
 * not; results are normalized. They fail for other operands, for a division by zero, where `/` would leave a rest, and
 * (`LIMIT_EXCEEDED`) where a result would take more than `MAX_RESULT_BITS`.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { Primitive } from '../vm/interpreter/primitive-table.ts';
import { isSmallInteger, NO_OOP, smallIntegerOop } from '../vm/memory/oop.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { failing } from './failing.ts';

/** 16 MB: above this a result would hold the VM up for seconds. */
export const MAX_RESULT_BITS = 1 << 27;

/** Undefined: fails. */
type Operation = (a: bigint, b: bigint) => bigint | undefined;

function operands(vm: Interpreter): readonly [bigint, bigint] | undefined {
  const a = vm.memory.integerValueOf(vm.stackValue(1));
  const b = vm.memory.integerValueOf(vm.stackValue(0));
  if (a === undefined) vm.fail(PrimitiveError.BAD_RECEIVER);
  else if (b === undefined) vm.fail(PrimitiveError.BAD_ARGUMENT);
  else return [a, b];
  return undefined;
}

const arithmetic =
  (operation: Operation): Primitive =>
  (vm) => {
    const values = operands(vm);
    if (values === undefined) return false;
    const result = operation(values[0], values[1]);
    if (result === undefined) return vm.fail(PrimitiveError.GENERIC);
    const oop = vm.memory.integerOop(result);
    return oop === NO_OOP ? vm.fail(PrimitiveError.NO_MEMORY) : vm.answer(1, oop);
  };

const comparison =
  (operation: (a: bigint, b: bigint) => boolean): Primitive =>
  (vm) => {
    const values = operands(vm);
    return values !== undefined && vm.answer(1, vm.memory.booleanOop(operation(values[0], values[1])));
  };

export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

const floorModulo = (a: bigint, b: bigint): bigint => a - b * floorDivide(a, b);

/** Bits that the operand's object has, give or take a word. */
function bitsOf(vm: Interpreter, offset: number): number {
  const oop = vm.stackValue(offset);
  return isSmallInteger(oop) ? 31 : vm.memory.byteSizeOf(oop) * 8;
}

const multiply: Primitive = (vm, argumentCount) => {
  if (operands(vm) === undefined) return false;
  if (bitsOf(vm, 0) + bitsOf(vm, 1) > MAX_RESULT_BITS) return vm.fail(PrimitiveError.LIMIT_EXCEEDED);
  return arithmetic((a, b) => a * b)(vm, argumentCount);
};

const shift: Primitive = (vm, argumentCount) => {
  const values = operands(vm);
  if (values === undefined) return false;
  const [a, count] = values;
  if (a !== 0n && count > 0n && count + BigInt(bitsOf(vm, 1)) > BigInt(MAX_RESULT_BITS))
    return vm.fail(PrimitiveError.LIMIT_EXCEEDED);
  return arithmetic(() => shiftBig(a, count))(vm, argumentCount);
};

/** The multiplier of Squeak's and Pharo's hashes, and the 28 bits that they keep. */
const HASH_MULTIPLIER = 1664525;
const HASH_BITS = 0xfffffff;

/** `hashMultiply` of a SmallInteger or an integer above them. */
const hashMultiply: Primitive = (vm) => {
  const value = vm.memory.integerValueOf(vm.stackValue(0));
  if (value === undefined || (value < 0n && !isSmallInteger(vm.stackValue(0))))
    return vm.fail(PrimitiveError.BAD_RECEIVER);
  return vm.answer(0, smallIntegerOop(Math.imul(Number(BigInt.asIntN(32, value)), HASH_MULTIPLIER) & HASH_BITS));
};

/** `bitShift:`: right shifts round down. */
function shiftBig(a: bigint, count: bigint): bigint {
  if (a === 0n) return 0n;
  if (count >= 0n) return a << count;
  return -count > BigInt(MAX_RESULT_BITS) * 8n ? (a < 0n ? -1n : 0n) : a >> -count;
}

export const largeIntegerPrimitives = failing(
  ['BAD_RECEIVER', 'BAD_ARGUMENT', 'GENERIC', 'LIMIT_EXCEEDED', 'NO_MEMORY'],
  [
    {
      number: 20,
      name: 'primitiveRemLargeIntegers',
      selectors: 'rem:',
      takes: 1,
      run: arithmetic((a, b) => (b === 0n ? undefined : a % b)),
    },
    { number: 21, name: 'primitiveAddLargeIntegers', selectors: '+', takes: 1, run: arithmetic((a, b) => a + b) },
    { number: 22, name: 'primitiveSubtractLargeIntegers', selectors: '-', takes: 1, run: arithmetic((a, b) => a - b) },
    { number: 23, name: 'primitiveLessThanLargeIntegers', selectors: '<', takes: 1, run: comparison((a, b) => a < b) },
    {
      number: 24,
      name: 'primitiveGreaterThanLargeIntegers',
      selectors: '>',
      takes: 1,
      run: comparison((a, b) => a > b),
    },
    {
      number: 25,
      name: 'primitiveLessOrEqualLargeIntegers',
      selectors: '<=',
      takes: 1,
      run: comparison((a, b) => a <= b),
    },
    {
      number: 26,
      name: 'primitiveGreaterOrEqualLargeIntegers',
      selectors: '>=',
      takes: 1,
      run: comparison((a, b) => a >= b),
    },
    { number: 27, name: 'primitiveEqualLargeIntegers', selectors: '=', takes: 1, run: comparison((a, b) => a === b) },
    {
      number: 28,
      name: 'primitiveNotEqualLargeIntegers',
      selectors: '~=',
      takes: 1,
      run: comparison((a, b) => a !== b),
    },
    { number: 29, name: 'primitiveMultiplyLargeIntegers', selectors: '*', takes: 1, run: multiply },
    {
      number: 30,
      name: 'primitiveDivideLargeIntegers',
      selectors: '/',
      takes: 1,
      run: arithmetic((a, b) => (b === 0n || a % b !== 0n ? undefined : a / b)),
    },
    {
      number: 31,
      name: 'primitiveModLargeIntegers',
      selectors: '\\\\',
      takes: 1,
      run: arithmetic((a, b) => (b === 0n ? undefined : floorModulo(a, b))),
    },
    {
      number: 32,
      name: 'primitiveDivLargeIntegers',
      selectors: '//',
      takes: 1,
      run: arithmetic((a, b) => (b === 0n ? undefined : floorDivide(a, b))),
    },
    {
      number: 33,
      name: 'primitiveQuoLargeIntegers',
      selectors: 'quo:',
      takes: 1,
      run: arithmetic((a, b) => (b === 0n ? undefined : a / b)),
    },
    {
      number: 34,
      name: 'primitiveBitAndLargeIntegers',
      selectors: 'bitAnd:',
      takes: 1,
      run: arithmetic((a, b) => a & b),
    },
    {
      number: 35,
      name: 'primitiveBitOrLargeIntegers',
      selectors: 'bitOr:',
      takes: 1,
      run: arithmetic((a, b) => a | b),
    },
    {
      number: 36,
      name: 'primitiveBitXorLargeIntegers',
      selectors: 'bitXor:',
      takes: 1,
      run: arithmetic((a, b) => a ^ b),
    },
    { number: 37, name: 'primitiveBitShiftLargeIntegers', selectors: 'bitShift:', takes: 1, run: shift },
    {
      number: 159,
      name: 'primitiveHashMultiply',
      selectors: 'hashMultiply',
      takes: 0,
      fails: ['BAD_RECEIVER'],
      run: hashMultiply,
    },
  ],
);
