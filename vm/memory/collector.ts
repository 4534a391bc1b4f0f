/**
 * The collector: marks what is alive and slides it together, in the order in which it lies. Exact, over the whole heap.
 *
 * Contract: called at a safepoint only, when every oop that lives outside the heap is visited by a root holder and every
 * context's stackp slot is up to date. All objects may move; identity hashes, contents and order stay.
 *
 * Order is kept, so the first objects of the heap (see foundation.ts) stay the first, and what is old gathers at the bottom
 * and is no longer moved. The slide needs no forwarding addresses in headers: LiveMap computes each from its bits, so
 * updating and moving are one pass over the live objects; dead ones are skipped 256 bytes at a time.
 */
import { CLASS_INDEX_MASK, FORMAT_MASK, FORMAT_SHIFT, Format, LAST_POINTER_FORMAT, OVERFLOW_SLOTS } from './header.ts';
import { LiveMap, populationCount } from './live-map.ts';
import { Marker } from './marker.ts';
import { headerLiteralCount } from './method-access.ts';
import { HEAP_BASE, type ObjectMemory } from './object-memory.ts';
import { NO_OOP, type Oop } from './oop.ts';
import { ClassIndex } from './well-known.ts';

/** Above this many words a block move is quicker than a loop. */
const BLOCK_MOVE_WORDS = 64;

export interface CollectionStatistics {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Objects that survived. */
  readonly objects: number;
  readonly microseconds: number;
}

export class Collector {
  private readonly memory: ObjectMemory;
  private readonly clockMs: () => number;
  private readonly map = new LiveMap();
  private readonly marker: Marker;

  /** `clockMs` is a monotonic clock in milliseconds, for the statistics. */
  constructor(memory: ObjectMemory, clockMs: () => number = () => performance.now()) {
    this.memory = memory;
    this.clockMs = clockMs;
    this.marker = new Marker(memory, this.map);
  }

  /** Collects, and sets the memory's next threshold. Answers what it did. */
  collect(): CollectionStatistics {
    const { memory, map, marker } = this;
    const startMs = this.clockMs();
    const heapEnd = memory.freeStart;
    map.reset(heapEnd);
    marker.markFromRoots();
    marker.clearWeakSlots();
    const newEnd = map.computeNewAddresses(heapEnd);
    memory.visitRoots((oop) => (oop === NO_OOP || (oop & 3) !== 0 ? oop : (map.newAddressOf(oop) as Oop)));
    const objects = this.slide(heapEnd);
    memory.noteCollected(newEnd);
    return {
      bytesBefore: heapEnd - HEAP_BASE,
      bytesAfter: newEnd - HEAP_BASE,
      objects,
      microseconds: Math.round((this.clockMs() - startMs) * 1000),
    };
  }

  /** Moves each live object down to its new place, its slots rewritten on the way. Answers how many there are. */
  private slide(heapEnd: number): number {
    const { map } = this;
    const i32 = this.memory.i32;
    let objects = 0;
    let target = HEAP_BASE >> 2;
    let address = map.nextLive(HEAP_BASE, heapEnd);
    while (address < heapEnd) {
      let source = address >> 2;
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
        i32[target] = low;
        i32[target + 1] = high;
        this.moveWords(source + 2 + pointers, target + 2 + pointers, words - 2 - pointers);
      }
      target += words;
      address = (source + words) << 2;
      if (address < heapEnd && !map.isMarked(address)) address = map.nextLive(address, heapEnd);
    }
    return objects;
  }

  private movePointers(from: number, to: number, count: number): void {
    const i32 = this.memory.i32;
    const { bits, granulesBefore, firstGap } = this.map;
    for (let i = 0; i < count; i++) {
      let oop = i32[from + i]!;
      if ((oop & 3) === 0 && oop >= firstGap) {
        const word = oop >> 8;
        oop = (granulesBefore[word]! + populationCount(bits[word]! & ~(-1 << ((oop >> 3) & 31)))) << 3;
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
