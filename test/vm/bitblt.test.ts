/** BitBlt, held against its definition pixel by pixel: for random forms, rectangles, rules, halftones and colour maps. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BitBltObject } from '../../primitives/bitblt/bitblt-object.ts';
import { copyBits, PLAIN } from '../../primitives/bitblt/copy-bits.ts';
import { smallIntegerOop } from '../../vm/memory/oop.ts';
import { boolean, DEPTHS, naive, noise, Pictures, RULES_OF_PIXELS } from './picture.ts';

const pictures = new Pictures();
const { memory } = pictures;

const side = fc.integer({ min: 1, max: 70 });
const place = fc.integer({ min: -20, max: 80 });
const numbers = fc.tuple(place, place, side, side, place, place, place, place, side, side);
const order = fc.constantFrom(1, -1);
const blits = fc.record({
  depth: fc.constantFrom(...DEPTHS),
  orders: fc.tuple(order, order),
  sizes: fc.tuple(side, side, side, side),
  numbers,
  hasSource: fc.boolean(),
  hasHalftone: fc.boolean(),
  /** Few bits set make pixels of 0, all set make opaque ones. */
  thin: fc.constantFrom(0, 0, 0x0f0f_0f0f, 0xff00_0000),
  seed: fc.integer(),
});
type Arbitrary<T> = T extends fc.Arbitrary<infer V> ? V : never;

/** Draws by the VM and by the definition; expects the same. */
function compare(given: Arbitrary<typeof blits>, rule: number, combine: (s: number, d: number) => number, alpha = 255) {
  const { depth, orders, sizes, seed, thin } = given;
  const [width, height, sourceWidth, sourceHeight] = sizes;
  const mask = 2 ** depth - 1;
  const looks = ![0, 5, 10, 15].includes(rule);
  const destination = pictures.form(width, height, depth * orders[0], noise(seed));
  const fill = noise(seed + 2);
  const source = given.hasSource
    ? pictures.form(sourceWidth, sourceHeight, depth * orders[1], (i) => fill(i) & ~(i % 3 === 0 ? thin : 0))
    : undefined;
  // Words of 32 bits, read as rows of the destination's pixels: as a Form of its order.
  const halftone = given.hasHalftone ? pictures.form(32 / depth, 4, depth * orders[0], noise(seed + 3)) : undefined;
  const before = pictures.pixels(destination);
  const tone = halftone === undefined || !looks ? undefined : pictures.pixels(halftone);
  const expected = naive({
    before,
    source: source === undefined || !looks ? undefined : pictures.pixels(source),
    shade: (x, y) => (tone === undefined ? mask : tone[y % 4]![x % (32 / depth)]!),
    numbers: given.numbers,
    combine,
  });
  const blit = pictures.read({
    destination,
    rule,
    numbers: given.numbers,
    ...(source === undefined ? {} : { source }),
    ...(halftone === undefined ? {} : { halftone }),
  });
  copyBits(blit!, { ...PLAIN, alpha });
  expect(pictures.pixels(destination)).toEqual(expected);
}

