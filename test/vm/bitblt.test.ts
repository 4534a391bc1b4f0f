/** BitBlt, held against its definition pixel by pixel: for random forms, rectangles, rules and halftones. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { copyBits } from '../../primitives/bitblt/copy-bits.ts';
import { Form } from '../../primitives/bitblt/form.ts';
import { convertColour } from '../../primitives/bitblt/pixel-map.ts';
import { type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { smallHeap } from '../memory/small-heap.ts';

const DEPTHS = [1, 2, 4, 8, 16, 32] as const;
const heap = smallHeap();
const { memory } = heap;

function newForm(width: number, height: number, depth: number, fill: (i: number) => number): Oop {
  const pitch = (width * Math.abs(depth) + 31) >> 5;
  const bits = memory.instantiate(heap.classNamed('Bitmap'), pitch * height);
  for (let i = 0; i < pitch * height; i++) memory.i32[(bits >> 2) + 2 + i] = fill(i);
  const form = memory.newArray(4);
  [bits, ...[width, height, depth].map(smallIntegerOop)].forEach((oop, i) => {
    memory.storePointer(form, i, oop);
  });
  return form;
}

const pixelsOf = (oop: Oop): number[][] => {
  const form = Form.read(memory, oop)!;
  return Array.from({ length: form.height }, (_, y) =>
    Array.from({ length: form.width }, (_, x) => form.pixelAt(x, y) >>> 0),
  );
};

interface Blit {
  readonly destination: Oop;
  readonly source?: Oop;
  readonly halftone?: Oop;
  readonly rule: number;
  /** destX destY width height sourceX sourceY clipX clipY clipWidth clipHeight */
  readonly numbers: readonly number[];
}

function bitBlt({ destination, source, halftone, rule, numbers }: Blit): Oop {
  const object = memory.newArray(15);
  const slots = [destination, source ?? memory.nil, halftone ?? memory.nil, ...[rule, ...numbers].map(smallIntegerOop)];
  slots.forEach((oop, i) => {
    memory.storePointer(object, i, oop);
  });
  return object;
}

/** The sixteen Boolean rules by their definition: bit n of the rule is the result for (source, destination) = n, counted 3 - n. */
const boolean = (rule: number, source: number, destination: number, mask: number): number => {
  let result = 0;
  if ((rule & 1) !== 0) result |= source & destination;
  if ((rule & 2) !== 0) result |= source & ~destination;
  if ((rule & 4) !== 0) result |= ~source & destination;
  if ((rule & 8) !== 0) result |= ~source & ~destination;
  return (result & mask) >>> 0;
};

const side = fc.integer({ min: 1, max: 70 });
const place = fc.integer({ min: -20, max: 80 });
const blits = fc.record({
  depth: fc.constantFrom(...DEPTHS),
  sizes: fc.tuple(side, side, side, side),
  rule: fc.nat({ max: 15 }),
  numbers: fc.tuple(place, place, side, side, place, place, place, place, side, side),
  hasSource: fc.boolean(),
  hasHalftone: fc.boolean(),
  seed: fc.integer(),
});

