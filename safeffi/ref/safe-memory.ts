/**
 * Memory where C is another process. Three kinds of Buffers (docs/decisions/0068-memory-of-ref.md):
 * - shared: `ref.alloc` and whatever else is made here lies in the session's arena, which both sides map. Small ones are cut from
 *   slabs, as Node cuts its own from a pool.
 * - ordinary: what Node made has a twin in the arena from the moment that its address is asked for; its bytes are carried over.
 * - C's: memory that C made has a mirror here.
 */
import type { Executor, Session } from '../index.ts';
import { Address } from '../index.ts';
import { AddressIndex } from './address-index.ts';
import type { ForeignMemory } from './foreign-memory.ts';
import { Mirrors } from './mirrors.ts';
import { nullPointer } from './null-pointer.ts';
import type { TypedBuffer } from './ref-type.ts';
import { Twin, type TwoSided } from './two-sided.ts';
import type { WorkingSet } from './working-set.ts';

/** With the engine's canary in front it fills two pages. */
const slabBytes = 8176;
const largestInSlab = 1024;
/** Each takes two pages of addresses, and the executor can have some 60,000 mappings. */
const mostGuarded = 1024;
/** A whole ArrayBuffer of up to this size is carried over when a part of it is passed: C may follow the pointer. */
const wholeBytes = 65_536;
/** Arguments up to this size are searched for pointers to other Buffers; larger ones only where ref wrote some. */
const searchedBytes = 1024;
/** The upper half of each address in the arena, which has 4 GiB. */
const arenaHigh = 0x6b00;
const two32 = 4294967296;
const arenaStart = arenaHigh * two32;

interface Place {
  /** C's address of the ArrayBuffer's first byte. */
  readonly address: number;
  /** Of the executor that C's memory belongs to; 0 for memory of ours. */
  readonly generation: number;
  readonly sides: TwoSided | undefined;
  /** For Node's pool, of which only Buffers that were asked for are passed: their lengths by where they start. */
  readonly pooled: Map<number, number> | undefined;
  /** In shared memory: where pointers to other Buffers were written. */
  links: Set<number> | undefined;
}

const place = (address: number, generation = 0, sides?: TwoSided, pooled?: Map<number, number>): Place => ({
  address,
  generation,
  sides,
  pooled,
  links: undefined,
});

export class SafeMemory implements ForeignMemory {
  readonly watch: WorkingSet;
  readonly #session: Session;
  readonly #executor: Executor;
  readonly #mirrors: Mirrors;
  readonly #places = new WeakMap<ArrayBufferLike, Place>();
  readonly #index = new AddressIndex();
  /** Addresses that the search of an argument came by. */
  readonly #walked = new Set<number>();
  readonly #unguarded = new FinalizationRegistry<void>(() => this.#guarded--);
  #guarded = 0;
  #slab: Buffer = Buffer.alloc(0);
  #used = 0;

  constructor(session: Session) {
    this.#session = session;
    this.#executor = session.executor;
    this.#mirrors = new Mirrors(session);
    this.watch = this.#mirrors.watch;
    this.#places.set(nullPointer.buffer, place(0));
  }

