/**
 * Bit-fields: where they lie within a record (System V x86-64 psABI 3.1.2, AAPCS64 the same for named ones), and how their
 * bits are read and written, little-endian: the first field has the lowest bits.
 */
import { type ExactInteger, exact } from '../address.ts';
import type { CType } from './scalar-types.ts';

export interface Bits {
  /** Of the lowest bit, from the field's first byte: 0 to 7. */
  readonly shift: number;
  readonly width: number;
}

/**
 * The bit where a field of that width begins when `end` is the first free one. Within its declared type's unit, unless it
 * would cross to the next one, or anywhere in a packed record. A width of 0 closes the unit.
 */
export function placeBits(end: number, type: CType, width: number, packed: boolean): number {
  const unit = 8 * type.sizeBytes;
  if (width === 0) return Math.ceil(end / unit) * unit;
  return !packed && (end % unit) + width > unit ? Math.ceil(end / unit) * unit : end;
}

/** How many bytes the bits lie in. */
export function bytesSpanned({ shift, width }: Bits): number {
  return Math.ceil((shift + width) / 8);
}

export function readBits(view: DataView, offset: number, bits: Bits, type: CType): ExactInteger | boolean {
  let value = 0n;
  for (let i = bytesSpanned(bits) - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(offset + i));
  value = BigInt.asUintN(bits.width, value >> BigInt(bits.shift));
  if (type.kind === 'bool') return value !== 0n;
  return exact(type.kind === 'signed' ? BigInt.asIntN(bits.width, value) : value);
}

/** Writes the low bits of a value that was found to fit; the bits beside it stay. */
export function writeBits(view: DataView, offset: number, bits: Bits, value: ExactInteger | boolean): void {
  const shift = BigInt(bits.shift);
  const mask = ((1n << BigInt(bits.width)) - 1n) << shift;
  const wanted = (BigInt(value) << shift) & mask;
  for (let i = 0; i < bytesSpanned(bits); i++) {
    const at = BigInt(8 * i);
    const kept = BigInt(view.getUint8(offset + i)) & ~((mask >> at) & 0xffn);
    view.setUint8(offset + i, Number((kept | (wanted >> at)) & 0xffn));
  }
}

/** The least and greatest value. */
export function bitsRange(type: CType, width: number): { low: bigint; high: bigint } {
  const count = BigInt(width);
  return type.kind === 'signed'
    ? { low: -(1n << (count - 1n)), high: (1n << (count - 1n)) - 1n }
    : { low: 0n, high: (1n << count) - 1n };
}
