/**
 * What the direct and the portable executor have in common: both call through koffi and differ in where. A `PlainBackend`
 * says where. Callouts are made in plain-callout.ts, faults in plain-faults.ts.
 */
import { resolve as resolvePath } from 'node:path';
import { Address, exact } from '../address.ts';
import type { Callback, CallbackFunction, CallbackOptions } from '../callbacks/callback.ts';
import type { CallbackRequest } from '../callbacks/callback-request.ts';
import { checkAddress } from '../check-input.ts';
import { badOptionError, libraryNotFoundError, notAvailableError, symbolNotFoundError } from '../errors.ts';
import { parseSignature, type Signature } from '../types/signature.ts';
import type { CalloutBatch, Executor, ExecutorKind, ExecutorOptions, PreparedCallout } from './executor.ts';
import { koffi } from './koffi.ts';
import { NotFound } from './koffi-functions.ts';
import { plainSignature } from './koffi-types.ts';
import type { PlainBackend } from './plain-backend.ts';
import { PlainBatch } from './plain-batch.ts';
import { PlainCallbacks } from './plain-callbacks.ts';
import { type PlainHome, plainCallout } from './plain-callout.ts';
import type { FaultOrigin } from './plain-fault.ts';
import { PlainFaults } from './plain-faults.ts';
import { PlainMemory, reading, writing } from './plain-memory.ts';
import type { BufferOptions } from './shared-buffers.ts';
import { untainted } from './taint.ts';

const callocSignature = parseSignature('calloc', { returns: 'void *', arguments: ['size_t', 'size_t'] });
const freeSignature = parseSignature('free', { returns: 'void', arguments: ['void *'] });

export class PlainExecutor implements Executor {
  readonly kind: ExecutorKind;
  /** Never: a callout that faults ends its process here. */
  readonly tainted = false;
  readonly taint = untainted;
  readonly memory: PlainMemory;
  readonly #callbacks: PlainCallbacks;
  readonly #faults: PlainFaults;
  readonly #backend: PlainBackend;
  readonly #options: ExecutorOptions;
  readonly #libraries = new Set<string>();

