/**
 * Primitives 40 to 59: Floats, IEEE 754 doubles. The receiver is a Float (an integer for `asFloat`), an argument a Float or
 * SmallInteger. They fail where the image raises an error or knows better: division by zero, the square root and
 * logarithm of what has none, the exponent of zero, infinity and NaN, `truncated` of what is not finite.
 */
import type { Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { NO_OOP } from '../vm/memory/oop.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { floatOperand, integerWithin, isByteObject, isFloat } from './operands.ts';

const binary =
  (operation: (a: number, b: number) => number | boolean | undefined): Primitive =>
  (vm) => {
    const { memory } = vm;
    const receiver = vm.stackValue(1);
    if (!isFloat(memory, receiver)) return vm.fail(PrimitiveError.BAD_RECEIVER);
    const b = floatOperand(memory, vm.stackValue(0));
    if (b === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const result = operation(memory.floatValueOf(receiver), b);
    if (result === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    return vm.answer(1, typeof result === 'boolean' ? memory.booleanOop(result) : memory.newFloat(result));
  };

const unary =
  (operation: (a: number) => number | undefined): Primitive =>
  (vm) => {
    const { memory } = vm;
    const receiver = vm.stackValue(0);
    if (!isFloat(memory, receiver)) return vm.fail(PrimitiveError.BAD_RECEIVER);
    const result = operation(memory.floatValueOf(receiver));
    return result === undefined ? vm.fail(PrimitiveError.BAD_RECEIVER) : vm.answer(0, memory.newFloat(result));
  };

/** Rounds to the nearest double, ties to even, as the language defines the conversion of a BigInt. */
const asFloat: Primitive = (vm) => {
  const value = vm.memory.integerValueOf(vm.stackValue(0));
  if (value === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
  return vm.answer(0, vm.memory.newFloat(Number(value)));
};

const truncated: Primitive = (vm) => {
  const { memory } = vm;
  const receiver = vm.stackValue(0);
  if (!isFloat(memory, receiver)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const value = memory.floatValueOf(receiver);
  if (!Number.isFinite(value)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const oop = memory.integerOop(BigInt(Math.trunc(value)));
  return oop === NO_OOP ? vm.fail(PrimitiveError.NO_MEMORY) : vm.answer(0, oop);
};

/** Power of two of the highest bit; undefined for zero and what is not finite. */
export function exponentOf(value: number): number | undefined {
  if (value === 0 || !Number.isFinite(value)) return undefined;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const biased = (bits.getUint32(0) >>> 20) & 0x7ff;
  if (biased !== 0) return biased - 1023;
  bits.setFloat64(0, value * 2 ** 54);
  return ((bits.getUint32(0) >>> 20) & 0x7ff) - 1023 - 54;
}

/** value * 2^power, rounded once. Powers are applied in steps that stay exact until the last. */
export function timesTwoPower(value: number, power: number): number {
  let result = value;
  let rest = Math.max(-2200, Math.min(2200, power));
  while (rest > 1023) {
    result *= 2 ** 1023;
    rest -= 1023;
  }
  // A step down keeps 53 bits in hand, so that only the last one can round into the subnormal range.
  while (rest < -1022) {
    result *= 2 ** (-1022 + 53);
    rest += 1022 - 53;
  }
  return result * 2 ** rest;
}

const exponent: Primitive = (vm) => {
  const receiver = vm.stackValue(0);
  if (!isFloat(vm.memory, receiver)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const result = exponentOf(vm.memory.floatValueOf(receiver));
  if (result === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
  return vm.answer(0, vm.memory.integerOop(BigInt(result)));
};

const scale: Primitive = (vm) => {
  const receiver = vm.stackValue(1);
  if (!isFloat(vm.memory, receiver)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const power = integerWithin(vm.stackValue(0), -(2 ** 30), 2 ** 30);
  if (power === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  return vm.answer(1, vm.memory.newFloat(timesTwoPower(vm.memory.floatValueOf(receiver), power)));
};

/** The shortest digits that read back as the same double; `nan`, `inf`, `-inf`; always a point or an exponent. */
export function floatPrintString(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const digits = String(value).replace('e+', 'e');
  if (!digits.includes('e')) return digits.includes('.') ? digits : `${digits}.0`;
  const [mantissa, power] = digits.split('e');
  return `${mantissa!.includes('.') ? mantissa : `${mantissa}.0`}e${power}`;
}

const printString: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const oop = vm.stackValue(0);
  if (!isFloat(memory, oop))
    return vm.fail(argumentCount === 0 ? PrimitiveError.BAD_RECEIVER : PrimitiveError.BAD_ARGUMENT);
  return vm.answer(argumentCount, memory.newByteString(floatPrintString(memory.floatValueOf(oop))));
};

const FLOAT_SYNTAX = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

const parse: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const oop = vm.stackValue(0);
  if (!isByteObject(memory, oop)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const text = memory.stringValueOf(oop);
  if (!FLOAT_SYNTAX.test(text)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  return vm.answer(argumentCount, memory.newFloat(Number(text)));
};

export const floatPrimitives: readonly PrimitiveDefinition[] = [
  { number: 40, name: 'asFloat', run: asFloat },
  { number: 41, name: '+', run: binary((a, b) => a + b) },
  { number: 42, name: '-', run: binary((a, b) => a - b) },
  { number: 43, name: '<', run: binary((a, b) => a < b) },
  { number: 44, name: '>', run: binary((a, b) => a > b) },
  { number: 45, name: '<=', run: binary((a, b) => a <= b) },
  { number: 46, name: '>=', run: binary((a, b) => a >= b) },
  { number: 47, name: '=', run: binary((a, b) => a === b) },
  { number: 48, name: '~=', run: binary((a, b) => a !== b) },
  { number: 49, name: '*', run: binary((a, b) => a * b) },
  { number: 50, name: '/', run: binary((a, b) => (b === 0 ? undefined : a / b)) },
  { number: 51, name: 'truncated', run: truncated },
  { number: 52, name: 'fractionPart', run: unary((a) => (Number.isFinite(a) ? a - Math.trunc(a) : undefined)) },
  { number: 53, name: 'exponent', run: exponent },
  { number: 54, name: 'timesTwoPower:', run: scale },
  { number: 55, name: 'sqrt', run: unary((a) => (a < 0 || Number.isNaN(a) ? undefined : Math.sqrt(a))) },
  { number: 56, name: 'sin', run: unary(Math.sin) },
  { number: 57, name: 'arcTan', run: unary(Math.atan) },
  { number: 58, name: 'ln', run: unary((a) => (a < 0 || Number.isNaN(a) ? undefined : Math.log(a))) },
  { number: 59, name: 'exp', run: unary(Math.exp) },
  { module: 'SafeFFIHost', name: 'primitiveFloatPrintString', run: printString },
  { module: 'SafeFFIHost', name: 'primitiveParseFloat', run: parse },
  { module: 'SafeFFIHost', name: 'primitiveFloatRaisedTo', run: binary((a, b) => a ** b) },
];
