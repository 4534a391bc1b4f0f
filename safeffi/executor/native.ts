/**
 * The native executor (DESIGN 4): a process of our own on shared memory. This class owns what outlives a single process:
 * the shared memory, the lanes, the prepared callouts; it starts a fresh process whenever one is needed and none lives.
 * `epoch` counts the deaths, so that whatever belongs to a process that is gone can tell.
 */
import { availableParallelism } from 'node:os';
import { Address, type ExactInteger } from '../address.ts';
import { closedError, noLaneError } from '../errors.ts';
import type { FFIFault } from '../faults/ffi-fault.ts';
import { ProcessMap } from '../faults/process-map.ts';
import { header, headerBytes, laneCount, laneStride, state } from '../protocol/layout.ts';
import type { Signature } from '../types/signature.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import { ArgumentBuffers } from './argument-buffers.ts';
import { DomainMemory } from './domain-memory.ts';
import type { Executor, ExecutorOptions, PreparedCallout } from './executor.ts';
import { ExecutorProcess } from './executor-process.ts';
import { ForeignFaults } from './foreign-faults.ts';
import { dead, foreign, Lane } from './lane.ts';
import { linux } from './linux.ts';
import { MappedBuffers } from './mapped-buffers.ts';
import { NativeCallout, type Resolve } from './native-callout.ts';
import { NativeFaults } from './native-faults.ts';
import { NativeLoader } from './native-loader.ts';
import { NativeMemory } from './native-memory.ts';

/** About 30 µs of looking in JavaScript; the executor spins about as long after a call. */
const looksWhenSpinning = 20_000;
const executorSpins = 3000;
const laneLimitMs = 1000;

export class NativeExecutor implements Executor {
  readonly kind = 'native';
  readonly domain = new DomainMemory();
  readonly lanes: readonly Lane[];
  readonly memory: NativeMemory;
  readonly loader: NativeLoader;
  readonly faults: NativeFaults;
  readonly foreign: ForeignFaults;
  readonly deadlineMs: number | undefined;
  /** [0]: lane 0 is free and the process lives; [1]: looks before sleeping. Read by compiled marshallers. */
  readonly gate = new Int32Array(2);
  generation = 0;
  epoch = 0;
  tainted = false;
  readonly #options: ExecutorOptions;
  readonly #callouts = new Set<NativeCallout>();
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
    this.foreign = new ForeignFaults(this.domain);
    const self = this;
    const owner = {
      memory: this.domain,
      get process() {
        return self.#process;
      },
      foreignPending: () => this.foreign.pending,
      condemn: (reason: string) => this.#condemn(reason),
    };
    const big = new MappedBuffers(this);
    this.lanes = Array.from(
      { length: laneCount },
      (_, index) => new Lane(owner, index, new ArgumentBuffers(this.domain, index, big)),
    );
    this.memory = new NativeMemory(this);
    this.loader = new NativeLoader(this);
    this.faults = new NativeFaults(this);
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
    this.loader.load(library);
  }

  symbol(library: string, name: string): Address {
    return new Address(this.loader.symbol(library, name), this.generation);
  }

  prepare(library: string, name: string, signature: Signature): PreparedCallout {
    return this.#bound(new NativeCallout(this, library, name, signature, () => this.loader.symbol(library, name)));
  }

  prepareAddress(address: Address, name: string, signature: Signature): PreparedCallout {
    const callout: NativeCallout = new NativeCallout(this, 'a function pointer', name, signature, () => {
      if (address.generation !== this.generation) throw this.faults.stale(callout, 0, address);
      return Number(address.value);
    });
    return this.#bound(callout);
  }

  /** A callout that is unbound when the process ends, and not bound yet. */
  callout(library: string, name: string, signature: Signature, resolve: Resolve): NativeCallout {
    const callout = new NativeCallout(this, library, name, signature, resolve);
    callout.isOwn = true;
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
    this.loader.reload();
  }

  waitFor(lane: Lane, looks: number, deadlineMs: number | undefined): number {
    lane.deadlineMs = deadlineMs;
    const seen = lane.wait(looks, deadlineMs ?? Number.POSITIVE_INFINITY);
    return seen === state.request ? lane.interrupt() : seen;
  }

  laneAt(lineWord: number): Lane {
    return this.lanes[Math.floor((lineWord * 4 - headerBytes) / laneStride)]!;
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

  /** The fault of a thread that C made and that nobody was told of yet, as the error of the callout that is to begin. */
  foreignFault(callout: NativeCallout, args: readonly ArgumentValue[]): FFIFault | undefined {
    const told = this.foreign.pending ? this.foreign.take() : undefined;
    return told && this.faults.foreign(callout, undefined, args, told, this.#map!);
  }

  /** Ends the thread of a foreign fault; the executor where it does not go. */
  endForeign(slot: number): void {
    this.tainted = true;
    if (!this.foreign.end(slot, this.#process)) this.#bury();
  }

  /** Stops a callout that runs and sends its thread back to park. */
  abandonRunning(lane: Lane): void {
    const seen = lane.look();
    const stopped = seen === state.request ? lane.interrupt() : seen;
    if (stopped === state.fault) this.abandon(lane);
    else if (stopped === state.done) {
      lane.buffers.reset();
      this.releaseLane(lane);
    } else this.#bury();
  }

  /** The error for a callout that did not return. */
  faulted(callout: NativeCallout, lane: Lane, seen: number, args: readonly ArgumentValue[]): FFIFault {
    const told = seen === foreign && this.#process !== undefined ? this.foreign.take() : undefined;
    if (told !== undefined) return this.faults.foreign(callout, lane, args, told, this.#map!);
    return seen === dead || this.#process === undefined
      ? this.#died(callout, args)
      : this.faults.stopped(callout, lane, args, this.#map!);
  }

  /** The string that a `char *` result points to, in the form that the session wants. */
  readResultString(callout: NativeCallout, address: ExactInteger): ResultValue {
    if (address === 0) return null;
    const bytes = this.memory.readBytesUntilNul(callout, address, undefined, 'the string that was returned');
    return this.#options.strings === 'bytes' ? bytes : new TextDecoder().decode(bytes);
  }

  /** Runs callouts while lane 0 is kept as it is. */
  keepingLane0<T>(run: () => T): T {
    const lane = this.lanes[0]!;
    if (lane.busy) return run();
    this.occupy(lane);
    try {
      return run();
    } finally {
      this.releaseLane(lane);
    }
  }

  #bound(callout: NativeCallout): NativeCallout {
    callout.bind();
    this.#callouts.add(callout);
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
    this.loader.forget();
    this.foreign.forget();
  }

  #condemn(reason: string): void {
    this.#condemned = reason;
    this.#process?.kill();
  }

  #died(callout: NativeCallout, args: readonly ArgumentValue[]): FFIFault {
    const executor = this.#process;
    executor?.kill();
    const end = this.#condemned === undefined ? (executor?.end ?? 'was ended') : `${this.#condemned} and was ended`;
    const fault = this.faults.describeEnd(callout, end);
    this.#bury();
    return this.faults.ended(fault, callout, args);
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
}
