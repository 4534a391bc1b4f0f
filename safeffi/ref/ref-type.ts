/**
 * What ref calls a type: an object with a size, an indirection and two functions. `indirection` 1 is a value, 2 a pointer to one,
 * and so on; `size` stays that of the value. Struct, array and union types of ref-struct-di and its sisters are such objects,
 * and programs write their own.
 */
export interface RefType {
  size: number;
  indirection: number;
  alignment?: number | undefined;
  readonly name?: string | undefined;
  get(buffer: Buffer, offset: number): unknown;
  set(buffer: Buffer, offset: number, value: unknown): void;
  ffi_type?: Buffer | undefined;
}

/** A type, or its name: `int`, `char *`, `pointer`, `string`. */
export type TypeLike = string | RefType;

/** A Buffer that knows what it holds. */
export type TypedBuffer = Buffer & { type?: TypeLike | undefined };

export const pointerBytes = 8;

/** What a value of the type occupies: a pointer where it is one. */
export function valueBytes(type: RefType): number {
  return type.indirection === 1 ? type.size : pointerBytes;
}
