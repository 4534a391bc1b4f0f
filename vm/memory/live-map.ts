/**
 * Which parts of the heap are alive, one bit for each granule of 8 bytes, and from that where everything will lie once the
 * dead parts are squeezed out. Takes 1/32 of the heap's size beside the heap; no object's header is touched.
 *
 * A live object sets the bits of all its granules, its overflow word included. 32 granules, 256 bytes, are one word of the
 * map; a second array holds how many live granules lie before each word. An object's new place is then that count plus the
 * bits before its own: two loads and a population count, for any oop, at any time of the slide.
 * Source: Kermany & Petrank, "The Compressor" (PLDI 2006).
 */
import { HEAP_BASE } from './object-memory.ts';

/** Bits set in a 32-bit word. */
export function populationCount(word: number): number {
  let pairs = word - ((word >>> 1) & 0x55555555);
  pairs = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((pairs + (pairs >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export class LiveMap {
  /** Bit `(address >> 3) & 31` of word `address >> 8`. */
  bits = new Int32Array(0);
  /** New place, in granules, of the first live granule of each word. */
  granulesBefore = new Int32Array(0);
  /** Addresses below this one are alive without a gap, and stay where they are. */
  firstGap = HEAP_BASE;

  /** Makes the map empty and large enough for a heap that ends at `heapEnd`. */
  reset(heapEnd: number): void {
    const words = (heapEnd >> 8) + 2;
    if (this.bits.length < words) {
      this.bits = new Int32Array(words + (words >> 2));
      this.granulesBefore = new Int32Array(this.bits.length);
    } else {
      this.bits.fill(0, 0, words);
    }
  }

  isMarked(address: number): boolean {
    return ((this.bits[address >> 8]! >>> ((address >> 3) & 31)) & 1) !== 0;
  }

  /** Marks the granules of [start, end), both multiples of 8, end beyond start. */
  markRange(start: number, end: number): void {
    const bits = this.bits;
    const last = end - 8;
    let word = start >> 8;
    const lastWord = last >> 8;
    const head = -1 << ((start >> 3) & 31);
    const tail = -1 >>> (31 - ((last >> 3) & 31));
    if (word === lastWord) {
      bits[word]! |= head & tail;
      return;
    }
    bits[word]! |= head;
    if (++word < lastWord) bits.fill(-1, word, lastWord);
    bits[lastWord]! |= tail;
  }

  /** Counts what is alive before each word. Answers the address at which the squeezed heap will end. */
  computeNewAddresses(heapEnd: number): number {
    const { bits, granulesBefore } = this;
    const words = (heapEnd >> 8) + 1;
    let live = HEAP_BASE >> 3;
    let firstGap = -1;
    for (let word = HEAP_BASE >> 8; word < words; word++) {
      granulesBefore[word] = live;
      const present = bits[word]!;
      if (present === -1) {
        live += 32;
      } else {
        if (firstGap < 0) {
          const lowestClear = ~present & -~present;
          firstGap = (word << 8) + ((31 - Math.clz32(lowestClear)) << 3);
        }
        live += populationCount(present);
      }
    }
    this.firstGap = firstGap < 0 ? heapEnd : firstGap;
    return live << 3;
  }

  /** Where the live object at `oop` lies after the slide. Contract: `computeNewAddresses` ran since the last mark. */
  newAddressOf(oop: number): number {
    if (oop < this.firstGap) return oop;
    const word = oop >> 8;
    return (this.granulesBefore[word]! + populationCount(this.bits[word]! & ~(-1 << ((oop >> 3) & 31)))) << 3;
  }

  /** The first live address at or after `address`, or `heapEnd` when there is none. */
  nextLive(address: number, heapEnd: number): number {
    if (address >= heapEnd) return heapEnd;
    const bits = this.bits;
    let word = address >> 8;
    let present = bits[word]! & (-1 << ((address >> 3) & 31));
    const lastWord = (heapEnd - 8) >> 8;
    while (present === 0) {
      if (++word > lastWord) return heapEnd;
      present = bits[word]!;
    }
    return (word << 8) + ((31 - Math.clz32(present & -present)) << 3);
  }
}
