/**
 * BitBlt's one operation: a rectangle of the source, mapped, masked by the halftone and combined with the destination by a rule. Pixel by pixel; rows of
 * one colour are filled by words.
 *
 * Source and destination may be the same form: then rows and pixels go in the order in which nothing is read after it was
 * written. Source: the Blue Book, chapter 18; VMMaker's BitBltSimulation for what came later.
 */
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import type { Oop } from '../../vm/memory/oop.ts';
import { CONSTANT_ALPHA, RULES, SOURCELESS } from './combination-rules.ts';
import { Form, wholeNumber } from './form.ts';
import { pixelMap } from './pixel-map.ts';

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
  COLOR_MAP: 14,
} as const;
const REPLACE = 3;
const OPAQUE = 255;

/** Does what the BitBlt object says. False, with nothing changed, for one that makes no sense. */
export function copyBits(memory: ObjectMemory, bitBlt: Oop, alpha = OPAQUE): boolean {
  const blit = Blit.read(memory, bitBlt, alpha);
  if (blit === undefined) return false;
  blit.run();
  return true;
}

/** The same at another place: what `drawLoop` repeats. */
export function copyBitsAt(memory: ObjectMemory, bitBlt: Oop, x: number, y: number): boolean {
  const blit = Blit.read(memory, bitBlt, OPAQUE, { x, y });
  if (blit === undefined) return false;
  blit.run();
  return true;
}

/** One side of the rectangle, clipped: where it starts in source and destination, and how long it is. */
function clip(from: number, to: number, length: number, clipFrom: number, clipLength: number, sourceLength: number) {
  let [source, destination, size] = [from, to, length];
  const before = Math.max(0, clipFrom - destination);
  source += before;
  destination += before;
  size = Math.min(size - before, clipFrom + clipLength - destination);
  const outside = Math.max(0, -source);
  source += outside;
  destination += outside;
  size = Math.min(size - outside, sourceLength - source);
  return { source, destination, size };
}

class Blit {
  readonly #destination: Form;
  readonly #source: Form | undefined;
  readonly #halftone: Form | undefined;
  readonly #combine: (source: number, destination: number) => number;
  readonly #map: ((pixel: number) => number) | undefined;
  readonly #rule: number;
  readonly #x: ReturnType<typeof clip>;
  readonly #y: ReturnType<typeof clip>;

  private constructor(parts: {
    destination: Form;
    source: Form | undefined;
    halftone: Form | undefined;
    rule: number;
    alpha: number;
    map: ((pixel: number) => number) | undefined;
    x: ReturnType<typeof clip>;
    y: ReturnType<typeof clip>;
  }) {
    const combine = RULES[parts.rule]!;
    const { depth } = parts.destination;
    this.#destination = parts.destination;
    this.#source = parts.source;
    this.#halftone = parts.halftone;
    this.#rule = parts.rule;
    this.#combine = (source, destination) => combine(source, destination, depth, parts.alpha);
    this.#map = parts.map;
    this.#x = parts.x;
    this.#y = parts.y;
  }

