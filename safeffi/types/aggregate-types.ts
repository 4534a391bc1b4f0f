/**
 * Types made of others: structs, unions, arrays, functions; and enums, which are integers with names. Plain data with its
 * layout: sizes, alignments and offsets as the System V ABI has them (x86-64 psABI 3.1.2, AAPCS64 the same), checked
 * against the machine's compiler in test/safeffi/layout.test.ts.
 *
 * A struct may point to itself, so a record is made first, without fields, and completed once. One that never is, is
 * opaque: only pointers to it can be had. A record with fields never changes again.
 */
import { type ExactInteger, exact } from '../address.ts';
import { badTypeError } from '../errors.ts';
import type { CType, ScalarType } from './scalar-types.ts';
import type { Signature } from './signature.ts';
import { typeText } from './type-text.ts';

export interface Field {
  /** '' for an anonymous struct or union, whose fields count as fields of the one around it (C17 6.7.2.1). */
  readonly name: string;
  readonly type: CType;
  readonly offsetBytes: number;
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
  readonly packed: boolean;
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
  readonly name: string;
  readonly type: CType;
}

const largestBytes = 2 ** 31;

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
  return { name, kind, sizeBytes: 0, alignmentBytes: 1, fields: [], allFields: [], packed: false };
}

/** Lays the members out; `packed` leaves no room between them. Throws CalloutError `bad-type`. */
export function completeRecord(record: RecordType, members: readonly Member[], packed = false): RecordType {
  if (record.fields.length > 0) throw badTypeError(record.name, 'it was completed before');
  if (members.length === 0) throw badTypeError(record.name, 'it has no fields');
  const fields: Field[] = [];
  let end = 0;
  let alignmentBytes = 1;
  for (const { name, type } of members) {
    if (!isComplete(type)) throw badTypeError(record.name, `the size of field ${name}, ${type.name}, is not known`);
    const alignment = packed ? 1 : alignmentOf(type);
    alignmentBytes = Math.max(alignmentBytes, alignment);
    const offsetBytes = record.kind === 'union' ? 0 : roundUp(end, alignment);
    fields.push({ name, type, offsetBytes });
    end = Math.max(end, offsetBytes + type.sizeBytes);
  }
  const allFields = flatFields(fields);
  const twice = repeated(allFields.map((field) => field.name));
  if (twice !== undefined) throw badTypeError(record.name, `field ${twice} is declared twice`);
  const sizeBytes = roundUp(end, alignmentBytes);
  if (sizeBytes >= largestBytes)
    throw badTypeError(record.name, `it has ${sizeBytes} bytes, the most is ${largestBytes - 1}`);
  return Object.assign(record, { sizeBytes, alignmentBytes, fields, allFields, packed });
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
