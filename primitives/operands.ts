/**
 * What primitives ask about their operands: is it an index, a number, text, a class. Each answers undefined or false for
 * what does not fit, so that the primitive fails with the code that says which operand it was.
 */
import { Format, LAST_POINTER_FORMAT } from '../vm/memory/header.ts';
import type { ObjectMemory } from '../vm/memory/object-memory.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerValue } from '../vm/memory/oop.ts';
import { BehaviorSlot, ClassIndex } from '../vm/memory/well-known.ts';

export const isFloat = (memory: ObjectMemory, oop: Oop): boolean =>
  !isImmediate(oop) && memory.classIndexOfObject(oop) === ClassIndex.FLOAT;

export const isArray = (memory: ObjectMemory, oop: Oop): boolean =>
  !isImmediate(oop) && memory.classIndexOfObject(oop) === ClassIndex.ARRAY;

/** A SmallInteger, LargeInteger or Float. */
export function isNumber(memory: ObjectMemory, oop: Oop): boolean {
  return isSmallInteger(oop) || isFloat(memory, oop) || memory.integerValueOf(oop) !== undefined;
}

/** The value of a SmallInteger in [least, most]; undefined for anything else. */
export function integerWithin(oop: Oop, least: number, most: number): number | undefined {
  if (!isSmallInteger(oop)) return undefined;
  const value = smallIntegerValue(oop);
  return value >= least && value <= most ? value : undefined;
}

/** The value of an integer that a double holds exactly; undefined for anything else. */
export function safeIntegerValue(memory: ObjectMemory, oop: Oop): number | undefined {
  const value = isSmallInteger(oop) ? smallIntegerValue(oop) : memory.integerValueOf(oop);
  if (value === undefined) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The double that a Float or SmallInteger stands for. */
export function floatOperand(memory: ObjectMemory, oop: Oop): number | undefined {
  if (isSmallInteger(oop)) return smallIntegerValue(oop);
  return isFloat(memory, oop) ? memory.floatValueOf(oop) : undefined;
}

/** A byte string, symbol or byte array. */
export const isByteObject = (memory: ObjectMemory, oop: Oop): boolean => !isImmediate(oop) && memory.isBytes(oop);

export const isCompiledCode = (memory: ObjectMemory, oop: Oop): boolean =>
  !isImmediate(oop) && memory.isCompiledMethod(oop);

/** An object that can have instances: superclass, method dictionary and a format. */
export function isBehavior(memory: ObjectMemory, oop: Oop): boolean {
  return (
    !isImmediate(oop) &&
    memory.isPointers(oop) &&
    memory.slotCountOf(oop) > BehaviorSlot.FORMAT &&
    isSmallInteger(memory.fetchPointer(oop, BehaviorSlot.FORMAT))
  );
}

/** What an object's indexed part is made of. */
export type ElementKind = 'pointers' | 'bytes' | 'shorts' | 'words' | 'longs' | 'none';

export function elementKindOf(format: number): ElementKind {
  if (format >= Format.INDEXABLE && format <= LAST_POINTER_FORMAT) return 'pointers';
  if (format >= Format.BYTES && format < Format.COMPILED_METHOD) return 'bytes';
  if (format >= Format.BITS_16 && format < Format.BYTES) return 'shorts';
  if (format >= Format.BITS_32 && format < Format.BITS_16) return 'words';
  if (format === Format.BITS_64) return 'longs';
  return 'none';
}
