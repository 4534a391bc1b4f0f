/**
 * Libraries by dlopen. A file that is a linker script, as libc.so and libm.so of development packages are, is read, and the first
 * library that it groups is opened. A library stays loaded until the executor ends, whatever is closed: others may use it.
 */
import { readFileSync } from 'node:fs';
import { CalloutError } from '../index.ts';
import { foreignHome } from '../ref/foreign-home.ts';
import { loaderFlags } from './ffi-constants.ts';
import { rememberOrigin } from './function-origin.ts';

/** What a file that is no library makes the loader say. */
const noLibrary = /^([^ \t()]+\.so[^ \t:()]*):[ \t]*(?:invalid ELF header|file too short)/;
const group = /GROUP *\( *([^ )]+)/;

/** Node is linked with these, so that its process has their symbols. */
const librariesOfNode = process.platform === 'linux' ? ['libm.so.6', 'libstdc++.so.6', 'libgcc_s.so.1'] : [];

class DynamicLibraryHandle implements DynamicLibrary {
  static readonly FLAGS = loaderFlags;
  readonly #path: string | null;
  readonly #library: string;
  #error: string | null = null;
  #isClosed = false;

  constructor(path?: string | null, mode: number = loaderFlags.RTLD_LAZY!) {
    if (path !== null && path !== undefined && typeof path !== 'string')
      throw new TypeError(`expected the path of a library, got ${typeof path}`);
    if (typeof mode !== 'number') throw new TypeError(`expected the mode as a number, got ${typeof mode}`);
    this.#library = load(path ?? '');
    this.#path = path === undefined || path === null ? null : this.#library;
    const { RTLD_LAZY, RTLD_NOW } = loaderFlags;
    const more = mode & ~(RTLD_LAZY! | RTLD_NOW!);
    if (more !== 0 && this.#path !== null) openAgain(this.#path, mode);
  }

  /** A Buffer without bytes that points to the symbol. Throws Error with the loader's reason. */
  get(symbol: string): Buffer {
    if (typeof symbol !== 'string') throw new TypeError(`expected the name of a symbol, got ${typeof symbol}`);
    const { executor, memory } = foreignHome();
    const library = this.#libraryWith(symbol);
    const pointer = memory.pointerTo(() => Number(executor.symbol(library, symbol).value));
    rememberOrigin(pointer, { library, name: symbol });
    return Object.assign(pointer, { name: symbol });
  }

  #libraryWith(symbol: string): string {
    try {
      if (this.#isClosed) throw new Error(`${this.#path ?? 'the process'}: the library was closed`);
      return find(this.#library, symbol);
    } catch (error) {
      this.#error = reasonOf(error);
      throw new Error(`Dynamic Symbol Retrieval Error: ${this.#error}`);
    }
  }

  /** Ends the use of this handle; answers 0, as dlclose does. */
  close(): number {
    this.#isClosed = true;
    return 0;
  }

  /** The loader's last reason, once, as dlerror tells it. */
  error(): string | null {
    const error = this.#error;
    this.#error = null;
    return error;
  }

  path(): string | null {
    return this.#path;
  }
}

/** Opens the library and answers the name that the engine has it by. Throws Error with the loader's reason. */
function load(path: string): string {
  const { executor } = foreignHome();
  try {
    executor.loadLibrary(path);
    return path;
  } catch (error) {
    const reason = reasonOf(error);
    const script = noLibrary.exec(reason)?.[1];
    const named = script === undefined ? undefined : group.exec(scriptText(script))?.[1];
    if (named === undefined) throw new Error(`Dynamic Linking Error: ${reason}`);
    return load(named);
  }
}

function scriptText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // the loader's own reason is told then
  }
}

/** Answers the library that has the symbol, which for the process itself may be one that Node has and the executor has not. */
function find(library: string, symbol: string): string {
  const { executor } = foreignHome();
  try {
    executor.symbol(library, symbol);
    return library;
  } catch (error) {
    if (library !== '') throw error;
    for (const other of librariesOfNode) if (has(other, symbol)) return other;
    throw error;
  }
}

function has(library: string, symbol: string): boolean {
  const { executor } = foreignHome();
  try {
    executor.symbol(library, symbol);
    return true;
  } catch (error) {
    if (error instanceof CalloutError) return false; // neither there nor in it: the caller tells of the first failure
    throw error;
  }
}

/** For what the engine does not ask for, such as RTLD_GLOBAL. */
function openAgain(path: string, mode: number): void {
  const { session, executor } = foreignHome();
  if (executor.kind !== 'native') return; // koffi opens libraries in one way
  const dlopen = session.library('').function('dlopen', { returns: 'void *', arguments: ['const char *', 'int'] });
  dlopen(path, mode);
}

function reasonOf(error: unknown): string {
  const reason = error instanceof CalloutError ? error.details.reason : undefined;
  return typeof reason === 'string' ? reason : (error as Error).message;
}

export interface DynamicLibrary {
  get(symbol: string): Buffer;
  close(): number;
  error(): string | null;
  path(): string | null;
}

export interface DynamicLibraryConstructor {
  (path?: string | null, mode?: number): DynamicLibrary;
  new (path?: string | null, mode?: number): DynamicLibrary;
  readonly FLAGS: Readonly<Record<string, number>>;
}

/** Called with or without `new`. */
export const DynamicLibrary = new Proxy(DynamicLibraryHandle, {
  apply: (target, _this, args: [string?, number?]) => new target(...args),
}) as unknown as DynamicLibraryConstructor;
