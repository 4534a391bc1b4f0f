/**
 * Reads a Spur 32-bit image file (6521, 7033), either byte order, into an object memory whose layout is the same: the bytes
 * are copied as they are, then one sweep relocates the pointers. No JavaScript object is made for any heap object.
 *
 * Contract: whatever the bytes, the result is a loaded image or an ImageFormatError; every pointer of a loaded image lies
 * within the heap, every object ends within it. What else may be wrong (a pointer into the middle of an object, a
 * class index without class) the heap verifier says.
 *
 * Free chunks stay where they are as such, and the next collection drops them. Forwarders are followed. What the writing
 * VM kept in the last hidden roots (mark stacks, remembered set) is left out.
 */
import {
  CLASS_TABLE_PAGE_ENTRIES,
  CLASS_TABLE_PAGES,
  HIDDEN_ROOTS_SLOTS,
  ObjectMemory,
  type ObjectMemoryOptions,
} from '../../vm/memory/object-memory.ts';
import { addressAfter, objectStartingAt } from '../../vm/memory/object-walk.ts';
import type { Oop } from '../../vm/memory/oop.ts';
import { layCharacterValues } from '../../vm/memory/v3-objects.ts';
import { ClassIndex, SpecialObject } from '../../vm/memory/well-known.ts';
import { detectFormat, type ImageFormat } from './detect-format.ts';
import { ImageFormatError, malformed, unsupportedFormat } from './errors.ts';
import { followForwarders } from './follow-forwarders.ts';
import { fileOffsetOf, newAddressOf, readSegments, type Segment } from './segments.ts';
import { ImageFlag, type ImageSettings, readSpur32Header, type Spur32Header } from './spur32-header.ts';
import { swapWords, sweepLoadedObjects } from './spur32-sweep.ts';

export interface LoadedImage {
  readonly memory: ObjectMemory;
  readonly settings: ImageSettings;
  readonly format: ImageFormat;
}

/** @throws ImageFormatError for any file that is no Spur 32-bit image, or a damaged one */
export function readSpur32(bytes: Uint8Array, options: ObjectMemoryOptions = {}): LoadedImage {
  const format = detectFormat(bytes);
  if (format.format !== 'spur32') throw unsupportedFormat(format.headerOffset, format.magic, format.description);
  const header = readSpur32Header(bytes, format);
  const little = format.endian === 'little';
  const memory = new ObjectMemory(options);
  memory.isV3 = (header.settings.flags & ImageFlag.V3_OBJECTS) !== 0;
  if (memory.isV3) layCharacterValues(memory);
  const segments = readSegments(bytes, header, format.headerOffset + header.headerBytes, 4, little, memory.oldStart);
  copySegments(memory, bytes, segments, header);
  if (!little) swapWords(memory.i32, memory.oldStart >> 2, memory.freeStart >> 2);
  findFoundation(memory, segments);
  const floatsLittle = (header.settings.flags & ImageFlag.FLOATS_LITTLE_ENDIAN) !== 0;
  const forwarders = sweepLoadedObjects(memory, segments, {
    swapBytesBack: !little,
    exchangeFloatWords: !floatsLittle,
  });
  memory.specialObjects = relocatedSpecialObjects(memory, segments, header, format);
  if (forwarders > 0) followForwarders(memory, forwarders);
  openClassTable(memory, segments);
  checkSpecialObjects(memory, segments);
  memory.lastHash = header.lastHash;
  memory.noteLoaded();
  return { memory, settings: header.settings, format };
}

function copySegments(
  memory: ObjectMemory,
  bytes: Uint8Array,
  segments: readonly Segment[],
  header: Spur32Header,
): void {
  const last = segments[segments.length - 1]!;
  const end = last.newStart + last.bytes;
  if (end > memory.heapLimit)
    throw new ImageFormatError(
      'too-large',
      `the image has ${header.dataBytes} bytes of objects, the heap is limited to ${memory.heapLimit - memory.oldStart}`,
      {
        offset: 8,
        found: `${header.dataBytes} bytes`,
        expected: `at most ${memory.heapLimit - memory.oldStart} bytes`,
      },
    );
  memory.growFor(end - memory.freeStart);
  for (const segment of segments)
    memory.u8.set(bytes.subarray(segment.fileOffset, segment.fileOffset + segment.bytes), segment.newStart);
  memory.freeStart = end;
}