  constructor(backend: PlainBackend, options: ExecutorOptions) {
    this.#backend = backend;
    this.#options = options;
    this.kind = backend.kind;
    this.#faults = new PlainFaults(
      backend,
      () => this.restart(),
      (address, sizeBytes) => this.memory.read(address, sizeBytes),
    );
    this.#callbacks = this.#makeCallbacks();
    backend.attach((id, args) => this.#callbacks.answer(id, args));
    const calloc = this.#callout('', 'calloc', callocSignature);
    const free = this.#callout('', 'free', freeSignature);
    this.memory = new PlainMemory({
      calloc,
      free,
      check: (origin, address) => this.#check(origin, address),
      read: (address, into) =>
        this.#faults.guard(
          reading,
          [],
          () => undefined,
          () => backend.read(address, into),
        ),
      write: (address, from) =>
        this.#faults.guard(
          writing,
          [],
          () => undefined,
          () => backend.write(address, from),
        ),
      violation: (origin, at, access) => this.#faults.violation(origin, at, access),
      wrongFree: (origin, address, obstacle) => this.#faults.wrongFree(origin, address, obstacle),
      generation: () => backend.generation,
    });
  }

  get generation(): number {
    return this.#backend.generation;
  }

  get pid(): number | undefined {
    return this.#backend.pid;
  }

  loadLibrary(library: string): void {
    const file = fileOf(library);
    this.#lookUp(
      reading,
      () => this.#backend.load(file),
      (reason) => libraryNotFoundError(library, reason),
    );
    this.#libraries.add(file);
  }

  symbol(library: string, name: string): Address {
    const address = this.#lookUp(
      reading,
      () => this.#backend.symbol(fileOf(library), name),
      (reason) => symbolNotFoundError(name, library, reason),
    );
    return new Address(exact(address), this.generation);
  }

  prepare(library: string, name: string, signature: Signature): PreparedCallout {
    this.loadLibrary(library);
    this.symbol(library, name);
    plainSignature(name, signature); // refused here, not by the first call
    return this.#callout(library, name, signature);
  }

  /** Calls are made one by one here, and texts need no room. */
  batch(callout: PreparedCallout, capacity: number, _textBytes: number): CalloutBatch {
    return new PlainBatch(callout, capacity);
  }

  prepareAddress(address: Address, name: string, signature: Signature): PreparedCallout {
    checkAddress(`callout ${name}: the function`, address);
    return this.#callout('a function pointer', name, signature, address);
  }

  /** In this process C sees any memory; in another none of this one's. */
  buffer(sizeBytes: number, options: BufferOptions = {}): Uint8Array {
    this.#requireDirect('a shared buffer');
    if (options.guard === true) throw notAvailableError('a guard page behind a buffer', this.kind);
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0)
      throw badOptionError('sizeBytes of a buffer', sizeBytes, 'an integer from 0');
    return new Uint8Array(new ArrayBuffer(sizeBytes));
  }

  addressOf(view: ArrayBufferView): Address {
    this.#requireDirect('the address of a buffer');
    return new Address(exact(koffi().address(view)), 0);
  }

  #requireDirect(what: string): void {
    if (this.kind !== 'direct') throw notAvailableError(what, this.kind);
  }

  checkpoint(): never {
    throw notAvailableError('a checkpoint', this.kind);
  }

  /** Nothing comes by itself here: callbacks come while a callout runs. */
  takeRequests(): CallbackRequest[] {
    return [];
  }

  poll(): boolean {
    return false;
  }

  waitForNews(timeoutMs: number): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs);
  }

  callback(name: string, signature: Signature, fn: CallbackFunction | undefined, options?: CallbackOptions): Callback {
    return this.#callbacks.create(name, signature, fn, options);
  }

  checkpointed(): never {
    throw notAvailableError('a checkpoint before each call', this.kind);
  }

  prepareSpare(): never {
    throw notAvailableError('a spare executor', this.kind);
  }

  restart(): void {
    this.#backend.restart();
    for (const library of this.#libraries) this.#backend.load(library);
  }

  close(): void {
    this.#backend.close();
  }

  #makeCallbacks(): PlainCallbacks {
    const self = this;
    const backend = this.#backend;
    return new PlainCallbacks({
      kind: this.kind,
      get generation() {
        return self.generation;
      },
      register: (id, signature) => backend.register(id, signature),
      keepText: (bytes) => {
        const address = this.memory.allocate(bytes.length + 1);
        this.memory.write(address, bytes);
        return address;
      },
      free: (address) => this.memory.free(address),
      text: (address) => this.#text(address),
      released: (callback) => {
        const origin = { name: callback.name, library: 'safeffi', signature: callback.signature };
        const summary = `callback ${callback.name} was released, and C called it`;
        return this.#faults.raise(this.#faults.fault('ReleasedCallback', summary, origin), [], () => undefined);
      },
      report: (error) => {
        const { onCallbackError } = this.#options;
        if (onCallbackError !== undefined) onCallbackError(error);
        else
          setImmediate(() => {
            throw error;
          });
      },
    });
  }

  #callout(library: string, name: string, signature: Signature, address?: Address): PreparedCallout {
    const home: PlainHome = {
      backend: this.#backend,
      callbacks: this.#callbacks,
      faults: this.#faults,
      options: this.#options,
      fileOf,
      context: (origin, args, again) => ({
        generation: this.generation,
        stale: (position, stale) => this.#faults.stale(position, stale, origin, args, again),
        pointerTo: (callback) => this.#callbacks.pointerTo(callback),
        text: (at) => this.#text(at),
      }),
    };
    return plainCallout(home, library, name, signature, address);
  }

  #text(address: bigint): Uint8Array | string {
    const bytes = this.memory.readUntilNul(address, Number.POSITIVE_INFINITY);
    return this.#options.strings === 'bytes' ? bytes : new TextDecoder().decode(bytes);
  }

  #lookUp<T>(origin: FaultOrigin, run: () => T, notFound: (reason: string) => Error): T {
    try {
      return this.#faults.guard(origin, [], () => undefined, run);
    } catch (error) {
      if (error instanceof NotFound) throw notFound(error.message);
      throw error;
    }
  }

  #check(origin: FaultOrigin, address: Address): bigint {
    this.#backend.revive();
    if (address.generation !== 0 && address.generation !== this.generation)
      throw this.#faults.stale(1, address, origin, [], () => undefined);
    return BigInt(address.value);
  }
}

/** A path is resolved here: the process that loads it may have another working directory. */
function fileOf(library: string): string {
  return library.includes('/') ? resolvePath(library) : library;
}
