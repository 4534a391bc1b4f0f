/**
 * 64-bit integers as two 32-bit halves: how they stand in a frame. Numbers are exact up to 2^53 - 1; beyond that the
 * value is a bigint. The number paths allocate nothing.
 */
import type { ExactInteger } from '../address.ts';

const two32 = 4294967296;
const two31 = 2147483648n;

/** The upper half of a safe integer; the lower half is `value | 0`. */
export function highHalf(value: number): number {
  return Math.floor(value / two32) | 0;
}

export function fromSigned(low: number, high: number): ExactInteger {
  if (high >= -0x20_0000 && high < 0x20_0000 && !(high === -0x20_0000 && low === 0)) return high * two32 + (low >>> 0);
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}

export function fromUnsigned(low: number, high: number): ExactInteger {
  const unsignedHigh = high >>> 0;
  if (unsignedHigh < 0x20_0000) return unsignedHigh * two32 + (low >>> 0);
  return (BigInt(unsignedHigh) << 32n) | BigInt(low >>> 0);
}

/** Writes any integer's 64 low bits as two halves at word `index`. */
export function storeInt64(words: Int32Array, index: number, value: ExactInteger): void {
  if (typeof value === 'number') {
    words[index] = value | 0;
    words[index + 1] = highHalf(value);
  } else {
    words[index] = Number(BigInt.asIntN(32, value));
    words[index + 1] = Number(BigInt.asIntN(64, value) >> 32n);
  }
}

/** True when the integer lies within -2^63 to 2^63 - 1 (signed) or 0 to 2^64 - 1. */
export function fitsInt64(value: ExactInteger, signed: boolean): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) && (signed || value >= 0);
  return signed ? value >= -(two31 << 32n) && value < two31 << 32n : value >= 0n && value < two31 << 33n;
}
