/**
 * Method dictionaries as the VM looks them up: keys by identity hash, linear probing, a power-of-two capacity, methods in an
 * array at the same index. Kept at most three quarters full, so that a look-up that misses ends at a nil.
 */
import { Format } from '../../vm/memory/header.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { BehaviorSlot, MethodDictionarySlot } from '../../vm/memory/well-known.ts';

const { TALLY, METHODS, FIRST_KEY } = MethodDictionarySlot;

/** An empty dictionary with room for `expected` methods before it must grow. */
export function newMethodDictionary(memory: ObjectMemory, dictionaryClassIndex: number, expected: number): Oop {
  let capacity = 4;
  while (capacity * 3 < expected * 4) capacity *= 2;
  const methods = memory.newArray(capacity);
  const dictionary = memory.allocatePointers(dictionaryClassIndex, Format.FIXED_AND_INDEXABLE, FIRST_KEY + capacity);
  memory.storePointer(dictionary, TALLY, smallIntegerOop(0));
  memory.storePointer(dictionary, METHODS, methods);
  return dictionary;
}

/** The index of `selector`, or of the nil where it would go. */
function probe(memory: ObjectMemory, dictionary: Oop, selector: Oop): number {
  const mask = memory.slotCountOf(dictionary) - FIRST_KEY - 1;
  let index = memory.identityHashOf(selector) & mask;
  for (;;) {
    const key = memory.fetchPointer(dictionary, FIRST_KEY + index);
    if (key === selector || key === memory.nil) return index;
    index = (index + 1) & mask;
  }
}

/** The method under `selector` in this dictionary alone, or undefined. */
export function methodAt(memory: ObjectMemory, dictionary: Oop, selector: Oop): Oop | undefined {
  const index = probe(memory, dictionary, selector);
  if (memory.fetchPointer(dictionary, FIRST_KEY + index) !== selector) return undefined;
  return memory.fetchPointer(memory.fetchPointer(dictionary, METHODS), index);
}

/** Puts a method under a selector; grows the class's dictionary when it is three quarters full. */
export function addMethod(memory: ObjectMemory, behavior: Oop, selector: Oop, method: Oop): void {
  let dictionary = memory.fetchPointer(behavior, BehaviorSlot.METHOD_DICTIONARY);
  const tally = smallIntegerValue(memory.fetchPointer(dictionary, TALLY));
  const capacity = memory.slotCountOf(dictionary) - FIRST_KEY;
  if ((tally + 1) * 4 > capacity * 3) {
    const grown = newMethodDictionary(memory, memory.classIndexOf(dictionary), (tally + 1) * 2);
    eachMethod(memory, dictionary, (key, value) => put(memory, grown, key, value));
    memory.storePointer(behavior, BehaviorSlot.METHOD_DICTIONARY, grown);
    dictionary = grown;
  }
  put(memory, dictionary, selector, method);
}

/** Visits selector and method of each entry. */
export function eachMethod(memory: ObjectMemory, dictionary: Oop, visit: (selector: Oop, method: Oop) => void): void {
  const methods = memory.fetchPointer(dictionary, METHODS);
  const capacity = memory.slotCountOf(dictionary) - FIRST_KEY;
  for (let index = 0; index < capacity; index++) {
    const key = memory.fetchPointer(dictionary, FIRST_KEY + index);
    if (key !== memory.nil) visit(key, memory.fetchPointer(methods, index));
  }
}

function put(memory: ObjectMemory, dictionary: Oop, selector: Oop, method: Oop): void {
  const index = probe(memory, dictionary, selector);
  if (memory.fetchPointer(dictionary, FIRST_KEY + index) === memory.nil) {
    const tally = smallIntegerValue(memory.fetchPointer(dictionary, TALLY));
    memory.storePointer(dictionary, TALLY, smallIntegerOop(tally + 1));
    memory.storePointer(dictionary, FIRST_KEY + index, selector);
  }
  memory.storePointer(memory.fetchPointer(dictionary, METHODS), index, method);
}
