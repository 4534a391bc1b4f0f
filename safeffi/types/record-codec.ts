/**
 * Values in C's memory layout, from and to JavaScript: records as plain objects, arrays as arrays, little-endian as on
 * x86-64 and arm64. `char[n]` is a string (UTF-8, up to its NUL), an array of unsigned bytes a Uint8Array. A 64-bit integer
 * is a number where that is exact, else a bigint; a pointer is an Address, and null may be given for one.
 *
 * A record may be written from an object that lacks fields: those are zero. One that has more is refused.
 */
import { Address, type ExactInteger, exact, hex } from '../address.ts';
import { Callback } from '../callbacks/callback.ts';
import { CalloutError, describeValue } from '../errors.ts';
import type { ResultValue } from '../values.ts';
import type { ArrayType, Field, RecordType } from './aggregate-types.ts';
import { bitsRange, readBits, writeBits } from './bit-field.ts';
import { expectedText, fits } from './check-argument.ts';
import { RecordView } from './record-view.ts';
import type { CType, ScalarType } from './scalar-types.ts';

export type FieldValue = ResultValue | readonly FieldValue[] | { readonly [field: string]: FieldValue };

/** The executor that addresses in the bytes belong to. */
export interface AddressSpace {
  readonly generation: number;
}

function refusal(where: string, value: unknown, expected: string): CalloutError {
  return new CalloutError('argument-type', `${where} is ${describeValue(value)}, expected ${expected}`, {
    where,
    expected,
  });
}

function isCharArray(type: ArrayType): boolean {
  return type.element.name === 'char';
}

function isByteArray(type: ArrayType): boolean {
  return type.element.kind === 'unsigned' && type.element.sizeBytes === 1;
}

/** Reads the value of that type at `offset`. */
export function readValue(type: CType, view: DataView, offset: number, space: AddressSpace): FieldValue {
  switch (type.kind) {
    case 'struct':
    case 'union':
      return readRecord(type, view, offset, space);
    case 'array': {
      const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, type.sizeBytes);
      if (isByteArray(type)) return bytes.slice();
      if (isCharArray(type)) {
        const nul = bytes.indexOf(0);
        return new TextDecoder().decode(nul < 0 ? bytes : bytes.subarray(0, nul));
      }
      const { element, length } = type;
      return Array.from({ length }, (_, i) => readValue(element, view, offset + i * element.sizeBytes, space));
    }
    case 'function':
    case 'void':
      throw new Error(`a value of type ${type.name} got past its declaration`);
    default:
      return readScalar(type, view, offset, space);
  }
}

function readRecord(type: RecordType, view: DataView, offset: number, space: AddressSpace): FieldValue {
  const record: { [field: string]: FieldValue } = {};
  for (const field of type.allFields) record[field.name] = readField(field, view, offset, space);
  return record;
}

/** `offset` is that of the record. */
export function readField(field: Field, view: DataView, offset: number, space: AddressSpace): FieldValue {
  const at = offset + field.offsetBytes;
  return field.bits === undefined ? readValue(field.type, view, at, space) : readBits(view, at, field.bits, field.type);
}

/** `offset` is that of the record. Throws CalloutError `argument-type`. */
export function writeField(
  field: Field,
  view: DataView,
  offset: number,
  value: unknown,
  space: AddressSpace,
  where: string,
): void {
  const { type, bits } = field;
  const at = offset + field.offsetBytes;
  if (bits === undefined) {
    writeValue(type, view, at, value, space, where);
    return;
  }
  const { low, high } = bitsRange(type, bits.width);
  const isInteger = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
  const fitsBits = type.kind === 'bool' ? fits(type, value) : isInteger && value >= low && value <= high;
  if (!fitsBits) throw refusal(where, value, `${type.name} of ${bits.width} bits (${low} to ${high})`);
  writeBits(view, at, bits, value as ExactInteger | boolean);
}

function readScalar(type: ScalarType, view: DataView, offset: number, space: AddressSpace): FieldValue {
  switch (type.kind) {
    case 'bool':
      return view.getUint8(offset) !== 0;
    case 'float':
      return type.sizeBytes === 4 ? view.getFloat32(offset, true) : view.getFloat64(offset, true);
    case 'pointer':
      return new Address(exact(view.getBigUint64(offset, true)), space.generation);
    default:
      return readInteger(type, view, offset);
  }
}

function readInteger(type: ScalarType, view: DataView, offset: number): ExactInteger {
  const signed = type.kind === 'signed';
  switch (type.sizeBytes) {
    case 1:
      return signed ? view.getInt8(offset) : view.getUint8(offset);
    case 2:
      return signed ? view.getInt16(offset, true) : view.getUint16(offset, true);
    case 4:
      return signed ? view.getInt32(offset, true) : view.getUint32(offset, true);
    default:
      return exact(signed ? view.getBigInt64(offset, true) : view.getBigUint64(offset, true));
  }
}

