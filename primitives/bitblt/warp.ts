/**
 * WarpBlt: the source is a quadrilateral, walked along as the destination's rectangle is filled: rotation, scaling and shearing. Coordinates are fixed
 * point with 14 bits behind it. With smoothing each pixel is the mean of n * n points of the source; points outside it are 0.
 * Source: `warpLoop` and `warpPickSmoothPixels` in BitBltSimulation, with its way of rounding.
 */
import type { BitBltObject, Clipped } from './bitblt-object.ts';
import { widen16 } from './channels.ts';
import type { ColourMap } from './colour-map.ts';
import { Rule, type RuleArguments, wordRule } from './combination-rules.ts';
import { DestinationRow } from './destination-row.ts';
import type { Form, WordTable } from './form.ts';

const BINARY_POINT = 14;
const ONE = 1 << BINARY_POINT;
/** Four corners of x, y and a third number that is not used. */
export const WARP_SLOTS = 12;
export const MOST_SMOOTHING = 32;

export interface Smoothing {
  /** Points on a side of those whose mean is a pixel; 1 for none. */
  readonly points: number;
  /** The colours of 32 bits of a source below 16 bits, by pixel. */
  readonly colours: WordTable | undefined;
}

/** One coordinate along a side of the quadrilateral. */
interface Side {
  at: number;
  readonly step: number;
}

/** The step that comes from `from` to `to` in `steps`, and where to start so that the walk ends right. */
function sideFrom(from: number, to: number, steps: number): Side {
  const step = stepOf(from, to, steps);
  return { at: step < 0 ? to - steps * step : from, step };
}

function stepOf(from: number, to: number, steps: number): number {
  if (from === to) return 0;
  const step = Math.floor((Math.abs(to - from) + ONE) / (steps + 1)) + 1;
  return to > from ? step : -step;
}

/** Does what the WarpBlt object says; false, with nothing changed, for one that makes no sense. */
export function warpBits(blit: BitBltObject, smoothing: Smoothing, given: RuleArguments): boolean {
  const { source } = blit;
  if (!blit.isWarp(WARP_SLOTS)) return false;
  const corners = Array.from({ length: WARP_SLOTS }, (_, i) => (i % 3 === 2 ? 0 : blit.warpNumber(i)));
  if (corners.some((corner) => corner === undefined)) return false;
  const place = blit.clipped(true);
  if (source === undefined || place.width <= 0 || place.height <= 0) return true;
  new Warp(blit, source, corners as number[], smoothing, given).run(place);
  return true;
}

class Warp {
  private readonly blit: BitBltObject;
  private readonly source: Form;
  private readonly smoothing: Smoothing;
  private readonly given: RuleArguments;
  private readonly map: ColourMap;
  /** Left and right side of the quadrilateral: the first to the second corner, the fourth to the third. */
  private readonly left: { x: Side; y: Side };
  private readonly right: { x: Side; y: Side };

  constructor(
    blit: BitBltObject,
    source: Form,
    corners: readonly number[],
    smoothing: Smoothing,
    given: RuleArguments,
  ) {
    this.blit = blit;
    this.source = source;
    this.smoothing = smoothing;
    this.given = given;
    this.map = smoothing.points > 1 ? blit.map.forColours(blit.destination.depth) : blit.map;
    const steps = Math.max(1, blit.height - 1);
    const [x1, y1, , x2, y2, , x3, y3, , x4, y4] = corners as [number, number, ...number[]];
    this.left = { x: sideFrom(x1, x2!, steps), y: sideFrom(y1, y2!, steps) };
    this.right = { x: sideFrom(x4!, x3!, steps), y: sideFrom(y4!, y3!, steps) };
  }

  run(place: Clipped): void {
    const { blit, left, right } = this;
    const { destination } = blit;
    const row = new DestinationRow(destination, place.x, place.width);
    const combine = wordRule(blit.rule, destination.depth, this.given);
    const words = new Int32Array(destination.pitch + 1);
    const sides = [left.x, left.y, right.x, right.y];
    for (const side of sides) side.at += Math.max(0, blit.clipY - blit.y) * side.step;
    for (let i = 0; i < place.height; i++) {
      const y = place.y + i;
      this.readRow(place, words);
      const halftone = blit.halftoneWord(y);
      if (halftone !== -1) for (let word = 0; word < row.count; word++) words[word] = words[word]! & halftone;
      if (blit.rule === Rule.STORE) row.store(y, words);
      else row.combine(y, words, combine);
      for (const side of sides) side.at += side.step;
    }
  }

  /** A row of pixels from the left side to the right one. */
  private readRow(place: Clipped, words: Int32Array): void {
    const { blit, left, right, smoothing } = this;
    const { destination } = blit;
    const steps = Math.max(1, blit.width - 1);
    const x = sideFrom(left.x.at, right.x.at, steps);
    const y = sideFrom(left.y.at, right.y.at, steps);
    const skipped = Math.max(0, blit.clipX - blit.x);
    let [atX, atY] = [x.at + skipped * x.step, y.at + skipped * y.step];
    const firstWord = (place.x * destination.depth) >> 5;
    words.fill(0);
    for (let i = 0; i < place.width; i++) {
      const pixel = smoothing.points === 1 ? this.map.map(this.pick(atX, atY)) : this.smooth(atX, atY, x.step, y.step);
      const bit = (place.x + i) * destination.depth;
      const word = (bit >> 5) - firstWord;
      words[word] = words[word]! | ((pixel & destination.mask) << destination.shiftOf(bit));
      atX += x.step;
      atY += y.step;
    }
  }

  private pick(x: number, y: number): number {
    const { source } = this;
    if (x < 0 || y < 0) return 0;
    const [column, line] = [Math.floor(x / ONE), Math.floor(y / ONE)];
    return column >= source.width || line >= source.height ? 0 : source.pixelAt(column, line);
  }

  /** The mean of points around, mapped. When painting, transparent ones do not count, and most must not be. */
  private smooth(x: number, y: number, alongX: number, alongY: number): number {
    const { points } = this.smoothing;
    const paints = this.blit.rule === Rule.PAINT;
    const [rowX, rowY] = [Math.floor(alongX / points), Math.floor(alongY / points)];
    const downX = Math.floor(this.left.x.step / points);
    const downY = Math.floor(this.left.y.step / points);
    let [alpha, red, green, blue, count] = [0, 0, 0, 0, 0];
    for (let line = 0; line < points; line++)
      for (let column = 0; column < points; column++) {
        const raw = this.pick(x + line * downX + column * rowX, y + line * downY + column * rowY);
        if (paints && raw === 0) continue;
        count++;
        const colour = this.colourOf(raw);
        alpha += colour >>> 24;
        red += (colour >>> 16) & 255;
        green += (colour >>> 8) & 255;
        blue += colour & 255;
      }
    if (count === 0 || (paints && count < (points * points) >> 1)) return 0;
    const mean = (sum: number): number => Math.floor(sum / count);
    const colour = (mean(alpha) << 24) | (mean(red) << 16) | (mean(green) << 8) | mean(blue);
    return this.map.map(colour === 0 && mean(alpha) + mean(red) + mean(green) + mean(blue) > 0 ? 1 : colour);
  }

  private colourOf(pixel: number): number {
    const { colours } = this.smoothing;
    if (this.source.depth === 32) return pixel;
    if (this.source.depth === 16) return widen16(pixel);
    return this.source.words[colours!.first + pixel]!;
  }
}
