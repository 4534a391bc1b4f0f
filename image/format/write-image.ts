/**
 * Writes an object memory as an image file of a chosen format. V3 and other old formats can be read, not written: a memory
 * that came from one is saved as Spur.
 */
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import type { ImageSettings } from './image-settings.ts';
import { writeSpur32 } from './spur32-writer.ts';
import { writeSpur64 } from './spur64-writer.ts';

export const WRITABLE_FORMATS = ['spur32', 'spur64'] as const;
export type WritableFormat = (typeof WRITABLE_FORMATS)[number];

/** The bytes of the file; a collection ran just before. `settings` are those the image was loaded with. */
export function writeImage(memory: ObjectMemory, format: WritableFormat, settings?: ImageSettings): Uint8Array {
  return format === 'spur64' ? writeSpur64(memory, settings) : writeSpur32(memory, settings);
}
