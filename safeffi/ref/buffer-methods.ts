/**
 * Buffer.prototype's methods of ref: the functions with the Buffer in front. Printing a Buffer shows its address.
 */
import { inspect } from 'node:util';
import { hexAddress } from './pointers.ts';
import type { Ref } from './ref.ts';

const asTheyAre = [
  ...['address', 'hexAddress', 'isNull', 'ref', 'deref', 'readObject', 'readPointer', 'readCString'],
  ...['readInt64BE', 'readUInt64BE', 'readInt64LE', 'readUInt64LE', 'reinterpret', 'reinterpretUntilZeros'],
] as const;
/** Here the value comes first and the offset behind, as with Buffer's own methods. */
const valueFirst = [
  ...['writeObject', 'writePointer', 'writeCString'],
  ...['writeInt64BE', 'writeUInt64BE', 'writeInt64LE', 'writeUInt64LE'],
] as const;

/** Extends Buffer.prototype; done once, whatever copies of this module there are. */
export function extendBuffers(ref: Ref): void {
  const prototype = Buffer.prototype as Buffer & Record<PropertyKey, unknown>;
  if (typeof prototype.hexAddress === 'function') return;
  const functions = ref as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of asTheyAre) {
    prototype[name] = function (this: Buffer, ...rest: unknown[]) {
      return functions[name]!(this, ...rest);
    };
  }
  for (const name of valueFirst) {
    prototype[name] = function (this: Buffer, value: unknown, offset: unknown, ...rest: unknown[]) {
      return functions[name]!(this, offset, value, ...rest);
    };
  }
  const former = prototype[inspect.custom] as ((...args: unknown[]) => string) | undefined;
  prototype[inspect.custom] = function (this: Buffer, ...rest: unknown[]) {
    const text = former === undefined ? '<Buffer>' : former.apply(this, rest);
    return text.replace(/^<\w*Buffer/, `<Buffer@0x${hexAddress(this)}`);
  };
}
