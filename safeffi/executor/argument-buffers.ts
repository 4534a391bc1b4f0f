/**
 * Buffers of one lane's pointer arguments in shared memory. A buffer's copy **ends at inaccessible pages** and starts
 * after a canary, so that one byte too many faults on the instruction that touches it, and a byte written in front is
 * found after the call. Slots come in two sizes, the first few accessible from the start; what is larger is mapped in the executor for the length of the call
 * (BigBuffers). Bytes are copied in when the frame is written and, but for strings and pointers to const, copied back
 * when the call has returned; a callout that faults copies nothing back.
 */

import type { FaultArgument } from '../faults/fault.ts';
import {
  canaryByte,
  canaryBytes,
  domainBase,
  lane as laneLayout,
  laneOffset,
  mediumSlot,
  smallSlot,
} from '../protocol/layout.ts';
import type { OwnedBuffer } from './callout-goes-on.ts';
import type { DomainMemory } from './domain-memory.ts';

/** Room for arguments that no slot can hold: memory of the executor itself. */
export interface BigBuffers {
  /** Makes all slots of a lane accessible in the executor, which has the first ones from the start; false where it cannot. */
  openSlots(laneIndex: number): boolean;
  /** Maps memory whose last `sizeBytes` before an inaccessible page hold `bytes` and a NUL if wanted; answers its address. */
  map(bytes: Uint8Array, sizeBytes: number): number;
  read(address: number, into: Uint8Array): void;
  unmap(address: number, sizeBytes: number): void;
}

interface Placed {
  position: number;
  kind: 'ByteArray' | 'String';
  /** Without a string's NUL. */
  lengthBytes: number;
  /** With it: what lies before the guard page. */
  sizeBytes: number;
  address: number;
  /** Offset in the shared memory, or -1 for a big buffer. */
  offset: number;
  copyBack: Uint8Array | undefined;
}

interface Floor {
  readonly count: number;
  readonly small: number;
  readonly medium: number;
}

const ground: Floor = { count: 0, small: 0, medium: 0 };
const canaryWord = (canaryByte * 0x01010101) | 0;
const canaryWords = canaryBytes / 4;
const copyByLoop = 64;

export class ArgumentBuffers {
  readonly #memory: DomainMemory;
  readonly #big: BigBuffers;
  readonly #base: number;
  readonly #laneIndex: number;
  readonly #placed: Placed[] = [];
  #count = 0;
  #small = 0;
  #medium = 0;
  /** How many slots the executor can use now. */
  #openSmall: number = smallSlot.first;
  #openMedium: number = mediumSlot.first;
  #isRefused = false;
  /** Callouts that nest on one lane share its slots: what lies below belongs to the outer ones. */
  #floor = ground;
  readonly #floors: Floor[] = [];
  /** Start of the buffer each slot held last: its canary is still in place. */
  readonly #lastStart: Int32Array = new Int32Array(smallSlot.count + mediumSlot.count);

  constructor(memory: DomainMemory, laneIndex: number, big: BigBuffers) {
    this.#memory = memory;
    this.#base = laneOffset(laneIndex);
    this.#laneIndex = laneIndex;
    this.#big = big;
  }

  /** A nested callout begins: what is placed from here on is its own, until `leave`. */
  enter(): void {
    this.#floors.push(this.#floor);
    this.#floor = { count: this.#count, small: this.#small, medium: this.#medium };
  }

  leave(): void {
    this.reset();
    this.#floor = this.#floors.pop() ?? ground;
  }

  /** Places bytes for the argument at `position` (from 1), with a NUL behind when `terminate`; answers the address. */
  placeBytes(position: number, bytes: Uint8Array, kind: Placed['kind'], terminate: boolean, copyBack: boolean): number {
    const lengthBytes = bytes.length;
    const placed = this.#place(position, kind, lengthBytes, terminate ? lengthBytes + 1 : lengthBytes, bytes);
    placed.copyBack = copyBack ? bytes : undefined;
    if (placed.offset >= 0) {
      const { u8 } = this.#memory;
      const { offset } = placed;
      if (lengthBytes <= copyByLoop) for (let i = 0; i < lengthBytes; i++) u8[offset + i] = bytes[i]!;
      else u8.set(bytes, offset);
      if (terminate) u8[offset + lengthBytes] = 0;
    }
    return placed.address;
  }

