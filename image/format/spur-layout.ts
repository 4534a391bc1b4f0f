/** How objects and bridges are laid down in words, for those that make a heap or a file out of something else. */
import { FORMAT_SHIFT, Format, MARKED_BIT, OVERFLOW_SLOTS, PINNED_BIT } from '../../vm/memory/header.ts';
import { BRIDGE_BYTES } from './spur-header.ts';

/** Spur's class index of a segment's bridge. */
const BRIDGE_PUN = 3;

/** The words of a 32-bit object with that many slots: header, overflow header, slots, filling to 8 bytes and to two slots. */
export function objectWords(slotCount: number): number {
  const body = slotCount < 2 ? 2 : slotCount + (slotCount & 1);
  return (slotCount >= OVERFLOW_SLOTS ? 4 : 2) + body;
}

/** Where the header of a 32-bit object stands whose words start at `at`: behind the overflow header, if it has one. */
export const headerWord = (at: number, slotCount: number): number => (slotCount >= OVERFLOW_SLOTS ? at + 2 : at);

/** Writes the header at word `header`, and the overflow header before it. `low` and `hash` are its words but for the slot count. */
export function putHeader(words: Int32Array, header: number, low: number, hash: number, slotCount: number): void {
  words[header] = low;
  if (slotCount < OVERFLOW_SLOTS) {
    words[header + 1] = (slotCount << 24) | hash;
    return;
  }
  words[header + 1] = (OVERFLOW_SLOTS << 24) | hash;
  words[header - 2] = slotCount;
  words[header - 1] = OVERFLOW_SLOTS << 24;
}

/** Writes the 16 bytes that end the last segment, of either word size. */
export function putBridge(bytes: Uint8Array, offset: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, BRIDGE_BYTES);
  view.setUint32(0, PINNED_BIT | (Format.BITS_32 << FORMAT_SHIFT) | BRIDGE_PUN, true);
  view.setUint32(4, MARKED_BIT, true);
}

/** From so many words on, the engine's own copy is worth its call. */
const LONG_COPY = 64;

/** Copies `count` words. Small, so that it is compiled soon: what runs once has to be fast from the start. */
export function copyWords(source: Int32Array, from: number, target: Int32Array, to: number, count: number): void {
  if (count >= LONG_COPY) {
    target.set(source.subarray(from, from + count), to);
    return;
  }
  for (let i = 0; i < count; i++) target[to + i] = source[from + i]!;
}
