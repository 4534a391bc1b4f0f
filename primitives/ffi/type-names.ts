/**
 * uFFI's type names as C's. What is not in the table is given to the engine as it is written: it knows C's own names.
 * Source: Pharo's UnifiedFFI (`FFICallback`'s and `FFIExternalType`'s aliases) and Squeak's FFI.
 */

import type { TypeReference } from './uffi-signature.ts';
import type { ResultKind } from './values.ts';

const C_NAME: Readonly<Record<string, string>> = {
  byte: 'uint8_t',
  sbyte: 'int8_t',
  unsignedByte: 'uint8_t',
  signedByte: 'int8_t',
  unsignedChar: 'unsigned char',
  signedChar: 'signed char',
  uchar: 'unsigned char',
  schar: 'signed char',
  unsignedShort: 'unsigned short',
  signedShort: 'short',
  ushort: 'unsigned short',
  uint: 'unsigned int',
  ulong: 'unsigned long',
  longlong: 'long long',
  ulonglong: 'unsigned long long',
  int8: 'int8_t',
  int16: 'int16_t',
  int32: 'int32_t',
  int64: 'int64_t',
  uint8: 'uint8_t',
  uint16: 'uint16_t',
  uint32: 'uint32_t',
  uint64: 'uint64_t',
  shortFloat: 'float',
  float32: 'float',
  float64: 'double',
  boolean: 'bool',
  _Bool: 'bool',
  String: 'char *',
  ByteString: 'char *',
  ByteArray: 'void *',
  ExternalAddress: 'void *',
  pointer: 'void *',
};

/** The type as the engine reads it. */
export function cTypeText(type: TypeReference): string {
  const base = C_NAME[type.name] ?? type.name;
  return base + (type.pointerDepth > 0 ? ` ${'*'.repeat(type.pointerDepth)}` : '');
}

/** How a result of that type becomes an object: `char *` a String, other pointers an ExternalAddress. */
export function resultKindOf(type: TypeReference): ResultKind {
  const text = cTypeText(type);
  if (text === 'void') return 'void';
  if (text === 'char *') return 'string';
  if (text.endsWith('*')) return 'address';
  if (text === 'float' || text === 'double') return 'float';
  if (text === 'bool') return 'boolean';
  if (type.name === 'char') return 'character';
  return 'integer';
}
