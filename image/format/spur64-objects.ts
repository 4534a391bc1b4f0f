/**
 * The objects of a Spur 64-bit image file, found in one sweep in the order of the file, with every size checked. Positions count
 * words of 8 bytes from the start of the data; the two 32-bit halves of word i are `halves[2i]` (low) and `halves[2i + 1]`.
 *
 * A big-endian file is taken as the little-endian one with the bytes of each 64-bit word reversed; what lies in objects that
 * hold bytes or smaller words is put back by `restoreBits`.
 */
import { CLASS_INDEX_MASK, FORMAT_MASK, FORMAT_SHIFT, Format, OVERFLOW_SLOTS } from '../../vm/memory/header.ts';
import { ClassIndex } from '../../vm/memory/well-known.ts';
import { malformed } from './errors.ts';
import { Tag64 } from './immediates64.ts';
import type { Segment } from './segments.ts';

const TWO_32 = 2 ** 32;

export class Spur64Objects {
  readonly bytes: Uint8Array;
  readonly halves: Int32Array;
  /** How many objects there are; free chunks are none. */
  readonly count: number;
  /** By the number of an object: the word of its header, and its slot count. */
  readonly headers: Int32Array;
  readonly slotCounts: Int32Array;
  readonly #segments: readonly Segment[];
  /** Offset of the data in the file. */
  readonly #dataOffset: number;
  /** Where the first segment lay in the VM that wrote the file, as two halves, and its bytes if it lay within one 4 GiB; else 0. */
  readonly #startLow: number;
  readonly #startHigh: number;
  readonly #fastBytes: number;

  /** `data` starts at a multiple of 4 in its buffer; that of a big-endian file is changed. @throws ImageFormatError */
  constructor(data: Uint8Array, segments: readonly Segment[], dataOffset: number, little: boolean) {
    this.bytes = data;
    this.halves = new Int32Array(data.buffer, data.byteOffset, data.length >> 2);
    this.#segments = segments;
    this.#dataOffset = dataOffset;
    const { oldStart, bytes } = segments[0]!;
    this.#startLow = (oldStart % TWO_32) | 0;
    this.#startHigh = Math.floor(oldStart / TWO_32) | 0;
    this.#fastBytes = (oldStart % TWO_32) + bytes <= TWO_32 && bytes < 2 ** 31 ? bytes : 0;
    // An object takes two words at least.
    this.headers = new Int32Array(data.length >> 4);
    this.slotCounts = new Int32Array(data.length >> 4);
    if (!little) reverseLongs(this.halves, 0, this.halves.length);
    this.count = this.#findObjects();
    if (!little) for (let i = 0; i < this.count; i++) this.#restoreBits(this.headers[i]!, this.slotCounts[i]!);
  }

  #findObjects(): number {
    const { halves, headers, slotCounts } = this;
    let count = 0;
    for (const { fileOffset, bytes } of this.#segments) {
      const start = (fileOffset - this.#dataOffset) / 8;
      const end = start + bytes / 8;
      for (let word = start; word < end; ) {
        let header = word;
        let slotCount = halves[2 * header + 1]! >>> 24;
        if (slotCount === OVERFLOW_SLOTS) {
          slotCount = (halves[2 * header]! >>> 0) + (halves[2 * header + 1]! & 0xff_ffff) * TWO_32;
          header++;
          if (header >= end || halves[2 * header + 1]! >>> 24 !== OVERFLOW_SLOTS)
            throw malformed('bad-object', 'the slot count', this.offsetOf(word), slotCount, 'a long object');
        }
        const next = header + 1 + (slotCount === 0 ? 1 : slotCount);
        if (next > end)
          throw malformed(
            'bad-object',
            'the slot count',
            this.offsetOf(word),
            slotCount,
            `an object of at most the ${8 * (end - header)} bytes that are left`,
          );
        if ((halves[2 * header]! & CLASS_INDEX_MASK) !== ClassIndex.FREE) {
          headers[count] = header;
          slotCounts[count++] = slotCount;
        }
        word = next;
      }
    }
    return count;
  }

  classIndexAt(header: number): number {
    return this.halves[2 * header]! & CLASS_INDEX_MASK;
  }

  formatAt(header: number): number {
    return (this.halves[2 * header]! >> FORMAT_SHIFT) & FORMAT_MASK;
  }

  /** Literals of the method whose header is word `header`. @throws ImageFormatError */
  literalCountAt(header: number, slotCount: number): number {
    const low = slotCount === 0 ? 0 : this.halves[2 * header + 2]!;
    const count = (low >>> 3) & 0x7fff;
    if ((low & Tag64.MASK) !== Tag64.SMALL_INTEGER || count >= slotCount)
      throw malformed(
        'bad-object',
        'the header of a compiled method',
        this.offsetOf(header + 1),
        `0x${(low >>> 0).toString(16)}`,
        `a SmallInteger that counts at most ${Math.max(0, slotCount - 1)} literals`,
      );
    return count;
  }

  /** The word of the object at an address of the writing VM, or -1. It need not be where an object starts. */
  wordAt(low: number, high: number): number {
    if (high === this.#startHigh) {
      const distance = low - this.#startLow;
      if (distance >= 0 && distance < this.#fastBytes && (distance & 7) === 0) return distance >> 3;
    }
    return this.#wordInAnySegment((high >>> 0) * TWO_32 + (low >>> 0));
  }

  #wordInAnySegment(address: number): number {
    for (const { fileOffset, oldStart, bytes } of this.#segments) {
      const distance = address - oldStart;
      if (distance >= 0 && distance < bytes && distance % 8 === 0)
        return (distance + fileOffset - this.#dataOffset) / 8;
    }
    return -1;
  }

  /** Where word `word` stands in the file. */
  offsetOf(word: number): number {
    return this.#dataOffset + 8 * word;
  }

  #restoreBits(header: number, slotCount: number): void {
    const format = this.formatAt(header);
    const from = 2 * header + 2;
    const to = from + 2 * slotCount;
    const { halves } = this;
    if (format >= Format.COMPILED_METHOD)
      reverseLongs(halves, from + 2 + 2 * this.literalCountAt(header, slotCount), to);
    else if (format >= Format.BYTES) reverseLongs(halves, from, to);
    else if (format >= Format.BITS_16) {
      exchangeWords(halves, from, to);
      for (let i = from; i < to; i++) halves[i] = (halves[i]! << 16) | (halves[i]! >>> 16);
    } else if (format >= Format.BITS_32 && this.classIndexAt(header) !== ClassIndex.FLOAT)
      exchangeWords(halves, from, to);
  }
}

function exchangeWords(halves: Int32Array, from: number, to: number): void {
  for (let i = from; i < to; i += 2) {
    const low = halves[i]!;
    halves[i] = halves[i + 1]!;
    halves[i + 1] = low;
  }
}

function reverseLongs(halves: Int32Array, from: number, to: number): void {
  exchangeWords(halves, from, to);
  for (let i = from; i < to; i++) {
    const word = halves[i]!;
    halves[i] = (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
  }
}
