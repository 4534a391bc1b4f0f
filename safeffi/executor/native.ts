/**
 * The native executor (DESIGN 4): a process of our own on shared memory. This class owns what outlives a single process:
 * the shared memory, the lanes, the prepared callouts; it starts a fresh process whenever one is needed and none lives.
 * `epoch` counts the deaths, so that whatever belongs to a process that is gone can tell.
 */
import { availableParallelism } from 'node:os';
import { resolve as resolvePath } from 'node:path';
import { fromUnsigned } from '../abi/int64.ts';
import { Address, type ExactInteger } from '../address.ts';
import { closedError, libraryNotFoundError, noLaneError, noMemoryError, symbolNotFoundError } from '../errors.ts';
import type { Fault } from '../faults/fault.ts';
import { FFIFault } from '../faults/ffi-fault.ts';
import { NativeFault } from '../faults/native-fault.ts';
import { ProcessMap } from '../faults/process-map.ts';
import { readRawFault } from '../faults/raw-fault.ts';
import { scanStack } from '../faults/stack-scan.ts';
import { type EntryName, entryNames, header, laneCount, pageBytes, state } from '../protocol/layout.ts';
import { declarationText, parseSignature, type Signature, type SignatureText } from '../types/signature.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import { ArgumentBuffers } from './argument-buffers.ts';
import { DomainMemory } from './domain-memory.ts';
import type { Executor, ExecutorOptions, PreparedCallout } from './executor.ts';
import { ExecutorProcess } from './executor-process.ts';
import { HeldFault } from './held-fault.ts';
import { dead, Lane } from './lane.ts';
import { linux } from './linux.ts';
import { NativeCallout } from './native-callout.ts';
import { NativeMemory } from './native-memory.ts';

/** About 30 µs of looking in JavaScript; the executor spins about as long after a call. */
const looksWhenSpinning = 20_000;
const executorSpins = 3000;
const laneLimitMs = 1000;
const loadNow = 2;

const systemSignatures: Readonly<Record<EntryName, SignatureText>> = {
  dlopen: { returns: 'void *', arguments: ['const char *', 'int'] },
  dlsym: { returns: 'void *', arguments: ['void *', 'const char *'] },
  dlerror: { returns: 'char *', arguments: [] },
  calloc: { returns: 'void *', arguments: ['size_t', 'size_t'] },
  free: { returns: 'void', arguments: ['void *'] },
  mmap: { returns: 'void *', arguments: ['void *', 'size_t', 'int', 'int', 'int', 'long'] },
  munmap: { returns: 'int', arguments: ['void *', 'size_t'] },
  _exit: { returns: 'void', arguments: ['int'] },
};

export class NativeExecutor implements Executor {
  readonly kind = 'native';
  readonly domain = new DomainMemory();
  readonly lanes: readonly Lane[];
  readonly memory: NativeMemory;
  readonly deadlineMs: number | undefined;
  /** [0]: lane 0 is free and the process lives; [1]: looks before sleeping. Read by compiled marshallers. */
  readonly gate = new Int32Array(2);
  generation = 0;
  epoch = 0;
  tainted = false;
  readonly #options: ExecutorOptions;
  readonly #callouts = new Set<NativeCallout>();
  readonly #system = new Map<EntryName, NativeCallout>();
  /** Handles by library, of the present process; the keys stay over a restart, in loading order. */
  readonly #libraries = new Map<string, number | undefined>();
  readonly #forgotten = new FinalizationRegistry<HeldFault>((held) => held.leave());
  #process: ExecutorProcess | undefined;
  #map: ProcessMap | undefined;
  #lanesMade = 0;
  #condemned: string | undefined;
  #closed = false;

