/**
 * The scavenger: collects new space. What lives is copied, breadth first, to the empty half of the survivors, or tenured to
 * old space; eden and the other half are then empty. Its time is that of what lives, however much is dead.
 *
 * Roots are what the root holders hold and the slots of remembered objects; old space is not read otherwise. A copied object
 * leaves a forwarder (FORWARDED_HEADER, the new place in its first slot), which lasts as long as the scavenge.
 *
 * Tenured is an object that survived before (it lies in the past half) when that half was more than half full, one that
 * finds no room in the future half, everything in a `flush`, and the one object that is to be pinned.
 *
 * Weak slots are looked at last, ephemerons when all else is copied: see `processEphemerons`.
 * Sources: Cheney (1970); Ungar (1984); Spur's SpurGenerationScavenger.
 */
import type { Tenured } from './gc-statistics.ts';
import {
  CLASS_INDEX_MASK,
  FORMAT_MASK,
  FORMAT_SHIFT,
  FORWARDED_HEADER,
  Format,
  LAST_POINTER_FORMAT,
  OVERFLOW_SLOTS,
  REMEMBERED_BIT,
  SLOT_COUNT_SHIFT,
} from './header.ts';
import { headerLiteralCount } from './method-access.ts';
import type { ObjectMemory } from './object-memory.ts';
import { fixedSlotsOfWeak, holdsOops, liveContextSlots, refersToYoung } from './object-parts.ts';
import { NO_OOP, type Oop } from './oop.ts';
import { ClassIndex, ContextSlot, EphemeronSlot, SpecialObject } from './well-known.ts';

/** Above this many words a block move is quicker than a loop. */
const BLOCK_MOVE_WORDS = 48;
const INITIAL_PENDING = 1 << 12;

export interface ScavengeOptions {
  /** Tenure everything: new space is empty afterwards. */
  readonly flush?: boolean;
  /** An object to be tenured whatever its age. */
  readonly tenure?: Oop;
}

export class Scavenger {
  private readonly memory: ObjectMemory;
  private i32: Int32Array;
  private futureFree = 0;
  private futureEnd = 0;
  private flush = false;
  /** True when objects of the past half are tenured. */
  private tenurePast = false;
  private tenureOop: number = NO_OOP;
  /** Objects with slots that were tenured and not yet scanned; a stack. */
  private pending = new Int32Array(INITIAL_PENDING);
  private pendingCount = 0;
  /** Ephemerons whose key was not reached yet. */
  private ephemerons: Oop[] = [];
  private readonly weakObjects: Oop[] = [];
  /** Old weak arrays and ephemerons: what they refer to is known at the end only. */
  private readonly doubtful: Oop[] = [];
  private tenuredBytes = 0;
  private tenuredObjects = 0;

  constructor(memory: ObjectMemory) {
    this.memory = memory;
    this.i32 = memory.i32;
  }

  /** What the last scavenge moved to old space. */
  get tenured(): Tenured {
    return { objects: this.tenuredObjects, bytes: this.tenuredBytes };
  }

  /** Contract: at a safepoint, registers written back. Answers the bytes that stay in new space. */
  scavenge({ flush = false, tenure = NO_OOP }: ScavengeOptions = {}): number {
    const { memory } = this;
    this.i32 = memory.i32;
    this.futureFree = memory.futureStart;
    this.futureEnd = memory.futureStart + memory.survivorBytes;
    this.flush = flush;
    this.tenurePast = memory.pastFree - memory.pastStart > memory.survivorBytes / 2;
    this.tenureOop = tenure;
    this.tenuredBytes = 0;
    this.tenuredObjects = 0;
    this.ephemerons = [];
    this.weakObjects.length = 0;
    this.doubtful.length = 0;
    memory.visitRoots((oop) => this.visitRoot(oop));
    this.scanRemembered();
    this.scanCopied(memory.futureStart);
    this.processEphemerons();
    this.processWeakObjects();
    this.settleDoubtful();
    const survivingBytes = this.futureFree - memory.futureStart;
    memory.exchangeSurvivors(this.futureFree);
    return survivingBytes;
  }

  private visitRoot(oop: Oop): Oop {
    if ((oop & 3) !== 0 || oop >= this.memory.oldStart || oop === NO_OOP) return oop;
    if (oop >= this.memory.futureStart && oop < this.futureEnd) return oop;
    return this.newPlaceOf(oop) as Oop;
  }

  /** Contract: `oop` lies in eden or the past half. */
  private newPlaceOf(oop: number): number {
    const word = oop >> 2;
    return this.i32[word] === FORWARDED_HEADER ? this.i32[word + 2]! : this.copy(oop);
  }

