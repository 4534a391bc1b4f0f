/**
 * Module FloatMathPlugin: functions of Floats, as JavaScript has them. An argument out of a function's domain fails, so that the image says so. Results may
 * differ in the last bit from those of fdlibm, which the plugin in C is linked with: the language leaves that to its engine.
 */
import type { FailureName, Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { timesTwoPower } from './float.ts';
import { floatOperand, integerWithin, isFloat } from './operands.ts';

const MODULE = 'FloatMathPlugin';
const LARGEST = 2 ** 30;
const UNARY_FAILS: readonly FailureName[] = ['BAD_RECEIVER'];
const BINARY_FAILS: readonly FailureName[] = ['BAD_RECEIVER', 'BAD_ARGUMENT'];

const unary =
  (operation: (a: number) => number, isInDomain: (a: number) => boolean = () => true): Primitive =>
  (vm) => {
    const { memory } = vm;
    const receiver = vm.stackValue(0);
    if (!isFloat(memory, receiver) || !isInDomain(memory.floatValueOf(receiver)))
      return vm.fail(PrimitiveError.BAD_RECEIVER);
    return vm.answer(0, memory.newFloat(operation(memory.floatValueOf(receiver))));
  };

const binary =
  (
    operation: (a: number, b: number) => number,
    isInDomain: (a: number, b: number) => boolean = () => true,
  ): Primitive =>
  (vm) => {
    const { memory } = vm;
    const receiver = vm.stackValue(1);
    const argument = floatOperand(memory, vm.stackValue(0));
    if (!isFloat(memory, receiver)) return vm.fail(PrimitiveError.BAD_RECEIVER);
    if (argument === undefined || !isInDomain(memory.floatValueOf(receiver), argument))
      return vm.fail(PrimitiveError.BAD_ARGUMENT);
    return vm.answer(1, memory.newFloat(operation(memory.floatValueOf(receiver), argument)));
  };

const scale: Primitive = (vm) => {
  const receiver = vm.stackValue(1);
  if (!isFloat(vm.memory, receiver)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const power = integerWithin(vm.stackValue(0), -LARGEST, LARGEST);
  if (power === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  return vm.answer(1, vm.memory.newFloat(timesTwoPower(vm.memory.floatValueOf(receiver), power)));
};

const isAtMostOne = (a: number): boolean => Math.abs(a) <= 1;
const isNotNegative = (a: number): boolean => a >= 0;

const UNARY: Readonly<Record<string, Primitive>> = {
  primitiveArcCos: unary(Math.acos, isAtMostOne),
  primitiveArcCosH: unary(Math.acosh, (a) => a >= 1),
  primitiveArcSin: unary(Math.asin, isAtMostOne),
  primitiveArcSinH: unary(Math.asinh),
  primitiveArcTan: unary(Math.atan),
  primitiveArcTanH: unary(Math.atanh, isAtMostOne),
  primitiveCos: unary(Math.cos),
  primitiveCosH: unary(Math.cosh),
  primitiveExp: unary(Math.exp),
  primitiveFractionalPart: unary((a) => a % 1, Number.isFinite),
  primitiveLog10: unary(Math.log10, isNotNegative),
  primitiveLogN: unary(Math.log, isNotNegative),
  primitiveSin: unary(Math.sin),
  primitiveSinH: unary(Math.sinh),
  primitiveSqrt: unary(Math.sqrt, isNotNegative),
  primitiveTan: unary(Math.tan),
  primitiveTanH: unary(Math.tanh),
};

const BINARY: Readonly<Record<string, Primitive>> = {
  primitiveArcTan2: binary(Math.atan2),
  primitiveFMod: binary(
    (a, b) => a % b,
    (_a, b) => b !== 0,
  ),
  primitiveHypot: binary(Math.hypot),
  primitiveRaisedToPower: binary(
    (a, b) => a ** b,
    (a, b) => a >= 0 || Number.isInteger(b),
  ),
  primitiveTimesTwoPower: scale,
};

export const floatMathPluginPrimitives: readonly PrimitiveDefinition[] = [
  ...Object.entries(UNARY).map(([name, run]) => ({ module: MODULE, name, takes: 0, fails: UNARY_FAILS, run })),
  ...Object.entries(BINARY).map(([name, run]) => ({ module: MODULE, name, takes: 1, fails: BINARY_FAILS, run })),
];
