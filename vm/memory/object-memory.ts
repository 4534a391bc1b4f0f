/**
 * The object memory: one flat heap in an ArrayBuffer, laid out as Spur 32-bit lays it out, seen through typed arrays.
 *
 * Contract: an allocation never collects and never moves an object. It takes from the space above `freeStart`, and once
 * that passes `collectionThreshold` it raises `collectionWanted`, which the interpreter looks at in its next safepoint.
 * Between two safepoints an oop in a JavaScript local stays valid. Allocations of a fixed small size always succeed: a
 * reserve stands above `allocationLimit` for them. Whoever allocates a size that a program chose asks `hasRoomFor` first.
 *
 * The address space is reserved at once; the operating system backs a page when it is first touched.
 */
import { VMBug } from '../vm-bug.ts';
import { nameOfClass } from './class-names.ts';
import {
  CLASS_INDEX_MASK,
  FORMAT_MASK,
  FORMAT_SHIFT,
  Format,
  HASH_MASK,
  HEADER_BYTES,
  headerLow,
  IMMUTABLE_BIT,
  LAST_POINTER_FORMAT,
  OVERFLOW_SLOTS,
  SLOT_COUNT_SHIFT,
} from './header.ts';
import { integerOop, integerValueOf } from './integers.ts';
import { NO_OOP, type Oop, smallIntegerValue } from './oop.ts';
import { BehaviorSlot, ClassIndex } from './well-known.ts';

/** Where the first object lies; below it is nothing, so that small integers used as addresses by mistake hit no object. */
export const HEAP_BASE = 4096;
/** Room above the limit that fixed-size allocations may use between two safepoints. */
const RESERVE_BYTES = 1 << 20;
const DEFAULT_MAX_BYTES = 1 << 30;
const DEFAULT_COLLECTION_INTERVAL_BYTES = 32 << 20;

export const CLASS_TABLE_PAGE_ENTRIES = 1024;
const CLASS_TABLE_PAGE_SHIFT = 10;
/** Pages in the class table; the hidden roots object has 8 more slots. */
export const CLASS_TABLE_PAGES = 4096;
export const HIDDEN_ROOTS_SLOTS = CLASS_TABLE_PAGES + 8;

/**
 * Something that holds oops outside the heap. `visit` answers where the object is now; the holder stores that back. It may
 * be asked several times in one collection. Slots that hold NO_OOP are not to be visited.
 */
export interface RootHolder {
  visitRoots(visit: (oop: Oop) => Oop): void;
  /** Called once after objects moved or were exchanged: the time to drop caches that are keyed by oop. */
  objectsMoved?(): void;
}

export interface ObjectMemoryOptions {
  /** The most the heap may grow to, in bytes; address space only. Default 1 GiB; at most 2 GiB - 8. */
  readonly maxBytes?: number;
  /** How many bytes may be allocated before a collection is asked for. Default 32 MiB. */
  readonly collectionIntervalBytes?: number;
}

export class ObjectMemory {
  readonly buffer: ArrayBuffer;
  /** The heap as words: index `oop >> 2`. */
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly f64: Float64Array;
  readonly u16: Uint16Array;

  /** The first free byte; objects lie in [HEAP_BASE, freeStart). */
  freeStart = HEAP_BASE;
  /** Sizes that a program chose stay below this. */
  readonly allocationLimit: number;
  collectionThreshold: number;
  readonly collectionIntervalBytes: number;
  /** Set by an allocation, cleared by the collector. */
  collectionWanted = false;

  nil: Oop = NO_OOP;
  false: Oop = NO_OOP;
  true: Oop = NO_OOP;
  specialObjects: Oop = NO_OOP;
  /** Spur's table of free chunks. Always empty here, kept because image files have it in this place. */
  freeLists: Oop = NO_OOP;
  /** Pages of the class table, then 8 slots of the memory manager's own. */
  hiddenRoots: Oop = NO_OOP;
  /** State of the identity hash generator; saved in images. */
  lastHash = 999;
  /** The lowest class index that may be free. */
  private nextClassIndex: number = ClassIndex.FIRST_FREE;
  /**
   * What the class table's pages in the heap hold, so that a class is one load away: NO_OOP stands for nil. Whole pages;
   * grows with the table. `refreshClassTable` reads the pages anew after a collection, a `become:` or a load.
   */
  private classes = new Int32Array(CLASS_TABLE_PAGE_ENTRIES);
  private readonly rootHolders = new Set<RootHolder>();

