/**
 * Where new objects come from. In eden an allocation is an addition; all else is in `allocateElsewhere`.
 *
 * Contract: an allocation never collects and never moves an object. When eden is nearly full, or old space has grown past
 * its threshold, it raises `collectionWanted`, which the interpreter looks at in its next safepoint; what is made until
 * then goes to the slack of eden, then to old space. Between two safepoints an oop in a JavaScript local stays valid.
 * Allocations of a fixed small size always succeed: the reserve is there for them. Whoever allocates a size that a program
 * chose asks `hasRoomFor` first.
 *
 * The caller fills a new object without the write barrier. That is right because one that is made in old space is in the
 * remembered set from the start.
 */
import { VMBug } from '../vm-bug.ts';
import { FreeLists } from './free-lists.ts';
import {
  Format,
  HEADER_BYTES,
  headerLow,
  LAST_POINTER_FORMAT,
  OVERFLOW_SLOTS,
  REMEMBERED_BIT,
  SLOT_COUNT_SHIFT,
} from './header.ts';
import { HeapSpaces } from './heap-spaces.ts';
import { NO_OOP, type Oop } from './oop.ts';
import { RememberedSet } from './remembered-set.ts';

/** An object that takes more than this part of eden, and finds no room there, is made in old space at once. */
const LARGE_DIVISOR = 16;

export class Allocator extends HeapSpaces {
  nil: Oop = NO_OOP;
  readonly remembered = new RememberedSet();
  readonly freeLists = new FreeLists();
  /** A larger object that does not fit into eden is no reason for a scavenge. */
  readonly largestYoungBytes: number = (this.edenEnd - this.edenStart) / LARGE_DIVISOR;

  /** Bytes that an object with `slotCount` slots takes, header and overflow word included. */
  static bytesFor(slotCount: number): number {
    const body = slotCount < 2 ? 8 : ((slotCount + 1) & ~1) << 2;
    return body + (slotCount < OVERFLOW_SLOTS ? HEADER_BYTES : 2 * HEADER_BYTES);
  }

  /** True when an object of `slotCount` slots can be allocated now. If not, asks for a full collection that makes room. */
  hasRoomFor(slotCount: number): boolean {
    const bytes = slotCount < 2 ** 29 ? Allocator.bytesFor(slotCount) : Number.POSITIVE_INFINITY;
    if (this.edenFree + bytes <= this.edenLimit || this.freeStart + bytes <= this.allocationLimit) return true;
    this.collectionWanted = true;
    this.wantedBytes = Math.max(this.wantedBytes, bytes);
    return false;
  }
  /** The largest size that did not fit since the last full collection; that asks for one, which grows the heap if it may. */
  wantedBytes = 0;

  /**
   * A new object whose slots are not yet written: the caller fills all of them before the next safepoint.
   * Contract: the size is fixed and small, or `hasRoomFor` answered true.
   */
  allocateUnfilled(classIndex: number, format: number, slotCount: number): Oop {
    const start = this.edenFree;
    const end = start + Allocator.bytesFor(slotCount);
    if (end > this.edenLimit) return this.allocateElsewhere(classIndex, format, slotCount);
    this.edenFree = end;
    return this.writeHeader(start, end, classIndex, format, slotCount);
  }

  private writeHeader(start: number, end: number, classIndex: number, format: number, slotCount: number): Oop {
    const i32 = this.i32;
    let oop = start;
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

  /** Eden near its end, a large object that it has no room for, or no new space. */
  private allocateElsewhere(classIndex: number, format: number, slotCount: number): Oop {
    const bytes = Allocator.bytesFor(slotCount);
    if (this.edenLimit > 0 && bytes <= this.largestYoungBytes) {
      this.collectionWanted = true;
      const start = this.edenFree;
      if (start + bytes <= this.edenEnd) {
        this.edenFree = start + bytes;
        return this.writeHeader(start, start + bytes, classIndex, format, slotCount);
      }
    }
    return this.allocateOld(classIndex, format, slotCount);
  }

  /** As `allocateUnfilled`, in old space. */
  allocateOld(classIndex: number, format: number, slotCount: number): Oop {
    const bytes = Allocator.bytesFor(slotCount);
    const start = this.takeOldBytes(bytes);
    const oop = this.writeHeader(start, start + bytes, classIndex, format, slotCount);
    const holdsOops = format <= LAST_POINTER_FORMAT || format >= Format.COMPILED_METHOD;
    if (this.edenLimit > 0 && holdsOops && slotCount > 0) this.remembered.add(this.i32, oop);
    return oop;
  }

  /** Room in old space, from a free chunk or from the end. Asks for a full collection past the threshold. */
  takeOldBytes(bytes: number): number {
    if (this.freeLists.bytes >= bytes) {
      const start = this.freeLists.take(this.i32, bytes);
      if (start !== 0) return start;
    }
    const start = this.freeStart;
    const end = start + bytes;
    if (end > this.collectionThreshold) this.notePressure(end);
    this.freeStart = end;
    return start;
  }

  private notePressure(end: number): void {
    this.collectionWanted = true;
    if (end > this.buffer.byteLength)
      throw new VMBug(
        'reserve-exhausted',
        `the allocation reserve of ${this.reserveBytes} bytes is used up between safepoints`,
        { freeStart: this.freeStart, wanted: end - this.freeStart },
      );
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

  /** Puts an object into the remembered set if it is old and not in yet: what is stored there needs no barrier then. */
  remember(oop: Oop): void {
    if (oop >= this.oldStart && (this.i32[oop >> 2]! & REMEMBERED_BIT) === 0) this.remembered.add(this.i32, oop);
  }
}
