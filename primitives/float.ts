/**
 * Primitives 38 to 59, and 541 to 559: Floats, IEEE 754 doubles. The receiver is a Float (an integer for `asFloat`), an argument a Float or
 * SmallInteger. They fail where the image raises an error or knows better: division by zero, the square root and
 * logarithm of what has none, the exponent of zero, infinity and NaN, `truncated` of what is not finite.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { NO_OOP, type Oop } from '../vm/memory/oop.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { failing } from './failing.ts';
import { floatOperand, integerWithin, isByteObject, isFloat, safeIntegerValue } from './operands.ts';

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

/** Element 1 is the upper half of the double's bits, 2 the lower. */
function halfOf(vm: Interpreter, float: Oop, index: Oop): number | undefined {
  const half = integerWithin(index, 1, 2);
  return half === undefined ? undefined : vm.memory.bodyOf(float) + (half === 1 ? 4 : 0);
}

const floatAt: Primitive = (vm) => {
  const { memory } = vm;
  const receiver = vm.stackValue(1);
  if (!isFloat(memory, receiver)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const at = halfOf(vm, receiver, vm.stackValue(0));
  if (at === undefined) return vm.fail(PrimitiveError.BAD_INDEX);
  return vm.answer(1, memory.integerOop(BigInt(memory.i32[at >> 2]! >>> 0)));
};

const floatAtPut: Primitive = (vm) => {
  const { memory } = vm;
  const receiver = vm.stackValue(2);
  if (!isFloat(memory, receiver)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const at = halfOf(vm, receiver, vm.stackValue(1));
  if (at === undefined) return vm.fail(PrimitiveError.BAD_INDEX);
  const bits = safeIntegerValue(memory, vm.stackValue(0));
  if (bits === undefined || bits < 0 || bits > 0xffffffff) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (memory.isImmutable(receiver)) return vm.fail(PrimitiveError.NO_MODIFICATION);
  memory.i32[at >> 2] = bits | 0;
  return vm.answer(2, vm.stackValue(0));
};

/** SmallFloats of 64-bit images are Floats here, and may be called by either number. */
const FIRST_FLOAT = 41;
const FIRST_SMALL_FLOAT = 541;

function withSmallFloats(definitions: readonly PrimitiveDefinition[]): readonly PrimitiveDefinition[] {
  const small = definitions.flatMap((definition) =>
    'number' in definition && definition.number >= FIRST_FLOAT
      ? [
          {
            ...definition,
            number: definition.number - FIRST_FLOAT + FIRST_SMALL_FLOAT,
            name: definition.name.replace(/^primitive(Float)?/, 'primitiveSmallFloat'),
          },
        ]
      : [],
  );
  return [...definitions, ...small];
}

export const floatPrimitives = failing(
  ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_INDEX', 'NO_MODIFICATION', 'NO_MEMORY'],
  withSmallFloats([
    { number: 38, name: 'primitiveFloatAt', selectors: 'basicAt:', takes: 1, run: floatAt },
    { number: 39, name: 'primitiveFloatAtPut', selectors: 'basicAt:put:', takes: 2, run: floatAtPut },
    { number: 40, name: 'primitiveAsFloat', selectors: 'asFloat', takes: 0, run: asFloat },
    { number: 41, name: 'primitiveFloatAdd', selectors: '+', takes: 1, run: binary((a, b) => a + b) },
    { number: 42, name: 'primitiveFloatSubtract', selectors: '-', takes: 1, run: binary((a, b) => a - b) },
    { number: 43, name: 'primitiveFloatLessThan', selectors: '<', takes: 1, run: binary((a, b) => a < b) },
    { number: 44, name: 'primitiveFloatGreaterThan', selectors: '>', takes: 1, run: binary((a, b) => a > b) },
    { number: 45, name: 'primitiveFloatLessOrEqual', selectors: '<=', takes: 1, run: binary((a, b) => a <= b) },
    { number: 46, name: 'primitiveFloatGreaterOrEqual', selectors: '>=', takes: 1, run: binary((a, b) => a >= b) },
    { number: 47, name: 'primitiveFloatEqual', selectors: '=', takes: 1, run: binary((a, b) => a === b) },
    { number: 48, name: 'primitiveFloatNotEqual', selectors: '~=', takes: 1, run: binary((a, b) => a !== b) },
    { number: 49, name: 'primitiveFloatMultiply', selectors: '*', takes: 1, run: binary((a, b) => a * b) },
    {
      number: 50,
      name: 'primitiveFloatDivide',
      selectors: '/',
      takes: 1,
      run: binary((a, b) => (b === 0 ? undefined : a / b)),
    },
    { number: 51, name: 'primitiveTruncated', selectors: 'truncated', takes: 0, run: truncated },
    {
      number: 52,
      name: 'primitiveFractionalPart',
      selectors: 'fractionPart',
      takes: 0,
      run: unary((a) => (Number.isFinite(a) ? a - Math.trunc(a) : undefined)),
    },
    { number: 53, name: 'primitiveExponent', selectors: 'exponent', takes: 0, run: exponent },
    { number: 54, name: 'primitiveTimesTwoPower', selectors: 'timesTwoPower:', takes: 1, run: scale },
    {
      number: 55,
      name: 'primitiveSquareRoot',
      selectors: 'sqrt',
      takes: 0,
      run: unary((a) => (a < 0 || Number.isNaN(a) ? undefined : Math.sqrt(a))),
    },
    { number: 56, name: 'primitiveSine', selectors: 'sin', takes: 0, run: unary(Math.sin) },
    { number: 57, name: 'primitiveArctan', selectors: 'arcTan', takes: 0, run: unary(Math.atan) },
    {
      number: 58,
      name: 'primitiveLogN',
      selectors: 'ln',
      takes: 0,
      run: unary((a) => (a < 0 || Number.isNaN(a) ? undefined : Math.log(a))),
    },
    { number: 59, name: 'primitiveExp', selectors: 'exp', takes: 0, run: unary(Math.exp) },
    { module: 'SafeFFIHost', name: 'primitiveFloatPrintString', takes: [0, 1], run: printString },
    { module: 'SafeFFIHost', name: 'primitiveParseFloat', takes: 1, run: parse },
    { module: 'SafeFFIHost', name: 'primitiveFloatRaisedTo', takes: 1, run: binary((a, b) => a ** b) },
  ]),
);
