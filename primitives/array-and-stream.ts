/**
 * Primitives 60 to 64: `at:`, `at:put:`, `size` of whatever has indexed elements, and the same of strings, whose elements
 * are Characters. Elements count from 1, behind the named instance variables. Contexts have primitives of their own.
 * Elements of bits are integers, signed nowhere; 64-bit ones may be LargeIntegers.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { Primitive } from '../vm/interpreter/primitive-table.ts';
import { Format } from '../vm/memory/header.ts';
import type { ObjectMemory } from '../vm/memory/object-memory.ts';
import {
  characterOop,
  characterValue,
  isCharacter,
  isImmediate,
  isSmallInteger,
  NO_OOP,
  type Oop,
  smallIntegerOop,
  smallIntegerValue,
} from '../vm/memory/oop.ts';
import { ClassIndex, PrimitiveError } from '../vm/memory/well-known.ts';
import { failing } from './failing.ts';
import { type ElementKind, elementKindOf } from './operands.ts';

/** The kind of `object`'s elements and how many it has; undefined where it has none. */
export function elementsOf(
  memory: ObjectMemory,
  object: Oop,
): { kind: ElementKind; count: number; fixed: number } | undefined {
  if (isImmediate(object) || memory.classIndexOfObject(object) === ClassIndex.CONTEXT) return undefined;
  const format = memory.formatOf(object);
  const kind = elementKindOf(format);
  const slots = memory.slotCountOf(object);
  switch (kind) {
    case 'none':
      return undefined;
    case 'pointers': {
      const fixed = format === Format.INDEXABLE ? 0 : memory.fixedSlotsOf(memory.classOf(object));
      return { kind, count: slots - fixed, fixed };
    }
    case 'bytes':
      return { kind, count: memory.byteSizeOf(object), fixed: 0 };
    case 'shorts':
      return { kind, count: slots * 2 - (format & 1), fixed: 0 };
    case 'words':
      return { kind, count: slots, fixed: 0 };
    case 'longs':
      return { kind, count: slots >> 1, fixed: 0 };
  }
}

/** Element `index` (from 0); NO_OOP when there is no room for a LargeInteger. */
function elementAt(memory: ObjectMemory, object: Oop, kind: ElementKind, index: number): Oop {
  const first = (object >> 2) + 2;
  switch (kind) {
    case 'bytes':
      return smallIntegerOop(memory.u8[memory.bodyOf(object) + index]!);
    case 'shorts':
      return smallIntegerOop(memory.u16[(memory.bodyOf(object) >> 1) + index]!);
    case 'words':
      return memory.integerOop(BigInt(memory.i32[first + index]! >>> 0));
    case 'longs':
      return memory.integerOop(
        (BigInt(memory.i32[first + 2 * index + 1]! >>> 0) << 32n) | BigInt(memory.i32[first + 2 * index]! >>> 0),
      );
    default:
      return memory.fetchPointer(object, index);
  }
}

/** Stores an element of bits; false when the value does not fit. */
function storeBits(memory: ObjectMemory, object: Oop, kind: ElementKind, index: number, value: Oop): boolean {
  const first = (object >> 2) + 2;
  if (kind === 'bytes' || kind === 'shorts') {
    const most = kind === 'bytes' ? 255 : 65535;
    if (!isSmallInteger(value) || smallIntegerValue(value) < 0 || smallIntegerValue(value) > most) return false;
    if (kind === 'bytes') memory.u8[memory.bodyOf(object) + index] = smallIntegerValue(value);
    else memory.u16[(memory.bodyOf(object) >> 1) + index] = smallIntegerValue(value);
    return true;
  }
  const integer = memory.integerValueOf(value);
  if (integer === undefined || integer < 0n || integer >= 1n << (kind === 'words' ? 32n : 64n)) return false;
  if (kind === 'words') {
    memory.i32[first + index] = Number(integer);
  } else {
    memory.i32[first + 2 * index] = Number(integer & 0xffffffffn);
    memory.i32[first + 2 * index + 1] = Number(integer >> 32n);
  }
  return true;
}

/** The element index (from 0) that the oop names; NaN-free: undefined when it is none. */
function elementIndex(oop: Oop, count: number): number | undefined {
  if (!isSmallInteger(oop)) return undefined;
  const index = smallIntegerValue(oop) - 1;
  return index >= 0 && index < count ? index : undefined;
}

