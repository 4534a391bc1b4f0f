/**
 * Damages image files at random, from a seed, and looks at what becomes of them: refused with a sentence that has an offset, what was found and what was
 * expected; or loaded into a heap whose faults the verifier names; or, without such a fault, one that can be collected, written in
 * both formats and read again. For the fixed runs among the tests and for `npm run fuzz:image`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { ImageFormatError } from '../../image/format/errors.ts';
import { readImage } from '../../image/format/read-image.ts';
import { writeImage } from '../../image/format/write-image.ts';
import { heapStatistics } from '../../vm/debug/heap-printer.ts';
import { Collector } from '../../vm/memory/collector.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { imagePath } from '../images-path.ts';
import { boxed, type SpurLayout, spurFile } from './foreign-spur.ts';
import { foreignWorld } from './foreign-world.ts';

const OPTIONS = { maxBytes: 64 << 20, edenBytes: 0 };

export interface Subject {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const LAYOUTS: readonly (readonly [string, SpurLayout])[] = [
  ['spur32', { wordBytes: 4, endian: 'little', base: 4096, segmentCount: 1, gapBytes: 0, headerBytes: 64 }],
  ['spur32-big', { wordBytes: 4, endian: 'big', base: 0x80001000, segmentCount: 3, gapBytes: 64, headerBytes: 64 }],
  ['spur64', { wordBytes: 8, endian: 'little', base: 0x10000, segmentCount: 1, gapBytes: 0, headerBytes: 128 }],
  [
    'spur64-segments',
    { wordBytes: 8, endian: 'little', base: 0x7f0000000000, segmentCount: 3, gapBytes: 4096, headerBytes: 128 },
  ],
  ['spur64-big', { wordBytes: 8, endian: 'big', base: 0x10000, segmentCount: 2, gapBytes: 0, headerBytes: 128 }],
];

/** V3 is there only where images of other VMs are. */
const REAL: readonly (readonly [string, string])[] = [
  ['v3', 'rsq-bootstrapped.image'],
  ['v3-big', 'sqjs-demo-squeakjs.image'],
];

/** A file of each format. `names`: only those. */
export function subjects(names: readonly string[] = []): Subject[] {
  const isWanted = (name: string) => names.length === 0 || names.includes(name);
  const made = LAYOUTS.filter(([name]) => isWanted(name)).map(([name, layout]) => ({
    name,
    bytes: spurFile(boxed(foreignWorld(30, 300), layout.wordBytes), layout),
  }));
  const real = REAL.flatMap(([name, file]) => {
    const path = imagePath(file);
    return isWanted(name) && existsSync(path) ? [{ name, bytes: new Uint8Array(readFileSync(path)) }] : [];
  });
  return [...made, ...real];
}

export const subjectNames: readonly string[] = [...LAYOUTS, ...REAL].map(([name]) => name);

/** Numbers from a seed: mulberry32. Answers integers from 0 to below `limit`. */
export function numbersFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

const INTERESTING = [0, 1, -1, 2, 0x7fffffff, -0x80000000, 0xff000000 | 0, 0x00ffffff, 8, 16, 0x7ffffff8, 4096];

/** A copy with some bits flipped, words overwritten or exchanged, or cut: more often near its start, where headers and tables are. */
export function damaged(bytes: Uint8Array, random: (limit: number) => number): Uint8Array {
  if (random(20) === 0) return bytes.slice(0, random(bytes.length));
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const place = (): number => {
    const near = [128, 512, 40_000, copy.length][random(4)]!;
    return random(Math.min(near, copy.length));
  };
  for (let count = 1 + random(4); count > 0; count--) {
    const at = place();
    const word = Math.min(at & ~3, copy.length - 4);
    switch (random(4)) {
      case 0:
      case 1:
        copy[at]! ^= 1 << random(8);
        break;
      case 2:
        view.setInt32(word, INTERESTING[random(INTERESTING.length)]!, random(2) === 0);
        break;
      default:
        view.setInt32(word, view.getInt32(Math.min(place() & ~3, copy.length - 4)));
    }
  }
  return copy;
}

/** What is wrong with how the file was dealt with; undefined when nothing is. */
export function complaintAbout(bytes: Uint8Array): string | undefined {
  let image: ReturnType<typeof readImage>;
  try {
    image = readImage(bytes, OPTIONS);
  } catch (error) {
    if (!(error instanceof ImageFormatError)) return `reading: ${error instanceof Error ? error.stack : error}`;
    const { offset, found, expected } = error.details;
    const isGood = Number.isInteger(offset) && offset >= 0 && offset <= bytes.length && found !== '' && expected !== '';
    return isGood ? undefined : `no good sentence: ${error.message} ${JSON.stringify(error.details)}`;
  }
  const { memory, settings } = image;
  try {
    const problems = new HeapVerifier(memory).verify();
    if (problems.length > 0) return problems.every(({ sentence }) => sentence !== '') ? undefined : 'an empty sentence';
    heapStatistics(memory);
    new Collector(memory).collect();
    for (const format of ['spur32', 'spur64'] as const) {
      const again = readImage(writeImage(memory, format, settings), OPTIONS);
      const [problem] = new HeapVerifier(again.memory).verify();
      if (problem !== undefined) return `written as ${format} and read again: ${problem.sentence}`;
    }
    return undefined;
  } catch (error) {
    return `after loading: ${error instanceof Error ? error.stack : error}`;
  }
}
