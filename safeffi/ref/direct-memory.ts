/**
 * Memory where C is in this process: every Buffer is C's memory as it is, and C's memory is looked at where it lies. A part that
 * the program asks for is probed first, so that a wild pointer throws here; what C frees later is not noticed, and a look at
 * it ends the process, as with the original.
 */
import { koffi } from '../executor/koffi.ts';
import { Address, type Executor } from '../index.ts';
import { AddressIndex } from './address-index.ts';
import { textOf } from './bytes-as-text.ts';
import type { ForeignMemory } from './foreign-memory.ts';
import { nullPointer } from './null-pointer.ts';

const pageBytes = 4096;

export class DirectMemory implements ForeignMemory {
  readonly watch = { count: 0, callbackDepth: 0 };
  readonly #executor: Executor;
  /** Addresses of ArrayBuffers' first bytes. */
  readonly #addresses = new WeakMap<ArrayBufferLike, number>();
  readonly #index = new AddressIndex();

  constructor(executor: Executor) {
    this.#executor = executor;
    this.#addresses.set(nullPointer.buffer, 0);
  }

  allocate(sizeBytes: number): Buffer {
    return Buffer.alloc(sizeBytes);
  }

  addressOf(buffer: Buffer): number {
    const own = buffer.buffer;
    let address = this.#addresses.get(own);
    if (address === undefined) {
      if (own.byteLength === 0) return 0;
      address = Number(koffi().address(buffer)) - buffer.byteOffset;
      this.#addresses.set(own, address);
      this.#index.add(address, own);
    }
    return address + buffer.byteOffset;
  }

  at(address: number, length: number, wanted: boolean): Buffer {
    const found = this.#index.find(address);
    if (found !== undefined && address - found.start + length <= found.buffer.byteLength)
      return Buffer.from(found.buffer as ArrayBuffer, address - found.start, length);
    if (length === 0 || address === 0 || !this.#probe(address, length, wanted)) return this.#pointer(address);
    const view = koffi().view(BigInt(address), length);
    this.#addresses.set(view, address);
    this.#index.add(address, view);
    return Buffer.from(view);
  }

  /** Nothing moves in this process. */
  pointerTo(address: () => number): Buffer {
    return this.#pointer(address());
  }

  textAt(address: number): string {
    return textOf(this.#executor.memory.readCString(this.#address(address)));
  }

  zerosAt(address: number, unit: number): number {
    for (let at = address; ; at += unit) {
      const bytes = this.#executor.memory.read(this.#address(at), unit);
      if (bytes.every((byte) => byte === 0)) return at - address;
    }
  }

  refresh(): void {}
  written(): void {}

  pass(buffer: Buffer): number {
    return this.addressOf(buffer);
  }

  toC(): void {}
  fromC(): void {}

  mark(): number {
    return 0;
  }

  hold(): () => void {
    return () => {};
  }

  #address(address: number): Address {
    return new Address(address, this.#executor.generation);
  }

  #pointer(address: number): Buffer {
    const buffer = Buffer.from(new ArrayBuffer(0));
    this.#addresses.set(buffer.buffer, address);
    return buffer;
  }

  /** Whether every page can be read; throws FFIFault where the program wants the bytes. */
  #probe(address: number, length: number, wanted: boolean): boolean {
    try {
      for (let at = address; at < address + length; at += pageBytes - (at % pageBytes))
        this.#executor.memory.read(this.#address(at), 1);
      return true;
    } catch (error) {
      if (wanted) throw error;
      return false;
    }
  }
}
