/**
 * What the direct and the portable executor have in common: both call through koffi and differ in where. A `PlainBackend`
 * says where; callouts, memory, addresses and faults without C frames are made here once.
 */
import { resolve as resolvePath } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Address, exact, hex } from '../address.ts';
import type { Callback, CallbackFunction, CallbackOptions } from '../callbacks/callback.ts';
import type { CallbackRequest } from '../callbacks/callback-request.ts';
import { checkAddress, checkCall, checkWait } from '../check-input.ts';
import {
  alreadyResolvedError,
  badOptionError,
  CalloutError,
  libraryNotFoundError,
  notAvailableError,
  symbolNotFoundError,
} from '../errors.ts';
import { everyChoice, type Fault, type Resolution, resolutionsOf } from '../faults/fault.ts';
import { type FaultResolver, FFIFault } from '../faults/ffi-fault.ts';
import { parseSignature, type Signature } from '../types/signature.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import type {
  CalloutBatch,
  CalloutOptions,
  Executor,
  ExecutorKind,
  ExecutorOptions,
  PendingCallout,
  PreparedCallout,
} from './executor.ts';
import { koffi } from './koffi.ts';
import { NotFound, type PlainValue } from './koffi-functions.ts';
import { type PlainSignature, plainSignature } from './koffi-types.ts';
import { PlainBatch } from './plain-batch.ts';
import { type CallbackFrame, PlainCallbacks } from './plain-callbacks.ts';
import { type FaultOrigin, plainFault, staleSummary } from './plain-fault.ts';
import { PlainMemory, reading, writing } from './plain-memory.ts';
import { copyBack, fromPlain, type PlainContext, toPlain } from './plain-values.ts';
import type { BufferOptions } from './shared-buffers.ts';
import { untainted } from './taint.ts';

/** What a call left behind. `args` are the buffers as C left them. */
export interface PlainOutcome {
  readonly value: PlainValue;
  readonly args: readonly PlainValue[];
  readonly errno: number;
}

/** The way in which a call did not return. */
export class PlainFailure extends Error {
  readonly kind: Fault['kind'];
  readonly signal: string | undefined;

  constructor(kind: Fault['kind'], summary: string, signal?: string) {
    super(summary);
    this.kind = kind;
    this.signal = signal;
  }
}

/** A call under way. */
export interface PlainPending {
  poll(): boolean;
  wait(timeoutMs: number): boolean;
  /** Throws PlainFailure. */
  outcome(deadlineMs: number | undefined): PlainOutcome;
}

/** Where the calls run. Each may throw PlainFailure, and NotFound where something is looked up. */
export interface PlainBackend {
  readonly kind: Exclude<ExecutorKind, 'native'>;
  readonly generation: number;
  readonly pid: number | undefined;
  load(library: string): void;
  symbol(library: string, name: string): bigint;
  /** A faster `invoke` for the function, where there is one; it tells errno after each call. */
  compileInvoke?(
    origin: FaultOrigin,
    tookErrno: (errno: number) => void,
    general: PreparedCallout['invoke'],
  ): PreparedCallout['invoke'] | undefined;
  /** Starts a fresh process where the last has died, so that `generation` is that of the next call. */
  revive(): void;
  start(origin: FaultOrigin, address: bigint | undefined, args: readonly PlainValue[]): PlainPending;
  /** The call beside the event loop; undefined where it is to be polled for. */
  async?(
    origin: FaultOrigin,
    address: bigint | undefined,
    args: readonly PlainValue[],
  ): Promise<PlainOutcome> | undefined;
  /** Whoever answers callbacks; it never throws. */
  attach(answer: (id: number, args: readonly PlainValue[]) => PlainValue): void;
  /** The address of a C function that calls back with `id`. */
  register(id: number, signature: PlainSignature): bigint;
  /** Answers how many bytes were copied. */
  read(address: bigint, into: Uint8Array): number;
  write(address: bigint, from: Uint8Array): number;
  restart(): void;
  close(): void;
}

/** How often an asynchronous callout of the portable executor is looked for. */
const asyncLookMs = 1;
const callocSignature = parseSignature('calloc', { returns: 'void *', arguments: ['size_t', 'size_t'] });
const freeSignature = parseSignature('free', { returns: 'void', arguments: ['void *'] });

export class PlainExecutor implements Executor {
  readonly kind: ExecutorKind;
  /** Never: a callout that faults ends its process here. */
  readonly tainted = false;
  readonly taint = untainted;
  readonly memory: PlainMemory;
  readonly #callbacks: PlainCallbacks;
  readonly #backend: PlainBackend;
  readonly #options: ExecutorOptions;
  readonly #libraries = new Set<string>();

