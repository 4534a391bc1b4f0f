/**
 * Faults of threads that C made. Such a thread stands in a slot of the shared memory's header until it is ended; its fault
 * is noticed before the next callout, or by the wait for a running one, and raised there, once. Bits and states in the
 * header are the executor's telling: one that does not hold together is passed over.
 */
import { foreignRecord, RawFault } from '../faults/raw-fault.ts';
import { foreignSlot, foreignState, header } from '../protocol/layout.ts';
import type { DomainMemory } from './domain-memory.ts';
import type { ExecutorProcess } from './executor-process.ts';
import { linux } from './linux.ts';

const endLimitMs = 1000;
const everySlot = (1 << foreignSlot.count) - 1;

export interface ForeignFault {
  readonly slot: number;
  readonly raw: RawFault;
}

export class ForeignFaults {
  readonly #memory: DomainMemory;
  /** Slots whose fault was raised and whose thread still stands. */
  #raised = 0;

  constructor(memory: DomainMemory) {
    this.#memory = memory;
  }

  /** True while a fault stands that nobody was told of. A look at a word. */
  get pending(): boolean {
    return (
      (Atomics.load(this.#memory.i32, header.foreignFaults / 4) & everySlot & ~this.#raised) !== 0 && this.#next() >= 0
    );
  }

  /** The next fault to raise. */
  take(): ForeignFault | undefined {
    const slot = this.#next();
    if (slot < 0) return undefined;
    this.#raised |= 1 << slot;
    const raw = new RawFault(this.#memory.i32, foreignRecord(slot), () => undefined);
    raw.keep(); // such a thread walks its stack before it tells the fault
    return { slot, raw };
  }

  /** Ends the thread of a slot. False when it did not go within a second, or its process has ended. */
  end(slot: number, process: ExecutorProcess | undefined): boolean {
    const { i32 } = this.#memory;
    const word = this.#stateWord(slot);
    const address = this.#memory.addressOfWord(word);
    Atomics.store(i32, word, foreignState.end);
    linux().futexWake(address);
    const limit = performance.now() + endLimitMs;
    while (Atomics.load(i32, word) === foreignState.end) {
      if (process?.alive() !== true || performance.now() > limit) return false;
      linux().futexWait(address, foreignState.end, 1);
    }
    this.#raised &= ~(1 << slot);
    return true;
  }

  /** The process has ended, its threads with it. */
  forget(): void {
    this.#raised = 0;
  }

  /** No thread stands in any slot: for a process that had none when it was copied. */
  clear(): void {
    for (let slot = 0; slot < foreignSlot.count; slot++) this.#memory.i32[this.#stateWord(slot)] = foreignState.free;
  }

  #next(): number {
    const { i32 } = this.#memory;
    const told = Atomics.load(i32, header.foreignFaults / 4) & ~this.#raised;
    for (let slot = 0; slot < foreignSlot.count; slot++) {
      if ((told & (1 << slot)) !== 0 && Atomics.load(i32, this.#stateWord(slot)) === foreignState.standing) return slot;
    }
    return -1;
  }

  #stateWord(slot: number): number {
    return (foreignRecord(slot) + foreignSlot.state) / 4;
  }
}
