/**
 * From ref's types to the engine's. A pointer of ref's is an address as a number here, so that no call makes an object for it;
 * it is called `void *` in reports. Structs, unions and arrays within them are laid out by the engine, as the C compiler does,
 * and must come out as ref-struct-di laid them out.
 */

import { arrayOf, type CType, isRecord, type Member, parseType, type RecordType, structOf, unionOf } from '../index.ts';
import type { RefType } from '../ref/index.ts';
import ref from '../ref/index.ts';
import { typeCode } from './ffi-constants.ts';
import { badTypedef } from './ffi-errors.ts';
import { FfiTypeRecord } from './ffi-type-record.ts';

/** 64 bits that are an address. */
export const pointerWord: CType = { name: 'void *', kind: 'unsigned', sizeBytes: 8 };
export const stringType: CType = parseType('const char *');

const named: Readonly<Record<string, CType>> = {
  ...Object.fromEntries(
    [
      'void',
      'int8',
      'uint8',
      'int16',
      'uint16',
      'int32',
      'uint32',
      'int64',
      'uint64',
      'float',
      'double',
      'char',
      'uchar',
    ]
      .concat(['short', 'ushort', 'int', 'uint', 'long', 'ulong', 'longlong', 'ulonglong', 'size_t'])
      .map((name) => [name, parseType(name)]),
  ),
  byte: parseType('uint8'),
  // ref's bool takes any number of a byte.
  bool: { name: 'bool', kind: 'unsigned', sizeBytes: 1 },
  Object: pointerWord,
  CString: stringType,
};

/** ref-struct-di's and ref-union-di's. */
interface RecordOfRef extends RefType {
  readonly fields: Readonly<Record<string, { readonly type: RefType; readonly offset?: number }>>;
  readonly isPacked?: boolean;
}

/** ref-array-di's; with a length it lies in its struct, without it is a pointer. */
interface ArrayOfRef extends RefType {
  readonly type: RefType;
  readonly BYTES_PER_ELEMENT: number;
  readonly fixedLength?: number;
}

export function isRecordOfRef(type: RefType): type is RecordOfRef {
  return type.indirection === 1 && 'fields' in type && typeof type.fields === 'object' && type.fields !== null;
}

export function isArrayOfRef(type: RefType): type is ArrayOfRef {
  return type.indirection === 1 && 'BYTES_PER_ELEMENT' in type;
}

/** ref's own type that this one is or derives from. */
export function originOf(type: RefType): string | undefined {
  for (let at: RefType | null = type; at !== null; at = Object.getPrototypeOf(at) as RefType | null)
    for (const name in ref.types) if (ref.types[name] === at) return name;
  return undefined;
}

const known = new WeakMap<RefType, CType>();

/** The type as an argument or a result. Throws Error FFI_BAD_TYPEDEF with the reason. */
export function engineType(type: RefType): CType {
  if (type.indirection > 1 || isArrayOfRef(type)) return pointerWord;
  return memberType(type);
}

/** The type as it lies in a struct. */
function memberType(type: RefType): CType {
  if (type.indirection > 1) return pointerWord;
  let found = known.get(type);
  // A struct type may get more fields until its first instance is made.
  if (found === undefined || (isRecord(found) && found.sizeBytes !== type.size)) {
    found = resolve(type);
    known.set(type, found);
  }
  return found;
}

function resolve(type: RefType): CType {
  if (isArrayOfRef(type))
    return type.fixedLength === undefined ? pointerWord : arrayOf(memberType(type.type), type.fixedLength);
  if (isRecordOfRef(type) && (type as unknown) !== FfiTypeRecord) return recordType(type);
  const origin = originOf(type);
  if (origin !== undefined) return origin === 'CString' || origin === 'Object' ? wordOf(origin) : named[origin]!;
  if (type.ffi_type !== undefined) return fromFfiType(type.ffi_type);
  throw badTypedef(`${describe(type)} derives from none of ref's types and has no ffi_type`);
}

const wordOf = (origin: string): CType => named[origin]!;

function recordType(type: RecordOfRef): RecordType {
  const fields = Object.entries(type.fields);
  if (fields.length === 0) throw badTypedef(`${describe(type)} has no fields`);
  const isUnion = fields.every(([, field]) => field.offset === undefined);
  const members = fields.map(([name, field]): Member => ({ name, type: inMemory(memberType(field.type)) }));
  const name = `${isUnion ? 'union' : 'struct'} ${type.name || 'anonymous'}`;
  const record = isUnion ? unionOf(name, members) : structOf(name, members, type.isPacked === true);
  const wrong = isUnion ? undefined : fields.find(([, field], i) => field.offset !== record.fields[i]!.offsetBytes);
  if (wrong !== undefined)
    throw badTypedef(`field ${wrong[0]} of ${describe(type)} lies at ${wrong[1].offset}, where C has it elsewhere`);
  if (record.sizeBytes !== type.size)
    throw badTypedef(`${describe(type)} has ${type.size} bytes, where C has ${record.sizeBytes}`);
  return record;
}

/** A string in a struct is its address. */
function inMemory(type: CType): CType {
  return type === stringType ? pointerWord : type;
}

const codes: ReadonlyMap<number, CType> = new Map([
  [typeCode.void, named.void!],
  [typeCode.int, named.int!],
  [typeCode.float, named.float!],
  [typeCode.double, named.double!],
  [typeCode.uint8, named.uint8!],
  [typeCode.sint8, named.int8!],
  [typeCode.uint16, named.uint16!],
  [typeCode.sint16, named.int16!],
  [typeCode.uint32, named.uint32!],
  [typeCode.sint32, named.int32!],
  [typeCode.uint64, named.uint64!],
  [typeCode.sint64, named.int64!],
  [typeCode.pointer, pointerWord],
]);

/** From libffi's own description, which a program may have made. */
export function fromFfiType(buffer: Buffer): CType {
  const { size, type, elements } = new FfiTypeRecord(ref.reinterpret(buffer, FfiTypeRecord.size));
  if (type !== typeCode.struct) {
    const scalar = codes.get(type);
    if (scalar !== undefined && size > 0) return scalar;
    throw badTypedef(`an ffi_type has type ${type} and size ${size}`);
  }
  if (ref.isNull(elements)) throw badTypedef('an ffi_type of a struct has no elements');
  const members: Member[] = [];
  for (let i = 0; ; i++) {
    const element = ref.readPointer(elements, 8 * i, FfiTypeRecord.size);
    if (ref.isNull(element)) break;
    members.push({ name: `m${i}`, type: fromFfiType(element) });
  }
  if (members.length === 0) throw badTypedef('an ffi_type of a struct has no elements');
  return structOf('struct anonymous', members);
}

export function describe(type: RefType): string {
  return type.name ? `the type ${type.name}` : 'a type without a name';
}