const at =
  (characters: boolean): Primitive =>
  (vm, argumentCount) => {
    const { memory } = vm;
    const object = vm.stackValue(1);
    const elements = elementsOf(memory, object);
    if (elements === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
    const index = elementIndex(vm.stackValue(0), elements.count);
    if (index === undefined) return failIndex(vm, vm.stackValue(0));
    const element = elementAt(memory, object, elements.kind, elements.fixed + index);
    if (element === NO_OOP) return vm.fail(PrimitiveError.NO_MEMORY);
    if (!characters) return vm.answer(argumentCount, element);
    if (!isSmallInteger(element)) return vm.fail(PrimitiveError.BAD_RECEIVER);
    return vm.answer(argumentCount, characterOop(smallIntegerValue(element)));
  };

const atPut =
  (characters: boolean): Primitive =>
  (vm, argumentCount) => {
    const { memory } = vm;
    const object = vm.stackValue(2);
    const value = vm.stackValue(0);
    const elements = elementsOf(memory, object);
    if (elements === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
    const index = elementIndex(vm.stackValue(1), elements.count);
    if (index === undefined) return failIndex(vm, vm.stackValue(1));
    if (memory.isImmutable(object)) return vm.fail(PrimitiveError.NO_MODIFICATION);
    if (elements.kind === 'pointers') {
      if (characters) return vm.fail(PrimitiveError.BAD_RECEIVER);
      memory.storePointer(object, elements.fixed + index, value);
      return vm.answer(argumentCount, value);
    }
    if (characters !== isCharacter(value)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const stored = characters ? smallIntegerOop(characterValue(value)) : value;
    if (!storeBits(memory, object, elements.kind, index, stored)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    return vm.answer(argumentCount, value);
  };

const failIndex = (vm: Interpreter, index: Oop): false =>
  vm.fail(isSmallInteger(index) ? PrimitiveError.BAD_INDEX : PrimitiveError.BAD_ARGUMENT);

/** Objects without elements answer 0. */
const size: Primitive = (vm, argumentCount) => {
  const object = vm.stackValue(0);
  if (isImmediate(object)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (vm.memory.classIndexOfObject(object) === ClassIndex.CONTEXT) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (vm.memory.isCompiledMethod(object))
    return vm.answer(argumentCount, smallIntegerOop(vm.memory.byteSizeOf(object)));
  return vm.answer(argumentCount, smallIntegerOop(elementsOf(vm.memory, object)?.count ?? 0));
};

/** `CompiledCode>>at:`: a byte, literals included. 1-based. */
const codeAt: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const object = vm.stackValue(1);
  if (isImmediate(object) || !memory.isCompiledMethod(object)) return at(false)(vm, argumentCount);
  const index = elementIndex(vm.stackValue(0), memory.byteSizeOf(object));
  if (index === undefined) return failIndex(vm, vm.stackValue(0));
  return vm.answer(argumentCount, smallIntegerOop(memory.u8[memory.bodyOf(object) + index]!));
};

/** A byte behind the literals: those are oops, and have `objectAt:put:`. */
const codeAtPut: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const object = vm.stackValue(2);
  if (isImmediate(object) || !memory.isCompiledMethod(object)) return atPut(false)(vm, argumentCount);
  const index = elementIndex(vm.stackValue(1), memory.byteSizeOf(object));
  const literals = 4 * (1 + (smallIntegerValue(memory.fetchPointer(object, 0)) & 0x7fff));
  if (index === undefined || index < literals) return failIndex(vm, vm.stackValue(1));
  if (!storeBits(memory, object, 'bytes', index, vm.stackValue(0))) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  vm.cache.flushMethod(object);
  return vm.answer(argumentCount, vm.stackValue(0));
};

export const arrayPrimitives = failing(
  ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_INDEX', 'NO_MODIFICATION', 'NO_MEMORY'],
  [
    { number: 60, name: 'primitiveAt', selectors: 'at:', takes: [1, 2], run: codeAt },
    { number: 61, name: 'primitiveAtPut', selectors: 'at:put:', takes: [2, 3], run: codeAtPut },
    { number: 62, name: 'primitiveSize', selectors: 'size', takes: [0, 1], run: size },
    { number: 63, name: 'primitiveStringAt', selectors: 'stringAt:', takes: 1, run: at(true) },
    { number: 64, name: 'primitiveStringAtPut', selectors: 'stringAt:put:', takes: 2, run: atPut(true) },
  ],
);
