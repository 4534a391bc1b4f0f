/**
 * The rules that change no pixel: 22 and 32 count how much source and destination differ, 23 and 33 count the destination's colours in the colour
 * map's table. The old numbers are counted as exactly as the new; on Squeak's VMs they count some pixels beside the rectangle too.
 */
import { byChannel } from './channels.ts';
import type { ColourMap } from './colour-map.ts';
import type { DestinationRow } from './destination-row.ts';
import type { Form } from './form.ts';

/** Differing pixels; with colours, the sum of how far red, green and blue are apart. Source words outside the rectangle count for nothing. */
export function countDifferences(form: Form, row: DestinationRow, y: number, source: Int32Array): number {
  const start = row.start(y);
  let count = 0;
  for (let i = 0; i < row.count; i++) {
    const mask = row.maskOf(i);
    count += difference(source[i]! & mask, form.words[start + i]! & mask, form.depth);
  }
  return count;
}

function difference(source: number, destination: number, depth: number): number {
  if (source === destination) return 0;
  const apart = depth < 16 ? source ^ destination : byChannel(source, destination, depth, (s, d) => Math.abs(s - d));
  const [bits, fields] = depth === 32 ? [8, [0, 8, 16]] : depth === 16 ? [5, [0, 5, 10, 16, 21, 26]] : [depth, []];
  const mask = (1 << bits) - 1;
  let sum = 0;
  if (depth >= 16) for (const shift of fields) sum += (apart >>> shift) & mask;
  else for (let shift = 0; shift < 32; shift += depth) if (((apart >>> shift) & mask) !== 0) sum++;
  return sum;
}

/** Adds one to the table's entry of each pixel from `x` on. */
export function tally(form: Form, y: number, x: number, width: number, map: ColourMap): void {
  for (let i = 0; i < width; i++) map.tally(form.pixelAt(x + i, y), form.depth);
}
