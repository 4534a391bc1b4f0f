/**
 * The objects of a V3 32-bit image file, found in one sweep in the order of the file, with every size checked. Positions count
 * words from the start of the data; an object is named by the word of its base header, where oops point to.
 *
 *     first word   1..0: 0 a size word, a class word and the base header; 1 a class word and the base header; 2 free; 3 the base header alone
 *     base header  28..17 hash   16..12 compact class   11..8 format   7..2 words of the object, header included, where no size word says
 *
 * A big-endian file is taken as the little-endian one with each word reversed; bytes and bytecodes are put back here.
 * Source: the class comment of ObjectMemory in Squeak's VMMaker (for 3.x).
 */
import { v3LiteralCount } from '../../vm/memory/v3-objects.ts';
import { SpecialObject } from '../../vm/memory/well-known.ts';
import { malformed } from './errors.ts';
import { swapWords } from './spur32-sweep.ts';

const HeaderType = { SIZE_AND_CLASS: 0, CLASS: 1, FREE: 2, SHORT: 3 } as const;
const FIRST_BYTES_FORMAT = 8;
export const V3_FIRST_METHOD_FORMAT = 12;

export class V3Heap {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly baseAddress: number;
  /** How many objects there are. */
  readonly count: number;
  /** By the number of an object: the word of its base header, and how many words follow. */
  headers: Int32Array;
  slotCounts: Int32Array;
  readonly #dataOffset: number;
  #compactClasses = -1;

  /** `data` starts at a multiple of 4 in its buffer; that of a big-endian file is changed. @throws ImageFormatError */
  constructor(data: Uint8Array, baseAddress: number, dataOffset: number, little: boolean) {
    this.bytes = data;
    this.words = new Int32Array(data.buffer, data.byteOffset, data.length >> 2);
    this.baseAddress = baseAddress;
    this.#dataOffset = dataOffset;
    this.headers = new Int32Array((this.words.length >> 3) + 1);
    this.slotCounts = new Int32Array(this.headers.length);
    if (!little) swapWords(this.words, 0, this.words.length);
    this.count = this.#findObjects();
    if (!little) this.#restoreBytes();
  }

  #findObjects(): number {
    const { words } = this;
    let { headers, slotCounts } = this;
    const end = words.length;
    let count = 0;
    for (let word = 0; word < end; ) {
      const first = words[word]!;
      const type = first & 3;
      let header = word;
      let size: number;
      if (type === HeaderType.SHORT) size = (first & 0xfc) >> 2;
      else if (type === HeaderType.CLASS) {
        header = word + 1;
        size = header < end ? (words[header]! & 0xfc) >> 2 : 0;
      } else if (type === HeaderType.SIZE_AND_CLASS) {
        header = word + 2;
        size = first >>> 2;
      } else size = (first & 0x1fff_fffc) >>> 2;
      if (size < 1 || size > end - header)
        throw malformed(
          'bad-object',
          'the size of an object',
          this.offsetOf(word),
          `${size} words`,
          `1 to the ${Math.max(0, end - header)} words that are left`,
        );
      if (type !== HeaderType.FREE) {
        if (count === headers.length) ({ headers, slotCounts } = this.#growLists());
        headers[count] = header;
        slotCounts[count++] = size - 1;
      }
      word = header + size;
    }
    return count;
  }

  #growLists(): { headers: Int32Array; slotCounts: Int32Array } {
    const grown = (list: Int32Array): Int32Array => {
      const larger = new Int32Array(2 * list.length);
      larger.set(list);
      return larger;
    };
    this.headers = grown(this.headers);
    this.slotCounts = grown(this.slotCounts);
    return this;
  }

  #restoreBytes(): void {
    const { words, headers, slotCounts } = this;
    for (let i = 0; i < this.count; i++) {
      const header = headers[i]!;
      const format = (words[header]! >>> 8) & 15;
      if (format < FIRST_BYTES_FORMAT) continue;
      const slots = slotCounts[i]!;
      const literals = format < V3_FIRST_METHOD_FORMAT ? 0 : 1 + this.literalCountAt(header, slots);
      swapWords(words, header + 1 + literals, header + 1 + slots);
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
    this.#compactClasses = this.wordOf(this.words[specialObjects + 1 + SpecialObject.V3_COMPACT_CLASSES]!);
  }

  /** The base header of an object's class, or -1 where it names none. */
  classAt(header: number): number {
    const { words } = this;
    const compact = (words[header]! >>> 12) & 31;
    if (compact === 0) return header > 0 ? this.wordOf(words[header - 1]! & ~3) : -1;
    const entry = this.#compactClasses < 0 ? -1 : this.#compactClasses + compact;
    return entry < 0 || entry >= words.length ? -1 : this.wordOf(words[entry]!);
  }

  /** Literals of the method at `header`. @throws ImageFormatError */
  literalCountAt(header: number, slots: number): number {
    const methodHeader = slots === 0 ? 0 : this.words[header + 1]!;
    const count = v3LiteralCount(methodHeader >> 1);
    if ((methodHeader & 1) === 0 || count >= slots)
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
    const distance = (oop >>> 0) - this.baseAddress;
    return distance >= 0 && distance < 4 * this.words.length && (distance & 3) === 0 ? distance >>> 2 : -1;
  }

  offsetOf(word: number): number {
    return this.#dataOffset + 4 * word;
  }
}
