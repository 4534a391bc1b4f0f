/**
 * The object header of Spur (64 bits, both word sizes). This is the one place that knows its bits.
 *
 *     word at oop       31      30       29           28..24   23          22   21........0
 *                       isGrey  isPinned isRemembered format   isImmutable -    class index
 *
 *     word at oop + 4   31......24   23        22   21..........0
 *                       slot count   isMarked  -    identity hash
 *
 * A slot count of 255 means that the real count stands in the low word of the 8 bytes before the header, whose top byte is
 * 255 as well, so that a walk over the heap meets the marker first. Slots follow at oop + 8, and an object has room for at
 * least two words, so that it can always be turned into a forwarder. Objects are 8-byte aligned.
 * Source: Miranda & Bera, "A Partial Read Barrier for Efficient Support of Live Object-Oriented Programming" (ISMM 2015),
 * and the class comments of Spur's memory manager.
 */

export const HEADER_BYTES = 8;
export const CLASS_INDEX_MASK = 0x3fffff;
export const IMMUTABLE_BIT = 1 << 23;
export const FORMAT_SHIFT = 24;
export const FORMAT_MASK = 0x1f;
export const REMEMBERED_BIT = 1 << 29;
export const PINNED_BIT = 1 << 30;
export const GREY_BIT = 1 << 31;

export const HASH_MASK = 0x3fffff;
export const MARKED_BIT = 1 << 23;
export const SLOT_COUNT_SHIFT = 24;
export const OVERFLOW_SLOTS = 255;

/** The format field: what an object's slots hold. */
export const Format = {
  ZERO_SIZED: 0,
  FIXED: 1,
  INDEXABLE: 2,
  FIXED_AND_INDEXABLE: 3,
  WEAK_INDEXABLE: 4,
  EPHEMERON: 5,
  /** Forwarders carry this format and the class index of a forwarder. */
  FORWARDED: 7,
  BITS_64: 9,
  BITS_32: 10,
  BITS_16: 12,
  /** 16 to 23: bytes; the low three bits are the count of unused bytes in the last 8 (in 32-bit images, 0 to 3). */
  BYTES: 16,
  /** 24 to 31: a compiled method: literals, then bytes; the low bits as for bytes. */
  COMPILED_METHOD: 24,
} as const;

/** Formats up to this one hold oops in all their slots. */
export const LAST_POINTER_FORMAT = 5;

/** Header of a new object, low word. */
export const headerLow = (classIndex: number, format: number): number => (format << FORMAT_SHIFT) | classIndex;

/** Low word of an object that was moved away: its new place stands in the first slot. Only while a scavenge runs. */
export const FORWARDED_HEADER = headerLow(8, Format.FORWARDED);
