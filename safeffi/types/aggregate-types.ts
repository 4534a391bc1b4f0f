/**
 * Types made of others: structs, unions, arrays, functions; and enums, which are integers with names. Plain data with its
 * layout: sizes, alignments and offsets as the System V ABI has them (x86-64 psABI 3.1.2, AAPCS64 the same), checked
 * against the machine's compiler in test/safeffi/layout.test.ts.
 *
 * A struct may point to itself, so a record is made first, without fields, and completed once. One that never is, is
 * opaque: only pointers to it can be had. A record with fields never changes again.
 */
import { type ExactInteger, exact } from '../address.ts';
import { badTypeError, describeValue } from '../errors.ts';
import { type Bits, placeBits } from './bit-field.ts';
import type { CType, ScalarType } from './scalar-types.ts';
import type { Signature } from './signature.ts';
import { typeText } from './type-text.ts';

export interface Field {
  /** '' for an anonymous struct or union, whose fields count as fields of the one around it (C17 6.7.2.1). */
  readonly name: string;
  readonly type: CType;
  /** Of a bit-field: of the byte that its lowest bit lies in. */
  readonly offsetBytes: number;
  readonly bits?: Bits;
}

export interface RecordType {
  /** With its keyword, as C writes it: `struct point`. */
  readonly name: string;
  readonly kind: 'struct' | 'union';
  /** With the padding behind the last field; 0 while opaque. */
  readonly sizeBytes: number;
  readonly alignmentBytes: number;
  /** Empty while opaque. */
  readonly fields: readonly Field[];
  /** `flatFields` of these, computed once. */
  readonly allFields: readonly Field[];
  /** The array of unknown length at its end (C17 6.7.2.1): no field, and not counted in the size. */
  readonly flexible: Field | undefined;
  readonly packed: boolean;
  /** Named or not, among its own members. */
  readonly hasBitFields: boolean;
  readonly target?: undefined;
  readonly readOnly?: undefined;
}

export interface ArrayType {
  readonly name: string;
  readonly kind: 'array';
  readonly sizeBytes: number;
  readonly element: CType;
  readonly length: number;
  readonly target?: undefined;
  readonly readOnly?: undefined;
}

/** A function as a type: only pointers to it have values. */
export interface FunctionType {
  readonly name: string;
  readonly kind: 'function';
  readonly sizeBytes: 0;
  readonly signature: Signature;
  readonly target?: undefined;
  readonly readOnly?: undefined;
}

export interface Member {
  /** '' for an anonymous record, and for bits that nobody reads. */
  readonly name: string;
  readonly type: CType;
  /** The width of a bit-field; 0, without a name, begins a new unit. */
  readonly bits?: number;
  /** The last of a struct: an array of these, of unknown length. */
  readonly isFlexible?: boolean;
}

const largestBytes = 2 ** 31;
/** AAPCS64 10.1.8: there the type of unnamed bits counts for the record's alignment. */
const unnamedBitsAlign = process.arch === 'arm64';

export function alignmentOf(type: CType): number {
  switch (type.kind) {
    case 'struct':
    case 'union':
      return type.alignmentBytes;
    case 'array':
      return alignmentOf(type.element);
    default:
      return Math.max(1, type.sizeBytes);
  }
}

/** True for types that have values in memory: not void, functions and opaque records. */
export function isComplete(type: CType): boolean {
  return type.kind === 'array' ? isComplete(type.element) : type.sizeBytes > 0;
}

export function isRecord(type: CType): type is RecordType {
  return type.kind === 'struct' || type.kind === 'union';
}

/** An opaque record, to be completed or not. */
export function opaqueRecord(kind: RecordType['kind'], name: string): RecordType {
  return {
    name,
    kind,
    sizeBytes: 0,
    alignmentBytes: 1,
    fields: [],
    allFields: [],
    flexible: undefined,
    packed: false,
    hasBitFields: false,
  };
}

