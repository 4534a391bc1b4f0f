/**
 * Free chunks of old space: the gaps that a compaction leaves in front of pinned objects. A chunk is laid out as an object
 * of class index 0 that holds bits, so that walks step over it; its first slot links it to the next of its list.
 *
 * List n (1 to 31) holds chunks of n units of 8 bytes, list 0 all larger ones, first fit. Sizes are those of objects: at
 * least 16 bytes. What is left over of a chunk becomes a smaller one; a rest of 8 bytes cannot be, so such a chunk does
 * not fit. The heads are kept here, not in the heap: the object that image files have for them stays zero.
 */
import { FORMAT_SHIFT, Format, OVERFLOW_SLOTS, SLOT_COUNT_SHIFT } from './header.ts';
import { ClassIndex } from './well-known.ts';

const LISTS = 32;
const UNIT_SHIFT = 3;
const LEAST_BYTES = 16;
/** No object takes that many bytes: 254 slots take 8 fewer, 256 slots with their overflow word 8 more. */
const IMPOSSIBLE_BYTES = 1032;
const FREE_HEADER = (Format.BITS_32 << FORMAT_SHIFT) | ClassIndex.FREE;

export class FreeLists {
  /** Address of the first chunk of each list, its overflow word included; 0 for none. */
  private readonly heads = new Int32Array(LISTS);
  /** Bytes in all chunks. */
  bytes = 0;

  clear(): void {
    this.heads.fill(0);
    this.bytes = 0;
  }

  /** Makes [start, start + bytes) a free chunk. Contract: both multiples of 8, at least 16 bytes. */
  add(i32: Int32Array, start: number, bytes: number): void {
    if (bytes === IMPOSSIBLE_BYTES) {
      this.add(i32, start, LEAST_BYTES);
      this.add(i32, start + LEAST_BYTES, bytes - LEAST_BYTES);
      return;
    }
    const body = writeFreeHeader(i32, start, bytes);
    const units = bytes >> UNIT_SHIFT;
    const list = units < LISTS ? units : 0;
    i32[body] = this.heads[list]!;
    this.heads[list] = start;
    this.bytes += bytes;
  }

  /** Takes room of exactly `bytes` bytes out of a chunk; 0 when no chunk fits. */
  take(i32: Int32Array, bytes: number): number {
    const units = bytes >> UNIT_SHIFT;
    for (let list = units; list < LISTS; list++) {
      if (list === units + 1) continue;
      const start = this.heads[list]!;
      if (start === 0) continue;
      this.heads[list] = i32[bodyOfChunk(i32, start)]!;
      return this.split(i32, start, list << UNIT_SHIFT, bytes);
    }
    let link = -1;
    for (let start = this.heads[0]!; start !== 0; ) {
      const body = bodyOfChunk(i32, start);
      const chunkBytes = chunkBytesAt(i32, start);
      const next = i32[body]!;
      if (chunkBytes === bytes || chunkBytes >= bytes + LEAST_BYTES) {
        if (link < 0) this.heads[0] = next;
        else i32[link] = next;
        return this.split(i32, start, chunkBytes, bytes);
      }
      link = body;
      start = next;
    }
    return 0;
  }

  /** Visits each chunk: list, address, bytes. Stops a list after `most` chunks, should it be a ring. */
  forEach(i32: Int32Array, most: number, visit: (list: number, start: number, bytes: number) => boolean): void {
    for (let list = 0; list < LISTS; list++) {
      let start = this.heads[list]!;
      for (let count = 0; start !== 0 && count <= most; count++) {
        if (!visit(list, start, chunkBytesAt(i32, start))) break;
        start = i32[bodyOfChunk(i32, start)]!;
      }
    }
  }

  /** The list that a chunk of that size belongs to. */
  static listFor(bytes: number): number {
    const units = bytes >> UNIT_SHIFT;
    return units < LISTS ? units : 0;
  }

  private split(i32: Int32Array, start: number, chunkBytes: number, bytes: number): number {
    this.bytes -= chunkBytes;
    if (chunkBytes > bytes) this.add(i32, start + bytes, chunkBytes - bytes);
    return start;
  }
}

/** Writes the header of a chunk over [start, start + bytes). Answers the word index of its first slot. */
function writeFreeHeader(i32: Int32Array, start: number, bytes: number): number {
  let word = start >> 2;
  let slotCount = (bytes - 8) >> 2;
  if (slotCount >= OVERFLOW_SLOTS) {
    slotCount -= 2;
    i32[word] = slotCount;
    i32[word + 1] = OVERFLOW_SLOTS << SLOT_COUNT_SHIFT;
    word += 2;
    i32[word + 1] = OVERFLOW_SLOTS << SLOT_COUNT_SHIFT;
  } else {
    i32[word + 1] = slotCount << SLOT_COUNT_SHIFT;
  }
  i32[word] = FREE_HEADER;
  return word + 2;
}

const hasOverflowWord = (i32: Int32Array, start: number): boolean =>
  i32[(start >> 2) + 1]! >>> SLOT_COUNT_SHIFT === OVERFLOW_SLOTS;

const bodyOfChunk = (i32: Int32Array, start: number): number => (start >> 2) + (hasOverflowWord(i32, start) ? 4 : 2);

function chunkBytesAt(i32: Int32Array, start: number): number {
  const word = start >> 2;
  if (hasOverflowWord(i32, start)) return 16 + ((i32[word]! + 1) & ~1) * 4;
  return 8 + (((i32[word + 1]! >>> SLOT_COUNT_SHIFT) + 1) & ~1) * 4;
}
