/**
 * The native executor (DESIGN 4): a process of our own on shared memory. This class owns what outlives a single process:
 * the shared memory, the lanes, the prepared callouts; it starts a fresh process whenever one is needed and none lives.
 * `epoch` counts the deaths, so that whatever belongs to a process that is gone can tell.
 */
import { availableParallelism } from 'node:os';
import { Address, type ExactInteger } from '../address.ts';
import type { Callback, CallbackFunction, CallbackOptions } from '../callbacks/callback.ts';
import type { CallbackRequest } from '../callbacks/callback-request.ts';
import { checkAddress } from '../check-input.ts';
import { closedError, leftError, noLaneError, notAvailableError, openCallbackError } from '../errors.ts';
import type { FFIFault } from '../faults/ffi-fault.ts';
import { ProcessMap } from '../faults/process-map.ts';
import {
  domainBase,
  foreignLaneCount,
  header,
  headerBytes,
  laneCount,
  laneStride,
  line,
  state,
} from '../protocol/layout.ts';
import type { Signature } from '../types/signature.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import { ArgumentBuffers } from './argument-buffers.ts';
import { AsyncCallouts } from './async-callouts.ts';
import { BatchArea } from './batch-area.ts';
import { Bell } from './bell.ts';
import { checkDefault } from './callback-default.ts';
import { CalloutGuards } from './callout-guards.ts';
import { type Checkpoint, Checkpoints, headerWordsOf, type Standby } from './checkpoints.ts';
import { type Confinement, confinementOf } from './confinement.ts';
import { DomainMemory } from './domain-memory.ts';
import type { CalloutBatch, Executor, ExecutorOptions, PreparedCallout } from './executor.ts';
import { ExecutorLauncher } from './executor-launcher.ts';
import { ExecutorProcess } from './executor-process.ts';
import { ForeignCallbacks } from './foreign-callbacks.ts';
import { ForeignFaults } from './foreign-faults.ts';
import { Graveyard } from './graveyard.ts';
import { GuardPages } from './guard-pages.ts';
import { dead, foreign, Lane, refused, thrown, unanswered } from './lane.ts';
import { linux } from './linux.ts';
import { MappedBuffers } from './mapped-buffers.ts';
import { NativeBatch } from './native-batch.ts';
import { NativeCallbacks } from './native-callbacks.ts';
import { NativeCallout, type Resolve, type StoppedCallout } from './native-callout.ts';
import { NativeFaults } from './native-faults.ts';
import { NativeLoader } from './native-loader.ts';
import { NativeMemory } from './native-memory.ts';
import { hostTarget, type NativeTarget } from './native-target.ts';
import { PlainBatch } from './plain-batch.ts';
import { mainDomain, SessionParts } from './session-parts.ts';
import type { BufferOptions } from './shared-buffers.ts';
import { StandbyFork } from './standby-fork.ts';
import { type Taint, untainted, withCause } from './taint.ts';

/** About 30 µs of looking in JavaScript; the executor spins about as long after a call. */
const looksWhenSpinning = 20_000;
/** A standby that is awake takes over within about 100 µs, and to sleep over it takes this side as long again. */
const looksForTakeover = 5 * looksWhenSpinning;
/** The executor's threads beside its lanes. */
const keeperThreads = 1;
const laneLimitMs = 1000;
/** After so many rounds of news the event loop gets its turn. */
const roundsAtOnce = 1000;
/** How many looks at a state take as long as one `poll` that finds nothing. */
const looksPerPoll = 16;

