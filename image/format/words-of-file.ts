/** The data of an image file as bytes that words may be read from: at a multiple of the word size in their buffer. */

/**
 * The part of the file from `offset` on, without a copy where it lies right. `mayChange`: a copy all the same, which the caller is free to
 * change. `wordBytes` is a power of two; bytes that fill no word are left out.
 */
export function alignedData(
  bytes: Uint8Array,
  offset: number,
  length: number,
  wordBytes: number,
  mayChange: boolean,
): Uint8Array {
  const part = bytes.subarray(offset, offset + length - (length % wordBytes));
  // A copy even of a Buffer, whose own slice is none.
  return mayChange || part.byteOffset % 4 !== 0 ? new Uint8Array(part) : part;
}
