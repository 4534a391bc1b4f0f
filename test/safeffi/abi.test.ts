/**
 * Where arguments go: against what the machine's C compiler does with random signatures of up to 24 scalars. Each C
 * function answers a hash of the bytes of its arguments; the same hash is computed here.
 */
import { describe, expect, test } from '@jest/globals';
import { planFrame } from '../../safeffi/abi/system-v-x86-64.ts';
import { type ArgumentValue, integerRange, openSession, parseSignature, parseType } from '../../safeffi/index.ts';
import { compile } from './fixture.ts';

const seed = 20180331;
const signatureCount = 200;
const types = [
  'int',
  'unsigned int',
  'long',
  'short',
  'unsigned char',
  'signed char',
  'unsigned long',
  'double',
  'float',
];

function randomNumbers(start: number): (limit: number) => number {
  let state = start;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * limit);
  };
}

interface Case {
  readonly name: string;
  readonly arguments: readonly string[];
  readonly values: readonly ArgumentValue[];
  readonly hash: bigint;
}

const mask = (1n << 64n) - 1n;

/** The bits that C sees when the argument is converted to a 64-bit word. */
function bits(type: string, value: number | bigint): bigint {
  if (type === 'double') return new BigUint64Array(Float64Array.of(value as number).buffer)[0]!;
  if (type === 'float') return BigInt(new Uint32Array(Float32Array.of(value as number).buffer)[0]!);
  return BigInt.asUintN(64, BigInt(value));
}

function makeCases(): Case[] {
  const random = randomNumbers(seed);
  return Array.from({ length: signatureCount }, (_, index) => {
    const chosen = Array.from({ length: random(25) }, () => types[random(types.length)]!);
    let hash = 7n;
    const values = chosen.map((name) => {
      const type = parseType(name);
      let value: number | bigint;
      if (type.kind === 'float') value = Math.fround((random(2_000_001) - 1_000_000) / 64);
      else {
        const { low, high } = integerRange(type);
        value = [low, high, 0n, BigInt(random(100))][random(4)]!;
      }
      hash = (hash * 31n + bits(name, value)) & mask;
      return value;
    });
    return { name: `f${index}`, arguments: chosen, values, hash };
  });
}

function cText(cases: readonly Case[]): string {
  const helpers = `#include <stdint.h>
#include <string.h>
static uint64_t of_double(double value) { uint64_t bits; memcpy(&bits, &value, 8); return bits; }
static uint64_t of_float(float value) { uint32_t bits; memcpy(&bits, &value, 4); return bits; }
`;
  const functions = cases.map(({ name, arguments: args }) => {
    const parameters = args.map((type, i) => `${type} a${i}`).join(', ') || 'void';
    const steps = args.map((type, i) => {
      const word =
        type === 'double' ? `of_double(a${i})` : type === 'float' ? `of_float(a${i})` : `(uint64_t)(int64_t)a${i}`;
      return ` h = h * 31 + ${type.startsWith('unsigned') ? `(uint64_t)a${i}` : word};`;
    });
    return `uint64_t ${name}(${parameters}) { uint64_t h = 7;${steps.join('')} return h; }\n`;
  });
  return helpers + functions.join('');
}

const cases = makeCases();

describe.each(['native', 'portable', 'direct'] as const)('%s', (ffi) => {
  test(`${signatureCount} random signatures, seed ${seed}`, () => {
    const session = openSession({ ffi });
    const library = session.library(compile('abi', cText(cases)));
    for (const { name, arguments: args, values, hash } of cases) {
      const call = library.function(name, { returns: 'uint64_t', arguments: args });
      expect([name, args.join(), BigInt(call(...values) as number | bigint)]).toEqual([name, args.join(), hash]);
    }
    session.close();
  });
});

test('five arguments of any mix fit the frame line', () => {
  const plan = (...args: string[]) => planFrame('f', parseSignature('f', { returns: 'void', arguments: args }));
  expect(plan('int', 'double', 'int', 'double', 'int')).toEqual({ words: [[8], [40], [16], [32], [24]], control: 2 });
  expect(plan('int', 'int', 'int', 'int', 'int', 'int').control).toBe(0x100);
});
