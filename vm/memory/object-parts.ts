/**
 * Which of an object's slots hold oops, and which of those hold on to what they refer to: what every walk, the scavenger and
 * the marker must agree on.
 *
 * - A context: its slots up to its stack pointer. What lies above is dead and may hold anything.
 * - A compiled method: its header and literals, not its bytecodes.
 * - A weak array: all; but only its named slots hold on.
 * - An ephemeron: all; but while only ephemerons hold its key, none holds on.
 */
import { FORMAT_MASK, FORMAT_SHIFT, Format, LAST_POINTER_FORMAT } from './header.ts';
import { headerLiteralCount } from './method-access.ts';
import type { ObjectMemory } from './object-memory.ts';
import type { Oop } from './oop.ts';
import { ClassIndex, ContextSlot } from './well-known.ts';

/** Slots of a context that are alive, given its stackp slot: a fresh or returned-from context may have no stackp. */
export function liveContextSlots(stackpOop: number, slotCount: number): number {
  const stackp = (stackpOop & 1) !== 0 ? Math.max(0, stackpOop >> 1) : 0;
  return Math.min(slotCount, ContextSlot.STACK + stackp);
}

/** How many of a weak array's slots are named. */
export function fixedSlotsOfWeak(memory: ObjectMemory, weak: Oop): number {
  const behavior = memory.classOf(weak);
  return behavior === memory.nil ? 0 : Math.min(memory.fixedSlotsOf(behavior), memory.slotCountOf(weak));
}

/** How many of the object's slots, from the first, hold oops that are alive. */
export function liveSlotsOf(memory: ObjectMemory, oop: Oop): number {
  const format = memory.formatOf(oop);
  if (format >= Format.COMPILED_METHOD) return 1 + headerLiteralCount(memory.fetchPointer(oop, 0) >> 1);
  if (format > LAST_POINTER_FORMAT) return 0;
  const slotCount = memory.slotCountOf(oop);
  const isContext = memory.classIndexOfObject(oop) === ClassIndex.CONTEXT && slotCount >= ContextSlot.STACK;
  return isContext ? liveContextSlots(memory.fetchPointer(oop, ContextSlot.STACKP), slotCount) : slotCount;
}

/** True when one of the object's live slots refers to a young object. Reads no further than the object, damaged or not. */
export function refersToYoung(memory: ObjectMemory, oop: Oop): boolean {
  const count = Math.min(liveSlotsOf(memory, oop), memory.slotCountOf(oop));
  for (let slot = 0; slot < count; slot++) if (memory.isYoung(memory.fetchPointer(oop, slot))) return true;
  return false;
}

/** True for formats whose objects hold oops, given the header's low word. */
export function holdsOops(low: number): boolean {
  const format = (low >> FORMAT_SHIFT) & FORMAT_MASK;
  return format <= LAST_POINTER_FORMAT || format >= Format.COMPILED_METHOD;
}
