/**
 * An image of another format, made into a Spur 32-bit file. Errors that the reader of that file then finds speak of its
 * offsets; `inOriginal` turns them into those of the file that the user has.
 */
import { HEAP_BASE } from '../../vm/memory/object-memory.ts';
import { ImageFormatError } from './errors.ts';
import { SPUR32_HEADER_BYTES } from './spur32-header.ts';

export interface TranslatedImage {
  /** A Spur 32-bit image file. */
  readonly bytes: Uint8Array;
  /** Where in the original file the object at that address stands; undefined for one that it does not have. */
  originOf(address: number): number | undefined;
}

/** Runs `read` on the translation. */
export function inOriginal<T>(image: TranslatedImage, read: (bytes: Uint8Array) => T): T {
  try {
    return read(image.bytes);
  } catch (error) {
    if (!(error instanceof ImageFormatError)) throw error;
    const { details } = error;
    const offset = image.originOf(HEAP_BASE + details.offset - SPUR32_HEADER_BYTES) ?? details.offset;
    const sentence = error.message.replace(`at offset ${details.offset}`, `at offset ${offset}`);
    throw new ImageFormatError(error.code, sentence, { ...details, offset });
  }
}
