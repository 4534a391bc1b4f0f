/**
 * Random C functions for the ABI: up to 24 arguments and a result of scalars, pointers, enums, structs and unions by value,
 * packed ones too, and functions with `...`. Each follows from a seed of its own, so that one alone can be made again. The
 * C function hashes the bytes of the scalars in its arguments and makes its result from the hash; the same is computed here.
 */
import {
  type CType,
  type Field,
  isRecord,
  makeSignature,
  parseType,
  type Signature,
  typeText,
} from '../../safeffi/index.ts';
import { readBits, writeBits } from '../../safeffi/types/bit-field.ts';
import { cHeaders, pick, type Random, RandomTypes, randomNumbers, scalarNames } from './random-types.ts';

export interface SignatureCase {
  readonly seed: number;
  /** Of the C function. */
  readonly name: string;
  readonly signature: Signature;
  /** Records are laid out without padding: koffi's executors refuse those. */
  readonly packed: boolean;
  /** C declarations of the records and enums. */
  readonly types: string;
}

/** A scalar within a value: where it lies, and how C reaches it. */
interface Leaf {
  readonly type: CType;
  readonly offsetBytes: number;
  readonly bits?: Field['bits'] | undefined;
  readonly expression: string;
}

export const mostArguments = 24;
const mostRecordBytes = 80;
const promotedNames = ['int', 'unsigned int', 'long', 'unsigned long', 'long long', 'size_t', 'double', 'void *'];

/** Scrambled, so that neighbouring seeds give unlike signatures. */
const randomOf = (seed: number): Random => randomNumbers(Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) ^ (seed >>> 7));

export function randomSignature(seed: number): SignatureCase {
  const random = randomOf(seed);
  const packed = random(8) === 0;
  const records = new RandomTypes(random, packed, `s${seed}_`);
  const count = random(4) === 0 ? random(mostArguments + 1) : random(9);
  const variadicFrom = random(4) === 0 && count > 0 ? 1 + random(count) : undefined;
  const recordShare = random(4);
  const record = (): CType => {
    for (;;) {
      const type =
        records.records.length > 2 && random(3) === 0
          ? pick(random, records.records)
          : records.record(random(3), 1 + random(4));
      if (type.sizeBytes <= mostRecordBytes) return type;
    }
  };
  const scalar = (): CType => {
    if (random(12) === 0) return records.enumeration();
    return parseType(random(10) === 0 ? 'void *' : pick(random, scalarNames));
  };
  const value = (position: number): CType => {
    if (random(4) < recordShare) return record();
    return position >= (variadicFrom ?? count) ? parseType(pick(random, promotedNames)) : scalar();
  };
  const types = Array.from({ length: count }, (_, position) => value(position));
  const returns = random(10) === 0 ? parseType('void') : random(2) === 0 ? record() : scalar();
  const signature = makeSignature(`f${seed}`, returns, types, undefined, variadicFrom);
  return { seed, name: `f${seed}`, signature, packed, types: records.text };
}

/** The same function with other arguments or another result. */
export function withTypes(
  one: SignatureCase,
  returns: CType,
  types: readonly CType[],
  variadicFrom: number | undefined,
): SignatureCase {
  return { ...one, signature: makeSignature(one.name, returns, types, undefined, variadicFrom) };
}

/** C text of a library with these functions; `last_hash()` answers the hash of the last call's arguments. */
export function libraryText(cases: readonly SignatureCase[]): string {
  return `${cHeaders}#include <string.h>\n#include <stdarg.h>\n${helpers}${cases.map(caseText).join('')}`;
}

const helpers = `
static uint32_t last;
uint32_t last_hash(void) { return last; }
__attribute__((noinline)) static void take(const void *p, size_t n) {
  for (size_t i = 0; i < n; i++) last = last * 31 + ((const unsigned char *)p)[i];
}
__attribute__((noinline)) static uint64_t give(uint32_t *h) {
  uint64_t low = *h = *h * 1664525 + 1013904223, high = *h = *h * 1664525 + 1013904223;
  return high << 32 | low;
}
`;

export function caseText({ name, signature, packed, types }: SignatureCase): string {
  const { returns, arguments: args, variadicFrom } = signature;
  const declared = args.slice(0, variadicFrom).map((type, i) => typeText(type, `a${i}`));
  if (variadicFrom !== undefined) declared.push('...');
  const variable = variadicFrom === undefined ? [] : args.slice(variadicFrom);
  const reads = variable.map((type, i) => {
    const at = variadicFrom! + i;
    return `  ${typeText(type, `a${at}`)} = va_arg(list, ${typeText(type)});\n`;
  });
  const list =
    variadicFrom === undefined
      ? ''
      : `  va_list list;\n  va_start(list, a${variadicFrom - 1});\n${reads.join('')}  va_end(list);\n`;
  const takes = args.map((type, i) => leaves(type, 0, `a${i}`).map(takeText).join(''));
  const body =
    returns.kind === 'void'
      ? ''
      : `  uint32_t h = last;
  ${typeText(returns, 'r')};
  memset(&r, 0, sizeof r);
${leaves(returns, 0, 'r').map(giveText).join('')}  return r;
`;
  const open = packed ? '#pragma pack(push, 1)\n' : '';
  const close = packed ? '#pragma pack(pop)\n' : '';
  return `${open}${types}${close}${typeText(returns, `${name}(${declared.join(', ') || 'void'})`)} {
  last = 7;
${list}${takes.join('')}${body}}
`;
}

