/**
 * BitBlt's combination rules, on one pixel of the source and one of the destination: 0 to 15 are the Boolean functions of two bits, the others
 * work on colours. A pixel of 32 bits has channels of 8, one of 16 bits three of 5, any other is one channel.
 * Source: `initBBOpTable` and the methods that it names in VMMaker's BitBltSimulation; Ingalls, "The Smalltalk graphics kernel" (BYTE, 1981).
 */

/** Takes and answers pixels; `alpha` from 0 to 255 for the rules with a constant one. */
export type CombinationRule = (source: number, destination: number, depth: number, alpha: number) => number;

/** Rules that look at no source. */
export const SOURCELESS: ReadonlySet<number> = new Set([0, 5, 10, 15]);
/** Rules with one alpha for all pixels: the primitive's argument. */
export const CONSTANT_ALPHA: ReadonlySet<number> = new Set([30, 31]);

type ChannelRule = (source: number, destination: number, max: number) => number;

/** The widths of a pixel's channels, from the lowest bit up. */
const CHANNELS: Readonly<Record<number, readonly number[]>> = { 32: [8, 8, 8, 8], 16: [5, 5, 5] };

const byChannel =
  (rule: ChannelRule): CombinationRule =>
  (source, destination, depth) => {
    let result = 0;
    let shift = 0;
    for (const bits of CHANNELS[depth] ?? [depth]) {
      const max = (1 << bits) - 1;
      result |= (rule((source >>> shift) & max, (destination >>> shift) & max, max) & max) << shift;
      shift += bits;
    }
    return result;
  };

/** `source` over `destination` by `alpha`, channel by channel, rounded up as the original does. */
const blend = (source: number, destination: number, alpha: number, depth: number): number => {
  const whole = alpha & 255;
  return byChannel((s, d) => Math.floor((s * whole + d * (255 - whole) + 254) / 255))(source, destination, depth, 0);
};

const alphaBlend: CombinationRule = (source, destination, depth) => {
  if (depth !== 32) return source;
  const alpha = source >>> 24;
  if (alpha === 0) return destination;
  if (alpha === 255) return source;
  const opaque = source | 0xff00_0000;
  return blend(opaque, destination, alpha, 32);
};

const alphaBlendScaled: CombinationRule = (source, destination, depth) => {
  if (depth !== 32) return source;
  const rest = 255 - (source >>> 24);
  return byChannel((s, d) => Math.min(255, s + ((d * rest) >> 8)))(source, destination, 32, 0);
};

export const RULES: readonly (CombinationRule | undefined)[] = [
  () => 0,
  (s, d) => s & d,
  (s, d) => s & ~d,
  (s) => s,
  (s, d) => ~s & d,
  (_s, d) => d,
  (s, d) => s ^ d,
  (s, d) => s | d,
  (s, d) => ~s & ~d,
  (s, d) => ~s ^ d,
  (_s, d) => ~d,
  (s, d) => s | ~d,
  (s) => ~s,
  (s, d) => ~s | d,
  (s, d) => ~s | ~d,
  () => -1,
  // 16 and 17 are earlier forms of 25 and 26
  (s, d) => s | d,
  (s, d) => ~s & d,
  (s, d) => s + d,
  (s, d) => s - d,
  byChannel((s, d, max) => Math.min(s + d, max)),
  byChannel((s, d) => Math.abs(s - d)),
  // 22, 23: superseded by 32 and 33, which count; a count is no picture
  undefined,
  undefined,
  alphaBlend,
  (s, d) => (s === 0 ? d : s),
  (s, d) => (s === 0 ? d : 0),
  byChannel((s, d) => Math.max(s, d)),
  byChannel((s, d) => Math.min(s, d)),
  byChannel((s, d, max) => Math.min(max - s, d)),
  (s, d, depth, alpha) => blend(s, d, alpha, depth),
  (s, d, depth, alpha) => (s === 0 ? d : blend(s, d, alpha, depth)),
  undefined,
  undefined,
  alphaBlendScaled,
  undefined,
  undefined,
  byChannel((s, d, max) => ((s + 1) * (d + 1) - 1) >> (32 - Math.clz32(max))),
  undefined,
  (s, d) => (s === d ? 0 : d),
  (s, d, depth) => (depth !== 32 || d === 0 || d >>> 24 !== 0 ? d : d | (s & 0xff00_0000)),
];