export class NativeExecutor implements Executor {
  readonly kind = 'native';
  readonly domain = new DomainMemory();
  readonly domainBase = domainBase;
  readonly lanes: readonly Lane[];
  readonly memory: NativeMemory;
  readonly loader: NativeLoader;
  readonly faults: NativeFaults;
  readonly foreign: ForeignFaults;
  readonly callbacks: NativeCallbacks;
  readonly foreignCallbacks: ForeignCallbacks;
  readonly asyncs: AsyncCallouts;
  readonly #bell: Bell;
  readonly deadlineMs: number | undefined;
  readonly pendAfterMs: number | undefined;
  /** [0]: lane 0 is free, the process lives and no callback runs; [1]: looks before sleeping. Read by compiled marshallers. */
  readonly gate = new Int32Array(2);
  generation = 0;
  epoch = 0;
  taint: Taint = untainted;
  readonly graveyard = new Graveyard();
  /** What the executors of a session share. */
  readonly parts: SessionParts;
  readonly domainName: string;
  readonly #ownParts: SessionParts | undefined;
  readonly launcher: ExecutorLauncher;
  readonly checkpoints = new Checkpoints(this);
  readonly guards = new CalloutGuards(this.checkpoints);
  readonly #standbyFork = new StandbyFork(this);
  readonly guardPages: GuardPages;
  readonly #options: ExecutorOptions;
  readonly #callouts = new Set<NativeCallout>();
  #process: ExecutorProcess | undefined;
  #map: ProcessMap | undefined;
  #lanesMade = 0;
  #condemned: string | undefined;
  #closed = false;
  #starts = 0;
  /** All that belonged to the last process that ended is forgotten. */
  #isForgotten = true;

  readonly target: NativeTarget;
  readonly batches = new BatchArea();
  /** Gives back the room of batches that are garbage. */
  readonly batchRooms = new FinalizationRegistry<number>((start) => this.batches.release(start));

