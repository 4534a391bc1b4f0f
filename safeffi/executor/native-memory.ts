/**
 * Memory of a native executor, read and written from here (process_vm_readv): a bad address is answered with EFAULT
 * where a load would have crashed, and becomes a MemoryViolation that the executor never notices.
 */

import { type Address, type ExactInteger, exact } from '../address.ts';
import { checkAddress, checkedBytes, checkSize } from '../check-input.ts';
import { noMemoryError, notAvailableError } from '../errors.ts';
import { pageBytes } from '../protocol/layout.ts';
import { parseSignature } from '../types/signature.ts';
import { Allocations } from './allocations.ts';
import { AutoFree } from './auto-free.ts';
import type { AllocateOptions, ExecutorMemory, FreeOptions, PreparedCallout } from './executor.ts';
import { linux } from './linux.ts';
import type { NativeExecutor } from './native.ts';

const firstChunkBytes = 256;

/** Names the operation in a report, where no callout is to blame. */
function operation(name: string): PreparedCallout {
  const signature = parseSignature(name, { returns: 'void', arguments: [] });
  const none = () => undefined;
  const yes = () => true;
  const start = () => ({ poll: yes, state: 'done' as const, callback: none, interrupt: none, wait: yes, result: none });
  const async = async () => undefined;
  return { name, library: 'safeffi', signature, invoke: none, call: none, start, async, errno: () => 0 };
}

const reading = operation('read');
const writing = operation('write');
const freeing = operation('free');

export class NativeMemory implements ExecutorMemory {
  /** What `allocate` gave. */
  readonly known: Allocations;
  readonly #executor: NativeExecutor;
  readonly #autoFree: AutoFree;

  constructor(executor: NativeExecutor) {
    this.#executor = executor;
    this.known = new Allocations(() => executor.checkpoints.count > 0);
    this.#autoFree = new AutoFree(
      () => executor.lanes.areIdle,
      (address) => {
        if (address.generation === executor.generation && executor.pid !== undefined && this.known.has(address.value))
          this.free(address);
      },
    );
  }

  read(address: Address, sizeBytes: number): Uint8Array {
    checkAddress('the address to read', address);
    checkSize('the size to read', sizeBytes);
    const bytes = new Uint8Array(sizeBytes);
    const start = this.#check(reading, address);
    const done = linux().readMemory(this.#pid(), start, bytes);
    if (done !== sizeBytes) throw this.#violation(reading, start, done, 'read');
    return bytes;
  }

  write(address: Address, given: ArrayBufferView): void {
    checkAddress('the address to write', address);
    const bytes = checkedBytes('what is to be written', given);
    const start = this.#check(writing, address);
    const done = linux().writeMemory(this.#pid(), start, bytes);
    if (done !== bytes.length) throw this.#violation(writing, start, done, 'write');
  }

  allocate(sizeBytes: number, options: AllocateOptions = {}): Address {
    this.#autoFree.drain();
    const address = this.#executor.loader.system('calloc').call([1, sizeBytes]) as Address;
    if (address.isNull) throw noMemoryError('calloc', sizeBytes);
    this.known.admit(address, sizeBytes);
    if (options.autoFree === true) this.#autoFree.watch(address);
    return address;
  }

  free(address: Address, { givenByC = false }: FreeOptions = {}): void {
    checkAddress('the address to free', address);
    if (address.isNull) return;
    this.#check(freeing, address);
    const obstacle = this.known.obstacle(address, givenByC);
    if (obstacle !== undefined) throw this.#executor.faults.wrongFree(freeing, address.value, obstacle);
    this.known.release(address);
    this.#executor.loader.system('free').call([address]);
  }

  get allocations(): { readonly count: number; readonly bytes: number } {
    return this.known.standing;
  }

  readCString(address: Address, limitBytes?: number): Uint8Array {
    checkAddress('the address of the string', address);
    if (limitBytes !== undefined) checkSize('the limit of the string', limitBytes);
    this.#check(reading, address);
    return this.readBytesUntilNul(reading, address.value, limitBytes, 'in a string');
  }

  /** The bytes up to a NUL or to the limit; never reads across a page that is not needed. */
  readBytesUntilNul(
    callout: PreparedCallout,
    address: ExactInteger,
    limitBytes: number | undefined,
    what: string,
  ): Uint8Array {
    const limit = limitBytes ?? Number.POSITIVE_INFINITY;
    const chunks: Uint8Array[] = [];
    let at = BigInt(address);
    let total = 0;
    let want = firstChunkBytes;
    while (total < limit) {
      const toPageEnd = pageBytes - Number(at % BigInt(pageBytes));
      const chunk = new Uint8Array(Math.min(want, toPageEnd, limit - total));
      const done = linux().readMemory(this.#pid(), at, chunk);
      this.#refuseUnlessFault(done);
      if (done !== chunk.length) throw this.#executor.faults.violation(callout, exact(at), 'read', what);
      const nul = chunk.indexOf(0);
      if (nul >= 0) {
        chunks.push(chunk.subarray(0, nul));
        break;
      }
      chunks.push(chunk);
      at += BigInt(chunk.length);
      total += chunk.length;
      want = pageBytes;
    }
    return chunks.length === 1 ? chunks[0]! : Uint8Array.from(Buffer.concat(chunks));
  }

  /** The bytes of a string of C's, which `what` names in a fault's report. */
  readText(address: ExactInteger, what: string): Uint8Array {
    return this.readBytesUntilNul(reading, address, undefined, what);
  }

  /** For the engine itself: undefined where the memory cannot be read. */
  tryRead(address: number, sizeBytes: number): Uint8Array | undefined {
    if (!Number.isSafeInteger(address) || address < 0) return undefined;
    const bytes = new Uint8Array(sizeBytes);
    return linux().readMemory(this.#pid(), BigInt(address), bytes) === sizeBytes ? bytes : undefined;
  }

  readInto(address: number, into: Uint8Array): void {
    const done = linux().readMemory(this.#pid(), BigInt(address), into);
    if (done !== into.length) throw this.#violation(reading, BigInt(address), done, 'read');
  }

  writeFrom(address: number, from: Uint8Array): void {
    const done = linux().writeMemory(this.#pid(), BigInt(address), from);
    if (done !== from.length) throw this.#violation(writing, BigInt(address), done, 'write');
  }

  #pid(): number {
    this.#executor.ensureStarted();
    return this.#executor.pid!;
  }

  #check(callout: PreparedCallout, address: Address): bigint {
    this.#executor.ensureStarted();
    if (address.generation !== 0 && address.generation !== this.#executor.generation)
      throw this.#executor.faults.stale(callout, 1, address);
    return BigInt(address.value);
  }

  /** The system may forbid looking into another process; then no address is to blame. */
  #refuseUnlessFault(done: number): void {
    const name = done < 0 ? linux().errorName(-done) : 'EFAULT';
    if (name === 'EPERM' || name === 'ENOSYS') {
      throw notAvailableError(`reading the executor's memory (process_vm_readv: ${name})`, 'native');
    }
  }

  #violation(callout: PreparedCallout, start: bigint, done: number, access: 'read' | 'write'): Error {
    this.#refuseUnlessFault(done);
    const at = done > 0 ? start + BigInt(done) : start;
    const reason = done < 0 ? ` (${linux().errorName(-done)})` : '';
    return this.#executor.faults.violation(callout, exact(at), access, `asked for by the VM${reason}`);
  }
}
