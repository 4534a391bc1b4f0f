/**
 * Which parts of the heap are alive, one bit for each granule of 8 bytes, and from that where everything will lie once the
 * dead parts are squeezed out. Takes 1/32 of the heap's size beside the heap; no object's header is touched.
 *
 * A live object sets the bits of all its granules, its overflow word included. 32 granules, 256 bytes, are one word of the
 * map; a second array holds how many live granules lie before each word. An object's new place is then that count plus the
 * bits before its own: two loads and a population count, for any oop, at any time of the slide.
 *
 * A pinned object stays where it is, so what lies behind it is counted from there. The words of the map in which a pinned
 * object starts therefore have an entry for each granule: `granulesBefore` holds the complement of the entries' number.
 * Source: Kermany & Petrank, "The Compressor" (PLDI 2006).
 */
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
  firstGap = 0;
  /** 32 entries for each word in which a pinned object starts: the new place, in granules, of each of its granules. */
  private pinnedWords = new Int32Array(0);

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

  /**
   * Counts what is alive before each word, in [heapStart, heapEnd). `pinnedStarts` are the addresses at which pinned objects
   * start, ascending, overflow words included. Answers the address at which the squeezed heap will end.
   * Contract: heapStart is a multiple of 256.
   */
  computeNewAddresses(heapStart: number, heapEnd: number, pinnedStarts: Int32Array): number {
    const { bits, granulesBefore } = this;
    if (this.pinnedWords.length < 32 * pinnedStarts.length) this.pinnedWords = new Int32Array(32 * pinnedStarts.length);
    const words = (heapEnd >> 8) + 1;
    let live = heapStart >> 3;
    let firstGap = -1;
    let nextPinned = 0;
    let pinnedWord = pinnedStarts.length > 0 ? pinnedStarts[0]! >> 8 : -1;
    let entries = 0;
    for (let word = heapStart >> 8; word < words; word++) {
      const present = bits[word]!;
      if (present !== -1 && firstGap < 0) {
        const lowestClear = ~present & -~present;
        firstGap = (word << 8) + ((31 - Math.clz32(lowestClear)) << 3);
      }
      if (word !== pinnedWord) {
        granulesBefore[word] = live;
        live += present === -1 ? 32 : populationCount(present);
        continue;
      }
      granulesBefore[word] = ~entries;
      for (let granule = 0; granule < 32; granule++) {
        const place = (word << 5) + granule;
        if (nextPinned < pinnedStarts.length && pinnedStarts[nextPinned]! >> 3 === place) {
          live = place;
          nextPinned++;
        }
        this.pinnedWords[(entries << 5) + granule] = live;
        if (((present >>> granule) & 1) !== 0) live++;
      }
      entries++;
      pinnedWord = nextPinned < pinnedStarts.length ? pinnedStarts[nextPinned]! >> 8 : -1;
    }
    this.firstGap = firstGap < 0 ? heapEnd : firstGap;
    return live << 3;
  }

  /** Where the live object at `oop` lies after the slide. Contract: `computeNewAddresses` ran since the last mark. */
  newAddressOf(oop: number): number {
    if (oop < this.firstGap) return oop;
    const word = oop >> 8;
    const before = this.granulesBefore[word]!;
    if (before < 0) return this.pinnedWords[(~before << 5) + ((oop >> 3) & 31)]! << 3;
    return (before + populationCount(this.bits[word]! & ~(-1 << ((oop >> 3) & 31)))) << 3;
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