  constructor(options: ObjectMemoryOptions = {}) {
    const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    if (maxBytes < 2 * RESERVE_BYTES || maxBytes > 2 ** 31 - 8)
      throw new RangeError(`heap limit is ${maxBytes} bytes, expected ${2 * RESERVE_BYTES} to ${2 ** 31 - 8}`);
    this.buffer = new ArrayBuffer((maxBytes + 7) & ~7);
    this.i32 = new Int32Array(this.buffer);
    this.u8 = new Uint8Array(this.buffer);
    this.f64 = new Float64Array(this.buffer);
    this.u16 = new Uint16Array(this.buffer);
    this.allocationLimit = this.buffer.byteLength - RESERVE_BYTES;
    this.collectionIntervalBytes = options.collectionIntervalBytes ?? DEFAULT_COLLECTION_INTERVAL_BYTES;
    this.collectionThreshold = Math.min(this.allocationLimit, HEAP_BASE + this.collectionIntervalBytes);
  }

  // Roots outside the heap

  addRootHolder(holder: RootHolder): void {
    this.rootHolders.add(holder);
  }

  removeRootHolder(holder: RootHolder): void {
    this.rootHolders.delete(holder);
  }

  /** Every oop that the VM holds outside the heap, the memory's own included. */
  visitRoots(visit: (oop: Oop) => Oop): void {
    this.nil = visit(this.nil);
    this.false = visit(this.false);
    this.true = visit(this.true);
    this.specialObjects = visit(this.specialObjects);
    this.freeLists = visit(this.freeLists);
    this.hiddenRoots = visit(this.hiddenRoots);
    for (const holder of this.rootHolders) holder.visitRoots(visit);
  }

  /**
   * Ends a collection that left the heap up to `newEnd` in use. The next one is due when as much again as half of that, or
   * the interval where it is more, has been allocated: the time for collections stays in proportion to allocation. Near the
   * limit it is due at the limit, and beyond that a few times before the reserve is used up, not at each allocation.
   */
  noteCollected(newEnd: number): void {
    this.freeStart = newEnd;
    const untilNext = Math.max(this.collectionIntervalBytes, (newEnd - HEAP_BASE) >> 1);
    const wanted = Math.min(this.allocationLimit, newEnd + untilNext);
    this.collectionThreshold = Math.max(newEnd + RESERVE_BYTES / 4, wanted);
    this.collectionWanted = false;
    this.noteObjectsMoved();
  }

  /** Ends a load that filled the heap up to `freeStart` and set the roots. */
  noteLoaded(): void {
    this.noteCollected(this.freeStart);
  }

  /** Ends a collection or a `become:`: the class table is read anew and the root holders drop their caches. */
  noteObjectsMoved(): void {
    this.refreshClassTable();
    for (const holder of this.rootHolders) holder.objectsMoved?.();
  }

  // Allocation

  /** Bytes that an object with `slotCount` slots takes, header and overflow word included. */
  static bytesFor(slotCount: number): number {
    const body = slotCount < 2 ? 8 : ((slotCount + 1) & ~1) << 2;
    return body + (slotCount < OVERFLOW_SLOTS ? HEADER_BYTES : 2 * HEADER_BYTES);
  }

  /** True when an object of `slotCount` slots can be allocated now. If not, asks for a collection. */
  hasRoomFor(slotCount: number): boolean {
    if (slotCount < 2 ** 29 && this.freeStart + ObjectMemory.bytesFor(slotCount) <= this.allocationLimit) return true;
    this.collectionWanted = true;
    return false;
  }

  /**
   * A new object whose slots are not yet written: the caller fills all of them before the next safepoint.
   * Contract: the size is fixed and small, or `hasRoomFor` answered true.
   */
  allocateUnfilled(classIndex: number, format: number, slotCount: number): Oop {
    let oop = this.freeStart;
    const end = oop + ObjectMemory.bytesFor(slotCount);
    if (end > this.collectionThreshold) this.notePressure(end);
    this.freeStart = end;
    const i32 = this.i32;
    // The last 8 bytes hold what padding there is: zero, so that equal heaps make equal image files.
    i32[(end >> 2) - 2] = 0;
    i32[(end >> 2) - 1] = 0;
    if (slotCount >= OVERFLOW_SLOTS) {
      i32[oop >> 2] = slotCount;
      i32[(oop >> 2) + 1] = OVERFLOW_SLOTS << SLOT_COUNT_SHIFT;
      oop += HEADER_BYTES;
      i32[(oop >> 2) + 1] = OVERFLOW_SLOTS << SLOT_COUNT_SHIFT;
    } else {
      i32[(oop >> 2) + 1] = slotCount << SLOT_COUNT_SHIFT;
    }
    i32[oop >> 2] = headerLow(classIndex, format);
    return oop as Oop;
  }

