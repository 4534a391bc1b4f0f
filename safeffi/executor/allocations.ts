/**
 * What `allocate` gave and `free` has not taken back, with sizes: so that a second free, or one of something else, is told
 * before C's `free` is called and corrupts its lists. Freed addresses are remembered for as long as they are not given out
 * again, at most `freedLimit` of them. A rollback undoes what was noted after its checkpoint.
 */
import { type Address, type ExactInteger, hex } from '../address.ts';

const freedLimit = 4096;

interface Change {
  readonly address: ExactInteger;
  readonly live: number | undefined;
  readonly freed: number | undefined;
}

export class Allocations {
  readonly #live = new Map<ExactInteger, number>();
  /** In the order in which they were freed. */
  readonly #freed = new Map<ExactInteger, number>();
  /** What stood before each change, for rollbacks; kept while `keepsLog`. */
  readonly #log: Change[] = [];
  readonly #keepsLog: () => boolean;

  /** `keepsLog`: whether something may be undone. */
  constructor(keepsLog: () => boolean = () => false) {
    this.#keepsLog = keepsLog;
  }

  /** How many stand, and their bytes. */
  get standing(): { readonly count: number; readonly bytes: number } {
    let bytes = 0;
    for (const size of this.#live.values()) bytes += size;
    return { count: this.#live.size, bytes };
  }

  has(address: ExactInteger): boolean {
    return this.#live.has(address);
  }

  admit(address: Address, sizeBytes: number): void {
    this.#note(address.value);
    this.#freed.delete(address.value);
    this.#live.set(address.value, sizeBytes);
  }

  /**
   * Why an address cannot be freed, as the end of a sentence; undefined where it can. `givenByC`: what is not known is C's,
   * and so may be what was freed here, since its malloc gives freed addresses out again. A second free of C's own is found by
   * C's `free`, which aborts.
   */
  obstacle({ value }: Address, givenByC = false): string | undefined {
    if (this.#live.has(value)) return undefined;
    const freed = givenByC ? undefined : this.#freed.get(value);
    if (freed !== undefined) return `which was freed before (an allocation of ${bytesText(freed)})`;
    for (const [start, size] of this.#live) {
      const offset = BigInt(value) - BigInt(start);
      if (offset > 0n && offset < BigInt(size))
        return `which is ${bytesText(Number(offset))} into an allocation of ${bytesText(size)} at ${hex(start)}`;
    }
    return givenByC ? undefined : 'which allocate did not give';
  }

  release({ value }: Address): void {
    const size = this.#live.get(value);
    if (size === undefined) return;
    this.#note(value);
    this.#live.delete(value);
    this.#freed.set(value, size);
    if (this.#freed.size > freedLimit) {
      const oldest = this.#freed.keys().next();
      if (oldest.done !== true) this.#freed.delete(oldest.value);
    }
  }

  /** Now, as a point to go back to. */
  mark(): number {
    return this.#log.length;
  }

  undoTo(mark: number): void {
    for (const { address, live, freed } of this.#log.splice(mark).reverse()) {
      if (live === undefined) this.#live.delete(address);
      else this.#live.set(address, live);
      if (freed === undefined) this.#freed.delete(address);
      else this.#freed.set(address, freed);
    }
  }

  /** The memory is gone with its process. */
  forget(): void {
    this.#live.clear();
    this.#freed.clear();
    this.#log.length = 0;
  }

  #note(address: ExactInteger): void {
    if (!this.#keepsLog()) {
      this.#log.length = 0;
      return;
    }
    this.#log.push({ address, live: this.#live.get(address), freed: this.#freed.get(address) });
  }
}

function bytesText(count: number): string {
  return count === 1 ? '1 byte' : `${count} bytes`;
}
