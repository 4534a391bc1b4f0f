/**
 * The inaccessible pages at the end of guarded shared buffers, in one executor. The buffers belong to the session; each
 * process has to be told of their pages, by a callout to `mprotect`, and a new process of all of them.
 */
import { Address } from '../address.ts';
import { pageBytes } from '../protocol/layout.ts';
import type { NativeLoader } from './native-loader.ts';

const protNone = 0;

export class GuardPages {
  readonly #loader: NativeLoader;
  readonly #pages: () => ReadonlySet<number>;
  /** Those that the process at hand has made inaccessible. */
  readonly #known = new Set<number>();

  /** `pages` tells the executors' addresses of all there are. */
  constructor(loader: NativeLoader, pages: () => ReadonlySet<number>) {
    this.#loader = loader;
    this.#pages = pages;
  }

  /** Makes inaccessible what the process does not know of yet. */
  update(): void {
    for (const page of this.#pages()) if (!this.#known.has(page)) this.protect(page);
  }

  protect(page: number): void {
    this.#known.add(page);
    this.#loader.system('mprotect').call([new Address(page, 0), pageBytes, protNone]);
  }

  /** The process is gone, and its mappings with it. */
  forget(): void {
    this.#known.clear();
  }
}
