/**
 * The JavaScript values that cross into C and back. Stable interface.
 *
 * Integers of 64 bits come back as a number where that is exact (up to 2^53 - 1 either way) and as a bigint beyond: most
 * sizes and counts are small, and a program that computes with them should not have to mix kinds of number. A `char *`
 * result comes back as a string (UTF-8) or null, or as bytes where the session was opened with `strings: 'bytes'`.
 */
import type { Address, CString, ExactInteger } from './address.ts';
import type { Callback } from './callbacks/callback.ts';

/**
 * - integers: a number without fraction or a bigint, in range; `bool`: true, false, 0 or 1; floats: a number
 * - structs and unions by value: their bytes, as many as the type has (any ArrayBufferView)
 * - pointers: null, an Address, a Callback, or a buffer (any ArrayBufferView: copied in and back out)
 * - `char *`, `void *` also a string or a CString: copied with a NUL behind it
 */
export type ArgumentValue =
  | number
  | bigint
  | boolean
  | string
  | null
  | ArrayBufferView
  | CString
  | Address
  | Callback
  | Unpassable;

/**
 * An object of a host language that no C type takes: passed for it, so that the error names it in that language's words.
 */
export class Unpassable {
  /** Such as `an instance of Demo`. */
  readonly description: string;

  constructor(description: string) {
    this.description = description;
  }
}

/** `undefined` is the result of a void function; a struct or union comes back as its bytes; a pointer comes back as an Address, null included. */
export type ResultValue = ExactInteger | boolean | string | null | Uint8Array | Address | undefined;
