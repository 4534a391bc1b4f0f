/**
 * Values in Buffers by their types: what `ref.get` reads is what C wrote last, and what `ref.set` writes C sees, wherever the
 * Buffer lies. The fields of ref-struct-di's structs and the elements of ref-array-di's arrays go through here.
 */
import { foreignMemory, openedMemory } from './foreign-home.ts';
import { pointee, writePointer } from './pointers.ts';
import { pointerBytes, type RefType, type TypedBuffer, type TypeLike, valueBytes } from './ref-type.ts';
import { coerceType, derefType, getType, refType } from './type-coercion.ts';

/** The value at `offset`, by `type` or the Buffer's own. A pointer is a Buffer of what it points to. */
export function get(buffer: Buffer, offset: number | undefined = 0, type?: TypeLike): unknown {
  const known = type ? coerceType(type) : getType(buffer);
  if (known.indirection !== 1) return getPointer(buffer, offset, known);
  openedMemory()?.refresh(buffer, offset, known.size);
  return known.get(buffer, offset);
}

function getPointer(buffer: Buffer, offset: number, type: RefType): Buffer {
  const target = derefType(type);
  const result: TypedBuffer = pointee('readPointer', buffer, offset, valueBytes(target), false);
  result.type = target;
  return result;
}

export function set(buffer: Buffer, offset: number | undefined = 0, value?: unknown, type?: TypeLike): void {
  const known = type ? coerceType(type) : getType(buffer);
  if (known.indirection !== 1) {
    writePointer(buffer, offset, value);
    return;
  }
  known.set(buffer, offset, value);
  openedMemory()?.written(buffer, offset, known.size, false);
}

/** A Buffer with room for a value, in memory that C sees, and that value if one is given. */
export function alloc(type: TypeLike, ...values: [value?: unknown]): TypedBuffer {
  const known = coerceType(type);
  const buffer: TypedBuffer = foreignMemory().allocate(known.indirection === 1 ? known.size : pointerBytes);
  buffer.type = known;
  if (values.length > 0) set(buffer, 0, values[0], known);
  return buffer;
}

/** A pointer to the Buffer, which it keeps alive. */
export function ref(buffer: Buffer): TypedBuffer {
  return alloc(refType(getType(buffer)), buffer);
}

/** The value that a Buffer holds, by its type. */
export function deref(buffer: Buffer): unknown {
  return get(buffer, 0, getType(buffer));
}