/** Lays the members out; `packed` leaves no room between them. Throws CalloutError `bad-type`. */
export function completeRecord(record: RecordType, members: readonly Member[], packed = false): RecordType {
  if (record.fields.length > 0) throw badTypeError(record.name, 'it was completed before');
  if (!Array.isArray(members))
    throw badTypeError(record.name, `its members are ${describeValue(members)}, expected an array`);
  if (members.length === 0) throw badTypeError(record.name, 'it has no fields');
  const fields: Field[] = [];
  let end = 0;
  /** The first bit behind the bit-fields at the end; behind other fields that of the next byte. */
  let endBits = 0;
  let alignmentBytes = 1;
  let flexible: Field | undefined;
  for (const { name, type, bits, isFlexible } of members) {
    if (flexible !== undefined)
      throw badTypeError(record.name, `${flexible.name} has no length and is not the last field`);
    if (bits !== undefined) {
      refuseWidth(record, name, type, bits);
      const start = record.kind === 'union' ? 0 : placeBits(endBits, type, bits, packed);
      if (record.kind === 'union') end = Math.max(end, Math.ceil(bits / 8));
      else endBits = start + bits;
      if (!packed && (name !== '' || unnamedBitsAlign)) alignmentBytes = Math.max(alignmentBytes, alignmentOf(type));
      if (name === '') continue;
      const shift = start % 8;
      fields.push({ name, type, offsetBytes: (start - shift) / 8, bits: { shift, width: bits } });
      continue;
    }
    end = Math.max(end, Math.ceil(endBits / 8));
    if (!isComplete(type)) throw badTypeError(record.name, `the size of field ${name}, ${type.name}, is not known`);
    const alignment = packed ? 1 : alignmentOf(type);
    alignmentBytes = Math.max(alignmentBytes, alignment);
    const offsetBytes = record.kind === 'union' ? 0 : roundUp(end, alignment);
    if (isFlexible === true) {
      if (record.kind === 'union') throw badTypeError(record.name, `${name} has no length`);
      flexible = { name, type, offsetBytes };
      end = Math.max(end, offsetBytes);
      continue;
    }
    fields.push({ name, type, offsetBytes });
    end = Math.max(end, offsetBytes + type.sizeBytes);
    if (record.kind === 'struct') endBits = 8 * end;
  }
  end = Math.max(end, Math.ceil(endBits / 8));
  if (fields.length === 0) throw badTypeError(record.name, 'it has no fields');
  const hasBitFields = members.some(({ bits }) => bits !== undefined);
  const allFields = flatFields(fields);
  const twice = repeated(allFields.map((field) => field.name));
  if (twice !== undefined) throw badTypeError(record.name, `field ${twice} is declared twice`);
  const sizeBytes = roundUp(end, alignmentBytes);
  if (sizeBytes >= largestBytes)
    throw badTypeError(record.name, `it has ${sizeBytes} bytes, the most is ${largestBytes - 1}`);
  return Object.assign(record, { sizeBytes, alignmentBytes, fields, allFields, flexible, packed, hasBitFields });
}

function refuseWidth(record: RecordType, name: string, type: CType, width: number): void {
  const what = name === '' ? 'an unnamed bit-field' : `bit-field ${name}`;
  const isInteger = type.kind === 'signed' || type.kind === 'unsigned' || type.kind === 'bool';
  if (!isInteger) throw badTypeError(record.name, `${what} is of type ${type.name}, expected an integer or bool`);
  const most = type.kind === 'bool' ? 1 : 8 * type.sizeBytes;
  const least = name === '' ? 0 : 1;
  if (!Number.isInteger(width) || width < least || width > most)
    throw badTypeError(record.name, `${what} is ${width} bits wide, expected ${least} to ${most}`);
}

export function structOf(name: string, members: readonly Member[], packed = false): RecordType {
  return completeRecord(opaqueRecord('struct', name), members, packed);
}

export function unionOf(name: string, members: readonly Member[], packed = false): RecordType {
  return completeRecord(opaqueRecord('union', name), members, packed);
}

export function arrayOf(element: CType, length: number): ArrayType {
  const name = `${typeText(element)}[${length}]`;
  if (!isComplete(element)) throw badTypeError(name, `the size of ${element.name} is not known`);
  if (!Number.isSafeInteger(length) || length < 1) throw badTypeError(name, 'an array has one element or more');
  const sizeBytes = element.sizeBytes * length;
  if (sizeBytes >= largestBytes) throw badTypeError(name, `it has ${sizeBytes} bytes, the most is ${largestBytes - 1}`);
  const type: ArrayType = { name, kind: 'array', sizeBytes, element, length };
  return { ...type, name: typeText(type) };
}

export function functionOf(signature: Signature): FunctionType {
  const type: FunctionType = { name: '', kind: 'function', sizeBytes: 0, signature };
  return { ...type, name: typeText({ ...type, signature: { ...signature, argumentNames: undefined } }) };
}

/** An enum: the smallest of unsigned int, int, unsigned long and long that holds all its values, as gcc and clang choose. */
export function enumOf(name: string, constants: readonly (readonly [string, bigint])[]): ScalarType {
  const values = constants.map(([, value]) => value);
  const signed = values.some((value) => value < 0n);
  const fits = (bits: number) =>
    values.every((value) => (signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) === value);
  if (!fits(64)) throw badTypeError(name, 'its values need more than 64 bits');
  const exactConstants = constants.map(([constant, value]): [string, ExactInteger] => [constant, exact(value)]);
  const sizeBytes = fits(32) ? 4 : 8;
  return { name, kind: signed ? 'signed' : 'unsigned', sizeBytes, constants: new Map(exactConstants) };
}

/** The fields with those of anonymous members in their place, offsets counted from the record's start. */
export function flatFields(fields: readonly Field[], baseBytes = 0): Field[] {
  return fields.flatMap((field) => {
    const offsetBytes = baseBytes + field.offsetBytes;
    return field.name === '' && isRecord(field.type)
      ? flatFields(field.type.fields, offsetBytes)
      : [{ ...field, offsetBytes }];
  });
}

function repeated(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) !== index);
}

function roundUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}
