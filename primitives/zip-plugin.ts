/**
 * Module ZipPlugin: checksums, and one block of a deflated stream unpacked into an InflateStream's collection by the tables that the image built.
 * Deflating itself is left to the image's code, which does the same.
 *
 * An InflateStream has the slots of a ReadStream (collection, position, read limit) and those of its superclasses, then state, bit buffer, bits in
 * it, source, how many bytes of that were read, and how many there are. A table begins with the count of bits of the first index in its upper byte; an entry whose bits 24 to
 * 29 are 0 is a value, any other a further table: offset in the lower half, bits of its index in the upper byte. Source: class comment of
 * InflateStream in Squeak; RFC 1951.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { FailureName, Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import type { ObjectMemory } from '../vm/memory/object-memory.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerOop, smallIntegerValue } from '../vm/memory/oop.ts';
import { BehaviorSlot, PrimitiveError } from '../vm/memory/well-known.ts';
import { elementKindOf, integerWithin, isBehavior, isByteObject, safeIntegerValue } from './operands.ts';

const MODULE = 'ZipPlugin';
const LARGEST = 0x3fffffff;

// Checksums

const ADLER_BASE = 65521;

/** Goes on with an Adler-32 checksum (RFC 1950). */
export function adler32(start: number, bytes: Uint8Array): number {
  let low = start & 0xffff;
  let high = start >>> 16;
  for (const byte of bytes) {
    low = (low + byte) % ADLER_BASE;
    high = (high + low) % ADLER_BASE;
  }
  return high * 0x10000 + low;
}

/** By byte: what its bits do to a CRC-32 (RFC 1952), lowest bit first. */
const CRC_TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) !== 0 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** Goes on with a CRC-32 as it stands within; images invert it before and after. */
export function crc32(start: number, bytes: Uint8Array): number {
  let crc = start;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return crc >>> 0;
}

/** `update: checksum from: start to: stop in: bytes`. */
const checksum =
  (update: (start: number, bytes: Uint8Array) => number): Primitive =>
  (vm) => {
    const { memory } = vm;
    const before = safeIntegerValue(memory, vm.stackValue(3));
    const bytes = vm.stackValue(0);
    if (before === undefined || before < 0 || before > 0xffffffff || !isByteObject(memory, bytes))
      return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const start = integerWithin(vm.stackValue(2), 1, LARGEST);
    const stop = integerWithin(vm.stackValue(1), 0, memory.byteSizeOf(bytes));
    if (start === undefined || stop === undefined || stop < start) return vm.fail(PrimitiveError.BAD_INDEX);
    const after = update(before, memory.bytesOf(bytes).subarray(start - 1, stop));
    return vm.answer(4, memory.integerOop(BigInt(after)));
  };

// Hash tables of a DeflateStream

