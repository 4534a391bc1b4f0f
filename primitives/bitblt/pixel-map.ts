/**
 * What a pixel of the source's depth is in the destination's: by the color map that the image gives (an entry for each pixel, or for each
 * colour reduced to 3, 4 or 5 bits a channel), else by the colour where both have channels, else the same bits.
 */
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { isImmediate, type Oop } from '../../vm/memory/oop.ts';
import { elementKindOf } from '../operands.ts';

export type PixelMap = (pixel: number) => number;

const FIRST_COLOUR_DEPTH = 16;
const channelBits = (depth: number): number => (depth === 32 ? 8 : 5);

/** Each channel widened or cut to `to` bits. */
export function convertColour(pixel: number, from: number, to: number): number {
  if (from === to) return pixel;
  const scale = (channel: number): number => (to > from ? channel << (to - from) : channel >> (from - to));
  const max = (1 << from) - 1;
  return (scale((pixel >>> (2 * from)) & max) << (2 * to)) | (scale((pixel >>> from) & max) << to) | scale(pixel & max);
}

/** The map from pixels of depth `from` to depth `to`; undefined where pixels stay as they are; 'bad' for a map that is none. */
export function pixelMap(memory: ObjectMemory, map: Oop, from: number, to: number): PixelMap | undefined | 'bad' {
  if (map !== memory.nil) {
    if (isImmediate(map) || elementKindOf(memory.formatOf(map)) !== 'words') return 'bad';
    const size = memory.slotCountOf(map);
    if (size === 0 || (size & (size - 1)) !== 0) return 'bad';
    const first = (map >> 2) + 2;
    const words = memory.i32;
    if (from < FIRST_COLOUR_DEPTH) return (pixel) => words[first + (pixel & (size - 1))]!;
    const bits = size >= 32768 ? 5 : size >= 4096 ? 4 : size >= 512 ? 3 : 0;
    if (bits === 0) return 'bad';
    return (pixel) => words[first + convertColour(pixel, channelBits(from), bits)]!;
  }
  if (from === to || from < FIRST_COLOUR_DEPTH || to < FIRST_COLOUR_DEPTH) return undefined;
  const [narrow, wide] = [channelBits(from), channelBits(to)];
  // Black would be transparent: the nearest to it is taken.
  return (pixel) => convertColour(pixel, narrow, wide) || (pixel === 0 ? 0 : 1);
}
