/**
 * Reads an image file of any format that this VM knows into an object memory. Spur 32-bit is the memory's own layout; the
 * others are translated into it first, as sweeps over typed arrays.
 */
import type { ObjectMemoryOptions } from '../../vm/memory/object-memory.ts';
import { detectFormat } from './detect-format.ts';
import { unsupportedFormat } from './errors.ts';
import { type LoadedImage, readSpur32 } from './spur32-reader.ts';
import { translateSpur64 } from './spur64-reader.ts';
import { inOriginal } from './translated-image.ts';
import { translateV3 } from './v3-reader.ts';

/** @throws ImageFormatError for any file that is no image, one of an unknown format, or a damaged one */
export function readImage(bytes: Uint8Array, options: ObjectMemoryOptions = {}): LoadedImage {
  const format = detectFormat(bytes);
  switch (format.format) {
    case 'spur32':
      return readSpur32(bytes, options);
    case 'spur64':
      return { ...inOriginal(translateSpur64(bytes, format), (narrow) => readSpur32(narrow, options)), format };
    case 'v3':
      return { ...inOriginal(translateV3(bytes, format), (spur) => readSpur32(spur, options)), format };
    default:
      throw unsupportedFormat(format.headerOffset, format.magic, format.description);
  }
}
