/**
 * Writes an object memory as a Spur 32-bit image file that OpenSmalltalk's VMs and SqueakJS read: header, one segment, the
 * bridge that ends it. Old space has that layout already, so the objects are copied as they lie, their pointers those of
 * a heap that starts at HEAP_BASE; other VMs relocate.
 *
 * A context of ours has a few slots more than other VMs give to theirs (vm/memory/contexts.ts): in the file it ends where theirs
 * do, and a free chunk follows. Slots above a context's stack pointer are nil.
 *
 * Contract: a full collection ran just before, at the same safepoint: new space is empty and no garbage is written. The first objects of the
 * heap are those of vm/memory/foundation.ts. The memory is left as it is.
 */
import { CONTEXT_SLACK, isRoomyContext } from '../../vm/memory/contexts.ts';
import {
  CLASS_INDEX_MASK,
  FORMAT_MASK,
  FORMAT_SHIFT,
  Format,
  LAST_POINTER_FORMAT,
  OVERFLOW_SLOTS,
  SLOT_COUNT_SHIFT,
} from '../../vm/memory/header.ts';
import { headerIsSista, headerLiteralCount } from '../../vm/memory/method-access.ts';
import { HEAP_BASE, type ObjectMemory } from '../../vm/memory/object-memory.ts';
import { liveContextSlots } from '../../vm/memory/object-parts.ts';
import { addressAfter, objectStartingAt } from '../../vm/memory/object-walk.ts';
import { ClassIndex, ContextSlot } from '../../vm/memory/well-known.ts';
import { VMBug } from '../../vm/vm-bug.ts';
import { DEFAULT_SETTINGS, ImageFlag, type ImageSettings } from './image-settings.ts';
import { BRIDGE_BYTES, headerBytesOf, writeSpurHeader } from './spur-header.ts';
import { putBridge, putHeader } from './spur-layout.ts';

const FREE_CHUNK = (Format.BITS_32 << FORMAT_SHIFT) | ClassIndex.FREE;

/** The bytes of the image file. `settings` are those the image was loaded with. */
export function writeSpur32(memory: ObjectMemory, settings: ImageSettings = DEFAULT_SETTINGS): Uint8Array {
  checkWritable(memory);
  const headerBytes = headerBytesOf(4);
  const objectBytes = memory.oldBytes;
  const dataBytes = objectBytes + BRIDGE_BYTES;
  const bytes = new Uint8Array(headerBytes + dataBytes);
  bytes.set(memory.u8.subarray(memory.oldStart, memory.freeStart), headerBytes);
  const objects = new Int32Array(bytes.buffer, headerBytes, objectBytes >> 2);
  const usesSista = sweepCopy(objects, HEAP_BASE - memory.oldStart);
  rearmMourners(memory, objects);
  putBridge(bytes, headerBytes + objectBytes);
  writeSpurHeader(bytes, 4, {
    usesSista,
    dataBytes,
    baseAddress: HEAP_BASE,
    specialObjectsOop: HEAP_BASE + memory.specialObjects - memory.oldStart,
    lastHash: memory.lastHash,
    settings: { ...settings, flags: settings.flags | ImageFlag.FLOATS_LITTLE_ENDIAN },
  });
  return bytes;
}

/**
 * Makes the pointers in a copy of old space those of one that starts at HEAP_BASE (a file does not tell the size of eden), and
 * brings contexts to the size that other VMs know. Answers whether there is code in Sista V1.
 */
function sweepCopy(words: Int32Array, shift: number): boolean {
  let usesSista = false;
  for (let at = 0; at < words.length; ) {
    let slotCount = words[at + 1]! >>> SLOT_COUNT_SHIFT;
    if (slotCount === OVERFLOW_SLOTS) {
      slotCount = words[at]!;
      at += 2;
    }
    const low = words[at]!;
    const format = (low >> FORMAT_SHIFT) & FORMAT_MASK;
    const first = at + 2;
    at = first + (slotCount < 2 ? 2 : slotCount + (slotCount & 1));
    if ((low & CLASS_INDEX_MASK) === ClassIndex.FREE) continue;
    let pointers = 0;
    if (format <= LAST_POINTER_FORMAT) {
      pointers = slotCount;
      if ((low & CLASS_INDEX_MASK) === ClassIndex.CONTEXT && slotCount >= ContextSlot.STACK)
        pointers = prepareContext(words, first, slotCount);
    } else if (format === Format.FORWARDED) pointers = 1;
    else if (format >= Format.COMPILED_METHOD) {
      const header = words[first]! >> 1;
      pointers = 1 + headerLiteralCount(header);
      usesSista ||= headerIsSista(header);
    }
    for (let slot = first; slot < first + pointers; slot++) {
      const oop = words[slot]!;
      if ((oop & 3) === 0) words[slot] = oop + shift;
    }
  }
  return usesSista;
}

/** Makes the dead slots of a context nil and takes off its slack; answers how many are alive. */
function prepareContext(words: Int32Array, first: number, slotCount: number): number {
  const live = liveContextSlots(words[first + ContextSlot.STACKP]!, slotCount);
  let end = slotCount;
  if (isRoomyContext(slotCount) && live <= slotCount - CONTEXT_SLACK) {
    end -= CONTEXT_SLACK;
    words[first - 1]! -= CONTEXT_SLACK << SLOT_COUNT_SHIFT;
    putHeader(words, first + end, FREE_CHUNK, 0, CONTEXT_SLACK - 2);
    words.fill(0, first + end + 2, first + slotCount);
  }
  words.fill(HEAP_BASE, first + live, first + end);
  return live;
}

/** Ephemerons that were fired and not fetched: the queue is not in the file, so there they are as before. */
function rearmMourners(memory: ObjectMemory, objects: Int32Array): void {
  for (const oop of memory.mourners.toArray()) {
    if (memory.instanceFormatOf(memory.classOf(oop)) !== Format.EPHEMERON) continue;
    const word = (oop - memory.oldStart) >> 2;
    objects[word] = (objects[word]! & ~(FORMAT_MASK << FORMAT_SHIFT)) | (Format.EPHEMERON << FORMAT_SHIFT);
  }
}

/** What both writers need of a memory: all in old space, and the first objects where a file has them. */
function checkWritable(memory: ObjectMemory): void {
  if (memory.youngBytes > 0)
    throw new VMBug(
      'new-space-not-empty',
      `new space has ${memory.youngBytes} bytes of objects: a full collection tenures them before an image is written`,
    );
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
