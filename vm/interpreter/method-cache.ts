/**
 * The method cache: what a look-up of (selector, class) found last time, so that a send need not walk dictionaries.
 *
 * Four words an entry: selector, class index, method, primitive index (0 for none). Direct mapped by a mix of selector and
 * class index. Keys are oops, so the cache is emptied whenever old objects move, a method dictionary changes or a class does.
 * Source: Blue Book, "Optimizations" of chapter 29; sizes as in Squeak's interpreter.
 */
import type { Oop } from '../memory/oop.ts';

export const CACHE_ENTRIES = 2048;
export const CACHE_ENTRY_WORDS = 4;

/** Position of the first word of the entry for a selector and class index. Symbols lie at least 16 bytes apart. */
export const cacheSlot = (selector: number, classIndex: number): number =>
  (((selector >> 4) ^ (selector >> 13) ^ Math.imul(classIndex, 37)) & (CACHE_ENTRIES - 1)) << 2;

export class MethodCache {
  readonly words = new Int32Array(CACHE_ENTRIES * CACHE_ENTRY_WORDS);
  /** Look-ups that walked method dictionaries, since the start. Hits are not counted: that would cost each send. */
  misses = 0;
  /** Of these, those that found another entry in their place. */
  evictions = 0;
  /** How often all entries were dropped: a full collection, a `become:`, a change of classes. */
  flushes = 0;

  get entriesInUse(): number {
    let count = 0;
    for (let slot = 0; slot < this.words.length; slot += CACHE_ENTRY_WORDS) if (this.words[slot] !== 0) count++;
    return count;
  }

  enter(selector: Oop, classIndex: number, method: Oop, primitiveIndex: number): void {
    const slot = cacheSlot(selector, classIndex);
    this.misses++;
    if (this.words[slot] !== 0) this.evictions++;
    this.words[slot] = selector;
    this.words[slot + 1] = classIndex;
    this.words[slot + 2] = method;
    this.words[slot + 3] = primitiveIndex;
  }

  flush(): void {
    this.flushes++;
    this.words.fill(0);
  }

  /** After a scavenge: drops the entries whose selector or method lay below `oldStart`, for those moved. */
  dropYoung(oldStart: number): void {
    const { words } = this;
    for (let slot = 0; slot < words.length; slot += CACHE_ENTRY_WORDS)
      if (words[slot]! !== 0 && (words[slot]! < oldStart || words[slot + 2]! < oldStart))
        words.fill(0, slot, slot + CACHE_ENTRY_WORDS);
  }

  flushSelector(selector: Oop): void {
    this.flushWhere(0, selector);
  }

  flushMethod(method: Oop): void {
    this.flushWhere(2, method);
  }

  private flushWhere(word: number, value: Oop): void {
    for (let slot = 0; slot < this.words.length; slot += CACHE_ENTRY_WORDS)
      if (this.words[slot + word] === value) this.words.fill(0, slot, slot + CACHE_ENTRY_WORDS);
  }
}
