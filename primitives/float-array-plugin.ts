/**
 * Modules FloatArrayPlugin, on objects of 32-bit words that hold single floats, and Float64ArrayPlugin, on objects of 64-bit elements, or of 32-bit
 * words in pairs, that hold doubles. What they do to a receiver they do in place. Sums are taken in double precision.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { FailureName, Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { Format } from '../vm/memory/header.ts';
import { isImmediate, type Oop, smallIntegerOop } from '../vm/memory/oop.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { floatOperand, integerWithin } from './operands.ts';

type Floats = Float32Array | Float64Array;

/** An object's elements as floats of a width, a view that is valid until the next safepoint; undefined where it has none such. */
type Elements = (vm: Interpreter, oop: Oop) => Floats | undefined;

const singles: Elements = ({ memory }, oop) => {
  if (isImmediate(oop)) return undefined;
  const format = memory.formatOf(oop);
  if (format < Format.BITS_32 || format >= Format.BITS_16) return undefined;
  return new Float32Array(memory.u8.buffer, memory.bodyOf(oop), memory.slotCountOf(oop) - (format & 1));
};

const doubles: Elements = ({ memory }, oop) => {
  if (isImmediate(oop)) return undefined;
  const format = memory.formatOf(oop);
  const isWide = format === Format.BITS_64 || (format >= Format.BITS_32 && format < Format.BITS_16);
  if (!isWide) return undefined;
  return new Float64Array(memory.u8.buffer, memory.bodyOf(oop), memory.slotCountOf(oop) >> 1);
};

