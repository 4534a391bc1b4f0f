/**
 * One lane of a native executor as this side sees it: post a request, wait, abandon, stop at a deadline. Every wait is
 * bounded and looks whether the process still lives; a state word that the protocol does not know ends the executor.
 * So whatever the C code does to the shared memory, a wait ends: with `done`, `fault`, `callback` or `dead`.
 *
 * While C waits in a callback, a callout nests on the same thread: it has a line of its own further down on the stack and
 * is a Lane too, with `outer` set. Its request is `nest` in the outer line. Lanes nest to any depth, one at a time each.
 *
 * No wake-up is lost although the request is stored without a fence: the executor sleeps a bounded first time after
 * saying so (native/executor/lanes.c), and so does this side, whose sleeps are all bounded.
 */
import {
  control,
  deadlineSignal,
  header,
  lane as laneLayout,
  laneOffset,
  line,
  record,
  state,
} from '../protocol/layout.ts';
import type { ArgumentBuffers } from './argument-buffers.ts';
import type { DomainMemory } from './domain-memory.ts';
import type { ExecutorProcess } from './executor-process.ts';
import { handOver } from './hand-over.ts';
import { linux } from './linux.ts';
import { Patience } from './patience.ts';

/** The answer of a wait when the executor has ended: no 32-bit word, so that no state can be mistaken for it. */
export const dead = 0x1_0000_0000;
/** The answer of a wait when a thread that C made stands in a fault: the callout still runs. */
export const foreign = 0x1_0000_0001;
/** Answers of a wait that serves callbacks, while one still waits: its function threw; it is refused, which is a fault. */
export const thrown = 0x1_0000_0002;
export const refused = 0x1_0000_0003;
/** The callback has no function; whoever started the callout is to answer it. */
export const unanswered = 0x1_0000_0004;

const longestSleepMs = 20;
/** Callouts that were over within this time after we went to sleep should have been over before. */
const shortSleepMs = 0.1;
const shortSleepsToMove = 4;
const abandonLimitMs = 1000;
const deadlineLimitMs = 100;
const looksAtWalk = 20_000;
const walkLimitMs = 100;
const walkSleepMs = 0.05;
/** How often a long wait looks whether the lane's thread is still there. */
const threadLookMs = 100;
/** A thread that waits in a callback takes up a nested callout within this time. */
const nestLimitMs = 2000;

/** How a lane asks its executor, which may be replaced over the lane's life. */
export interface LaneOwner {
  readonly memory: DomainMemory;
  /** Words must be stored with release (Abi). */
  readonly weaklyOrdered: boolean;
  readonly process: ExecutorProcess | undefined;
  /** Counts the deaths of processes. */
  readonly epoch: number;
  /** A thread that C made stands in a fault that nobody was told of. */
  foreignPending(): boolean;
  /** Both sides look before they sleep; where they do not, sleeps have no short limit, and a word must be visible before the look. */
  readonly spins: boolean;
  /** Ends the executor because of what it did; `reason` goes into the report. */
  condemn(reason: string): void;
  /** Does what waits to be done on this side while a lane is waited for; true when there was something. */
  serveOthers(): boolean;
}

/** A fault whose thread stands in the handler. */
export interface StandingFault {
  keep(): void;
}

export class Lane {
  readonly index: number;
  /** Index of the line's first 32-bit word. A nested lane's moves with the callback that it nests in. */
  word: number;
  readonly buffers: ArgumentBuffers;
  /** The lane whose callback this one nests in. */
  readonly outer: Lane | undefined;
  /** A callout is under way or a fault stands. */
  busy = false;
  /** The end of the callout under way, and its callbacks, ring the bell: nobody waits for it. */
  rings = false;
  /** C has left the callback whose function runs just now, by a jump: it waits for no answer. */
  left = false;
  /** The function of the callback that C waits in runs just now. */
  serving = false;
  /** Counts the callouts that this lane has seen the end of: what held one of them can tell that it is over. */
  serial = 0;
  threadId = 0;
  /** Index of the nested line's first word while C waits in a callback. */
  nestedWord = 0;
  /** The longest that the callout under way may take, for the report. */
  deadlineMs: number | undefined;
  /** The signal that had stopped the whole process when the callout under way was interrupted, for the report. */
  stoppedBy: string | undefined;
  /** The callout under way was stopped because somebody asked, for the report. */
  isInterrupted = false;
  readonly #owner: LaneOwner;
  readonly #controlWord: number;
  #inner: Lane | undefined;
  #shortSleeps = 0;
  #standing: StandingFault | undefined;
  /** It was sent back to park and is not given up yet: where this side's stack was full meanwhile, that is done again. */
  leaves = false;

