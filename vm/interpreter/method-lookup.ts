/**
 * Finds the method that a selector means for a class: along the superclass chain, in each class's method dictionary.
 *
 * Dictionaries are open addressing by the selector's identity hash with linear probing; a nil ends the search. A class
 * whose dictionary is nil is treated as one without methods. Damage (a cycle of superclasses, a dictionary with no nil)
 * ends the search instead of hanging the VM. Source: Blue Book chapter 28, "lookupMethodInClass:".
 */
import type { ObjectMemory } from '../memory/object-memory.ts';
import { isImmediate, NO_OOP, type Oop } from '../memory/oop.ts';
import { BehaviorSlot, MethodDictionarySlot } from '../memory/well-known.ts';

const { METHODS, FIRST_KEY } = MethodDictionarySlot;
/** Longer chains of superclasses are damage. */
const MAX_SUPERCLASSES = 10_000;

/** The method of `selector` in one dictionary, or NO_OOP. */
export function methodInDictionary(memory: ObjectMemory, dictionary: Oop, selector: Oop): Oop {
  const capacity = memory.slotCountOf(dictionary) - FIRST_KEY;
  if (capacity <= 0) return NO_OOP;
  const mask = capacity - 1;
  let index = memory.identityHashOf(selector) & mask;
  for (let probes = 0; probes < capacity; probes++) {
    const key = memory.fetchPointer(dictionary, FIRST_KEY + index);
    if (key === selector) return memory.fetchPointer(memory.fetchPointer(dictionary, METHODS), index);
    if (key === memory.nil) return NO_OOP;
    index = (index + 1) & mask;
  }
  return NO_OOP;
}

/** The method that `selector` means for instances of `behavior`, or NO_OOP when no class up the chain has one. */
export function lookupMethod(memory: ObjectMemory, behavior: Oop, selector: Oop): Oop {
  let current = behavior;
  for (let depth = 0; depth < MAX_SUPERCLASSES; depth++) {
    if (current === memory.nil || isImmediate(current)) return NO_OOP;
    const dictionary = memory.fetchPointer(current, BehaviorSlot.METHOD_DICTIONARY);
    if (dictionary !== memory.nil) {
      const method = methodInDictionary(memory, dictionary, selector);
      if (method !== NO_OOP) return method;
    }
    current = memory.fetchPointer(current, BehaviorSlot.SUPERCLASS);
  }
  return NO_OOP;
}

/** Visits selector and method of each entry of a class's own dictionary. */
export function eachMethodOf(memory: ObjectMemory, behavior: Oop, visit: (selector: Oop, method: Oop) => void): void {
  const dictionary = memory.fetchPointer(behavior, BehaviorSlot.METHOD_DICTIONARY);
  if (dictionary === memory.nil) return;
  const methods = memory.fetchPointer(dictionary, METHODS);
  const capacity = memory.slotCountOf(dictionary) - FIRST_KEY;
  for (let index = 0; index < capacity; index++) {
    const selector = memory.fetchPointer(dictionary, FIRST_KEY + index);
    if (selector !== memory.nil) visit(selector, memory.fetchPointer(methods, index));
  }
}
