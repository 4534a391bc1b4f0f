/**
 * What images of the old object format (V3: Squeak up to 4.5, Pharo up to 4) see differently in the objects that VM and image
 * share. In the heap all is as Spur has it; `ObjectMemory.isV3` says that the image means V3, and these are the places:
 *
 * - a method's header. In the heap it is Spur's, and a primitive's number stands in a `callPrimitive` before the bytecodes.
 *   The image sees V3's header, with the number in it, and does not see those 3 bytes (primitives/v3-methods.ts).
 * - a class's format. The slot holds V3's encoding, because the image reads it as an instance variable.
 * - identity hashes have 12 bits.
 * - Characters are immediate here, and the image's methods read instance variable 0 of them, their value: below the first
 *   object lie 256 SmallIntegers, just where that load looks for it (`layCharacterValues`).
 *
 *     V3 method header    29 flag   28 primitive, high bit   27..24 arguments   23..18 temps   17 large   16..9 literals   8..0 primitive
 *     V3 class format     17..16 size, high   15..11 compact class   10..7 instance specification   6..1 size, low, plus 1
 *
 * Source: the comments of CompiledMethod and Behavior in Squeak 3; Blue Book chapter 27 for their origin.
 */
import { Format } from './header.ts';
import type { ObjectMemory } from './object-memory.ts';
import { smallIntegerOop } from './oop.ts';

export const V3_HASH_MASK = 0xfff;
/** What a hash of 0 becomes, which in Spur means that the object has none: the same in 12 bits. */
export const V3_HASH_FOR_ZERO = V3_HASH_MASK + 1;
/** `callPrimitive` and the number's two bytes. */
export const HIDDEN_PRIMITIVE_BYTES = 3;
export const V3_CALL_PRIMITIVE = 139;

const COMMON_FIELDS = (1 << 29) | (0xf << 24) | (0x3f << 18) | (1 << 17);
const SPUR_PRIMITIVE_BIT = 1 << 16;

export const v3LiteralCount = (header: number): number => (header >> 9) & 0xff;
export const v3PrimitiveNumber = (header: number): number => (header & 0x1ff) | ((header >> 19) & 0x200);

/** Spur's method header for V3's, both as the value of the SmallInteger. */
export const spurHeaderOfV3 = (header: number): number =>
  (header & COMMON_FIELDS) | v3LiteralCount(header) | (v3PrimitiveNumber(header) === 0 ? 0 : SPUR_PRIMITIVE_BIT);

/** V3's for Spur's, given the primitive that the method's code names. */
export const v3HeaderOfSpur = (header: number, primitive: number): number =>
  (header & COMMON_FIELDS) | ((header & 0xff) << 9) | (primitive & 0x1ff) | ((primitive & 0x200) << 19);

/** By V3's instance specification. */
const FORMATS: readonly number[] = [
  Format.ZERO_SIZED,
  Format.FIXED,
  Format.INDEXABLE,
  Format.FIXED_AND_INDEXABLE,
  Format.WEAK_INDEXABLE,
  Format.ZERO_SIZED,
  Format.BITS_32,
  Format.ZERO_SIZED,
  Format.BYTES,
  Format.BYTES,
  Format.BYTES,
  Format.BYTES,
  Format.COMPILED_METHOD,
  Format.COMPILED_METHOD,
  Format.COMPILED_METHOD,
  Format.COMPILED_METHOD,
];

/** The format of an object by the 4 bits of its V3 header, or of a class's instance specification. */
export const formatOfV3 = (v3Format: number): number => FORMATS[v3Format & 15]!;
export const instanceFormatOfV3 = (classFormat: number): number => formatOfV3(classFormat >> 7);
export const fixedSlotsOfV3 = (classFormat: number): number =>
  Math.max(0, ((classFormat >> 10) & 0xc0) + ((classFormat >> 1) & 0x3f) - 1);

/** Lays the values of Characters where a load of their instance variable 0 looks: slot 0 of "object" 4 * code. */
export function layCharacterValues(memory: ObjectMemory): void {
  for (let code = 0; code < 256; code++) memory.i32[code + 2] = smallIntegerOop(code);
}