  constructor(backend: PlainBackend, options: ExecutorOptions) {
    this.#backend = backend;
    this.#options = options;
    this.kind = backend.kind;
    this.#callbacks = this.#makeCallbacks();
    backend.attach((id, args) => this.#callbacks.answer(id, args));
    const calloc = this.#callout('', 'calloc', callocSignature, undefined);
    const free = this.#callout('', 'free', freeSignature, undefined);
    this.memory = new PlainMemory({
      calloc,
      free,
      check: (origin, address) => this.#check(origin, address),
      read: (address, into) =>
        this.#guard(
          reading,
          [],
          () => undefined,
          () => backend.read(address, into),
        ),
      write: (address, from) =>
        this.#guard(
          writing,
          [],
          () => undefined,
          () => backend.write(address, from),
        ),
      violation: (origin, at, access) => this.#violation(origin, at, access),
      wrongFree: (origin, address, obstacle) => this.#wrongFree(origin, address, obstacle),
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
    return this.#callout(library, name, signature, undefined);
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
        return this.#raise(this.#fault('ReleasedCallback', summary, origin), [], () => undefined);
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

  #callout(library: string, name: string, signature: Signature, address: Address | undefined): PreparedCallout {
    let errno = 0;
    const origin = { name, library, signature };
    const target = { name, library: fileOf(library), signature };
    const again = (args: readonly ArgumentValue[]) => call(args);
    const start = (args: readonly ArgumentValue[], options: CalloutOptions = {}): PendingCallout => {
      checkCall(name, args, signature.arguments.length, options);
      this.#backend.revive();
      const context = this.#context(origin, args, again);
      if (address !== undefined && address.generation !== this.generation) throw context.stale(0, address);
      const plain = toPlain(name, signature, args, context);
      const frame: CallbackFrame = { failed: false, error: undefined };
      const within = <T>(run: () => T): T => this.#callbacks.within(frame, run);
      const pending = within(() => this.#backend.start(target, address && BigInt(address.value), plain));
      const deadlineMs = options.deadlineMs ?? this.#options.deadlineMs;
      const deadline = performance.now() + (deadlineMs ?? Number.POSITIVE_INFINITY);
      let stopped = false;
      const poll = () => stopped || within(() => pending.poll()) || performance.now() >= deadline;
      return {
        poll,
        get state() {
          return poll() ? 'done' : 'running';
        },
        callback: () => undefined,
        interrupt: () => {
          stopped = true;
        },
        wait: (timeoutMs) => {
          checkWait(name, timeoutMs);
          within(() => pending.wait(Math.max(0, Math.min(timeoutMs, deadline - performance.now()))));
          return poll();
        },
        result: () => {
          const outcome = this.#guard(origin, args, again, () =>
            within(() => (stopped ? interrupted(() => pending.outcome(0)) : pending.outcome(deadlineMs))),
          );
          if (frame.failed) throw frame.error;
          errno = outcome.errno;
          copyBack(signature, args, outcome.args);
          return fromPlain(signature, outcome.value, context);
        },
      };
    };
    const call = (args: readonly ArgumentValue[], options?: CalloutOptions) => start(args, options).result();
    const tookErrno = (code: number) => {
      errno = code;
      this.#callbacks.throwLoose();
    };
    const general = (...args: ArgumentValue[]) => call(args);
    const compiled = address === undefined ? this.#backend.compileInvoke?.(target, tookErrno, general) : undefined;
    const invoke = compiled ?? general;
    const async = async (args: readonly ArgumentValue[], options?: CalloutOptions): Promise<ResultValue> => {
      const context = this.#context(origin, args, again);
      const beside =
        this.#backend.async === undefined
          ? undefined
          : this.#backend.async(target, address && BigInt(address.value), toPlain(name, signature, args, context));
      if (beside === undefined) {
        const pending = start(args, options);
        while (!pending.poll()) await setTimeout(asyncLookMs);
        return pending.result();
      }
      const outcome = await beside;
      copyBack(signature, args, outcome.args);
      return fromPlain(signature, outcome.value, context);
    };
    return { name, library, signature, start, call, async, errno: () => errno, invoke };
  }

  #context(origin: FaultOrigin, args: readonly ArgumentValue[], again: Again): PlainContext {
    const { generation } = this;
    return {
      generation,
      stale: (position, address) =>
        this.#raise(
          {
            ...this.#fault('StaleAddress', staleSummary(position, address, generation), origin),
            address: address.value,
          },
          args,
          again,
        ),
      pointerTo: (callback) => this.#callbacks.pointerTo(callback),
      text: (address) => this.#text(address),
    };
  }

  #text(address: bigint): Uint8Array | string {
    const bytes = this.memory.readUntilNul(address, Number.POSITIVE_INFINITY);
    return this.#options.strings === 'bytes' ? bytes : new TextDecoder().decode(bytes);
  }

  /** Runs what may fail in the backend; a failure becomes an FFIFault of `origin`. */
  #guard<T>(origin: FaultOrigin, args: readonly ArgumentValue[], again: Again, run: () => T): T {
    const { pid, generation } = this;
    try {
      return run();
    } catch (error) {
      if (!(error instanceof PlainFailure)) throw error;
      const executor = { ...(pid === undefined ? {} : { pid }), generation, kind: this.#backend.kind };
      const fault = plainFault(error.kind, error.message, origin, executor);
      throw this.#raise(error.signal === undefined ? fault : { ...fault, signal: error.signal }, args, again);
    }
  }

  #lookUp<T>(origin: FaultOrigin, run: () => T, notFound: (reason: string) => Error): T {
    try {
      return this.#guard(origin, [], () => undefined, run);
    } catch (error) {
      if (error instanceof NotFound) throw notFound(error.message);
      throw error;
    }
  }

  #fault(kind: Fault['kind'], summary: string, origin: FaultOrigin): Fault {
    const { pid, generation } = this;
    return plainFault(kind, summary, origin, {
      ...(pid === undefined ? {} : { pid }),
      generation,
      kind: this.#backend.kind,
    });
  }

  #raise(fault: Fault, args: readonly ArgumentValue[], again: Again): FFIFault {
    let resolved = false;
    const resolve = (how: string) => {
      if (resolved) throw alreadyResolvedError(fault.function ?? 'memory', how);
      resolved = true;
    };
    const resolver: FaultResolver = {
      abandon: () => resolve('answer'),
      retry: (others = args) => {
        resolve('retry');
        try {
          return again(others);
        } catch (error) {
          if (error instanceof CalloutError && error.code.startsWith('argument-')) resolved = false; // nothing was called
          throw error;
        }
      },
      restart: () => {
        if (resolved) throw alreadyResolvedError(fault.function ?? 'memory', 'restart');
        this.restart();
      },
      rollback: () => {
        throw notAvailableError('rollback', this.kind);
      },
      proceed: () => {
        throw notAvailableError('continue', this.kind);
      },
      resolutions: () => plainResolutions(fault, resolved),
      read: (address, sizeBytes) => this.memory.read(address, sizeBytes),
    };
    return new FFIFault(fault, resolver);
  }

  #check(origin: FaultOrigin, address: Address): bigint {
    this.#backend.revive();
    if (address.generation !== 0 && address.generation !== this.generation)
      throw this.#context(origin, [], () => undefined).stale(1, address);
    return BigInt(address.value);
  }

  #wrongFree(origin: FaultOrigin, { value }: Address, obstacle: string): FFIFault {
    const fault = this.#fault('MemoryViolation', `free of ${hex(value)}, ${obstacle}`, origin);
    return this.#raise({ ...fault, address: value }, [], () => undefined);
  }

  #violation(origin: FaultOrigin, at: bigint, access: 'read' | 'write'): FFIFault {
    const fault = this.#fault('MemoryViolation', `${access} at 0x${at.toString(16)}, asked for by the VM`, origin);
    return this.#raise({ ...fault, address: exact(at), access }, [], () => undefined);
  }
}

function plainResolutions(fault: Fault, resolved: boolean): Resolution[] {
  const missing = everyChoice.filter((choice) => !fault.choices.includes(choice));
  const reason = `the ${fault.executor.kind} executor does not have it`;
  return resolutionsOf(resolved, Object.fromEntries(missing.map((choice) => [choice, reason])));
}

/** The end of a callout that somebody asked to be stopped, unless it was over by then. */
function interrupted(outcome: () => PlainOutcome): PlainOutcome {
  try {
    return outcome();
  } catch (error) {
    if (error instanceof PlainFailure && error.kind === 'CalloutTimeout')
      throw new PlainFailure('CalloutInterrupted', 'interrupted from outside');
    throw error;
  }
}

type Again = (args: readonly ArgumentValue[]) => ResultValue;

/** A path is resolved here: the process that loads it may have another working directory. */
function fileOf(library: string): string {
  return library.includes('/') ? resolvePath(library) : library;
}
