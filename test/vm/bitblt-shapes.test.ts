/** What BitBlt draws beside rectangles: lines, text, quadrilaterals; and the primitives' own answers and refusals. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PLAIN } from '../../primitives/bitblt/copy-bits.ts';
import { drawLine } from '../../primitives/bitblt/draw-line.ts';
import { displayString, Font, scanCharacters } from '../../primitives/bitblt/glyphs.ts';
import { warpBits } from '../../primitives/bitblt/warp.ts';
import { type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { DEPTHS, noise, Pictures } from './picture.ts';

const pictures = new Pictures();
const { memory } = pictures;
const NONE = { points: 1, colours: undefined };
const ONE = 1 << 14;

describe('drawLoop', () => {
  const drawn = (dx: number, dy: number, fromX: number, fromY: number): string[] => {
    const destination = pictures.form(12, 12, 8, () => 0);
    const blit = pictures.read({ destination, rule: 3, numbers: [fromX, fromY, 1, 1, 0, 0, 0, 0, 12, 12] })!;
    drawLine(blit, dx, dy, PLAIN);
    expect([blit.x, blit.y]).toEqual([fromX + dx, fromY + dy]);
    return pictures
      .pixels(destination)
      .flatMap((row, y) => row.flatMap((pixel, x) => (pixel === 0 ? [] : [`${x},${y}`])));
  };

  test('draws what lies between the ends of a line, each step of the longer side once', () => {
    expect(drawn(5, 0, 1, 1)).toEqual(['2,1', '3,1', '4,1', '5,1']);
    expect(drawn(0, -4, 3, 8)).toEqual(['3,5', '3,6', '3,7']);
    expect(drawn(4, 2, 0, 0)).toEqual(['1,0', '2,1', '3,1']);
    expect(drawn(0, 0, 3, 3)).toEqual([]);
  });

  test('property: no pixel is farther than half of one from the line', () => {
    const delta = fc.integer({ min: -11, max: 11 });
    fc.assert(
      fc.property(delta, delta, (dx, dy) => {
        const [fromX, fromY] = [dx < 0 ? 11 : 0, dy < 0 ? 11 : 0];
        const points = drawn(dx, dy, fromX, fromY);
        expect(points.length).toBe(Math.max(0, Math.max(Math.abs(dx), Math.abs(dy)) - 1));
        for (const point of points) {
          const [x, y] = point.split(',').map(Number) as [number, number];
          const [u, v] = [x - fromX, y - fromY];
          const off = Math.abs(dx) > Math.abs(dy) ? v - (u * dy) / dx : u - (v * dx) / dy;
          expect(Math.abs(off)).toBeLessThanOrEqual(0.5);
        }
      }),
    );
  });
});

/** A font of three glyphs, one, two and three pixels wide, for a, b and c; all other characters have none. */
function font(): { glyphs: Oop; xTable: Oop; map: Oop; font: Font } {
  const glyphs = pictures.form(6, 1, 8, (i) => (i === 0 ? 0x0102_0203 : 0x0303_0000));
  const xTable = pictures.array([0, 1, 3, 6].map(smallIntegerOop));
  const codes = Array.from({ length: 256 }, (_, code) => (code >= 97 && code <= 99 ? code - 97 : 99));
  const map = pictures.array(codes.map(smallIntegerOop));
  return { glyphs, xTable, map, font: Font.read(memory, xTable, map)! };
}

