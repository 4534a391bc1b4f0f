/**
 * Bytes that lie on two sides: in an ArrayBuffer here and in C's memory. `shadow` is what both had when they were equal last, so
 * that it is known, byte by byte, which side has changed: `toC` carries over what this side changed, `fromC` what C did. Where
 * both changed the same byte, the side that is carried over wins.
 *
 * A twin is the copy, in shared memory, of a Buffer that Node made; a mirror is the copy, here, of memory that C made.
 */

/** Up to so many bytes a loop is faster than a call of `compare`. */
const loopBytes = 96;

export abstract class TwoSided {
  /** C's address of the first byte. */
  readonly address: number;
  readonly here: Buffer;
  protected readonly shadow: Buffer;
  /** Where pointers to other Buffers were written. */
  links: Set<number> | undefined;
  /** The walk that came by last. */
  walk = 0;
  /** Of the working set's clock, when all of it was brought here last. */
  fresh = -1;

  constructor(address: number, here: Buffer) {
    this.address = address;
    this.here = here;
    this.shadow = Buffer.alloc(here.length);
  }

  /** Carries changes of this side in [start, end) to C. */
  abstract toC(start: number, end: number): void;
  /** Carries C's changes in [start, end) to this side. */
  abstract fromC(start: number, end: number): void;
}

export class Twin extends TwoSided {
  readonly #there: Buffer;

  /** `there` is shared memory of zeros, as long as `here`. */
  constructor(address: number, here: Buffer, there: Buffer) {
    super(address, here);
    this.#there = there;
  }

  override toC(start: number, end: number): void {
    if (this.here.length < end) return; // its ArrayBuffer was transferred away
    carry(this.here, this.#there, this.shadow, start, end);
  }

  override fromC(start: number, end: number): void {
    if (this.here.length < end) return;
    carry(this.#there, this.here, this.shadow, start, end);
  }
}

/** How a mirror reaches C's memory. */
export interface RemoteMemory {
  /** Throws where the memory cannot be read. */
  read(address: number, sizeBytes: number): Buffer;
  write(address: number, bytes: Buffer): void;
}

export class Mirror extends TwoSided {
  readonly #remote: RemoteMemory;

  constructor(address: number, here: Buffer, remote: RemoteMemory) {
    super(address, here);
    this.#remote = remote;
  }

  /** Each run of changed bytes is written by itself: what lies between may be C's own change. Throws as `write` does. */
  override toC(start: number, end: number): void {
    const { here, shadow } = this;
    if (isEqual(here, shadow, start, end)) return;
    for (let at = start; at < end; at++) {
      if (here[at] === shadow[at]) continue;
      const from = at;
      while (at < end && here[at] !== shadow[at]) shadow[at] = here[at++]!;
      this.#remote.write(this.address + from, here.subarray(from, at));
    }
  }

  override fromC(start: number, end: number): void {
    const fresh = this.#remote.read(this.address + start, end - start);
    const { here, shadow } = this;
    for (let at = start; at < end; at++) {
      const byte = fresh[at - start]!;
      if (byte !== shadow[at]) here[at] = shadow[at] = byte;
    }
  }
}

function isEqual(a: Buffer, b: Buffer, start: number, end: number): boolean {
  if (end - start > loopBytes) return a.compare(b, start, end, start, end) === 0;
  for (let at = start; at < end; at++) if (a[at] !== b[at]) return false;
  return true;
}

function carry(from: Buffer, to: Buffer, shadow: Buffer, start: number, end: number): void {
  if (isEqual(from, shadow, start, end)) return;
  if (end - start > loopBytes && isEqual(to, shadow, start, end)) {
    from.copy(to, start, start, end);
    to.copy(shadow, start, start, end);
    return;
  }
  for (let at = start; at < end; at++) {
    const byte = from[at]!;
    if (byte !== shadow[at]) to[at] = shadow[at] = byte;
  }
}
