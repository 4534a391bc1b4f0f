/**
 * The heap's buffer and how it is divided. All objects lie in one ArrayBuffer, seen through typed arrays:
 *
 *     HEAP_BASE                                          oldStart                freeStart      buffer.byteLength
 *     | eden              | survivors | survivors        | old space             | free         |
 *     <-------------- new space ------------->           objects without a gap, but for free chunks
 *
 * New objects are made in eden. A scavenge copies those that live into the empty half of the survivors ("future"), which
 * then is the full one ("past"), or tenures them to old space. So an oop below `oldStart` is young: one comparison.
 * Addresses below HEAP_BASE hold nothing, so that small integers used as addresses by mistake hit no object.
 * Source: Ungar, "Generation Scavenging" (1984), in Spur's arrangement.
 *
 * Until `openNewSpace`, everything is made in old space and nothing moves: builders and readers need that.
 *
 * The buffer grows and shrinks with what old space holds, up to the heap's limit: another one takes its place, at a full
 * collection or before an image is loaded. So typed arrays are read anew after each safepoint, as oops are.
 * Why a copy and no resizable buffer: docs/decisions/0036-the-heap-grows-by-copying.md.
 */
import type { Oop } from './oop.ts';

export const HEAP_BASE = 4096;
/** Room above the limit that fixed-size allocations may use between two safepoints, beside what a scavenge may tenure. */
const RESERVE_BYTES = 1 << 20;
const DEFAULT_MAX_BYTES = 1 << 30;
const DEFAULT_COLLECTION_INTERVAL_BYTES = 32 << 20;
const DEFAULT_EDEN_BYTES = 4 << 20;
/** Eden takes no more than this part of a small heap. */
const EDEN_DIVISOR = 16;
/** Each half of the survivors has this part of eden's size. */
const SURVIVOR_DIVISOR = 5;
const PAGE_BYTES = 4096;
/** What eden keeps for allocations between the one that asks for a scavenge and the safepoint that does it. */
const MAX_EDEN_SLACK_BYTES = 64 << 10;

/** Room beyond the threshold of the next full collection, for hosts that make much between two safepoints. */
const HOST_SLACK_BYTES = 16 << 20;
const CAPACITY_UNIT = 1 << 20;

/** What moved: only young objects, or any. */
export type MoveScope = 'young' | 'all';

/**
 * Something that holds oops outside the heap. `visit` answers where the object is now; the holder stores that back. It may
 * be asked several times in one collection. Slots that hold NO_OOP are not to be visited.
 */
export interface RootHolder {
  visitRoots(visit: (oop: Oop) => Oop): void;
  /**
   * Called once after objects moved or were exchanged: the time to drop caches that are keyed by oop. After a scavenge
   * (`young`) what is old lies where it lay.
   */
  objectsMoved?(scope: MoveScope): void;
}

export interface ObjectMemoryOptions {
  /** The most the heap may grow to, in bytes, new space included. Default 1 GiB; at most 2 GiB - 8. */
  readonly maxBytes?: number;
  /** How many bytes may come to old space before a full collection is asked for. Default 32 MiB. */
  readonly collectionIntervalBytes?: number;
  /** Size of eden; 0 for a heap without new space. Default 4 MiB, less in a small heap. */
  readonly edenBytes?: number;
  /** What old space is about to be filled with, so that the first buffer fits it and nothing is copied later. */
  readonly expectedOldBytes?: number;
}

const roundUp = (bytes: number, unit: number): number => Math.ceil(bytes / unit) * unit;

export class HeapSpaces {
  buffer = new ArrayBuffer(0);
  /** The heap as words: index `oop >> 2`. */
  i32 = new Int32Array(0);
  u8 = new Uint8Array(0);
  f64 = new Float64Array(0);
  u16 = new Uint16Array(0);

  /** Eden: objects lie in [edenStart, edenFree). */
  readonly edenStart: number = HEAP_BASE;
  readonly edenEnd: number;
  edenFree: number = HEAP_BASE;
  /** Where eden counts as full and a scavenge is asked for; 0 while new space is closed. */
  edenLimit = 0;
  /** The survivors of the last scavenge: objects lie in [pastStart, pastFree). */
  pastStart: number;
  pastFree: number;
  /** The half that the next scavenge copies to; empty between scavenges. */
  futureStart: number;
  readonly survivorBytes: number;

  /** Old space: objects lie in [oldStart, freeStart). What lies below is young. */
  readonly oldStart: number;
  /** The first free byte behind all objects. */
  freeStart: number;
  /** Sizes that a program chose stay below this, as long as the buffer is what it is. */
  allocationLimit = 0;
  /** The same for the largest buffer that may be: where the heap ends for programs. */
  readonly heapLimit: number;
  readonly maxBytes: number;
  /** Once old space ends beyond this, a full collection is due. */
  collectionThreshold: number;
  readonly collectionIntervalBytes: number;
  /** What stands above `allocationLimit`: for fixed-size allocations, and for a whole new space to be tenured. */
  readonly reserveBytes: number;
  /** Set by an allocation, cleared by the collector. */
  collectionWanted = false;
  private readonly rootHolders = new Set<RootHolder>();

