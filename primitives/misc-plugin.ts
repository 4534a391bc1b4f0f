/**
 * Module MiscPrimitivePlugin but for what strings do (string.ts): a substring by a table of characters that count as equal, bitmaps packed into bytes
 * and back, sound samples widened. Old images call them by number too (234 to 237, 243 to 246); three of those numbers mean clocks
 * now, which take other arguments: the argument count decides.
 *
 * A packed bitmap is its size in words, then runs. A number below 224 is one byte; 224 to 254 begin two bytes, 255 five. A run is a number,
 * length * 4 + kind: 0 nothing, 1 one byte that fills all words, 2 one word for all, 3 the words one by one; words with the highest byte first.
 * Source: class comment of Bitmap in Squeak.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { FailureName, Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import type { ObjectMemory } from '../vm/memory/object-memory.ts';
import { isImmediate, type Oop, smallIntegerOop } from '../vm/memory/oop.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { clockPrimitives } from './clock.ts';
import { elementKindOf, integerWithin, isByteObject } from './operands.ts';
import { bitsOf, isBits } from './raw-elements.ts';
import { stringPrimitives } from './string.ts';

const MODULE = 'MiscPrimitivePlugin';
const LARGEST = 0x3fffffff;

/** An object of 32-bit words, as a view of them; undefined for any other. */
function wordsOf(memory: ObjectMemory, oop: Oop): Int32Array | undefined {
  if (isImmediate(oop) || elementKindOf(memory.formatOf(oop)) !== 'words') return undefined;
  const first = memory.bodyOf(oop) >> 2;
  return memory.i32.subarray(first, first + memory.slotCountOf(oop));
}

/** `findSubstring: key in: body startingAt: start matchTable: table`; 0 for none. */
const findSubstring: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const [keyOop, bodyOop, tableOop] = [vm.stackValue(3), vm.stackValue(2), vm.stackValue(0)];
  const start = integerWithin(vm.stackValue(1), -LARGEST, LARGEST);
  if (!isByteObject(memory, keyOop) || !isByteObject(memory, bodyOop) || start === undefined)
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (!isByteObject(memory, tableOop) || memory.byteSizeOf(tableOop) < 256) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const table = memory.bytesOf(tableOop);
  const found = indexOfMatch(memory.bytesOf(bodyOop), memory.bytesOf(keyOop), Math.max(0, start - 1), table);
  return vm.answer(argumentCount, smallIntegerOop(found + 1));
};

/** Where `key` begins in `body`, both seen through `table`; -1 for nowhere, and for an empty key. */
function indexOfMatch(body: Uint8Array, key: Uint8Array, from: number, table: Uint8Array): number {
  if (key.length === 0) return -1;
  for (let at = from; at + key.length <= body.length; at++) {
    let matched = 0;
    while (matched < key.length && table[body[at + matched]!] === table[key[matched]!]) matched++;
    if (matched === key.length) return at;
  }
  return -1;
}

// Packed bitmaps

const BYTE_RUN = 1;
const WORD_RUN = 2;
const WORDS = 3;
const ONE_BYTE_LIMIT = 224;
const TWO_BYTE_LIMIT = 7936;

/** The bytes of a bitmap, packed. The runs are those that Squeak's own code makes. */
export function packWords(words: Int32Array): Uint8Array {
  // Room for the worst case: each word a run of its own.
  const bytes = new Uint8Array(5 + 6 * words.length);
  let at = 0;
  const byte = (value: number): void => {
    bytes[at++] = value;
  };
  const word = (value: number): void => {
    for (let shift = 24; shift >= 0; shift -= 8) byte(value >>> shift);
  };
  const number = (value: number): void => {
    if (value < ONE_BYTE_LIMIT) byte(value);
    else if (value < TWO_BYTE_LIMIT) {
      byte(ONE_BYTE_LIMIT + (value >> 8));
      byte(value);
    } else {
      byte(255);
      word(value);
    }
  };
  const hasEqualBytes = (value: number): boolean => value === Math.imul(value & 255, 0x01010101);
  number(words.length);
  let start = 0;
  while (start < words.length) {
    const first = words[start]!;
    let end = start + 1;
    while (end < words.length && words[end] === first) end++;
    if (hasEqualBytes(first)) {
      number((end - start) * 4 + BYTE_RUN);
      byte(first);
    } else if (end - start > 1) {
      number((end - start) * 4 + WORD_RUN);
      word(first);
    } else {
      // Up to where the next two are equal.
      while (end < words.length && !(end + 1 < words.length && words[end] === words[end + 1])) end++;
      number((end - start) * 4 + WORDS);
      for (let i = start; i < end; i++) word(words[i]!);
    }
    start = end;
  }
  return bytes.subarray(0, at);
}

