/**
 * Reads a Spur 32-bit image file (6521, 7033), either byte order, into an object memory whose layout is the same: the bytes
 * are copied as they are, then two sweeps check sizes and relocate the pointers. No JavaScript object is made for any heap object.
 *
 * Contract: whatever the bytes, the result is a loaded image or an ImageFormatError; every pointer of a loaded image lies
 * within the heap, every object ends within it. What else may be wrong (a pointer into the middle of an object, a
 * class index without class) the heap verifier says.
 *
 * Free chunks stay where they are as such, and the next collection drops them. Forwarders are followed.
 */
import { ObjectMemory, type ObjectMemoryOptions } from '../../vm/memory/object-memory.ts';
import { layCharacterValues } from '../../vm/memory/v3-objects.ts';
import { detectFormat, type ImageFormat } from './detect-format.ts';
import { malformed, unsupportedFormat } from './errors.ts';
import { findFoundation, finishLoading, reserveObjects } from './finish-loading.ts';
import { ImageFlag, type ImageSettings } from './image-settings.ts';
import { LoadedAddresses } from './loaded-addresses.ts';
import { readSegments } from './segments.ts';
import { readSpurHeader } from './spur-header.ts';
import { checkSizes, swapWords, sweepLoadedObjects } from './spur32-sweep.ts';

export interface LoadedImage {
  readonly memory: ObjectMemory;
  readonly settings: ImageSettings;
  readonly format: ImageFormat;
}

/** @throws ImageFormatError for any file that is no Spur 32-bit image, or a damaged one */
export function readSpur32(bytes: Uint8Array, options: ObjectMemoryOptions = {}): LoadedImage {
  const format = detectFormat(bytes);
  if (format.format !== 'spur32')
    throw unsupportedFormat(format.headerOffset, format.magic, format.description, 'Spur 32-bit (6521 or 7033)');
  const header = readSpurHeader(bytes, format, 4);
  const little = format.endian === 'little';
  const memory = new ObjectMemory(options);
  memory.isV3 = (header.settings.flags & ImageFlag.V3_OBJECTS) !== 0;
  const segments = readSegments(bytes, header, format.headerOffset + header.headerBytes, 4, little, memory.oldStart);
  const last = segments[segments.length - 1]!;
  reserveObjects(memory, last.newStart + last.bytes - memory.oldStart);
  if (memory.isV3) layCharacterValues(memory);
  for (const { fileOffset, bytes: length, newStart } of segments)
    memory.u8.set(bytes.subarray(fileOffset, fileOffset + length), newStart);
  if (!little) swapWords(memory.i32, memory.oldStart >> 2, memory.freeStart >> 2);
  const addresses = LoadedAddresses.withRoomyContexts(memory, segments, checkSizes(memory, segments));
  const offsetOf = (address: number) => addresses.offsetOf(address);
  findFoundation(memory, offsetOf);
  const forwarders = sweepLoadedObjects(memory, addresses, {
    swapBytesBack: !little,
    exchangeFloatWords: (header.settings.flags & ImageFlag.FLOATS_LITTLE_ENDIAN) === 0,
  });
  const specialObjects = addresses.newAddressOf(header.specialObjectsOop);
  if (specialObjects < 0 || specialObjects % 8 !== 0 || specialObjects + 16 > memory.freeStart)
    throw malformed(
      'bad-header',
      'the oop of the special objects',
      format.headerOffset + 16,
      `0x${header.specialObjectsOop.toString(16)}`,
      'an object in the image',
    );
  finishLoading(memory, offsetOf, specialObjects, header.lastHash, forwarders);
  return { memory, settings: header.settings, format };
}
