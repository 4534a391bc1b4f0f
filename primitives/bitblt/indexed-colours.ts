/**
 * The colours that Squeak gives to pixels of up to 8 bits: white (which is also what shows through), black, white, grey and the pure ones; greys; then a
 * cube of six levels of red, blue and green. Source: `Color class>>initializeIndexedColors`.
 */
const FIRST_COLOURS: readonly number[] = [
  0xffffff, 0x000000, 0xffffff, 0x808080, 0xff0000, 0x00ff00, 0x0000ff, 0x00ffff, 0xffff00, 0xff00ff, 0x202020,
  0x404040, 0x606060, 0x9f9f9f, 0xbfbfbf, 0xdfdfdf,
];
const FIRST_CUBE_INDEX = 40;
const GREY_LEVELS = 32;
const CUBE_LEVEL = 51;

function colourOf(index: number): number {
  const first = FIRST_COLOURS[index];
  if (first !== undefined) return first;
  if (index < FIRST_CUBE_INDEX) {
    // Every fourth of 32 levels stands among the first colours already.
    const nth = index - FIRST_COLOURS.length;
    const level = nth + Math.floor(nth / 3) + 1;
    return Math.round((255 * level) / GREY_LEVELS) * 0x010101;
  }
  const cube = index - FIRST_CUBE_INDEX;
  const [red, blue, green] = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6];
  return CUBE_LEVEL * ((red << 16) + (green << 8) + blue);
}

/** Red, green and blue of 8 bits each, by index. */
export const INDEXED_COLOURS: readonly number[] = Array.from({ length: 256 }, (_, index) => colourOf(index));

/** The same as pixels of 32 bits: opaque, but for the first; black is not quite, or it would be transparent. */
export const indexedPixel32 = (index: number): number =>
  index === 0 ? 0 : 0xff00_0000 | INDEXED_COLOURS[index]! || 0xff00_0001 | 0;
