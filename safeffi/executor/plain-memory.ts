/**
 * Memory of an executor that reads and writes through its backend: addresses are checked for their generation, a part
 * that cannot be read is a MemoryViolation. The errors themselves are made by the executor that owns this.
 */
import type { Address } from '../address.ts';
import { noMemoryError } from '../errors.ts';
import { parseSignature } from '../types/signature.ts';
import type { ExecutorMemory, PreparedCallout } from './executor.ts';
import type { FaultOrigin } from './plain-fault.ts';

const signature = parseSignature('memory', { returns: 'void', arguments: [] });
/** What a report names where no callout is to blame. */
export const reading: FaultOrigin = { name: 'read', library: 'safeffi', signature };
export const writing: FaultOrigin = { name: 'write', library: 'safeffi', signature };

const pageBytes = 4096;

/** What the memory needs of its executor. */
export interface PlainMemoryOwner {
  /** Answers the address as a bigint; throws StaleAddress. */
  check(origin: FaultOrigin, address: Address): bigint;
  /** Answer how many bytes were copied; throw what the executor's end makes of it. */
  read(address: bigint, into: Uint8Array): number;
  write(address: bigint, from: Uint8Array): number;
  violation(origin: FaultOrigin, at: bigint, access: 'read' | 'write'): Error;
  readonly calloc: PreparedCallout;
  readonly free: PreparedCallout;
}

export class PlainMemory implements ExecutorMemory {
  readonly #owner: PlainMemoryOwner;

  constructor(owner: PlainMemoryOwner) {
    this.#owner = owner;
  }

  read(address: Address, sizeBytes: number): Uint8Array {
    const bytes = new Uint8Array(sizeBytes);
    const start = this.#owner.check(reading, address);
    const done = this.#owner.read(start, bytes);
    if (done !== sizeBytes) throw this.#owner.violation(reading, start + BigInt(done), 'read');
    return bytes;
  }

  write(address: Address, bytes: Uint8Array): void {
    const start = this.#owner.check(writing, address);
    const done = this.#owner.write(start, bytes);
    if (done !== bytes.length) throw this.#owner.violation(writing, start + BigInt(done), 'write');
  }

  allocate(sizeBytes: number): Address {
    const address = this.#owner.calloc.call([1, sizeBytes]) as Address;
    if (address.isNull) throw noMemoryError('calloc', sizeBytes);
    return address;
  }

  free(address: Address): void {
    this.#owner.free.call([address]);
  }

  readCString(address: Address, limitBytes?: number): Uint8Array {
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