/** Writes a value at `offset`; `where` begins the sentence of a refusal. Throws CalloutError `argument-type`. */
export function writeValue(
  type: CType,
  view: DataView,
  offset: number,
  value: unknown,
  space: AddressSpace,
  where: string,
): void {
  switch (type.kind) {
    case 'struct':
    case 'union':
      writeRecord(type, view, offset, value, space, where);
      return;
    case 'array':
      writeArray(type, view, offset, value, space, where);
      return;
    case 'function':
    case 'void':
      throw new Error(`a value of type ${type.name} got past its declaration`);
    default:
      writeScalar(type, view, offset, value, space, where);
  }
}

function writeRecord(
  type: RecordType,
  view: DataView,
  offset: number,
  given: unknown,
  space: AddressSpace,
  where: string,
): void {
  const value = RecordView.bytesOf(given) ?? given;
  if (ArrayBuffer.isView(value)) {
    if (value.byteLength !== type.sizeBytes) throw refusal(where, value, `${type.name} (${type.sizeBytes} bytes)`);
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    new Uint8Array(view.buffer, view.byteOffset + offset).set(bytes);
    return;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Address)
    throw refusal(where, value, `${type.name} (an object of its fields, or ${type.sizeBytes} bytes)`);
  for (const [name, part] of Object.entries(value)) {
    const field = type.allFields.find((one) => one.name === name);
    if (field === undefined) {
      const sentence = `${where} has a field ${name}, expected ${type.name} (${type.allFields.map((one) => one.name).join(', ')})`;
      throw new CalloutError('argument-type', sentence, { where, field: name });
    }
    writeField(field, view, offset, part, space, `${where}.${name}`);
  }
}

function writeArray(
  type: ArrayType,
  view: DataView,
  offset: number,
  value: unknown,
  space: AddressSpace,
  where: string,
): void {
  const target = new Uint8Array(view.buffer, view.byteOffset + offset, type.sizeBytes);
  if (typeof value === 'string' && isCharArray(type)) {
    const bytes = new TextEncoder().encode(value);
    if (bytes.length > target.length)
      throw refusal(where, value, `${type.name} (at most ${target.length} bytes, the String has ${bytes.length})`);
    target.fill(0).set(bytes);
  } else if (ArrayBuffer.isView(value)) {
    if (value.byteLength !== type.sizeBytes) throw refusal(where, value, `${type.name} (${type.sizeBytes} bytes)`);
    target.set(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else if (Array.isArray(value)) {
    if (value.length !== type.length) {
      const sentence = `${where} has ${value.length} elements, expected ${type.name} (${type.length})`;
      throw new CalloutError('argument-type', sentence, { where, actual: value.length, expected: type.length });
    }
    const { element } = type;
    value.forEach((part: unknown, i) => {
      writeValue(element, view, offset + i * element.sizeBytes, part, space, `${where}[${i}]`);
    });
  } else
    throw refusal(
      where,
      value,
      `${type.name} (${isCharArray(type) ? 'a String' : 'an array'} or ${type.sizeBytes} bytes)`,
    );
}

function writeScalar(
  type: ScalarType,
  view: DataView,
  offset: number,
  value: unknown,
  space: AddressSpace,
  where: string,
): void {
  if (type.kind === 'pointer') {
    view.setBigUint64(offset, pointerBits(type, value, space, where), true);
    return;
  }
  if (!fits(type, value)) throw refusal(where, value, expectedText(type));
  switch (type.kind) {
    case 'bool':
      view.setUint8(offset, value === true || value === 1 ? 1 : 0);
      return;
    case 'float':
      if (type.sizeBytes === 4) view.setFloat32(offset, value as number, true);
      else view.setFloat64(offset, value as number, true);
      return;
    default:
      writeInteger(type.sizeBytes, view, offset, value as ExactInteger);
  }
}

/** Writes the low bytes of an integer that was found to fit. */
function writeInteger(sizeBytes: number, view: DataView, offset: number, value: ExactInteger): void {
  switch (sizeBytes) {
    case 1:
      view.setInt8(offset, Number(value));
      return;
    case 2:
      view.setInt16(offset, Number(value), true);
      return;
    case 4:
      view.setInt32(offset, Number(value), true);
      return;
    default:
      view.setBigInt64(offset, BigInt(value), true);
  }
}

/** A pointer in a record holds addresses and callbacks only: a string or buffer would not outlive the call. */
function pointerBits(type: ScalarType, value: unknown, space: AddressSpace, where: string): bigint {
  if (value === null) return 0n;
  if (value instanceof Callback) return BigInt(value.address.value);
  if (!(value instanceof Address)) throw refusal(where, value, `${type.name} (an address or nil)`);
  if (value.generation !== 0 && value.generation !== space.generation) {
    const sentence = `${where} is ${hex(value.value)}, an address of executor generation ${value.generation}; the present one is ${space.generation}`;
    throw new CalloutError('argument-type', sentence, { where });
  }
  return BigInt.asUintN(64, BigInt(value.value));
}
