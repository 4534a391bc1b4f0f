/**
 * Reading and writing objects: header fields, slots, the write barrier, bodies of bytes.
 *
 * The bits are in header.ts. Contract for all: the oop is no immediate, and a slot index lies within the object.
 */
import { Allocator } from './allocator.ts';
import {
  CLASS_INDEX_MASK,
  FORMAT_MASK,
  FORMAT_SHIFT,
  Format,
  HASH_MASK,
  HEADER_BYTES,
  IMMUTABLE_BIT,
  LAST_POINTER_FORMAT,
  OVERFLOW_SLOTS,
  PINNED_BIT,
  SLOT_COUNT_SHIFT,
} from './header.ts';
import type { Oop } from './oop.ts';

export class ObjectAccess extends Allocator {
  /** State of the identity hash generator; saved in images. */
  lastHash = 999;

  // Headers

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

  setFormat(oop: Oop, format: number): void {
    const word = oop >> 2;
    this.i32[word] = (this.i32[word]! & ~(FORMAT_MASK << FORMAT_SHIFT)) | (format << FORMAT_SHIFT);
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

  /** A pinned object is never moved. See pinning.ts for how one is pinned. */
  isPinned(oop: Oop): boolean {
    return (this.i32[oop >> 2]! & PINNED_BIT) !== 0;
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

  /**
   * Stores a pointer. This is the write barrier: an old object that comes to refer to a young one is remembered. Every store
   * of a pointer goes through here, but into an object just made and into the active context, which is remembered.
   */
  storePointer(oop: Oop, slotIndex: number, value: Oop): void {
    this.i32[(oop >> 2) + 2 + slotIndex] = value;
    if (oop >= this.oldStart && value < this.oldStart && (value & 3) === 0) this.remember(oop);
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
}
