/**
 * The immediate values of a 64-bit image that 32 bits have no room for: SmallIntegers beyond 31 bits become LargeIntegers,
 * SmallFloats become Floats. Equal ones become one object, so that what was identical stays so.
 *
 * Contract: each takes 16 bytes, and they lie behind all other objects, in the order in which they were asked for. Their
 * addresses are given out before they are written.
 */
import { FORMAT_SHIFT, Format } from '../../vm/memory/header.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { ClassIndex } from '../../vm/memory/well-known.ts';
import { exactSmallInteger, smallFloatValue } from './immediates64.ts';
import { putHeader } from './spur-layout.ts';

const BOX_BYTES = 16;
const INTEGER_SLOTS = 2;
const INTEGER_BYTES = 4 * INTEGER_SLOTS;

export class BoxedImmediates {
  private readonly start: number;
  /** What each box holds, by its number. */
  private readonly values: (number | bigint)[] = [];
  private readonly numbers = new Map<number | bigint, number>();
  private negativeZero = -1;

  /** `start`: the address of the first. */
  constructor(start: number) {
    this.start = start;
  }

  /** The oop of the Float for the SmallFloat in the word `high:low`. */
  floatOop(low: number, high: number): number {
    const value = smallFloatValue(low, high);
    if (!Object.is(value, -0)) return this.oopOf(value);
    if (this.negativeZero < 0) this.negativeZero = this.values.push(value) - 1;
    return this.start + BOX_BYTES * this.negativeZero;
  }

  /** The oop of the LargeInteger for the SmallInteger in the word `high:low`, which has more than 31 bits. */
  integerOop(low: number, high: number): number {
    return this.oopOf(exactSmallInteger(low, high));
  }

  private oopOf(value: number | bigint): number {
    let number = this.numbers.get(value);
    if (number === undefined) {
      number = this.values.push(value) - 1;
      this.numbers.set(value, number);
    }
    return this.start + BOX_BYTES * number;
  }

  get byteCount(): number {
    return BOX_BYTES * this.values.length;
  }

  /** Writes them all. Contract: `memory` has room for them, within its contents. */
  write(memory: ObjectMemory): void {
    this.values.forEach((value, number) => {
      const header = (this.start + BOX_BYTES * number) >> 2;
      if (typeof value === 'number') {
        putHeader(memory.i32, header, (Format.BITS_32 << FORMAT_SHIFT) | ClassIndex.FLOAT, 0, 2);
        memory.f64[(header + 2) >> 1] = value;
        return;
      }
      const isNegative = value < 0n;
      const magnitude = isNegative ? -value : value;
      const byteCount = Math.ceil(magnitude.toString(16).length / 2);
      const slots = Math.ceil(byteCount / 4);
      const format = Format.BYTES + 4 * slots - byteCount;
      const classIndex = isNegative ? ClassIndex.LARGE_NEGATIVE_INTEGER : ClassIndex.LARGE_POSITIVE_INTEGER;
      putHeader(memory.i32, header, (format << FORMAT_SHIFT) | classIndex, 0, slots);
      for (let i = 0; i < INTEGER_BYTES; i++)
        memory.u8[4 * (header + 2) + i] = Number((magnitude >> BigInt(8 * i)) & 255n);
    });
  }
}