  /** A new object with all slots nil. Contract as `allocateUnfilled`. */
  allocatePointers(classIndex: number, format: number, slotCount: number): Oop {
    const oop = this.allocateUnfilled(classIndex, format, slotCount);
    const first = (oop >> 2) + 2;
    this.i32.fill(this.nil, first, first + slotCount);
    return oop;
  }

  /** A new object with all bits zero. `format` carries the count of unused bytes, where it has one. */
  allocateBits(classIndex: number, format: number, slotCount: number): Oop {
    const oop = this.allocateUnfilled(classIndex, format, slotCount);
    const first = (oop >> 2) + 2;
    this.i32.fill(0, first, first + slotCount);
    return oop;
  }

  /** A new byte object of `byteCount` zero bytes. */
  allocateBytes(classIndex: number, byteCount: number): Oop {
    return this.allocateBits(classIndex, Format.BYTES + (-byteCount & 3), (byteCount + 3) >> 2);
  }

  private notePressure(end: number): void {
    this.collectionWanted = true;
    if (end > this.buffer.byteLength)
      throw new VMBug(
        'reserve-exhausted',
        `the allocation reserve of ${RESERVE_BYTES} bytes is used up between safepoints`,
        {
          freeStart: this.freeStart,
          wanted: end - this.freeStart,
        },
      );
  }

  // Headers. Contract for all: `oop` is no immediate.

  classIndexOfObject(oop: Oop): number {
    return this.i32[oop >> 2]! & CLASS_INDEX_MASK;
  }

  setClassIndex(oop: Oop, classIndex: number): void {
    const word = oop >> 2;
    this.i32[word] = (this.i32[word]! & ~CLASS_INDEX_MASK) | classIndex;
  }

  formatOf(oop: Oop): number {
    return (this.i32[oop >> 2]! >> FORMAT_SHIFT) & FORMAT_MASK;
  }

  slotCountOf(oop: Oop): number {
    const count = this.i32[(oop >> 2) + 1]! >>> SLOT_COUNT_SHIFT;
    return count === OVERFLOW_SLOTS ? this.i32[(oop >> 2) - 2]! : count;
  }

  isImmutable(oop: Oop): boolean {
    return (this.i32[oop >> 2]! & IMMUTABLE_BIT) !== 0;
  }

  setImmutable(oop: Oop, immutable: boolean): void {
    if (immutable) this.i32[oop >> 2]! |= IMMUTABLE_BIT;
    else this.i32[oop >> 2]! &= ~IMMUTABLE_BIT;
  }

  /** The 22-bit identity hash, made up when first asked for; never 0. */
  identityHashOf(oop: Oop): number {
    const word = (oop >> 2) + 1;
    const hash = this.i32[word]! & HASH_MASK;
    if (hash !== 0) return hash;
    const fresh = this.newHash();
    this.i32[word]! |= fresh;
    return fresh;
  }

  /** The identity hash as it stands in the header; 0 when none was made up yet. */
  hashBitsOf(oop: Oop): number {
    return this.i32[(oop >> 2) + 1]! & HASH_MASK;
  }

  /** Contract: only for classes, whose hash is their class index, and for a new object's hash. */
  setIdentityHash(oop: Oop, hash: number): void {
    const word = (oop >> 2) + 1;
    this.i32[word] = (this.i32[word]! & ~HASH_MASK) | hash;
  }

  /** Spur's generator: a linear congruence whose upper bits are used. */
  private newHash(): number {
    let hash: number;
    do {
      this.lastHash = (Math.imul(this.lastHash, 16807) + 1) >>> 0;
      hash = (this.lastHash ^ (this.lastHash >>> 4)) & HASH_MASK;
    } while (hash === 0);
    return hash;
  }

  // Slots

  fetchPointer(oop: Oop, slotIndex: number): Oop {
    return this.i32[(oop >> 2) + 2 + slotIndex]! as Oop;
  }

  /** Every store of a pointer into an object that may be old goes through here: it is the place of the write barrier. */
  storePointer(oop: Oop, slotIndex: number, value: Oop): void {
    this.i32[(oop >> 2) + 2 + slotIndex] = value;
  }

