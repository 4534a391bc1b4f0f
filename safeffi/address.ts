/**
 * An address in an executor: where it points, and the generation of the executor that it belongs to. An address whose
 * executor is gone is refused before anything is called (`StaleAddress`). Value objects: immutable, compared by `equals`.
 * Stable interface.
 */

/** An integer that is exact: a number where it is safe (up to 2^53 - 1 either way), else a bigint. */
export type ExactInteger = number | bigint;

export class Address {
  /** The address; user space of x86-64 and arm64 always fits a number, odd results such as `(void *)-1` are bigints. */
  readonly value: ExactInteger;
  /** Counts the executors of a session from 1; 0 is the generation of null, which never goes stale. */
  readonly generation: number;

  constructor(value: ExactInteger, generation: number) {
    this.value = value;
    this.generation = value === 0 ? 0 : generation;
  }

  get isNull(): boolean {
    return this.value === 0;
  }

  /** The address `offsetBytes` further on, in the same generation. */
  plus(offsetBytes: number): Address {
    if (!Number.isSafeInteger(offsetBytes))
      throw new RangeError(`an address plus ${String(offsetBytes)}, expected an integer`);
    return typeof this.value === 'number' && Number.isSafeInteger(this.value + offsetBytes)
      ? new Address(this.value + offsetBytes, this.generation)
      : new Address(exact(BigInt(this.value) + BigInt(offsetBytes)), this.generation);
  }

  equals(other: Address): boolean {
    return this.value === other.value && this.generation === other.generation;
  }

  toString(): string {
    return hex(this.value);
  }
}

/** The bytes of a C string without its NUL: passed to a `char *` they are copied with a NUL behind, and copied back. */
export class CString {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    if (!(bytes instanceof Uint8Array))
      throw new TypeError(`a CString of ${typeof bytes}, expected its bytes (a Uint8Array)`);
    this.bytes = bytes;
  }
}

export function exact(value: bigint): ExactInteger {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

export function hex(value: ExactInteger): string {
  return `0x${value.toString(16)}`;
}
