/**
 * Writes an object memory as a Spur 32-bit image file that OpenSmalltalk's VMs and SqueakJS read: header, one segment, the
 * bridge that ends it. Old space has that layout already, so the objects are copied as they lie, their pointers those of
 * a heap that starts at HEAP_BASE; other VMs relocate.
 *
 * Contract: a full collection ran just before, at the same safepoint: new space is empty and no garbage is written. The first objects of the
 * heap are those of vm/memory/foundation.ts. Slots above a context's stack pointer are made nil, here and in the file.
 */
import { FORMAT_MASK, FORMAT_SHIFT, Format } from '../../vm/memory/header.ts';
import { headerIsSista, methodHeaderOf } from '../../vm/memory/method-access.ts';
import { HEAP_BASE, type ObjectMemory } from '../../vm/memory/object-memory.ts';
import { liveSlotsOf } from '../../vm/memory/object-parts.ts';
import {
  addressAfter,
  clearAboveStackPointer,
  forEachOldObject,
  objectStartingAt,
} from '../../vm/memory/object-walk.ts';
import { ClassIndex } from '../../vm/memory/well-known.ts';
import { VMBug } from '../../vm/vm-bug.ts';
import {
  BRIDGE_BYTES,
  DEFAULT_SETTINGS,
  ImageFlag,
  type ImageSettings,
  MULTIPLE_BYTECODE_SETS_BIT,
  SPUR32_HEADER_BYTES,
  SPUR32_MAGIC,
  writeSpur32Header,
} from './spur32-header.ts';
import { putBridge } from './spur32-output.ts';

/** The bytes of the image file. `settings` are those the image was loaded with. */
export function writeSpur32(memory: ObjectMemory, settings: ImageSettings = DEFAULT_SETTINGS): Uint8Array {
  checkFoundation(memory);
  if (memory.youngBytes > 0)
    throw new VMBug(
      'new-space-not-empty',
      `new space has ${memory.youngBytes} bytes of objects: a full collection tenures them before an image is written`,
    );
  let usesSista = false;
  forEachOldObject(memory, (oop) => {
    if (memory.classIndexOfObject(oop) === ClassIndex.CONTEXT) clearAboveStackPointer(memory, oop);
    else if (memory.isCompiledMethod(oop)) usesSista ||= headerIsSista(methodHeaderOf(memory, oop));
  });
  const objectBytes = memory.oldBytes;
  const dataBytes = objectBytes + BRIDGE_BYTES;
  const bytes = new Uint8Array(SPUR32_HEADER_BYTES + dataBytes);
  writeSpur32Header(bytes, {
    magic: SPUR32_MAGIC + (usesSista ? MULTIPLE_BYTECODE_SETS_BIT : 0),
    dataBytes,
    baseAddress: HEAP_BASE,
    specialObjectsOop: HEAP_BASE + memory.specialObjects - memory.oldStart,
    lastHash: memory.lastHash,
    settings: { ...settings, flags: settings.flags | ImageFlag.FLOATS_LITTLE_ENDIAN },
    firstSegmentBytes: dataBytes,
  });
  bytes.set(memory.u8.subarray(memory.oldStart, memory.freeStart), SPUR32_HEADER_BYTES);
  const copy = new Int32Array(bytes.buffer, SPUR32_HEADER_BYTES, objectBytes >> 2);
  relocate(memory, copy);
  rearmMourners(memory, copy);
  putBridge(bytes, SPUR32_HEADER_BYTES + objectBytes);
  return bytes;
}

/** Makes the pointers in a copy of old space those of one that starts at HEAP_BASE: a file does not tell the size of eden. */
function relocate(memory: ObjectMemory, copy: Int32Array): void {
  const shift = HEAP_BASE - memory.oldStart;
  if (shift === 0) return;
  const start = memory.oldStart >> 2;
  forEachOldObject(memory, (oop) => {
    const first = (oop >> 2) + 2 - start;
    // A context's dead slots are nil here.
    const count = memory.isPointers(oop) ? memory.slotCountOf(oop) : liveSlotsOf(memory, oop);
    for (let slot = first; slot < first + count; slot++) if ((copy[slot]! & 3) === 0) copy[slot]! += shift;
  });
}

/** Ephemerons that were fired and not fetched: the queue is not in the file, so there they are as before. */
function rearmMourners(memory: ObjectMemory, copy: Int32Array): void {
  for (const oop of memory.mourners.toArray()) {
    if (memory.instanceFormatOf(memory.classOf(oop)) !== Format.EPHEMERON) continue;
    const word = (oop - memory.oldStart) >> 2;
    copy[word] = (copy[word]! & ~(FORMAT_MASK << FORMAT_SHIFT)) | (Format.EPHEMERON << FORMAT_SHIFT);
  }
}

function checkFoundation(memory: ObjectMemory): void {
  let address = memory.oldStart;
  for (const name of ['nil', 'false', 'true', 'freeListsObject', 'hiddenRoots'] as const) {
    const oop = objectStartingAt(memory, address);
    if (memory[name] !== oop)
      throw new VMBug(
        'foundation-order',
        `${name} lies at ${memory[name]}, an image file needs it at ${oop}: nil, false, true, the free lists and the hidden roots come first`,
      );
    address = addressAfter(memory, oop);
  }
}
