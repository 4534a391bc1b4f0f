/**
 * The immediate values of Spur 64-bit, as two 32-bit halves of a word: SmallIntegers of 61 bits (tag 1), Characters (tag 2),
 * SmallFloats (tag 4): doubles whose exponent fits 8 bits, rotated so that the sign is the lowest bit.
 *
 *     SmallFloat: bits of the double rotated left by one, the exponent's excess taken off unless it is a zero, shifted left by 3
 *
 * Source: the class comment of SmallFloat64, and `floatValueOf:` in VMMaker's Spur64BitMemoryManager.
 */

export const Tag64 = { MASK: 7, SMALL_INTEGER: 1, CHARACTER: 2, SMALL_FLOAT: 4 } as const;

/** 896 << 53 in the upper half: what a SmallFloat's exponent lacks. */
const EXPONENT_EXCESS_HIGH = 896 << 21;

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

/** The SmallFloat in the word `high:low`. */
export function smallFloatValue(low: number, high: number): number {
  const rotatedLow = (low >>> 3) | (high << 29);
  let rotatedHigh = high >>> 3;
  if (rotatedHigh !== 0 || rotatedLow >>> 0 > 1) rotatedHigh += EXPONENT_EXCESS_HIGH;
  halves[0] = (rotatedLow >>> 1) | (rotatedHigh << 31);
  halves[1] = (rotatedHigh >>> 1) | (rotatedLow << 31);
  return double[0]!;
}

/** Puts `value` as a SmallFloat into words[at] and words[at + 1]; false where it is none. */
export function putSmallFloat(value: number, words: Int32Array, at: number): boolean {
  double[0] = value;
  const sign = halves[1]! >>> 31;
  let rotatedHigh = ((halves[1]! << 1) | (halves[0]! >>> 31)) >>> 0;
  const rotatedLow = (halves[0]! << 1) | sign;
  if (rotatedHigh !== 0 || rotatedLow >>> 0 > 1) {
    rotatedHigh -= EXPONENT_EXCESS_HIGH;
    // What is left has 61 bits; a zero would be read as one, so the smallest exponent is not among them.
    if (rotatedHigh < 0 || rotatedHigh >= 2 ** 29) return false;
    if (rotatedHigh === 0 && rotatedLow >>> 0 <= 1) return false;
  }
  words[at] = (rotatedLow << 3) | Tag64.SMALL_FLOAT;
  words[at + 1] = (rotatedHigh << 3) | (rotatedLow >>> 29);
  return true;
}

/** The SmallInteger in the word `high:low`. */
export const exactSmallInteger = (low: number, high: number): bigint => BigInt(high) * 0x2000_0000n + BigInt(low >>> 3);
