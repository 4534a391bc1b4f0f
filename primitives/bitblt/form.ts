/**
 * A Form as BitBlt sees it: pixels of 1 to 32 bits in rows of whole words, the leftmost in a word's highest bits; with a negative
 * depth in its lowest. Valid until the next safepoint: it holds where the bits lie.
 */
import { Format } from '../../vm/memory/header.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { elementKindOf, floatOperand } from '../operands.ts';

const FormSlot = { BITS: 0, WIDTH: 1, HEIGHT: 2, DEPTH: 3 } as const;
/** Bits of a pixel. */
export const DEPTHS: ReadonlySet<number> = new Set([1, 2, 4, 8, 16, 32]);
/** So that no count of bits leaves 31 bits. */
const LARGEST_SIDE = 1 << 16;

export class Form {
  readonly oop: Oop;
  /** The object that holds the pixels: several Forms may share one. */
  readonly bits: Oop;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** Words of a row. */
  readonly pitch: number;
  /** All bits of a pixel. */
  readonly mask: number;
  /** The first pixel is a word's lowest bits. */
  readonly isLowestFirst: boolean;
  /** The heap, and where in it the first row begins. */
  readonly words: Int32Array;
  readonly first: number;

  private constructor(memory: ObjectMemory, oop: Oop, bits: Oop, width: number, height: number, depth: number) {
    this.oop = oop;
    this.bits = bits;
    this.width = width;
    this.height = height;
    this.depth = Math.abs(depth);
    this.pitch = (width * this.depth + 31) >> 5;
    this.mask = this.depth === 32 ? -1 : (1 << this.depth) - 1;
    this.words = memory.i32;
    this.first = (bits >> 2) + 2;
    this.isLowestFirst = depth < 0;
  }

  /** undefined for what is no Form, or one whose bits are not there, or too few. */
  static read(memory: ObjectMemory, oop: Oop): Form | undefined {
    if (isImmediate(oop) || !memory.isPointers(oop) || memory.slotCountOf(oop) <= FormSlot.DEPTH) return undefined;
    const width = wholeNumber(memory, memory.fetchPointer(oop, FormSlot.WIDTH));
    const height = wholeNumber(memory, memory.fetchPointer(oop, FormSlot.HEIGHT));
    const depth = wholeNumber(memory, memory.fetchPointer(oop, FormSlot.DEPTH));
    if (width === undefined || height === undefined || depth === undefined) return undefined;
    if (width < 0 || height < 0 || width > LARGEST_SIDE || height > LARGEST_SIDE) return undefined;
    const bits = memory.fetchPointer(oop, FormSlot.BITS);
    if (!DEPTHS.has(Math.abs(depth)) || isImmediate(bits)) return undefined;
    const form = new Form(memory, oop, bits, width, height, depth);
    const kind = elementKindOf(memory.formatOf(bits));
    const words = form.pitch * height;
    // Bytes that are not just enough are pixels put away compressed: the image brings them back before it draws.
    if (kind === 'bytes') return memory.byteSizeOf(bits) === 4 * words ? form : undefined;
    return (kind === 'words' || kind === 'longs') && memory.slotCountOf(bits) >= words ? form : undefined;
  }

  /** Unsigned up to 16 bits, signed with 32. Contract: the point lies inside. */
  pixelAt(x: number, y: number): number {
    const bit = x * this.depth;
    const word = this.words[this.first + y * this.pitch + (bit >> 5)]!;
    return (word >>> this.shiftOf(bit)) & this.mask;
  }

  /** How far from a word's lowest bit the pixel stands that begins at this bit of its row. */
  shiftOf(bit: number): number {
    return this.isLowestFirst ? bit & 31 : 32 - this.depth - (bit & 31);
  }
}

/** A SmallInteger, or a Float cut off: images compute coordinates in either. */
export function wholeNumber(memory: ObjectMemory, oop: Oop): number | undefined {
  if (isSmallInteger(oop)) return smallIntegerValue(oop);
  const value = floatOperand(memory, oop);
  return value === undefined || !(Math.abs(value) < 2 ** 31) ? undefined : Math.trunc(value) | 0;
}

/** The words of a table that an image hands in, as a place in the heap; undefined for what holds no words. */
export interface WordTable {
  readonly first: number;
  readonly size: number;
}

export function wordTable(memory: ObjectMemory, oop: Oop): WordTable | undefined {
  if (isImmediate(oop)) return undefined;
  const format = memory.formatOf(oop);
  if (format < Format.BITS_32 || format >= Format.BITS_16) return undefined;
  return { first: (oop >> 2) + 2, size: memory.slotCountOf(oop) };
}