/** Unpacks runs, behind the size, into `words`; false where they go past either end, or are cut off. */
export function unpackWords(bytes: Uint8Array, from: number, words: Int32Array): boolean {
  let at = from;
  let next = 0;
  const byte = (): number => bytes[at++] ?? Number.NaN;
  const word = (): number => byte() * 0x1000000 + byte() * 0x10000 + byte() * 0x100 + byte();
  while (at < bytes.length) {
    const first = byte();
    const run = first < ONE_BYTE_LIMIT ? first : first < 255 ? (first - ONE_BYTE_LIMIT) * 256 + byte() : word();
    const count = Math.floor(run / 4);
    // Not a number: the bytes ended within.
    if (!(next + count <= words.length)) return false;
    const kind = run % 4;
    if (kind === WORDS) {
      for (let i = 0; i < count; i++) words[next + i] = word();
    } else if (kind !== 0) {
      words.fill(kind === BYTE_RUN ? Math.imul(byte(), 0x01010101) : word(), next, next + count);
    }
    if (at > bytes.length) return false;
    if (kind !== 0) next += count;
  }
  return true;
}

/** `compress: bitmap toByteArray: bytes`: how many bytes it took. */
const compress: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const target = vm.stackValue(0);
  const words = wordsOf(memory, vm.stackValue(1));
  if (words === undefined || !isByteObject(memory, target)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (memory.isImmutable(target)) return vm.fail(PrimitiveError.NO_MODIFICATION);
  const packed = packWords(words);
  if (packed.length > memory.byteSizeOf(target)) return vm.fail(PrimitiveError.LIMIT_EXCEEDED);
  memory.bytesOf(target).set(packed);
  return vm.answer(argumentCount, smallIntegerOop(packed.length));
};

/** `decompress: bitmap fromByteArray: bytes at: index`. Fails with the bitmap as it was. */
const decompress: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const target = vm.stackValue(2);
  const source = vm.stackValue(1);
  const words = wordsOf(memory, target);
  const index = integerWithin(vm.stackValue(0), 1, LARGEST);
  if (words === undefined || !isByteObject(memory, source) || index === undefined)
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (memory.isImmutable(target)) return vm.fail(PrimitiveError.NO_MODIFICATION);
  const unpacked = words.slice();
  if (!unpackWords(memory.bytesOf(source), index - 1, unpacked)) return vm.fail(PrimitiveError.BAD_INDEX);
  words.set(unpacked);
  return vm.answer(argumentCount, vm.stackValue(argumentCount));
};

/** `convert8bitSignedFrom: bytes to16Bit: buffer`: each byte, signed, becomes the upper half of a sample. */
const convertSamples: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const source = vm.stackValue(1);
  const target = vm.stackValue(0);
  if (!isByteObject(memory, source) || !isBits(memory, target)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (memory.isImmutable(target)) return vm.fail(PrimitiveError.NO_MODIFICATION);
  const bytes = memory.bytesOf(source);
  const samples = bitsOf(memory, target);
  if (samples.length < 2 * bytes.length) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  // A source that is the target is read before it is written.
  bytes.slice().forEach((byte, i) => {
    samples[2 * i] = 0;
    samples[2 * i + 1] = byte;
  });
  return vm.answer(argumentCount, vm.stackValue(argumentCount));
};

const named = (name: string, takes: number, fails: readonly FailureName[], run: Primitive) => ({
  module: MODULE,
  name,
  takes,
  fails,
  run,
});

const ours: readonly PrimitiveDefinition[] = [
  named('primitiveFindSubstring', 4, ['BAD_ARGUMENT'], findSubstring),
  named('primitiveCompressToByteArray', 2, ['BAD_ARGUMENT', 'NO_MODIFICATION', 'LIMIT_EXCEEDED'], compress),
  named('primitiveDecompressFromByteArray', 3, ['BAD_ARGUMENT', 'BAD_INDEX', 'NO_MODIFICATION'], decompress),
  named('primitiveConvert8BitSigned', 2, ['BAD_ARGUMENT', 'NO_MODIFICATION'], convertSamples),
];

// By their old numbers

const OLD_NUMBERS: readonly (readonly [number: number, name: string, takes: number])[] = [
  [234, 'primitiveDecompressFromByteArray', 3],
  [235, 'primitiveCompareString', 3],
  [236, 'primitiveConvert8BitSigned', 2],
  [237, 'primitiveCompressToByteArray', 2],
  [243, 'primitiveTranslateStringWithTable', 4],
  [244, 'primitiveFindFirstInString', 3],
  [245, 'primitiveIndexOfAsciiInString', 3],
  [246, 'primitiveFindSubstring', 4],
];

/** Runs `old` for a call with the arguments that it takes, and what the number means now for any other. */
function byOldNumber(number: number, name: string, takes: number): PrimitiveDefinition {
  const old = [...ours, ...stringPrimitives].find((each) => each.name === name)!;
  const now = clockPrimitives.find((each) => 'number' in each && each.number === number);
  const run: Primitive = (vm: Interpreter, argumentCount: number) =>
    argumentCount === takes || now === undefined ? old.run(vm, argumentCount) : now.run(vm, argumentCount);
  const counts = now?.takes === undefined ? [] : typeof now.takes === 'number' ? [now.takes] : now.takes;
  return {
    number,
    name: now === undefined ? name : `${now.name}, ${name}`,
    takes: [...counts, takes],
    fails: [...new Set([...(now?.fails ?? []), ...(old.fails ?? [])])],
    run,
  };
}

export const miscPluginPrimitives: readonly PrimitiveDefinition[] = [
  ...ours,
  ...OLD_NUMBERS.map((each) => byOldNumber(...each)),
];