  /** Byte offset of the object's first body byte. */
  bodyOf(oop: Oop): number {
    return oop + HEADER_BYTES;
  }

  isPointers(oop: Oop): boolean {
    return this.formatOf(oop) <= LAST_POINTER_FORMAT;
  }

  isBytes(oop: Oop): boolean {
    const format = this.formatOf(oop);
    return format >= Format.BYTES && format < Format.COMPILED_METHOD;
  }

  isCompiledMethod(oop: Oop): boolean {
    return this.formatOf(oop) >= Format.COMPILED_METHOD;
  }

  /** Bytes in a byte object or compiled method (literals included). */
  byteSizeOf(oop: Oop): number {
    return (this.slotCountOf(oop) << 2) - (this.formatOf(oop) & 3);
  }

  /** A view of a byte object's bytes; valid until the next safepoint. */
  bytesOf(oop: Oop): Uint8Array {
    const start = this.bodyOf(oop);
    return this.u8.subarray(start, start + this.byteSizeOf(oop));
  }

  floatValueOf(oop: Oop): number {
    return this.f64[(oop >> 3) + 1]!;
  }

  // Classes

  /** The class table's index of the class of any oop. */
  classIndexOf(oop: Oop): number {
    const tag = oop & 3;
    if (tag === 0) return this.i32[oop >> 2]! & CLASS_INDEX_MASK;
    return tag === 2 ? ClassIndex.CHARACTER : ClassIndex.SMALL_INTEGER;
  }

  classOf(oop: Oop): Oop {
    return this.classAt(this.classIndexOf(oop));
  }

  /** The class with that index, or nil where the table has none. */
  classAt(classIndex: number): Oop {
    const behavior = classIndex < this.classes.length ? this.classes[classIndex]! : NO_OOP;
    return (behavior === NO_OOP ? this.nil : behavior) as Oop;
  }

  /** The index that instances of `behavior` carry; enters the class where it has none yet. */
  indexOfClass(behavior: Oop): number {
    const hash = this.i32[(behavior >> 2) + 1]! & HASH_MASK;
    if (hash !== 0 && this.classAt(hash) === behavior) return hash;
    let index = this.nextClassIndex;
    while (this.classAt(index) !== this.nil) index++;
    this.enterClass(behavior, index);
    this.nextClassIndex = index + 1;
    return index;
  }

  /** Puts a class into the table and makes the index its identity hash. Used by the builder for fixed indices. */
  enterClass(behavior: Oop, classIndex: number): void {
    const pageIndex = classIndex >> CLASS_TABLE_PAGE_SHIFT;
    const page = this.ensureClassTablePage(pageIndex);
    this.storePointer(page, classIndex & (CLASS_TABLE_PAGE_ENTRIES - 1), behavior);
    this.classes[classIndex] = behavior === this.nil ? NO_OOP : behavior;
    this.setIdentityHash(behavior, classIndex);
  }

  /** The class table's page, allocated when the table does not have it yet. */
  ensureClassTablePage(pageIndex: number): Oop {
    const wanted = (pageIndex + 1) * CLASS_TABLE_PAGE_ENTRIES;
    if (this.classes.length < wanted) {
      const grown = new Int32Array(Math.max(wanted, 2 * this.classes.length));
      grown.set(this.classes);
      this.classes = grown;
    }
    let page = this.fetchPointer(this.hiddenRoots, pageIndex);
    if (page === this.nil) {
      page = this.allocatePointers(ClassIndex.ARRAY_PUN, Format.INDEXABLE, CLASS_TABLE_PAGE_ENTRIES);
      this.storePointer(this.hiddenRoots, pageIndex, page);
    }
    return page;
  }

  /** Reads the class table's pages anew. Whoever moves or exchanges classes calls it. */
  refreshClassTable(): void {
    let pageCount = CLASS_TABLE_PAGES;
    while (pageCount > 1 && this.fetchPointer(this.hiddenRoots, pageCount - 1) === this.nil) pageCount--;
    if (this.classes.length < pageCount * CLASS_TABLE_PAGE_ENTRIES)
      this.classes = new Int32Array(pageCount * CLASS_TABLE_PAGE_ENTRIES);
    this.classes.fill(NO_OOP);
    for (let pageIndex = 0; pageIndex < pageCount; pageIndex++) {
      const page = this.fetchPointer(this.hiddenRoots, pageIndex);
      if (page === this.nil) continue;
      const first = (page >> 2) + 2;
      const base = pageIndex * CLASS_TABLE_PAGE_ENTRIES;
      for (let entry = 0; entry < CLASS_TABLE_PAGE_ENTRIES; entry++) {
        const behavior = this.i32[first + entry]!;
        if (behavior !== this.nil) this.classes[base + entry] = behavior;
      }
    }
  }

