/**
 * The old objects that may refer to young ones. A scavenge takes their slots for roots, and so need not look at the rest
 * of old space. Each member carries REMEMBERED_BIT in its header, so that a store asks with one test whether it is in.
 *
 * An object enters by the write barrier (`ObjectMemory.storePointer`), when it is made in old space, when a context becomes
 * the active one, or when it is tenured with young objects in its slots. It leaves in the scavenge that finds none there.
 */
import { REMEMBERED_BIT } from './header.ts';
import type { Oop } from './oop.ts';

const INITIAL_ENTRIES = 1 << 10;

export class RememberedSet {
  members = new Int32Array(INITIAL_ENTRIES);
  count = 0;

  /** Contract: the object is old, and its flag is clear. */
  add(i32: Int32Array, oop: number): void {
    i32[oop >> 2]! |= REMEMBERED_BIT;
    if (this.count === this.members.length) {
      const grown = new Int32Array(2 * this.count);
      grown.set(this.members);
      this.members = grown;
    }
    this.members[this.count++] = oop;
  }

  /** Forgets all members without a look at their flags: a full collection clears those on its way. */
  clear(): void {
    this.count = 0;
    if (this.members.length > 64 * INITIAL_ENTRIES) this.members = new Int32Array(INITIAL_ENTRIES);
  }

  /** The members, for checks and walks. */
  toArray(): Oop[] {
    return Array.from(this.members.subarray(0, this.count)) as Oop[];
  }
}
