/**
 * The types of `safeffi/napi`, which is ffi-napi's interface. Programs that were written against @types/ffi-napi compile against them:
 * the names are the same. A definition of functions that stands in the program is read by TypeScript: names, argument
 * counts and types are checked.
 */
/// <reference types="node" />
import ref = require('./ref.cjs');

export interface LibraryFunctionOptions {
  /** One of the FFI_ constants. */
  abi?: number | undefined;
  /** Only the asynchronous form: the last argument is a callback. */
  async?: boolean | undefined;
  /** A function with variable arguments: called with the types of these it gives the function to call. */
  varargs?: boolean | undefined;
}

/** Result, arguments, options. */
export type FunctionDefinition = readonly [
  returns: ref.TypeLike,
  args: readonly ref.TypeLike[],
  options?: LibraryFunctionOptions,
];
export type LibraryDefinition = Readonly<Record<string, FunctionDefinition>>;

/** What stands for a C value where it is passed: pointers and strings may also be given as Buffers, or as null. */
export type ArgumentOf<T extends ref.TypeLike> =
  | ref.UnderlyingType<T>
  | (ref.UnderlyingType<T> extends Buffer | string | null ? Buffer | null : never);
export type ArgumentsOf<T extends readonly ref.TypeLike[]> = { -readonly [P in keyof T]: ArgumentOf<T[P]> };

export interface ForeignFunction<TReturn = any, TArgs extends any[] = any[]> {
  (...args: TArgs): TReturn;
  /** Beside the event loop. */
  async(...args: [...TArgs, done: (error: any, value: TReturn) => void]): void;
}

type FunctionOf<D extends FunctionDefinition> = ForeignFunction<ref.UnderlyingType<D[0]>, ArgumentsOf<D[1]>>;

/** The functions of a definition. */
export type LibraryObject<T> = 0 extends 1 & T
  ? any
  : {
      [P in keyof T]: T[P] extends FunctionDefinition
        ? T[P][2] extends { readonly varargs: true }
          ? VariadicForeignFunction<ref.CoerceType<T[P][0]>, ref.CoerceTypes<T[P][1]>>
          : T[P][2] extends { readonly async: true }
            ? FunctionOf<T[P]>['async']
            : FunctionOf<T[P]>
        : never;
    };

export interface Library {
  /** What is appended to a name without an extension: `.so`. */
  EXT: string;
  /** `null` is the process itself. Throws where the library or a function is missing. */
  new <const T extends LibraryDefinition, L extends object>(
    file: string | DynamicLibrary | null | undefined,
    functions: T,
    into: L,
  ): L & LibraryObject<T>;
  new <const T extends LibraryDefinition>(
    file: string | DynamicLibrary | null | undefined,
    functions: T,
  ): LibraryObject<T>;
  new (file?: string | DynamicLibrary | null): any;
  <const T extends LibraryDefinition, L extends object>(
    file: string | DynamicLibrary | null | undefined,
    functions: T,
    into: L,
  ): L & LibraryObject<T>;
  <const T extends LibraryDefinition>(
    file: string | DynamicLibrary | null | undefined,
    functions: T,
  ): LibraryObject<T>;
  (file?: string | DynamicLibrary | null): any;
}
export declare const Library: Library;

interface ForeignFunctionMaker {
  new <const R extends ref.TypeLike, const A extends readonly ref.TypeLike[]>(
    pointer: Buffer,
    returns: R,
    args: A,
    abi?: number,
  ): ForeignFunction<ref.UnderlyingType<R>, ArgumentsOf<A>>;
  <const R extends ref.TypeLike, const A extends readonly ref.TypeLike[]>(
    pointer: Buffer,
    returns: R,
    args: A,
    abi?: number,
  ): ForeignFunction<ref.UnderlyingType<R>, ArgumentsOf<A>>;
}
/** The function at an address. */
export declare const ForeignFunction: ForeignFunctionMaker;

/** Called with the types of the variable arguments it gives the function; the same one for the same types. */
export interface VariadicForeignFunction<
  TReturn extends ref.Type = ref.Type,
  TArgs extends readonly ref.Type[] = readonly ref.Type[],
> {
  <const V extends readonly ref.TypeLike[]>(
    ...types: V
  ): ForeignFunction<ref.UnderlyingType<TReturn>, [...ArgumentsOf<TArgs>, ...ArgumentsOf<V>]>;
  returnType: TReturn;
}
interface VariadicForeignFunctionMaker {
  new <const R extends ref.TypeLike, const A extends readonly ref.TypeLike[]>(
    pointer: Buffer,
    returns: R,
    fixedArgs: A,
    abi?: number,
  ): VariadicForeignFunction<ref.CoerceType<R>, ref.CoerceTypes<A>>;
  <const R extends ref.TypeLike, const A extends readonly ref.TypeLike[]>(
    pointer: Buffer,
    returns: R,
    fixedArgs: A,
    abi?: number,
  ): VariadicForeignFunction<ref.CoerceType<R>, ref.CoerceTypes<A>>;
}
export declare const VariadicForeignFunction: VariadicForeignFunctionMaker;

type CallbackRun<R extends ref.TypeLike, A extends readonly ref.TypeLike[]> = (
  ...args: ref.UnderlyingTypes<A>
) => ref.UnderlyingType<R>;