  /** Places room for a record that C answers in memory; position 0. Answers the address. */
  placeResult(sizeBytes: number): number {
    return this.placeBytes(0, new Uint8Array(sizeBytes), 'ByteArray', false, true);
  }

  /** The array that the room's bytes are copied to by `finish`. */
  resultBytes(): Uint8Array {
    for (let i = this.#floor.count; i < this.#count; i++) {
      const { position, copyBack } = this.#placed[i]!;
      if (position === 0 && copyBack !== undefined) return copyBack;
    }
    throw new Error('no room was placed for the result');
  }

  /** Places a string as UTF-8 with a NUL behind. */
  placeString(position: number, text: string): number {
    const length = text.length;
    if (length < smallSlot.dataBytes - canaryBytes - 4) {
      const { u8 } = this.#memory;
      const offset = this.#takeSlot(length + 1);
      if (offset >= 0) {
        let i = 0;
        for (let code = 0; i < length && (code = text.charCodeAt(i)) < 0x80; i++) u8[offset + i] = code;
        if (i === length) {
          u8[offset + length] = 0;
          return this.#record(position, 'String', length, length + 1, offset).address;
        }
      }
    }
    return this.placeBytes(position, new TextEncoder().encode(text), 'String', true, false);
  }

  /** After a call that returned: false when a canary is broken, else everything is copied back and forgotten. */
  finish(): boolean {
    for (let i = this.#floor.count; i < this.#count; i++) if (!this.#canaryIntact(this.#placed[i]!)) return false;
    for (let i = this.#floor.count; i < this.#count; i++) this.#copyBack(this.#placed[i]!);
    this.reset();
    return true;
  }

  /** From now on what C writes is copied back to buffers of our own, answered here; the caller's are not touched. */
  detach(): OwnedBuffer[] {
    const owned: OwnedBuffer[] = [];
    for (let i = this.#floor.count; i < this.#count; i++) {
      const placed = this.#placed[i]!;
      if (placed.copyBack === undefined || placed.position === 0) continue;
      const bytes = placed.copyBack.slice();
      placed.copyBack = bytes;
      owned.push({ position: placed.position, bytes });
    }
    return owned;
  }

  /** The argument whose canary is broken, and where. For reports, before `reset`. */
  brokenCanary(): FaultArgument | undefined {
    const { u8 } = this.#memory;
    for (let i = this.#floor.count; i < this.#count; i++) {
      const { position, kind, lengthBytes: sizeBytes, offset: start } = this.#placed[i]!;
      if (start < 0 || this.#canaryIntact(this.#placed[i]!)) continue;
      let lowest = start - 1;
      for (let at = (start & ~3) - canaryBytes; at < start; at++) {
        if (u8[at] !== canaryByte) {
          lowest = at;
          break;
        }
      }
      return { position, kind, sizeBytes, offset: lowest - start };
    }
    return undefined;
  }

  /** The argument that an address lies in, just before or just past. */
  argumentAt(address: number): FaultArgument | undefined {
    for (let i = this.#floor.count; i < this.#count; i++) {
      const { position, kind, lengthBytes, sizeBytes, address: start } = this.#placed[i]!;
      const guard = start + sizeBytes;
      if (address >= start - canaryBytes && address < guard + guardReach(sizeBytes)) {
        return { position, kind, sizeBytes: lengthBytes, offset: address - start };
      }
    }
    return undefined;
  }

  /** Forgets the arguments of the last call; big buffers are unmapped. */
  reset(): void {
    const count = this.#count;
    // Unmapping is a callout of its own, possibly on this lane: it must find nothing placed.
    this.#count = this.#floor.count;
    this.#small = this.#floor.small;
    this.#medium = this.#floor.medium;
    for (let i = this.#count; i < count; i++) {
      const placed = this.#placed[i]!;
      placed.copyBack = undefined;
      if (placed.offset < 0) this.#big.unmap(placed.address, placed.sizeBytes);
    }
  }

  /** Forgets everything, canaries too: the executor and its memory are gone. */
  forget(): void {
    this.#count = this.#small = this.#medium = 0;
    this.#floor = ground;
    this.#floors.length = 0;
    this.#lastStart.fill(0);
    this.#openSmall = smallSlot.first;
    this.#openMedium = mediumSlot.first;
    this.#isRefused = false;
  }

  /** The slots at hand are taken: true when there are more now. */
  #openMore(): boolean {
    if (this.#openSmall === smallSlot.count || this.#isRefused) return false;
    this.#isRefused = !this.#big.openSlots(this.#laneIndex);
    if (this.#isRefused) return false;
    this.#openSmall = smallSlot.count;
    this.#openMedium = mediumSlot.count;
    return true;
  }

  #place(position: number, kind: Placed['kind'], lengthBytes: number, sizeBytes: number, bytes: Uint8Array): Placed {
    const offset = this.#takeSlot(sizeBytes);
    if (offset >= 0) return this.#record(position, kind, lengthBytes, sizeBytes, offset);
    const address = this.#big.map(bytes, sizeBytes);
    const placed = this.#record(position, kind, lengthBytes, sizeBytes, -1);
    placed.address = address;
    return placed;
  }

  #record(position: number, kind: Placed['kind'], lengthBytes: number, sizeBytes: number, offset: number): Placed {
    let placed = this.#placed[this.#count];
    if (placed === undefined) {
      placed = { position, kind, lengthBytes, sizeBytes, address: 0, offset, copyBack: undefined };
      this.#placed.push(placed);
    }
    this.#count++;
    placed.position = position;
    placed.kind = kind;
    placed.lengthBytes = lengthBytes;
    placed.sizeBytes = sizeBytes;
    placed.offset = offset;
    placed.address = domainBase + offset;
    placed.copyBack = undefined;
    return placed;
  }

  /** Offset of the start of a fresh slot's last `sizeBytes` bytes, canary in front; -1 where no slot is left or fits. */
  #takeSlot(sizeBytes: number): number {
    let end: number;
    let slot: number;
    const fitsSmall = sizeBytes <= smallSlot.dataBytes - canaryBytes - 4;
    const fitsMedium = sizeBytes <= mediumSlot.dataBytes - canaryBytes - 4;
    if (fitsSmall && this.#small === this.#openSmall) this.#openMore();
    else if (!fitsSmall && fitsMedium && this.#medium === this.#openMedium) this.#openMore();
    if (fitsSmall && this.#small < this.#openSmall) {
      slot = this.#small++;
      end = this.#base + laneLayout.smallSlots + slot * smallSlot.stride + smallSlot.dataBytes;
    } else if (fitsMedium && this.#medium < this.#openMedium) {
      const medium = this.#medium++;
      slot = smallSlot.count + medium;
      end = this.#base + laneLayout.mediumSlots + medium * mediumSlot.stride + mediumSlot.dataBytes;
    } else return -1;
    const start = end - sizeBytes;
    if (this.#lastStart[slot] !== start) {
      this.#lastStart[slot] = start;
      const { i32, u8 } = this.#memory;
      const aligned = start & ~3;
      const firstWord = aligned / 4 - canaryWords;
      for (let i = 0; i < canaryWords; i++) i32[firstWord + i] = canaryWord;
      for (let at = aligned; at < start; at++) u8[at] = canaryByte;
    }
    return start;
  }

  #canaryIntact(placed: Placed): boolean {
    const start = placed.offset;
    if (start < 0) return true;
    const { i32, u8 } = this.#memory;
    const aligned = start & ~3;
    const firstWord = aligned / 4 - canaryWords;
    for (let i = 0; i < canaryWords; i++) if (i32[firstWord + i] !== canaryWord) return this.#spoilt();
    for (let at = aligned; at < start; at++) if (u8[at] !== canaryByte) return this.#spoilt();
    return true;
  }

  /** The next use of any slot writes its canary again. */
  #spoilt(): false {
    this.#lastStart.fill(0);
    return false;
  }

  #copyBack(placed: Placed): void {
    const { copyBack, offset, lengthBytes } = placed;
    if (copyBack === undefined) return;
    if (offset < 0) {
      this.#big.read(placed.address, copyBack);
    } else if (lengthBytes <= copyByLoop) {
      const { u8 } = this.#memory;
      for (let i = 0; i < lengthBytes; i++) copyBack[i] = u8[offset + i]!;
    } else {
      copyBack.set(this.#memory.u8.subarray(offset, offset + lengthBytes));
    }
  }
}

function guardReach(sizeBytes: number): number {
  return sizeBytes <= smallSlot.dataBytes
    ? smallSlot.stride - smallSlot.dataBytes
    : mediumSlot.stride - mediumSlot.dataBytes;
}
