/**
 * The first objects of a heap, in the order in which every Spur image has them: nil, false, true, the object of free lists,
 * the hidden roots (pages of the class table, then the memory manager's own slots), the table's first page.
 *
 * They are made before new space is opened, in old space. The collector slides, so it keeps this order, and an image file needs no rearranging. The three singletons get their
 * class indices here, before their classes exist; the builder enters the classes under the same indices.
 */
import { VMBug } from '../vm-bug.ts';
import { Format } from './header.ts';
import { HIDDEN_ROOTS_SLOTS, type ObjectMemory } from './object-memory.ts';
import { ClassIndex } from './well-known.ts';

/** Heads of Spur's free lists, one a size up to 31 units of 8 bytes. Ours are always empty; the object keeps its place. */
export const FREE_LIST_SLOTS = 32;

export interface SingletonClassIndices {
  readonly nil: number;
  readonly false: number;
  readonly true: number;
}

/** Allocates the first objects into an empty heap and sets `memory.nil`, `false`, `true`, `freeListsObject`, `hiddenRoots`. */
export function layFoundation(memory: ObjectMemory, indices: SingletonClassIndices): void {
  if (memory.freeStart !== memory.oldStart)
    throw new VMBug('heap-not-empty', 'the first objects of a heap are laid into an empty heap only', {
      freeStart: memory.freeStart,
    });
  memory.nil = memory.allocateUnfilled(indices.nil, Format.ZERO_SIZED, 0);
  memory.false = memory.allocatePointers(indices.false, Format.ZERO_SIZED, 0);
  memory.true = memory.allocatePointers(indices.true, Format.ZERO_SIZED, 0);
  memory.freeListsObject = memory.allocateBits(ClassIndex.BITS_32_PUN, Format.BITS_32, FREE_LIST_SLOTS);
  memory.hiddenRoots = memory.allocatePointers(ClassIndex.ARRAY_PUN, Format.INDEXABLE, HIDDEN_ROOTS_SLOTS);
  memory.ensureClassTablePage(0);
}
