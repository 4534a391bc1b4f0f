/**
 * What an image drew, as a PNG file: the Form that it made its Display. Pixels of 16 and 32 bits are colours; fewer bits are an index into the colours that
 * Squeak gives them.
 */
import { writeFileSync } from 'node:fs';
import { encode } from 'fast-png';
import { Form } from '../primitives/bitblt/form.ts';
import type { ObjectMemory } from '../vm/memory/object-memory.ts';
import { SpecialObject } from '../vm/memory/well-known.ts';
import { CommandError, ExitCode } from './exit-code.ts';

type Colour = readonly [red: number, green: number, blue: number];

const grey = (level: number): Colour => [level, level, level];

/** Squeak's first colours: white, black, white again for what shows through, grey, the pure ones, then greys from dark to light. */
const FIRST_COLOURS: readonly Colour[] = [
  grey(255),
  grey(0),
  grey(255),
  grey(128),
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [0, 255, 255],
  [255, 255, 0],
  [255, 0, 255],
  grey(32),
  grey(64),
  grey(96),
  grey(159),
  grey(191),
  grey(223),
];
const FIRST_CUBE_INDEX = 40;
const CUBE_SIDE = 6;

/** The colour of an index of up to 8 bits: 16 first ones, greys, then a cube of 6 levels a channel. */
function indexedColour(index: number): Colour {
  const first = FIRST_COLOURS[index];
  if (first !== undefined) return first;
  if (index < FIRST_CUBE_INDEX) return grey(8 * (index - FIRST_COLOURS.length + 1));
  const cube = index - FIRST_CUBE_INDEX;
  const level = (digit: number) => Math.round((255 * (digit % CUBE_SIDE)) / (CUBE_SIDE - 1));
  return [level(Math.floor(cube / 36)), level(cube), level(Math.floor(cube / 6))];
}

function colourOf(pixel: number, depth: number): Colour {
  if (depth === 32) return [(pixel >> 16) & 255, (pixel >> 8) & 255, pixel & 255];
  if (depth < 16) return indexedColour(pixel);
  const widen = (channel: number) => ((channel & 31) << 3) | ((channel & 31) >> 2);
  return [widen(pixel >> 10), widen(pixel >> 5), widen(pixel)];
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
      data.set(colourOf(form.pixelAt(x, y), form.depth), at);
      at += 3;
    }
  try {
    writeFileSync(file, encode({ width: form.width, height: form.height, data, channels: 3 }));
  } catch (error) {
    throw new CommandError(`the screenshot ${file} cannot be written: ${(error as Error).message}`);
  }
}
