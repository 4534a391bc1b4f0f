/**
 * A BitBlt object of the image, read and checked: forms, rule, halftone, colour map, the rectangle and the one that it is clipped to. Valid until the next
 * safepoint, as the forms are. Source: `loadBitBltFrom:warping:` in VMMaker's BitBltSimulation; Blue Book chapter 18.
 */
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { type ColourMap, readColourMap } from './colour-map.ts';
import { LAST_RULE, REFUSED, SOURCELESS } from './combination-rules.ts';
import { Form, type WordTable, wholeNumber, wordTable } from './form.ts';

const Slot = {
  DESTINATION: 0,
  SOURCE: 1,
  HALFTONE: 2,
  RULE: 3,
  DESTINATION_X: 4,
  DESTINATION_Y: 5,
  WIDTH: 6,
  HEIGHT: 7,
  SOURCE_X: 8,
  SOURCE_Y: 9,
  CLIP_X: 10,
  CLIP_Y: 11,
  CLIP_WIDTH: 12,
  CLIP_HEIGHT: 13,
  COLOUR_MAP: 14,
} as const;
/** The first slot of WarpBlt's own. */
export const WARP_SLOT = 15;
const FORM_BITS = 0;
const FORM_HEIGHT = 2;
const FORM_SLOTS = 4;
const SMALL_INTEGER_BITS = 31;

/** Where the rectangle lies after clipping; nothing to do where a side is not above 0. */
export interface Clipped {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly sourceX: number;
  readonly sourceY: number;
}

export class BitBltObject {
  readonly destination: Form;
  /** undefined where the rule looks at none, or there is none. */
  readonly source: Form | undefined;
  /** Words of 32 bits, one a row of the destination, over and over. */
  readonly halftone: WordTable | undefined;
  readonly rule: number;
  readonly map: ColourMap;
  x = 0;
  y = 0;
  width = 0;
  height = 0;
  sourceX = 0;
  sourceY = 0;
  /** Within the destination. */
  clipX = 0;
  clipY = 0;
  clipWidth = 0;
  clipHeight = 0;
  private readonly memory: ObjectMemory;
  private readonly oop: Oop;

  private constructor(
    memory: ObjectMemory,
    oop: Oop,
    rule: number,
    destination: Form,
    source: Form | undefined,
    halftone: WordTable | undefined,
    map: ColourMap,
  ) {
    this.memory = memory;
    this.oop = oop;
    this.rule = rule;
    this.destination = destination;
    this.source = source;
    this.halftone = halftone;
    this.map = map;
  }

  /** undefined for one that makes no sense. */
  static read(memory: ObjectMemory, oop: Oop): BitBltObject | undefined {
    if (isImmediate(oop) || !memory.isPointers(oop) || memory.slotCountOf(oop) <= Slot.CLIP_HEIGHT) return undefined;
    const slot = (index: number): Oop => memory.fetchPointer(oop, index);
    const rule = isSmallInteger(slot(Slot.RULE)) ? smallIntegerValue(slot(Slot.RULE)) : -1;
    if (rule < 0 || rule > LAST_RULE || REFUSED.has(rule)) return undefined;
    const destination = Form.read(memory, slot(Slot.DESTINATION));
    if (destination === undefined) return undefined;
    const looks = !SOURCELESS.has(rule);
    const hasSource = looks && slot(Slot.SOURCE) !== memory.nil;
    const source = hasSource ? Form.read(memory, slot(Slot.SOURCE)) : undefined;
    if (hasSource && source === undefined) return undefined;
    const halftone =
      looks && slot(Slot.HALFTONE) !== memory.nil ? readHalftone(memory, slot(Slot.HALFTONE)) : undefined;
    if (halftone === 'bad') return undefined;
    const mapOop = memory.slotCountOf(oop) > Slot.COLOUR_MAP ? slot(Slot.COLOUR_MAP) : memory.nil;
    const map =
      source === undefined
        ? readColourMap(memory, memory.nil, 1, destination.depth)
        : readColourMap(memory, mapOop, source.depth, destination.depth);
    if (map === undefined) return undefined;
    const blit = new BitBltObject(memory, oop, rule, destination, source, halftone, map);
    return blit.readRectangles() ? blit : undefined;
  }

