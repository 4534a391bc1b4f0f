/**
 * Primitives 1 to 18: arithmetic of SmallIntegers. They fail for any other operand and where the result is no SmallInteger;
 * the image then takes the large ones (`large-integer.ts`). `//` and `\\` round down, `quo:` towards zero.
 */
import type { Primitive } from '../vm/interpreter/primitive-table.ts';
import { fitsSmallInteger, smallIntegerOop } from '../vm/memory/oop.ts';
import { PrimitiveError, SpecialObject } from '../vm/memory/well-known.ts';
import { failing } from './failing.ts';
import { isNumber } from './operands.ts';

/** NaN stands for "not with these operands". */
const arithmetic =
  (operation: (a: number, b: number) => number): Primitive =>
  (vm) => {
    const a = vm.stackValue(1);
    const b = vm.stackValue(0);
    if ((a & 1) === 0) return vm.fail(PrimitiveError.BAD_RECEIVER);
    if ((b & 1) === 0) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const result = operation(a >> 1, b >> 1);
    return fitsSmallInteger(result) ? vm.answer(1, smallIntegerOop(result)) : vm.fail(PrimitiveError.GENERIC);
  };

const comparison =
  (operation: (a: number, b: number) => boolean): Primitive =>
  (vm) => {
    const a = vm.stackValue(1);
    const b = vm.stackValue(0);
    if ((a & 1) === 0) return vm.fail(PrimitiveError.BAD_RECEIVER);
    if ((b & 1) === 0) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    return vm.answer(1, vm.memory.booleanOop(operation(a >> 1, b >> 1)));
  };

export const exactQuotient = (a: number, b: number): number => (b !== 0 && a % b === 0 ? a / b : Number.NaN);
export const floorQuotient = (a: number, b: number): number => (b === 0 ? Number.NaN : Math.floor(a / b));
export const floorRemainder = (a: number, b: number): number => (b === 0 ? Number.NaN : a - b * Math.floor(a / b));
export const truncatedQuotient = (a: number, b: number): number => (b === 0 ? Number.NaN : Math.trunc(a / b));

/** Left by a positive count, right (keeping the sign) by a negative one. */
export const shifted = (a: number, count: number): number => {
  if (count > 31) return a === 0 ? 0 : Number.NaN;
  return count >= 0 ? a * 2 ** count : a >> Math.min(31, -count);
};

const makePoint: Primitive = (vm) => {
  const { memory } = vm;
  const x = vm.stackValue(1);
  const y = vm.stackValue(0);
  if (!isNumber(memory, y)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const point = memory.instantiate(memory.specialObject(SpecialObject.CLASS_POINT));
  memory.storePointer(point, 0, x);
  memory.storePointer(point, 1, y);
  return vm.answer(1, point);
};

export const integerPrimitives = failing(
  ['BAD_RECEIVER', 'BAD_ARGUMENT', 'GENERIC'],
  [
    { number: 1, name: 'primitiveAdd', selectors: '+', takes: 1, run: arithmetic((a, b) => a + b) },
    { number: 2, name: 'primitiveSubtract', selectors: '-', takes: 1, run: arithmetic((a, b) => a - b) },
    { number: 3, name: 'primitiveLessThan', selectors: '<', takes: 1, run: comparison((a, b) => a < b) },
    { number: 4, name: 'primitiveGreaterThan', selectors: '>', takes: 1, run: comparison((a, b) => a > b) },
    { number: 5, name: 'primitiveLessOrEqual', selectors: '<=', takes: 1, run: comparison((a, b) => a <= b) },
    { number: 6, name: 'primitiveGreaterOrEqual', selectors: '>=', takes: 1, run: comparison((a, b) => a >= b) },
    { number: 7, name: 'primitiveEqual', selectors: '=', takes: 1, run: comparison((a, b) => a === b) },
    { number: 8, name: 'primitiveNotEqual', selectors: '~=', takes: 1, run: comparison((a, b) => a !== b) },
    { number: 9, name: 'primitiveMultiply', selectors: '*', takes: 1, run: arithmetic((a, b) => a * b) },
    { number: 10, name: 'primitiveDivide', selectors: '/', takes: 1, run: arithmetic(exactQuotient) },
    { number: 11, name: 'primitiveMod', selectors: '\\\\', takes: 1, run: arithmetic(floorRemainder) },
    { number: 12, name: 'primitiveDiv', selectors: '//', takes: 1, run: arithmetic(floorQuotient) },
    { number: 13, name: 'primitiveQuo', selectors: 'quo:', takes: 1, run: arithmetic(truncatedQuotient) },
    { number: 14, name: 'primitiveBitAnd', selectors: 'bitAnd:', takes: 1, run: arithmetic((a, b) => a & b) },
    { number: 15, name: 'primitiveBitOr', selectors: 'bitOr:', takes: 1, run: arithmetic((a, b) => a | b) },
    { number: 16, name: 'primitiveBitXor', selectors: 'bitXor:', takes: 1, run: arithmetic((a, b) => a ^ b) },
    { number: 17, name: 'primitiveBitShift', selectors: 'bitShift:', takes: 1, run: arithmetic(shifted) },
    { number: 18, name: 'primitiveMakePoint', selectors: '@', takes: 1, run: makePoint },
  ],
);
