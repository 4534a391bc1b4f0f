/**
 * The sweeps over a freshly copied Spur 32-bit heap. The first checks that each object ends within the heap; the second relocates
 * pointers, brings bytes into their order, drops collector bits, and makes the slots above a context's stack pointer nil.
 *
 * A big-endian file is taken as the little-endian one with the bytes of each 32-bit word reversed. So all words are reversed
 * first, and in objects that hold bytes, 16-bit words or bytecodes they are put back here.
 */

import { isTightContext } from '../../vm/memory/contexts.ts';
import {
  CLASS_INDEX_MASK,
  FORMAT_MASK,
  FORMAT_SHIFT,
  Format,
  GREY_BIT,
  LAST_POINTER_FORMAT,
  MARKED_BIT,
  OVERFLOW_SLOTS,
  REMEMBERED_BIT,
} from '../../vm/memory/header.ts';
import { headerLiteralCount } from '../../vm/memory/method-access.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { liveContextSlots } from '../../vm/memory/object-parts.ts';
import { ClassIndex, ContextSlot } from '../../vm/memory/well-known.ts';
import { malformed } from './errors.ts';
import type { LoadedAddresses } from './loaded-addresses.ts';
import { fileOffsetOf, type Segment } from './segments.ts';

export interface SweepOptions {
  /** The words were reversed: bytes and 16-bit words are to be put back. */
  readonly swapBytesBack: boolean;
  /** Floats have their high word first. */
  readonly exchangeFloatWords: boolean;
}

/** Reverses the bytes of the words in [from, to). */
export function swapWords(words: Int32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    const word = words[i]!;
    words[i] = (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
  }
}

/**
 * The first sweep: checks that each object ends within the heap. Answers the contexts without the room that our interpreter wants
 * above the stack (vm/interpreter/context-pool.ts), in order. @throws ImageFormatError `bad-object`
 */
export function checkSizes(memory: ObjectMemory, segments: readonly Segment[]): number[] {
  const { i32 } = memory;
  const end = memory.freeStart >> 2;
  const tight: number[] = [];
  for (let word = memory.oldStart >> 2; word < end; ) {
    let header = word;
    let slotCount = i32[header + 1]! >>> 24;
    if (slotCount === OVERFLOW_SLOTS) {
      slotCount = i32[header]!;
      header += 2;
      if (i32[header + 1]! >>> 24 !== OVERFLOW_SLOTS || slotCount < 0)
        throw malformed('bad-object', 'the slot count', fileOffsetOf(segments, 4 * word), slotCount, 'a long object');
    }
    const words = 2 + (slotCount < 2 ? 2 : slotCount + (slotCount & 1));
    if (words > end - header)
      throw malformed(
        'bad-object',
        'the slot count',
        fileOffsetOf(segments, 4 * word),
        slotCount,
        `an object of at most the ${4 * (end - header)} bytes that are left`,
      );
    if (isTightContext(slotCount) && (i32[header]! & CLASS_INDEX_MASK) === ClassIndex.CONTEXT) tight.push(4 * header);
    word = header + words;
  }
  return tight;
}

/**
 * The second sweep. `addresses` says where an address of the writing VM leads to. Answers how many forwarders there are.
 * @throws ImageFormatError `bad-object`, `bad-pointer`
 */
export function sweepLoadedObjects(
  memory: ObjectMemory,
  addresses: LoadedAddresses,
  { swapBytesBack, exchangeFloatWords }: SweepOptions,
): number {
  const { i32, nil } = memory;
  const start = memory.oldStart;
  const end = memory.freeStart;
  const shift = addresses.onlyShift;
  let forwarders = 0;
  for (let word = start >> 2; word < end >> 2; ) {
    let slotCount = i32[word + 1]! >>> 24;
    if (slotCount === OVERFLOW_SLOTS) {
      slotCount = i32[word]!;
      word += 2;
    }
    const low = i32[word]! & ~(REMEMBERED_BIT | GREY_BIT);
    const classIndex = low & CLASS_INDEX_MASK;
    const format = (low >> FORMAT_SHIFT) & FORMAT_MASK;
    const first = word + 2;
    i32[word] = low;
    i32[word + 1]! &= ~MARKED_BIT;
    word = first + (slotCount < 2 ? 2 : slotCount + (slotCount & 1));
    if (classIndex === ClassIndex.FREE) continue;
    let pointers = 0;
    if (format <= LAST_POINTER_FORMAT) {
      pointers = slotCount;
      if (classIndex === ClassIndex.CONTEXT && slotCount >= ContextSlot.STACK) {
        pointers = liveContextSlots(i32[first + ContextSlot.STACKP]!, slotCount);
        i32.fill(nil, first + pointers, first + slotCount);
      }
    } else if (format === Format.FORWARDED) {
      forwarders++;
      pointers = 1;
    } else if (format >= Format.COMPILED_METHOD) {
      pointers = methodPointerCount(i32[first]!, slotCount, addresses, 4 * (first - 2));
      if (swapBytesBack) swapWords(i32, first + pointers, first + slotCount);
    } else if (swapBytesBack || exchangeFloatWords) {
      const isFloat = classIndex === ClassIndex.FLOAT && slotCount === 2;
      if (isFloat ? exchangeFloatWords : swapBytesBack && format === Format.BITS_64)
        exchangePairs(i32, first, slotCount);
      else if (swapBytesBack && format >= Format.BYTES) swapWords(i32, first, first + slotCount);
      else if (swapBytesBack && format >= Format.BITS_16) exchangeHalves(i32, first, slotCount);
    }
    for (let slot = first; slot < first + pointers; slot++) {
      const oop = i32[slot]!;
      if ((oop & 3) !== 0) continue;
      const moved = shift === undefined ? addresses.newAddressOf(oop) : (oop + shift) | 0;
      if (moved < start || moved >= end || (moved & 7) !== 0) throw badPointer(addresses, slot, oop);
      i32[slot] = moved;
    }
  }
  return forwarders;
}

function badPointer(addresses: LoadedAddresses, slot: number, oop: number): Error {
  const found = `0x${(oop >>> 0).toString(16)}`;
  const expected = 'the address of an object in the image, a multiple of 8';
  return malformed('bad-pointer', 'a pointer', addresses.offsetOf(slot << 2), found, expected);
}

function methodPointerCount(header: number, slotCount: number, addresses: LoadedAddresses, oop: number): number {
  const count = 1 + headerLiteralCount(header >> 1);
  if ((header & 1) === 0 || count > slotCount)
    throw malformed(
      'bad-object',
      'the header of a compiled method',
      addresses.offsetOf(oop) + 8,
      `0x${(header >>> 0).toString(16)}`,
      `a SmallInteger that counts at most ${slotCount - 1} literals`,
    );
  return count;
}

function exchangePairs(words: Int32Array, first: number, count: number): void {
  for (let i = first; i + 1 < first + count; i += 2) {
    const word = words[i]!;
    words[i] = words[i + 1]!;
    words[i + 1] = word;
  }
}

function exchangeHalves(words: Int32Array, first: number, count: number): void {
  for (let i = first; i < first + count; i++) words[i] = (words[i]! << 16) | (words[i]! >>> 16);
}
