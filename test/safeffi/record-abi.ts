/**
 * Random functions that take and answer records by value: their C text, and what they must do, computed here. Each C
 * function hashes the bytes of the scalars in its arguments and answers a value made from the hash.
 */
import { type CType, isRecord, parseType, type RecordType, typeText } from '../../safeffi/index.ts';
import { cHeaders, pick, type Random, RandomTypes, scalarNames } from './random-types.ts';

export interface RecordCase {
  readonly name: string;
  readonly returns: CType;
  readonly arguments: readonly CType[];
}

/** A scalar within a value: where it lies, and how C reaches it. */
interface Leaf {
  readonly type: CType;
  readonly offsetBytes: number;
  readonly expression: string;
}

const mask = (1n << 64n) - 1n;
const step = 6364136223846793005n;
const increment = 1442695040888963407n;
const mostRecordBytes = 80;

/** Of a union only the first of its largest members: the bytes beside the others may be padding. */
function leaves(type: CType, offsetBytes: number, expression: string): Leaf[] {
  if (type.kind === 'array')
    return Array.from({ length: type.length }, (_, i) =>
      leaves(type.element, offsetBytes + i * type.element.sizeBytes, `${expression}[${i}]`),
    ).flat();
  if (!isRecord(type)) return [{ type, offsetBytes, expression }];
  const largest = Math.max(...type.fields.map((field) => field.type.sizeBytes));
  const chosen = type.kind === 'union' ? [type.fields.find((field) => field.type.sizeBytes === largest)!] : type.fields;
  return chosen.flatMap((field) =>
    leaves(field.type, offsetBytes + field.offsetBytes, field.name === '' ? expression : `${expression}.${field.name}`),
  );
}

/** The next hash, and the bytes of a scalar made from it. */
function scalarFrom(hash: bigint, type: CType): { hash: bigint; bytes: Uint8Array } {
  const next = (hash * step + increment) & mask;
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  if (type.kind === 'float' && type.sizeBytes === 4) view.setFloat32(0, Number(next % 1000n), true);
  else if (type.kind === 'float') view.setFloat64(0, Number(next % 1000n), true);
  else view.setBigUint64(0, type.kind === 'bool' ? next & 1n : next, true);
  return { hash: next, bytes: bytes.subarray(0, type.sizeBytes) };
}

/** A value of that type whose scalars follow from the hash. */
export function valueFrom(hash: bigint, type: CType): Uint8Array {
  const value = new Uint8Array(type.sizeBytes);
  let state = hash;
  for (const leaf of leaves(type, 0, '')) {
    const { hash: next, bytes } = scalarFrom(state, leaf.type);
    state = next;
    value.set(bytes, leaf.offsetBytes);
  }
  return value;
}

export function hashOf(hash: bigint, type: CType, value: Uint8Array): bigint {
  let state = hash;
  for (const leaf of leaves(type, 0, ''))
    for (const byte of value.subarray(leaf.offsetBytes, leaf.offsetBytes + leaf.type.sizeBytes))
      state = (state * 31n + BigInt(byte)) & mask;
  return state;
}

/** The bytes that count: padding is nobody's. */
export function scalarsOf(type: CType, value: Uint8Array): number[] {
  return leaves(type, 0, '').flatMap((leaf) => [
    ...value.subarray(leaf.offsetBytes, leaf.offsetBytes + leaf.type.sizeBytes),
  ]);
}

export class RecordCases {
  readonly list: RecordCase[] = [];
  readonly #types: RandomTypes;
  readonly #random: Random;
  readonly #packed: boolean;

  constructor(random: Random, count: number, packed: boolean) {
    this.#random = random;
    this.#packed = packed;
    this.#types = new RandomTypes(random, packed);
    for (let index = 0; index < count; index++) {
      const returns = random(3) === 0 ? this.#scalar() : this.#record();
      const types = Array.from({ length: 1 + random(8) }, () => (random(2) === 0 ? this.#scalar() : this.#record()));
      this.list.push({ name: `f${index}`, returns, arguments: types });
    }
  }

  /** A library with all the functions; `hash` answers the last one's hash. */
  get text(): string {
    const pack = this.#packed ? '#pragma pack(1)\n' : '';
    const functions = this.list.map((one) => functionText(one)).join('');
    return `${cHeaders}#include <string.h>\n${pack}${this.#types.text}${helpers}${functions}`;
  }

  #scalar(): CType {
    return parseType(pick(this.#random, scalarNames));
  }

  #record(): RecordType {
    const random = this.#random;
    const { records } = this.#types;
    for (;;) {
      const record =
        records.length > 5 && random(3) === 0 ? pick(random, records) : this.#types.record(random(3), 1 + random(4));
      if (record.sizeBytes <= mostRecordBytes) return record;
    }
  }
}

const helpers = `
static uint64_t last;
uint64_t hash(void) { return last; }
static void take(const void *p, size_t n) { for (size_t i = 0; i < n; i++) last = last * 31 + ((const unsigned char *)p)[i]; }
static uint64_t next(uint64_t *h) { return *h = *h * 6364136223846793005u + 1442695040888963407u; }
`;

/** C statements that hash what `expression` holds, by a function or macro `take(address, size)`. */
export function hashStatements(type: CType, expression: string): string {
  return leaves(type, 0, expression)
    .map((leaf) => `  take(&${leaf.expression}, sizeof ${leaf.expression});\n`)
    .join('');
}

function functionText({ name, returns, arguments: types }: RecordCase): string {
  const parameters = types.map((type, i) => typeText(type, `a${i}`)).join(', ');
  const takes = types.map((type, i) => hashStatements(type, `a${i}`));
  const gives = leaves(returns, 0, 'r').map(({ type, expression }) => {
    if (type.kind === 'float') return `  ${expression} = next(&h) % 1000;\n`;
    if (type.kind === 'bool') return `  ${expression} = next(&h) & 1;\n`;
    return `  next(&h); memcpy(&${expression}, &h, sizeof ${expression});\n`;
  });
  return `${typeText(returns, `${name}(${parameters})`)} {
  last = 7;
${takes.join('')}  uint64_t h = last;
  ${typeText(returns, 'r')};
  memset(&r, 0, sizeof r);
${gives.join('')}  return r;
}
`;
}
