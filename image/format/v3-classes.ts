/**
 * Which objects of a V3 image are classes, and the class index that each gets. Those that the VM knows by index get theirs; any
 * other gets one whose lower 12 bits are the hash that it had, so that what the image hashed by class stays where it is.
 */
import { ClassIndex, SpecialObject } from '../../vm/memory/well-known.ts';
import type { V3Heap } from './v3-heap.ts';

/** Special objects of V3 that name classes with fixed indices; the last two are in images with closures only, or none. */
const FIXED: readonly (readonly [slot: number, classIndex: number])[] = [
  [SpecialObject.CLASS_SMALL_INTEGER, ClassIndex.SMALL_INTEGER],
  [SpecialObject.CLASS_CHARACTER, ClassIndex.CHARACTER],
  [SpecialObject.CLASS_LARGE_NEGATIVE_INTEGER, ClassIndex.LARGE_NEGATIVE_INTEGER],
  [SpecialObject.CLASS_LARGE_POSITIVE_INTEGER, ClassIndex.LARGE_POSITIVE_INTEGER],
  [SpecialObject.CLASS_FLOAT, ClassIndex.FLOAT],
  [SpecialObject.CLASS_MESSAGE, ClassIndex.MESSAGE],
  [SpecialObject.CLASS_CONTEXT, ClassIndex.CONTEXT],
  [SpecialObject.V3_CLASS_BLOCK_CONTEXT, ClassIndex.BLOCK_CONTEXT],
  [SpecialObject.CLASS_BYTE_ARRAY, ClassIndex.BYTE_ARRAY],
  [SpecialObject.CLASS_ARRAY, ClassIndex.ARRAY],
  [SpecialObject.CLASS_BYTE_STRING, ClassIndex.BYTE_STRING],
  [SpecialObject.CLASS_BITMAP, ClassIndex.BITMAP],
  [SpecialObject.CLASS_BLOCK_CLOSURE, ClassIndex.BLOCK_CLOSURE],
];
const HASH_BITS = 12;

/** By the word of a class's header: its class index. `specialObjects` is the word of that array's header. */
export function v3ClassIndices(
  heap: V3Heap,
  specialObjects: number,
  specialSlots: number,
  hasClosures: boolean,
): Map<number, number> {
  const indices = new Map<number, number>();
  const taken = new Set<number>();
  const enter = (header: number, index: number) => {
    indices.set(header, index);
    taken.add(index);
  };
  const special = (slot: number) => (slot < specialSlots ? heap.wordOf(heap.words[specialObjects + 1 + slot]!) : -1);
  const nil = special(SpecialObject.NIL);
  for (const [slot, index] of FIXED) {
    const header = special(slot);
    const isThere = header > 0 && header !== nil && (slot !== SpecialObject.CLASS_BLOCK_CLOSURE || hasClosures);
    if (isThere && !indices.has(header)) enter(header, index);
  }
  const classes = new Set<number>();
  const metaclass = classOf(heap, classOf(heap, special(SpecialObject.CLASS_ARRAY)));
  heap.forEach((header) => {
    const behavior = heap.classAt(header);
    if (behavior < 0) return;
    classes.add(behavior);
    // An instance of Metaclass is a metaclass; an instance of that is a class.
    if (behavior === metaclass || classOf(heap, behavior) === metaclass) classes.add(header);
  });
  for (const header of classes) {
    if (indices.has(header) || header >= heap.words.length) continue;
    let index = heap.hashAt(header);
    while (index < ClassIndex.FIRST_FREE || taken.has(index)) index += 1 << HASH_BITS;
    enter(header, index);
  }
  return indices;
}

const classOf = (heap: V3Heap, header: number): number => (header < 0 ? -1 : heap.classAt(header));
