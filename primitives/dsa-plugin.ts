/**
 * Module DSAPrims: the two steps of SHA-1 on one block of 64 bytes. The 80 words and the 5 of the hash are objects of 32-bit words, or bytes with
 * the machine's lowest byte first. Source: FIPS 180-1; the method names are SecureHashAlgorithm's in Squeak.
 */
import type { FailureName, Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import type { ObjectMemory } from '../vm/memory/object-memory.ts';
import type { Oop } from '../vm/memory/oop.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { bitsOf, bitsSizeOf, isBits, viewOf } from './raw-elements.ts';

const MODULE = 'DSAPrims';
const BLOCK_BYTES = 64;
const BLOCK_WORDS = 16;
const EXPANDED_WORDS = 80;
const HASH_WORDS = 5;

const rotated = (value: number, count: number): number => (value << count) | (value >>> (32 - count));

/** An object of bits of that many bytes; undefined for any other. */
function bitsOfSize(memory: ObjectMemory, oop: Oop, sizeBytes: number): DataView | undefined {
  return isBits(memory, oop) && bitsSizeOf(memory, oop) === sizeBytes ? viewOf(bitsOf(memory, oop)) : undefined;
}

/** `expandBlock: block into: words`: the message schedule; the block has the highest byte of each word first. */
const expandBlock: Primitive = (vm) => {
  const { memory } = vm;
  const words = bitsOfSize(memory, vm.stackValue(0), EXPANDED_WORDS * 4);
  const block = bitsOfSize(memory, vm.stackValue(1), BLOCK_BYTES);
  if (words === undefined || block === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (memory.isImmutable(vm.stackValue(0))) return vm.fail(PrimitiveError.NO_MODIFICATION);
  const word = (i: number): number => words.getInt32(4 * i, true);
  for (let i = 0; i < BLOCK_WORDS; i++) words.setInt32(4 * i, block.getInt32(4 * i, false), true);
  for (let i = BLOCK_WORDS; i < EXPANDED_WORDS; i++)
    words.setInt32(4 * i, rotated(word(i - 3) ^ word(i - 8) ^ word(i - 14) ^ word(i - 16), 1), true);
  return vm.answer(2, vm.stackValue(2));
};

const ROUND_CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6] as const;

function mixed(round: number, b: number, c: number, d: number): number {
  if (round === 0) return (b & c) | (~b & d);
  return round === 2 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
}

/** `hashBlock: words using: hash`: 80 rounds, added to the hash in place. */
const hashBlock: Primitive = (vm) => {
  const { memory } = vm;
  const hash = bitsOfSize(memory, vm.stackValue(0), HASH_WORDS * 4);
  const words = bitsOfSize(memory, vm.stackValue(1), EXPANDED_WORDS * 4);
  if (words === undefined || hash === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (memory.isImmutable(vm.stackValue(0))) return vm.fail(PrimitiveError.NO_MODIFICATION);
  let [a, b, c, d, e] = [0, 1, 2, 3, 4].map((i) => hash.getInt32(4 * i, true)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  for (let i = 0; i < EXPANDED_WORDS; i++) {
    const round = Math.floor(i / 20);
    const sum = rotated(a, 5) + mixed(round, b, c, d) + e + ROUND_CONSTANTS[round]! + words.getInt32(4 * i, true);
    [a, b, c, d, e] = [sum | 0, a, rotated(b, 30), c, d];
  }
  [a, b, c, d, e].forEach((value, i) => {
    hash.setInt32(4 * i, (hash.getInt32(4 * i, true) + value) | 0, true);
  });
  return vm.answer(2, vm.stackValue(2));
};

const STEP: readonly FailureName[] = ['BAD_ARGUMENT', 'NO_MODIFICATION'];

export const dsaPluginPrimitives: readonly PrimitiveDefinition[] = [
  {
    module: MODULE,
    name: 'primitiveHasSecureHashPrimitive',
    takes: 0,
    fails: [],
    run: (vm) => vm.answer(0, vm.memory.true),
  },
  { module: MODULE, name: 'primitiveExpandBlock', takes: 2, fails: STEP, run: expandBlock },
  { module: MODULE, name: 'primitiveHashBlock', takes: 2, fails: STEP, run: hashBlock },
];
