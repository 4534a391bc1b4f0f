/**
 * 64-bit integers in ref's way: read as a Number within 2^53 either way, else as a decimal String; written from either. A String
 * is read as C's `strtoll` and `strtoull` do: blanks, a sign, `0x` or a leading `0` for octal, digits up to what is none, and
 * an unsigned one may be negative and wraps.
 */
const two32 = 4294967296;
const largestExact = 2 ** 53;

/** The two's complement of a value. Throws TypeError in the original's words, with `operation` in front. */
export function parse64(operation: string, value: unknown, signed: boolean): bigint {
  if (typeof value === 'number') return numberBits(value, signed);
  if (typeof value !== 'string') throw new TypeError(`${operation}: Number/String 64-bit value required`);
  const [, sign, hex, octal, decimal] =
    /^\s*([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))/.exec(value) ?? noMatch;
  const digits = hex ?? octal ?? decimal;
  if (digits === undefined) throw new TypeError(`${operation}: no digits we found in input String`);
  const magnitude = BigInt(
    hex !== undefined ? `0x${hex}` : octal !== undefined && octal !== '0' ? `0o${octal}` : digits,
  );
  const number = sign === '-' ? -magnitude : magnitude;
  const fits = signed ? BigInt.asIntN(64, number) === number : magnitude < 1n << 64n;
  if (!fits) throw new TypeError(`${operation}: input String numerical value out of range`);
  return BigInt.asUintN(64, number);
}

const noMatch: readonly (string | undefined)[] = [];

/** As a C cast does it: towards zero, NaN is 0; what does not fit is the nearest that does, or wraps where it is negative. */
function numberBits(value: number, signed: boolean): bigint {
  if (Number.isNaN(value)) return 0n;
  const low = -(2 ** 63);
  const high = signed ? 2 ** 63 : 2 ** 64;
  if (value >= high) return signed ? (1n << 63n) - 1n : (1n << 64n) - 1n;
  if (value <= low) return 1n << 63n;
  return BigInt.asUintN(64, BigInt(Math.trunc(value)));
}

/** A 64-bit integer of the engine's, which is exact, as ref has it. */
export function fromExact(value: number | bigint): number | string {
  if (typeof value === 'number') return value;
  return value >= -9007199254740992n && value <= 9007199254740992n ? Number(value) : value.toString();
}

export function read64(buffer: Buffer, offset: number, signed: boolean, little = true): number | string {
  const first = little ? buffer.readUInt32LE(offset) : buffer.readUInt32BE(offset);
  const second = little ? buffer.readUInt32LE(offset + 4) : buffer.readUInt32BE(offset + 4);
  const low = little ? first : second;
  const high = little ? second : first;
  const value = (signed ? high | 0 : high) * two32 + low;
  if (value > -largestExact && value < largestExact) return value;
  return fromExact((BigInt(signed ? high | 0 : high) << 32n) | BigInt(low));
}

/** Throws TypeError for what is no 64-bit integer. */
export function write64(
  operation: string,
  buffer: Buffer,
  offset: number,
  value: unknown,
  signed: boolean,
  little = true,
): void {
  let low: number;
  let high: number;
  if (typeof value === 'number' && Number.isSafeInteger(value)) {
    low = value >>> 0;
    high = Math.floor(value / two32) >>> 0;
  } else {
    const bits = parse64(operation, value, signed);
    low = Number(bits & 0xffff_ffffn);
    high = Number(bits >> 32n);
  }
  if (little) {
    buffer.writeUInt32LE(low, offset);
    buffer.writeUInt32LE(high, offset + 4);
  } else {
    buffer.writeUInt32BE(high, offset);
    buffer.writeUInt32BE(low, offset + 4);
  }
}
