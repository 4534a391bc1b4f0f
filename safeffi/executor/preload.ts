/**
 * The list of libraries and symbols that a starting executor finds before it is ready, and what it found: the VM's side of
 * native/executor/preload.c. What does not fit the list is looked up by callouts later, as is what was not found.
 */
import { fromUnsigned } from '../abi/int64.ts';
import { preload } from '../protocol/layout.ts';

/** A library, the file that it is loaded from ('' is the process itself), and names in it. */
export interface PreloadLibrary {
  readonly library: string;
  readonly file: string;
  readonly symbols: Iterable<string>;
}

export class Preload {
  readonly bytes: Uint8Array;
  /** Library and name of each entry, in order; '' names the library itself. */
  readonly #entries: (readonly [library: string, name: string])[] = [];

  constructor(libraries: Iterable<PreloadLibrary>) {
    const chunks: Buffer[] = [];
    let size = 1;
    const add = (library: string, name: string, text: string): boolean => {
      const chunk = Buffer.from(`${text}\0`);
      if (this.#entries.length >= preload.limit || size + chunk.length > preload.textBytes) return false;
      this.#entries.push([library, name]);
      chunks.push(chunk);
      size += chunk.length;
      return true;
    };
    for (const { library, file, symbols } of libraries) {
      if (!add(library, '', `L${file}`)) break;
      for (const symbol of symbols) if (!add(library, symbol, `S${symbol}`)) break;
    }
    this.bytes = Buffer.concat([...chunks, Buffer.alloc(1)]);
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /**
   * Tells what the executor found: for '' the library's handle, else a symbol's address. These are C's own telling: they are
   * called, never looked at from here. Symbols of a library that was not found are not told.
   */
  eachFound(i32: Int32Array, tell: (library: string, name: string, address: number) => void): void {
    let isFound = false;
    for (let index = 0; index < this.#entries.length; index++) {
      const [library, name] = this.#entries[index]!;
      const word = preload.found / 4 + 2 * index;
      const address = Number(fromUnsigned(i32[word]!, i32[word + 1]!));
      if (name === '') isFound = address !== 0;
      if (isFound && address !== 0) tell(library, name, address);
    }
  }
}
