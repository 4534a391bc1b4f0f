/**
 * What a Buffer keeps alive: the Buffers that it points to and the objects that were written into it. A pointer that is written
 * over lets go of the one before. A Buffer with an ArrayBuffer of its own keeps by that, so that any part of it counts; one cut
 * from a pool keeps by itself, as it does what was attached to no byte of it.
 */
const pooledBytes = 8192;

/** By the byte where they are pointed to from. */
const pointedTo = new WeakMap<object, Map<number, object>>();
const attached = new WeakMap<Buffer, object[]>();

/** Keeps `object` alive as long as the Buffer, or until something else is kept for the same byte. */
export function attach(buffer: Buffer, object: object, offset?: number): void {
  if (offset === undefined) {
    const all = attached.get(buffer);
    if (all === undefined) attached.set(buffer, [object]);
    else all.push(object);
    return;
  }
  const own = buffer.buffer;
  const isOwn = own.byteLength !== pooledBytes;
  const holder = isOwn ? own : buffer;
  let all = pointedTo.get(holder);
  if (all === undefined) pointedTo.set(holder, (all = new Map()));
  all.set(isOwn ? buffer.byteOffset + offset : offset, object);
}
