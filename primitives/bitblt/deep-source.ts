/**
 * Rules 34 and 41 from a source of 32 bits onto another form: here alpha counts in full, and fewer bits are dithered by where a pixel stands. Opaque pixels
 * are stored, those with no alpha leave what is there. Onto 8 bits a pixel takes part or does not, by turns like a chessboard;
 * what comes of it goes through the colour map. Source: `alphaSourceBlendBits32` and its kin in BitBltSimulation.
 */
import { blendScaled32, dither16, widen16 } from './channels.ts';
import type { ColourMap } from './colour-map.ts';
import { componentAlpha32, Rule, type RuleArguments } from './combination-rules.ts';
import type { Form } from './form.ts';
import { indexedPixel32 } from './indexed-colours.ts';

export interface Place {
  readonly fromX: number;
  readonly fromY: number;
  readonly toX: number;
  readonly toY: number;
  readonly width: number;
}

/** True where a blit is of the kind that `blendDeepRow` does. */
export function isDeepBlend(rule: number, source: Form, destination: Form, map: ColourMap): boolean {
  if ((rule !== Rule.BLEND_SCALED && rule !== Rule.COMPONENT_ALPHA) || source.depth !== 32) return false;
  if (source.oop === destination.oop || destination.depth < 8) return false;
  return destination.depth !== 8 || rule === Rule.COMPONENT_ALPHA || !map.isIdentity;
}

export function blendDeepRow(
  rule: number,
  source: Form,
  destination: Form,
  map: ColourMap,
  place: Place,
  given: RuleArguments,
): void {
  if (destination.depth === 32) onto32(rule, source, destination, place, given);
  else if (destination.depth === 16) onto16(rule, source, destination, place, given);
  else onto8(rule, source, destination, map, place, given);
}

const COLOURS = 0x00ff_ffff;

function onto32(rule: number, source: Form, destination: Form, place: Place, given: RuleArguments): void {
  const { words } = destination;
  const from = source.first + place.fromY * source.pitch + place.fromX;
  const to = destination.first + place.toY * destination.pitch + place.toX;
  const isText = rule === Rule.COMPONENT_ALPHA;
  for (let i = 0; i < place.width; i++) {
    const pixel = words[from + i]!;
    if (isText) {
      if ((pixel & COLOURS) !== 0) words[to + i] = componentAlpha32(pixel, words[to + i]!, given);
      continue;
    }
    const alpha = pixel >>> 24;
    if (alpha === 255) words[to + i] = pixel;
    else if (alpha !== 0) words[to + i] = blendScaled32(pixel, words[to + i]!);
  }
}

function putPixel(form: Form, x: number, y: number, pixel: number): void {
  const bit = x * form.depth;
  const at = form.first + y * form.pitch + (bit >> 5);
  const shift = form.shiftOf(bit);
  form.words[at] = (form.words[at]! & ~(form.mask << shift)) | ((pixel & form.mask) << shift);
}

function onto16(rule: number, source: Form, destination: Form, place: Place, given: RuleArguments): void {
  for (let i = 0; i < place.width; i++) {
    const pixel = source.pixelAt(place.fromX + i, place.fromY);
    const alpha = rule === Rule.COMPONENT_ALPHA ? pixel & COLOURS : pixel >>> 24;
    if (alpha === 0) continue;
    const x = place.toX + i;
    const under = (): number => widen16(destination.pixelAt(x, place.toY)) | 0xff00_0000;
    let colour = pixel;
    if (rule === Rule.COMPONENT_ALPHA) colour = componentAlpha32(pixel, under(), given);
    else if (alpha !== 255) colour = blendScaled32(pixel, under());
    putPixel(destination, x, place.toY, dither16(colour, place.fromX + i, place.toY));
  }
}

const ADJUSTMENT = 0x1f1f_1f1f;
const TRANSPARENT_BELOW = 32;
const OPAQUE_FROM = 224;

function onto8(
  rule: number,
  source: Form,
  destination: Form,
  map: ColourMap,
  place: Place,
  given: RuleArguments,
): void {
  for (let i = 0; i < place.width; i++) {
    const x = place.toX + i;
    const adjustment = ((x ^ place.toY) & 1) === 0 ? 0 : ADJUSTMENT;
    let pixel = (source.pixelAt(place.fromX + i, place.fromY) & ~adjustment) + adjustment;
    const isText = rule === Rule.COMPONENT_ALPHA;
    const alpha = isText
      ? Math.floor((((pixel >>> 16) & 255) + ((pixel >>> 8) & 255) + (pixel & 255)) / 3)
      : pixel >>> 24;
    if (alpha < TRANSPARENT_BELOW) continue;
    const under = indexedPixel32(destination.pixelAt(x, place.toY));
    if (isText) pixel = componentAlpha32(alpha > OPAQUE_FROM ? -1 : pixel, under, given);
    else if (alpha < OPAQUE_FROM) pixel = blendScaled32(pixel, under);
    putPixel(destination, x, place.toY, map.map(pixel | 0));
  }
}