/** `updateHashTable: table delta: delta`: positions move back, those that leave the window become 0. */
const updateHashTable: Primitive = (vm) => {
  const { memory } = vm;
  const table = vm.stackValue(1);
  const delta = integerWithin(vm.stackValue(0), -LARGEST, LARGEST);
  const words = wordsOf(memory, table);
  if (words === undefined || delta === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (memory.isImmutable(table)) return vm.fail(PrimitiveError.NO_MODIFICATION);
  for (let i = 0; i < words.length; i++) words[i] = words[i]! >= delta ? words[i]! - delta : 0;
  return vm.answer(2, vm.stackValue(2));
};

function wordsOf(memory: ObjectMemory, oop: Oop): Int32Array | undefined {
  if (isImmediate(oop) || elementKindOf(memory.formatOf(oop)) !== 'words') return undefined;
  const first = memory.bodyOf(oop) >> 2;
  return memory.i32.subarray(first, first + memory.slotCountOf(oop));
}

// Inflating

/** Fixed slots of streams above InflateStream: the first class up the chain with fewer than this. */
const INFLATE_STREAM_SLOTS = 13;
const READ_LIMIT = 2;
const StateSlot = { STATE: 0, BIT_BUFFER: 1, BIT_COUNT: 2, SOURCE: 3, SOURCE_POSITION: 4, SOURCE_LIMIT: 5 } as const;
const STATE_SLOTS = 8;
/** What is left of the state when a block has ended: whether it was the last. */
const NO_MORE_DATA = 1;
const END_OF_BLOCK = 256;
const MOST_BITS = 16;
const SUBTABLE_BITS = 0x3f000000;

/** How many slots the stream class above the inflating ones has; undefined where the receiver is none such. */
function slotsAbove(vm: Interpreter, stream: Oop): number | undefined {
  const { memory } = vm;
  if (isImmediate(stream) || !memory.isPointers(stream)) return undefined;
  let behavior = memory.classOf(stream);
  while (isBehavior(memory, behavior) && memory.fixedSlotsOf(behavior) >= INFLATE_STREAM_SLOTS)
    behavior = memory.fetchPointer(behavior, BehaviorSlot.SUPERCLASS);
  if (!isBehavior(memory, behavior)) return undefined;
  const slots = memory.fixedSlotsOf(behavior);
  return slots > READ_LIMIT && memory.slotCountOf(stream) >= slots + STATE_SLOTS ? slots : undefined;
}

/** Reads bits, lowest first, from the source. Past its end there are none, and `isShort` is set. */
class BitReader {
  readonly source: Uint8Array;
  readonly limit: number;
  /** Bytes that were read. */
  position: number;
  buffer: number;
  count: number;
  isShort = false;

  constructor(source: Uint8Array, position: number, limit: number, buffer: number, count: number) {
    this.source = source;
    this.limit = Math.min(limit, source.length);
    this.position = position;
    this.buffer = buffer;
    this.count = count;
  }

  next(bits: number): number {
    while (this.count < bits) {
      if (this.position >= this.limit) {
        this.isShort = true;
        return 0;
      }
      // At most 16 + 8 bits: the buffer stays a small integer.
      this.buffer += this.source[this.position++]! * 2 ** this.count;
      this.count += 8;
    }
    const value = this.buffer % 2 ** bits;
    this.buffer = Math.floor(this.buffer / 2 ** bits);
    this.count -= bits;
    return value;
  }
}

/** The next value by a Huffman table; -1 where the table leads nowhere. */
function decode(reader: BitReader, table: Int32Array): number {
  let bits = (table[0] ?? 0) >>> 24;
  let offset = 1;
  while (bits <= MOST_BITS) {
    const index = offset + reader.next(bits);
    if (reader.isShort || index >= table.length) return -1;
    const value = table[index]!;
    if ((value & SUBTABLE_BITS) === 0) return value >>> 0;
    offset = (value & 0xffff) - 1;
    bits = value >>> 24;
    if (offset < 0) return -1;
  }
  return -1;
}

/** `decompressBlock: literals with: distances`: until the block ends, the collection is full or the source is used up. */
const inflateBlock: Primitive = (vm) => {
  const { memory } = vm;
  const stream = vm.stackValue(2);
  const literals = wordsOf(memory, vm.stackValue(1));
  const distances = wordsOf(memory, vm.stackValue(0));
  if (literals === undefined || distances === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const base = slotsAbove(vm, stream);
  if (base === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const collection = memory.fetchPointer(stream, 0);
  const source = memory.fetchPointer(stream, base + StateSlot.SOURCE);
  const integers = [
    StateSlot.STATE,
    StateSlot.BIT_BUFFER,
    StateSlot.BIT_COUNT,
    StateSlot.SOURCE_POSITION,
    StateSlot.SOURCE_LIMIT,
  ].map((slot) => memory.fetchPointer(stream, base + slot));
  const limitOop = memory.fetchPointer(stream, READ_LIMIT);
  if (![limitOop, ...integers].every((oop) => isSmallInteger(oop) && smallIntegerValue(oop) >= 0))
    return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (!isByteObject(memory, collection) || !isByteObject(memory, source)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (memory.isImmutable(collection) || memory.isImmutable(stream)) return vm.fail(PrimitiveError.NO_MODIFICATION);
  const [state, buffer, count, position, limit] = integers.map(smallIntegerValue) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (count > MOST_BITS + 8 || buffer >= 2 ** count) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const reader = new BitReader(memory.bytesOf(source), position, limit, buffer, count);
  const written = inflate(reader, memory.bytesOf(collection), smallIntegerValue(limitOop), literals, distances);
  if (written === undefined) return vm.fail(PrimitiveError.OPERATION_FAILED);
  const set = (slot: number, value: number): void => memory.storePointer(stream, slot, smallIntegerOop(value));
  set(READ_LIMIT, written.end);
  set(base + StateSlot.STATE, written.isBlockOver ? state & NO_MORE_DATA : state);
  set(base + StateSlot.BIT_BUFFER, reader.buffer);
  set(base + StateSlot.BIT_COUNT, reader.count);
  set(base + StateSlot.SOURCE_POSITION, reader.position);
  return vm.answer(2, stream);
};

interface Written {
  /** Bytes of the collection that are filled. */
  readonly end: number;
  readonly isBlockOver: boolean;
}

/** Undefined where the tables or the data make no sense; the collection's bytes past the old end may have changed then. */
function inflate(
  reader: BitReader,
  collection: Uint8Array,
  from: number,
  literals: Int32Array,
  distances: Int32Array,
): Written | undefined {
  let end = from;
  while (end < collection.length && reader.position <= reader.limit) {
    const { buffer, count, position } = reader;
    // Data that end within a code are an error, but not before what comes first is handed over.
    const giveUp = (): Written | undefined => {
      if (reader.isShort && end === from) return undefined;
      Object.assign(reader, { buffer, count, position, isShort: false });
      return { end, isBlockOver: false };
    };
    const value = decode(reader, literals);
    if (reader.isShort) return giveUp();
    if (value < 0) return undefined;
    if (value < END_OF_BLOCK) {
      collection[end++] = value;
      continue;
    }
    if (value === END_OF_BLOCK) return { end, isBlockOver: true };
    const length = withExtraBits(reader, value, 1);
    const far = decode(reader, distances);
    const distance = far < 0 ? 0 : withExtraBits(reader, far, 0);
    if (reader.isShort) return giveUp();
    if (far < 0 || distance < 1 || distance > end) return undefined;
    if (end + length >= collection.length) return giveUp();
    // Byte by byte: what is copied may have been written by this copy.
    for (let i = 0; i < length; i++) collection[end + i] = collection[end + i - distance]!;
    end += length;
  }
  return { end, isBlockOver: false };
}

/** A base in the lower half of an entry, and how many bits more in the upper, `bias` too high. */
function withExtraBits(reader: BitReader, value: number, bias: number): number {
  const extra = (value >>> 16) - bias;
  return (value & 0xffff) + (extra > 0 && extra <= MOST_BITS ? reader.next(extra) : 0);
}

const named = (name: string, takes: number, fails: readonly FailureName[], run: Primitive): PrimitiveDefinition => ({
  module: MODULE,
  name,
  takes,
  fails,
  run,
});

export const zipPluginPrimitives: readonly PrimitiveDefinition[] = [
  named('primitiveUpdateAdler32', 4, ['BAD_ARGUMENT', 'BAD_INDEX'], checksum(adler32)),
  named('primitiveUpdateGZipCrc32', 4, ['BAD_ARGUMENT', 'BAD_INDEX'], checksum(crc32)),
  named('primitiveDeflateUpdateHashTable', 2, ['BAD_ARGUMENT', 'NO_MODIFICATION'], updateHashTable),
  named(
    'primitiveInflateDecompressBlock',
    2,
    ['BAD_RECEIVER', 'BAD_ARGUMENT', 'NO_MODIFICATION', 'OPERATION_FAILED'],
    inflateBlock,
  ),
];
