/**
 * Looks into compiled methods and blocks: the header's fields, literals, primitive, selector, class, home and source.
 *
 * A compiled code object holds its header (a SmallInteger), its literals, then bytecodes. The header's value, 31 bits:
 *
 *     30 (sign)            29,28   27......24  23.....18  17      16         15     14.......0
 *     Sista V1, else V3    -       arguments   temps      large   primitive  -      literals
 *
 * "Temps" counts the arguments too; "large" asks for a context of 56 stack slots. A method's last literal is the association
 * of its class, the one before it the selector or an AdditionalMethodState (method, selector, then pragmas and
 * associations, among them #source -> text). A block's last literal is the code that it stands in.
 * Source: the class comment of CompiledCode in Squeak and Pharo.
 *
 * Contract: `code` is an object of a compiled method's format. Nothing here allocates.
 */
import { Format } from './header.ts';
import type { ObjectMemory } from './object-memory.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerOop, smallIntegerValue } from './oop.ts';
import { AssociationSlot } from './well-known.ts';

const LITERAL_COUNT_MASK = 0x7fff;
const PRIMITIVE_BIT = 1 << 16;
const LARGE_FRAME_BIT = 1 << 17;
const TEMP_COUNT_SHIFT = 18;
const TEMP_COUNT_MASK = 0x3f;
const ARGUMENT_COUNT_SHIFT = 24;
const ARGUMENT_COUNT_MASK = 0xf;
/** The sign bit of a 31-bit SmallInteger. */
const SISTA_BIT = 1 << 30;

export const MAX_LITERALS = LITERAL_COUNT_MASK;
export const MAX_TEMPS = TEMP_COUNT_MASK;
export const MAX_ARGUMENTS = ARGUMENT_COUNT_MASK;

/** `callPrimitive`: the byte, then the number's low and high byte. */
const CALL_PRIMITIVE_SISTA = 248;
const CALL_PRIMITIVE_V3 = 139;

/** Slots of an AdditionalMethodState (MethodProperties in older images); pragmas and associations follow. */
export const MethodStateSlot = { METHOD: 0, SELECTOR: 1, FIRST_PROPERTY: 2 } as const;

export interface MethodHeaderFields {
  readonly literalCount: number;
  readonly argumentCount: number;
  /** Arguments, temps and temp vectors; in a block the copied values too. */
  readonly tempCount: number;
  readonly hasPrimitive: boolean;
  readonly needsLargeFrame: boolean;
  readonly isSista: boolean;
}

/** The header as the SmallInteger that stands in slot 0. Contract: the counts are within the limits above. */
export function encodeMethodHeader(fields: MethodHeaderFields): Oop {
  const value =
    fields.literalCount |
    (fields.hasPrimitive ? PRIMITIVE_BIT : 0) |
    (fields.needsLargeFrame ? LARGE_FRAME_BIT : 0) |
    (fields.tempCount << TEMP_COUNT_SHIFT) |
    (fields.argumentCount << ARGUMENT_COUNT_SHIFT);
  return smallIntegerOop(fields.isSista ? value - SISTA_BIT : value);
}

/** The value of slot 0, whose fields the `header...` functions below read. */
export const methodHeaderOf = (memory: ObjectMemory, code: Oop): number =>
  smallIntegerValue(memory.fetchPointer(code, 0));

export const headerLiteralCount = (header: number): number => header & LITERAL_COUNT_MASK;
export const headerArgumentCount = (header: number): number => (header >> ARGUMENT_COUNT_SHIFT) & ARGUMENT_COUNT_MASK;
export const headerTempCount = (header: number): number => (header >> TEMP_COUNT_SHIFT) & TEMP_COUNT_MASK;
export const headerHasPrimitive = (header: number): boolean => (header & PRIMITIVE_BIT) !== 0;
export const headerNeedsLargeFrame = (header: number): boolean => (header & LARGE_FRAME_BIT) !== 0;
export const headerIsSista = (header: number): boolean => header < 0;

export function decodeMethodHeader(header: number): MethodHeaderFields {
  return {
    literalCount: headerLiteralCount(header),
    argumentCount: headerArgumentCount(header),
    tempCount: headerTempCount(header),
    hasPrimitive: headerHasPrimitive(header),
    needsLargeFrame: headerNeedsLargeFrame(header),
    isSista: headerIsSista(header),
  };
}

export const literalCountOf = (memory: ObjectMemory, code: Oop): number =>
  headerLiteralCount(methodHeaderOf(memory, code));

/** Literal `literalIndex`, from 0. */
export const literalAt = (memory: ObjectMemory, code: Oop, literalIndex: number): Oop =>
  memory.fetchPointer(code, 1 + literalIndex);

/** Offset of the first bytecode from the first body byte. A context's pc, which counts from 1, starts at this plus 1. */
export const bytecodeOffsetOf = (memory: ObjectMemory, code: Oop): number => (1 + literalCountOf(memory, code)) << 2;

/** Heap offset (index into `memory.u8`) of the first bytecode; valid until the next safepoint. */
export const bytecodeStartOf = (memory: ObjectMemory, code: Oop): number =>
  memory.bodyOf(code) + bytecodeOffsetOf(memory, code);

/** Heap offset of the end of the bytecodes, exclusive; a trailer counts as bytecodes. */
export const bytecodeEndOf = (memory: ObjectMemory, code: Oop): number => memory.bodyOf(code) + memory.byteSizeOf(code);

/** The number that the code's leading `callPrimitive` names, or 0 where it has none. */
export function primitiveNumberOf(memory: ObjectMemory, code: Oop): number {
  const header = methodHeaderOf(memory, code);
  if (!headerHasPrimitive(header)) return 0;
  const start = bytecodeStartOf(memory, code);
  if (start + 3 > bytecodeEndOf(memory, code)) return 0;
  if (memory.u8[start] !== (headerIsSista(header) ? CALL_PRIMITIVE_SISTA : CALL_PRIMITIVE_V3)) return 0;
  return memory.u8[start + 1]! | (memory.u8[start + 2]! << 8);
}

