/**
 * libffi's descriptions of types, as Buffers: `ffi.FFI_TYPES` by name, and `ffiType` for any type of ref.
 */

import type { CType } from '../index.ts';
import { alignmentOf, isRecord } from '../index.ts';
import type { RefType, TypeLike } from '../ref/index.ts';
import ref from '../ref/index.ts';
import { engineType } from './engine-types.ts';
import { typeCode } from './ffi-constants.ts';
import { FfiTypeRecord } from './ffi-type-record.ts';

const scalars: Readonly<Record<string, readonly [code: number, size: number]>> = {
  void: [typeCode.void, 1],
  uint8: [typeCode.uint8, 1],
  int8: [typeCode.sint8, 1],
  uint16: [typeCode.uint16, 2],
  int16: [typeCode.sint16, 2],
  uint32: [typeCode.uint32, 4],
  int32: [typeCode.sint32, 4],
  uint64: [typeCode.uint64, 8],
  int64: [typeCode.sint64, 8],
  uchar: [typeCode.uint8, 1],
  char: [typeCode.sint8, 1],
  ushort: [typeCode.uint16, 2],
  short: [typeCode.sint16, 2],
  uint: [typeCode.uint32, 4],
  int: [typeCode.sint32, 4],
  float: [typeCode.float, 4],
  double: [typeCode.double, 8],
  pointer: [typeCode.pointer, 8],
  ulonglong: [typeCode.uint64, 8],
  longlong: [typeCode.sint64, 8],
};

function describe(code: number, size: number, alignment: number, elements: Buffer = ref.NULL): Buffer {
  const record = new FfiTypeRecord();
  Object.assign(record, { size, alignment, type: code, elements });
  return record.ref();
}

/** By name; each is made when it is asked for, because it lies in C's memory. */
export const ffiTypes: Readonly<Record<string, Buffer>> = {};

for (const [name, [code, size]] of Object.entries(scalars)) {
  let made: Buffer | undefined;
  Object.defineProperty(ffiTypes, name, {
    enumerable: true,
    get: () => (made ??= Object.assign(describe(code, size, size), { name })),
  });
}

/** Gives ref's own types their `ffi_type`, as the original does. */
export function describeTypes(): void {
  for (const [name, type] of Object.entries(ref.types)) {
    if (name === 'bool' || name === 'byte') continue; // those of the types that they derive from
    Object.defineProperty(type, 'ffi_type', {
      enumerable: true,
      configurable: true,
      get: () => scalarFor(engineType(type)),
      set(this: RefType, value: unknown) {
        Object.defineProperty(this, 'ffi_type', { value, enumerable: true, configurable: true, writable: true });
      },
    });
  }
}

function scalarFor(type: CType): Buffer {
  if (type.kind === 'void') return ffiTypes.void!;
  if (type.kind === 'float') return ffiTypes[type.sizeBytes === 8 ? 'double' : 'float']!;
  if (type.kind === 'pointer' || type.name === 'void *') return ffiTypes.pointer!;
  return ffiTypes[`${type.kind === 'signed' ? 'int' : 'uint'}${8 * type.sizeBytes}`]!;
}

const known = new WeakMap<RefType, Buffer>();

/** The description of a type of ref. Throws Error FFI_BAD_TYPEDEF. */
export function ffiType(type: TypeLike): Buffer {
  const refType = ref.coerceType(type);
  let found = known.get(refType);
  if (found === undefined) {
    found = descriptionOf(engineType(refType));
    known.set(refType, found);
  }
  return found;
}

function descriptionOf(type: CType): Buffer {
  if (!isRecord(type)) return scalarFor(type);
  const members = type.fields.flatMap((field) => elementsOf(field.type));
  const list = Buffer.alloc(8 * (members.length + 1));
  for (const [i, member] of members.entries()) ref.writePointer(list, 8 * i, member);
  return describe(typeCode.struct, type.sizeBytes, alignmentOf(type), list);
}

/** libffi knows no arrays: their elements stand one by one. */
function elementsOf(type: CType): Buffer[] {
  if (type.kind !== 'array') return [descriptionOf(type)];
  return Array.from({ length: type.length }, () => elementsOf(type.element)).flat();
}
