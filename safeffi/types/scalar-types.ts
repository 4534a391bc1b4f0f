/**
 * The C scalar types in one table: name, size, range. All else (parser, marshaller, portable executor) reads it. A `CType`
 * is one of these or an aggregate (aggregate-types.ts): plain data, told apart by `kind`.
 * Sizes are those of LP64, the data model of x86-64 and arm64 Linux (System V ABI, figure 3.1). `char` and `wchar_t` are
 * signed, but on arm64 Linux (AAPCS64 10.1.2).
 */
import type { ExactInteger } from '../address.ts';
import type { ArrayType, FunctionType, RecordType } from './aggregate-types.ts';
import { typeText } from './type-text.ts';

export type ScalarKind = 'void' | 'bool' | 'signed' | 'unsigned' | 'float' | 'pointer';

export interface ScalarType {
  /** As written in messages: `unsigned long`, `char *`. */
  readonly name: string;
  readonly kind: ScalarKind;
  readonly sizeBytes: number;
  /** What a pointer points to; undefined for other kinds. `void *` points to void. */
  readonly target?: CType | undefined;
  /** A pointer to const: what it points to is not copied back after a call. */
  readonly readOnly?: boolean;
  /** An enum's names and values. */
  readonly constants?: ReadonlyMap<string, ExactInteger>;
}

export type CType = ScalarType | RecordType | ArrayType | FunctionType;

function integer(name: string, sizeBytes: number, signed: boolean): ScalarType {
  return { name, kind: signed ? 'signed' : 'unsigned', sizeBytes };
}

const isArmLinux = process.arch === 'arm64' && process.platform === 'linux';

const canonical: readonly ScalarType[] = [
  { name: 'void', kind: 'void', sizeBytes: 0 },
  { name: 'bool', kind: 'bool', sizeBytes: 1 },
  integer('char', 1, !isArmLinux),
  integer('signed char', 1, true),
  integer('unsigned char', 1, false),
  integer('short', 2, true),
  integer('unsigned short', 2, false),
  integer('int', 4, true),
  integer('unsigned int', 4, false),
  integer('long', 8, true),
  integer('unsigned long', 8, false),
  integer('long long', 8, true),
  integer('unsigned long long', 8, false),
  integer('int8_t', 1, true),
  integer('uint8_t', 1, false),
  integer('int16_t', 2, true),
  integer('uint16_t', 2, false),
  integer('int32_t', 4, true),
  integer('uint32_t', 4, false),
  integer('int64_t', 8, true),
  integer('uint64_t', 8, false),
  integer('size_t', 8, false),
  integer('ssize_t', 8, true),
  integer('intptr_t', 8, true),
  integer('uintptr_t', 8, false),
  integer('ptrdiff_t', 8, true),
  integer('off_t', 8, true),
  integer('wchar_t', 4, !isArmLinux),
  { name: 'float', kind: 'float', sizeBytes: 4 },
  { name: 'double', kind: 'float', sizeBytes: 8 },
];

const aliases: Readonly<Record<string, string>> = {
  _Bool: 'bool',
  schar: 'signed char',
  uchar: 'unsigned char',
  ushort: 'unsigned short',
  uint: 'unsigned int',
  ulong: 'unsigned long',
  longlong: 'long long',
  ulonglong: 'unsigned long long',
  unsigned: 'unsigned int',
  signed: 'int',
  'signed int': 'int',
  'short int': 'short',
  'signed short': 'short',
  'signed short int': 'short',
  'unsigned short int': 'unsigned short',
  'long int': 'long',
  'signed long': 'long',
  'signed long int': 'long',
  'unsigned long int': 'unsigned long',
  'long unsigned int': 'unsigned long',
  'long long int': 'long long',
  'signed long long': 'long long',
  'signed long long int': 'long long',
  'unsigned long long int': 'unsigned long long',
  int8: 'int8_t',
  uint8: 'uint8_t',
  int16: 'int16_t',
  uint16: 'uint16_t',
  int32: 'int32_t',
  uint32: 'uint32_t',
  int64: 'int64_t',
  uint64: 'uint64_t',
  float32: 'float',
  float64: 'double',
};

/** Every scalar by its name and its other names. */
export const scalarTypes: ReadonlyMap<string, ScalarType> = new Map([
  ...canonical.map((type): [string, ScalarType] => [type.name, type]),
  ...Object.entries(aliases).map(([alias, name]): [string, ScalarType] => [
    alias,
    canonical.find((t) => t.name === name)!,
  ]),
]);

export function pointerTo(target: CType, readOnly = false): ScalarType {
  const name = typeText({ kind: 'pointer', name: '', sizeBytes: 8, target, readOnly });
  return { name, kind: 'pointer', sizeBytes: 8, target, readOnly };
}

/** The least and greatest value of an integer type (or `bool`). */
export function integerRange(type: CType): { low: bigint; high: bigint } {
  const bits = BigInt(8 * type.sizeBytes);
  if (type.kind === 'bool') return { low: 0n, high: 1n };
  return type.kind === 'signed'
    ? { low: -(1n << (bits - 1n)), high: (1n << (bits - 1n)) - 1n }
    : { low: 0n, high: (1n << bits) - 1n };
}

/** An integer or bool of one byte. */
export function isOneByte(type: CType): boolean {
  return type.sizeBytes === 1 && (type.kind === 'signed' || type.kind === 'unsigned' || type.kind === 'bool');
}

/** True for `char *` and its signed and unsigned sisters: a string may be passed, and `char *` comes back as one. */
export function isCharPointer(type: CType): boolean {
  const { target } = type;
  return target !== undefined && isOneByte(target) && /\bchar$/.test(target.name);
}
