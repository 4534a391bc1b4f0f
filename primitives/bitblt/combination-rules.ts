/**
 * BitBlt's combination rules, on one word of the source and one of the destination: 0 to 14 are the Boolean functions of two bits, the others work
 * on pixels or their channels. The pixels of both words stand at the same places.
 *
 * Some work on whole words whatever the depth: 18, 19 (carries cross pixels) and 24, 34. 15, 16 and 17 change nothing on Squeak's VMs, where 16 and 17 are
 * refused. 22 and 32 count and 23 and 33 tally (counting.ts). Source: `initBBOpTable` and what it names in VMMaker's
 * BitBltSimulation; Ingalls, "The Smalltalk graphics kernel" (BYTE, 1981).
 */
import { blend16, blend32, blendScaled32, byChannel, type ChannelRule, widen16 } from './channels.ts';

/** A word of source pixels and one of destination pixels make the destination's new one. */
export type WordRule = (source: number, destination: number) => number;

export const Rule = {
  STORE: 3,
  COUNT_DIFFERENCES_OLD: 22,
  TALLY_OLD: 23,
  ALPHA_BLEND: 24,
  PAINT: 25,
  BLEND_CONSTANT: 30,
  PAINT_CONSTANT: 31,
  COUNT_DIFFERENCES: 32,
  TALLY: 33,
  BLEND_SCALED: 34,
  COMPONENT_ALPHA: 41,
} as const;
export const LAST_RULE = Rule.COMPONENT_ALPHA;
/** Rules that look at no source and no halftone. */
export const SOURCELESS: ReadonlySet<number> = new Set([0, 5, 10, 15]);
/** Rules that no VM has. */
export const REFUSED: ReadonlySet<number> = new Set([16, 17]);

/** What a primitive's arguments say beside the BitBlt object. */
export interface RuleArguments {
  /** 0 to 255, for all pixels of 30 and 31, and for 41. */
  readonly alpha: number;
  /** Of the text that rule 41 draws. */
  readonly colour: number;
  /** Tables of 256 bytes by which rule 41 leaves and enters the space in which it blends. */
  readonly gamma?: Uint8Array | undefined;
  readonly ungamma?: Uint8Array | undefined;
}

const keep: WordRule = (_s, d) => d;

const BOOLEAN: readonly WordRule[] = [
  () => 0,
  (s, d) => s & d,
  (s, d) => s & ~d,
  (s) => s,
  (s, d) => ~s & d,
  keep,
  (s, d) => s ^ d,
  (s, d) => s | d,
  (s, d) => ~s & ~d,
  (s, d) => ~s ^ d,
  (_s, d) => ~d,
  (s, d) => s | ~d,
  (s) => ~s,
  (s, d) => ~s | d,
  (s, d) => ~s | ~d,
  keep,
];

const CHANNEL_RULES: Readonly<Record<number, ChannelRule>> = {
  20: (s, d, max) => Math.min(s + d, max),
  21: (s, d) => Math.abs(s - d),
  27: (s, d) => Math.max(s, d),
  28: (s, d) => Math.min(s, d),
  29: (s, d, max) => Math.min(max - s, d),
  37: (s, d, max) => Math.floor(((s + 1) * (d + 1) - 1) / (max + 1)),
};

/** Pixels as a whole, of fewer than 32 bits. */
const PIXEL_RULES: Readonly<Record<number, WordRule>> = {
  25: (s, d) => (s === 0 ? d : s),
  26: (s, d) => (s === 0 ? d : 0),
  39: (s, d) => (s === d ? 0 : d),
};