  /** Format of the instances of a class, from its instance specification (bits 16 to 20 of its format slot). */
  instanceFormatOf(behavior: Oop): number {
    return (smallIntegerValue(this.fetchPointer(behavior, BehaviorSlot.FORMAT)) >> 16) & FORMAT_MASK;
  }

  /** Count of named instance variables of a class (bits 0 to 15 of its format slot). */
  fixedSlotsOf(behavior: Oop): number {
    return smallIntegerValue(this.fetchPointer(behavior, BehaviorSlot.FORMAT)) & 0xffff;
  }

  /**
   * A new instance of `behavior` with `indexableSize` indexed elements (words, bytes or slots as its format says; 0 where
   * it has none), nil or zero in all. Answers NO_OOP when there is no room. Contract: the format allows the size.
   */
  instantiate(behavior: Oop, indexableSize = 0): Oop {
    const format = this.instanceFormatOf(behavior);
    const fixed = this.fixedSlotsOf(behavior);
    const classIndex = this.indexOfClass(behavior);
    if (format <= LAST_POINTER_FORMAT) {
      const slots = fixed + indexableSize;
      return this.hasRoomFor(slots) ? this.allocatePointers(classIndex, format, slots) : NO_OOP;
    }
    const slots =
      format >= Format.BYTES
        ? Math.ceil(indexableSize / 4)
        : format >= Format.BITS_16
          ? Math.ceil(indexableSize / 2)
          : format >= Format.BITS_32
            ? indexableSize
            : indexableSize * 2;
    if (!this.hasRoomFor(slots)) return NO_OOP;
    const unused = format >= Format.BYTES ? -indexableSize & 3 : format >= Format.BITS_16 ? -indexableSize & 1 : 0;
    return this.allocateBits(
      classIndex,
      (format & ~(format >= Format.BYTES ? 7 : format >= Format.BITS_16 ? 3 : 0)) | unused,
      slots,
    );
  }

  // Common objects

  specialObject(index: number): Oop {
    return this.fetchPointer(this.specialObjects, index);
  }

  booleanOop(value: boolean): Oop {
    return value ? this.true : this.false;
  }

  newFloat(value: number): Oop {
    const oop = this.allocateUnfilled(ClassIndex.FLOAT, Format.BITS_32, 2);
    this.f64[(oop >> 3) + 1] = value;
    return oop;
  }

  newArray(slotCount: number): Oop {
    return this.allocatePointers(ClassIndex.ARRAY, Format.INDEXABLE, slotCount);
  }

  /** A ByteString of the low bytes of `text`'s characters (Latin-1). Contract: `hasRoomFor` was asked for long texts. */
  newByteString(text: string): Oop {
    const oop = this.allocateBytes(ClassIndex.BYTE_STRING, text.length);
    const body = this.bodyOf(oop);
    for (let i = 0; i < text.length; i++) this.u8[body + i] = text.charCodeAt(i);
    return oop;
  }

  /** The characters of a byte string or symbol, or of a 32-bit-per-character string, as a JavaScript string. */
  stringValueOf(oop: Oop): string {
    if (this.isBytes(oop)) {
      let text = '';
      for (const byte of this.bytesOf(oop)) text += String.fromCharCode(byte);
      return text;
    }
    const first = (oop >> 2) + 2;
    let text = '';
    for (let i = 0; i < this.slotCountOf(oop); i++) {
      const codePoint = this.i32[first + i]! >>> 0;
      text += codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : '\ufffd';
    }
    return text;
  }

  /** The name of an object's class, for printers and messages. */
  classNameOf(oop: Oop): string {
    return nameOfClass(this, this.classOf(oop));
  }

  /** The name of a class or metaclass (`Point class`). Answers a description where the object is no class. */
  nameOfClass(behavior: Oop): string {
    return nameOfClass(this, behavior);
  }

  // Integers of any size

  /** The value of a SmallInteger or LargeInteger, or undefined for anything else. */
  integerValueOf(oop: Oop): bigint | undefined {
    return integerValueOf(this, oop);
  }

  /** The normalized integer object, as small as can be. Answers NO_OOP when there is no room. */
  integerOop(value: bigint): Oop {
    return integerOop(this, value);
  }
}
