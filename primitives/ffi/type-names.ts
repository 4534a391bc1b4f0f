/**
 * uFFI's type names as C's. What is not in the table is given to the engine as it is written: it knows C's own names.
 * Source: Pharo's UnifiedFFI (`FFICallback`'s and `FFIExternalType`'s aliases) and Squeak's FFI.
 */
import { CalloutError, parseType } from '../../safeffi/index.ts';

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

/** C's name for a name of uFFI's, with any `*` that belongs to it; undefined for other names. */
export function cName(name: string): string | undefined {
  return Object.hasOwn(C_NAME, name) ? C_NAME[name] : undefined;
}

/** True for the scalars of C, in every usual spelling. */
export function isKnownToC(name: string): boolean {
  try {
    return parseType(name).kind !== undefined;
  } catch (error) {
    if (error instanceof CalloutError) return false;
    throw error;
  }
}
