/**
 * A Form as BitBlt sees it: pixels of 1 to 32 bits in rows of whole words, the leftmost in a word's highest bits; with a negative
 * depth in its lowest. Valid until the next safepoint: it holds where the bits lie.
 */
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { elementKindOf, floatOperand } from '../operands.ts';

const FormSlot = { BITS: 0, WIDTH: 1, HEIGHT: 2, DEPTH: 3 } as const;
const DEPTHS: ReadonlySet<number> = new Set([1, 2, 4, 8, 16, 32]);
/** So that no count of bits leaves 31 bits. */
const LARGEST_SIDE = 1 << 16;

export class Form {
  readonly oop: Oop;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** Words of a row. */
  readonly pitch: number;
  /** All bits of a pixel. */
  readonly mask: number;
  readonly #words: Int32Array;
  readonly #first: number;
  readonly #lowestFirst: boolean;

  private constructor(memory: ObjectMemory, oop: Oop, bits: Oop, width: number, height: number, depth: number) {
    this.oop = oop;
    this.width = width;
    this.height = height;
    this.depth = Math.abs(depth);
    this.pitch = (width * this.depth + 31) >> 5;
    this.mask = this.depth === 32 ? -1 : (1 << this.depth) - 1;
    this.#words = memory.i32;
    this.#first = (bits >> 2) + 2;
    this.#lowestFirst = depth < 0;
  }

  /** undefined for what is no Form, or one whose bits are not there, or too few. */
  static read(memory: ObjectMemory, oop: Oop): Form | undefined {
    if (isImmediate(oop) || !memory.isPointers(oop) || memory.slotCountOf(oop) <= FormSlot.DEPTH) return undefined;
    const [width, height, depth] = [FormSlot.WIDTH, FormSlot.HEIGHT, FormSlot.DEPTH].map((slot) =>
      wholeNumber(memory, memory.fetchPointer(oop, slot)),
    );
    if (width === undefined || height === undefined || depth === undefined) return undefined;
    if (width < 0 || height < 0 || width > LARGEST_SIDE || height > LARGEST_SIDE) return undefined;
    const bits = memory.fetchPointer(oop, FormSlot.BITS);
    if (!DEPTHS.has(Math.abs(depth)) || isImmediate(bits)) return undefined;
    const kind = elementKindOf(memory.formatOf(bits));
    const form = new Form(memory, oop, bits, width, height, depth);
    const isBits = kind === 'words' || kind === 'bytes' || kind === 'longs';
    return isBits && memory.slotCountOf(bits) >= form.pitch * height ? form : undefined;
  }

  /** Unsigned up to 16 bits, signed with 32. Contract: the point lies inside. */
  pixelAt(x: number, y: number): number {
    const bit = x * this.depth;
    const word = this.#words[this.#first + y * this.pitch + (bit >> 5)]!;
    return (word >>> this.#shift(bit)) & this.mask;
  }

  putPixel(x: number, y: number, pixel: number): void {
    const bit = x * this.depth;
    const at = this.#first + y * this.pitch + (bit >> 5);
    const shift = this.#shift(bit);
    this.#words[at] = (this.#words[at]! & ~(this.mask << shift)) | ((pixel & this.mask) << shift);
  }

  /** A word of the first row as a halftone: that row repeats to the right. */
  halftonePixel(x: number, y: number, depth: number, mask: number): number {
    const word = this.#words[this.#first + (y % this.height) * this.pitch]!;
    return (word >>> (32 - depth - ((x * depth) & 31))) & mask;
  }

  /** Sets the same pixel in a row from `x` on, a word at a time where whole words are covered. */
  fillRow(x: number, y: number, width: number, pixel: number): void {
    let at = x;
    const end = x + width;
    const perWord = 32 / this.depth;
    while (at < end && at % perWord !== 0) this.putPixel(at++, y, pixel);
    if (end - at >= perWord) {
      let word = pixel & this.mask;
      for (let bits = this.depth; bits < 32; bits *= 2) word |= word << bits;
      const first = this.#first + y * this.pitch + (at * this.depth) / 32;
      const words = Math.floor((end - at) / perWord);
      this.#words.fill(word, first, first + words);
      at += words * perWord;
    }
    while (at < end) this.putPixel(at++, y, pixel);
  }

  #shift(bit: number): number {
    return this.#lowestFirst ? bit & 31 : 32 - this.depth - (bit & 31);
  }
}

/** A SmallInteger, or a Float cut off: images compute coordinates in either. */
export function wholeNumber(memory: ObjectMemory, oop: Oop): number | undefined {
  if (isSmallInteger(oop)) return smallIntegerValue(oop);
  const value = floatOperand(memory, oop);
  return value === undefined || !Number.isFinite(value) ? undefined : Math.trunc(value) | 0;
}
