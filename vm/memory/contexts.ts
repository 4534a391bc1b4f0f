/**
 * The two kinds of context. A method context (of a closure too) has method, receiver and temps of its own. A Blue Book block, which only
 * images that came from V3 have, is a context that takes them from its home, the method context in which it was made.
 */
import type { ObjectMemory } from './object-memory.ts';
import { isImmediate, type Oop } from './oop.ts';
import { BlockContextSlot, ClassIndex, ContextSlot, LARGE_CONTEXT_STACK, SMALL_CONTEXT_STACK } from './well-known.ts';

/**
 * Slots above the deepest stack that compiled code reaches, for what the VM itself pushes when a send or a return becomes
 * a message: the Message of #doesNotUnderstand:, receiver and arguments of #aboutToReturn:through:.
 */
export const CONTEXT_SLACK = 4;
export const SMALL_CONTEXT_SLOTS = ContextSlot.STACK + SMALL_CONTEXT_STACK + CONTEXT_SLACK;
export const LARGE_CONTEXT_SLOTS = ContextSlot.STACK + LARGE_CONTEXT_STACK + CONTEXT_SLACK;

/**
 * Whether a context with that many slots has the size that other VMs give to theirs, who keep stacks elsewhere: a small or a large
 * one without our slack. Image files have contexts of these sizes; readers add the slack, writers take it off.
 */
export const isTightContext = (slotCount: number): boolean =>
  slotCount === SMALL_CONTEXT_SLOTS - CONTEXT_SLACK || slotCount === LARGE_CONTEXT_SLOTS - CONTEXT_SLACK;

/** Whether a context with that many slots has the size that ours have. */
export const isRoomyContext = (slotCount: number): boolean =>
  slotCount === SMALL_CONTEXT_SLOTS || slotCount === LARGE_CONTEXT_SLOTS;

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
