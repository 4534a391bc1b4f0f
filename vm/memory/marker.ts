/**
 * Finds what is alive: everything that can be reached from the roots, marked in a LiveMap. Iterative, with a stack of its
 * own, so that a list of a million links needs no JavaScript stack; each object is pushed once at most.
 *
 * What an object holds on to:
 * - a context, its slots up to its stack pointer only; the ones above are set to nil here, dead as they are;
 * - a compiled method, its header and literals, not its bytecodes;
 * - a weak array, its named slots; the indexed ones that lead to nothing alive become nil in `clearWeakSlots`;
 * - an ephemeron, all its slots once its key is marked by another way; see `processEphemerons`.
 * Classes are held by the class table, which is a root, so an object need not hold its class.
 */
import { VMBug } from '../vm-bug.ts';
import {
  CLASS_INDEX_MASK,
  FORMAT_MASK,
  FORMAT_SHIFT,
  Format,
  LAST_POINTER_FORMAT,
  OVERFLOW_SLOTS,
  PINNED_BIT,
} from './header.ts';
import type { LiveMap } from './live-map.ts';
import { headerLiteralCount } from './method-access.ts';
import type { ObjectMemory } from './object-memory.ts';
import { fixedSlotsOfWeak, liveContextSlots, liveSlotsOf } from './object-parts.ts';
import { forEachYoungObject } from './object-walk.ts';
import { NO_OOP, type Oop } from './oop.ts';
import { ClassIndex, ContextSlot, EphemeronSlot, SpecialObject } from './well-known.ts';

const INITIAL_STACK_ENTRIES = 1 << 14;

export class Marker {
  private readonly memory: ObjectMemory;
  private readonly map: LiveMap;
  private stack = new Int32Array(INITIAL_STACK_ENTRIES);
  private depth = 0;
  private youngAreRoots = false;
  private readonly weakObjects: Oop[] = [];
  /** Ephemerons whose key is not marked yet. */
  private ephemerons: Oop[] = [];
  /** Pinned objects that are alive, in the order in which they were met. */
  readonly pinned: Oop[] = [];

  constructor(memory: ObjectMemory, map: LiveMap) {
    this.memory = memory;
    this.map = map;
  }

  /**
   * Marks all old objects that the roots reach. Contract: the map was reset for this heap. New space is empty, or
   * `youngAreRoots`: then whatever lies there counts as alive and is left as it is.
   */
  markFromRoots(youngAreRoots = false): void {
    this.youngAreRoots = youngAreRoots;
    this.weakObjects.length = 0;
    this.ephemerons = [];
    this.pinned.length = 0;
    this.memory.visitRoots((oop) => {
      if (oop !== NO_OOP && (oop & 3) === 0) {
        this.mark(oop, NO_OOP);
        this.drain();
      }
      return oop;
    });
    if (youngAreRoots) forEachYoungObject(this.memory, (oop) => this.markSlotsOf(oop));
    this.processEphemerons();
  }

  /** Marks what all the object's slots refer to, weak or not. */
  private markSlotsOf(oop: Oop): void {
    const { memory } = this;
    for (let slot = liveSlotsOf(memory, oop) - 1; slot >= 0; slot--) {
      const value = memory.fetchPointer(oop, slot);
      if ((value & 3) === 0) this.mark(value, oop);
    }
    this.drain();
  }

  private isReached(oop: number): boolean {
    if ((oop & 3) !== 0 || this.map.isMarked(oop)) return true;
    return this.youngAreRoots && oop < this.memory.oldStart;
  }

  /**
   * Ephemerons whose key was marked by another way hold what they refer to; that may reach further keys. When there are no
   * such left, nothing but ephemerons holds the others' keys: those are fired, all at once, and hold what they refer to.
   */
  private processEphemerons(): void {
    const { memory } = this;
    while (this.ephemerons.length > 0) {
      const waiting = this.ephemerons;
      this.ephemerons = [];
      const reached: Oop[] = [];
      for (const oop of waiting)
        if (this.isReached(memory.fetchPointer(oop, EphemeronSlot.KEY))) reached.push(oop);
        else this.ephemerons.push(oop);
      if (reached.length === 0) for (const oop of this.fire()) reached.push(oop);
      for (const oop of reached) this.markSlotsOf(oop);
    }
  }

  /** Answers the ephemerons that wait, for they hold on from now on. */
  private fire(): readonly Oop[] {
    const { memory, ephemerons } = this;
    this.ephemerons = [];
    if (memory.specialObject(SpecialObject.FINALIZATION_SEMAPHORE) === memory.nil) return ephemerons;
    for (const oop of ephemerons) {
      memory.setFormat(oop, Format.FIXED);
      memory.mourners.add(oop);
    }
    return ephemerons;
  }

