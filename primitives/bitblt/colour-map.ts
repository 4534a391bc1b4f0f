/**
 * What a pixel of the source's depth is in the destination's. Where both have channels they are cut or widened; then, if the image gives a table, an
 * entry is taken from it: one for each pixel, or for each colour reduced to 3, 4 or 5 bits a channel. A map of the new style (an
 * object with shifts, masks and a table) says itself how the channels move. Nothing that shows becomes 0, which is transparent.
 */
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { isImmediate, type Oop } from '../../vm/memory/oop.ts';
import { type WordTable, wordTable } from './form.ts';

const FIRST_COLOUR_DEPTH = 16;
const CHANNELS = 4;
const MapSlot = { SHIFTS: 0, MASKS: 1, TABLE: 2 } as const;
/** Bits a channel, by the size of a table. */
const CHANNEL_BITS: Readonly<Record<number, number>> = { 512: 3, 4096: 4, 32768: 5 };
const IDENTITY_MASKS = [0xff0000, 0xff00, 0xff, 0xff000000 | 0];

/** How red, green, blue and alpha move: shifted to the left, or with a negative number to the right, after masking. */
interface ChannelMoves {
  readonly shifts: readonly number[];
  readonly masks: readonly number[];
}

/** The same to be done for each pixel, without a branch: one of the two shifts is 0. A channel that is shifted out is masked out. */
class ChannelMover {
  private readonly masks: Int32Array;
  private readonly left: Int32Array;
  private readonly right: Int32Array;

  constructor({ shifts, masks }: ChannelMoves) {
    this.masks = Int32Array.from(masks, (mask, i) => (Math.abs(shifts[i]!) > 31 ? 0 : mask));
    this.left = Int32Array.from(shifts, (shift) => Math.max(0, shift));
    this.right = Int32Array.from(shifts, (shift) => Math.max(0, -shift));
  }

  move(pixel: number): number {
    const { masks, left, right } = this;
    return (
      (((pixel & masks[0]!) << left[0]!) >>> right[0]!) |
      (((pixel & masks[1]!) << left[1]!) >>> right[1]!) |
      (((pixel & masks[2]!) << left[2]!) >>> right[2]!) |
      (((pixel & masks[3]!) << left[3]!) >>> right[3]!)
    );
  }
}

export class ColourMap {
  /** The image's table; undefined where there is none. */
  readonly table: WordTable | undefined;
  /** Bits a channel of the colours that index the table; 0 where pixels do. */
  readonly channelBits: number;
  readonly isNewStyle: boolean;
  private readonly words: Int32Array;
  private readonly mover: ChannelMover | undefined;

  constructor(words: Int32Array, table: WordTable | undefined, moves: ChannelMoves | undefined, isNewStyle: boolean) {
    this.words = words;
    this.table = table;
    this.mover = moves === undefined ? undefined : new ChannelMover(moves);
    this.isNewStyle = isNewStyle;
    this.channelBits = table === undefined ? 0 : (CHANNEL_BITS[table.size] ?? 0);
  }

  /** Pixels stay as they are. */
  get isIdentity(): boolean {
    return this.mover === undefined && this.table === undefined;
  }

  /** Only the table decides. */
  get isTableOnly(): boolean {
    return this.mover === undefined && this.table !== undefined;
  }

  /** The same table, for source pixels that are colours of 32 bits, as smoothing makes them. */
  forColours(destinationDepth: number): ColourMap {
    if (this.isNewStyle) return this;
    if (this.table !== undefined)
      return new ColourMap(this.words, this.table, channelMoves(8, this.channelBits), false);
    if (destinationDepth !== 16) return this;
    return new ColourMap(this.words, undefined, channelMoves(8, 5), false);
  }

  map(pixel: number): number {
    const { mover, table } = this;
    let value = pixel;
    if (mover !== undefined) {
      value = mover.move(pixel);
      if (value === 0 && pixel !== 0) value = 1;
    }
    return table === undefined ? value : this.words[table.first + (value & (table.size - 1))]!;
  }