  static read(memory: ObjectMemory, bitBlt: Oop, alpha: number, at?: { x: number; y: number }): Blit | undefined {
    if (memory.slotCountOf(bitBlt) <= Slot.CLIP_HEIGHT) return undefined;
    const slot = (index: number): Oop => memory.fetchPointer(bitBlt, index);
    // Coordinates that nobody set count as 0, sizes as the largest.
    const number = (index: number, otherwise: number): number | undefined =>
      slot(index) === memory.nil ? otherwise : wholeNumber(memory, slot(index));
    const rule = number(Slot.RULE, REPLACE);
    if (rule === undefined || RULES[rule] === undefined) return undefined;
    if (CONSTANT_ALPHA.has(rule) && (alpha < 0 || alpha > OPAQUE)) return undefined;
    const destination = Form.read(memory, slot(Slot.DESTINATION));
    if (destination === undefined) return undefined;
    const hasSource = !SOURCELESS.has(rule) && slot(Slot.SOURCE) !== memory.nil;
    const source = hasSource ? Form.read(memory, slot(Slot.SOURCE)) : undefined;
    const halftone = slot(Slot.HALFTONE) === memory.nil ? undefined : Form.read(memory, slot(Slot.HALFTONE));
    if (hasSource && source === undefined) return undefined;
    if (slot(Slot.HALFTONE) !== memory.nil && (halftone === undefined || halftone.height === 0)) return undefined;
    const colorMap = memory.slotCountOf(bitBlt) > Slot.COLOR_MAP ? slot(Slot.COLOR_MAP) : memory.nil;
    const map = source === undefined ? undefined : pixelMap(memory, colorMap, source.depth, destination.depth);
    if (map === 'bad') return undefined;
    const all = [
      at?.x ?? number(Slot.DESTINATION_X, 0),
      at?.y ?? number(Slot.DESTINATION_Y, 0),
      number(Slot.WIDTH, destination.width),
      number(Slot.HEIGHT, destination.height),
      number(Slot.SOURCE_X, 0),
      number(Slot.SOURCE_Y, 0),
      number(Slot.CLIP_X, 0),
      number(Slot.CLIP_Y, 0),
      number(Slot.CLIP_WIDTH, destination.width),
      number(Slot.CLIP_HEIGHT, destination.height),
    ];
    if (all.some((value) => value === undefined)) return undefined;
    const [dx, dy, width, height, sx, sy, clipX, clipY, clipWidth, clipHeight] = all as number[];
    const left = Math.max(0, clipX!);
    const top = Math.max(0, clipY!);
    const right = Math.min(destination.width, clipX! + clipWidth!);
    const bottom = Math.min(destination.height, clipY! + clipHeight!);
    const x = clip(source === undefined ? 0 : sx!, dx!, width!, left, right - left, source?.width ?? width!);
    const y = clip(source === undefined ? 0 : sy!, dy!, height!, top, bottom - top, source?.height ?? height!);
    return new Blit({ destination, source, halftone, rule, alpha, map, x, y });
  }

  run(): void {
    if (this.#x.size <= 0 || this.#y.size <= 0) return;
    if (this.#source === undefined) this.#paint();
    else this.#copy(this.#source);
  }

  /** No source: the halftone is it, or all ones. */
  #paint(): void {
    const destination = this.#destination;
    const { depth, mask } = destination;
    for (let row = 0; row < this.#y.size; row++) {
      const y = this.#y.destination + row;
      const plain = this.#halftone === undefined ? mask : this.#plainHalftone(y);
      if (this.#rule === REPLACE && plain !== undefined) {
        destination.fillRow(this.#x.destination, y, this.#x.size, plain);
        continue;
      }
      for (let column = 0; column < this.#x.size; column++) {
        const x = this.#x.destination + column;
        const source = plain ?? this.#halftone!.halftonePixel(x, y, depth, mask);
        destination.putPixel(x, y, this.#combine(source, destination.pixelAt(x, y)));
      }
    }
  }

  /** The one pixel of which a row of the halftone is made; undefined where it has several. */
  #plainHalftone(y: number): number | undefined {
    const { depth, mask } = this.#destination;
    const first = this.#halftone!.halftonePixel(0, y, depth, mask);
    for (let x = 1; x < 32 / depth; x++)
      if (this.#halftone!.halftonePixel(x, y, depth, mask) !== first) return undefined;
    return first;
  }

  #copy(source: Form): void {
    const destination = this.#destination;
    const { depth, mask } = destination;
    const isSame = source.oop === destination.oop;
    const upwards = isSame && this.#y.destination > this.#y.source;
    const leftwards = isSame && this.#y.destination === this.#y.source && this.#x.destination > this.#x.source;
    for (let i = 0; i < this.#y.size; i++) {
      const row = upwards ? this.#y.size - 1 - i : i;
      const y = this.#y.destination + row;
      for (let j = 0; j < this.#x.size; j++) {
        const column = leftwards ? this.#x.size - 1 - j : j;
        const x = this.#x.destination + column;
        let pixel = source.pixelAt(this.#x.source + column, this.#y.source + row);
        if (this.#map !== undefined) pixel = this.#map(pixel);
        if (this.#halftone !== undefined) pixel &= this.#halftone.halftonePixel(x, y, depth, mask);
        destination.putPixel(x, y, this.#combine(pixel & mask, destination.pixelAt(x, y)));
      }
    }
  }
}