  constructor(owner: LaneOwner, index: number, buffers: ArgumentBuffers, outer?: Lane) {
    this.#owner = owner;
    this.index = index;
    this.buffers = buffers;
    this.outer = outer;
    this.word = outer === undefined ? owner.memory.lineWord(index) : outer.nestedWord;
    this.#controlWord = (laneOffset(index) + laneLayout.control) / 4;
  }

  /** The lane of callouts that nest in the callback that C waits in here. */
  get inner(): Lane {
    this.#inner ??= new Lane(this.#owner, this.index, this.buffers, this);
    if (!this.#inner.busy) {
      this.#inner.word = this.nestedWord;
      this.#inner.threadId = this.threadId;
    }
    return this.#inner;
  }

  /** A callout nests in this lane's callback, and is not over. */
  get hasInner(): boolean {
    return this.#inner?.busy === true;
  }

  /** The process is gone, and all that went on with it. */
  forget(): void {
    this.#standing = undefined;
    if (this.busy) this.serial++;
    this.busy = this.rings = this.serving = this.left = this.leaves = false;
    this.buffers.forget();
    this.#inner?.forget();
  }

  /** Hands the written frame over. */
  post(): void {
    const { i32 } = this.#owner.memory;
    if (this.rings) i32[this.word + line.vmSleeps / 4] = 1;
    if (this.outer === undefined) this.#tell(state.request);
    else {
      i32[this.word] = state.request;
      this.outer.#tell(state.nest);
    }
    const { word } = this.outer ?? this;
    if (Atomics.load(i32, word + line.executorSleeps / 4) !== 0) (this.outer ?? this).wake();
  }

  /** Takes note that C has left the callout, and the callback that it nests in: the jump goes on. */
  acknowledgeLeft(): void {
    if (this.outer !== undefined) this.outer.left = true;
    this.#tell(state.abandon);
    this.wake();
  }

  /** Lets C go on from the callback that it waits in; the result was written. */
  answer(): void {
    const { i32 } = this.#owner.memory;
    this.#tell(state.request);
    if (Atomics.load(i32, this.word + line.executorSleeps / 4) !== 0) this.wake();
  }