  private copy(oop: number): number {
    const { i32, memory } = this;
    const word = oop >> 2;
    let slotCount = i32[word + 1]! >>> SLOT_COUNT_SHIFT;
    let from = word;
    let headerBytes = 0;
    if (slotCount === OVERFLOW_SLOTS) {
      slotCount = i32[word - 2]!;
      from -= 2;
      headerBytes = 8;
    }
    const words = 2 + (headerBytes >> 2) + (slotCount < 2 ? 2 : (slotCount + 1) & ~1);
    const isPast = oop >= memory.pastStart && oop < memory.pastFree;
    let start = this.futureFree;
    const end = start + (words << 2);
    const staysYoung = !this.flush && !(isPast && this.tenurePast) && oop !== this.tenureOop && end <= this.futureEnd;
    if (staysYoung) this.futureFree = end;
    else start = this.tenure(words << 2);
    const to = start >> 2;
    if (words > BLOCK_MOVE_WORDS) i32.copyWithin(to, from, from + words);
    else for (let i = 0; i < words; i++) i32[to + i] = i32[from + i]!;
    const copy = start + headerBytes;
    if (!staysYoung && holdsOops(i32[word]!) && slotCount > 0) this.pushPending(copy);
    i32[word] = FORWARDED_HEADER;
    i32[word + 2] = copy;
    return copy;
  }

  private tenure(bytes: number): number {
    this.tenuredBytes += bytes;
    this.tenuredObjects++;
    return this.memory.takeOldBytes(bytes);
  }

  private pushPending(oop: number): void {
    if (this.pendingCount === this.pending.length) {
      const grown = new Int32Array(2 * this.pending.length);
      grown.set(this.pending);
      this.pending = grown;
    }
    this.pending[this.pendingCount++] = oop;
  }

  /** Makes the slots right; true when one of them is young afterwards. */
  private scanSlots(first: number, count: number): boolean {
    const i32 = this.i32;
    const { oldStart, futureStart } = this.memory;
    const futureEnd = this.futureEnd;
    let isYoung = false;
    for (let slot = first; slot < first + count; slot++) {
      const value = i32[slot]!;
      if ((value & 3) !== 0 || value >= oldStart) continue;
      // What was scanned before, as the slots of a fired ephemeron may be, lies in the future half already.
      if (value >= futureStart && value < futureEnd) {
        isYoung = true;
        continue;
      }
      const header = value >> 2;
      const moved = i32[header] === FORWARDED_HEADER ? i32[header + 2]! : this.copy(value);
      i32[slot] = moved;
      if (moved < oldStart) isYoung = true;
    }
    return isYoung;
  }

  /** Makes right what the object holds; true when it refers to something young, or may yet. */
  private scan(oop: number): boolean {
    const i32 = this.i32;
    const header = oop >> 2;
    const low = i32[header]!;
    const format = (low >> FORMAT_SHIFT) & FORMAT_MASK;
    if (format >= Format.COMPILED_METHOD)
      return this.scanSlots(header + 2, 1 + headerLiteralCount(i32[header + 2]! >> 1));
    if (format > LAST_POINTER_FORMAT) return false;
    const inHeader = i32[header + 1]! >>> SLOT_COUNT_SHIFT;
    const slotCount = inHeader === OVERFLOW_SLOTS ? i32[header - 2]! : inHeader;
    if (format < Format.WEAK_INDEXABLE) {
      const isContext = (low & CLASS_INDEX_MASK) === ClassIndex.CONTEXT && slotCount >= ContextSlot.STACK;
      const live = isContext ? liveContextSlots(i32[header + 2 + ContextSlot.STACKP]!, slotCount) : slotCount;
      return this.scanSlots(header + 2, live);
    }
    if (oop >= this.memory.oldStart) this.doubtful.push(oop as Oop);
    if (format === Format.WEAK_INDEXABLE) {
      this.weakObjects.push(oop as Oop);
      this.scanSlots(header + 2, fixedSlotsOfWeak(this.memory, oop as Oop));
      return true;
    }
    if (slotCount === 0) return false;
    if (this.isReached(i32[header + 2 + EphemeronSlot.KEY]!)) return this.scanSlots(header + 2, slotCount);
    this.ephemerons.push(oop as Oop);
    return true;
  }

  /** True for what is old, immediate, or copied already. */
  private isReached(oop: number): boolean {
    if ((oop & 3) !== 0 || oop >= this.memory.oldStart) return true;
    if (oop >= this.memory.futureStart && oop < this.futureEnd) return true;
    return this.i32[oop >> 2] === FORWARDED_HEADER;
  }

