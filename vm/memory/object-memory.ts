/**
 * The object memory of a VM: one heap laid out as Spur 32-bit lays it out, with its singletons, its class table and its roots.
 *
 * Put together from HeapSpaces (the buffer and its division), Allocator (where objects come from) and ObjectAccess (headers,
 * slots, the write barrier); this file adds what needs classes. Objects move in Collector only, at safepoints.
 */
import { nameOfClass } from './class-names.ts';
import { CLASS_INDEX_MASK, FORMAT_MASK, Format, HASH_MASK, LAST_POINTER_FORMAT } from './header.ts';
import type { MoveScope } from './heap-spaces.ts';
import { integerOop, integerValueOf } from './integers.ts';
import { MournQueue } from './mourn-queue.ts';
import { ObjectAccess } from './object-access.ts';
import { NO_OOP, type Oop, smallIntegerValue } from './oop.ts';
import { fixedSlotsOfV3, instanceFormatOfV3 } from './v3-objects.ts';
import { BehaviorSlot, ClassIndex } from './well-known.ts';

export { HEAP_BASE, type MoveScope, type ObjectMemoryOptions, type RootHolder } from './heap-spaces.ts';

export const CLASS_TABLE_PAGE_ENTRIES = 1024;
const CLASS_TABLE_PAGE_SHIFT = 10;
/** Pages in the class table; the hidden roots object has 8 more slots. */
export const CLASS_TABLE_PAGES = 4096;
export const HIDDEN_ROOTS_SLOTS = CLASS_TABLE_PAGES + 8;

export class ObjectMemory extends ObjectAccess {
  false: Oop = NO_OOP;
  true: Oop = NO_OOP;
  specialObjects: Oop = NO_OOP;
  /** Spur's object of free lists. Ours are kept outside the heap (FreeLists); image files have an empty one in this place. */
  freeListsObject: Oop = NO_OOP;
  /** Pages of the class table, then 8 slots of the memory manager's own. */
  hiddenRoots: Oop = NO_OOP;
  /** The image came from V3, and sees what v3-objects.ts lists as V3 has it. */
  isV3 = false;
  /** Ephemerons and weak arrays that the image is to be told of. */
  readonly mourners = new MournQueue();
  /** What the image set of the parameters that tune other collectors (vm-parameters.ts). */
  readonly tuning = new Map<number, number>();
  /** The lowest class index that may be free. */
  private nextClassIndex: number = ClassIndex.FIRST_FREE;
  /**
   * What the class table's pages in the heap hold, so that a class is one load away: NO_OOP stands for nil. Whole pages;
   * grows with the table. `refreshClassTable` reads the pages anew after a collection, a `become:` or a load.
   */
  private classes = new Int32Array(CLASS_TABLE_PAGE_ENTRIES);

  /** Every oop that the VM holds outside the heap, the memory's own included. */
  override visitRoots(visit: (oop: Oop) => Oop): void {
    this.nil = visit(this.nil);
    this.false = visit(this.false);
    this.true = visit(this.true);
    this.specialObjects = visit(this.specialObjects);
    this.freeListsObject = visit(this.freeListsObject);
    this.hiddenRoots = visit(this.hiddenRoots);
    this.mourners.visitRoots(visit);
    super.visitRoots(visit);
  }

  /** Ends a collection or a `become:`: the class table is read anew and the root holders drop their caches. */
  override noteObjectsMoved(scope: MoveScope = 'all'): void {
    if (scope === 'all') this.refreshClassTable();
    else this.refreshYoungClasses();
    super.noteObjectsMoved(scope);
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

  /** The class of that name in the class table, or undefined: a class without instances need not stand there. */
  classNamed(name: string): Oop | undefined {
    for (const behavior of this.classes)
      if (behavior !== NO_OOP && this.nameOfClass(behavior as Oop) === name) return behavior as Oop;
    return undefined;
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
      page = this.allocateOld(ClassIndex.ARRAY_PUN, Format.INDEXABLE, CLASS_TABLE_PAGE_ENTRIES);
      this.i32.fill(this.nil, (page >> 2) + 2, (page >> 2) + 2 + CLASS_TABLE_PAGE_ENTRIES);
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

  /** As `refreshClassTable`, after a scavenge: old classes lie where they lay. */
  refreshYoungClasses(): void {
    const { classes, oldStart } = this;
    for (let index = 0; index < classes.length; index++) {
      if (classes[index]! >= oldStart || classes[index] === NO_OOP) continue;
      const page = this.fetchPointer(this.hiddenRoots, index >> CLASS_TABLE_PAGE_SHIFT);
      classes[index] = this.fetchPointer(page, index & (CLASS_TABLE_PAGE_ENTRIES - 1));
    }
  }

  /** Format of the instances of a class, from its instance specification (bits 16 to 20 of its format slot). */
  instanceFormatOf(behavior: Oop): number {
    const specification = smallIntegerValue(this.fetchPointer(behavior, BehaviorSlot.FORMAT));
    return this.isV3 ? instanceFormatOfV3(specification) : (specification >> 16) & FORMAT_MASK;
  }

  /** Count of named instance variables of a class (bits 0 to 15 of its format slot). */
  fixedSlotsOf(behavior: Oop): number {
    const specification = smallIntegerValue(this.fetchPointer(behavior, BehaviorSlot.FORMAT));
    return this.isV3 ? fixedSlotsOfV3(specification) : specification & 0xffff;
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
