/**
 * Room for arguments beyond a lane's first slots: the lane's other slots, which the executor's keeper makes accessible when they
 * are first wanted; and for what no slot can hold pages of the executor's own, mapped for the length of one call, an
 * inaccessible page behind them. Mapping and unmapping are callouts, the bytes go across with process_vm_writev and come back
 * likewise.
 */
import { Address } from '../address.ts';
import { noMemoryError } from '../errors.ts';
import { header, pageBytes } from '../protocol/layout.ts';
import type { BigBuffers } from './argument-buffers.ts';
import { linux } from './linux.ts';
import type { NativeExecutor } from './native.ts';

const protNone = 0;
const protReadWrite = 3;
const privateAnonymous = 0x22;
const fixed = 0x10;
const openLimitMs = 1000;

export class MappedBuffers implements BigBuffers {
  readonly #executor: NativeExecutor;

  constructor(executor: NativeExecutor) {
    this.#executor = executor;
  }

  openSlots(laneIndex: number): boolean {
    const { domain } = this.#executor;
    const bit = 1 << laneIndex;
    const made = header.slotsMade / 4;
    Atomics.or(domain.i32, header.slotsWanted / 4, bit);
    const limit = performance.now() + openLimitMs;
    for (;;) {
      const seen = Atomics.load(domain.i32, made);
      if ((seen & bit) !== 0) return true;
      if (performance.now() > limit || !this.#executor.isAlive) return false;
      // The keeper sleeps over that word, and may have looked before the bit was there: it is woken again and again.
      linux().futexWake(domain.addressOfWord(header.lanesWanted / 4));
      linux().futexWait(domain.addressOfWord(made), seen, 1);
    }
  }

  map(bytes: Uint8Array, sizeBytes: number): number {
    const whole = wholePages(sizeBytes);
    // The frame of lane 0 may be half written: the mapping must take another lane.
    return this.#executor.lanes.keepingFirst(() => {
      const mmap = this.#executor.loader.system('mmap');
      const base = mmap.call([null, whole + pageBytes, protReadWrite, privateAnonymous, -1, 0]) as Address;
      if (typeof base.value === 'bigint') throw noMemoryError('mmap', whole);
      mmap.call([base.plus(whole), pageBytes, protNone, privateAnonymous | fixed, -1, 0]);
      const start = base.value + whole - sizeBytes;
      this.#executor.memory.writeFrom(start, bytes);
      return start;
    });
  }

  read(address: number, into: Uint8Array): void {
    this.#executor.memory.readInto(address, into);
  }

  unmap(address: number, sizeBytes: number): void {
    if (this.#executor.pid === undefined) return;
    const whole = wholePages(sizeBytes);
    const base = new Address(address + sizeBytes - whole, this.#executor.generation);
    this.#executor.loader.system('munmap').call([base, whole + pageBytes]);
  }
}

function wholePages(sizeBytes: number): number {
  return Math.ceil(sizeBytes / pageBytes) * pageBytes;
}
