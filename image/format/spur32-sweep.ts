/**
 * The sweep over a freshly copied Spur 32-bit heap: checks that each object ends within the heap, relocates its pointers,
 * brings bytes into their order, drops collector bits, and makes the slots above a context's stack pointer nil.
 *
 * A big-endian file is taken as the little-endian one with the bytes of each 32-bit word reversed. So all words are reversed
 * first, and in objects that hold bytes, 16-bit words or bytecodes they are put back here.
 */
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
import { fileOffsetOf, newAddressOf, type Segment } from './segments.ts';

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

/** Answers how many forwarders there are. @throws ImageFormatError `bad-object`, `bad-pointer` */
export function sweepLoadedObjects(
  memory: ObjectMemory,
  segments: readonly Segment[],
  { swapBytesBack, exchangeFloatWords }: SweepOptions,
): number {
  const i32 = memory.i32;
  const end = memory.freeStart;
  const relocate = relocator(memory, segments);
  let forwarders = 0;
  for (let address = memory.oldStart; address < end; ) {
    let header = address >> 2;
    let slotCount = i32[header + 1]! >>> 24;
    if (slotCount === OVERFLOW_SLOTS) {
      slotCount = i32[header]!;
      header += 2;
      if (i32[header + 1]! >>> 24 !== OVERFLOW_SLOTS || slotCount < 0)
        throw malformed('bad-object', 'the slot count', fileOffsetOf(segments, address), slotCount, 'a long object');
    }
    const words = 2 + (slotCount < 2 ? 2 : slotCount + (slotCount & 1));
    if (words > (end >> 2) - header)
      throw malformed(
        'bad-object',
        'the slot count',
        fileOffsetOf(segments, address),
        slotCount,
        `an object of at most the ${end - (header << 2)} bytes that are left`,
      );
    const low = i32[header]!;
    const classIndex = low & CLASS_INDEX_MASK;
    const format = (low >> FORMAT_SHIFT) & FORMAT_MASK;
    const first = header + 2;
    i32[header] = low & ~(REMEMBERED_BIT | GREY_BIT);
    i32[header + 1]! &= ~MARKED_BIT;
    address = (header + words) << 2;
    if (classIndex === ClassIndex.FREE) continue;
    if (format <= LAST_POINTER_FORMAT) {
      let count = slotCount;
      if (classIndex === ClassIndex.CONTEXT && slotCount >= ContextSlot.STACK) {
        count = liveContextSlots(i32[first + ContextSlot.STACKP]!, slotCount);
        i32.fill(memory.nil, first + count, first + slotCount);
      }
      relocate(first, count);
    } else if (format === Format.FORWARDED) {
      forwarders++;
      relocate(first, 1);
    } else if (format >= Format.COMPILED_METHOD) {
      const literalsEnd = methodPointerCount(i32[first]!, slotCount, segments, header << 2);
      relocate(first, literalsEnd);
      if (swapBytesBack) swapWords(i32, first + literalsEnd, first + slotCount);
    } else if (swapBytesBack || exchangeFloatWords) {
      const isFloat = classIndex === ClassIndex.FLOAT && slotCount === 2;
      if (isFloat ? exchangeFloatWords : swapBytesBack && format === Format.BITS_64)
        exchangePairs(i32, first, slotCount);
      else if (swapBytesBack && format >= Format.BYTES) swapWords(i32, first, first + slotCount);
      else if (swapBytesBack && format >= Format.BITS_16) exchangeHalves(i32, first, slotCount);
    }
  }
  return forwarders;
}

function methodPointerCount(header: number, slotCount: number, segments: readonly Segment[], oop: number): number {
  const count = 1 + headerLiteralCount(header >> 1);
  if ((header & 1) === 0 || count > slotCount)
    throw malformed(
      'bad-object',
      'the header of a compiled method',
      fileOffsetOf(segments, oop) + 8,
      `0x${(header >>> 0).toString(16)}`,
      `a SmallInteger that counts at most ${slotCount - 1} literals`,
    );
  return count;
}

/** A function that relocates `count` words from `first` on; addresses of one segment differ by one constant. */
function relocator(memory: ObjectMemory, segments: readonly Segment[]): (first: number, count: number) => void {
  const i32 = memory.i32;
  const end = memory.freeStart;
  const badPointer = (slot: number, oop: number) =>
    malformed(
      'bad-pointer',
      'a pointer',
      fileOffsetOf(segments, slot << 2),
      `0x${(oop >>> 0).toString(16)}`,
      `the address of an object in the image, a multiple of 8`,
    );
  if (segments.length === 1) {
    const start = memory.oldStart;
    const shift = start - segments[0]!.oldStart;
    return (first, count) => {
      for (let slot = first; slot < first + count; slot++) {
        const oop = i32[slot]!;
        if ((oop & 3) !== 0) continue;
        const moved = (oop + shift) | 0;
        if (moved < start || moved >= end || (moved & 7) !== 0) throw badPointer(slot, oop);
        i32[slot] = moved;
      }
    };
  }
  return (first, count) => {
    for (let slot = first; slot < first + count; slot++) {
      const oop = i32[slot]!;
      if ((oop & 3) !== 0) continue;
      const moved = newAddressOf(segments, oop >>> 0);
      if (moved === undefined || (moved & 7) !== 0) throw badPointer(slot, oop);
      i32[slot] = moved;
    }
  };
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
