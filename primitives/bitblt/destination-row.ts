/**
 * Where a row of the rectangle lies in the words of the destination, and how a row of source words is put there: combined by the rule, with the pixels
 * beside the rectangle left as they are.
 */
import type { WordRule } from './combination-rules.ts';
import type { Form } from './form.ts';

export class DestinationRow {
  /** Words that the row touches. */
  readonly count: number;
  /** The bits of the rectangle in the first and in the last of them. */
  readonly firstMask: number;
  readonly lastMask: number;
  private readonly form: Form;
  private readonly firstWord: number;

  constructor(form: Form, x: number, width: number) {
    this.form = form;
    const firstBit = x * form.depth;
    const lastBit = firstBit + width * form.depth - 1;
    this.firstWord = firstBit >> 5;
    this.count = (lastBit >> 5) - this.firstWord + 1;
    const [before, after] = [firstBit & 31, 31 - (lastBit & 31)];
    const first = form.isLowestFirst ? -1 << before : -1 >>> before;
    const last = form.isLowestFirst ? -1 >>> after : -1 << after;
    this.firstMask = this.count === 1 ? first & last : first;
    this.lastMask = this.count === 1 ? first & last : last;
  }

  /** Where the row `y` begins in the heap's words. */
  start(y: number): number {
    return this.form.first + y * this.form.pitch + this.firstWord;
  }

  /** The bits of the rectangle in the word `i` of a row. */
  maskOf(i: number): number {
    if (i === 0) return this.firstMask;
    return i === this.count - 1 ? this.lastMask : -1;
  }

  /** Stores what the rule makes of the row's words and of `source`. */
  combine(y: number, source: Int32Array, rule: WordRule): void {
    const { words } = this.form;
    const start = this.start(y);
    const last = this.count - 1;
    this.putMasked(start, rule(source[0]! & this.firstMask, words[start]!), this.firstMask);
    for (let i = 1; i < last; i++) words[start + i] = rule(source[i]!, words[start + i]!);
    if (last > 0)
      this.putMasked(start + last, rule(source[last]! & this.lastMask, words[start + last]!), this.lastMask);
  }

  /** Stores the source's words as they are. */
  store(y: number, source: Int32Array): void {
    const { words } = this.form;
    const start = this.start(y);
    const last = this.count - 1;
    this.putMasked(start, source[0]!, this.firstMask);
    for (let i = 1; i < last; i++) words[start + i] = source[i]!;
    if (last > 0) this.putMasked(start + last, source[last]!, this.lastMask);
  }

  /** The rule with the same word of the source everywhere. */
  combineWord(y: number, source: number, rule: WordRule): void {
    const { words } = this.form;
    const start = this.start(y);
    const last = this.count - 1;
    this.putMasked(start, rule(source & this.firstMask, words[start]!), this.firstMask);
    for (let i = 1; i < last; i++) words[start + i] = rule(source, words[start + i]!);
    if (last > 0) this.putMasked(start + last, rule(source & this.lastMask, words[start + last]!), this.lastMask);
  }

  fill(y: number, word: number): void {
    const { words } = this.form;
    const start = this.start(y);
    const last = this.count - 1;
    this.putMasked(start, word, this.firstMask);
    if (last > 1) words.fill(word, start + 1, start + last);
    if (last > 0) this.putMasked(start + last, word, this.lastMask);
  }

  private putMasked(at: number, word: number, mask: number): void {
    const { words } = this.form;
    words[at] = (words[at]! & ~mask) | (word & mask);
  }
}
