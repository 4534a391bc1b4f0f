/**
 * The arithmetic of colours that several of BitBlt's rules share: channels of a pixel one by one, blends by alpha, and colours of fewer bits
 * spread over their neighbours (dithering). A pixel of 32 bits is alpha, red, green and blue of 8 bits each; one of 16 bits has
 * three of 5.
 */

/** What is done to two channels: `max` has all bits of a channel. */
export type ChannelRule = (source: number, destination: number, max: number) => number;

/** Applies the rule to fields of `bits` bits each, from the lowest up. */
function byField(source: number, destination: number, bits: number, fields: number, rule: ChannelRule): number {
  const max = (1 << bits) - 1;
  let result = 0;
  for (let i = 0, shift = 0; i < fields; i++, shift += bits)
    result |= (rule((source >>> shift) & max, (destination >>> shift) & max, max) & max) << shift;
  return result;
}

/** A word of pixels, channel by channel; below 16 bits a pixel is one channel. */
export function byChannel(source: number, destination: number, depth: number, rule: ChannelRule): number {
  if (depth === 32) return byField(source, destination, 8, 4, rule);
  if (depth < 16) return byField(source, destination, depth, 32 / depth, rule);
  return byField(source, destination, 5, 3, rule) | (byField(source >>> 16, destination >>> 16, 5, 3, rule) << 16);
}

const ALTERNATE_CHANNELS = 0x00ff_00ff;

/** Two channels of 8 bits in the lower halves of 16: (s * alpha + d * (255 - alpha)) / 255, rounded up. */
function blendPair(source: number, destination: number, alpha: number): number {
  const sum = (Math.imul(source, alpha) + Math.imul(destination, 255 - alpha) + ALTERNATE_CHANNELS) | 0;
  return ((sum + (((sum - 0x10001) >>> 8) & ALTERNATE_CHANNELS)) >>> 8) & ALTERNATE_CHANNELS;
}

/** All four channels of `source` over `destination` by `alpha`, 0 to 255. */
export function blend32(source: number, destination: number, alpha: number): number {
  const redBlue = blendPair(source & ALTERNATE_CHANNELS, destination & ALTERNATE_CHANNELS, alpha);
  const alphaGreen = blendPair((source >>> 8) & ALTERNATE_CHANNELS, (destination >>> 8) & ALTERNATE_CHANNELS, alpha);
  return redBlue | (alphaGreen << 8);
}

/** A source over a destination where the source's channels are scaled by its alpha already; sums that are too much are cut. */
export function blendScaled32(source: number, destination: number): number {
  const rest = 255 - (source >>> 24);
  const redBlue =
    ((Math.imul(destination & ALTERNATE_CHANNELS, rest) >>> 8) & ALTERNATE_CHANNELS) + (source & ALTERNATE_CHANNELS);
  const alphaGreen =
    ((Math.imul((destination >>> 8) & ALTERNATE_CHANNELS, rest) >>> 8) & ALTERNATE_CHANNELS) +
    ((source >>> 8) & ALTERNATE_CHANNELS);
  return saturatePair(redBlue) | (saturatePair(alphaGreen) << 8);
}

/** Channels that ran over into the bit above become 255. */
function saturatePair(pair: number): number {
  const over = (pair >>> 8) & 0x0001_0001;
  return (pair | (over * 255)) & ALTERNATE_CHANNELS;
}

/** One pixel of 16 bits by a constant alpha. */
export function blend16(source: number, destination: number, alpha: number): number {
  return byField(source, destination, 5, 3, (s, d) => Math.floor((s * alpha + d * (255 - alpha) + 254) / 255));
}

/** Channels of 5 bits as the upper ones of 8. */
export const widen16 = (pixel: number): number =>
  ((pixel & 0x7c00) << 9) | ((pixel & 0x03e0) << 6) | ((pixel & 0x001f) << 3);

const DITHER_MATRIX = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5];
/** From how much of 16 on, by the three bits that are lost, a channel is rounded up. */
const THRESHOLDS = [0, 2, 4, 6, 8, 12, 14, 16];

/** Channels of 8 bits as 5, for each of 16 levels. */
const DITHERED = Uint8Array.from({ length: 16 * 256 }, (_, i) => {
  const [level, value] = [i >> 8, i & 255];
  const narrow = Math.max(0, (value >>> 3) - 1);
  return level < THRESHOLDS[value & 7]! ? narrow + 1 : narrow;
});

/** The colour of 32 bits in 16, rounded up or down by where it stands; never 0, which would be transparent. */
export function dither16(pixel: number, x: number, y: number): number {
  const level = DITHER_MATRIX[((y & 3) << 2) | (x & 3)]! << 8;
  const red = DITHERED[level | ((pixel >>> 16) & 255)]!;
  const green = DITHERED[level | ((pixel >>> 8) & 255)]!;
  return (red << 10) | (green << 5) | DITHERED[level | (pixel & 255)]! || 1;
}
