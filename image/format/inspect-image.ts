/**
 * What an image file is and holds, as data: the facts of `safeffi inspect --json`, counts and bytes by class, and everything
 * that is odd about it. A file that is recognised but cannot be read is described as far as its header goes.
 */

import { type HeapStatistics, heapStatistics } from '../../vm/debug/heap-printer.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { HEAP_BASE, type ObjectMemory } from '../../vm/memory/object-memory.ts';
import { ClassIndex } from '../../vm/memory/well-known.ts';
import { detectFormat } from './detect-format.ts';
import { ImageFormatError } from './errors.ts';
import { readImage } from './read-image.ts';
import type { LoadedImage } from './spur32-reader.ts';
import { startingFrames } from './starting-frames.ts';

export type BytecodeSets = 'sista-v1' | 'v3-closures' | 'v3' | 'mixed' | 'none' | 'unknown';

export interface ImageReport {
  readonly schema: 1;
  readonly format: string;
  readonly magic: number;
  readonly endian: 'little' | 'big';
  readonly bytecodes: BytecodeSets;
  readonly objects: number;
  readonly methods: number;
  readonly classes: number;
  /** Of the file. */
  readonly bytes: number;
  readonly problems: readonly string[];
  readonly byClass: HeapStatistics['byClass'];
  /** Width and height of the image's window when it was saved; null where it says none. */
  readonly window: readonly [width: number, height: number] | null;
  /** What runs when the image is resumed: the frames of its active process, innermost first. */
  readonly start: readonly string[];
}

/** @throws ImageFormatError when the first word is that of no image format */
export function inspectImage(bytes: Uint8Array): ImageReport {
  const format = detectFormat(bytes);
  const facts = {
    schema: 1,
    format: format.format,
    magic: format.magic,
    endian: format.endian,
    bytes: bytes.length,
  } as const;
  let image: LoadedImage;
  try {
    image = readImage(bytes, { maxBytes: heapBytesFor(bytes.length), edenBytes: 0 });
  } catch (error) {
    if (!(error instanceof ImageFormatError)) throw error;
    return {
      ...facts,
      bytecodes: 'unknown',
      objects: 0,
      methods: 0,
      classes: 0,
      problems: [error.message],
      byClass: [],
      window: null,
      start: [],
    };
  }
  const problems = new HeapVerifier(image.memory).verify().map(({ sentence }) => sentence);
  const { objects, methods, classes, byClass, sistaMethods } = heapStatistics(image.memory);
  const { windowSize } = image.settings;
  return {
    ...facts,
    bytecodes: bytecodeSets(image.memory, methods, sistaMethods),
    objects,
    methods,
    classes,
    problems,
    byClass,
    window: windowSize === 0 ? null : [windowSize >>> 16, windowSize & 0xffff],
    start: problems.length === 0 ? startingFrames(image.memory) : [],
  };
}

function bytecodeSets(memory: ObjectMemory, methods: number, sistaMethods: number): BytecodeSets {
  if (methods === 0) return 'none';
  if (sistaMethods === methods) return 'sista-v1';
  if (sistaMethods > 0) return 'mixed';
  return memory.isV3 && memory.classAt(ClassIndex.BLOCK_CLOSURE) === memory.nil ? 'v3' : 'v3-closures';
}

/** Room for the image and for what loading adds to it, which is next to nothing. */
function heapBytesFor(imageBytes: number): number {
  return Math.min(2 ** 31 - 8, HEAP_BASE + imageBytes + (4 << 20)) & ~7;
}