  constructor(options: ExecutorOptions = {}) {
    this.#options = options;
    this.deadlineMs = options.deadlineMs;
    const spins = options.spin ?? availableParallelism() > 1;
    this.gate[1] = spins ? looksWhenSpinning : 0;
    const self = this;
    const owner = {
      memory: this.domain,
      get process() {
        return self.#process;
      },
      condemn: (reason: string) => this.#condemn(reason),
    };
    const big = {
      map: (bytes: Uint8Array, sizeBytes: number) => this.#mapBig(bytes, sizeBytes),
      read: (address: number, into: Uint8Array) => this.memory.readInto(address, into),
      unmap: (address: number, sizeBytes: number) => this.#unmapBig(address, sizeBytes),
    };
    this.lanes = Array.from(
      { length: laneCount },
      (_, index) => new Lane(owner, index, new ArgumentBuffers(this.domain, index, big)),
    );
    this.memory = new NativeMemory(this);
    try {
      this.#start();
    } catch (error) {
      this.domain.release();
      throw error;
    }
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get looks(): number {
    return this.gate[1]!;
  }

  loadLibrary(library: string): void {
    this.#handleOf(library);
  }

  symbol(library: string, name: string): Address {
    return new Address(this.#symbolAddress(library, name), this.generation);
  }

  prepare(library: string, name: string, signature: Signature): PreparedCallout {
    const callout = new NativeCallout(this, library, name, signature, () => this.#symbolAddress(library, name));
    callout.bind();
    this.#callouts.add(callout);
    return callout;
  }

  prepareAddress(address: Address, name: string, signature: Signature): PreparedCallout {
    const callout: NativeCallout = new NativeCallout(this, 'a function pointer', name, signature, () => {
      if (address.generation !== this.generation) throw this.stale(callout, 0, address);
      return Number(address.value);
    });
    callout.bind();
    this.#callouts.add(callout);
    return callout;
  }

  restart(): void {
    this.#bury();
    this.ensureStarted();
  }

  close(): void {
    if (this.#closed) return;
    this.#bury();
    this.#closed = true;
    this.domain.release();
  }

  /** Starts a process with the libraries of before when none lives. */
  ensureStarted(): void {
    if (this.#process !== undefined) return;
    this.#start();
    for (const library of [...this.#libraries.keys()]) this.#handleOf(library);
  }

  waitFor(lane: Lane, looks: number, deadlineMs: number | undefined): number {
    lane.deadlineMs = deadlineMs;
    const seen = lane.wait(looks, deadlineMs ?? Number.POSITIVE_INFINITY);
    return seen === state.request ? lane.interrupt() : seen;
  }

  laneAt(lineWord: number): Lane {
    return this.lanes.find((lane) => lane.word === lineWord)!;
  }

  /** A free lane, taken; made where all are busy. */
  takeLane(callout: string): Lane {
    for (let i = 0; i < this.#lanesMade; i++) {
      const lane = this.lanes[i]!;
      if (!lane.busy) {
        this.occupy(lane);
        return lane;
      }
    }
    const lane = this.#makeLane(callout);
    this.occupy(lane);
    return lane;
  }

  occupy(lane: Lane): void {
    lane.busy = true;
    if (lane.index === 0) this.gate[0] = 0;
  }

  releaseLane(lane: Lane): void {
    lane.busy = false;
    if (lane.index === 0 && this.#process !== undefined) this.gate[0] = 1;
  }

  /** A fault was resolved: it needs no watching any more. */
  settled(held: HeldFault): void {
    this.#forgotten.unregister(held);
  }

  /** Sends a faulted lane back to park, and notes that C's state may be half changed. */
  abandon(lane: Lane | undefined): void {
    this.tainted = true;
    if (lane === undefined || this.#process === undefined) return;
    if (!lane.abandon()) {
      this.#bury();
      return;
    }
    lane.buffers.reset();
    this.releaseLane(lane);
  }

  /** The error for a callout that did not return. */
  faulted(callout: NativeCallout, lane: Lane, seen: number, args: readonly ArgumentValue[]): FFIFault {
    const executor = this.#process;
    if (seen === dead || executor === undefined) return this.#died(callout, args);
    const raw = readRawFault(this.domain.i32, lane.index);
    const map = this.#map!;
    if (raw.frames.some((address) => map.find(Number(address)) === undefined)) map.refresh();
    const scanned = raw.complete ? [] : scanStack(raw, lane.index, map, (at, size) => this.memory.tryRead(at, size));
    const fault = new NativeFault(raw, {
      function: callout.name,
      library: callout.library,
      declaration: declarationText(callout.name, callout.signature),
      pid: executor.pid,
      generation: this.generation,
      laneIndex: lane.index,
      map,
      argumentAt: (address) => lane.buffers.argumentAt(address),
      scanned,
      deadlineMs: lane.deadlineMs,
    });
    return this.#raise(fault, new HeldFault(this, callout, args, lane));
  }

  /** The error for a callout that wrote before the start of an argument. */
  overrun(callout: NativeCallout, lane: Lane, args: readonly ArgumentValue[]): FFIFault {
    const argument = lane.buffers.brokenCanary();
    const where =
      argument === undefined
        ? 'before the start of an argument'
        : `${-argument.offset} bytes before argument ${argument.position} (${argument.kind}, ${argument.sizeBytes} bytes)`;
    const fault = this.#plainFault('BufferOverrun', `write ${where}, found after the call`, callout);
    return this.#raise(
      argument === undefined ? fault : { ...fault, access: 'write', argument },
      new HeldFault(this, callout, args, undefined),
    );
  }

  stale(callout: PreparedCallout, position: number, address: Address): FFIFault {
    const what = position === 0 ? 'the function' : `argument ${position}`;
    const summary = `${what} is ${address}, an address of executor generation ${address.generation}; the present one is ${this.generation}`;
    const fault = { ...this.#plainFault('StaleAddress', summary, callout), address: address.value };
    return this.#raise(fault, new HeldFault(this, callout, [], undefined));
  }

  /** The error for an address that could not be read or written from here. */
  violation(callout: PreparedCallout, address: ExactInteger, access: 'read' | 'write', what: string): FFIFault {
    const fault = this.#plainFault('MemoryViolation', `${access} at 0x${address.toString(16)}, ${what}`, callout);
    return this.#raise({ ...fault, address, access }, new HeldFault(this, callout, [], undefined));
  }

  /** The string that a `char *` result points to, in the form that the session wants. */
  readResultString(callout: NativeCallout, address: ExactInteger): ResultValue {
    if (address === 0) return null;
    const bytes = this.memory.readBytesUntilNul(callout, address, undefined, 'the string that was returned');
    return this.#options.strings === 'bytes' ? bytes : new TextDecoder().decode(bytes);
  }

  /** A callout to one of the functions that the executor told at boot. */
  system(name: EntryName): NativeCallout {
    let callout = this.#system.get(name);
    if (callout === undefined) {
      const word = header.entries / 4 + 2 * entryNames.indexOf(name);
      callout = new NativeCallout(this, 'libc', name, parseSignature(name, systemSignatures[name]), () =>
        Number(fromUnsigned(this.domain.i32[word]!, this.domain.i32[word + 1]!)),
      );
      this.#system.set(name, callout);
      this.#callouts.add(callout);
    }
    return callout;
  }

  #start(): void {
    if (this.#closed) throw closedError('the executor');
    this.domain.clear(this.looks > 0 ? executorSpins : 0);
    this.#process = ExecutorProcess.start(this.domain, this.#options.environment);
    this.#map = new ProcessMap(this.#process.pid);
    this.generation++;
    this.tainted = false;
    this.#condemned = undefined;
    this.#lanesMade = 1;
    if (!this.lanes[0]!.adopt()) this.#condemn('told a thread for lane 0 that is none of its own');
    this.gate[0] = 1;
  }

  /** Ends the process, if it still runs, and forgets all that belonged to it. */
  #bury(): void {
    if (this.#process === undefined) return;
    this.#process.kill();
    this.#process = undefined;
    this.gate[0] = 0;
    this.epoch++;
    this.#lanesMade = 0;
    for (const lane of this.lanes) {
      lane.busy = false;
      lane.buffers.forget();
    }
    for (const callout of this.#callouts) callout.unbind();
    for (const library of this.#libraries.keys()) this.#libraries.set(library, undefined);
  }

  #condemn(reason: string): void {
    this.#condemned = reason;
    this.#process?.kill();
  }

  #died(callout: NativeCallout, args: readonly ArgumentValue[]): FFIFault {
    const executor = this.#process;
    executor?.kill();
    const fault = this.#plainFault('ExecutorDied', this.#describeEnd(executor), callout);
    this.#bury();
    return this.#raise(fault, new HeldFault(this, callout, args, undefined));
  }

  #describeEnd(executor: ExecutorProcess | undefined): string {
    if (this.#condemned !== undefined) return `the executor ${this.#condemned} and was ended`;
    return executor === undefined ? 'the executor was ended' : `the executor ${executor.end}`;
  }

  #plainFault(kind: Fault['kind'], summary: string, callout: PreparedCallout): Fault {
    const pid = this.pid;
    return {
      kind,
      summary,
      function: callout.name,
      library: callout.library,
      declaration: declarationText(callout.name, callout.signature),
      cFrames: [],
      executor: { ...(pid === undefined ? {} : { pid }), generation: this.generation, kind: 'native' },
      choices: ['answer', 'retry', 'restart', 'terminate'],
    };
  }

  #raise(fault: Fault, held: HeldFault): FFIFault {
    const error = new FFIFault(fault, held);
    this.#forgotten.register(error, held, held);
    return error;
  }

  #makeLane(callout: string): Lane {
    const { i32 } = this.domain;
    const made = this.#lanesMade;
    if (made >= laneCount) throw noLaneError(callout, laneCount);
    const wanted = header.lanesWanted / 4;
    i32[wanted] = made + 1;
    linux().futexWake(this.domain.addressOfWord(wanted));
    const limit = performance.now() + laneLimitMs;
    const word = header.lanesMade / 4;
    while (Atomics.load(i32, word) === made && performance.now() < limit && this.#process?.alive() === true) {
      linux().futexWait(this.domain.addressOfWord(word), made, 10);
    }
    const lane = this.lanes[made]!;
    if (Atomics.load(i32, word) !== made + 1 || !lane.adopt()) throw noLaneError(callout, made);
    this.#lanesMade = made + 1;
    return lane;
  }

  #handleOf(library: string): number {
    this.ensureStarted();
    const known = this.#libraries.get(library);
    if (known !== undefined) return known;
    const file = library === '' ? null : library.includes('/') ? resolvePath(library) : library;
    const handle = this.system('dlopen').call([file, loadNow]) as Address;
    if (handle.isNull) throw libraryNotFoundError(library, this.#loaderReason());
    this.#libraries.set(library, Number(handle.value));
    return Number(handle.value);
  }

  #symbolAddress(library: string, name: string): number {
    const handle = new Address(this.#handleOf(library), this.generation);
    // Ours stands in for libc's: an exit is to end the callout, not the executor.
    if (name === '_exit' || name === '_Exit') return Number(this.#systemAddress('_exit'));
    const found = this.system('dlsym').call([handle, name]) as Address;
    if (found.isNull) throw symbolNotFoundError(name, library, this.#loaderReason());
    return Number(found.value);
  }

  #systemAddress(name: EntryName): ExactInteger {
    const word = header.entries / 4 + 2 * entryNames.indexOf(name);
    return fromUnsigned(this.domain.i32[word]!, this.domain.i32[word + 1]!);
  }

  #loaderReason(): string {
    const reason = this.system('dlerror').call([]);
    if (reason === null || reason === undefined) return 'its address is null';
    return reason instanceof Uint8Array ? new TextDecoder().decode(reason) : String(reason);
  }

  /** Pages of the executor whose end holds the bytes, and an inaccessible page behind. */
  #mapBig(bytes: Uint8Array, sizeBytes: number): number {
    const [protNone, protReadWrite, privateAnonymous, fixed] = [0, 3, 0x22, 0x10];
    const whole = Math.ceil(sizeBytes / pageBytes) * pageBytes;
    const lane0 = this.lanes[0]!;
    const wasFree = !lane0.busy;
    if (wasFree) this.occupy(lane0);
    try {
      const mmap = this.system('mmap');
      const base = mmap.call([null, whole + pageBytes, protReadWrite, privateAnonymous, -1, 0]) as Address;
      if (typeof base.value === 'bigint') throw noMemoryError('mmap', whole);
      mmap.call([base.plus(whole), pageBytes, protNone, privateAnonymous | fixed, -1, 0]);
      const start = base.value + whole - sizeBytes;
      this.memory.writeFrom(start, bytes);
      return start;
    } finally {
      if (wasFree) this.releaseLane(lane0);
    }
  }

  #unmapBig(start: number, sizeBytes: number): void {
    if (this.#process === undefined) return;
    const whole = Math.ceil(sizeBytes / pageBytes) * pageBytes;
    const base = new Address(start + sizeBytes - whole, this.generation);
    this.system('munmap').call([base, whole + pageBytes]);
  }
}
