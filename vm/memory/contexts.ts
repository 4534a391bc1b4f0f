/**
 * The two kinds of context. A method context (of a closure too) has method, receiver and temps of its own. A Blue Book block, which only
 * images that came from V3 have, is a context that takes them from its home, the method context in which it was made.
 */
import type { ObjectMemory } from './object-memory.ts';
import { isImmediate, type Oop } from './oop.ts';
import { BlockContextSlot, ClassIndex } from './well-known.ts';

export function isContext(memory: ObjectMemory, oop: Oop): boolean {
  if (isImmediate(oop)) return false;
  const classIndex = memory.classIndexOfObject(oop);
  return classIndex === ClassIndex.CONTEXT || classIndex === ClassIndex.BLOCK_CONTEXT;
}

export const isBlockContext = (memory: ObjectMemory, context: Oop): boolean =>
  memory.classIndexOfObject(context) === ClassIndex.BLOCK_CONTEXT;

/** The context that has the method, the receiver and the temps of a context: itself, or a block's home. */
export function homeOf(memory: ObjectMemory, context: Oop): Oop {
  return isBlockContext(memory, context) ? memory.fetchPointer(context, BlockContextSlot.HOME) : context;
}