describe('BitBlt', () => {
  test('property: every Boolean rule, at every depth, clipped on all sides, with and without source and halftone', () => {
    fc.assert(
      fc.property(blits, ({ depth, sizes, rule, numbers, hasSource, hasHalftone, seed }) => {
        const [width, height, sourceWidth, sourceHeight] = sizes;
        const noise = (salt: number) => (i: number) => Math.imul(i + salt + seed, 0x9e3779b1) ^ Math.imul(i, seed | 1);
        const destination = newForm(width, height, depth, noise(1));
        const source = hasSource ? newForm(sourceWidth, sourceHeight, depth, noise(2)) : undefined;
        const halftone = hasHalftone ? newForm(32 / depth, 4, depth, noise(3)) : undefined;
        const before = pixelsOf(destination);
        const from = source === undefined ? undefined : pixelsOf(source);
        const tone = halftone === undefined ? undefined : pixelsOf(halftone);
        const object = bitBlt({ destination, rule, numbers, ...(source && { source }), ...(halftone && { halftone }) });
        expect(copyBits(memory, object)).toBe(true);
        const mask = depth === 32 ? 0xffff_ffff : 2 ** depth - 1;
        const [dx, dy, w, h, sx, sy, cx, cy, cw, ch] = numbers;
        const reads = source !== undefined && ![0, 5, 10, 15].includes(rule);
        const expected = before.map((row, y) =>
          row.map((old, x) => {
            const inside =
              x >= dx && x < dx + w && y >= dy && y < dy + h && x >= cx && x < cx + cw && y >= cy && y < cy + ch;
            if (!inside) return old;
            const [u, v] = [x - dx + sx, y - dy + sy];
            if (reads && (u < 0 || v < 0 || u >= sourceWidth || v >= sourceHeight)) return old;
            const shade = tone === undefined ? mask : tone[y % 4]![x % (32 / depth)]!;
            const pixel = reads ? (from![v]![u]! & shade) >>> 0 : shade;
            return boolean(rule, pixel, old, mask);
          }),
        );
        expect(pixelsOf(destination)).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  test('property: a form copied onto itself, whichever way, is as if it had been copied aside first', () => {
    const shift = fc.integer({ min: -9, max: 9 });
    fc.assert(
      fc.property(fc.constantFrom(...DEPTHS), shift, shift, fc.integer(), (depth, dx, dy, seed) => {
        const form = newForm(40, 12, depth, (i) => Math.imul(i + seed, 0x85ebca6b));
        const before = pixelsOf(form);
        expect(
          copyBits(
            memory,
            bitBlt({ destination: form, source: form, rule: 3, numbers: [dx, dy, 40, 12, 0, 0, 0, 0, 40, 12] }),
          ),
        ).toBe(true);
        const expected = before.map((row, y) => row.map((old, x) => before[y - dy]?.[x - dx] ?? old));
        expect(pixelsOf(form)).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  test('colours of 16 and 32 bits become each other', () => {
    const source = newForm(2, 1, 16, () => 0x7c1f_03e0);
    const destination = newForm(2, 1, 32, () => 0);
    expect(copyBits(memory, bitBlt({ destination, source, rule: 3, numbers: [0, 0, 2, 1, 0, 0, 0, 0, 2, 1] }))).toBe(
      true,
    );
    expect(pixelsOf(destination)).toEqual([[0xf800f8, 0x00f800]]);
    expect(convertColour(0xf800f8, 8, 5)).toBe(0x7c1f);
  });

  test('alpha: half of the source over the destination', () => {
    const source = newForm(1, 1, 32, () => 0x80ff_0000);
    const destination = newForm(1, 1, 32, () => 0xff00_00ff | 0);
    expect(copyBits(memory, bitBlt({ destination, source, rule: 24, numbers: [0, 0, 1, 1, 0, 0, 0, 0, 1, 1] }))).toBe(
      true,
    );
    expect(pixelsOf(destination)[0]![0]!.toString(16)).toBe('ff80007f');
  });

  test('what makes no sense is refused and nothing is drawn', () => {
    const destination = newForm(8, 8, 8, () => 0x01020304);
    const before = pixelsOf(destination);
    const numbers = [0, 0, 8, 8, 0, 0, 0, 0, 8, 8];
    expect(copyBits(memory, bitBlt({ destination: memory.nil, rule: 3, numbers }))).toBe(false);
    expect(copyBits(memory, bitBlt({ destination, rule: 99, numbers }))).toBe(false);
    const short = newForm(8, 8, 8, () => 0);
    memory.storePointer(short, 2, smallIntegerOop(9000));
    expect(copyBits(memory, bitBlt({ destination, source: short, rule: 3, numbers }))).toBe(false);
    memory.storePointer(short, 3, smallIntegerOop(7));
    expect(copyBits(memory, bitBlt({ destination, source: short, rule: 3, numbers }))).toBe(false);
    expect(pixelsOf(destination)).toEqual(before);
  });
});
