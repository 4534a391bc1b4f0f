/**
 * Makes contexts, and takes back those that nobody else has seen.
 *
 * A context's identity hash tells who knows it. 0: only the interpreter, which recycles it when its method returns.
 * 1: a closure or a Process refers to it, so it is left to the collector. 2 and up: Smalltalk code holds it (`thisContext`,
 * a message was sent to it), and with it all its senders, which are marked the same way. A class of contexts that could be
 * reached without such a mark would be a bug: every way to a context leads through `thisContext`, a message to a context, a
 * closure's outer context, or a primitive that walks the heap (which calls `retireFreeContexts` first).
 *
 * Contexts and the write barrier: the interpreter fills contexts and writes the stack of the active one without it. So an old
 * context is in the remembered set from when it becomes active (`Interpreter.readRegisters`, a return in the loop) to the
 * next scavenge, and no other old one is ever recycled.
 *
 * Slots above `stackp` hold stale values that nothing may look at; the collector takes them for nil.
 */
import { isContext, LARGE_CONTEXT_SLOTS, SMALL_CONTEXT_SLOTS } from '../memory/contexts.ts';
import { Format, HASH_MASK, REMEMBERED_BIT } from '../memory/header.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import { NO_OOP, type Oop, smallIntegerOop } from '../memory/oop.ts';
import { ClassIndex, ContextSlot } from '../memory/well-known.ts';

export { CONTEXT_SLACK, LARGE_CONTEXT_SLOTS, SMALL_CONTEXT_SLOTS } from '../memory/contexts.ts';

/** Marks of who knows a context: see above. */
export const SEEN_BY_CLOSURE = 1;

export class ContextPool {
  private readonly memory: ObjectMemory;
  /** Heads of the lists of free contexts, linked by the sender slot; NO_OOP when empty. */
  freeSmall: Oop = NO_OOP;
  freeLarge: Oop = NO_OOP;

  constructor(memory: ObjectMemory) {
    this.memory = memory;
  }

  /** A context with a valid header, pc and stackp; all else is for the caller to fill before the next safepoint. */
  allocate(large: boolean): Oop {
    const i32 = this.memory.i32;
    const free = large ? this.freeLarge : this.freeSmall;
    if (free !== NO_OOP) {
      const next = i32[(free >> 2) + 2]! as Oop;
      if (large) this.freeLarge = next;
      else this.freeSmall = next;
      return free;
    }
    const context = this.memory.allocateUnfilled(
      ClassIndex.CONTEXT,
      Format.FIXED_AND_INDEXABLE,
      large ? LARGE_CONTEXT_SLOTS : SMALL_CONTEXT_SLOTS,
    );
    const slots = (context >> 2) + 2;
    i32[slots + ContextSlot.PC] = smallIntegerOop(0);
    i32[slots + ContextSlot.STACKP] = smallIntegerOop(0);
    return context;
  }

  /**
   * Contract: the context's identity hash is 0, and it is on no sender chain any more. An old context that was not active
   * since the last scavenge is left to the collector: whoever takes it again fills it without the write barrier.
   */
  release(context: Oop): void {
    const i32 = this.memory.i32;
    if (context >= this.memory.oldStart && (i32[context >> 2]! & REMEMBERED_BIT) === 0) return;
    if (this.memory.slotCountOf(context) === SMALL_CONTEXT_SLOTS) {
      i32[(context >> 2) + 2] = this.freeSmall;
      this.freeSmall = context;
    } else {
      i32[(context >> 2) + 2] = this.freeLarge;
      this.freeLarge = context;
    }
  }

  isPrivate(context: Oop): boolean {
    return (this.memory.i32[(context >> 2) + 1]! & HASH_MASK) === 0;
  }

  /** Keeps the context from being recycled; its senders stay as they are. */
  keep(context: Oop): void {
    const word = (context >> 2) + 1;
    if ((this.memory.i32[word]! & HASH_MASK) === 0) this.memory.i32[word]! |= SEEN_BY_CLOSURE;
  }

  /** Smalltalk code can see `context` from now on, and through it all its senders. */
  expose(context: Oop): void {
    const { memory } = this;
    const i32 = memory.i32;
    let current = context;
    while (isContext(memory, current)) {
      const word = (current >> 2) + 1;
      if ((i32[word]! & HASH_MASK) > SEEN_BY_CLOSURE) return;
      do {
        memory.setIdentityHash(current, 0);
        memory.identityHashOf(current);
      } while ((i32[word]! & HASH_MASK) <= SEEN_BY_CLOSURE);
      current = i32[word + 1]! as Oop;
    }
  }

  /** After a collection: what was free is gone. */
  forgetFreeContexts(): void {
    this.freeSmall = NO_OOP;
    this.freeLarge = NO_OOP;
  }

  /** Before a walk over the heap by Smalltalk: turns the free contexts into dead ones that are safe to look at. */
  retireFreeContexts(): void {
    const { memory } = this;
    for (const head of [this.freeSmall, this.freeLarge]) {
      let context = head;
      while (context !== NO_OOP) {
        const slots = (context >> 2) + 2;
        const next = memory.i32[slots]! as Oop;
        memory.i32.fill(memory.nil, slots, slots + memory.slotCountOf(context));
        memory.i32[slots + ContextSlot.STACKP] = smallIntegerOop(0);
        context = next;
      }
    }
    this.forgetFreeContexts();
  }
}
