/**
 * Reads an image file of any format that this VM knows into an object memory. Spur 32-bit is the memory's own layout; the
 * others are translated into it, as sweeps over typed arrays.
 */
import type { ObjectMemoryOptions } from '../../vm/memory/object-memory.ts';
import { detectFormat } from './detect-format.ts';
import { unsupportedFormat } from './errors.ts';
import { type LoadedImage, readSpur32 } from './spur32-reader.ts';
import { readSpur64 } from './spur64-reader.ts';
import { readV3 } from './v3-reader.ts';

/** @throws ImageFormatError for any file that is no image, one of an unknown format, or a damaged one */
export function readImage(bytes: Uint8Array, options: ObjectMemoryOptions = {}): LoadedImage {
  const format = detectFormat(bytes);
  switch (format.format) {
    case 'spur32':
      return readSpur32(bytes, options);
    case 'spur64':
      return readSpur64(bytes, format, options);
    case 'v3':
      return readV3(bytes, format, options);
    default:
      throw unsupportedFormat(
        format.headerOffset,
        format.magic,
        format.description,
        'Spur (6521, 7033, 68021 or 68533) or V3 32-bit (6502, 6504 or 6505)',
      );
  }
}
