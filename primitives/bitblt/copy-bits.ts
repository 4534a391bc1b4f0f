/**
 * BitBlt's one operation: a rectangle of the source, mapped, masked by the halftone and combined with the destination by a rule, row by row and a word at a
 * time. Without a source the halftone is it, or all ones.
 *
 * Source and destination may be the same form: a row is read as a whole before it is written, and rows go upwards where the
 * copy goes down, so that nothing is read after it was written.
 */
import type { BitBltObject, Clipped } from './bitblt-object.ts';
import { Rule, type RuleArguments, SOURCELESS, wordRule } from './combination-rules.ts';
import { countDifferences, tally } from './counting.ts';
import { blendDeepRow, isDeepBlend } from './deep-source.ts';
import { DestinationRow } from './destination-row.ts';
import type { Form } from './form.ts';
import { SourceRow } from './source-row.ts';

export const PLAIN: RuleArguments = { alpha: 255, colour: 0xff_ffff };

export const isCount = (rule: number): boolean =>
  rule === Rule.COUNT_DIFFERENCES || rule === Rule.COUNT_DIFFERENCES_OLD;
const isTally = (rule: number): boolean => rule === Rule.TALLY || rule === Rule.TALLY_OLD;

/** Does what the BitBlt object says; answers what a counting rule counted, else 0. */
export function copyBits(blit: BitBltObject, given: RuleArguments = PLAIN): number {
  const place = blit.clipped();
  if (place.width <= 0 || place.height <= 0) return 0;
  const row = new DestinationRow(blit.destination, place.x, place.width);
  if (isTally(blit.rule)) tallyRows(blit, place);
  else if (isCount(blit.rule)) return count(blit, place, row);
  else if (blit.source === undefined) paint(blit, place, row, given);
  else copy(blit, blit.source, place, row, given);
  return 0;
}

/** No source. */
function paint(blit: BitBltObject, place: Clipped, row: DestinationRow, given: RuleArguments): void {
  const rule = wordRule(blit.rule, blit.destination.depth, given);
  const isPlain = SOURCELESS.has(blit.rule);
  for (let y = place.y; y < place.y + place.height; y++) {
    const word = isPlain ? -1 : blit.halftoneWord(y);
    if (blit.rule === Rule.STORE) row.fill(y, word);
    else row.combineWord(y, word, rule);
  }
}

/** The order of the rows, as offsets from the first, in which nothing is read after it was written. */
function isUpwards(source: Form, destination: Form, place: Clipped): boolean {
  const shareBits = source.oop === destination.oop || source.bits === destination.bits;
  return shareBits && place.y > place.sourceY;
}

function copy(blit: BitBltObject, source: Form, place: Clipped, row: DestinationRow, given: RuleArguments): void {
  const { destination, map, rule } = blit;
  const isDeep = isDeepBlend(rule, source, destination, map);
  const combine = wordRule(rule, destination.depth, given);
  const from = new SourceRow(source, destination, map);
  const upwards = isUpwards(source, destination, place);
  for (let i = 0; i < place.height; i++) {
    const offset = upwards ? place.height - 1 - i : i;
    const y = place.y + offset;
    const fromY = place.sourceY + offset;
    if (isDeep) {
      const line = { fromX: place.sourceX, fromY, toX: place.x, toY: y, width: place.width };
      blendDeepRow(rule, source, destination, map, line, given);
      continue;
    }
    from.read(place.sourceX, fromY, place.x, place.width);
    if (blit.halftone !== undefined) maskBy(blit.halftoneWord(y), from.words, row.count);
    if (rule === Rule.STORE) row.store(y, from.words);
    else row.combine(y, from.words, combine);
  }
}

function maskBy(halftone: number, words: Int32Array, count: number): void {
  if (halftone !== -1) for (let i = 0; i < count; i++) words[i] = words[i]! & halftone;
}

function count(blit: BitBltObject, place: Clipped, row: DestinationRow): number {
  const { destination, source } = blit;
  const from = source === undefined ? undefined : new SourceRow(source, destination, blit.map);
  const words = from?.words ?? new Int32Array(row.count);
  let sum = 0;
  for (let i = 0; i < place.height; i++) {
    const y = place.y + i;
    if (from === undefined) words.fill(-1);
    else from.read(place.sourceX, place.sourceY + i, place.x, place.width);
    maskBy(blit.halftoneWord(y), words, row.count);
    sum += countDifferences(destination, row, y, words);
  }
  return sum;
}

function tallyRows(blit: BitBltObject, place: Clipped): void {
  for (let y = place.y; y < place.y + place.height; y++) tally(blit.destination, y, place.x, place.width, blit.map);
}