  private readRectangles(): boolean {
    const { destination } = this;
    // Coordinates that nobody set count as 0, sizes as the largest.
    const x = this.number(Slot.DESTINATION_X, 0);
    const y = this.number(Slot.DESTINATION_Y, 0);
    const width = this.number(Slot.WIDTH, destination.width);
    const height = this.number(Slot.HEIGHT, destination.height);
    const sourceX = this.source === undefined ? 0 : this.number(Slot.SOURCE_X, 0);
    const sourceY = this.source === undefined ? 0 : this.number(Slot.SOURCE_Y, 0);
    const clipX = this.number(Slot.CLIP_X, 0);
    const clipY = this.number(Slot.CLIP_Y, 0);
    const clipWidth = this.number(Slot.CLIP_WIDTH, destination.width);
    const clipHeight = this.number(Slot.CLIP_HEIGHT, destination.height);
    if (x === undefined || y === undefined || width === undefined || height === undefined) return false;
    if (sourceX === undefined || sourceY === undefined) return false;
    if (clipX === undefined || clipY === undefined || clipWidth === undefined || clipHeight === undefined) return false;
    [this.x, this.y, this.width, this.height, this.sourceX, this.sourceY] = [x, y, width, height, sourceX, sourceY];
    this.clipX = Math.max(0, clipX);
    this.clipY = Math.max(0, clipY);
    this.clipWidth = Math.min(destination.width, clipX + clipWidth) - this.clipX;
    this.clipHeight = Math.min(destination.height, clipY + clipHeight) - this.clipY;
    return true;
  }

  private number(index: number, otherwise: number): number | undefined {
    const oop = this.memory.fetchPointer(this.oop, index);
    return oop === this.memory.nil ? otherwise : wholeNumber(this.memory, oop);
  }

  /** The rectangle within the clipping one and within the source; a warp goes wherever its quadrilateral lies. */
  clipped(isWarp = false): Clipped {
    const horizontal = clip(this.x, this.width, this.clipX, this.clipWidth, this.sourceX);
    const vertical = clip(this.y, this.height, this.clipY, this.clipHeight, this.sourceY);
    const { source } = this;
    if (source !== undefined && !isWarp) {
      withinSource(horizontal, source.width);
      withinSource(vertical, source.height);
    }
    return {
      x: horizontal.at,
      y: vertical.at,
      width: horizontal.size,
      height: vertical.size,
      sourceX: horizontal.source,
      sourceY: vertical.source,
    };
  }

  /** The halftone's word for a row of the destination; all ones without one. */
  halftoneWord(y: number): number {
    const { halftone } = this;
    return halftone === undefined ? -1 : this.memory.i32[halftone.first + (y % halftone.size)]!;
  }

  /** A number that WarpBlt keeps behind BitBlt's; undefined where it is none. */
  warpNumber(index: number): number | undefined {
    return wholeNumber(this.memory, this.memory.fetchPointer(this.oop, WARP_SLOT + index));
  }

  /** The object has slots of WarpBlt's. */
  isWarp(slots: number): boolean {
    return this.memory.slotCountOf(this.oop) >= WARP_SLOT + slots;
  }

  /** Writes where drawing came to back to the image. */
  storePlace(): void {
    this.storeNumber(Slot.DESTINATION_X, this.x);
    this.storeNumber(Slot.DESTINATION_Y, this.y);
  }

  private storeNumber(index: number, value: number): void {
    const limit = 2 ** (SMALL_INTEGER_BITS - 1);
    const fitting = Math.max(-limit, Math.min(limit - 1, value));
    this.memory.storePointer(this.oop, index, smallIntegerOop(fitting));
  }
}

interface Span {
  at: number;
  size: number;
  source: number;
}

function clip(at: number, size: number, clipAt: number, clipSize: number, source: number): Span {
  const before = Math.max(0, clipAt - at);
  const start = at + before;
  return { at: start, size: Math.min(size - before, clipAt + clipSize - start), source: source + before };
}

function withinSource(span: Span, sourceSize: number): void {
  const outside = Math.max(0, -span.source);
  span.source += outside;
  span.at += outside;
  span.size = Math.min(span.size - outside, sourceSize - span.source);
}

/** An Array of words, or a Form whose bits are; 'bad' for anything else. A Form without words is none at all. */
function readHalftone(memory: ObjectMemory, oop: Oop): WordTable | undefined | 'bad' {
  const words = wordTable(memory, oop);
  if (words !== undefined) return words.size === 0 ? 'bad' : words;
  if (isImmediate(oop) || !memory.isPointers(oop) || memory.slotCountOf(oop) < FORM_SLOTS) return 'bad';
  const bits = wordTable(memory, memory.fetchPointer(oop, FORM_BITS));
  if (bits === undefined) return undefined;
  const height = wholeNumber(memory, memory.fetchPointer(oop, FORM_HEIGHT));
  return height === undefined || height < 1 || height > bits.size ? 'bad' : { first: bits.first, size: height };
}
