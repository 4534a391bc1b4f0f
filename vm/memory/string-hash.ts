/**
 * The hash of a byte string, as Squeak's `MiscPrimitivePlugin` computes it: 28 bits, the same in the VM, in the image's
 * fallback code and in whoever looks a symbol up from outside.
 */
const MULTIPLIER = 1664525;
const MASK = 0xfffffff;

/** The hash of `bytes`, begun with `initial` (0 for a string of its own). */
export function stringHash(bytes: Uint8Array, initial = 0): number {
  let hash = initial & MASK;
  for (const byte of bytes) hash = Math.imul(hash + byte, MULTIPLIER) & MASK;
  return hash;
}
