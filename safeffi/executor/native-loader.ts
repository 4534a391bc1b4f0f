/**
 * Libraries and symbols of a native executor. dlopen, dlsym and dlerror are callouts like any other; the executor tells
 * the addresses of these first functions at boot. Handles belong to one process; the list of libraries outlives it, so
 * that a fresh process loads them again in the same order.
 */
import { resolve as resolvePath } from 'node:path';
import { fromUnsigned } from '../abi/int64.ts';
import { Address } from '../address.ts';
import { libraryNotFoundError, symbolNotFoundError } from '../errors.ts';
import { type EntryName, entryNames, header } from '../protocol/layout.ts';
import { parseSignature, type SignatureText } from '../types/signature.ts';
import type { NativeExecutor } from './native.ts';
import type { NativeCallout } from './native-callout.ts';
import { Preload } from './preload.ts';

const loadNow = 2;

const signatures: Readonly<Record<EntryName, SignatureText>> = {
  dlopen: { returns: 'void *', arguments: ['const char *', 'int'] },
  dlsym: { returns: 'void *', arguments: ['void *', 'const char *'] },
  dlerror: { returns: 'char *', arguments: [] },
  calloc: { returns: 'void *', arguments: ['size_t', 'size_t'] },
  free: { returns: 'void', arguments: ['void *'] },
  mmap: { returns: 'void *', arguments: ['void *', 'size_t', 'int', 'int', 'int', 'long'] },
  munmap: { returns: 'int', arguments: ['void *', 'size_t'] },
  _exit: { returns: 'void', arguments: ['int'] },
  checkpoint: { returns: 'int', arguments: [] },
  batch: { returns: 'void', arguments: ['size_t', 'size_t', 'size_t', 'size_t', 'size_t'] },
  mprotect: { returns: 'int', arguments: ['void *', 'size_t', 'int'] },
};

/** Libraries in the order of loading, with the handles of the process that loaded them. */
export type LoadedLibraries = ReadonlyMap<string, number | undefined>;

export class NativeLoader {
  readonly #executor: NativeExecutor;
  readonly #system = new Map<EntryName, NativeCallout>();
  /** Handles of the present process; undefined until loaded (again). */
  readonly #libraries = new Map<string, number | undefined>();

  /** Addresses of the symbols looked up in each library; 0 in a process that did not look yet. */
  readonly #symbols = new Map<string, Map<string, number>>();

  constructor(executor: NativeExecutor) {
    this.#executor = executor;
  }

  /** A callout to one of the functions that the executor told at boot. */
  system(name: EntryName): NativeCallout {
    let callout = this.#system.get(name);
    if (callout === undefined) {
      const signature = parseSignature(name, signatures[name]);
      callout = this.#executor.callout('libc', name, signature, () => this.#entry(name));
      this.#system.set(name, callout);
    }
    return callout;
  }

  /** Loads the library unless it is loaded; answers its handle. '' is the process itself. */
  load(library: string): number {
    this.#executor.ensureStarted();
    const known = this.#libraries.get(library);
    if (known !== undefined) return known;
    const file = library === '' ? null : fileOf(library);
    const handle = this.system('dlopen').call([file, loadNow]) as Address;
    if (handle.isNull) throw libraryNotFoundError(library, this.#reason());
    this.#libraries.set(library, Number(handle.value));
    return Number(handle.value);
  }

  symbol(library: string, name: string): number {
    const handle = new Address(this.load(library), this.#executor.generation);
    // Ours stands in for libc's: an exit is to end the callout, not the executor.
    if (name === '_exit' || name === '_Exit') return this.#entry('_exit');
    const symbols = this.#symbolsOf(library);
    const known = symbols.get(name);
    if (known !== undefined && known !== 0) return known;
    const found = this.system('dlsym').call([handle, name]) as Address;
    if (found.isNull) throw symbolNotFoundError(name, library, this.#reason());
    symbols.set(name, Number(found.value));
    return Number(found.value);
  }

  /** The list for a process that is started now. */
  preload(): Preload {
    return new Preload(
      [...this.#libraries.keys()].map((library) => ({
        library,
        file: library === '' ? '' : fileOf(library),
        symbols: this.#symbolsOf(library).keys(),
      })),
    );
  }

  /** What the process found while it started. */
  adopt(preload: Preload): void {
    preload.eachFound(this.#executor.domain.i32, (library, name, address) => {
      if (name === '') this.#libraries.set(library, address);
      else this.#symbolsOf(library).set(name, address);
    });
  }

  /** Whether the library was ever loaded here. */
  has(library: string): boolean {
    return this.#libraries.has(library);
  }

  /** What is loaded now. */
  snapshot(): LoadedLibraries {
    return new Map(this.#libraries);
  }

  /** The process is one that had loaded just these; the others are loaded again when they are used. */
  restore(loaded: LoadedLibraries): void {
    for (const library of this.#libraries.keys()) {
      const handle = loaded.get(library);
      if (handle === undefined) this.#unload(library);
      else this.#libraries.set(library, handle);
    }
  }

  /** The process has ended: handles mean nothing any more. */
  forget(): void {
    for (const library of this.#libraries.keys()) this.#unload(library);
  }

  /** Loads what was loaded in the process before. */
  reload(): void {
    for (const library of [...this.#libraries.keys()]) this.load(library);
  }

  #symbolsOf(library: string): Map<string, number> {
    let symbols = this.#symbols.get(library);
    if (symbols === undefined) this.#symbols.set(library, (symbols = new Map()));
    return symbols;
  }

  /** Names are kept, for the next process to look up. */
  #unload(library: string): void {
    this.#libraries.set(library, undefined);
    const symbols = this.#symbolsOf(library);
    for (const name of symbols.keys()) symbols.set(name, 0);
  }

  #entry(name: EntryName): number {
    const word = header.entries / 4 + 2 * entryNames.indexOf(name);
    const { i32 } = this.#executor.domain;
    return Number(fromUnsigned(i32[word]!, i32[word + 1]!));
  }

  #reason(): string {
    const reason = this.system('dlerror').call([]);
    if (reason === null || reason === undefined) return 'its address is null';
    return reason instanceof Uint8Array ? new TextDecoder().decode(reason) : String(reason);
  }
}

/** A path is resolved here: the executor may have another working directory. */
function fileOf(library: string): string {
  return library.includes('/') ? resolvePath(library) : library;
}
