/**
 * A library's functions as an object: `Library('libm', { ceil: ['double', ['double']] })`.
 */
import type { TypeLike } from '../ref/index.ts';
import { DynamicLibrary } from './dynamic-library.ts';
import { libraryExtension, loaderFlags } from './ffi-constants.ts';
import { ForeignFunction } from './foreign-function.ts';
import { VariadicForeignFunction } from './variadic-foreign-function.ts';

export interface FunctionOptions {
  readonly abi?: number;
  /** The function is called beside the event loop, as `fn.async` is. */
  readonly async?: boolean;
  /** The types are those of the fixed arguments; the function answers functions for the types of the others. */
  readonly varargs?: boolean;
}

/** Result, arguments, options. */
export type Declaration = readonly [TypeLike, readonly TypeLike[], FunctionOptions?];

export interface LibraryObject {
  [name: string]: unknown;
}

function open(file: string | null | undefined | DynamicLibrary): DynamicLibrary {
  if (typeof file === 'object' && file !== null) return file;
  const isShort = typeof file === 'string' && !file.includes(libraryExtension);
  return new DynamicLibrary(isShort ? `${file}${libraryExtension}` : (file ?? null), loaderFlags.RTLD_NOW!);
}

/**
 * Called with or without `new`. A name without the system's extension gets it; none is the process itself. `into`: the object
 * that gets the functions. Throws Error where the library or a function is not found.
 */
export const Library = function Library(
  file?: string | null | DynamicLibrary,
  declarations?: Readonly<Record<string, Declaration>>,
  into: LibraryObject = {},
): LibraryObject {
  const library = open(file);
  for (const [name, declaration] of Object.entries(declarations ?? {})) {
    if (!Array.isArray(declaration)) throw new TypeError(`expected [result, [arguments]] for the function ${name}`);
    const [returns, types, options = {}] = declaration as Declaration;
    const pointer = library.get(name);
    into[name] = options.varargs
      ? VariadicForeignFunction(pointer, returns, types, options.abi)
      : functionOf(pointer, returns, types, options);
  }
  return into;
} as unknown as LibraryConstructor;

export interface LibraryConstructor {
  (...args: LibraryArguments): LibraryObject;
  new (...args: LibraryArguments): LibraryObject;
  /** The system's extension, `.so`. */
  EXT: string;
}

type LibraryArguments = [
  file?: string | null | DynamicLibrary,
  declarations?: Readonly<Record<string, Declaration>>,
  into?: LibraryObject,
];

Library.EXT = libraryExtension;

function functionOf(pointer: Buffer, returns: TypeLike, types: readonly TypeLike[], options: FunctionOptions): unknown {
  const call = ForeignFunction(pointer, returns, types, options.abi);
  return options.async ? call.async : call;
}
