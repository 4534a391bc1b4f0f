/**
 * The object that `require('ref-napi')` gives, put together: every name of the original.
 */
import { endianness } from 'node:os';
import { alloc, deref, get, ref as refTo, set } from './access.ts';
import { attach } from './attachments.ts';
import { allocCString, readCString, writeCString } from './c-strings.ts';
import { use } from './foreign-home.ts';
import { nullPointer } from './null-pointer.ts';
import { readObject, writeObject } from './objects.ts';
import {
  address,
  hexAddress,
  isNull,
  readPointer,
  reinterpret,
  reinterpretOnly,
  reinterpretUntilZeros,
  reinterpretUntilZerosOnly,
  writePointer,
  writePointerOnly,
} from './pointers.ts';
import { coerceType, derefType, getType, refType } from './type-coercion.ts';
import { alignof, readLong, sizeof, types, writeLong } from './types.ts';

type Value64 = number | string;

const reader =
  (operation: string, signed: boolean, little = true) =>
  (buffer: Buffer, offset = 0): Value64 =>
    readLong(operation, buffer, offset, signed, little);
const writer =
  (operation: string, signed: boolean, little = true) =>
  (buffer: Buffer, offset: number, value: Value64): void =>
    writeLong(operation, buffer, offset, value, signed, little);

nullPointer.type = types.void;

/** A pointer that is NULL. It lies in memory of C's, so it is made when somebody asks for it. */
let nullPointerPointer: Buffer | undefined;

export const ref = {
  sizeof,
  alignof,
  types,
  endianness: endianness() as 'LE' | 'BE',
  NULL: nullPointer as Buffer,
  get NULL_POINTER(): Buffer {
    nullPointerPointer ??= refTo(nullPointer);
    return nullPointerPointer;
  },
  address,
  hexAddress,
  isNull,
  readObject,
  writeObject: (buffer: Buffer, offset: number, object: unknown) => writeObject(buffer, offset, object),
  _writeObject: (buffer: Buffer, offset: number, object: unknown) => writeObject(buffer, offset, object, false),
  readPointer,
  writePointer,
  _writePointer: writePointerOnly,
  readCString,
  writeCString,
  readInt64: reader('readInt64', true),
  writeInt64: writer('writeInt64', true),
  readUInt64: reader('readUInt64', false),
  writeUInt64: writer('writeUInt64', false),
  readInt64LE: reader('readInt64', true),
  readUInt64LE: reader('readUInt64', false),
  writeInt64LE: writer('writeInt64', true),
  writeUInt64LE: writer('writeUInt64', false),
  readInt64BE: reader('readInt64', true, false),
  readUInt64BE: reader('readUInt64', false, false),
  writeInt64BE: writer('writeInt64', true, false),
  writeUInt64BE: writer('writeUInt64', false, false),
  reinterpret,
  _reinterpret: reinterpretOnly,
  reinterpretUntilZeros,
  _reinterpretUntilZeros: reinterpretUntilZerosOnly,
  refType,
  derefType,
  coerceType,
  getType,
  get,
  set,
  alloc,
  allocCString,
  ref: refTo,
  deref,
  _attach: (buffer: Buffer, object: object) => attach(buffer, object),
  /** Not the original's: chooses between `safe` and `direct` before memory is first used. */
  use,
};

export type Ref = typeof ref;
