/**
 * The native executor (DESIGN 4): a process of our own on shared memory. This class owns what outlives a single process:
 * the shared memory, the lanes (lane-table.ts), the prepared callouts; it starts a fresh process whenever one is needed and
 * none lives. How callouts end is in callout-ends.ts, what comes unasked in executor-news.ts. `epoch` counts the deaths, so
 * that whatever belongs to a process that is gone can tell.
 */
import { availableParallelism } from 'node:os';
import { Address, type ExactInteger } from '../address.ts';
import type { Callback, CallbackFunction, CallbackOptions } from '../callbacks/callback.ts';
import type { CallbackRequest } from '../callbacks/callback-request.ts';
import { checkAddress } from '../check-input.ts';
import { closedError, notAvailableError } from '../errors.ts';
import { ProcessMap } from '../faults/process-map.ts';
import { domainBase, foreignLaneCount, header, laneCount } from '../protocol/layout.ts';
import type { Signature } from '../types/signature.ts';
import type { ResultValue } from '../values.ts';
import { ArgumentBuffers } from './argument-buffers.ts';
import { BatchArea } from './batch-area.ts';
import { checkDefault } from './callback-default.ts';
import { CalloutEnds } from './callout-ends.ts';
import { CalloutGuards } from './callout-guards.ts';
import { type Checkpoint, Checkpoints, headerWordsOf, type Standby } from './checkpoints.ts';
import { type Confinement, confinementOf } from './confinement.ts';
import { DomainMemory } from './domain-memory.ts';
import type { CalloutBatch, Executor, ExecutorOptions, PreparedCallout } from './executor.ts';
import { ExecutorLauncher } from './executor-launcher.ts';
import { ExecutorNews } from './executor-news.ts';
import { ExecutorProcess } from './executor-process.ts';
import { ForeignCallbacks } from './foreign-callbacks.ts';
import { ForeignFaults } from './foreign-faults.ts';
import { Graveyard } from './graveyard.ts';
import { GuardPages } from './guard-pages.ts';
import { Lane } from './lane.ts';
import { LaneTable } from './lane-table.ts';
import { linux } from './linux.ts';
import { MappedBuffers } from './mapped-buffers.ts';
import { NativeBatch } from './native-batch.ts';
import { NativeCallbacks } from './native-callbacks.ts';
import { NativeCallout, type Resolve } from './native-callout.ts';
import { NativeFaults } from './native-faults.ts';
import { NativeLoader } from './native-loader.ts';
import { NativeMemory } from './native-memory.ts';
import { hostTarget, type NativeTarget } from './native-target.ts';
import { PlainBatch } from './plain-batch.ts';
import { mainDomain, SessionParts } from './session-parts.ts';
import type { BufferOptions } from './shared-buffers.ts';
import { StandbyFork } from './standby-fork.ts';
import { type Taint, untainted } from './taint.ts';

/** About 30 µs of looking in JavaScript; the executor spins about as long after a call. */
const looksWhenSpinning = 20_000;
/** A standby that is awake takes over within about 100 µs, and to sleep over it takes this side as long again. */
const looksForTakeover = 5 * looksWhenSpinning;
/** The executor's threads beside its lanes. */
const keeperThreads = 1;

