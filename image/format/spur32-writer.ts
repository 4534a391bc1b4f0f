/**
 * Writes an object memory as a Spur 32-bit image file that OpenSmalltalk's VMs and SqueakJS read: header, one segment, the
 * bridge that ends it. The heap has that layout already, so the objects are copied as they lie; the file's base address
 * is HEAP_BASE, and other VMs relocate.
 *
 * Contract: a collection ran just before, at the same safepoint, so that no garbage is written. The first objects of the
 * heap are those of vm/memory/foundation.ts. Slots above a context's stack pointer are made nil, here and in the file.
 */
import { headerIsSista, methodHeaderOf } from '../../vm/memory/method-access.ts';
import { HEAP_BASE, type ObjectMemory } from '../../vm/memory/object-memory.ts';
import { addressAfter, clearAboveStackPointer, forEachObject, objectStartingAt } from '../../vm/memory/object-walk.ts';
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
  let usesSista = false;
  forEachObject(memory, (oop) => {
    if (memory.classIndexOfObject(oop) === ClassIndex.CONTEXT) clearAboveStackPointer(memory, oop);
    else if (memory.isCompiledMethod(oop)) usesSista ||= headerIsSista(methodHeaderOf(memory, oop));
  });
  const objectBytes = memory.freeStart - HEAP_BASE;
  const dataBytes = objectBytes + BRIDGE_BYTES;
  const bytes = new Uint8Array(SPUR32_HEADER_BYTES + dataBytes);
  writeSpur32Header(bytes, {
    magic: SPUR32_MAGIC + (usesSista ? MULTIPLE_BYTECODE_SETS_BIT : 0),
    dataBytes,
    baseAddress: HEAP_BASE,
    specialObjectsOop: memory.specialObjects,
    lastHash: memory.lastHash,
    settings: { ...settings, flags: settings.flags | ImageFlag.FLOATS_LITTLE_ENDIAN },
    firstSegmentBytes: dataBytes,
  });
  bytes.set(memory.u8.subarray(HEAP_BASE, memory.freeStart), SPUR32_HEADER_BYTES);
  putBridge(bytes, SPUR32_HEADER_BYTES + objectBytes);
  return bytes;
}

function checkFoundation(memory: ObjectMemory): void {
  let address = HEAP_BASE;
  for (const name of ['nil', 'false', 'true', 'freeLists', 'hiddenRoots'] as const) {
    const oop = objectStartingAt(memory, address);
    if (memory[name] !== oop)
      throw new VMBug(
        'foundation-order',
        `${name} lies at ${memory[name]}, an image file needs it at ${oop}: nil, false, true, the free lists and the hidden roots come first`,
      );
    address = addressAfter(memory, oop);
  }
}
