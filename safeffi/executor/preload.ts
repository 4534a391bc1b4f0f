/**
 * The list of libraries and symbols that a starting executor finds before it is ready, and what it found: the VM's side of
 * native/executor/preload.c. What does not fit the list is looked up by callouts later, as is what was not found.
 */
import { fromUnsigned } from '../abi/int64.ts';
import { preload } from '../protocol/layout.ts';

/** A library as the loader takes it ('' is the process itself), and names in it. */
export interface PreloadLibrary {
  readonly file: string;
  readonly symbols: Iterable<string>;
}

/** What was found; the file's own address is its handle. */
export interface PreloadFound {
  readonly handle: number;
  readonly symbols: ReadonlyMap<string, number>;
}

export class Preload {
  readonly bytes: Uint8Array;
  /** File and name of each entry, in order; '' names the library itself. */
  readonly #entries: (readonly [file: string, name: string])[] = [];

  constructor(libraries: Iterable<PreloadLibrary>) {
    const chunks: Buffer[] = [];
    let size = 1;
    const add = (file: string, name: string, text: string): boolean => {
      const chunk = Buffer.from(`${text}\0`);
      if (this.#entries.length >= preload.limit || size + chunk.length > preload.textBytes) return false;
      this.#entries.push([file, name]);
      chunks.push(chunk);
      size += chunk.length;
      return true;
    };
    for (const { file, symbols } of libraries) {
      if (!add(file, '', `L${file}`)) break;
      for (const symbol of symbols) if (!add(file, symbol, `S${symbol}`)) break;
    }
    this.bytes = Buffer.concat([...chunks, Buffer.alloc(1)]);
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** What the executor told, by file. Addresses are C's own telling: they are called, never looked at from here. */
  found(i32: Int32Array): Map<string, PreloadFound> {
    const found = new Map<string, { handle: number; symbols: Map<string, number> }>();
    this.#entries.forEach(([file, name], index) => {
      const word = preload.found / 4 + 2 * index;
      const address = Number(fromUnsigned(i32[word]!, i32[word + 1]!));
      if (address === 0) return;
      if (name === '') found.set(file, { handle: address, symbols: new Map() });
      else found.get(file)?.symbols.set(name, address);
    });
    return found;
  }
}
