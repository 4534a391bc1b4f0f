/**
 * What an image drew, as a PNG file: the Form that it made its Display. Pixels of 16 and 32 bits are colours; fewer bits are an index into the colours that
 * Squeak gives them.
 */
import { writeFileSync } from 'node:fs';
import { encode } from 'fast-png';
import { Form } from '../primitives/bitblt/form.ts';
import { INDEXED_COLOURS } from '../primitives/bitblt/indexed-colours.ts';
import type { ObjectMemory } from '../vm/memory/object-memory.ts';
import { SpecialObject } from '../vm/memory/well-known.ts';
import { CommandError, ExitCode } from './exit-code.ts';

/** Red, green and blue of 8 bits each. */
function colourOf(pixel: number, depth: number): number {
  if (depth === 32) return pixel & 0xff_ffff;
  if (depth < 16) return INDEXED_COLOURS[pixel]!;
  const widen = (channel: number) => ((channel & 31) << 3) | ((channel & 31) >> 2);
  return (widen(pixel >> 10) << 16) | (widen(pixel >> 5) << 8) | widen(pixel);
}

/** Throws CommandError where the image drew nothing, or the file cannot be written. */
export function writeScreenshot(memory: ObjectMemory, image: string, file: string): void {
  const form = Form.read(memory, memory.specialObject(SpecialObject.DISPLAY));
  if (form === undefined || form.width === 0 || form.height === 0)
    throw new CommandError(`${image} has drawn nothing: it has no Display`, ExitCode.PROGRAM_FAILED);
  const data = new Uint8Array(3 * form.width * form.height);
  let at = 0;
  for (let y = 0; y < form.height; y++)
    for (let x = 0; x < form.width; x++) {
      const colour = colourOf(form.pixelAt(x, y), form.depth);
      data[at++] = colour >> 16;
      data[at++] = (colour >> 8) & 255;
      data[at++] = colour & 255;
    }
  try {
    writeFileSync(file, encode({ width: form.width, height: form.height, data, channels: 3 }));
  } catch (error) {
    throw new CommandError(`the screenshot ${file} cannot be written: ${(error as Error).message}`);
  }
}