  /** Adds one to the entry of a colour. Contract: there is a table. */
  tally(pixel: number, depth: number): void {
    const { table } = this;
    if (table === undefined) return;
    const index = depth < FIRST_COLOUR_DEPTH ? pixel : reduced(pixel, depth === 32 ? 8 : 5, this.channelBits);
    const at = table.first + (index & (table.size - 1));
    this.words[at] = (this.words[at]! + 1) | 0;
  }
}

/** The map that the image gives, nil for none; undefined for what is none. */
export function readColourMap(
  memory: ObjectMemory,
  oop: Oop,
  sourceDepth: number,
  destinationDepth: number,
): ColourMap | undefined {
  if (oop === memory.nil)
    return new ColourMap(memory.i32, undefined, implicitMoves(sourceDepth, destinationDepth, 0), false);
  const table = wordTable(memory, oop);
  if (table !== undefined) {
    if (!isPowerOfTwo(table.size)) return undefined;
    const bits = CHANNEL_BITS[table.size] ?? 0;
    return new ColourMap(memory.i32, table, implicitMoves(sourceDepth, destinationDepth, bits), false);
  }
  return readNewStyle(memory, oop);
}

function readNewStyle(memory: ObjectMemory, oop: Oop): ColourMap | undefined {
  if (isImmediate(oop) || !memory.isPointers(oop) || memory.slotCountOf(oop) <= MapSlot.TABLE) return undefined;
  const tableOop = memory.fetchPointer(oop, MapSlot.TABLE);
  const table = tableOop === memory.nil ? undefined : wordTable(memory, tableOop);
  if (tableOop !== memory.nil && (table === undefined || !isPowerOfTwo(table.size))) return undefined;
  const shifts = readChannels(memory, memory.fetchPointer(oop, MapSlot.SHIFTS));
  const masks = readChannels(memory, memory.fetchPointer(oop, MapSlot.MASKS));
  if (shifts === 'bad' || masks === 'bad') return undefined;
  const moves = shifts === undefined || masks === undefined ? undefined : { shifts, masks };
  return new ColourMap(memory.i32, table, moves === undefined || isIdentity(moves) ? undefined : moves, true);
}

function readChannels(memory: ObjectMemory, oop: Oop): number[] | undefined | 'bad' {
  if (oop === memory.nil) return undefined;
  const words = wordTable(memory, oop);
  if (words === undefined || words.size !== CHANNELS) return 'bad';
  return Array.from(memory.i32.subarray(words.first, words.first + CHANNELS));
}

const isPowerOfTwo = (size: number): boolean => size > 0 && (size & (size - 1)) === 0;

const isIdentity = ({ shifts, masks }: ChannelMoves): boolean =>
  shifts.every((shift) => shift === 0) && masks.every((mask, i) => mask === IDENTITY_MASKS[i]);

/** From pixels of 16 and 32 bits to such pixels, or to the index of a table; none where there are no channels. */
function implicitMoves(from: number, to: number, tableBits: number): ChannelMoves | undefined {
  if (from < FIRST_COLOUR_DEPTH || (tableBits === 0 && to < FIRST_COLOUR_DEPTH)) return undefined;
  return channelMoves(from === 32 ? 8 : 5, tableBits === 0 ? (to === 32 ? 8 : 5) : tableBits);
}

function channelMoves(from: number, to: number): ChannelMoves | undefined {
  if (to === 0) return undefined;
  const wider = to - from;
  if (wider === 0) return undefined;
  const shifts = [3 * wider, 2 * wider, wider, 0];
  if (wider > 0) {
    const mask = (1 << from) - 1;
    return { shifts, masks: [mask << (2 * from), mask << from, mask, 0] };
  }
  const mask = (1 << to) - 1;
  return { shifts, masks: [mask << (2 * from - wider), mask << (from - wider), mask << -wider, 0] };
}

/** A colour with `to` bits a channel, none of which becomes 0 but black itself. */
function reduced(pixel: number, from: number, to: number): number {
  if (to === 0) return pixel;
  const max = (1 << from) - 1;
  const cut = (channel: number): number => (to < from ? channel >>> (from - to) : channel << (to - from));
  const [red, green, blue] = [(pixel >>> (2 * from)) & max, (pixel >>> from) & max, pixel & max];
  const result = (cut(red) << (2 * to)) | (cut(green) << to) | cut(blue);
  return result === 0 && to < from && pixel !== 0 ? 1 : result;
}