/** The rule for words of pixels of this depth. Contract: `rule` is one of those that draw. */
export function wordRule(rule: number, depth: number, given: RuleArguments): WordRule {
  const boolean = BOOLEAN[rule];
  if (boolean !== undefined) return boolean;
  const channels = CHANNEL_RULES[rule];
  if (channels !== undefined) return (s, d) => byChannel(s, d, depth, channels);
  const pixels = PIXEL_RULES[rule];
  if (pixels !== undefined) return depth === 32 ? pixels : (s, d) => byPixel(s, d, depth, pixels);
  switch (rule) {
    case 18:
      return (s, d) => (s + d) | 0;
    case 19:
      return (s, d) => (s - d) | 0;
    case Rule.ALPHA_BLEND:
      return alphaBlend;
    case Rule.BLEND_CONSTANT:
    case Rule.PAINT_CONSTANT:
      return constantBlend(depth, given.alpha, rule === Rule.PAINT_CONSTANT);
    case Rule.BLEND_SCALED:
    case 35:
    case 36:
      return blendScaled32;
    case 38:
      return depth === 32 ? keep : (_s, d) => reversed(d, depth);
    case 40:
      return depth === 32 ? fixAlpha : keep;
    case Rule.COMPONENT_ALPHA:
      return componentAlpha(depth, given);
    default:
      return keep;
  }
}

function byPixel(source: number, destination: number, depth: number, rule: WordRule): number {
  const mask = (1 << depth) - 1;
  let result = 0;
  for (let shift = 0; shift < 32; shift += depth)
    result |= rule((source >>> shift) & mask, (destination >>> shift) & mask) << shift;
  return result;
}

/** The word's pixels the other way round. */
function reversed(word: number, depth: number): number {
  const mask = (1 << depth) - 1;
  let result = 0;
  for (let shift = 0; shift < 32; shift += depth) result |= ((word >>> shift) & mask) << (32 - depth - shift);
  return result;
}

/** By the source's own alpha; what comes of it is opaque where the destination was. */
export const alphaBlend: WordRule = (s, d) => {
  const alpha = s >>> 24;
  if (alpha === 0) return d;
  return alpha === 255 ? s : blend32(s | 0xff00_0000, d, alpha);
};

function constantBlend(depth: number, alpha: number, paints: boolean): WordRule {
  if (depth === 32) return (s, d) => (paints && s === 0 ? d : blend32(s, d, alpha));
  if (depth !== 16) return keep;
  return (s, d) => byPixel(s, d, 16, (source, to) => (paints && source === 0 ? to : blend16(source, to, alpha)));
}

const fixAlpha: WordRule = (s, d) => (d === 0 || d >>> 24 !== 0 ? d : d | (s & 0xff00_0000));

/** Text with an alpha for each of red, green and blue, the source, in one colour. */
function componentAlpha(depth: number, given: RuleArguments): WordRule {
  if (depth === 32) return (s, d) => (s === 0 ? d : componentAlpha32(s, d, given));
  const opaque = 0xff00_0000;
  const widen = depth === 16 ? widen16 : (pixel: number) => pixel;
  const narrow = depth === 16 ? narrow16 : (pixel: number) => pixel & 0xff;
  return (s, d) =>
    s === 0
      ? d
      : byPixel(s, d, depth, (source, to) =>
          narrow(componentAlpha32(widen(source) | opaque, widen(to) | opaque, given)),
        );
}

const narrow16 = (pixel: number): number =>
  ((pixel >>> 9) & 0x7c00) | ((pixel >>> 6) & 0x03e0) | ((pixel >>> 3) & 0x001f);

export function componentAlpha32(mask: number, destination: number, given: RuleArguments): number {
  const { alpha, colour, gamma, ungamma } = given;
  const share = (shift: number): number => {
    const value = (mask >>> shift) & 255;
    return alpha === 255 ? value : (value * alpha) >>> 8;
  };
  const channel = (shift: number): number => {
    const part = share(shift);
    let [to, from] = [(destination >>> shift) & 255, (colour >>> shift) & 255];
    if (ungamma !== undefined) [to, from] = [ungamma[to]!, ungamma[from]!];
    const mixed = Math.min(255, ((to * (255 - part)) >>> 8) + ((from * part) >>> 8));
    return (gamma === undefined ? mixed : gamma[mixed]!) << shift;
  };
  const opacity = share(24);
  const result = Math.min(255, (((destination >>> 24) * (255 - opacity)) >>> 8) + opacity);
  return (result << 24) | channel(16) | channel(8) | channel(0);
}
