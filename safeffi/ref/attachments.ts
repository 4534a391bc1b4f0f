/**
 * What a Buffer keeps alive: the Buffers that it points to and the objects that were written into it. A pointer that is written
 * over lets go of the one before. A Buffer with an ArrayBuffer of its own keeps by that, so that any part of it counts; one cut
 * from a pool keeps by itself.
 */
const pooledBytes = 8192;

/** By place; what was attached without one is numbered downwards. */
type Kept = Map<number, object>;

const kept = new WeakMap<object, Kept>();

/** Keeps `object` alive as long as the Buffer, or until something else is kept for the same byte. */
export function attach(buffer: Buffer, object: object, offset?: number): void {
  const own = buffer.buffer;
  const isOwn = own.byteLength !== pooledBytes;
  const holder = isOwn ? own : buffer;
  let all = kept.get(holder);
  if (all === undefined) kept.set(holder, (all = new Map()));
  all.set(offset === undefined ? -1 - all.size : isOwn ? buffer.byteOffset + offset : offset, object);
}