  /** Scans the members, and takes out those that refer to nothing young any more. Those that come in later were scanned. */
  private scanRemembered(): void {
    const { remembered } = this.memory;
    const i32 = this.i32;
    const count = remembered.count;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const oop = remembered.members[i]!;
      if (this.scan(oop)) remembered.members[kept++] = oop;
      else i32[oop >> 2]! &= ~REMEMBERED_BIT;
    }
    remembered.count = kept;
  }

  /** Scans what was copied, from `scan` in the future half on, and what was tenured, until there is no more. */
  private scanCopied(from: number): number {
    const { memory } = this;
    let address = from;
    for (;;) {
      while (this.pendingCount > 0) {
        const oop = this.pending[--this.pendingCount]!;
        if (this.scan(oop)) memory.remember(oop as Oop);
      }
      if (address >= this.futureFree) return address;
      address = this.scanNext(address);
    }
  }

  /** Scans the object that starts at `address`; answers where the next one does. */
  private scanNext(address: number): number {
    const i32 = this.i32;
    let oop = address;
    let slotCount = i32[(oop >> 2) + 1]! >>> SLOT_COUNT_SHIFT;
    if (slotCount === OVERFLOW_SLOTS) {
      slotCount = i32[oop >> 2]!;
      oop += 8;
    }
    this.scan(oop);
    return oop + 8 + (slotCount < 2 ? 8 : ((slotCount + 1) & ~1) << 2);
  }

  /**
   * Ephemerons whose key was reached by another way hold what they refer to; that may reach further keys. When there are no
   * such left, nothing but ephemerons holds the others' keys: those are fired, all at once, and hold what they refer to.
   */
  private processEphemerons(): void {
    const { memory, i32 } = this;
    while (this.ephemerons.length > 0) {
      const before = this.futureFree;
      const waiting = this.ephemerons;
      this.ephemerons = [];
      const reached: Oop[] = [];
      for (const oop of waiting) {
        const key = i32[(oop >> 2) + 2 + EphemeronSlot.KEY]!;
        if (this.isReached(key)) reached.push(oop);
        else this.ephemerons.push(oop);
      }
      if (reached.length === 0) for (const oop of this.fire()) reached.push(oop);
      for (const oop of reached) if (this.scanSlots((oop >> 2) + 2, memory.slotCountOf(oop))) memory.remember(oop);
      this.scanCopied(before);
    }
  }

  /**
   * Answers the ephemerons that wait, for they hold on from now on. In a flush none is fired: the full collection that
   * follows knows which of the old ones are alive.
   */
  private fire(): readonly Oop[] {
    const { memory, ephemerons } = this;
    this.ephemerons = [];
    if (this.flush || memory.specialObject(SpecialObject.FINALIZATION_SEMAPHORE) === memory.nil) return ephemerons;
    for (const oop of ephemerons) {
      memory.setFormat(oop, Format.FIXED);
      memory.mourners.add(oop);
    }
    return ephemerons;
  }

  /** Weak slots follow what was copied and forget what was not. */
  private processWeakObjects(): void {
    const { memory, i32 } = this;
    for (const weak of this.weakObjects) {
      const first = (weak >> 2) + 2;
      const slotCount = memory.slotCountOf(weak);
      let isYoung = false;
      let hasLost = false;
      for (let slot = first + fixedSlotsOfWeak(memory, weak); slot < first + slotCount; slot++) {
        const value = i32[slot]!;
        if (!this.isReached(value)) {
          i32[slot] = memory.nil;
          hasLost = true;
        } else if (memory.isYoung(value as Oop)) {
          if (i32[value >> 2] === FORWARDED_HEADER) i32[slot] = i32[(value >> 2) + 2]!;
          isYoung ||= i32[slot]! < memory.oldStart;
        }
      }
      if (isYoung) memory.remember(weak);
      if (hasLost) memory.mourners.noteLoss(weak);
    }
  }

  /** Old weak arrays and ephemerons are in the set for the time being: those that refer to nothing young leave it. */
  private settleDoubtful(): void {
    const { memory, i32 } = this;
    const { remembered } = memory;
    let dropped = 0;
    for (const oop of this.doubtful) {
      if ((i32[oop >> 2]! & REMEMBERED_BIT) === 0 || refersToYoung(memory, oop)) continue;
      i32[oop >> 2]! &= ~REMEMBERED_BIT;
      dropped++;
    }
    if (dropped === 0) return;
    let kept = 0;
    for (let i = 0; i < remembered.count; i++) {
      const oop = remembered.members[i]!;
      if ((i32[oop >> 2]! & REMEMBERED_BIT) !== 0) remembered.members[kept++] = oop;
    }
    remembered.count = kept;
  }
}
