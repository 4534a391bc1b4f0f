/**
 * ffi-napi's module over the callout engine. The default export is what `require('ffi-napi')` gives; a crash in C is an
 * FFIFault that is thrown at the call, and the next call works.
 */
import { ffi } from './ffi.ts';

export type { ShimMode } from '../ref/index.ts';
export type { Ffi } from './ffi.ts';
export type { ForeignFunctionProxy } from './foreign-function.ts';
export type { Declaration, FunctionOptions, LibraryObject } from './library.ts';
export type { VariadicGenerator } from './variadic-foreign-function.ts';

export default ffi;
