/**
 * Objects of bits seen as something else than their class says: signed 16-bit and signed elements (143, 144, 165, 166), filled (145), compared
 * as bytes (156, 158). Byte order is little-endian, as the heap's. An object of bits is any that holds no pointers and no code.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { FailureName, Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { Format, LAST_POINTER_FORMAT } from '../vm/memory/header.ts';
import type { ObjectMemory } from '../vm/memory/object-memory.ts';
import { isImmediate, isSmallInteger, NO_OOP, type Oop, smallIntegerOop, smallIntegerValue } from '../vm/memory/oop.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { elementsOf } from './array-and-stream.ts';
import { isByteObject } from './operands.ts';

export const isBits = (memory: ObjectMemory, oop: Oop): boolean =>
  !isImmediate(oop) && memory.formatOf(oop) > LAST_POINTER_FORMAT && !memory.isCompiledMethod(oop);

/** How many bytes an object of bits has. */
export function bitsSizeOf(memory: ObjectMemory, oop: Oop): number {
  const format = memory.formatOf(oop);
  if (format >= Format.BYTES) return memory.byteSizeOf(oop);
  const unused = format >= Format.BITS_16 ? 2 * (format & 1) : 0;
  return memory.slotCountOf(oop) * 4 - unused;
}

/** The bytes of an object of bits; valid until the next safepoint. */
export function bitsOf(memory: ObjectMemory, oop: Oop): Uint8Array {
  const body = memory.bodyOf(oop);
  return memory.u8.subarray(body, body + bitsSizeOf(memory, oop));
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

// Signed elements

/** Bytes of an element of `kind`. */
const WIDTHS = { bytes: 1, shorts: 2, words: 4, longs: 8 } as const;

interface ElementPlace {
  readonly offset: number;
  readonly width: number;
}

/** Where element `index` (an oop, from 1) lies, of the object's own width or of one that is given; a failure code when nowhere. */
function placeOf(vm: Interpreter, object: Oop, index: Oop, width?: number): ElementPlace | number {
  const { memory } = vm;
  if (!isSmallInteger(index)) return PrimitiveError.BAD_ARGUMENT;
  if (!isBits(memory, object)) return PrimitiveError.BAD_RECEIVER;
  const { kind } = elementsOf(memory, object)!;
  if (kind === 'none' || kind === 'pointers') return PrimitiveError.BAD_RECEIVER;
  const wide = width ?? WIDTHS[kind];
  const at = smallIntegerValue(index) - 1;
  if (at < 0 || (at + 1) * wide > bitsSizeOf(memory, object)) return PrimitiveError.BAD_INDEX;
  return { offset: at * wide, width: wide };
}

const signedAt =
  (width?: number): Primitive =>
  (vm) => {
    const object = vm.stackValue(1);
    const place = placeOf(vm, object, vm.stackValue(0), width);
    if (typeof place === 'number') return vm.fail(place);
    const view = viewOf(bitsOf(vm.memory, object));
    return answerInteger(vm, 1, readInteger(view, place.offset, place.width, true));
  };

const signedAtPut =
  (width?: number): Primitive =>
  (vm) => {
    const { memory } = vm;
    const object = vm.stackValue(2);
    const place = placeOf(vm, object, vm.stackValue(1), width);
    if (typeof place === 'number') return vm.fail(place);
    if (memory.isImmutable(object)) return vm.fail(PrimitiveError.NO_MODIFICATION);
    const value = memory.integerValueOf(vm.stackValue(0));
    if (value === undefined || !fits(value, place.width, true)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    writeInteger(viewOf(bitsOf(memory, object)), place.offset, place.width, value);
    return vm.answer(2, vm.stackValue(0));
  };

function answerInteger(vm: Interpreter, argumentCount: number, value: bigint): boolean {
  const oop = vm.memory.integerOop(value);
  return oop === NO_OOP ? vm.fail(PrimitiveError.NO_MEMORY) : vm.answer(argumentCount, oop);
}

/** An integer of 1, 2, 4 or 8 bytes. */
export function readInteger(view: DataView, offset: number, width: number, isSigned: boolean): bigint {
  switch (width) {
    case 1:
      return BigInt(isSigned ? view.getInt8(offset) : view.getUint8(offset));
    case 2:
      return BigInt(isSigned ? view.getInt16(offset, true) : view.getUint16(offset, true));
    case 4:
      return BigInt(isSigned ? view.getInt32(offset, true) : view.getUint32(offset, true));
    default:
      return isSigned ? view.getBigInt64(offset, true) : view.getBigUint64(offset, true);
  }
}

/** Whether `value` is an integer of so many bytes. */
export function fits(value: bigint, width: number, isSigned: boolean): boolean {
  const bits = BigInt(width * 8);
  return isSigned ? BigInt.asIntN(Number(bits), value) === value : BigInt.asUintN(Number(bits), value) === value;
}

export function writeInteger(view: DataView, offset: number, width: number, value: bigint): void {
  if (width === 8) view.setBigInt64(offset, BigInt.asIntN(64, value), true);
  else if (width === 4) view.setInt32(offset, Number(BigInt.asIntN(32, value)), true);
  else if (width === 2) view.setInt16(offset, Number(BigInt.asIntN(16, value)), true);
  else view.setInt8(offset, Number(BigInt.asIntN(8, value)));
}

/** `atAllPut:` of an object of bits: the value is an element without a sign. */
const constantFill: Primitive = (vm) => {
  const { memory } = vm;
  const object = vm.stackValue(1);
  if (!isBits(memory, object)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const { kind, count } = elementsOf(memory, object)!;
  if (kind === 'none' || kind === 'pointers') return vm.fail(PrimitiveError.BAD_RECEIVER);
  const value = memory.integerValueOf(vm.stackValue(0));
  if (value === undefined || !fits(value, WIDTHS[kind], false)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (memory.isImmutable(object)) return vm.fail(PrimitiveError.NO_MODIFICATION);
  const body = memory.bodyOf(object);
  if (kind === 'bytes') memory.u8.fill(Number(value), body, body + count);
  else if (kind === 'shorts') memory.u16.fill(Number(value), body >> 1, (body >> 1) + count);
  else if (kind === 'words') memory.i32.fill(Number(value) | 0, body >> 2, (body >> 2) + count);
  else {
    const view = viewOf(bitsOf(memory, object));
    for (let i = 0; i < count; i++) view.setBigUint64(8 * i, value, true);
  }
  return vm.answer(1, object);
};

// Comparing

/** Whether two byte objects hold the same bytes. */
const compareBytes: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const [first, second] = [vm.stackValue(1), vm.stackValue(0)];
  if (!isByteObject(memory, first)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (!isByteObject(memory, second)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const a = memory.bytesOf(first);
  const b = memory.bytesOf(second);
  const same = a.length === b.length && a.every((byte, i) => byte === b[i]);
  return vm.answer(argumentCount, memory.booleanOop(same));
};

/** `compareWith: string [collated: order]`: the difference at the first difference, or of the lengths; 0 when equal. */
const compareWith: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  if (argumentCount !== 1 && argumentCount !== 2) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  const [first, second] = [vm.stackValue(argumentCount), vm.stackValue(argumentCount - 1)];
  if (!isByteObject(memory, first)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (!isByteObject(memory, second)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const orderOop = argumentCount === 2 ? vm.stackValue(0) : NO_OOP;
  if (orderOop !== NO_OOP && !(isByteObject(memory, orderOop) && memory.byteSizeOf(orderOop) >= 256))
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const order = orderOop === NO_OOP ? undefined : memory.bytesOf(orderOop);
  const a = memory.bytesOf(first);
  const b = memory.bytesOf(second);
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = order === undefined ? a[i]! - b[i]! : order[a[i]!]! - order[b[i]!]!;
    if (difference !== 0) return vm.answer(argumentCount, smallIntegerOop(difference));
  }
  return vm.answer(argumentCount, smallIntegerOop(a.length - b.length));
};

const AT_FAILS: readonly FailureName[] = ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_INDEX', 'NO_MEMORY'];
const PUT_FAILS: readonly FailureName[] = [...AT_FAILS, 'NO_MODIFICATION'];

export const rawElementPrimitives: readonly PrimitiveDefinition[] = [
  { number: 143, name: 'primitiveShortAt', selectors: 'shortAt:', takes: 1, fails: AT_FAILS, run: signedAt(2) },
  {
    number: 144,
    name: 'primitiveShortAtPut',
    selectors: 'shortAt:put:',
    takes: 2,
    fails: PUT_FAILS,
    run: signedAtPut(2),
  },
  {
    number: 145,
    name: 'primitiveConstantFill',
    selectors: 'atAllPut: primFill:',
    takes: 1,
    fails: ['BAD_RECEIVER', 'BAD_ARGUMENT', 'NO_MODIFICATION'],
    run: constantFill,
  },
  {
    number: 156,
    name: 'primitiveCompareBytes',
    selectors: '=',
    takes: 1,
    fails: ['BAD_RECEIVER', 'BAD_ARGUMENT'],
    run: compareBytes,
  },
  {
    number: 158,
    name: 'primitiveCompareWith',
    selectors: 'compareWith: compareWith:collated:',
    takes: [1, 2],
    fails: ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_NUMBER_OF_ARGUMENTS'],
    run: compareWith,
  },
  { number: 165, name: 'primitiveIntegerAt', selectors: 'integerAt:', takes: 1, fails: AT_FAILS, run: signedAt() },
  {
    number: 166,
    name: 'primitiveIntegerAtPut',
    selectors: 'integerAt:put:',
    takes: 2,
    fails: PUT_FAILS,
    run: signedAtPut(),
  },
];