  constructor(options: ObjectMemoryOptions = {}) {
    const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    const wantedEden = options.edenBytes ?? Math.min(DEFAULT_EDEN_BYTES, Math.floor(maxBytes / EDEN_DIVISOR));
    const edenBytes = roundUp(wantedEden, PAGE_BYTES);
    this.survivorBytes = roundUp(edenBytes / SURVIVOR_DIVISOR, PAGE_BYTES);
    this.edenEnd = HEAP_BASE + edenBytes;
    this.pastStart = this.edenEnd;
    this.pastFree = this.pastStart;
    this.futureStart = this.pastStart + this.survivorBytes;
    this.oldStart = this.futureStart + this.survivorBytes;
    this.freeStart = this.oldStart;
    this.reserveBytes = RESERVE_BYTES + edenBytes + this.survivorBytes;
    const least = RESERVE_BYTES + this.reserveBytes + (this.oldStart - HEAP_BASE);
    if (maxBytes < least || maxBytes > 2 ** 31 - 8)
      throw new RangeError(`heap limit is ${maxBytes} bytes, expected ${least} to ${2 ** 31 - 8}`);
    this.maxBytes = (maxBytes + 7) & ~7;
    this.heapLimit = this.maxBytes - this.reserveBytes;
    this.collectionIntervalBytes = options.collectionIntervalBytes ?? DEFAULT_COLLECTION_INTERVAL_BYTES;
    this.collectionThreshold = this.thresholdFor(this.oldStart + (options.expectedOldBytes ?? 0));
    this.replaceBuffer(this.capacityFor(this.collectionThreshold));
  }

  // The buffer

  /** Where the next full collection is due when old space ends at `end` after one. */
  private thresholdFor(end: number): number {
    const untilNext = Math.max(this.collectionIntervalBytes, (end - this.oldStart) >> 1);
    return Math.max(end + RESERVE_BYTES / 4, Math.min(this.heapLimit, end + untilNext));
  }

  /** The size of buffer in which old space may grow to `end`. */
  private capacityFor(end: number): number {
    return Math.min(this.maxBytes, roundUp(end + this.reserveBytes + HOST_SLACK_BYTES, CAPACITY_UNIT));
  }

  private replaceBuffer(byteCount: number): void {
    const old = this.u8;
    this.buffer = new ArrayBuffer(byteCount);
    this.i32 = new Int32Array(this.buffer);
    this.u8 = new Uint8Array(this.buffer);
    this.f64 = new Float64Array(this.buffer);
    this.u16 = new Uint16Array(this.buffer);
    // Pages of new space that nobody used are left untouched, so that they take no memory.
    for (const [start, end] of [
      [0, this.edenFree],
      [this.pastStart, this.pastFree],
      [this.oldStart, this.freeStart],
    ] as const)
      this.u8.set(old.subarray(start, end), start);
    this.allocationLimit = byteCount - this.reserveBytes;
  }

  /**
   * Makes the buffer large enough for old space to take `byteCount` bytes more, as far as the limit allows. Contract: at a
   * safepoint, or where nothing holds on to a typed array of the heap.
   */
  growFor(byteCount: number): void {
    const capacity = this.capacityFor(this.freeStart + byteCount);
    if (capacity > this.buffer.byteLength) this.replaceBuffer(capacity);
  }

  /** Ends a full collection: as much buffer as the next threshold wants, and no more than twice that. */
  private fitBuffer(): void {
    const capacity = this.capacityFor(this.collectionThreshold);
    if (capacity > this.buffer.byteLength || 2 * capacity < this.buffer.byteLength) this.replaceBuffer(capacity);
  }

  // New space

  /** From now on objects are made in eden. To be called once all that holds oops outside the heap is a root holder. */
  openNewSpace(): void {
    const edenBytes = this.edenEnd - this.edenStart;
    this.edenLimit = edenBytes === 0 ? 0 : this.edenEnd - Math.min(MAX_EDEN_SLACK_BYTES, edenBytes >> 2);
  }

  isYoung(oop: Oop): boolean {
    return oop < this.oldStart && (oop & 3) === 0;
  }

  /** Bytes of objects in new space. */
  get youngBytes(): number {
    return this.edenFree - this.edenStart + (this.pastFree - this.pastStart);
  }

  /** Bytes of objects and free chunks in old space. */
  get oldBytes(): number {
    return this.freeStart - this.oldStart;
  }

  /** Bytes that old space may still grow by, before the limit. */
  get roomBytes(): number {
    return this.heapLimit - this.freeStart;
  }

  /** Ends a scavenge: `futureFree` is where the survivors end in the half they were copied to, now the past one. */
  exchangeSurvivors(futureFree: number): void {
    const start = this.futureStart;
    this.futureStart = this.pastStart;
    this.pastStart = start;
    this.pastFree = futureFree;
    this.edenFree = this.edenStart;
  }

  // Roots outside the heap

  addRootHolder(holder: RootHolder): void {
    this.rootHolders.add(holder);
  }

  removeRootHolder(holder: RootHolder): void {
    this.rootHolders.delete(holder);
  }

  /** What the root holders hold; the memory adds its own. */
  visitRoots(visit: (oop: Oop) => Oop): void {
    for (const holder of this.rootHolders) holder.visitRoots(visit);
  }

  /** Ends a collection or a `become:`: the root holders drop their caches. */
  noteObjectsMoved(scope: MoveScope = 'all'): void {
    for (const holder of this.rootHolders) holder.objectsMoved?.(scope);
  }

  /**
   * Ends a full collection that left old space up to `newEnd` in use. The next one is due when as much again as half of
   * that, or the interval where it is more, has come to old space: the time for collections stays in proportion to
   * allocation. Near the limit it is due at the limit, and beyond that a few times before the reserve is used up, not at
   * each allocation.
   */
  noteCollected(newEnd: number): void {
    this.freeStart = newEnd;
    this.collectionThreshold = this.thresholdFor(newEnd);
    this.fitBuffer();
    this.collectionWanted = false;
    this.noteObjectsMoved('all');
  }

  /** Ends a load that filled old space up to `freeStart` and set the roots. */
  noteLoaded(): void {
    this.noteCollected(this.freeStart);
  }
}
