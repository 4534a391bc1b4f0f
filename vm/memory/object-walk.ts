/**
 * Walks the heap from object to object: old space, then the survivors, then eden, each in address order, so that what was
 * made last comes last. What the memory manager keeps for itself (class table pages and
 * other objects of a pun class index) and free chunks are skipped unless they are asked for.
 *
 * An address where an object may start holds either its header or its overflow word, told apart by the slot count field:
 * the overflow word has 255 there, and the header follows it.
 */
import { OVERFLOW_SLOTS, SLOT_COUNT_SHIFT } from './header.ts';
import { ObjectMemory } from './object-memory.ts';
import { liveContextSlots } from './object-parts.ts';
import { NO_OOP, type Oop } from './oop.ts';
import { ClassIndex, ContextSlot } from './well-known.ts';

/** The oop of the object that starts at `address`, past its overflow word if it has one. */
export function objectStartingAt(memory: ObjectMemory, address: number): Oop {
  const isOverflow = memory.i32[(address >> 2) + 1]! >>> SLOT_COUNT_SHIFT === OVERFLOW_SLOTS;
  return (isOverflow ? address + 8 : address) as Oop;
}

/** The address just past the object. */
export function addressAfter(memory: ObjectMemory, oop: Oop): number {
  const slotCount = memory.slotCountOf(oop);
  return oop + (slotCount < OVERFLOW_SLOTS ? 0 : -8) + ObjectMemory.bytesFor(slotCount);
}

/** True for what programs see: no free chunk, forwarder, class table page or other possession of the memory manager. */
export function isProgramObject(memory: ObjectMemory, oop: Oop): boolean {
  const classIndex = memory.classIndexOfObject(oop);
  return classIndex > ClassIndex.BITS_64_PUN || (classIndex > ClassIndex.FREE && classIndex < ClassIndex.FORWARDER);
}

/** Visits every object, those of the memory manager and free chunks included. `visit` may not allocate. */
export function forEachObject(memory: ObjectMemory, visit: (oop: Oop) => void): void {
  forEachOldObject(memory, visit);
  forEachYoungObject(memory, visit);
}

/** As `forEachObject`, in old space. */
export function forEachOldObject(memory: ObjectMemory, visit: (oop: Oop) => void): void {
  visitBetween(memory, memory.oldStart, memory.freeStart, visit);
}

/** As `forEachObject`, in new space. */
export function forEachYoungObject(memory: ObjectMemory, visit: (oop: Oop) => void): void {
  visitBetween(memory, memory.pastStart, memory.pastFree, visit);
  visitBetween(memory, memory.edenStart, memory.edenFree, visit);
}

function visitBetween(memory: ObjectMemory, start: number, end: number, visit: (oop: Oop) => void): void {
  for (let address = start; address < end; ) {
    const oop = objectStartingAt(memory, address);
    visit(oop);
    address = addressAfter(memory, oop);
  }
}

/** The first object that a program may see; NO_OOP in an empty heap. `#someObject`. */
export function firstObject(memory: ObjectMemory): Oop {
  return programObjectFrom(memory, 'old', memory.oldStart);
}

/** The object after `oop`, NO_OOP after the last. `#nextObject`. */
export function nextObject(memory: ObjectMemory, oop: Oop): Oop {
  const space = oop >= memory.oldStart ? 'old' : oop >= memory.edenEnd ? 'survivors' : 'eden';
  return programObjectFrom(memory, space, addressAfter(memory, oop));
}

function programObjectFrom(memory: ObjectMemory, space: 'old' | 'survivors' | 'eden', from: number): Oop {
  const end = space === 'old' ? memory.freeStart : space === 'survivors' ? memory.pastFree : memory.edenFree;
  for (let address = from; address < end; ) {
    const oop = objectStartingAt(memory, address);
    if (isProgramObject(memory, oop)) return oop;
    address = addressAfter(memory, oop);
  }
  if (space === 'old') return programObjectFrom(memory, 'survivors', memory.pastStart);
  return space === 'survivors' ? programObjectFrom(memory, 'eden', memory.edenStart) : NO_OOP;
}

/** All objects that programs see, in the order of the walk. */
export function allObjects(memory: ObjectMemory): Oop[] {
  const found: Oop[] = [];
  forEachObject(memory, (oop) => {
    if (isProgramObject(memory, oop)) found.push(oop);
  });
  return found;
}

/**
 * The direct instances of a class, in the order of the walk; none for a class of immediates. Compares classes rather than class
 * indices, because a class that took another's place by `become:` is in the table under both indices.
 */
export function allInstancesOf(memory: ObjectMemory, behavior: Oop): Oop[] {
  const found: Oop[] = [];
  forEachObject(memory, (oop) => {
    if (isProgramObject(memory, oop) && memory.classAt(memory.classIndexOfObject(oop)) === behavior) found.push(oop);
  });
  return found;
}

/** Sets the slots above every context's stack pointer to nil: what lies there is dead and need not be an oop. */
export function clearDeadContextSlots(memory: ObjectMemory): void {
  forEachObject(memory, (oop) => {
    if (memory.classIndexOfObject(oop) === ClassIndex.CONTEXT) clearAboveStackPointer(memory, oop);
  });
}

/** As `clearDeadContextSlots`, for one context. */
export function clearAboveStackPointer(memory: ObjectMemory, context: Oop): void {
  const slotCount = memory.slotCountOf(context);
  if (slotCount < ContextSlot.STACK) return;
  const first = (context >> 2) + 2;
  const live = liveContextSlots(memory.i32[first + ContextSlot.STACKP]!, slotCount);
  memory.i32.fill(memory.nil, first + live, first + slotCount);
}
