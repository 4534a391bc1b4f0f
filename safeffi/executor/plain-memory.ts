/**
 * Memory of an executor that reads and writes through its backend: addresses are checked for their generation, a part
 * that cannot be read is a MemoryViolation. The errors themselves are made by the executor that owns this.
 */
import type { Address } from '../address.ts';
import { checkAddress, checkedBytes, checkSize } from '../check-input.ts';
import { noMemoryError } from '../errors.ts';
import { parseSignature } from '../types/signature.ts';
import { Allocations } from './allocations.ts';
import { AutoFree } from './auto-free.ts';
import type { AllocateOptions, ExecutorMemory, FreeOptions, PreparedCallout } from './executor.ts';
import type { FaultOrigin } from './plain-fault.ts';

const signature = parseSignature('memory', { returns: 'void', arguments: [] });
/** What a report names where no callout is to blame. */
export const reading: FaultOrigin = { name: 'read', library: 'safeffi', signature };
export const writing: FaultOrigin = { name: 'write', library: 'safeffi', signature };
const freeing: FaultOrigin = { name: 'free', library: 'safeffi', signature };

const pageBytes = 4096;

/** What the memory needs of its executor. */
export interface PlainMemoryOwner {
  /** Answers the address as a bigint; throws StaleAddress. */
  check(origin: FaultOrigin, address: Address): bigint;
  /** Answer how many bytes were copied; throw what the executor's end makes of it. */
  read(address: bigint, into: Uint8Array): number;
  write(address: bigint, from: Uint8Array): number;
  violation(origin: FaultOrigin, at: bigint, access: 'read' | 'write'): Error;
  wrongFree(origin: FaultOrigin, address: Address, obstacle: string): Error;
  generation(): number;
  readonly calloc: PreparedCallout;
  readonly free: PreparedCallout;
}

export class PlainMemory implements ExecutorMemory {
  readonly #owner: PlainMemoryOwner;
  readonly #known = new Allocations();
  readonly #autoFree: AutoFree;
  #knownGeneration = 0;

  constructor(owner: PlainMemoryOwner) {
    this.#owner = owner;
    const free = (address: Address) => {
      if (address.generation === owner.generation() && this.#present().has(address.value)) this.free(address);
    };
    // Calls of these executors are over when they return, or queue.
    this.#autoFree = new AutoFree(() => true, free);
  }

  /** What the executor at hand has allocated. */
  #present(): Allocations {
    const generation = this.#owner.generation();
    if (generation !== this.#knownGeneration) this.#known.forget();
    this.#knownGeneration = generation;
    return this.#known;
  }

  read(address: Address, sizeBytes: number): Uint8Array {
    checkAddress('the address to read', address);
    checkSize('the size to read', sizeBytes);
    const bytes = new Uint8Array(sizeBytes);
    const start = this.#owner.check(reading, address);
    const done = this.#owner.read(start, bytes);
    if (done !== sizeBytes) throw this.#owner.violation(reading, start + BigInt(done), 'read');
    return bytes;
  }

  write(address: Address, given: ArrayBufferView): void {
    checkAddress('the address to write', address);
    const bytes = checkedBytes('what is to be written', given);
    const start = this.#owner.check(writing, address);
    const done = this.#owner.write(start, bytes);
    if (done !== bytes.length) throw this.#owner.violation(writing, start + BigInt(done), 'write');
  }

  allocate(sizeBytes: number, options: AllocateOptions = {}): Address {
    this.#autoFree.drain();
    const address = this.#owner.calloc.call([1, sizeBytes]) as Address;
    if (address.isNull) throw noMemoryError('calloc', sizeBytes);
    this.#present().admit(address, sizeBytes);
    if (options.autoFree === true) this.#autoFree.watch(address);
    return address;
  }

  free(address: Address, { givenByC = false }: FreeOptions = {}): void {
    checkAddress('the address to free', address);
    if (address.isNull) return;
    this.#owner.check(freeing, address);
    const known = this.#present();
    const obstacle = known.obstacle(address, givenByC);
    if (obstacle !== undefined) throw this.#owner.wrongFree(freeing, address, obstacle);
    known.release(address);
    this.#owner.free.call([address]);
  }

  get allocations(): { readonly count: number; readonly bytes: number } {
    return this.#present().standing;
  }

  readCString(address: Address, limitBytes?: number): Uint8Array {
    checkAddress('the address of the string', address);
    if (limitBytes !== undefined) checkSize('the limit of the string', limitBytes);
    return this.readUntilNul(this.#owner.check(reading, address), limitBytes ?? Number.POSITIVE_INFINITY);
  }

  /** The bytes up to a NUL or to the limit, page by page: a page that is not needed is not read. */
  readUntilNul(start: bigint, limitBytes: number): Uint8Array {
    const chunks: Uint8Array[] = [];
    let total = 0;
    for (let at = start; total < limitBytes; at = start + BigInt(total)) {
      const toPageEnd = pageBytes - Number(at % BigInt(pageBytes));
      const chunk = new Uint8Array(Math.min(toPageEnd, limitBytes - total));
      const done = this.#owner.read(at, chunk);
      if (done !== chunk.length) throw this.#owner.violation(reading, at, 'read');
      const nul = chunk.indexOf(0);
      chunks.push(nul < 0 ? chunk : chunk.subarray(0, nul));
      total += chunk.length;
      if (nul >= 0) break;
    }
    return chunks.length === 1 ? chunks[0]! : Uint8Array.from(Buffer.concat(chunks));
  }
}