/** The first five objects of the file, which no pointer names: nil, false, true, free lists, hidden roots. */
function findFoundation(memory: ObjectMemory, segments: readonly Segment[]): void {
  const found: Oop[] = [];
  const slotCounts = [0, 0, 0, undefined, HIDDEN_ROOTS_SLOTS];
  const names = ['nil', 'false', 'true', 'the free lists', 'the hidden roots'];
  let address = memory.oldStart;
  names.forEach((name, i) => {
    const oop = objectStartingAt(memory, address);
    const offset = fileOffsetOf(segments, address);
    if (address + 16 > memory.freeStart)
      throw malformed('bad-foundation', name, offset, 'beyond the end of the data', 'an object');
    const slotCount = memory.slotCountOf(oop);
    const expected = slotCounts[i];
    if (expected !== undefined && slotCount !== expected)
      throw malformed('bad-foundation', `the slot count of ${name}`, offset, slotCount, String(expected));
    if (slotCount < 0 || slotCount > (memory.freeStart - oop) >> 2)
      throw malformed('bad-foundation', `the slot count of ${name}`, offset, slotCount, 'an object within the data');
    found.push(oop);
    address = addressAfter(memory, oop);
  });
  [memory.nil, memory.false, memory.true, memory.freeListsObject, memory.hiddenRoots] = found as [
    Oop,
    Oop,
    Oop,
    Oop,
    Oop,
  ];
  const firstList = (memory.freeListsObject >> 2) + 2;
  memory.i32.fill(0, firstList, firstList + memory.slotCountOf(memory.freeListsObject));
}

function relocatedSpecialObjects(
  memory: ObjectMemory,
  segments: readonly Segment[],
  header: Spur32Header,
  format: ImageFormat,
): Oop {
  const address = newAddressOf(segments, header.specialObjectsOop);
  if (address === undefined || address % 8 !== 0 || address + 16 > memory.freeStart)
    throw malformed(
      'bad-header',
      'the oop of the special objects',
      format.headerOffset + 16,
      `0x${header.specialObjectsOop.toString(16)}`,
      'an object in the image',
    );
  return address as Oop;
}

function openClassTable(memory: ObjectMemory, segments: readonly Segment[]): void {
  for (let slot = CLASS_TABLE_PAGES; slot < HIDDEN_ROOTS_SLOTS; slot++)
    memory.storePointer(memory.hiddenRoots, slot, memory.nil);
  for (let pageIndex = 0; pageIndex < CLASS_TABLE_PAGES; pageIndex++) {
    const page = memory.fetchPointer(memory.hiddenRoots, pageIndex);
    if (page === memory.nil && pageIndex > 0) continue;
    const isPage =
      (page & 3) === 0 &&
      memory.isPointers(page) &&
      memory.slotCountOf(page) === CLASS_TABLE_PAGE_ENTRIES &&
      page + 8 + 4 * CLASS_TABLE_PAGE_ENTRIES <= memory.freeStart;
    if (!isPage)
      throw malformed(
        'bad-foundation',
        `page ${pageIndex} of the class table`,
        fileOffsetOf(segments, memory.hiddenRoots + 8 + 4 * pageIndex),
        `0x${(page >>> 0).toString(16)}`,
        `an array of ${CLASS_TABLE_PAGE_ENTRIES} slots`,
      );
  }
}

/** The VM reads these by position, so they have to be there; what they hold the verifier checks. */
function checkSpecialObjects(memory: ObjectMemory, segments: readonly Segment[]): void {
  const oop = memory.specialObjects;
  const slotCount = memory.slotCountOf(oop);
  const offset = fileOffsetOf(segments, oop);
  if (!memory.isPointers(oop) || slotCount < SpecialObject.CLASS_FULL_BLOCK_CLOSURE || slotCount > 1000)
    throw malformed('bad-object', 'the size of the special objects', offset, slotCount, 'an array of about 60 slots');
  if (oop + 8 + 4 * slotCount > memory.freeStart)
    throw malformed('bad-object', 'the end of the special objects', offset, oop + 8 + 4 * slotCount, 'within the data');
  for (const [slot, expected] of [memory.nil, memory.false, memory.true].entries()) {
    if (memory.fetchPointer(oop, slot) !== expected)
      throw malformed(
        'bad-object',
        `special object ${slot}`,
        offset + 8 + 4 * slot,
        `0x${(memory.fetchPointer(oop, slot) >>> 0).toString(16)}`,
        ['nil', 'false', 'true'][slot]!,
      );
  }
  if (memory.classIndexOfObject(oop) === ClassIndex.FREE)
    throw malformed('bad-object', 'the special objects', offset, 'a free chunk', 'an array');
}
