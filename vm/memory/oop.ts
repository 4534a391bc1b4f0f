/**
 * Object pointers and immediates, as in Spur 32-bit.
 *
 * An oop is 32 bits. The low two bits tell what it is:
 *
 *     x1   SmallInteger, 31 bits signed in the upper bits
 *     10   Character, a code point of 30 bits in the upper bits
 *     00   a byte offset into the heap: the address of an object's header, 8-byte aligned
 *
 * An oop is kept as a signed 32-bit JavaScript integer, the way an Int32Array yields it, so that the engine never leaves
 * its small-integer representation; heap offsets stay below 2^31 and so are never negative.
 */

declare const oopBrand: unique symbol;
/** An object pointer or immediate: 32 bits, as read from a slot. */
export type Oop = number & { readonly [oopBrand]: true };

/** No object: what a failed allocation or look-up answers. Never stored in a slot. */
export const NO_OOP = 0 as Oop;

export const MIN_SMALL_INTEGER = -(2 ** 30);
export const MAX_SMALL_INTEGER = 2 ** 30 - 1;

export const isImmediate = (oop: Oop): boolean => (oop & 3) !== 0;
export const isSmallInteger = (oop: Oop): boolean => (oop & 1) !== 0;
export const isCharacter = (oop: Oop): boolean => (oop & 3) === 2;

/** True when `value` is an integer that a SmallInteger holds. */
export const fitsSmallInteger = (value: number): boolean =>
  (value | 0) === value && value >= MIN_SMALL_INTEGER && value <= MAX_SMALL_INTEGER;

/** Contract: `value` fits (`fitsSmallInteger`). */
export const smallIntegerOop = (value: number): Oop => ((value << 1) | 1) as Oop;
export const smallIntegerValue = (oop: Oop): number => oop >> 1;

/** Contract: 0 <= codePoint < 2^30. */
export const characterOop = (codePoint: number): Oop => ((codePoint << 2) | 2) as Oop;
export const characterValue = (oop: Oop): number => oop >>> 2;
