/**
 * Primitives 600 to 629 of Pharo: values of C's types at byte offsets, from 0, of objects of bits. They need not be aligned. What does not fit
 * its type fails, so that the image's own code says what is wrong; Pharo's VM cuts it off.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { FailureName, Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import {
  characterOop,
  characterValue,
  isCharacter,
  isSmallInteger,
  NO_OOP,
  type Oop,
  smallIntegerValue,
} from '../vm/memory/oop.ts';
import { PrimitiveError, SpecialObject } from '../vm/memory/well-known.ts';
import { floatOperand, isByteObject, isFloat } from './operands.ts';
import { bitsOf, bitsSizeOf, fits, isBits, readInteger, viewOf, writeInteger } from './raw-elements.ts';

/** A type of C: its width in bytes, and how a value becomes an object and the other way; undefined where the object is none. */
interface CType {
  readonly name: string;
  readonly width: number;
  read(vm: Interpreter, view: DataView, offset: number): Oop;
  /** Writes nothing and answers false where the object is no value of the type. */
  write(vm: Interpreter, view: DataView, offset: number, value: Oop): boolean;
}

const integerType = (width: number, isSigned: boolean): CType => ({
  name: `${isSigned ? 'Int' : 'UInt'}${8 * width}`,
  width,
  read: ({ memory }, view, offset) => memory.integerOop(readInteger(view, offset, width, isSigned)),
  write: ({ memory }, view, offset, oop) => {
    const value = memory.integerValueOf(oop);
    if (value === undefined || !fits(value, width, isSigned)) return false;
    writeInteger(view, offset, width, value);
    return true;
  },
});

const MAX_CODE_POINT = 0x3fffffff;
const characterType = (width: number): CType => ({
  name: `Char${8 * width}`,
  width,
  read: (_vm, view, offset) => characterOop(Number(readInteger(view, offset, width, false)) & MAX_CODE_POINT),
  write: (_vm, view, offset, oop) => {
    if (!isCharacter(oop) || !fits(BigInt(characterValue(oop)), width, false)) return false;
    writeInteger(view, offset, width, BigInt(characterValue(oop)));
    return true;
  },
});

const floatType = (width: 4 | 8): CType => ({
  name: `Float${8 * width}`,
  width,
  read: ({ memory }, view, offset) =>
    memory.newFloat(width === 4 ? view.getFloat32(offset, true) : view.getFloat64(offset, true)),
  write: ({ memory }, view, offset, oop) => {
    const value = floatOperand(memory, oop);
    if (value === undefined) return false;
    if (width === 4) view.setFloat32(offset, value, true);
    else view.setFloat64(offset, value, true);
    return true;
  },
});

const booleanType: CType = {
  name: 'Boolean8',
  width: 1,
  read: ({ memory }, view, offset) => memory.booleanOop(view.getUint8(offset) !== 0),
  write: ({ memory }, view, offset, oop) => {
    if (oop !== memory.true && oop !== memory.false) return false;
    view.setUint8(offset, oop === memory.true ? 1 : 0);
    return true;
  },
};

/** An ExternalAddress: 8 bytes, as in the 64-bit images that have these primitives. */
const pointerType: CType = {
  name: 'Pointer',
  width: 8,
  read: ({ memory }, view, offset) => {
    const behavior = memory.specialObject(SpecialObject.CLASS_EXTERNAL_ADDRESS);
    if (behavior === memory.nil) return NO_OOP;
    const address = memory.instantiate(behavior, 8);
    for (let i = 0; i < 8; i++) memory.u8[memory.bodyOf(address) + i] = view.getUint8(offset + i);
    return address;
  },
  write: ({ memory }, view, offset, oop) => {
    if (!isByteObject(memory, oop) || memory.byteSizeOf(oop) < 8) return false;
    memory.bytesOf(oop).forEach((byte, i) => {
      if (i < 8) view.setUint8(offset + i, byte);
    });
    return true;
  },
};

/** In the order of their numbers. */
const C_TYPES: readonly CType[] = [
  booleanType,
  integerType(1, false),
  integerType(1, true),
  integerType(2, false),
  integerType(2, true),
  integerType(4, false),
  integerType(4, true),
  integerType(8, false),
  integerType(8, true),
  pointerType,
  characterType(1),
  characterType(2),
  characterType(4),
  floatType(4),
  floatType(8),
];

/** The place of a value of `type` at a byte offset from 0; a failure code when it does not lie inside. */
function viewAt(vm: Interpreter, object: Oop, offset: Oop, { width }: CType): DataView | number {
  if (!isBits(vm.memory, object)) return PrimitiveError.BAD_RECEIVER;
  if (!isSmallInteger(offset)) return PrimitiveError.BAD_ARGUMENT;
  const at = smallIntegerValue(offset);
  if (at < 0 || at + width > bitsSizeOf(vm.memory, object)) return PrimitiveError.BAD_INDEX;
  return viewOf(bitsOf(vm.memory, object));
}

const load =
  (type: CType): Primitive =>
  (vm) => {
    const view = viewAt(vm, vm.stackValue(1), vm.stackValue(0), type);
    if (typeof view === 'number') return vm.fail(view);
    const value = type.read(vm, view, smallIntegerValue(vm.stackValue(0)));
    return value === NO_OOP ? vm.fail(PrimitiveError.NO_MEMORY) : vm.answer(1, value);
  };

const store =
  (type: CType): Primitive =>
  (vm) => {
    const object = vm.stackValue(2);
    const view = viewAt(vm, object, vm.stackValue(1), type);
    if (typeof view === 'number') return vm.fail(view);
    // A Float is read only by nature: what looks at it may have it in a register.
    if (vm.memory.isImmutable(object) || isFloat(vm.memory, object)) return vm.fail(PrimitiveError.NO_MODIFICATION);
    if (!type.write(vm, view, smallIntegerValue(vm.stackValue(1)), vm.stackValue(0)))
      return vm.fail(PrimitiveError.BAD_ARGUMENT);
    return vm.answer(2, vm.stackValue(0));
  };

const FIRST_LOAD = 600;
const FIRST_STORE = 615;

const LOAD_FAILS: readonly FailureName[] = ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_INDEX', 'NO_MEMORY'];
const STORE_FAILS: readonly FailureName[] = ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_INDEX', 'NO_MODIFICATION'];

export const cTypePrimitives: readonly PrimitiveDefinition[] = [
  ...C_TYPES.map((type, i) => ({
    number: FIRST_LOAD + i,
    name: `primitiveLoad${type.name}FromBytes`,
    takes: 1,
    fails: LOAD_FAILS,
    run: load(type),
  })),
  ...C_TYPES.map((type, i) => ({
    number: FIRST_STORE + i,
    name: `primitiveStore${type.name}IntoBytes`,
    takes: 2,
    fails: STORE_FAILS,
    run: store(type),
  })),
];