/** A JavaScript function as a pointer that C may call, as long as the Buffer is alive. */
export interface Callback {
  new <const R extends ref.TypeLike, const A extends readonly ref.TypeLike[]>(
    returns: R,
    args: A,
    abi: number | undefined,
    run: CallbackRun<R, A>,
  ): ref.Pointer<CallbackRun<R, A>>;
  new <const R extends ref.TypeLike, const A extends readonly ref.TypeLike[]>(
    returns: R,
    args: A,
    run: CallbackRun<R, A>,
  ): ref.Pointer<CallbackRun<R, A>>;
  <const R extends ref.TypeLike, const A extends readonly ref.TypeLike[]>(
    returns: R,
    args: A,
    abi: number | undefined,
    run: CallbackRun<R, A>,
  ): ref.Pointer<CallbackRun<R, A>>;
  <const R extends ref.TypeLike, const A extends readonly ref.TypeLike[]>(
    returns: R,
    args: A,
    run: CallbackRun<R, A>,
  ): ref.Pointer<CallbackRun<R, A>>;
}
export declare const Callback: Callback;

/** The type of a pointer to a function; its values are functions, here and there. */
export interface Function<
  TReturn extends ref.Type = ref.Type,
  TArgs extends readonly ref.Type[] = readonly ref.Type[],
> extends ref.Type<ForeignFunction<ref.UnderlyingType<TReturn>, ArgumentsOf<TArgs>> | CallbackRun<TReturn, TArgs>> {
  retType: TReturn;
  argTypes: TArgs;
  abi: number;
  toPointer(run: CallbackRun<TReturn, TArgs>): ref.Pointer<CallbackRun<TReturn, TArgs>>;
  toFunction(pointer: Buffer): ForeignFunction<ref.UnderlyingType<TReturn>, ArgumentsOf<TArgs>>;
}
interface FunctionMaker {
  new <const R extends ref.TypeLike, const A extends readonly ref.TypeLike[]>(
    returns: R,
    args: A,
    abi?: number,
  ): Function<ref.CoerceType<R>, ref.CoerceTypes<A>>;
  <const R extends ref.TypeLike, const A extends readonly ref.TypeLike[]>(
    returns: R,
    args: A,
    abi?: number,
  ): Function<ref.CoerceType<R>, ref.CoerceTypes<A>>;
}
export declare const Function: FunctionMaker;

/** A shared library, as dlopen gives it. */
export declare class DynamicLibrary {
  /** `mode`: of FLAGS; RTLD_LAZY by default. Throws `Dynamic Linking Error: …`. */
  constructor(path?: string | null, mode?: number);
  /** What dlclose answers. */
  close(): number;
  /** A pointer to a symbol. Throws `Dynamic Symbol Retrieval Error: …`. */
  get(symbol: string): Buffer;
  /** What dlerror answers. */
  error(): string | null;
  path(): string | null;
}
export declare function DynamicLibrary(path?: string | null, mode?: number): DynamicLibrary;
export declare namespace DynamicLibrary {
  namespace FLAGS {
    const RTLD_LAZY: number;
    const RTLD_NOW: number;
    const RTLD_LOCAL: number;
    const RTLD_GLOBAL: number;
    const RTLD_NOLOAD: number | undefined;
    const RTLD_NODELETE: number | undefined;
    const RTLD_NEXT: ref.Pointer<unknown>;
    const RTLD_DEFAULT: ref.Pointer<unknown>;
  }
}

/** C's errno as the last call left it. */
export declare function errno(): number;

/** libffi's description of a type. */
export declare function ffiType(type: ref.TypeLike): Buffer;
export declare function CIF(returns: ref.TypeLike, args: readonly ref.TypeLike[], abi?: number): Buffer;
export declare function CIF_var(
  returns: ref.TypeLike,
  args: readonly ref.TypeLike[],
  fixedCount: number,
  abi?: number,
): Buffer;
export declare const FFI_TYPE: {
  new (fields?: object): any;
  (fields?: object): any;
  size: number;
  alignment: number;
};
/** A pointer to what describes a type to libffi. */
export type PFFI_TYPE = Buffer;
export declare const FFI_TYPES: Readonly<Record<string, PFFI_TYPE>>;

export declare const FFI_OK: number;
export declare const FFI_BAD_TYPEDEF: number;
export declare const FFI_BAD_ABI: number;
export declare const FFI_DEFAULT_ABI: number;
export declare const FFI_FIRST_ABI: number;
export declare const FFI_LAST_ABI: number;
export declare const FFI_UNIX64: number | undefined;

export declare const RTLD_LAZY: number;
export declare const RTLD_NOW: number;
export declare const RTLD_LOCAL: number;
export declare const RTLD_GLOBAL: number;
export declare const RTLD_NOLOAD: number | undefined;
export declare const RTLD_NODELETE: number | undefined;
export declare const RTLD_NEXT: ref.Pointer<unknown>;
export declare const RTLD_DEFAULT: ref.Pointer<unknown>;

/** Those of safeffi/ref. */
export declare const types: typeof ref.types;
/** Of the libffi whose interface this is. */
export declare const version: string;
export declare const LIB_EXT: string;

/** Not the original's: where C runs, `safe` in another process or `direct` in this one. Throws once memory was used or something called. */
export declare function use(mode: 'safe' | 'direct'): void;