// A field of a packed record may not have its address taken as what it is: a copy may.
const takeText = ({ type, expression }: Leaf): string =>
  `  { ${typeText(type, 'v')} = ${expression}; take(&v, sizeof v); }\n`;

const giveText = ({ type, expression, bits }: Leaf): string => {
  if (bits !== undefined) return `  ${expression} = give(&h)${type.kind === 'bool' ? ' & 1' : ''};\n`;
  if (type.kind === 'float') return `  ${expression} = (double)(give(&h) % 1000) / 8;\n`;
  if (type.kind === 'bool') return `  ${expression} = give(&h) & 1;\n`;
  return `  { uint64_t v = give(&h); memcpy(&${expression}, &v, sizeof ${expression}); }\n`;
};

/** Of a union only the first of its largest members: the bytes beside the others may be padding. */
function leaves(type: CType, offsetBytes: number, expression: string, bits?: Field['bits']): Leaf[] {
  if (type.kind === 'array')
    return Array.from({ length: type.length }, (_, i) =>
      leaves(type.element, offsetBytes + i * type.element.sizeBytes, `${expression}[${i}]`),
    ).flat();
  if (!isRecord(type)) return [{ type, offsetBytes, expression, bits }];
  const size = (field: Field) => (field.bits === undefined ? field.type.sizeBytes : field.bits.width / 8);
  const largest = Math.max(...type.fields.map(size));
  const chosen = type.kind === 'union' ? [type.fields.find((field) => size(field) === largest)!] : type.fields;
  return chosen.flatMap((field) =>
    leaves(
      field.type,
      offsetBytes + field.offsetBytes,
      field.name === '' ? expression : `${expression}.${field.name}`,
      field.bits,
    ),
  );
}

/** Bytes made from a hash, as C's `give` makes them. */
class Giver {
  #hash: number;

  constructor(hash: number) {
    this.#hash = hash;
  }

  #next(): number {
    this.#hash = (Math.imul(this.#hash, 1664525) + 1013904223) >>> 0;
    return this.#hash;
  }

  into(view: DataView, { type, offsetBytes, bits }: Leaf): void {
    const low = this.#next();
    const high = this.#next();
    if (bits !== undefined) {
      const value = (BigInt(high) << 32n) | BigInt(low);
      writeBits(view, offsetBytes, bits, type.kind === 'bool' ? value & 1n : value);
      return;
    }
    if (type.kind === 'float') {
      const value = Number(((BigInt(high) << 32n) | BigInt(low)) % 1000n) / 8;
      if (type.sizeBytes === 4) view.setFloat32(offsetBytes, value, true);
      else view.setFloat64(offsetBytes, value, true);
      return;
    }
    const first = type.kind === 'bool' ? low & 1 : low;
    for (let i = 0; i < type.sizeBytes; i++)
      view.setUint8(offsetBytes + i, (i < 4 ? first >>> (8 * i) : high >>> (8 * i - 32)) & 255);
  }
}

/** A value of that type whose scalars follow from the hash. */
export function valueFrom(hash: number, type: CType): Uint8Array {
  const bytes = new Uint8Array(type.sizeBytes);
  const view = new DataView(bytes.buffer);
  const giver = new Giver(hash >>> 0);
  for (const leaf of leaves(type, 0, '')) giver.into(view, leaf);
  return bytes;
}

/** The hash of the arguments, as the C function makes it. */
export function hashOf(types: readonly CType[], values: readonly Uint8Array[]): number {
  let hash = 7;
  types.forEach((type, position) => {
    const value = values[position]!;
    for (const leaf of leaves(type, 0, ''))
      for (const byte of leafBytes(leaf, value)) hash = (Math.imul(hash, 31) + byte) >>> 0;
  });
  return hash;
}

/** The bytes that count: padding is nobody's. */
export function scalarsOf(type: CType, value: Uint8Array): number[] {
  return leaves(type, 0, '').flatMap((leaf) => [...leafBytes(leaf, value)]);
}

/** The bytes of a scalar as a variable of its type has them. */
function leafBytes({ type, offsetBytes, bits }: Leaf, value: Uint8Array): Uint8Array {
  if (bits === undefined) return value.subarray(offsetBytes, offsetBytes + type.sizeBytes);
  const read = readBits(new DataView(value.buffer, value.byteOffset, value.byteLength), offsetBytes, bits, type);
  return new Uint8Array(BigInt64Array.of(BigInt.asIntN(64, BigInt(read))).buffer).subarray(0, type.sizeBytes);
}
