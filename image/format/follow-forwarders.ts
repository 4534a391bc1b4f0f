/**
 * Follows the forwarders of a loaded image: an object that `become:` replaced, left behind by the writing VM with the format
 * of a forwarder and its replacement in the first slot. Every pointer to one is made to point at what it leads to, and the
 * forwarder becomes a free chunk, so that nothing in this VM ever meets one.
 */
import { FORMAT_SHIFT, Format, LAST_POINTER_FORMAT } from '../../vm/memory/header.ts';
import { headerLiteralCount } from '../../vm/memory/method-access.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { forEachObject } from '../../vm/memory/object-walk.ts';
import type { Oop } from '../../vm/memory/oop.ts';
import { ClassIndex } from '../../vm/memory/well-known.ts';

/** `forwarderCount` bounds the length of a chain. A chain that closes in itself leads to nil. */
export function followForwarders(memory: ObjectMemory, forwarderCount: number): void {
  const isForwarder = (oop: Oop): boolean => (oop & 3) === 0 && memory.formatOf(oop) === Format.FORWARDED;
  const resolve = (oop: Oop): Oop => {
    let target = oop;
    for (let steps = 0; isForwarder(target); steps++) {
      if (steps > forwarderCount) return memory.nil;
      target = memory.fetchPointer(target, 0);
    }
    return target;
  };
  forEachObject(memory, (oop) => {
    if (memory.classIndexOfObject(oop) === ClassIndex.FREE) return;
    const format = memory.formatOf(oop);
    let pointers = 0;
    if (format <= LAST_POINTER_FORMAT) pointers = memory.slotCountOf(oop);
    else if (format >= Format.COMPILED_METHOD) pointers = 1 + headerLiteralCount(memory.fetchPointer(oop, 0) >> 1);
    for (let slot = 0; slot < pointers; slot++) {
      const value = memory.fetchPointer(oop, slot);
      if (isForwarder(value)) memory.storePointer(oop, slot, resolve(value));
    }
  });
  memory.specialObjects = resolve(memory.specialObjects);
  forEachObject(memory, (oop) => {
    if (isForwarder(oop)) memory.i32[oop >> 2] = (Format.BITS_32 << FORMAT_SHIFT) | ClassIndex.FREE;
  });
}
