/**
 * Forms, BitBlt objects and colour maps in a heap of a test, and BitBlt by its definition: pixel by pixel, in plain numbers, without words, masks or
 * shifts of the implementation's.
 */
import { BitBltObject } from '../../primitives/bitblt/bitblt-object.ts';
import { Form } from '../../primitives/bitblt/form.ts';
import { type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { smallHeap } from '../memory/small-heap.ts';

export const DEPTHS = [1, 2, 4, 8, 16, 32] as const;
const SLOTS_OF_BITBLT = 15;

export type Pixels = readonly (readonly number[])[];

/** Numbers that look random, the same for the same seed. */
export const noise =
  (seed: number) =>
  (i: number): number =>
    Math.imul(i + seed, 0x9e3779b1) ^ Math.imul(i, seed | 1);

export interface Blit {
  readonly destination: Oop;
  readonly source?: Oop;
  readonly halftone?: Oop;
  readonly map?: Oop;
  readonly rule: number;
  /** destX destY width height sourceX sourceY clipX clipY clipWidth clipHeight */
  readonly numbers: readonly number[];
}

export class Pictures {
  readonly heap = smallHeap();
  readonly memory = this.heap.memory;

  words(values: readonly number[]): Oop {
    const { memory } = this;
    const oop = memory.instantiate(this.heap.classNamed('Bitmap'), values.length);
    values.forEach((value, i) => {
      memory.i32[(oop >> 2) + 2 + i] = value;
    });
    return oop;
  }

  wordsOf(oop: Oop): number[] {
    const first = (oop >> 2) + 2;
    return Array.from(this.memory.i32.subarray(first, first + this.memory.slotCountOf(oop)), (word) => word >>> 0);
  }

  array(values: readonly Oop[]): Oop {
    const oop = this.memory.newArray(values.length);
    values.forEach((value, i) => {
      this.memory.storePointer(oop, i, value);
    });
    return oop;
  }

  form(width: number, height: number, depth: number, fill: (i: number) => number): Oop {
    const pitch = (width * Math.abs(depth) + 31) >> 5;
    const bits = this.words(Array.from({ length: pitch * height }, (_, i) => fill(i)));
    return this.array([bits, ...[width, height, depth].map(smallIntegerOop)]);
  }

  pixels(oop: Oop): number[][] {
    const form = Form.read(this.memory, oop)!;
    return Array.from({ length: form.height }, (_, y) =>
      Array.from({ length: form.width }, (_, x) => form.pixelAt(x, y) >>> 0),
    );
  }

  bitBlt({ destination, source, halftone, map, rule, numbers }: Blit, more: readonly number[] = []): Oop {
    const { nil } = this.memory;
    const head = [destination, source ?? nil, halftone ?? nil, ...[rule, ...numbers].map(smallIntegerOop)];
    while (head.length < SLOTS_OF_BITBLT - 1) head.push(nil);
    return this.array([...head, map ?? nil, ...more.map(smallIntegerOop)]);
  }

  read(blit: Blit, more: readonly number[] = []): BitBltObject | undefined {
    return BitBltObject.read(this.memory, this.bitBlt(blit, more));
  }
}

/** Channels of a pixel, from the lowest up: all of it below 16 bits. */
const channelsOf = (depth: number): readonly number[] =>
  depth === 32 ? [8, 8, 8, 8] : depth === 16 ? [5, 5, 5] : [depth];

function byChannel(s: number, d: number, depth: number, rule: (s: number, d: number, max: number) => number): number {
  let [result, scale] = [0, 1];
  for (const bits of channelsOf(depth)) {
    const max = 2 ** bits - 1;
    const channel = (pixel: number): number => Math.floor(pixel / scale) % (max + 1);
    result += rule(channel(s), channel(d), max) * scale;
    scale *= max + 1;
  }
  return result;
}

const blendChannel = (alpha: number) => (s: number, d: number) => Math.ceil((s * alpha + d * (255 - alpha)) / 255);

/** Rules whose result for a pixel depends on nothing but the pixels of source and destination. */
export const RULES_OF_PIXELS: Readonly<Record<number, (s: number, d: number, depth: number, alpha: number) => number>> =
  {
    20: (s, d, depth) => byChannel(s, d, depth, (a, b, max) => Math.min(a + b, max)),
    21: (s, d, depth) => byChannel(s, d, depth, (a, b) => Math.abs(a - b)),
    24: (s, d, depth) => {
      if (depth !== 32) throw new RangeError('rule 24 is defined for 32 bits only');
      const alpha = Math.floor(s / 2 ** 24);
      if (alpha === 0) return d;
      const opaque = (s % 2 ** 24) + 255 * 2 ** 24;
      return alpha === 255 ? s : byChannel(opaque, d, 32, blendChannel(alpha));
    },
    25: (s, d) => (s === 0 ? d : s),
    26: (s, d) => (s === 0 ? d : 0),
    27: (s, d, depth) => byChannel(s, d, depth, (a, b) => Math.max(a, b)),
    28: (s, d, depth) => byChannel(s, d, depth, (a, b) => Math.min(a, b)),
    29: (s, d, depth) => byChannel(s, d, depth, (a, b, max) => Math.min(max - a, b)),
    30: (s, d, depth, alpha) => (depth < 16 ? d : byChannel(s, d, depth, blendChannel(alpha))),
    31: (s, d, depth, alpha) => (depth < 16 || s === 0 ? d : byChannel(s, d, depth, blendChannel(alpha))),
    37: (s, d, depth) => byChannel(s, d, depth, (a, b, max) => Math.floor(((a + 1) * (b + 1) - 1) / (max + 1))),
    39: (s, d) => (s === d ? 0 : d),
    40: (s, d, depth) =>
      depth === 32 && d !== 0 && d < 2 ** 24 ? d + Math.floor(s / 2 ** 24) * 2 ** 24 : depth === 32 ? d : d,
  };

/** The Boolean rules by their definition: bits of the rule's number say what becomes of both, source only, destination only, neither. */
export function boolean(rule: number, source: number, destination: number, mask: number): number {
  if (rule === 15) return destination;
  let result = 0;
  if ((rule & 1) !== 0) result |= source & destination;
  if ((rule & 2) !== 0) result |= source & ~destination;
  if ((rule & 4) !== 0) result |= ~source & destination;
  if ((rule & 8) !== 0) result |= ~source & ~destination;
  return (result & mask) >>> 0;
}

export interface NaiveBlit {
  readonly before: Pixels;
  readonly source: Pixels | undefined;
  /** What the halftone has where a pixel of the destination stands. */
  readonly shade: (x: number, y: number) => number;
  readonly numbers: readonly number[];
  readonly combine: (source: number, destination: number) => number;
}

/** What the destination is to become. */
export function naive({ before, source, shade, numbers, combine }: NaiveBlit): number[][] {
  const [dx, dy, w, h, sx, sy, cx, cy, cw, ch] = numbers as [number, number, ...number[]];
  return before.map((row, y) =>
    row.map((old, x) => {
      const isWithin = x >= dx && x < dx + w! && y >= dy && y < dy + h!;
      if (!isWithin || x < cx! || x >= cx! + cw! || y < cy! || y >= cy! + ch!) return old;
      const shaded = shade(x, y);
      if (source === undefined) return combine(shaded, old);
      const pixel = source[y - dy + sy!]?.[x - dx + sx!];
      return pixel === undefined ? old : combine((pixel & shaded) >>> 0, old);
    }),
  );
}
