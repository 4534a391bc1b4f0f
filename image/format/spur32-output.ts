/**
 * A Spur 32-bit image file being made in memory out of an image of another format, with its objects from HEAP_BASE on.
 * Readers of the other formats translate into this, so that one reader (spur32-reader.ts) checks and loads them all.
 *
 * Contract: the size of the objects is known from the start; whoever makes one fills every word of it.
 */
import { FORMAT_SHIFT, Format, MARKED_BIT, OVERFLOW_SLOTS, PINNED_BIT } from '../../vm/memory/header.ts';
import { HEAP_BASE } from '../../vm/memory/object-memory.ts';
import { BRIDGE_BYTES, type ImageSettings, SPUR32_HEADER_BYTES, writeSpur32Header } from './spur32-header.ts';

/** Spur's class index of a segment's bridge. */
export const BRIDGE_PUN = 3;

/** The words of an object with that many slots: header, overflow header, slots, filling to 8 bytes and to two slots. */
export function objectWords(slotCount: number): number {
  const body = slotCount < 2 ? 2 : slotCount + (slotCount & 1);
  return (slotCount >= OVERFLOW_SLOTS ? 4 : 2) + body;
}

export class Spur32Output {
  /** The whole file. */
  readonly bytes: Uint8Array;
  /** The objects, from HEAP_BASE on: word i is at address HEAP_BASE + 4i. */
  readonly words: Int32Array;
  readonly objects: Uint8Array;

  /** `objectBytes` a multiple of 8. */
  constructor(objectBytes: number) {
    this.bytes = new Uint8Array(SPUR32_HEADER_BYTES + objectBytes + BRIDGE_BYTES);
    this.words = new Int32Array(this.bytes.buffer, SPUR32_HEADER_BYTES, objectBytes >> 2);
    this.objects = this.bytes.subarray(SPUR32_HEADER_BYTES, SPUR32_HEADER_BYTES + objectBytes);
  }

  /**
   * Writes an object's header at word `at`, and answers the word of its first slot. `low` and `hash` are the header's words but
   * for the slot count. The object's oop is `HEAP_BASE + 4 * (answer - 2)`.
   */
  putHeader(at: number, low: number, hash: number, slotCount: number): number {
    const { words } = this;
    let header = at;
    if (slotCount >= OVERFLOW_SLOTS) {
      words[header] = slotCount;
      words[header + 1] = OVERFLOW_SLOTS << 24;
      header += 2;
    }
    words[header] = low;
    words[header + 1] = (Math.min(slotCount, OVERFLOW_SLOTS) << 24) | hash;
    return header + 2;
  }

  /** Writes the header of the file and the bridge at its end; answers the file. */
  finish(magic: number, specialObjectsOop: number, lastHash: number, settings: ImageSettings): Uint8Array {
    const dataBytes = this.bytes.length - SPUR32_HEADER_BYTES;
    writeSpur32Header(this.bytes, {
      magic,
      dataBytes,
      baseAddress: HEAP_BASE,
      specialObjectsOop,
      lastHash,
      settings,
      firstSegmentBytes: dataBytes,
    });
    putBridge(this.bytes, this.bytes.length - BRIDGE_BYTES);
    return this.bytes;
  }
}

/** The 16 bytes that end the last segment, of either word size. */
export function putBridge(bytes: Uint8Array, offset: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, BRIDGE_BYTES);
  view.setUint32(0, PINNED_BIT | (Format.BITS_32 << FORMAT_SHIFT) | BRIDGE_PUN, true);
  view.setUint32(4, MARKED_BIT, true);
}
