/**
 * The 25 types of ref, with the sizes of LP64. Integers are checked and truncated as Buffer's own methods do, 64-bit ones are
 * Numbers or Strings. Each derives from the one that it is another name of, so that a program can change one alone.
 */
import { allocCString } from './c-strings.ts';
import { foreignMemory } from './foreign-home.ts';
import { read64, write64 } from './integer64.ts';
import { objectBytes, readObject, writeObject } from './objects.ts';
import { readAddress, spot, writePointer, written } from './pointers.ts';
import { pointerBytes, type RefType } from './ref-type.ts';

type NumberGetter =
  | 'readInt8'
  | 'readUInt8'
  | 'readInt16LE'
  | 'readUInt16LE'
  | 'readInt32LE'
  | 'readUInt32LE'
  | 'readFloatLE'
  | 'readDoubleLE';
type NumberSetter =
  | 'writeInt8'
  | 'writeUInt8'
  | 'writeInt16LE'
  | 'writeUInt16LE'
  | 'writeInt32LE'
  | 'writeUInt32LE'
  | 'writeFloatLE'
  | 'writeDoubleLE';

function number(name: string, size: number, getter: NumberGetter, setter: NumberSetter): RefType {
  return {
    size,
    indirection: 1,
    get: (buffer, offset) => buffer[getter](offset || 0),
    set: (buffer, offset, value) => void buffer[setter](value as number, offset || 0),
    alignment: size,
    name,
  };
}

function long(name: string, signed: boolean): RefType {
  const [reading, writing] = signed ? ['readInt64', 'writeInt64'] : ['readUInt64', 'writeUInt64'];
  return {
    size: 8,
    indirection: 1,
    get: (buffer, offset) => readLong(reading!, buffer, offset, signed),
    set: (buffer, offset, value) => writeLong(writing!, buffer, offset, value, signed),
    alignment: 8,
    name,
  };
}

/** Throws TypeError for NULL. */
export function readLong(
  operation: string,
  buffer: Buffer,
  offset: unknown,
  signed: boolean,
  little = true,
): number | string {
  const { bytes, at } = spot(operation, buffer, offset, 8, TypeError);
  return read64(bytes, at, signed, little);
}

export function writeLong(
  operation: string,
  buffer: Buffer,
  offset: unknown,
  value: unknown,
  signed: boolean,
  little = true,
): void {
  const there = spot(operation, buffer, offset, 8, TypeError);
  write64(operation, there.bytes, there.at, value, signed, little);
  written(there, 8);
}

function alias(name: string, type: RefType, own: Partial<RefType> = {}): RefType {
  return Object.assign(Object.create(type) as RefType, { alignment: type.alignment, name, ...own });
}

/** A character may be given as a String. */
function character(name: string, type: RefType): RefType {
  const set = (buffer: Buffer, offset: number, value: unknown) =>
    type.set(buffer, offset, typeof value === 'string' ? value.charCodeAt(0) : value);
  return alias(name, type, { set });
}

const plain = {
  void: {
    size: 0,
    indirection: 1,
    get: () => null,
    set: () => {},
    name: 'void',
  } satisfies RefType as RefType,
  int8: number('int8', 1, 'readInt8', 'writeInt8'),
  uint8: number('uint8', 1, 'readUInt8', 'writeUInt8'),
  int16: number('int16', 2, 'readInt16LE', 'writeInt16LE'),
  uint16: number('uint16', 2, 'readUInt16LE', 'writeUInt16LE'),
  int32: number('int32', 4, 'readInt32LE', 'writeInt32LE'),
  uint32: number('uint32', 4, 'readUInt32LE', 'writeUInt32LE'),
  int64: long('int64', true),
  uint64: long('uint64', false),
  float: number('float', 4, 'readFloatLE', 'writeFloatLE'),
  double: number('double', 8, 'readDoubleLE', 'writeDoubleLE'),
  Object: {
    size: objectBytes,
    indirection: 1,
    get: (buffer, offset) => readObject(buffer, offset || 0),
    set: (buffer, offset, value) => writeObject(buffer, offset || 0, value),
    alignment: pointerBytes,
    name: 'Object',
  } satisfies RefType as RefType,
  CString: {
    size: pointerBytes,
    alignment: pointerBytes,
    indirection: 1,
    get(buffer, offset) {
      const target = readAddress('readPointer', buffer, offset);
      return target === 0 ? null : foreignMemory().textAt(target);
    },
    set: (buffer, offset, value) => writePointer(buffer, offset, Buffer.isBuffer(value) ? value : allocCString(value)),
    name: 'CString',
  } satisfies RefType as RefType,
};

const boolean = alias('bool', plain.uint8, {
  get: (buffer, offset) => plain.uint8.get(buffer, offset) !== 0,
  set: (buffer, offset, value) => plain.uint8.set(buffer, offset, typeof value === 'number' ? value : value ? 1 : 0),
});

/** By name, in the original's order. */
export const types: Record<string, RefType> = {
  ...plain,
  bool: boolean,
  byte: alias('byte', plain.uint8),
  char: character('char', plain.int8),
  uchar: character('uchar', plain.uint8),
  short: alias('short', plain.int16),
  ushort: alias('ushort', plain.uint16),
  int: alias('int', plain.int32),
  uint: alias('uint', plain.uint32),
  long: alias('long', plain.int64),
  ulong: alias('ulong', plain.uint64),
  longlong: alias('longlong', plain.int64),
  ulonglong: alias('ulonglong', plain.uint64),
  size_t: alias('size_t', plain.uint64),
};

Object.defineProperty(types, 'Utf8String', {
  value: plain.CString,
  enumerable: false,
  writable: true,
  configurable: true,
});

const measured = Object.entries(types).filter(([name]) => name !== 'void' && name !== 'CString');

export const sizeof: Record<string, number> = {
  ...Object.fromEntries(measured.map(([name, type]) => [name, type.size])),
  pointer: pointerBytes,
};

export const alignof: Record<string, number> = {
  ...Object.fromEntries(measured.map(([name, type]) => [name, type.alignment ?? 1])),
  pointer: pointerBytes,
};