  /**
   * `target`: for which machine the executor's program was built; this one's unless an emulator runs it. `parts`: those of
   * its session; without, it has its own.
   */
  constructor(
    options: ExecutorOptions = {},
    target: NativeTarget = hostTarget(),
    parts?: SessionParts,
    domainName = mainDomain,
  ) {
    this.#ownParts = parts === undefined ? new SessionParts() : undefined;
    this.parts = parts ?? this.#ownParts!;
    this.domainName = domainName;
    this.#options = options;
    this.target = target;
    this.deadlineMs = options.deadlineMs;
    this.pendAfterMs = options.pendAfterMs;
    const spins = options.spin ?? availableParallelism() > 1;
    this.gate[1] = spins ? looksWhenSpinning : 0;
    this.foreign = new ForeignFaults(this.domain);
    const self = this;
    const owner = {
      memory: this.domain,
      weaklyOrdered: target.abi.weaklyOrdered,
      spins,
      get process() {
        return self.#process;
      },
      get epoch() {
        return self.epoch;
      },
      foreignPending: () => this.foreign.pending,
      condemn: (reason: string) => this.condemn(reason),
      serveOthers: () => this.poll(),
    };
    const big = new MappedBuffers(this);
    const makeLane = (index: number) => new Lane(owner, index, new ArgumentBuffers(this.domain, index, big));
    this.lanes = Array.from({ length: laneCount }, (_, index) => makeLane(index));
    this.foreignCallbacks = new ForeignCallbacks(this, makeLane, options.onCallbackRequest);
    this.#bell = new Bell(this.domain, () => this.#rung());
    this.asyncs = new AsyncCallouts(this.#bell);
    this.memory = new NativeMemory(this);
    this.loader = new NativeLoader(this);
    this.guardPages = new GuardPages(this.loader, () => this.parts.buffers.guards);
    this.faults = new NativeFaults(this);
    this.callbacks = new NativeCallbacks(this);
    try {
      const preload = () => this.loader.preload();
      this.launcher = new ExecutorLauncher(
        options,
        target.command,
        spins,
        this.parts.buffers.arena.fd,
        this.#bell.writeEnd,
        this.graveyard,
        preload,
      );
      this.#start();
    } catch (error) {
      this.#bell.close();
      this.domain.release();
      this.#ownParts?.close();
      throw error;
    }
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** What keeps C code from other processes. */
  get confinement(): Confinement {
    return confinementOf(this.domain.i32[header.confined / 4]!);
  }

  /** The process runs. */
  get isAlive(): boolean {
    return this.#process?.alive() === true;
  }

  get tainted(): boolean {
    return this.taint.count > 0;
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
    checkAddress(`callout ${name}: the function`, address);
    const callout: NativeCallout = new NativeCallout(this, 'a function pointer', name, signature, () => {
      // NULL never goes stale: to call it is a fault of its own.
      if (!address.isNull && address.generation !== this.generation) throw this.faults.stale(callout, 0, address);
      return Number(address.value);
    });
    return this.#bound(callout);
  }

  /** A function of this side as one that C can call. Throws CalloutError `no-callback`, `callback-result` for `onError`. */
  callback(
    name: string,
    signature: Signature,
    fn: CallbackFunction | undefined,
    options: CallbackOptions = {},
  ): Callback {
    checkDefault(name, signature, options);
    return this.callbacks.create(name, signature, fn, options);
  }

  batch(callout: PreparedCallout, capacity: number, textBytes: number): CalloutBatch {
    if (!(callout instanceof NativeCallout)) return new PlainBatch(callout, capacity);
    if (callout.home !== this) return callout.home.batch(callout, capacity, textBytes);
    return new NativeBatch(this, callout, capacity, textBytes);
  }

  takeRequests(): CallbackRequest[] {
    return this.foreignCallbacks.takeRequests();
  }

  poll(): boolean {
    const served = this.foreignCallbacks.serve();
    return this.asyncs.serve() || served;
  }

  /** `poll` may have something to do, now or while a callout is waited for. */
  get mayHaveOthers(): boolean {
    return this.foreignCallbacks.hasPosts || this.asyncs.isRunning;
  }

  waitForNews(timeoutMs: number): void {
    const bell = header.bell / 4;
    const rung = Atomics.load(this.domain.i32, bell);
    if (!this.poll()) linux().futexWait(this.domain.addressOfWord(bell), rung, timeoutMs);
  }

  /** From now on the event loop is told of callbacks on threads that C made. */
  listen(): void {
    this.ensureStarted();
    this.#bell.listen();
  }

  /** An error of a callback that belongs to no callout. */
  report(error: unknown): void {
    const { onCallbackError } = this.#options;
    if (onCallbackError !== undefined) onCallbackError(error);
    else
      setImmediate(() => {
        throw error;
      });
  }

  #rung(): void {
    if (this.#closed) return;
    let rounds = 0;
    // A thread that was answered often calls again at once: looking for that is cheaper than the next event.
    const most = Math.max(1, this.looks / looksPerPoll);
    for (let looks = most; looks > 0 && rounds < roundsAtOnce; looks--) {
      if (!this.poll()) continue;
      rounds++;
      looks = most;
    }
    this.#bell.arm();
    // What came before the bell was armed did not ring.
    if (!this.#closed && this.poll()) setImmediate(() => this.#rung());
  }

  /** A callout that is unbound when the process ends, and not bound yet. */
  callout(library: string, name: string, signature: Signature, resolve: Resolve): NativeCallout {
    const callout = new NativeCallout(this, library, name, signature, resolve);
    callout.isOwn = true;
    this.#callouts.add(callout);
    return callout;
  }

  restart(): void {
    // The next executor has memory of its own, which this one cannot reach: nothing waits for its end. To die takes a core 200 µs,
    // which the next callout of the new one may need: so it is killed first.
    this.#bury((process) => process.killLater(this.graveyard));
    this.checkpoints.forget();
    this.ensureStarted();
  }

  /** Starts an executor ahead now, so that the next restart finds it. Throws CalloutError `not-available` with `spare: false`. */
  prepareSpare(): void {
    if (this.#options.spare === false)
      throw notAvailableError('a spare executor with the option spare: false', this.kind);
    this.launcher.spare.prepare();
  }

  /** No callout is under way and no fault stands. */
  get isIdle(): boolean {
    return !this.lanes.some((lane) => lane.busy);
  }

  buffer(sizeBytes: number, options: BufferOptions = {}): Uint8Array {
    return this.parts.buffers.allocate(sizeBytes, options, (page) => {
      if (this.#process !== undefined) this.guardPages.protect(page);
    });
  }

  addressOf(view: ArrayBufferView): Address {
    return this.parts.buffers.address(view);
  }

  /** C's address of a view that is part of a shared buffer, 0 for others. */
  sharedAddress(view: ArrayBufferView): number {
    return this.parts.buffers.addressOf(view);
  }

  checkpoint(): Checkpoint {
    return this.checkpoints.take();
  }

  checkpointed(callout: PreparedCallout): PreparedCallout {
    return this.guards.checkpointed(callout);
  }

  checkpointObstacle(): string | undefined {
    this.ensureStarted();
    return this.lanes.some((lane) => lane.busy) ? 'a callout is under way or a fault stands' : undefined;
  }

  makeStandby(): Standby | number {
    const pid = this.#standbyFork.make(this.#lanesMade + keeperThreads);
    if (pid < 0) return pid;
    const { generation, taint } = this;
    const libraries = this.loader.snapshot();
    const headerWords = headerWordsOf(this.domain.i32);
    const allocationMark = this.memory.known.mark();
    return { pid, generation, lanesMade: this.#lanesMade, libraries, taint, allocationMark, headerWords };
  }

  replaceBy(standby: Standby): void {
    const former = this.#process;
    const stays = (callout: NativeCallout) =>
      !this.loader.has(callout.library) || standby.libraries.has(callout.library);
    const threads = this.lanes.slice(0, this.#lanesMade).map((lane) => lane.threadId);
    this.#tellStandby(-standby.pid);
    linux().futexWakeAll(this.domain.addressOfWord(header.takeover / 4));
    try {
      // While it dies: all that is to be forgotten.
      this.#bury((process) => process.killBehind(), stays);
    } finally {
      if (former?.waitUntilLeft(threads) === true) this.graveyard.admit(former.pid);
    }
    const { i32 } = this.domain;
    i32.set(standby.headerWords);
    i32[header.takenOver / 4] = 0;
    for (let i = 0; i < laneCount + foreignLaneCount; i++) this.domain.settleLane(i);
    this.foreign.clear();
    this.#tellStandby(standby.pid);
    if (Atomics.load(i32, header.standbyAwake / 4) !== standby.pid)
      linux().futexWakeAll(this.domain.addressOfWord(header.takeover / 4));
    // Meanwhile: all that is known of it.
    const replacement = ExecutorProcess.adopt(standby.pid, former);
    this.#map = new ProcessMap(standby.pid, this.#map);
    this.generation = standby.generation;
    this.taint = standby.taint;
    this.#condemned = undefined;
    this.loader.restore(standby.libraries);
    this.memory.known.undoTo(standby.allocationMark);
    try {
      for (let looks = this.looks === 0 ? 0 : looksForTakeover; looks > 0; looks--)
        if (Atomics.load(i32, header.takenOver / 4) !== 0) break;
      replacement.waitForWord(this.domain, header.takenOver / 4, 0);
    } catch (error) {
      this.loader.forget();
      for (const callout of this.#callouts) callout.unbind();
      throw error;
    }
    this.#process = replacement;
    this.#lanesMade = standby.lanesMade;
    for (let i = 0; i < standby.lanesMade; i++)
      if (!this.lanes[i]!.adopt()) this.condemn(`told a thread for lane ${i} that is none of its own`);
    this.openGate();
    this.#bell.arm();
    this.guardPages.update();
  }

  #tellStandby(word: number): void {
    Atomics.store(this.domain.i32, header.takeover / 4, word);
  }

  close(): void {
    if (this.#closed) return;
    this.#bell.close();
    this.#bury();
    this.asyncs.close(closedError('the session'));
    this.checkpoints.forget();
    this.launcher.close();
    this.graveyard.drain();
    this.#ownParts?.close();
    this.#closed = true;
    this.domain.release();
  }

  /** Starts a process with the libraries of before when none lives. */
  ensureStarted(): void {
    if (this.#process !== undefined) return;
    this.#start();
    this.loader.reload();
    this.guardPages.update();
  }

  /** Waits until the callout on a lane is over, and answers the callbacks that C calls meanwhile. */
  waitFor(lane: Lane, looks: number, deadlineMs: number | undefined): number {
    lane.deadlineMs = deadlineMs;
    const { epoch } = this;
    const limit = deadlineMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + deadlineMs;
    let seen = lane.look();
    for (;;) {
      if (seen === state.request) {
        seen = lane.wait(looks, limit === Number.POSITIVE_INFINITY ? limit : Math.max(0, limit - performance.now()));
        if (this.epoch !== epoch) return dead;
        if (seen === state.request) seen = lane.interrupt();
      }
      if (seen !== state.callback) return seen;
      // A limit is looked at between callbacks, so that C that calls them for ever stops at it too.
      seen = this.callbacks.serve(lane, limit === Number.POSITIVE_INFINITY ? looks : 0);
      if (this.epoch !== epoch) return dead;
      if (seen === state.callback && performance.now() > limit) {
        const summary = `stopped after its deadline of ${deadlineMs} ms, in a callback`;
        this.callbacks.complaint = { kind: 'CalloutTimeout', summary };
        return refused;
      }
    }
  }

  laneAt(lineWord: number): Lane {
    const index = Math.floor((lineWord * 4 - headerBytes) / laneStride);
    return this.lanes[index] ?? this.foreignCallbacks.lanes[index - laneCount]!;
  }

  /** The lane that nests in the callback at hand or in a given one, else a free one; taken, made where all are busy. */
  takeLane(callout: string, within: Lane | undefined, nests: boolean, first = 0): Lane {
    if (within?.hasInner === true) throw openCallbackError(callout, 'another callout within it is not over');
    const outer = within ?? (nests ? this.callbacks.current : undefined);
    if (outer?.left === true) throw openCallbackError(callout, 'C has left the callback that it is to nest in');
    if (outer !== undefined && !outer.hasInner) {
      this.occupy(outer.inner);
      outer.buffers.enter();
      return outer.inner;
    }
    for (let i = first; i < this.#lanesMade; i++) {
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
    lane.busy = lane.leaves = false;
    lane.serial++;
    if (lane.rings) {
      lane.rings = false;
      this.domain.i32[lane.word + line.vmSleeps / 4] = 0;
    }
    if (lane.outer !== undefined) lane.buffers.leave();
    if (lane.index === 0) this.openGate();
  }

  /** The hot path is open while lane 0 is free and no callback runs, in which callouts nest. */
  openGate(): void {
    const open = this.#process !== undefined && !this.lanes[0]!.busy && this.callbacks.current === undefined;
    this.gate[0] = open ? 1 : 0;
  }

  /**
   * Sends a lane that stands in a fault or a callback back to park, after those that nest in it, and notes that C's state
   * may be half changed.
   */
  abandon(lane: Lane | undefined, cause: string): void {
    this.taint = withCause(this.taint, cause);
    if (lane === undefined || this.#process === undefined) return;
    if (lane.outer !== undefined && lane.look() === state.done) {
      this.releaseLane(lane);
      return;
    }
    if (lane.hasInner) {
      const { inner } = lane;
      if (inner.look() === state.request) inner.interrupt();
      this.abandon(inner, cause);
      if (this.#process === undefined) return;
    }
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
    this.taint = withCause(this.taint, 'a thread that C made was ended in a fault');
    if (!this.foreign.end(slot, this.#process)) this.#bury();
  }

  /** Stops a callout that runs and sends its thread back to park. */
  abandonRunning(lane: Lane, cause: string): void {
    const seen = lane.look();
    const stopped = seen === state.request ? lane.interrupt() : seen;
    if (stopped === state.fault || stopped === state.callback) this.abandon(lane, cause);
    else if (stopped === state.done) {
      lane.buffers.reset();
      this.releaseLane(lane);
    } else this.#bury();
  }

  /** The error for a callout that did not return. */
  faulted(callout: StoppedCallout, lane: Lane, seen: number, args: readonly ArgumentValue[], epoch: number): unknown {
    const { callbacks } = this;
    if (epoch !== this.epoch)
      return this.faults.ended(
        this.faults.describeEnd(callout, 'was restarted while the callout was under way'),
        callout,
        args,
      );
    const told = seen === foreign && this.#process !== undefined ? this.foreign.take() : undefined;
    if (told !== undefined) return this.faults.foreign(callout, lane, args, told, this.#map!);
    if (seen === dead || this.#process === undefined) return this.#died(callout, args);
    switch (seen) {
      case refused: {
        const { kind, summary } = callbacks.complaint!;
        return this.faults.inCallback(kind, summary, callout, lane, args);
      }
      case state.left: {
        lane.acknowledgeLeft();
        lane.buffers.reset();
        this.releaseLane(lane);
        return leftError(callout.name);
      }
      case thrown: {
        const { error } = callbacks;
        this.abandon(lane, `${callout.name} was abandoned after an error in a callback`);
        return error;
      }
      case unanswered: {
        const error = callbacks.unansweredError(lane, callout.name);
        this.abandon(lane, `${callout.name} was abandoned in a callback`);
        return error;
      }
      default:
        return this.faults.stopped(callout, lane, args, this.#map!);
    }
  }

  /** A string of C's that `what` names. */
  readString(address: ExactInteger, what: string): ResultValue {
    if (address === 0) return null;
    const bytes = this.memory.readText(address, what);
    return this.#options.strings === 'bytes' ? bytes : new TextDecoder().decode(bytes);
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
    if (lane.busy || this.callbacks.current !== undefined) return run();
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
    if (!this.#isForgotten) this.#forget();
    this.checkpoints.forget();
    const started = this.launcher.start(this.domain);
    this.#process = started.process;
    this.#map = new ProcessMap(this.#process.pid);
    this.generation = this.parts.nextGeneration(this.domainName);
    this.memory.known.forget();
    this.taint = untainted;
    this.#condemned = undefined;
    this.#lanesMade = 1;
    if (!this.lanes[0]!.adopt()) this.condemn('told a thread for lane 0 that is none of its own');
    this.openGate();
    this.#bell.arm();
    this.loader.adopt(started.preload);
    if (this.#starts++ > 0) this.launcher.wishForSpare();
  }

  protectGuards(): void {
    if (this.#process !== undefined) this.guardPages.update();
  }

  /** Ends the process, if it still runs, and forgets all that belonged to it, but for the addresses of functions that stay. */
  #bury(end = (process: ExecutorProcess) => process.kill(), stays?: (callout: NativeCallout) => boolean): void {
    if (this.#process === undefined) return;
    for (let i = 0; i < this.#lanesMade; i++) this.lanes[i]!.keepFault();
    end(this.#process);
    this.#isForgotten = false;
    this.#process = undefined;
    this.gate[0] = 0;
    this.epoch++;
    this.#forget(stays);
  }

  /**
   * Forgets what belonged to the process that is gone. Where the stack of this side is full this may be cut short: then the
   * next start does it again.
   */
  #forget(stays?: (callout: NativeCallout) => boolean): void {
    for (let i = 0; i < this.#lanesMade; i++) this.lanes[i]!.forget();
    this.#lanesMade = 0;
    this.callbacks.reset();
    this.foreignCallbacks.forget();
    for (const callout of this.#callouts) if (stays?.(callout) !== true) callout.unbind();
    this.loader.forget();
    this.guardPages.forget();
    this.foreign.forget();
    this.#isForgotten = true;
  }

  condemn(reason: string): void {
    this.#condemned = reason;
    this.#process?.kill();
  }

  #died(callout: StoppedCallout, args: readonly ArgumentValue[]): FFIFault {
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
