/**
 * The object that `require('ffi-napi')` gives, put together: every name of the original.
 */
import { foreignMemory, use } from '../ref/foreign-home.ts';
import type { TypeLike } from '../ref/index.ts';
import ref from '../ref/index.ts';
import { callState } from './call-state.ts';
import { Callback } from './callback.ts';
import { CIF, CIF_var } from './cif.ts';
import { DynamicLibrary } from './dynamic-library.ts';
import { abis, libraryExtension, loaderFlags, loaderHandles, status, version } from './ffi-constants.ts';
import { describeTypes, ffiType, ffiTypes } from './ffi-type.ts';
import { FfiTypeRecord } from './ffi-type-record.ts';
import { ForeignFunction } from './foreign-function.ts';
import { FunctionType } from './function-type.ts';
import { Library } from './library.ts';
import { VariadicForeignFunction } from './variadic-foreign-function.ts';

describeTypes();

/** Called with or without `new`. */
const FunctionOf = new Proxy(FunctionType, {
  apply: (target, _this, args: [TypeLike, readonly TypeLike[], number?]) => new target(...args),
}) as typeof FunctionType & ((returns: TypeLike, types: readonly TypeLike[], abi?: number) => FunctionType);

/** Functions that the original lets a program call with `new`. */
function newable<Fn extends (...args: never[]) => object>(
  fn: Fn,
): Fn & (new (...args: Parameters<Fn>) => ReturnType<Fn>) {
  return function (this: unknown, ...args: Parameters<Fn>) {
    return fn(...args);
  } as unknown as Fn & (new (...args: Parameters<Fn>) => ReturnType<Fn>);
}

export const ffi = {
  FFI_TYPES: ffiTypes,
  ...status,
  ...abis,
  ...loaderFlags,
  get RTLD_NEXT(): Buffer {
    return foreignMemory().at(loaderHandles.RTLD_NEXT, 0, false);
  },
  get RTLD_DEFAULT(): Buffer {
    return foreignMemory().at(loaderHandles.RTLD_DEFAULT, 0, false);
  },
  types: ref.types,
  version,
  CIF: newable(CIF),
  CIF_var: newable(CIF_var),
  Function: FunctionOf,
  ForeignFunction: newable(ForeignFunction),
  VariadicForeignFunction: newable(VariadicForeignFunction),
  DynamicLibrary,
  Library,
  Callback: newable(Callback),
  /** C's errno as the last call left it. */
  errno: (): number => callState.errno,
  ffiType,
  LIB_EXT: libraryExtension,
  FFI_TYPE: FfiTypeRecord,
  /** Not the original's: chooses between `safe` and `direct` before anything is called. */
  use,
};

export type Ffi = typeof ffi;