/** The module's primitives for elements of one width. */
function arrayPrimitives(module: string, elementsOf: Elements, other: string): readonly PrimitiveDefinition[] {
  const RECEIVER: readonly FailureName[] = ['BAD_RECEIVER'];
  const BOTH: readonly FailureName[] = ['BAD_RECEIVER', 'BAD_ARGUMENT', 'NO_MODIFICATION'];

  const at: Primitive = (vm) => {
    const floats = elementsOf(vm, vm.stackValue(1));
    if (floats === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
    const index = integerWithin(vm.stackValue(0), 1, floats.length);
    if (index === undefined) return vm.fail(PrimitiveError.BAD_INDEX);
    return vm.answer(1, vm.memory.newFloat(floats[index - 1]!));
  };

  const atPut: Primitive = (vm) => {
    const { memory } = vm;
    const floats = elementsOf(vm, vm.stackValue(2));
    if (floats === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
    const index = integerWithin(vm.stackValue(1), 1, floats.length);
    const value = floatOperand(memory, vm.stackValue(0));
    if (index === undefined) return vm.fail(PrimitiveError.BAD_INDEX);
    if (value === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    if (memory.isImmutable(vm.stackValue(2))) return vm.fail(PrimitiveError.NO_MODIFICATION);
    floats[index - 1] = value;
    return vm.answer(2, vm.stackValue(0));
  };

  /** Two arrays of one size. */
  const pairOf = (vm: Interpreter): readonly [Floats, Floats] | number => {
    const receiver = elementsOf(vm, vm.stackValue(1));
    const argument = elementsOf(vm, vm.stackValue(0));
    if (receiver === undefined) return PrimitiveError.BAD_RECEIVER;
    return argument === undefined ? PrimitiveError.BAD_ARGUMENT : [receiver, argument];
  };

  /** Element by element, into the receiver; undefined fails, and nothing has changed. */
  const withArray =
    (operation: (a: number, b: number) => number, isAllowed: (b: number) => boolean = () => true): Primitive =>
    (vm) => {
      const pair = pairOf(vm);
      if (typeof pair === 'number') return vm.fail(pair);
      const [receiver, argument] = pair;
      if (receiver.length !== argument.length || !argument.every(isAllowed))
        return vm.fail(PrimitiveError.BAD_ARGUMENT);
      if (vm.memory.isImmutable(vm.stackValue(1))) return vm.fail(PrimitiveError.NO_MODIFICATION);
      for (let i = 0; i < receiver.length; i++) receiver[i] = operation(receiver[i]!, argument[i]!);
      return vm.answer(1, vm.stackValue(1));
    };

  const withScalar =
    (operation: (a: number, b: number) => number): Primitive =>
    (vm) => {
      const floats = elementsOf(vm, vm.stackValue(1));
      const scalar = floatOperand(vm.memory, vm.stackValue(0));
      if (floats === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
      if (scalar === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
      if (vm.memory.isImmutable(vm.stackValue(1))) return vm.fail(PrimitiveError.NO_MODIFICATION);
      for (let i = 0; i < floats.length; i++) floats[i] = operation(floats[i]!, scalar);
      return vm.answer(1, vm.stackValue(1));
    };

  const equal: Primitive = (vm) => {
    const pair = pairOf(vm);
    if (typeof pair === 'number') return vm.fail(pair);
    const [a, b] = pair;
    const same = a.length === b.length && a.every((value, i) => value === b[i]);
    return vm.answer(1, vm.memory.booleanOop(same));
  };

  const dotProduct: Primitive = (vm) => {
    const pair = pairOf(vm);
    if (typeof pair === 'number') return vm.fail(pair);
    const [a, b] = pair;
    if (a.length !== b.length) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
    return vm.answer(1, vm.memory.newFloat(sum));
  };

  /** A number made of all elements; undefined fails. */
  const overAll =
    (reduce: (floats: Floats) => number | undefined): Primitive =>
    (vm) => {
      const floats = elementsOf(vm, vm.stackValue(0));
      const result = floats === undefined ? undefined : reduce(floats);
      return result === undefined ? vm.fail(PrimitiveError.BAD_RECEIVER) : vm.answer(0, vm.memory.newFloat(result));
    };

  /** The sum of the words, as integers. */
  const hash: Primitive = (vm) => {
    const floats = elementsOf(vm, vm.stackValue(0));
    if (floats === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
    const words = new Int32Array(floats.buffer, floats.byteOffset, floats.byteLength >> 2);
    let sum = 0;
    for (const word of words) sum = (sum + word) | 0;
    return vm.answer(0, smallIntegerOop(sum & 0x1fffffff));
  };

  /** In place; without a length it fails. */
  const normalize: Primitive = (vm) => {
    const floats = elementsOf(vm, vm.stackValue(0));
    const length = floats === undefined ? undefined : lengthOf(floats);
    if (floats === undefined || length === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
    if (vm.memory.isImmutable(vm.stackValue(0))) return vm.fail(PrimitiveError.NO_MODIFICATION);
    for (let i = 0; i < floats.length; i++) floats[i]! /= length;
    return vm.answer(0, vm.stackValue(0));
  };

  const named = (name: string, takes: number, fails: readonly FailureName[], run: Primitive): PrimitiveDefinition => ({
    module,
    name,
    takes,
    fails,
    run,
  });
  return [
    named('primitiveAt', 1, ['BAD_RECEIVER', 'BAD_INDEX'], at),
    named('primitiveAtPut', 2, [...BOTH, 'BAD_INDEX'], atPut),
    named('primitiveEqual', 1, ['BAD_RECEIVER', 'BAD_ARGUMENT'], equal),
    named('primitiveHashArray', 0, RECEIVER, hash),
    named(
      `primitiveAdd${other}`,
      1,
      BOTH,
      withArray((a, b) => a + b),
    ),
    named(
      `primitiveSub${other}`,
      1,
      BOTH,
      withArray((a, b) => a - b),
    ),
    named(
      `primitiveMul${other}`,
      1,
      BOTH,
      withArray((a, b) => a * b),
    ),
    named(
      `primitiveDiv${other}`,
      1,
      BOTH,
      withArray(
        (a, b) => a / b,
        (b) => b !== 0,
      ),
    ),
    named(
      'primitiveAddScalar',
      1,
      BOTH,
      withScalar((a, b) => a + b),
    ),
    named(
      'primitiveSubScalar',
      1,
      BOTH,
      withScalar((a, b) => a - b),
    ),
    named(
      'primitiveMulScalar',
      1,
      BOTH,
      withScalar((a, b) => a * b),
    ),
    named(
      'primitiveDivScalar',
      1,
      BOTH,
      withScalar((a, b) => a / b),
    ),
    named('primitiveDotProduct', 1, ['BAD_RECEIVER', 'BAD_ARGUMENT'], dotProduct),
    named(
      'primitiveSum',
      0,
      RECEIVER,
      overAll((floats) => (floats as Float64Array).reduce((sum, each) => sum + each, 0)),
    ),
    named('primitiveLength', 0, RECEIVER, overAll(lengthOf)),
    named('primitiveNormalize', 0, [...RECEIVER, 'NO_MODIFICATION'], normalize),
  ];
}

/** The square root of the sum of squares; undefined for 0 and what is no number. */
function lengthOf(floats: Floats): number | undefined {
  let sum = 0;
  for (const each of floats) sum += each * each;
  return sum > 0 ? Math.sqrt(sum) : undefined;
}

const single = arrayPrimitives('FloatArrayPlugin', singles, 'FloatArray');
const byName = (name: string): PrimitiveDefinition => single.find((each) => each.name === name)!;
const numbered = (number: number, name: string, selectors: string, from: PrimitiveDefinition): PrimitiveDefinition => ({
  number,
  name,
  selectors,
  ...(from.takes === undefined ? {} : { takes: from.takes }),
  ...(from.fails === undefined ? {} : { fails: from.fails }),
  run: from.run,
});

export const floatArrayPluginPrimitives: readonly PrimitiveDefinition[] = [
  ...single,
  ...arrayPrimitives('Float64ArrayPlugin', doubles, 'Float64Array'),
  numbered(238, 'primitiveFloatArrayAt', 'at:', byName('primitiveAt')),
  numbered(239, 'primitiveFloatArrayAtPut', 'at:put:', byName('primitiveAtPut')),
];
