/**
 * Buffers that C and this side see at once: `session.buffer(n)` is a Uint8Array in memory that every executor of the session
 * maps. Passed to a callout it is not copied, whatever its size, and neither are its parts; C may keep the address, which
 * stays valid over restarts and rollbacks, as do the contents. A buffer lives as long as any view of it.
 *
 * Sixteen bytes before each buffer belong to it and hold a canary. With `guard` a buffer ends at an inaccessible page (in
 * the executors; nothing here can overrun it), so that C faults on the first byte beyond: at a page or more each.
 */
import { Address } from '../address.ts';
import { badOptionError, CalloutError } from '../errors.ts';
import { arenaBase, canaryByte, pageBytes } from '../protocol/layout.ts';
import { Arena, type Block, blockBytes } from './arena.ts';
import { linux } from './linux.ts';

export interface BufferOptions {
  /** End at an inaccessible page. Default: no. */
  readonly guard?: boolean;
}

interface Placed {
  readonly block: Block;
  /** The executors' address of the ArrayBuffer's first byte. */
  readonly address: number;
  readonly isGuarded: boolean;
}

const frontBytes = 16;
/** How far the guard page of a buffer is looked for. */
const searchedPages = 16;
const largestBytes = 1024 * 1024 * 1024;

/** Here and not in the object, which a buffer that lives longer than its session keeps alive by this. */
const registry = new FinalizationRegistry<() => void>((giveBack) => giveBack());

export class SharedBuffers {
  readonly arena = new Arena();
  readonly #places = new WeakMap<ArrayBufferLike, Placed>();
  /** Pages that executors are to make inaccessible, by address; they stay so when their buffer goes. */
  readonly #guards = new Set<number>();
  /** The size of the buffer that ends at each of them. */
  readonly #guardedBytes = new Map<number, number>();
  readonly #freeGuarded = new Map<number, Block[]>();
  #count = 0;
  #closed = false;

  /** How many there are, and the size of the memory that they lie in. */
  get standing(): { readonly count: number; readonly arenaBytes: number } {
    return { count: this.#count, arenaBytes: this.arena.sizeBytes };
  }

  get guards(): ReadonlySet<number> {
    return this.#guards;
  }

  /** A buffer of zeros; `protect` makes a page inaccessible where an executor runs. Throws CalloutError `bad-option`, `no-memory`. */
  allocate(sizeBytes: number, options: BufferOptions, protect: (page: number) => void): Uint8Array {
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || sizeBytes > largestBytes)
      throw badOptionError('sizeBytes of a buffer', sizeBytes, `an integer from 0 to ${largestBytes}`);
    const placed = options.guard === true ? this.#placeGuarded(sizeBytes, protect) : this.#place(sizeBytes);
    const shift = BigInt(placed.address - arenaBase - placed.block.offset);
    const buffer = linux().view(placed.block.here + shift, frontBytes + sizeBytes);
    new Uint8Array(buffer, 0, frontBytes).fill(canaryByte);
    this.#places.set(buffer, placed);
    registry.register(buffer, () => this.#giveBack(placed));
    this.#count++;
    return new Uint8Array(buffer, frontBytes, sizeBytes);
  }

  /** The address of a view's first byte in every executor; 0 for what is no part of a shared buffer. */
  addressOf(view: ArrayBufferView): number {
    // A buffer of ours begins behind its canary. Asking a small array for its `buffer` would move it out of the heap.
    if (view.byteOffset === 0 || this.#count === 0) return 0;
    const placed = this.#places.get(view.buffer);
    return placed === undefined ? 0 : placed.address + view.byteOffset;
  }

  /** The same as an Address, which never goes stale. Throws CalloutError `argument-type`. */
  address(view: ArrayBufferView): Address {
    const address = this.addressOf(view);
    if (address === 0)
      throw new CalloutError('argument-type', `a buffer of ${view.byteLength} bytes is not one that buffer() gave`);
    return new Address(address, 0);
  }

  /** The guarded buffer that an address is part of, or that it lies just behind. */
  guardedAt(address: number): { readonly start: number; readonly sizeBytes: number } | undefined {
    let page = Math.floor(address / pageBytes) * pageBytes;
    // Behind a buffer lies its guard page; within one, it is further on.
    for (let pages = 0; pages <= searchedPages; pages++, page += pageBytes) {
      const sizeBytes = this.#guardedBytes.get(page);
      if (sizeBytes !== undefined)
        return address >= page - sizeBytes ? { start: page - sizeBytes, sizeBytes } : undefined;
    }
    return undefined;
  }

  /** False when something wrote before the start of the buffer that `view` is part of. */
  isIntact(view: ArrayBufferView): boolean {
    const placed = this.#places.get(view.buffer);
    return placed === undefined || new Uint8Array(view.buffer, 0, frontBytes).every((byte) => byte === canaryByte);
  }

  close(): void {
    this.#closed = true;
    this.arena.close();
    if (this.#count === 0) this.arena.unmap();
  }

  #place(sizeBytes: number): Placed {
    const block = this.arena.take(blockBytes(frontBytes + sizeBytes));
    return { block, address: arenaBase + block.offset, isGuarded: false };
  }

  #placeGuarded(sizeBytes: number, protect: (page: number) => void): Placed {
    const dataBytes = Math.ceil((frontBytes + sizeBytes) / pageBytes) * pageBytes;
    const block =
      this.#freeGuarded.get(dataBytes)?.pop() ?? this.arena.take(Math.max(dataBytes + pageBytes, 2 * pageBytes));
    const page = arenaBase + block.offset + dataBytes;
    if (!this.#guards.has(page)) {
      this.#guards.add(page);
      protect(page);
    }
    this.#guardedBytes.set(page, sizeBytes);
    return { block, address: page - sizeBytes - frontBytes, isGuarded: true };
  }

  #giveBack({ block, isGuarded }: Placed): void {
    this.#count--;
    if (this.#closed) {
      if (this.#count === 0) this.arena.unmap();
      return;
    }
    const dataBytes = isGuarded ? block.sizeBytes - pageBytes : block.sizeBytes;
    if (isGuarded) this.#guardedBytes.delete(arenaBase + block.offset + dataBytes);
    new Uint8Array(linux().view(block.here, dataBytes)).fill(0);
    if (!isGuarded) {
      this.arena.give(block);
      return;
    }
    const kept = this.#freeGuarded.get(dataBytes);
    if (kept === undefined) this.#freeGuarded.set(dataBytes, [block]);
    else kept.push(block);
  }
}