describe('BitBlt', () => {
  test('property: every Boolean rule, at every depth and order of pixels, clipped on all sides, with and without source and halftone', () => {
    fc.assert(
      fc.property(blits, fc.nat({ max: 15 }), (given, rule) => {
        const mask = given.depth === 32 ? -1 : 2 ** given.depth - 1;
        compare(given, rule, (s, d) => boolean(rule, s, d, mask));
      }),
      { numRuns: 300 },
    );
  });

  for (const [number, combine] of Object.entries(RULES_OF_PIXELS)) {
    const rule = Number(number);
    test(`property: rule ${rule} makes of each pixel what it says`, () => {
      const given = rule === 24 ? blits.map((each) => ({ ...each, depth: 32 as const })) : blits;
      fc.assert(
        fc.property(given, fc.nat({ max: 255 }), (each, alpha) =>
          compare(each, rule, (s, d) => combine(s, d, each.depth, alpha), alpha),
        ),
        { numRuns: 40 },
      );
    });
  }

  test('rules 18 and 19 add and subtract words of 32 bits, carries included; 38 turns the pixels of a word around', () => {
    const draw = (rule: number, from: number, to: number): number => {
      const source = pictures.form(4, 1, 8, () => from);
      const destination = pictures.form(4, 1, 8, () => to);
      copyBits(pictures.read({ destination, source, rule, numbers: [0, 0, 4, 1, 0, 0, 0, 0, 4, 1] })!);
      return pictures.wordsOf(memory.fetchPointer(destination, 0))[0]!;
    };
    expect(draw(18, 0x00ff_00ff, 0x0001_0001)).toBe(0x0100_0100);
    expect(draw(19, 0x0100_0000, 0x0000_0001)).toBe(0x00ff_ffff);
    expect(draw(38, 0, 0x0102_0304)).toBe(0x0403_0201);
  });

  test('rule 34 leaves what is under no alpha, stores what is opaque, and adds the rest of what is under', () => {
    const pixels = [0x0012_3456, 0xff12_3456, 0x8040_2010];
    const source = pictures.form(3, 1, 32, (i) => pixels[i]!);
    const destination = pictures.form(3, 1, 32, () => 0xff80_8080 | 0);
    copyBits(pictures.read({ destination, source, rule: 34, numbers: [0, 0, 3, 1, 0, 0, 0, 0, 3, 1] })!);
    const under = (channel: number) => Math.floor((channel * 127) / 256);
    const mixed = [0x80 + under(0xff), 0x40 + under(0x80), 0x20 + under(0x80), 0x10 + under(0x80)];
    const last = mixed.reduce((word, channel) => word * 256 + channel, 0);
    expect(pictures.pixels(destination)).toEqual([[0xff80_8080, 0xff12_3456, last]]);
  });

  test('rule 34 onto 16 bits dithers: a colour between two of them becomes both, by place', () => {
    const source = pictures.form(4, 4, 32, () => 0xff84_8484 | 0);
    const destination = pictures.form(4, 4, 16, () => 0);
    copyBits(pictures.read({ destination, source, rule: 34, numbers: [0, 0, 4, 4, 0, 0, 0, 0, 4, 4] })!);
    const drawn = new Set(pictures.pixels(destination).flat());
    expect([...drawn].sort()).toEqual([0x3def, 0x4210]);
  });

  test('rule 41 draws text in a colour, with an alpha for each channel', () => {
    const pixels = [0xffff_ffff, 0xff80_8080, 0];
    const source = pictures.form(3, 1, 32, (i) => pixels[i]!);
    const destination = pictures.form(3, 1, 32, () => -1);
    const blit = pictures.read({ destination, source, rule: 41, numbers: [0, 0, 3, 1, 0, 0, 0, 0, 3, 1] })!;
    copyBits(blit, { alpha: 255, colour: 0x00_0000 });
    // 255 * (255 - 255) / 256 and 255 * (255 - 128) / 256
    expect(pictures.pixels(destination)[0]!.map((pixel) => pixel % 2 ** 24)).toEqual([0, 0x7e7e7e, 0xffffff]);
  });

  test('property: counting rules count differing pixels of the rectangle and change nothing', () => {
    fc.assert(
      fc.property(blits, fc.constantFrom(22, 32), (given, rule) => {
        const depth = given.depth < 16 ? given.depth : 8;
        const [width, height, sourceWidth, sourceHeight] = given.sizes;
        const destination = pictures.form(width, height, depth, noise(given.seed));
        const source = pictures.form(sourceWidth, sourceHeight, depth, noise(given.seed + 1));
        const before = pictures.pixels(destination);
        let count = 0;
        const [from, at] = [pictures.pixels(source), given.numbers];
        naive({ before, source: from, shade: () => 255, numbers: at, combine: (s, d) => (count += s === d ? 0 : 1) });
        const blit = pictures.read({ destination, source, rule, numbers: given.numbers })!;
        expect(copyBits(blit)).toBe(count);
        expect(pictures.pixels(destination)).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });

  test('with colours, the counting rules sum how far apart red, green and blue are', () => {
    const sum = (depth: number, from: number, to: number): number => {
      const numbers = [0, 0, 1, 1, 0, 0, 0, 0, 1, 1];
      const [source, destination] = [pictures.form(1, 1, depth, () => from), pictures.form(1, 1, depth, () => to)];
      return copyBits(pictures.read({ destination, source, rule: 32, numbers })!);
    };
    expect(sum(32, 0xff10_2030, 0x0011_1f35)).toBe(1 + 1 + 5);
    expect(sum(16, 0x7c1f_0000, 0x0400_0000)).toBe(30 + 0 + 31);
  });

  test('the tallying rule counts colours in the table of the colour map', () => {
    const pixels = [1, 2, 2, 3];
    const form = pictures.form(4, 1, 8, () => pixels.reduce((word, pixel) => (word << 8) | pixel, 0));
    const map = pictures.words(new Array(256).fill(0));
    const numbers = [1, 0, 3, 1, 1, 0, 0, 0, 4, 1];
    copyBits(pictures.read({ destination: form, source: form, map, rule: 33, numbers })!);
    expect(pictures.wordsOf(map).slice(0, 4)).toEqual([0, 0, 2, 1]);
  });

  test('property: a form copied onto itself, whichever way, is as if it had been copied aside first', () => {
    const shift = fc.integer({ min: -9, max: 9 });
    fc.assert(
      fc.property(fc.constantFrom(...DEPTHS), order, shift, shift, fc.integer(), (depth, turned, dx, dy, seed) => {
        const form = pictures.form(40, 12, depth * turned, noise(seed));
        const before = pictures.pixels(form);
        const numbers = [dx, dy, 40, 12, 0, 0, 0, 0, 40, 12];
        copyBits(pictures.read({ destination: form, source: form, rule: 3, numbers })!);
        const expected = before.map((row, y) => row.map((old, x) => before[y - dy]?.[x - dx] ?? old));
        expect(pictures.pixels(form)).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  test('property: between any two depths and orders, pixels are looked up in a colour map or cut to what fits', () => {
    const depth = fc.constantFrom(...DEPTHS.filter((each) => each <= 8));
    fc.assert(
      fc.property(depth, depth, order, order, fc.boolean(), fc.integer(), (from, to, turned, other, hasMap, seed) => {
        const source = pictures.form(37, 3, from * turned, noise(seed));
        const destination = pictures.form(41, 5, to * other, noise(seed + 1));
        const table = Array.from({ length: 2 ** from }, (_, i) => noise(seed + 2)(i));
        const numbers = [3, 1, 37, 3, 0, 0, 0, 0, 41, 5];
        const expected = naive({
          before: pictures.pixels(destination),
          source: pictures.pixels(source).map((row) => row.map((pixel) => (hasMap ? table[pixel]! : pixel))),
          shade: () => 2 ** to - 1,
          numbers,
          combine: (pixel) => pixel,
        });
        const map = hasMap ? { map: pictures.words(table) } : {};
        copyBits(pictures.read({ destination, source, rule: 3, numbers, ...map })!);
        expect(pictures.pixels(destination)).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  test('colours of 16 and 32 bits become each other, and what shows does not become transparent', () => {
    const convert = (from: number, to: number, words: readonly number[], width: number, map?: number[]): number[] => {
      const source = pictures.form(width, 1, from, (i) => words[i]!);
      const destination = pictures.form(width, 1, to, () => 0);
      const numbers = [0, 0, width, 1, 0, 0, 0, 0, width, 1];
      const given = map === undefined ? {} : { map: pictures.words(map) };
      copyBits(pictures.read({ destination, source, rule: 3, numbers, ...given })!);
      return pictures.pixels(destination)[0]!;
    };
    expect(convert(16, 32, [0x7c1f_03e0], 2)).toEqual([0xf800f8, 0x00f800]);
    expect(convert(32, 16, [0xfff8_00f8, 0x0007_0707, 0], 3)).toEqual([0x7c1f, 1, 0]);
    // A table of 512 entries is indexed by colours of 3 bits a channel.
    const table = Array.from({ length: 512 }, (_, i) => i);
    expect(convert(32, 16, [0x00ff_0000, 0x0000_00e0], 2, table)).toEqual([0x1c0, 7]);
  });

  test('a colour map of shifts and masks moves channels as it says', () => {
    const { nil } = memory;
    // Red and blue change places.
    const map = pictures.array([
      pictures.words([-16, 0, 16, 0]),
      pictures.words([0xff0000, 0xff00, 0xff, 0xff000000 | 0]),
      nil,
    ]);
    const source = pictures.form(1, 1, 32, () => 0xff11_2233 | 0);
    const destination = pictures.form(1, 1, 32, () => 0);
    copyBits(pictures.read({ destination, source, map, rule: 3, numbers: [0, 0, 1, 1, 0, 0, 0, 0, 1, 1] })!);
    expect(pictures.pixels(destination)).toEqual([[0xff33_2211]]);
  });

  test('a halftone may be words as well as a form, and counts from the top of the destination', () => {
    const destination = pictures.form(8, 3, 8, () => 0);
    const halftone = pictures.words([0x1111_1111, 0x2222_2222]);
    copyBits(pictures.read({ destination, halftone, rule: 3, numbers: [0, 1, 8, 2, 0, 0, 0, 0, 8, 3] })!);
    expect(pictures.pixels(destination).map((row) => row[0])).toEqual([0, 0x22, 0x11]);
  });

  test('coordinates may be Floats, which are cut off, or nil, which is the whole form', () => {
    const destination = pictures.form(4, 4, 8, () => 0);
    const oop = pictures.bitBlt({ destination, rule: 3, numbers: [0, 0, 0, 0] });
    memory.storePointer(oop, 4, memory.newFloat(1.9));
    for (const slot of [6, 7]) memory.storePointer(oop, slot, memory.nil);
    copyBits(BitBltObject.read(memory, oop)!);
    expect(pictures.pixels(destination).map((row) => row.join())).toEqual(new Array(4).fill('0,255,255,255'));
  });

  test('what makes no sense is refused and nothing is drawn', () => {
    const destination = pictures.form(8, 8, 8, () => 0x01020304);
    const before = pictures.pixels(destination);
    const numbers = [0, 0, 8, 8, 0, 0, 0, 0, 8, 8];
    expect(pictures.read({ destination: memory.nil, rule: 3, numbers })).toBeUndefined();
    for (const rule of [-1, 16, 17, 42, 99]) expect(pictures.read({ destination, rule, numbers })).toBeUndefined();
    const short = pictures.form(8, 8, 8, () => 0);
    memory.storePointer(short, 2, smallIntegerOop(9000));
    expect(pictures.read({ destination, source: short, rule: 3, numbers })).toBeUndefined();
    memory.storePointer(short, 3, smallIntegerOop(7));
    expect(pictures.read({ destination, source: short, rule: 3, numbers })).toBeUndefined();
    const source = pictures.form(8, 8, 8, () => 0);
    const three = pictures.words([1, 2, 3]);
    expect(pictures.read({ destination, source, map: three, rule: 3, numbers })).toBeUndefined();
    expect(pictures.read({ destination, halftone: smallIntegerOop(3), rule: 3, numbers })).toBeUndefined();
    expect(pictures.pixels(destination)).toEqual(before);
  });
});