  allocate(sizeBytes: number): Buffer {
    if (sizeBytes > largestInSlab) return this.#share(sizeBytes);
    const alignment = sizeBytes >= 16 ? 16 : sizeBytes > 4 ? 8 : sizeBytes > 2 ? 4 : 2;
    let start = Math.ceil(this.#used / alignment) * alignment;
    if (start + sizeBytes > this.#slab.length) {
      this.#slab = this.#share(slabBytes);
      start = 0;
    }
    this.#used = start + sizeBytes;
    return this.#slab.subarray(start, start + sizeBytes);
  }

  addressOf(buffer: Buffer): number {
    const there = this.#places.get(buffer.buffer) ?? this.#expose(buffer);
    if (there.pooled !== undefined) notePooled(there.pooled, buffer);
    return there.address + buffer.byteOffset;
  }

  at(address: number, length: number, wanted: boolean): Buffer {
    const found = this.#find(address);
    if (found !== undefined) {
      const { start, buffer } = found;
      const offset = address - start;
      if (offset + length <= buffer.byteLength) return Buffer.from(buffer as ArrayBuffer, offset, length);
      if (wanted)
        throw new RangeError(
          `${length} bytes at 0x${address.toString(16)} go beyond the memory of ${buffer.byteLength} bytes that lies there`,
        );
      return Buffer.from(buffer as ArrayBuffer, offset, buffer.byteLength - offset);
    }
    return length === 0 || address === 0 ? this.#pointer(address) : this.#mirror(address, length, wanted);
  }

  pointerTo(address: () => number): Buffer {
    const buffer = Buffer.from(new ArrayBuffer(0));
    const moving: Place = Object.defineProperty(place(0), 'address', { get: address });
    this.#places.set(buffer.buffer, moving);
    return buffer;
  }

  textAt(address: number): string {
    const local = this.#bytesFrom(address);
    if (local === undefined) return this.#mirrors.textAt(address);
    const nul = local.indexOf(0);
    return local.toString('utf8', 0, nul < 0 ? local.length : nul);
  }

  zerosAt(address: number, unit: number): number {
    const local = this.#bytesFrom(address);
    if (local !== undefined) return zerosIn(local, unit) ?? local.length;
    return this.#mirrors.search(address, (bytes) => zerosIn(bytes, unit));
  }

  refresh(buffer: Buffer, offset: number, sizeBytes: number): void {
    const there = this.#places.get(buffer.buffer);
    if (there?.sides === undefined) return;
    this.#checkGeneration(there);
    const [start, end] = rangeWithin(there.sides, buffer.byteOffset + offset, sizeBytes);
    there.sides.fromC(start, end);
  }

  written(buffer: Buffer, offset: number, sizeBytes: number, isPointer: boolean): void {
    const there = this.#places.get(buffer.buffer);
    if (there === undefined) return;
    const at = buffer.byteOffset + offset;
    const { sides } = there;
    if (isPointer) {
      const owner = sides ?? there;
      owner.links ??= new Set();
      owner.links.add(at);
    }
    if (sides === undefined) return;
    this.#checkGeneration(there);
    sides.toC(...rangeWithin(sides, at, sizeBytes));
  }

  pass(buffer: Buffer): number {
    const there = this.#places.get(buffer.buffer) ?? this.#expose(buffer);
    if (there.generation !== 0) this.#checkGeneration(there);
    if (there.sides !== undefined || there.links !== undefined || buffer.length >= 8) {
      this.#walked.clear();
      this.#take(there, buffer, (buffer as TypedBuffer).type !== undefined);
    }
    if (there.pooled !== undefined) notePooled(there.pooled, buffer);
    return there.address + buffer.byteOffset;
  }

  toC(): void {
    this.watch.toC();
  }

  fromC(): void {
    this.watch.fromC();
  }

  mark(): number {
    return this.watch.mark();
  }

  hold(mark: number): () => void {
    return this.watch.pin(mark);
  }

  /** Throws the FFIFault of an address whose executor is gone. */
  #checkGeneration({ address, generation }: Place): void {
    if (generation !== 0 && generation !== this.#executor.generation)
      this.#executor.memory.read(new Address(address, generation), 1);
  }

  #share(sizeBytes: number): Buffer {
    const view = this.#session.buffer(sizeBytes);
    const address = Number(this.#session.addressOf(view).value) - view.byteOffset;
    this.#places.set(view.buffer, place(address));
    this.#index.add(address, view.buffer);
    return Buffer.from(view.buffer as ArrayBuffer, view.byteOffset, sizeBytes);
  }

  /** An ordinary Buffer gets its twin. */
  #expose(buffer: Buffer): Place {
    const own = buffer.buffer;
    if (own.byteLength === 0) return place(0);
    const pooled = own.byteLength === Buffer.poolSize && buffer.length < own.byteLength ? new Map() : undefined;
    const guard = pooled === undefined && this.#guarded < mostGuarded;
    const view = this.#session.buffer(own.byteLength, { guard });
    if (guard) {
      this.#guarded++;
      this.#unguarded.register(own, undefined);
    }
    const address = Number(this.#session.addressOf(view).value);
    const there = Buffer.from(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
    const sides = new Twin(address, Buffer.from(own as ArrayBuffer), there);
    const made = place(address, 0, sides, pooled);
    this.#places.set(own, made);
    this.#index.add(address, own);
    return made;
  }

  #find(address: number): { readonly start: number; readonly buffer: ArrayBufferLike } | undefined {
    return Math.floor(address / two32) === arenaHigh ? this.#index.find(address) : undefined;
  }

  /** The bytes from an address to the end of the ArrayBuffer that lies there. */
  #bytesFrom(address: number): Buffer | undefined {
    const found = this.#find(address);
    if (found === undefined) return undefined;
    const bytes = Buffer.from(found.buffer as ArrayBuffer, address - found.start);
    this.refresh(bytes, 0, bytes.length);
    return bytes;
  }

