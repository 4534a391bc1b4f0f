/**
 * Records by value through koffi. koffi is not told a record's members but a carrier: another record, or a scalar, that the
 * ABI passes in the same registers, made of floats, doubles and runs of bytes. So bit-fields, unions and packed records
 * cross although koffi knows none of them as C does, no bit of an integer is lost, and bytes are copied as a block.
 *
 * Results have carriers of their own, because koffi makes objects slowly: an integer of up to eight bytes, a lone double,
 * or, where the ABI hides a pointer in the first argument (x86-64 System V), that pointer.
 */
import { homogeneousFloats } from '../abi/aapcs64.ts';
import { classifyRecord } from '../abi/classify-record.ts';
import { badSignatureError } from '../errors.ts';
import type { RecordType } from '../types/aggregate-types.ts';
import type { CType } from '../types/scalar-types.ts';
import type { Koffi } from './koffi.ts';

/** `word`: eight bytes as an integer. */
export interface Part {
  readonly kind: 'float' | 'double' | 'bytes' | 'word';
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Plain data, which crosses to another process. */
export interface PlainRecord {
  readonly kind: 'record';
  readonly sizeBytes: number;
  readonly parts: readonly Part[];
  /** `pointer`: the first argument holds the address of the result. `scalar`: the one part itself. */
  readonly result: 'pointer' | 'scalar' | 'record';
  readonly resultParts: readonly Part[];
}

type KoffiType = Parameters<Koffi['sizeof']>[0];

const eight = 8;
const scratchBytes = 64;

/** Throws CalloutError `bad-signature` for what no carrier is known for. */
export function plainRecord(callout: string, record: RecordType): PlainRecord {
  const { sizeBytes } = record;
  const whole: Part[] = [{ kind: 'bytes', offset: 0, sizeBytes }];
  if (process.platform === 'win32')
    return { kind: 'record', sizeBytes, parts: whole, result: 'record', resultParts: whole };
  if (process.arch === 'arm64') {
    const count = homogeneousFloats(record);
    if (count !== undefined) return inRegisters(sizeBytes, floatParts(0, sizeBytes, sizeBytes / count));
    return sizeBytes > 2 * eight
      ? { kind: 'record', sizeBytes, parts: whole, result: 'record', resultParts: whole }
      : inRegisters(sizeBytes, whole);
  }
  if (process.arch !== 'x64')
    throw badSignatureError(callout, `${record.name} by value: how is not known on ${process.arch}`);
  const classes = classifyRecord(record);
  if (classes !== undefined) {
    // Beside floats an integer is faster than a piece of the bytes.
    const isMixed = classes.includes('vector');
    const parts = classes.flatMap((one, i): Part[] => {
      const offset = eight * i;
      const size = Math.min(eight, sizeBytes - offset);
      if (one === 'integer') return [{ kind: isMixed && size === eight ? 'word' : 'bytes', offset, sizeBytes: size }];
      return floatParts(offset, size, hasDouble(record, offset) ? eight : eight / 2);
    });
    return inRegisters(sizeBytes, parts);
  }
  if (sizeBytes > 2 * eight) return { kind: 'record', sizeBytes, parts: whole, result: 'pointer', resultParts: [] };
  const sentence = `${record.name} has misaligned fields, and only the native executor passes such by value`;
  throw badSignatureError(callout, sentence);
}

function floatParts(offset: number, sizeBytes: number, each: number): Part[] {
  const kind = each === eight ? 'double' : 'float';
  const count = Math.floor(sizeBytes / each);
  return Array.from({ length: count }, (_, i) => ({ kind, offset: offset + each * i, sizeBytes: each }));
}

function inRegisters(sizeBytes: number, parts: readonly Part[]): PlainRecord {
  const resultParts = parts.flatMap((part): Part[] => {
    if (part.kind !== 'bytes') return [part];
    const words = Math.ceil(part.sizeBytes / eight);
    return Array.from({ length: words }, (_, i) => ({
      kind: 'word',
      offset: part.offset + eight * i,
      sizeBytes: eight,
    }));
  });
  const result = resultParts.length === 1 ? 'scalar' : 'record';
  return { kind: 'record', sizeBytes, parts, result, resultParts };
}

/** Whether a double lies there, be it within others. */
function hasDouble(type: CType, offset: number): boolean {
  switch (type.kind) {
    case 'struct':
    case 'union':
      return type.fields.some((field) => hasDouble(field.type, offset - field.offsetBytes));
    case 'array':
      return Array.from({ length: type.length }, (_, i) => i * type.element.sizeBytes).some((at) =>
        hasDouble(type.element, offset - at),
      );
    default:
      return type.kind === 'float' && type.sizeBytes === eight && offset === 0;
  }
}

/** As koffi declares it: an argument, or a part of a callback. */
export function koffiRecord(koffi: Koffi, parts: readonly Part[]): KoffiType {
  return koffi.struct(Object.fromEntries(parts.map((part, i) => [`p${i}`, koffiPart(koffi, part)])));
}

export function koffiPart(koffi: Koffi, { kind, sizeBytes }: Part): KoffiType {
  if (kind === 'bytes') return koffi.array('uint8_t', sizeBytes, 'Typed');
  return kind === 'word' ? 'uint64_t' : kind;
}

/** What the generated code below works on; a record in registers has 32 bytes at most. */
const scratch = new ArrayBuffer(scratchBytes);
const memory = {
  u8: new Uint8Array(scratch),
  u32: new Uint32Array(scratch),
  f32: new Float32Array(scratch),
  f64: new Float64Array(scratch),
  /** Numbers where they are exact: they are made faster. */
  word: (low: number, high: number) =>
    high < 0x20_0000 ? high * 0x1_0000_0000 + low : (BigInt(high) << 32n) | BigInt(low),
};
const names = Object.keys(memory).join(', ');

const compile = (text: string) => new Function('memory', `'use strict'; const { ${names} } = memory; ${text}`)(memory);

/** Compiles what makes koffi's object of a record's bytes. */
export function compileToParts({ sizeBytes, parts }: PlainRecord): (bytes: Uint8Array) => unknown {
  const isWhole = parts.length === 1 && parts[0]!.kind === 'bytes';
  if (isWhole) return (bytes) => ({ p0: bytes });
  const fields = parts.map((part, i) => `p${i}: ${readPart(part)}`);
  return compile(`return function (bytes) {
  if (bytes.length !== ${sizeBytes}) throw new RangeError('a record of ' + bytes.length + ' bytes, expected ${sizeBytes}');
  u8.set(bytes);
  return { ${fields.join(', ')} };
};`) as (bytes: Uint8Array) => unknown;
}

function readPart({ kind, offset, sizeBytes }: Part): string {
  if (kind === 'bytes') return `u8.slice(${offset}, ${offset + sizeBytes})`;
  if (kind === 'word') return `word(u32[${offset / 4}], u32[${offset / 4 + 1}])`;
  return kind === 'double' ? `f64[${offset / 8}]` : `f32[${offset / 4}]`;
}

/** Compiles what makes bytes of koffi's object, or of the scalar that came in its place. */
export function compileFromParts(
  sizeBytes: number,
  parts: readonly Part[],
  isScalar: boolean,
): (value: unknown) => Uint8Array {
  if (parts.length === 1 && parts[0]!.kind === 'bytes') return (value) => (value as { p0: Uint8Array }).p0;
  const stores = parts.map((part, i) => storePart(part, isScalar ? 'value' : `value.p${i}`));
  return compile(`return function (value) { ${stores.join(' ')} return u8.slice(0, ${sizeBytes}); };`) as (
    value: unknown,
  ) => Uint8Array;
}

function storePart({ kind, offset }: Part, value: string): string {
  const at = offset / 4;
  switch (kind) {
    case 'bytes':
      return `u8.set(${value}, ${offset});`;
    case 'word':
      return `if (typeof ${value} === 'number') { u32[${at}] = ${value} % 4294967296; u32[${at + 1}] = ${value} / 4294967296; } else { u32[${at}] = Number(${value} & 0xffffffffn); u32[${at + 1}] = Number(${value} >> 32n); }`;
    case 'float':
      return `f32[${at}] = ${value};`;
    case 'double':
      return `f64[${offset / 8}] = ${value};`;
  }
}
