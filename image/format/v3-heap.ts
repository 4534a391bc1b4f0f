/**
 * The objects of a V3 32-bit image file, walked in the order of the file, with every size checked. Positions count words from
 * the start of the data; an object is named by the word of its base header, where oops point to.
 *
 *     first word   1..0: 0 a size word, a class word and the base header; 1 a class word and the base header; 2 free; 3 the base header alone
 *     base header  28..17 hash   16..12 compact class   11..8 format   7..2 words of the object, header included, where no size word says
 *
 * A big-endian file is taken as the little-endian one with each word reversed; bytes and bytecodes are put back here.
 * Source: the class comment of ObjectMemory in Squeak's VMMaker (for 3.x).
 */
import { v3LiteralCount } from '../../vm/memory/v3-objects.ts';
import { malformed } from './errors.ts';
import { swapWords } from './spur32-sweep.ts';

const HeaderType = { SIZE_AND_CLASS: 0, CLASS: 1, FREE: 2, SHORT: 3 } as const;
const FIRST_BYTES_FORMAT = 8;
const FIRST_METHOD_FORMAT = 12;
const COMPACT_CLASSES_SLOT = 28;

export class V3Heap {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly #baseAddress: number;
  readonly #dataOffset: number;
  #compactClasses = -1;

  /** `data` is a copy of the file's data that may be changed. */
  constructor(data: Uint8Array<ArrayBuffer>, baseAddress: number, dataOffset: number, little: boolean) {
    this.bytes = data;
    this.words = new Int32Array(data.buffer, data.byteOffset, data.length >> 2);
    this.#baseAddress = baseAddress;
    this.#dataOffset = dataOffset;
    if (little) return;
    swapWords(this.words, 0, this.words.length);
    this.forEach((header, slots) => {
      const format = this.formatAt(header);
      if (format < FIRST_BYTES_FORMAT) return;
      const first = format < FIRST_METHOD_FORMAT ? 0 : 1 + this.literalCountAt(header, slots);
      swapWords(this.words, header + 1 + first, header + 1 + slots);
    });
  }

  /** Visits each object: the word of its base header, and how many words follow. @throws ImageFormatError */
  forEach(visit: (header: number, slots: number) => void): void {
    const { words } = this;
    for (let word = 0; word < words.length; ) {
      const type = words[word]! & 3;
      const header = word + (type === HeaderType.SIZE_AND_CLASS ? 2 : type === HeaderType.CLASS ? 1 : 0);
      const sizeWord = type === HeaderType.SIZE_AND_CLASS ? words[word]! : header < words.length ? words[header]! : 0;
      const size =
        type === HeaderType.FREE
          ? (words[word]! & 0x1fff_fffc) >>> 2
          : type === HeaderType.SIZE_AND_CLASS
            ? sizeWord >>> 2
            : (sizeWord & 0xfc) >> 2;
      if (size < 1 || header + size > words.length)
        throw malformed(
          'bad-object',
          'the size of an object',
          this.offsetOf(word),
          `${size} words`,
          `1 to the ${Math.max(0, words.length - header)} words that are left`,
        );
      if (type !== HeaderType.FREE) visit(header, size - 1);
      word = header + size;
    }
  }

  formatAt(header: number): number {
    return (this.words[header]! >>> 8) & 15;
  }

  hashAt(header: number): number {
    return (this.words[header]! >>> 17) & 0xfff;
  }

  /** Where the array of compact classes is, found through the special objects. */
  findCompactClasses(specialObjects: number): void {
    this.#compactClasses = this.wordOf(this.words[specialObjects + 1 + COMPACT_CLASSES_SLOT]!);
  }

  /** The base header of an object's class, or -1 where it names none. */
  classAt(header: number): number {
    const compact = (this.words[header]! >>> 12) & 31;
    if (compact === 0) return header > 0 ? this.wordOf(this.words[header - 1]! & ~3) : -1;
    return this.#compactClasses < 0 ? -1 : this.wordOf(this.words[this.#compactClasses + compact]!);
  }

  /** Literals of the method at `header`. @throws ImageFormatError */
  literalCountAt(header: number, slots: number): number {
    const methodHeader = this.words[header + 1] ?? 0;
    const count = v3LiteralCount(methodHeader >> 1);
    if (slots === 0 || (methodHeader & 1) === 0 || count >= slots)
      throw malformed(
        'bad-object',
        'the header of a compiled method',
        this.offsetOf(header + 1),
        `0x${(methodHeader >>> 0).toString(16)}`,
        `a SmallInteger that counts at most ${Math.max(0, slots - 1)} literals`,
      );
    return count;
  }

  /** The word of an address of the writing VM, or -1; it need not be where an object is. */
  wordOf(oop: number): number {
    const distance = (oop >>> 0) - this.#baseAddress;
    return distance >= 0 && distance < 4 * this.words.length && distance % 4 === 0 ? distance >> 2 : -1;
  }

  offsetOf(word: number): number {
    return this.#dataOffset + 4 * word;
  }
}
