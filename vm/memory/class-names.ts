/**
 * Names of classes and metaclasses, as printers and messages show them. Images differ in where a class keeps its name and a
 * metaclass its class, so both are looked for in the slots where any of them has it. Safe on damaged images.
 */
import type { ObjectMemory } from './object-memory.ts';
import type { Oop } from './oop.ts';
import { BehaviorSlot, ClassSlot, MetaclassSlot } from './well-known.ts';

/** `Point`, `Point class`; a description where the object is no class. */
export function nameOfClass(memory: ObjectMemory, behavior: Oop): string {
  const name = ownNameOf(memory, behavior);
  if (name !== undefined) return name;
  if ((behavior & 3) === 0 && memory.isPointers(behavior)) {
    const end = Math.min(memory.slotCountOf(behavior), MetaclassSlot.COUNT + 2);
    for (let slot = BehaviorSlot.FORMAT + 1; slot < end; slot++) {
      const value = memory.fetchPointer(behavior, slot);
      const instanceName = memory.classOf(value) === behavior ? ownNameOf(memory, value) : undefined;
      if (instanceName !== undefined) return `${instanceName} class`;
    }
  }
  return 'an unnamed class';
}

/** The first slot behind the format that holds bytes is the name; metaclasses have none. */
function ownNameOf(memory: ObjectMemory, behavior: Oop): string | undefined {
  if ((behavior & 3) !== 0 || !memory.isPointers(behavior)) return undefined;
  const end = Math.min(memory.slotCountOf(behavior), ClassSlot.NAME + 2);
  for (let slot = BehaviorSlot.FORMAT + 1; slot < end; slot++) {
    const value = memory.fetchPointer(behavior, slot);
    if ((value & 3) === 0 && memory.isBytes(value)) return memory.stringValueOf(value);
  }
  return undefined;
}
