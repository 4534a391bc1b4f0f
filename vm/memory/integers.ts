/**
 * Integers of any size between Smalltalk and JavaScript. A LargeInteger holds its magnitude as bytes, the lowest first, and
 * its sign in its class; a normalized one has no leading zero bytes and does not fit a SmallInteger.
 */
import type { ObjectMemory } from './object-memory.ts';
import { isSmallInteger, NO_OOP, type Oop, smallIntegerOop, smallIntegerValue } from './oop.ts';
import { ClassIndex } from './well-known.ts';

/** The value of a SmallInteger or LargeInteger, or undefined for anything else. */
export function integerValueOf(memory: ObjectMemory, oop: Oop): bigint | undefined {
  if (isSmallInteger(oop)) return BigInt(smallIntegerValue(oop));
  if ((oop & 3) !== 0) return undefined;
  const classIndex = memory.classIndexOfObject(oop);
  const isNegative = classIndex === ClassIndex.LARGE_NEGATIVE_INTEGER;
  if (!isNegative && classIndex !== ClassIndex.LARGE_POSITIVE_INTEGER) return undefined;
  let hex = '';
  const bytes = memory.bytesOf(oop);
  for (let i = bytes.length - 1; i >= 0; i--) hex += bytes[i]!.toString(16).padStart(2, '0');
  const magnitude = hex === '' ? 0n : BigInt(`0x${hex}`);
  return isNegative ? -magnitude : magnitude;
}

/**
 * The normalized integer object: a SmallInteger when it fits, else a LargeInteger of just as many bytes as needed. Answers
 * NO_OOP when there is no room.
 */
export function integerOop(memory: ObjectMemory, value: bigint): Oop {
  if (value >= -0x40000000n && value <= 0x3fffffffn) return smallIntegerOop(Number(value));
  let hex = (value < 0n ? -value : value).toString(16);
  if (hex.length & 1) hex = `0${hex}`;
  const byteCount = hex.length >> 1;
  if (!memory.hasRoomFor((byteCount + 3) >> 2)) return NO_OOP;
  const classIndex = value < 0n ? ClassIndex.LARGE_NEGATIVE_INTEGER : ClassIndex.LARGE_POSITIVE_INTEGER;
  const oop = memory.allocateBytes(classIndex, byteCount);
  const body = memory.bodyOf(oop);
  for (let i = 0; i < byteCount; i++)
    memory.u8[body + i] = Number.parseInt(hex.slice(2 * (byteCount - i - 1), 2 * (byteCount - i)), 16);
  return oop;
}
