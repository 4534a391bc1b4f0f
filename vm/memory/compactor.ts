/**
 * Slides what the marker found alive together, in the order in which it lies, and updates every slot on the way.
 *
 * Order is kept, so the first objects of old space (see foundation.ts) stay the first, and what is old gathers at the bottom
 * and is no longer moved. The slide needs no forwarding addresses in headers: LiveMap computes each from its bits, so
 * updating and moving are one pass over the live objects; dead ones are skipped 256 bytes at a time.
 *
 * A pinned object stays. What lies between two pinned ones slides down within that space, and the gap that is left in front
 * of the second becomes a free chunk. A gap of 8 bytes, too small for a chunk, cannot come to be: the space was full
 * of objects and chunks of at least 16 bytes each, and some of those are what is free now.
 */
import {
  CLASS_INDEX_MASK,
  FORMAT_MASK,
  FORMAT_SHIFT,
  Format,
  LAST_POINTER_FORMAT,
  OVERFLOW_SLOTS,
  PINNED_BIT,
  REMEMBERED_BIT,
} from './header.ts';
import { type LiveMap, populationCount } from './live-map.ts';
import { headerLiteralCount } from './method-access.ts';
import type { ObjectMemory } from './object-memory.ts';
import { liveSlotsOf } from './object-parts.ts';
import { forEachYoungObject } from './object-walk.ts';
import { NO_OOP, type Oop } from './oop.ts';
import { ClassIndex } from './well-known.ts';

/** Above this many words a block move is quicker than a loop. */
const BLOCK_MOVE_WORDS = 64;

export class Compactor {
  private readonly memory: ObjectMemory;
  private readonly map: LiveMap;

  constructor(memory: ObjectMemory, map: LiveMap) {
    this.memory = memory;
    this.map = map;
  }

  /**
   * Compacts old space. Contract: `map` holds what is alive, `pinned` the pinned objects among that. What lies in new space
   * stays there and has its slots updated; the remembered set is the caller's to make anew. Answers where old space ends
   * then, and how many objects there are.
   */
  compact(pinned: readonly Oop[]): { newEnd: number; objects: number } {
    const { memory, map } = this;
    const heapEnd = memory.freeStart;
    const starts = Int32Array.from(pinned, (oop) => this.startOf(oop)).sort();
    const newEnd = map.computeNewAddresses(memory.oldStart, heapEnd, starts);
    memory.visitRoots((oop) => (oop === NO_OOP || (oop & 3) !== 0 ? oop : (map.newAddressOf(oop) as Oop)));
    forEachYoungObject(memory, (oop) => {
      const first = (oop >> 2) + 2;
      this.movePointers(first, first, liveSlotsOf(memory, oop));
    });
    memory.freeLists.clear();
    memory.remembered.clear();
    return { newEnd, objects: this.slide(heapEnd) };
  }

  private startOf(oop: Oop): number {
    return this.memory.slotCountOf(oop) < OVERFLOW_SLOTS ? oop : oop - 8;
  }

  /** Moves each live object down to its new place, its slots rewritten on the way. Answers how many there are. */
  private slide(heapEnd: number): number {
    const { map } = this;
    const i32 = this.memory.i32;
    let objects = 0;
    let target = this.memory.oldStart >> 2;
    let address = map.nextLive(this.memory.oldStart, heapEnd);
    while (address < heapEnd) {
      let source = address >> 2;
      if (this.isPinnedAt(source) && source !== target) {
        this.memory.freeLists.add(i32, target << 2, (source - target) << 2);
        target = source;
      }
      let slotCount = i32[source + 1]! >>> 24;
      if (slotCount === OVERFLOW_SLOTS) {
        slotCount = i32[source]!;
        i32[target] = slotCount;
        i32[target + 1] = i32[source + 1]!;
        source += 2;
        target += 2;
      }
      const words = 2 + (slotCount < 2 ? 2 : (slotCount + 1) & ~1);
      // Both words are read first: the target's slots may lie over the source's header.
      const low = i32[source]!;
      const high = i32[source + 1]!;
      const format = (low >> FORMAT_SHIFT) & FORMAT_MASK;
      let pointers = 0;
      if (format <= LAST_POINTER_FORMAT) pointers = slotCount;
      else if (format >= Format.COMPILED_METHOD) pointers = 1 + headerLiteralCount(i32[source + 2]! >> 1);
      if ((low & CLASS_INDEX_MASK) !== ClassIndex.FREE) objects++;
      if (pointers > 0) this.movePointers(source + 2, target + 2, pointers);
      if (source !== target) {
        i32[target] = low & ~REMEMBERED_BIT;
        i32[target + 1] = high;
        this.moveWords(source + 2 + pointers, target + 2 + pointers, words - 2 - pointers);
      } else if ((low & REMEMBERED_BIT) !== 0) {
        i32[target] = low & ~REMEMBERED_BIT;
      }
      target += words;
      address = (source + words) << 2;
      if (address < heapEnd && !map.isMarked(address)) address = map.nextLive(address, heapEnd);
    }
    return objects;
  }

  /** `word` is where an object starts, its overflow word included. */
  private isPinnedAt(word: number): boolean {
    const i32 = this.memory.i32;
    const header = i32[word + 1]! >>> 24 === OVERFLOW_SLOTS ? word + 2 : word;
    return (i32[header]! & PINNED_BIT) !== 0;
  }

  private movePointers(from: number, to: number, count: number): void {
    const i32 = this.memory.i32;
    const { bits, granulesBefore, firstGap } = this.map;
    for (let i = 0; i < count; i++) {
      let oop = i32[from + i]!;
      if ((oop & 3) === 0 && oop >= firstGap) {
        const word = oop >> 8;
        const before = granulesBefore[word]!;
        oop =
          before < 0
            ? this.map.newAddressOf(oop)
            : (before + populationCount(bits[word]! & ~(-1 << ((oop >> 3) & 31)))) << 3;
      }
      i32[to + i] = oop;
    }
  }

  private moveWords(from: number, to: number, count: number): void {
    const i32 = this.memory.i32;
    if (count > BLOCK_MOVE_WORDS) i32.copyWithin(to, from, from + count);
    else for (let i = 0; i < count; i++) i32[to + i] = i32[from + i]!;
  }
}