  /** Sets to nil what weak arrays refer to and nothing else does. To be called when all is marked. */
  clearWeakSlots(): void {
    const { memory } = this;
    for (const weak of this.weakObjects) {
      const slotCount = memory.slotCountOf(weak);
      let hasLost = false;
      for (let slot = fixedSlotsOfWeak(memory, weak); slot < slotCount; slot++) {
        const referent = memory.fetchPointer(weak, slot);
        if (this.isReached(referent)) continue;
        memory.storePointer(weak, slot, memory.nil);
        hasLost = true;
      }
      if (hasLost) memory.mourners.noteLoss(weak);
    }
    this.weakObjects.length = 0;
  }

  /** Marks one object and pushes it when it holds oops. `holder` is for the message only. */
  private mark(oop: number, holder: number): void {
    const { memory, map } = this;
    const i32 = memory.i32;
    if (oop < memory.oldStart || oop >= memory.freeStart) {
      if (this.youngAreRoots && oop >= memory.edenStart && oop < memory.oldStart) return;
      this.reportWildPointer(oop, holder);
    }
    const word = oop >> 8;
    const granule = (oop >> 3) & 31;
    if (((map.bits[word]! >>> granule) & 1) !== 0) return;
    const header = oop >> 2;
    const slotCount = i32[header + 1]! >>> 24;
    if (slotCount === OVERFLOW_SLOTS) {
      map.markRange(oop - 8, oop + 8 + ((i32[header - 2]! + 1) & ~1) * 4);
    } else {
      const granules = slotCount < 2 ? 2 : 1 + ((slotCount + 1) >> 1);
      if (granule + granules <= 31) map.bits[word]! |= ((1 << granules) - 1) << granule;
      else map.markRange(oop, oop + (granules << 3));
    }
    const low = i32[header]!;
    if ((low & PINNED_BIT) !== 0) this.pinned.push(oop as Oop);
    const format = (low >> FORMAT_SHIFT) & FORMAT_MASK;
    if ((format <= LAST_POINTER_FORMAT && slotCount > 0) || format >= Format.COMPILED_METHOD) {
      if (this.depth === this.stack.length) this.growStack();
      this.stack[this.depth++] = oop;
    }
  }

  private drain(): void {
    const { memory, map } = this;
    const i32 = memory.i32;
    const bits = map.bits;
    while (this.depth > 0) {
      const oop = this.stack[--this.depth]!;
      const first = (oop >> 2) + 2;
      const end = first + this.strongSlotCount(oop);
      for (let slot = first; slot < end; slot++) {
        const child = i32[slot]!;
        if ((child & 3) === 0 && ((bits[child >> 8]! >>> ((child >> 3) & 31)) & 1) === 0) this.mark(child, oop);
      }
    }
  }

  /** How many of the object's slots, from the first, hold on to what they refer to. */
  private strongSlotCount(oop: number): number {
    const i32 = this.memory.i32;
    const header = oop >> 2;
    const low = i32[header]!;
    const format = (low >> FORMAT_SHIFT) & FORMAT_MASK;
    if (format >= Format.COMPILED_METHOD) return 1 + headerLiteralCount(i32[header + 2]! >> 1);
    const inHeader = i32[header + 1]! >>> 24;
    const slotCount = inHeader === OVERFLOW_SLOTS ? i32[header - 2]! : inHeader;
    if (format === Format.WEAK_INDEXABLE) {
      this.weakObjects.push(oop as Oop);
      return fixedSlotsOfWeak(this.memory, oop as Oop);
    }
    if (format === Format.EPHEMERON && slotCount > 0) {
      const key = i32[header + 2 + EphemeronSlot.KEY]!;
      if (this.isReached(key)) return slotCount;
      this.ephemerons.push(oop as Oop);
      return 0;
    }
    if ((low & CLASS_INDEX_MASK) === ClassIndex.CONTEXT && slotCount >= ContextSlot.STACK)
      return this.clearAboveStackPointer(oop, slotCount);
    return slotCount;
  }

  private clearAboveStackPointer(context: number, slotCount: number): number {
    const i32 = this.memory.i32;
    const first = (context >> 2) + 2;
    const live = liveContextSlots(i32[first + ContextSlot.STACKP]!, slotCount);
    const nil = this.memory.nil;
    for (let slot = first + live; slot < first + slotCount; slot++) i32[slot] = nil;
    return live;
  }

  private growStack(): void {
    const grown = new Int32Array(2 * this.stack.length);
    grown.set(this.stack);
    this.stack = grown;
  }

  private reportWildPointer(oop: number, holder: number): never {
    const where = holder === NO_OOP ? 'a root' : `an object of ${this.memory.classNameOf(holder as Oop)} at ${holder}`;
    throw new VMBug(
      'wild-pointer',
      `${where} refers to ${oop}, which is outside the heap [${this.memory.oldStart}, ${this.memory.freeStart})`,
      { oop, holder, freeStart: this.memory.freeStart },
    );
  }
}