  #tell(word: number): void {
    const { memory, weaklyOrdered, spins } = this.#owner;
    if (weaklyOrdered || !spins) Atomics.store(memory.i32, this.word, word);
    else memory.i32[this.word] = word;
  }

  /**
   * For a frame that was handed over where nobody spins: wakes the thread if it sleeps, sleeps until the callout is over or
   * `limitMs` have gone, and answers the state, which may be any word.
   */
  handOver(limitMs: number): number {
    const { memory } = this.#owner;
    const call = handOver();
    if (call !== undefined) return call(memory.base, 4 * this.word, 1000 * Math.min(limitMs, longestSleepMs));
    // A locked instruction that changes nothing: the request is visible before the look.
    Atomics.add(memory.i32, this.word, 0);
    if (Atomics.load(memory.i32, this.word + line.executorSleeps / 4) !== 0) this.wake();
    return Atomics.load(memory.i32, this.word);
  }

  wake(): void {
    linux().futexWake(this.#stateAddress);
  }

  get #stateAddress(): bigint {
    return this.#owner.memory.addressOfWord(this.word);
  }

  /** The state as it is now; `dead` where the executor has ended or told nonsense. */
  look(): number {
    const seen = Atomics.load(this.#owner.memory.i32, this.word);
    const isKnown = seen === state.request || seen === state.done || seen === state.fault || seen === state.callback;
    const isLeft = seen === state.left && this.outer !== undefined;
    // A callout that the function makes is on its way down: the one that waits for the function goes on.
    if (seen === state.nest && this.serving) return state.request;
    if (this.leaves && (seen === state.abandon || seen === state.parked)) return state.callback;
    return isKnown || isLeft ? seen : this.#nonsense(seen);
  }

  /** Looks `looks` times, then sleeps until the callout is over or `timeoutMs` have gone; answers the state. */
  wait(looks: number, timeoutMs: number): number {
    const { i32 } = this.#owner.memory;
    for (let n = looks; n > 0; n--) if (Atomics.load(i32, this.word) !== state.request) return this.look();
    const start = performance.now();
    const limit = start + timeoutMs;
    const sleeps = this.word + line.vmSleeps / 4;
    const { epoch } = this.#owner;
    const bell = header.bell / 4;
    const bellAddress = this.#owner.memory.addressOfWord(bell);
    let sleepMs = 1;
    let nextThreadLook = start + threadLookMs;
    let seen = this.look();
    while (seen === state.request) {
      const executor = this.#owner.process;
      if (executor?.alive() !== true) return this.#lastLook();
      if (this.#owner.foreignPending()) return foreign;
      if (!this.#isTakenUp(start)) return this.#fail('did not take up a callout that nests in a callback');
      const stop = executor.takeStop();
      if (stop !== undefined) this.#goOn(executor, stop);
      if (performance.now() >= nextThreadLook) {
        nextThreadLook += threadLookMs;
        if (executor.hasLost(this.threadId)) return this.#fail('lost the thread of the callout');
        if (!executor.isItself()) return this.#fail('became another program');
      }
      const leftMs = limit - performance.now();
      if (leftMs <= 0) break;
      const rung = Atomics.load(i32, bell);
      Atomics.store(i32, sleeps, 1);
      if (Atomics.load(i32, this.word) === state.request && !this.#owner.serveOthers())
        linux().futexWait(bellAddress, rung, Math.min(sleepMs, leftMs));
      if (this.#owner.epoch !== epoch) return dead;
      i32[sleeps] = this.rings ? 1 : 0;
      seen = this.look();
      // A thread that C code made to look awake sleeps on: it is called whatever its flag says.
      if (seen === state.request) this.wake();
      sleepMs = Math.min(2 * sleepMs, longestSleepMs);
    }
    if (looks > 0 && seen !== state.request) this.#watchCores(performance.now() - start);
    return seen;
  }

  /** A nested callout's thread waits in a callback, unless its state there was forged. */
  #isTakenUp(start: number): boolean {
    const { outer } = this;
    if (outer === undefined || performance.now() - start < nestLimitMs) return true;
    return Atomics.load(this.#owner.memory.i32, outer.word) !== state.nest;
  }

  /** Short callouts that outlast the spin again and again run on our own core: their thread is moved. */
  #watchCores(sleptMs: number): void {
    if (sleptMs > shortSleepMs) {
      this.#shortSleeps = 0;
    } else if (++this.#shortSleeps >= shortSleepsToMove) {
      this.#shortSleeps = 0;
      linux().moveElsewhere(this.threadId);
    }
  }

  /**
   * The process was stopped as by SIGSTOP, and nobody would ever continue it. It is continued with the deadline signal
   * waiting: C code that was stopped becomes a fault where it is; a thread that was still parked only counts the signal and
   * takes the request.
   */
  #goOn(executor: ExecutorProcess, signal: string): void {
    const { i32 } = this.#owner.memory;
    const acks = this.#controlWord + control.deadlineAcks / 4;
    const before = Atomics.load(i32, acks);
    const patience = new Patience(executor, this.threadId, deadlineLimitMs);
    linux().killThread(executor.pid, this.threadId, deadlineSignal);
    executor.continue();
    while (Atomics.load(i32, acks) === before && executor.alive() && !patience.isOver)
      linux().futexWait(this.#stateAddress, state.request, 1);
    if (Atomics.load(i32, this.word) !== state.request) this.stoppedBy = signal;
    if (Atomics.load(i32, acks) === before && executor.alive())
      this.#fail(`was stopped by ${signal} and could not go on`);
  }

  /** Stops the callout that runs: it becomes a fault of kind deadline, unless it returned just before. */
  interrupt(): number {
    const { i32 } = this.#owner.memory;
    const acks = this.#controlWord + control.deadlineAcks / 4;
    let patience: Patience | undefined;
    for (;;) {
      const before = Atomics.load(i32, acks);
      const executor = this.#owner.process;
      if (executor?.alive() !== true) return dead;
      patience ??= new Patience(executor, this.threadId, deadlineLimitMs);
      linux().killThread(executor.pid, this.threadId, deadlineSignal);
      while (Atomics.load(i32, acks) === before) {
        if (!executor.alive()) return dead;
        if (executor.takeStop() !== undefined) executor.continue();
        if (patience.isOver && Atomics.load(i32, acks) === before) return this.#fail('did not stop at its deadline');
        linux().futexWait(this.#stateAddress, state.request, 1);
      }
      const isOver = patience.isOver;
      const seen = this.wait(0, 1);
      if (seen !== state.request) return seen;
      if (isOver) return this.#fail('did not stop at its deadline');
    }
  }

  /** Sends a thread that stands in a fault back to park. False when the executor has ended over it. */
  abandon(): boolean {
    const { i32 } = this.#owner.memory;
    this.keepFault();
    if (!this.leaves || Atomics.load(i32, this.word) !== state.parked) {
      this.leaves = true;
      Atomics.store(i32, this.word, state.abandon);
      this.#wakeSleeper();
    }
    const sleeps = this.word + line.vmSleeps / 4;
    let patience: Patience | undefined;
    let isLate = false;
    for (let looks = 0; ; looks++) {
      const seen = Atomics.load(i32, this.word);
      if (seen === state.parked) return true;
      if (seen !== state.abandon) {
        this.#nonsense(seen);
        return false;
      }
      if (looks < 2000) continue;
      const executor = this.#owner.process;
      if (executor?.alive() !== true) return false;
      const hasLost = executor.hasLost(this.threadId);
      if (isLate || hasLost) {
        this.#fail(hasLost ? 'lost the thread of the callout' : 'did not leave the fault handler');
        return false;
      }
      patience ??= new Patience(executor, this.threadId, abandonLimitMs);
      isLate = patience.isOver; // and then one more look
      this.wake();
      Atomics.store(i32, sleeps, 1);
      linux().futexWait(this.#stateAddress, state.abandon, 1);
      i32[sleeps] = this.rings ? 1 : 0;
    }
  }

  /** A fault stands on this lane: `keep` copies what it may still be asked for; called before its thread goes on. */
  stands(fault: StandingFault): void {
    this.#standing = fault;
  }

  /** Before the thread of a standing fault, or its process, goes. */
  keepFault(): void {
    this.#inner?.keepFault();
    this.#standing?.keep();
    this.#standing = undefined;
  }

  /** Waits until the thread that stands in a fault has walked its stack: that takes microseconds, unless it cannot. */
  awaitWalk(): void {
    const { memory, spins } = this.#owner;
    const word = (laneOffset(this.index) + laneLayout.record + record.walked) / 4;
    for (let looks = spins ? looksAtWalk : 0; looks > 0; looks--) if (Atomics.load(memory.i32, word) !== 0) return;
    const { process } = this.#owner;
    if (process === undefined) return;
    const patience = new Patience(process, this.threadId, walkLimitMs);
    while (Atomics.load(memory.i32, word) === 0 && !patience.isOver && process.alive())
      linux().futexWait(memory.addressOfWord(word), 0, walkSleepMs);
  }

  /** The state was stored with a fence, and the sleeper tells of itself before it looks: no wake-up is lost. */
  #wakeSleeper(): void {
    if (Atomics.load(this.#owner.memory.i32, this.word + line.executorSleeps / 4) !== 0) this.wake();
  }

  /** Lets a thread that stands in a fault go on with its callout; `registers` holds new values by their position. */
  proceed(registers: ReadonlyMap<number, bigint>): void {
    const { i32 } = this.#owner.memory;
    this.keepFault();
    const start = (laneOffset(this.index) + laneLayout.record) / 4;
    for (const [position, value] of registers) {
      const word = start + record.registers / 4 + 2 * position;
      i32[word] = Number(BigInt.asIntN(32, value));
      i32[word + 1] = Number(BigInt.asIntN(32, value >> 32n));
    }
    i32[start + record.load / 4] = registers.size > 0 ? 1 : 0;
    Atomics.store(i32, this.word, state.request);
    this.#wakeSleeper();
  }

  /** Reads the thread that the executor made for this lane; false where it is none of its threads. */
  adopt(): boolean {
    const executor = this.#owner.process;
    const threadId = Atomics.load(this.#owner.memory.i32, this.#controlWord + control.threadId / 4);
    this.threadId = threadId;
    if (executor === undefined || threadId <= 0) return false;
    return threadId === executor.pid || linux().killThread(executor.pid, threadId, 0) === 0;
  }

  /** The process has ended; what it finished before counts. */
  #lastLook(): number {
    const seen = this.look();
    return seen === state.done ? seen : dead;
  }

  #nonsense(seen: number): number {
    return this.#fail(`wrote ${seen} where a callout's state belongs`);
  }

  #fail(reason: string): number {
    this.#owner.condemn(reason);
    return dead;
  }
}