/** True for a CompiledBlock: its last literal is code, where a method's is an association. */
export function isCompiledBlock(memory: ObjectMemory, code: Oop): boolean {
  return outerCodeOf(memory, code) !== undefined;
}

/** The code that a block stands in; undefined for a method. */
export function outerCodeOf(memory: ObjectMemory, code: Oop): Oop | undefined {
  const last = lastLiteralOf(memory, code, 1);
  return last !== undefined && !isImmediate(last) && memory.isCompiledMethod(last) ? last : undefined;
}

/** The method that a block stands in, however deep; a method is its own home. */
export function homeMethodOf(memory: ObjectMemory, code: Oop): Oop {
  let home = code;
  let outer = outerCodeOf(memory, home);
  // Nesting is bounded by what the heap holds; a damaged image could hold a cycle.
  for (let depth = 0; outer !== undefined && depth <= MAX_NESTING; depth++) {
    home = outer;
    outer = outerCodeOf(memory, home);
  }
  return home;
}
const MAX_NESTING = 10_000;

/** The AdditionalMethodState of a method or of a block's home; undefined where it has only a selector. */
export function methodStateOf(memory: ObjectMemory, code: Oop): Oop | undefined {
  const literal = lastLiteralOf(memory, homeMethodOf(memory, code), 2);
  if (literal === undefined || isImmediate(literal)) return undefined;
  return memory.isPointers(literal) && memory.slotCountOf(literal) >= MethodStateSlot.FIRST_PROPERTY
    ? literal
    : undefined;
}

/** The selector of a method or of a block's home; undefined where the image keeps none. */
export function selectorOf(memory: ObjectMemory, code: Oop): Oop | undefined {
  const state = methodStateOf(memory, code);
  const selector =
    state === undefined
      ? lastLiteralOf(memory, homeMethodOf(memory, code), 2)
      : memory.fetchPointer(state, MethodStateSlot.SELECTOR);
  return selector !== undefined && !isImmediate(selector) && isTextObject(memory, selector) ? selector : undefined;
}

/** The class that a method, or a block's home, is installed in; undefined where the image keeps none. */
export function methodClassOf(memory: ObjectMemory, code: Oop): Oop | undefined {
  const association = methodClassAssociationOf(memory, code);
  if (association === undefined) return undefined;
  const behavior = memory.fetchPointer(association, AssociationSlot.VALUE);
  return !isImmediate(behavior) && behavior !== memory.nil && memory.isPointers(behavior) ? behavior : undefined;
}

/** The association that is the last literal of a method or of a block's home; a super send looks up from its value. */
export function methodClassAssociationOf(memory: ObjectMemory, code: Oop): Oop | undefined {
  const association = lastLiteralOf(memory, homeMethodOf(memory, code), 1);
  if (association === undefined || isImmediate(association)) return undefined;
  if (!memory.isPointers(association) || memory.slotCountOf(association) <= AssociationSlot.VALUE) return undefined;
  return association;
}

/** The value of a property that the method state keeps as an association under the symbol `key`; undefined without one. */
export function methodPropertyOf(memory: ObjectMemory, code: Oop, key: string): Oop | undefined {
  const state = methodStateOf(memory, code);
  if (state === undefined) return undefined;
  const slotCount = memory.slotCountOf(state);
  for (let slot = MethodStateSlot.FIRST_PROPERTY; slot < slotCount; slot++) {
    const property = memory.fetchPointer(state, slot);
    if (isImmediate(property) || !memory.isPointers(property) || memory.slotCountOf(property) !== 2) continue;
    const name = memory.fetchPointer(property, AssociationSlot.KEY);
    if (!isImmediate(name) && memory.isBytes(name) && memory.stringValueOf(name) === key)
      return memory.fetchPointer(property, AssociationSlot.VALUE);
  }
  return undefined;
}

/** The source text of a method, or of a block's home; undefined where the image keeps none. */
export function sourceOf(memory: ObjectMemory, code: Oop): string | undefined {
  const source = methodPropertyOf(memory, code, 'source');
  if (source === undefined || isImmediate(source) || !isTextObject(memory, source)) return undefined;
  return memory.stringValueOf(source);
}

/** `Demo>>copyName`, `Demo class>>new`; `[ ] in Demo>>copyName` for a block. Parts that the image lacks are `?`. */
export function methodNameOf(memory: ObjectMemory, code: Oop): string {
  const behavior = methodClassOf(memory, code);
  const selector = selectorOf(memory, code);
  const className = behavior === undefined ? '?' : memory.nameOfClass(behavior);
  const name = `${className}>>${selector === undefined ? '?' : memory.stringValueOf(selector)}`;
  return isCompiledBlock(memory, code) ? `[ ] in ${name}` : name;
}

/** The literal `fromEnd` places from the end (1 is the last); undefined where the code has not so many or no valid header. */
function lastLiteralOf(memory: ObjectMemory, code: Oop, fromEnd: number): Oop | undefined {
  if (!isSmallInteger(memory.fetchPointer(code, 0))) return undefined;
  const count = literalCountOf(memory, code);
  return count < fromEnd ? undefined : literalAt(memory, code, count - fromEnd);
}

/** Byte strings and symbols, and wide ones of 32 bits a character. */
function isTextObject(memory: ObjectMemory, oop: Oop): boolean {
  const format = memory.formatOf(oop);
  return (format >= Format.BYTES && format < Format.COMPILED_METHOD) || format === Format.BITS_32;
}
