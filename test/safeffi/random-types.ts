/**
 * Random C types for property tests: nested structs, unions, arrays, enums, pointers, with their C declarations. The same
 * seed gives the same types.
 */
import {
  arrayOf,
  type CType,
  enumOf,
  type Member,
  parseType,
  pointerTo,
  type RecordType,
  structOf,
  typeText,
  unionOf,
} from '../../safeffi/index.ts';

/** Numbers from 0 to below the limit. */
export type Random = (limit: number) => number;

export function randomNumbers(seed: number): Random {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * limit);
  };
}

export const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)]!;

export const scalarNames = [
  'bool',
  'char',
  'signed char',
  'unsigned char',
  'short',
  'unsigned short',
  'int',
  'unsigned int',
  'long',
  'unsigned long',
  'long long',
  'unsigned long long',
  'int8_t',
  'uint16_t',
  'int32_t',
  'uint64_t',
  'size_t',
  'intptr_t',
  'wchar_t',
  'float',
  'double',
];

const bitFieldNames = ['bool', 'unsigned char', 'short', 'int', 'unsigned int', 'long', 'unsigned long'];

/** C text that what `RandomTypes.text` holds needs in front. */
export const cHeaders =
  '#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <sys/types.h>\n#include <wchar.h>\n';

export class RandomTypes {
  readonly records: RecordType[] = [];
  /** The declarations made so far, in order. */
  text = '';
  readonly #random: Random;
  readonly #packed: boolean;
  readonly #prefix: string;
  readonly #unnamedBits: boolean;
  #count = 0;

  /** `prefix` begins every name: texts of several go into one file. Unnamed bits lie otherwise on each architecture. */
  constructor(random: Random, packed = false, prefix = '', unnamedBits = false) {
    this.#random = random;
    this.#packed = packed;
    this.#prefix = prefix;
    this.#unnamedBits = unnamedBits;
  }

  /** Any type that a field may have. */
  fieldType(depth = 2): CType {
    const random = this.#random;
    switch (random(12)) {
      case 0:
        return arrayOf(this.fieldType(depth - 1), 1 + random(4));
      case 1:
        return pointerTo(parseType(pick(random, scalarNames)));
      case 2:
        return this.enumeration();
      case 3:
      case 4:
      case 5:
        if (depth > 0) return this.record(depth - 1);
        break;
      case 6:
        if (this.records.length > 0) return pick(random, this.records);
    }
    return parseType(pick(random, scalarNames));
  }

  record(depth = 2, mostFields = 5): RecordType {
    const random = this.#random;
    const members: Member[] = [];
    let body = '';
    for (let count = 1 + random(mostFields); count > 0; count--) {
      const number = members.length;
      if (depth > 0 && random(8) === 0) {
        const anonymous = this.#anonymous();
        members.push({ name: '', type: anonymous.type });
        body += `  ${anonymous.text};\n`;
      } else if (random(7) === 0) {
        const bits = this.#bitField(number);
        members.push(bits.member);
        body += `  ${bits.text};\n`;
      } else {
        const type = this.fieldType(depth);
        members.push({ name: `f${number}`, type });
        body += `  ${typeText(type, `f${number}`)};\n`;
      }
    }
    const kind = random(4) === 0 ? 'union' : 'struct';
    const name = `${kind} ${this.#prefix}r${this.#count++}`;
    const type = (kind === 'union' ? unionOf : structOf)(name, members, this.#packed);
    this.text += `${name} {\n${body}};\n`;
    this.records.push(type);
    return type;
  }

  enumeration(): CType {
    const random = this.#random;
    const number = this.#count++;
    const limits = [0n, 1n, -1n, 2n ** 31n - 1n, -(2n ** 31n), 2n ** 32n - 1n, 2n ** 40n, -(2n ** 40n)];
    const constants = Array.from(
      { length: 1 + random(3) },
      (_, index) => [`${this.#prefix}E${number}_${index}`, pick(random, limits)] as const,
    );
    this.text += `enum ${this.#prefix}e${number} { ${constants.map(([name, value]) => `${name} = ${value}`).join(', ')} };\n`;
    return enumOf(`enum ${this.#prefix}e${number}`, constants);
  }

  /** Sometimes unnamed, sometimes of no width; never the first, which must have a name. */
  #bitField(number: number): { member: Member; text: string } {
    const random = this.#random;
    const type = parseType(pick(random, bitFieldNames));
    const most = type.kind === 'bool' ? 1 : 8 * type.sizeBytes;
    const isNamed = number === 0 || !this.#unnamedBits || random(8) !== 0;
    const bits = isNamed ? 1 + random(most) : random(most + 1);
    const name = isNamed ? `f${number}` : '';
    return { member: { name, type, bits }, text: `${typeText(type, name)} : ${bits}` };
  }

  #anonymous(): { type: RecordType; text: string } {
    const number = this.#count++;
    const kind = this.#random(2) === 0 ? 'union' : 'struct';
    const members = Array.from({ length: 1 + this.#random(3) }, (_, index) => ({
      name: `a${number}_${index}`,
      type: parseType(pick(this.#random, scalarNames)),
    }));
    const body = members.map(({ name, type }) => `${typeText(type, name)};`).join(' ');
    const type = (kind === 'union' ? unionOf : structOf)(kind, members, this.#packed);
    return { type, text: `${kind} { ${body} }` };
  }
}