export class NativeExecutor implements Executor {
  readonly kind = 'native';
  readonly domain = new DomainMemory();
  readonly domainBase = domainBase;
  readonly lanes: LaneTable;
  readonly memory: NativeMemory;
  readonly loader: NativeLoader;
  readonly faults: NativeFaults;
  readonly foreign: ForeignFaults;
  readonly callbacks: NativeCallbacks;
  readonly foreignCallbacks: ForeignCallbacks;
  readonly news: ExecutorNews;
  readonly ends = new CalloutEnds(this);
  readonly deadlineMs: number | undefined;
  readonly pendAfterMs: number | undefined;
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
    const looks = spins ? looksWhenSpinning : 0;
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
      serveOthers: () => this.news.poll(),
    };
    const big = new MappedBuffers(this);
    const makeLane = (index: number) => new Lane(owner, index, new ArgumentBuffers(this.domain, index, big));
    this.foreignCallbacks = new ForeignCallbacks(this, makeLane, options.onCallbackRequest);
    this.lanes = new LaneTable(this, looks, makeLane, this.foreignCallbacks.lanes);
    this.news = new ExecutorNews(this.domain, this.foreignCallbacks, looks, options.onCallbackError);
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
        this.news.bell.writeEnd,
        this.graveyard,
        preload,
      );
      this.#start();
    } catch (error) {
      this.news.close();
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

  /** How often to look before sleeping. */
  get looks(): number {
    return this.lanes.gate[1]!;
  }

  /** The process runs, as far as is known. */
  get hasProcess(): boolean {
    return this.#process !== undefined;
  }

  get currentCallback(): Lane | undefined {
    return this.callbacks.current;
  }

  /** What the process has mapped. Contract: there was one. */
  get map(): ProcessMap {
    return this.#map!;
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
    return this.news.takeRequests();
  }

  poll(): boolean {
    return this.news.poll();
  }

  waitForNews(timeoutMs: number): void {
    this.news.waitFor(timeoutMs);
  }

  /** From now on the event loop is told of callbacks on threads that C made. */
  listen(): void {
    this.ensureStarted();
    this.news.bell.listen();
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
    this.bury((process) => process.killLater(this.graveyard));
    this.checkpoints.forget();
    this.ensureStarted();
  }

  /** Starts an executor ahead now, so that the next restart finds it. Throws CalloutError `not-available` with `spare: false`. */
  prepareSpare(): void {
    if (this.#options.spare === false)
      throw notAvailableError('a spare executor with the option spare: false', this.kind);
    this.launcher.spare.prepare();
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
    return this.lanes.areIdle ? undefined : 'a callout is under way or a fault stands';
  }

  makeStandby(): Standby | number {
    const pid = this.#standbyFork.make(this.lanes.made + keeperThreads);
    if (pid < 0) return pid;
    const { generation, taint } = this;
    const libraries = this.loader.snapshot();
    const headerWords = headerWordsOf(this.domain.i32);
    const allocationMark = this.memory.known.mark();
    return { pid, generation, lanesMade: this.lanes.made, libraries, taint, allocationMark, headerWords };
  }

  replaceBy(standby: Standby): void {
    const former = this.#process;
    const stays = (callout: NativeCallout) =>
      !this.loader.has(callout.library) || standby.libraries.has(callout.library);
    const { threads } = this.lanes;
    this.#tellStandby(-standby.pid);
    linux().futexWakeAll(this.domain.addressOfWord(header.takeover / 4));
    try {
      // While it dies: all that is to be forgotten.
      this.bury((process) => process.killBehind(), stays);
    } finally {
      if (former?.waitUntilLeft(threads) === true) this.graveyard.admit(former.pid);
      // Rollbacks one after the other would leave more and more to be taken apart, on the core that the next standby needs.
      this.graveyard.waitForAllBut(1);
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
    this.#adoptLanes(standby.lanesMade);
    this.news.bell.arm();
    this.guardPages.update();
  }

  #tellStandby(word: number): void {
    Atomics.store(this.domain.i32, header.takeover / 4, word);
  }

  close(): void {
    if (this.#closed) return;
    this.news.close();
    this.bury();
    this.news.asyncs.close(closedError('the session'));
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
    this.#adoptLanes(1);
    this.news.bell.arm();
    this.loader.adopt(started.preload);
    if (this.#starts++ > 0) this.launcher.wishForSpare();
  }

  #adoptLanes(count: number): void {
    const wrong = this.lanes.adopt(count);
    if (wrong !== undefined) this.condemn(wrong);
    this.lanes.openGate();
  }

  protectGuards(): void {
    if (this.#process !== undefined) this.guardPages.update();
  }

  /** Ends the process, if it still runs, and forgets all that belonged to it, but for the addresses of functions that stay. */
  bury(end = (process: ExecutorProcess) => process.kill(), stays?: (callout: NativeCallout) => boolean): void {
    if (this.#process === undefined) return;
    this.lanes.keepFaults();
    end(this.#process);
    this.#isForgotten = false;
    this.#process = undefined;
    this.lanes.closeGate();
    this.epoch++;
    this.#forget(stays);
  }

  /**
   * Forgets what belonged to the process that is gone. Where the stack of this side is full this may be cut short: then the
   * next start does it again.
   */
  #forget(stays?: (callout: NativeCallout) => boolean): void {
    this.lanes.forget();
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

  /** Ends the process, for the VM has lost it; answers how it ended. */
  endNow(): string {
    const executor = this.#process;
    executor?.kill();
    return this.#condemned === undefined ? (executor?.end ?? 'was ended') : `${this.#condemned} and was ended`;
  }

  /** Ends a thread that C made, which stands in the fault of a slot. False when it did not go. */
  endThread(slot: number): boolean {
    return this.foreign.end(slot, this.#process);
  }
}
