/**
 * From what a program gives for a type to the type: names, `*` for pointers, the `type` of a Buffer.
 */
import { inspect } from 'node:util';
import { requireBuffer } from './pointers.ts';
import type { RefType, TypedBuffer, TypeLike } from './ref-type.ts';
import { types } from './types.ts';

const byLowerName = new Map(Object.keys(types).map((name) => [name.toLowerCase(), name]));

/** A pointer to that type: a type that derives from it. */
export function refType(type: TypeLike): RefType {
  const target = coerceType(type);
  const result = Object.create(target) as RefType;
  result.indirection = target.indirection + 1;
  // A function's name, as a struct type's is, cannot be assigned.
  if (target.name)
    Object.defineProperty(result, 'name', {
      value: `${target.name}*`,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  return result;
}

/** What a pointer type points to. Throws Error for what is no pointer. */
export function derefType(type: TypeLike): RefType {
  const pointer = coerceType(type);
  if (pointer.indirection === 1) throw new Error("Cannot create deref'd type for type with indirection 1");
  const target = Object.getPrototypeOf(pointer) as RefType | null;
  if (target !== null && target.indirection === pointer.indirection - 1) return target;
  const result = Object.create(pointer) as RefType;
  result.indirection = pointer.indirection - 1;
  return result;
}

/** Throws TypeError for what is neither a type nor the name of one; blanks and case count for nothing in names. */
export function coerceType(type: unknown): RefType {
  if (typeof type === 'string') {
    const text = type.replace(/\s+/g, '').toLowerCase();
    if (text === 'pointer') return refType('void');
    if (text === 'string') return types.CString!;
    const stars = /\**$/.exec(text)![0].length;
    const name = byLowerName.get(text.slice(0, text.length - stars));
    let found = name === undefined ? undefined : types[name];
    for (let i = 0; i < stars && found !== undefined; i++) found = refType(found);
    if (found !== undefined) return found;
  } else if (isType(type)) return type;
  throw new TypeError(`could not determine a proper "type" from: ${inspect(type)}`);
}

function isType(type: unknown): type is RefType {
  const isObject = (typeof type === 'object' && type !== null) || typeof type === 'function';
  return isObject && 'size' in type && 'indirection' in type;
}

/** The type of a Buffer; one without a type gets one that can be neither read nor written. */
export function getType(buffer: Buffer): RefType {
  requireBuffer(buffer);
  const typed = buffer as TypedBuffer;
  if (!typed.type) {
    typed.type = {
      size: buffer.length,
      indirection: 1,
      get: () => {
        throw new Error('unknown "type"; cannot get()');
      },
      set: () => {
        throw new Error('unknown "type"; cannot set()');
      },
    };
  }
  return coerceType(typed.type);
}
