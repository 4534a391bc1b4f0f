/**
 * JavaScript generated once for a record type, for the usual case: an object that has exactly the record's fields, with
 * plain values. `write` answers false for anything else (a field too few or too many, a bigint, a value that does not fit),
 * having written nobody knows what; then record-codec.ts does the work, or refuses. `read` makes the object from bytes.
 *
 * Measured for `struct { int x, y; }` by value as argument and result: see docs/measurements.md.
 */
import { fromSigned, fromUnsigned } from '../abi/int64.ts';
import { Address } from '../address.ts';
import { isRecord, type RecordType } from './aggregate-types.ts';
import type { FieldValue } from './record-codec.ts';
import type { CType } from './scalar-types.ts';

export interface RecordFastPath {
  /** `bytes` has the record's size, and zeros where no field lies. */
  write(value: unknown, bytes: Uint8Array, generation: number): boolean;
  read(bytes: Uint8Array, generation: number): { [field: string]: FieldValue };
}

const mostFields = 64;

/** Undefined for records with arrays, bit-fields or unions in them, and for very long ones. */
export function compileRecordFastPath(type: RecordType): RecordFastPath | undefined {
  const writes: string[] = [];
  if (countFields(type) > mostFields) return undefined;
  if (!writeFields(type, 0, 'value', writes, { next: 0 })) return undefined;
  const code = `'use strict';
const { Address, fromSigned, fromUnsigned, f64, f32, u8 } = tools;
function write(value, b, generation) {
${writes.join('')}  return true;
}
function read(b, generation) { return ${readFields(type, 0)}; }
return { write, read };`;
  const f64 = new Float64Array(1);
  const tools = {
    Address,
    fromSigned,
    fromUnsigned,
    f64,
    f32: new Float32Array(f64.buffer),
    u8: new Uint8Array(f64.buffer),
  };
  return new Function('tools', code)(tools) as RecordFastPath;
}

function countFields(type: RecordType): number {
  return type.fields.reduce((sum, { type: one }) => sum + (isRecord(one) ? countFields(one) : 1), 0);
}

/** Adds the statements that write the record in the variable `from`; false where it cannot be done this way. */
function writeFields(type: RecordType, base: number, from: string, writes: string[], names: { next: number }): boolean {
  if (
    type.kind !== 'struct' ||
    type.hasBitFields ||
    type.fields.some(({ name }) => name === '' || name === '__proto__')
  )
    return false;
  const keys = `n${names.next++}`;
  writes.push(
    `  if (typeof ${from} !== 'object' || ${from} === null) return false;\n`,
    `  let ${keys} = 0; for (const k in ${from}) ${keys}++;\n  if (${keys} !== ${type.fields.length}) return false;\n`,
  );
  return type.fields.every((field) => {
    const variable = `v${names.next++}`;
    writes.push(`  const ${variable} = ${from}[${JSON.stringify(field.name)}];\n`);
    const offset = base + field.offsetBytes;
    if (isRecord(field.type)) return writeFields(field.type, offset, variable, writes, names);
    const text = writeScalar(field.type, offset, variable);
    if (text !== undefined) writes.push(`  ${text}\n`);
    return text !== undefined;
  });
}

const bytesOf = (offset: number, count: number, value: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => `b[${offset + i}] = ${value(i)};`).join(' ');
const shifted = (value: string) => (i: number) => (i === 0 ? value : `${value} >> ${8 * i}`);

function writeScalar(type: CType, offset: number, v: string): string | undefined {
  const bits = 8 * type.sizeBytes;
  switch (type.kind) {
    case 'bool':
      return `if (${v} === true) b[${offset}] = 1; else if (${v} === false) b[${offset}] = 0; else return false;`;
    case 'signed':
    case 'unsigned': {
      const isSigned = type.kind === 'signed';
      if (bits === 64) {
        const least = isSigned ? '' : ` || ${v} < 0`;
        const high = bytesOf(offset + 4, 4, shifted(`(Math.floor(${v} / 4294967296) | 0)`));
        return `if (!Number.isSafeInteger(${v})${least}) return false; ${bytesOf(offset, 4, shifted(`(${v} | 0)`))} ${high}`;
      }
      const fitted = isSigned ? `${v} << ${32 - bits} >> ${32 - bits}` : `${v} << ${32 - bits} >>> ${32 - bits}`;
      return `if (typeof ${v} !== 'number' || (${fitted}) !== ${v}) return false; ${bytesOf(offset, type.sizeBytes, shifted(v))}`;
    }
    case 'float':
      return `if (typeof ${v} !== 'number') return false; f${bits}[0] = ${v}; ${bytesOf(offset, type.sizeBytes, (i) => `u8[${i}]`)}`;
    case 'pointer': {
      const number = `${v} === null ? 0 : ${v} instanceof Address && (${v}.generation === 0 || ${v}.generation === generation) ? ${v}.value : -1`;
      const high = bytesOf(offset + 4, 4, shifted(`(Math.floor(p / 4294967296) | 0)`));
      return `{ const p = ${number}; if (typeof p !== 'number' || p < 0) return false; ${bytesOf(offset, 4, shifted('(p | 0)'))} ${high} }`;
    }
    default:
      return undefined;
  }
}

function readFields(type: RecordType, base: number): string {
  const parts = type.fields.map(({ name, type: one, offsetBytes }) => {
    const offset = base + offsetBytes;
    return `${JSON.stringify(name)}: ${isRecord(one) ? readFields(one, offset) : readScalar(one, offset)}`;
  });
  return `{ ${parts.join(', ')} }`;
}

const word = (offset: number, count: number) =>
  Array.from({ length: count }, (_, i) => (i === 0 ? `b[${offset}]` : `b[${offset + i}] << ${8 * i}`)).join(' | ');

function readScalar(type: CType, offset: number): string {
  const { sizeBytes } = type;
  switch (type.kind) {
    case 'bool':
      return `b[${offset}] !== 0`;
    case 'float': {
      const copies = Array.from({ length: sizeBytes }, (_, i) => `u8[${i}] = b[${offset + i}]`);
      return `(${copies.join(', ')}, f${8 * sizeBytes}[0])`;
    }
    case 'pointer':
      return `new Address(fromUnsigned(${word(offset, 4)}, ${word(offset + 4, 4)}), generation)`;
    default: {
      const signed = type.kind === 'signed';
      if (sizeBytes === 8) return `from${signed ? 'Signed' : 'Unsigned'}(${word(offset, 4)}, ${word(offset + 4, 4)})`;
      const shift = 32 - 8 * sizeBytes;
      return signed ? `((${word(offset, sizeBytes)}) << ${shift} >> ${shift})` : `((${word(offset, sizeBytes)}) >>> 0)`;
    }
  }
}
