/**
 * A C function pointer as a type of ref: reading gives a JavaScript function, writing takes one, or a Buffer. A function that was
 * written lives as C function as long as it lives itself.
 */

import type { RefType, TypeLike } from '../ref/index.ts';
import ref from '../ref/index.ts';
import { Callback, type CallbackBody } from './callback.ts';
import { ffiTypes } from './ffi-type.ts';
import { ForeignFunction, type ForeignFunctionProxy } from './foreign-function.ts';

export class FunctionType implements RefType {
  size = ref.sizeof.pointer!;
  alignment = ref.alignof.pointer!;
  indirection = 1;
  readonly retType: RefType;
  readonly argTypes: readonly RefType[];
  readonly abi: number | undefined;
  readonly #pointers = new WeakMap<CallbackBody, Buffer>();

  constructor(returns: TypeLike, types: readonly TypeLike[], abi?: number) {
    if (!Array.isArray(types)) throw new TypeError('expected Array of the argument types as the second argument');
    this.retType = ref.coerceType(returns);
    this.argTypes = types.map((type) => ref.coerceType(type));
    this.abi = abi;
  }

  get ffi_type(): Buffer {
    return ffiTypes.pointer!;
  }

  /** C's pointer to a function of this side; the same for the same function. */
  toPointer(fn: CallbackBody): Buffer {
    let pointer = this.#pointers.get(fn);
    if (pointer === undefined) {
      pointer = Callback(this.retType, this.argTypes, this.abi, fn);
      this.#pointers.set(fn, pointer);
    }
    return pointer;
  }

  toFunction(pointer: Buffer): ForeignFunctionProxy {
    return ForeignFunction(pointer, this.retType, this.argTypes, this.abi);
  }

  get(buffer: Buffer, offset: number): ForeignFunctionProxy {
    const pointer = ref.readPointer(buffer, offset);
    return Object.assign(this.toFunction(pointer), { pointer });
  }

  set(buffer: Buffer, offset: number, value: unknown): void {
    const pointer = typeof value === 'function' ? this.toPointer(value as CallbackBody) : value;
    ref.writePointer(buffer, offset, pointer);
  }
}