describe('text', () => {
  test('displayString draws glyph after glyph, with kerning, and stands behind the last', () => {
    const { glyphs, font: threeGlyphs } = font();
    const destination = pictures.form(12, 1, 8, () => 0);
    const numbers = [1, 0, 99, 1, 0, 0, 0, 0, 12, 1];
    const blit = pictures.read({ destination, source: glyphs, rule: 3, numbers })!;
    expect(displayString(blit, threeGlyphs, Uint8Array.from([99, 97, 98]), 1)).toBe(true);
    expect(pictures.pixels(destination)).toEqual([[0, 3, 3, 3, 0, 1, 0, 2, 2, 0, 0, 0]]);
    expect(blit.x).toBe(1 + 3 + 1 + 1 + 1 + 2 + 1);
    expect(displayString(blit, threeGlyphs, Uint8Array.from([100]), 0)).toBe(false);
  });

  test('scanCharacters stops at the end of the run, where the line is full, or at a character that says so', () => {
    const { xTable, map } = font();
    const scanned = (text: string, rightX: number, stopAt?: string) => {
      const { nil } = memory;
      const scanner = pictures.array([smallIntegerOop(10), smallIntegerOop(1), xTable, map]);
      const stops = pictures.array(new Array(258).fill(nil));
      for (const [index, answer] of [
        [256, -1],
        [257, -2],
      ] as const)
        memory.storePointer(stops, index, smallIntegerOop(answer));
      if (stopAt !== undefined) memory.storePointer(stops, stopAt.charCodeAt(0), smallIntegerOop(-3));
      const request = { scanner, stops, string: memory.newByteString(text), from: 1, to: text.length, rightX, kern: 0 };
      const condition = scanCharacters(memory, request);
      const slot = (index: number) => smallIntegerValue(memory.fetchPointer(scanner, index));
      return condition === undefined ? 'refused' : [smallIntegerValue(condition), slot(0), slot(1)];
    };
    expect(scanned('abc', 100)).toEqual([-1, 16, 3]);
    expect(scanned('abc', 15)).toEqual([-2, 13, 3]);
    expect(scanned('abc', 16)).toEqual([-1, 16, 3]);
    expect(scanned('abxc', 100, 'x')).toEqual([-3, 13, 3]);
    expect(scanned('abx', 100)).toBe('refused');
  });
});

describe('warps', () => {
  /** Corners: top left, bottom left, bottom right, top right; fixed point, as the image gives them. */
  const warp = (source: Oop, destination: Oop, size: number, corners: readonly [number, number][], points = NONE) => {
    const more = corners.flatMap(([x, y]) => [Math.round(x * ONE), Math.round(y * ONE), 0]);
    const blit = pictures.read(
      { destination, source, rule: 3, numbers: [0, 0, size, size, 0, 0, 0, 0, size, size] },
      more,
    );
    return warpBits(blit!, points, PLAIN);
  };
  const square = (side: number): [number, number][] => [
    [0, 0],
    [0, side - 1],
    [side - 1, side - 1],
    [side - 1, 0],
  ];

  test('property: a warp of the whole form onto one of its size is a copy, at every depth and order', () => {
    fc.assert(
      fc.property(fc.constantFrom(...DEPTHS), fc.constantFrom(1, -1), fc.integer(), (depth, order, seed) => {
        const source = pictures.form(9, 9, depth * order, noise(seed));
        const destination = pictures.form(9, 9, depth * order, () => 0);
        expect(warp(source, destination, 9, square(9))).toBe(true);
        expect(pictures.pixels(destination)).toEqual(pictures.pixels(source));
      }),
      { numRuns: 50 },
    );
  });

  test('a quadrilateral that starts at another corner turns the picture', () => {
    const source = pictures.form(8, 8, 8, noise(5));
    const destination = pictures.form(8, 8, 8, () => 0);
    const [a, b, c, d] = square(8) as [[number, number], [number, number], [number, number], [number, number]];
    expect(warp(source, destination, 8, [b, c, d, a])).toBe(true);
    const before = pictures.pixels(source);
    const turned = before.map((row, y) => row.map((_, x) => before[7 - x]![y]!));
    expect(pictures.pixels(destination)).toEqual(turned);
  });

  test('what lies outside of the source is 0', () => {
    const source = pictures.form(4, 4, 8, () => -1);
    const destination = pictures.form(8, 8, 8, () => 0x0505_0505);
    expect(warp(source, destination, 8, square(8))).toBe(true);
    const inside = pictures.pixels(destination).map((row) => row.map((pixel) => (pixel === 255 ? 1 : pixel)).join(''));
    expect(inside).toEqual([...new Array(4).fill('11110000'), ...new Array(4).fill('00000000')]);
  });

  test('smoothing takes the mean of the points around', () => {
    // Columns of black and white: two of each side make one grey.
    const source = pictures.form(4, 4, 32, (i) => (i % 2 === 0 ? 0xff00_0000 | 0 : -1));
    const destination = pictures.form(2, 2, 32, () => 0);
    expect(warp(source, destination, 2, square(4), { points: 2, colours: undefined })).toBe(true);
    expect(new Set(pictures.pixels(destination).flat())).toEqual(new Set([0xff7f_7f7f]));
  });

  test('one without corners is refused', () => {
    const form = pictures.form(2, 2, 8, () => 0);
    const blit = pictures.read({ destination: form, source: form, rule: 3, numbers: [0, 0, 2, 2, 0, 0, 0, 0, 2, 2] });
    expect(warpBits(blit!, NONE, PLAIN)).toBe(false);
  });
});
