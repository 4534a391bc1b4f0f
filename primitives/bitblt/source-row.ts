/**
 * A row of source pixels, brought to where they will stand in the words of the destination's row: of its depth, in its order of pixels, mapped. What
 * lies outside the rectangle is 0. The rules then work on whole words.
 */
import type { ColourMap } from './colour-map.ts';
import type { Form } from './form.ts';

export class SourceRow {
  readonly words: Int32Array;
  private readonly source: Form;
  private readonly destination: Form;
  private readonly map: ColourMap;
  /** Pixels are only shifted along. */
  private readonly isShift: boolean;

  constructor(source: Form, destination: Form, map: ColourMap) {
    this.source = source;
    this.destination = destination;
    this.map = map;
    this.words = new Int32Array(destination.pitch + 1);
    this.isShift =
      map.isIdentity && source.depth === destination.depth && source.isLowestFirst === destination.isLowestFirst;
  }

  /** Fills `words` from 0 on with the words of the destination that `width` pixels from `toX` on lie in. */
  read(fromX: number, fromY: number, toX: number, width: number): void {
    const row = this.source.first + fromY * this.source.pitch;
    if (this.isShift) this.shift(row, fromX, toX, width);
    else if (this.source.depth === 32 && this.destination.depth === 32) this.mapWords(row, fromX, width);
    else this.pick(row, fromX, toX, width);
  }

  private shift(row: number, fromX: number, toX: number, width: number): void {
    const { depth, isLowestFirst, words: from } = this.source;
    const { words } = this;
    const firstBit = toX * depth;
    const count = ((firstBit + width * depth + 31) >> 5) - (firstBit >> 5);
    const bit = ((firstBit >> 5) << 5) + (fromX - toX) * depth;
    const start = row + (bit >> 5);
    const skew = bit & 31;
    if (skew === 0) {
      for (let i = 0; i < count; i++) words[i] = from[start + i]!;
      return;
    }
    let here = from[start]!;
    for (let i = 0; i < count; i++) {
      const next = from[start + i + 1]!;
      words[i] = isLowestFirst ? (here >>> skew) | (next << (32 - skew)) : (here << skew) | (next >>> (32 - skew));
      here = next;
    }
  }

  private mapWords(row: number, fromX: number, width: number): void {
    const { words, map } = this;
    const from = this.source.words;
    const start = row + fromX;
    if (map.isIdentity) for (let i = 0; i < width; i++) words[i] = from[start + i]!;
    else for (let i = 0; i < width; i++) words[i] = map.map(from[start + i]!);
  }

  private pick(row: number, fromX: number, toX: number, width: number): void {
    const { source, destination, words, map } = this;
    const { depth, words: from, mask } = source;
    const { depth: toDepth, mask: toMask } = destination;
    const firstWord = (toX * toDepth) >> 5;
    const lastWord = ((toX + width) * toDepth - 1) >> 5;
    words.fill(0, 0, lastWord - firstWord + 1);
    const isTableOnly = map.isTableOnly;
    const isIdentity = map.isIdentity;
    const tableFirst = map.table?.first ?? 0;
    const tableMask = (map.table?.size ?? 1) - 1;
    const fromFlip = source.isLowestFirst ? 0 : 32 - depth;
    const toFlip = destination.isLowestFirst ? 0 : 32 - toDepth;
    let bit = fromX * depth;
    let toBit = toX * toDepth;
    for (let i = 0; i < width; i++) {
      // Both orders in one: n ^ (32 - depth) is 32 - depth - n for multiples of the depth below 32.
      let pixel = (from[row + (bit >> 5)]! >>> ((bit & 31) ^ fromFlip)) & mask;
      if (isTableOnly) pixel = from[tableFirst + (pixel & tableMask)]!;
      else if (!isIdentity) pixel = map.map(pixel);
      const at = (toBit >> 5) - firstWord;
      words[at] = words[at]! | ((pixel & toMask) << ((toBit & 31) ^ toFlip));
      bit += depth;
      toBit += toDepth;
    }
  }
}
