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
  /** Of the working set's clock, when all of it was brought here last. */
  fresh = -1;

  constructor(address: number, here: Buffer) {
    this.address = address;
    this.here = here;
    this.shadow = Buffer.alloc(here.length);
  }

  /** Carries changes of this side in [start, end) to C; true when there were some. */
  abstract toC(start: number, end: number): boolean;
  /** Carries C's changes in [start, end) to this side; true when there were some. */
  abstract fromC(start: number, end: number): boolean;
}

export class Twin extends TwoSided {
  readonly #there: Buffer;

  /** `there` is shared memory of zeros, as long as `here`. */
  constructor(address: number, here: Buffer, there: Buffer) {
    super(address, here);
    this.#there = there;
  }

  override toC(start: number, end: number): boolean {
    if (this.here.length < end) return false; // its ArrayBuffer was transferred away
    return carry(this.here, this.#there, this.shadow, start, end);
  }

  override fromC(start: number, end: number): boolean {
    if (this.here.length < end) return false;
    return carry(this.#there, this.here, this.shadow, start, end);
  }
}

/** How a mirror reaches C's memory. What it answers is there until the next read. */
export interface RemoteMemory {
  /** Throws where the memory cannot be read. */
  read(address: number, sizeBytes: number): Buffer;
  /** The same for memory that could be read before: faster. */
  readAgain(address: number, sizeBytes: number): Buffer;
  write(address: number, bytes: Buffer): void;
}

export class Mirror extends TwoSided {
  readonly #remote: RemoteMemory;
  /** Of the executor whose memory it is. */
  readonly generation: number;
  /** All of it could be read before. */
  wasRead = false;

  constructor(address: number, here: Buffer, remote: RemoteMemory, generation: number) {
    super(address, here);
    this.#remote = remote;
    this.generation = generation;
  }

  /** Each run of changed bytes is written by itself: what lies between may be C's own change. Throws as `write` does. */
  override toC(start: number, end: number): boolean {
    const { here, shadow } = this;
    if (here.length < end || isEqual(here, shadow, start, end)) return false;
    for (let at = start; at < end; at++) {
      if (here[at] === shadow[at]) continue;
      const from = at;
      while (at < end && here[at] !== shadow[at]) shadow[at] = here[at++]!;
      this.#remote.write(this.address + from, here.subarray(from, at));
    }
    return true;
  }

  override fromC(start: number, end: number): boolean {
    const { here } = this;
    if (here.length < end) return false;
    const [at, size] = [this.address + start, end - start];
    const fresh = this.wasRead ? this.#remote.readAgain(at, size) : this.#remote.read(at, size);
    if (size === here.length) this.wasRead = true;
    return this.take(fresh, 0, start, end);
  }

  /** The same with the bytes that C has there, which begin at `at` of `fresh`. */
  take(fresh: Buffer, at: number, start: number, end: number): boolean {
    const { here, shadow } = this;
    const size = end - start;
    if (here.length < end || shadow.compare(fresh, at, at + size, start, end) === 0) return false;
    for (let i = 0; i < size; i++) {
      const byte = fresh[at + i]!;
      if (byte !== shadow[start + i]) here[start + i] = shadow[start + i] = byte;
    }
    return true;
  }
}

function isEqual(a: Buffer, b: Buffer, start: number, end: number): boolean {
  if (end - start > loopBytes) return a.compare(b, start, end, start, end) === 0;
  for (let at = start; at < end; at++) if (a[at] !== b[at]) return false;
  return true;
}

function carry(from: Buffer, to: Buffer, shadow: Buffer, start: number, end: number): boolean {
  if (isEqual(from, shadow, start, end)) return false;
  if (end - start > loopBytes && isEqual(to, shadow, start, end)) {
    from.copy(to, start, start, end);
    to.copy(shadow, start, start, end);
    return true;
  }
  for (let at = start; at < end; at++) {
    const byte = from[at]!;
    if (byte !== shadow[at]) to[at] = shadow[at] = byte;
  }
  return true;
}
