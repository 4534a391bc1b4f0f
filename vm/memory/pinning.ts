/**
 * Pinned objects: their address never changes, so that C may keep it. A young object is tenured first, by a scavenge, since
 * new space is always emptied; the collector leaves a pinned one where it is (see compactor.ts). The pin is a bit in the
 * header, and survives in image files; what is pinned there keeps its place in the heap it is loaded into.
 */
import type { Collector } from './collector.ts';
import { PINNED_BIT } from './header.ts';
import type { ObjectMemory } from './object-memory.ts';
import type { Oop } from './oop.ts';

/**
 * Pins an object. Contract: at a safepoint, for young objects move as in a scavenge. Answers where the object is now.
 * */
export function pin(memory: ObjectMemory, collector: Collector, oop: Oop): Oop {
  let pinned = oop;
  if (memory.isYoung(oop)) {
    const holder = {
      visitRoots: (visit: (oop: Oop) => Oop): void => {
        pinned = visit(pinned);
      },
    };
    memory.addRootHolder(holder);
    collector.scavenge(oop);
    memory.removeRootHolder(holder);
  }
  memory.i32[pinned >> 2]! |= PINNED_BIT;
  return pinned;
}

/** From the next full collection on the object may move again. */
export function unpin(memory: ObjectMemory, oop: Oop): void {
  memory.i32[oop >> 2]! &= ~PINNED_BIT;
}