  #pointer(address: number): Buffer {
    const buffer = Buffer.from(new ArrayBuffer(0));
    this.#places.set(buffer.buffer, place(address, address === 0 ? 0 : this.#executor.generation));
    return buffer;
  }

  #mirror(address: number, length: number, wanted: boolean): Buffer {
    const mirror = this.#mirrors.at(address, length, wanted);
    const own = mirror.here.buffer;
    if (!this.#places.has(own)) this.#places.set(own, place(address, mirror.generation, mirror));
    return Buffer.from(own as ArrayBuffer, 0, length);
  }

  /** Takes up an argument, and the Buffers that it points to. */
  #take(there: Place, buffer: Buffer, isTyped: boolean): void {
    const { sides } = there;
    let bytes = buffer;
    if (sides !== undefined) {
      const isWhole = there.pooled === undefined && (sides.here.length <= wholeBytes || buffer.length === 0);
      if (isWhole) bytes = sides.here;
      const start = bytes.byteOffset - sides.here.byteOffset;
      if (this.#walked.has(there.address + start)) return;
      this.#walked.add(there.address + start);
      this.watch.take(sides, start, start + bytes.length, isTyped);
    }
    if (bytes.length <= searchedBytes) for (let at = 0; at + 8 <= bytes.length; at += 8) this.#follow(bytes, at);
    const links = (sides ?? there).links;
    if (links === undefined) return;
    const whole = Buffer.from(buffer.buffer as ArrayBuffer);
    for (const at of links) if (!this.#follow(whole, at)) links.delete(at);
  }

  /** Takes up the ordinary Buffer that the word points to; false where it points elsewhere. */
  #follow(bytes: Buffer, at: number): boolean {
    if (bytes.readUInt32LE(at + 4) !== arenaHigh) return false;
    const address = arenaStart + bytes.readUInt32LE(at);
    const found = this.#index.find(address);
    const target = found && this.#places.get(found.buffer);
    if (target?.sides === undefined) return false;
    const own = target.sides.here;
    const start = address - target.address;
    const length = target.pooled === undefined ? own.length - start : (target.pooled.get(start) ?? 0);
    this.#take(target, own.subarray(start, start + length), false);
    return true;
  }
}

function notePooled(pooled: Map<number, number>, { byteOffset, length }: Buffer): void {
  if ((pooled.get(byteOffset) ?? 0) < length) pooled.set(byteOffset, length);
}

/** The part of a read or write at `start` that the two sides have. */
function rangeWithin(sides: TwoSided, start: number, sizeBytes: number): [number, number] {
  const length = sides.here.length;
  const from = Math.max(0, Math.min(start, length));
  return [from, Math.max(from, Math.min(start + sizeBytes, length))];
}

function zerosIn(bytes: Buffer, unit: number): number | undefined {
  for (let at = 0; at + unit <= bytes.length; at += unit) {
    let i = 0;
    while (i < unit && bytes[at + i] === 0) i++;
    if (i === unit) return at;
  }
  return undefined;
}
