/**
 * Under which selector a method stands in which class. Methods of later images note both in their last literals; those of V3 do not, and have something
 * else there. So what the literals say is believed where the class agrees; else the classes of a receiver are gone through.
 */
import { eachMethodOf, methodInDictionary } from '../interpreter/method-lookup.ts';
import { methodClassOf, selectorOf } from '../memory/method-access.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import { isImmediate, type Oop } from '../memory/oop.ts';
import { BehaviorSlot } from '../memory/well-known.ts';

export interface MethodOwner {
  readonly behavior: Oop | undefined;
  readonly selector: Oop | undefined;
}

/** Longer chains of superclasses are damage. */
const MAX_SUPERCLASSES = 1000;

/** What is known of a method or block that runs with this receiver. */
export function ownerOf(memory: ObjectMemory, code: Oop, receiver: Oop): MethodOwner {
  const noted = { behavior: methodClassOf(memory, code), selector: selectorOf(memory, code) };
  if (!memory.isV3 || isTrue(memory, code, noted)) return noted;
  let behavior = memory.classOf(receiver);
  for (let depth = 0; depth < MAX_SUPERCLASSES && behavior !== memory.nil && !isImmediate(behavior); depth++) {
    const selector = selectorIn(memory, behavior, code);
    if (selector !== undefined) return { behavior, selector };
    behavior = memory.fetchPointer(behavior, BehaviorSlot.SUPERCLASS);
  }
  return { behavior: undefined, selector: undefined };
}

/** The class has the method under the selector. */
function isTrue(memory: ObjectMemory, code: Oop, { behavior, selector }: MethodOwner): boolean {
  if (behavior === undefined || selector === undefined) return false;
  if (memory.slotCountOf(behavior) <= BehaviorSlot.FORMAT) return false;
  const dictionary = memory.fetchPointer(behavior, BehaviorSlot.METHOD_DICTIONARY);
  if (dictionary === memory.nil || isImmediate(dictionary) || !memory.isPointers(dictionary)) return false;
  return methodInDictionary(memory, dictionary, selector) === code;
}

function selectorIn(memory: ObjectMemory, behavior: Oop, code: Oop): Oop | undefined {
  let found: Oop | undefined;
  eachMethodOf(memory, behavior, (selector, method) => {
    if (method === code) found = selector;
  });
  return found;
}
