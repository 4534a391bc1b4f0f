/**
 * The lanes of a native executor: which are there, which are taken, and the gate of the hot path. A callout takes the lane
 * that nests in the callback that it is made in, else a free one, else one more is made by the executor's keeper; it holds
 * the lane until it is over and whatever it left standing was resolved.
 *
 * Invariant: `gate[0]` is 1 exactly while lane 0 is free, the process lives and no callback runs, in which callouts nest.
 */
import { noLaneError, openCallbackError } from '../errors.ts';
import { header, headerBytes, laneCount, laneStride, line } from '../protocol/layout.ts';
import type { DomainMemory } from './domain-memory.ts';
import type { Lane } from './lane.ts';
import { linux } from './linux.ts';

const laneLimitMs = 1000;

/** What lanes depend on. */
export interface LaneHome {
  readonly domain: DomainMemory;
  /** The process runs, as far as is known. */
  readonly hasProcess: boolean;
  /** The same, asked of the system. */
  readonly isAlive: boolean;
  /** The lane in whose callback a function of this side runs. */
  readonly currentCallback: Lane | undefined;
}

export class LaneTable {
  /** [0]: see above; [1]: looks before sleeping. Read by compiled marshallers. */
  readonly gate = new Int32Array(2);
  /** Lane 0, the main thread's: that of the hot path. */
  readonly first: Lane;
  readonly #home: LaneHome;
  readonly #lanes: readonly Lane[];
  readonly #foreign: readonly Lane[];
  #made = 0;

  /** `foreign`: those behind the lanes of callouts, which the executor gives to threads that C made. */
  constructor(home: LaneHome, looks: number, makeLane: (index: number) => Lane, foreign: readonly Lane[]) {
    this.#home = home;
    this.gate[1] = looks;
    this.#lanes = Array.from({ length: laneCount }, (_, index) => makeLane(index));
    this.first = this.#lanes[0]!;
    this.#foreign = foreign;
  }

  /** How many threads of the executor are lanes. */
  get made(): number {
    return this.#made;
  }

  /** No callout is under way and no fault stands. */
  get areIdle(): boolean {
    return !this.#lanes.some((lane) => lane.busy);
  }

  /** The ids of their threads. */
  get threads(): number[] {
    return this.#lanes.slice(0, this.#made).map((lane) => lane.threadId);
  }

  /** The one whose frame line begins at a word. */
  at(lineWord: number): Lane {
    const index = Math.floor((lineWord * 4 - headerBytes) / laneStride);
    return this.#lanes[index] ?? this.#foreign[index - laneCount]!;
  }

  /**
   * The lane that nests in the callback at hand or in a given one, else a free one; taken, made where all are busy. Throws
   * CalloutError `no-lane`, `callback-open`.
   */
  take(callout: string, within: Lane | undefined, nests: boolean, first = 0): Lane {
    if (within?.hasInner === true) throw openCallbackError(callout, 'another callout within it is not over');
    const outer = within ?? (nests ? this.#home.currentCallback : undefined);
    if (outer?.left === true) throw openCallbackError(callout, 'C has left the callback that it is to nest in');
    if (outer !== undefined && !outer.hasInner) {
      this.occupy(outer.inner);
      outer.buffers.enter();
      return outer.inner;
    }
    for (let i = first; i < this.#made; i++) {
      const lane = this.#lanes[i]!;
      if (!lane.busy) {
        this.occupy(lane);
        return lane;
      }
    }
    const lane = this.#make(callout);
    this.occupy(lane);
    return lane;
  }

  occupy(lane: Lane): void {
    lane.busy = true;
    if (lane.index === 0) this.gate[0] = 0;
  }

  release(lane: Lane): void {
    lane.busy = lane.leaves = false;
    lane.serial++;
    if (lane.rings) {
      lane.rings = false;
      this.#home.domain.i32[lane.word + line.vmSleeps / 4] = 0;
    }
    if (lane.outer !== undefined) lane.buffers.leave();
    if (lane.index === 0) this.openGate();
  }

  /** Sets the gate to what holds now. */
  openGate(): void {
    const open = this.#home.hasProcess && !this.first.busy && this.#home.currentCallback === undefined;
    this.gate[0] = open ? 1 : 0;
  }

  closeGate(): void {
    this.gate[0] = 0;
  }

  /** Runs callouts while lane 0 is kept as it is. */
  keepingFirst<T>(run: () => T): T {
    if (this.first.busy || this.#home.currentCallback !== undefined) return run();
    this.occupy(this.first);
    try {
      return run();
    } finally {
      this.release(this.first);
    }
  }

  /** A process has so many. Answers what it told that cannot be, if it did. */
  adopt(count: number): string | undefined {
    this.#made = count;
    let wrong: string | undefined;
    for (let i = 0; i < count; i++)
      if (!this.#lanes[i]!.adopt()) wrong ??= `told a thread for lane ${i} that is none of its own`;
    return wrong;
  }

  /** What stands on them is copied, to be read when the process is gone. */
  keepFaults(): void {
    for (let i = 0; i < this.#made; i++) this.#lanes[i]!.keepFault();
  }

  /** The process is gone. */
  forget(): void {
    for (let i = 0; i < this.#made; i++) this.#lanes[i]!.forget();
    this.#made = 0;
  }

  #make(callout: string): Lane {
    const { domain } = this.#home;
    const { i32 } = domain;
    const made = this.#made;
    if (made >= laneCount) throw noLaneError(callout, laneCount);
    const wanted = header.lanesWanted / 4;
    i32[wanted] = made + 1;
    linux().futexWake(domain.addressOfWord(wanted));
    const limit = performance.now() + laneLimitMs;
    const word = header.lanesMade / 4;
    while (Atomics.load(i32, word) === made && performance.now() < limit && this.#home.isAlive) {
      linux().futexWait(domain.addressOfWord(word), made, 10);
    }
    const lane = this.#lanes[made]!;
    if (Atomics.load(i32, word) !== made + 1 || !lane.adopt()) throw noLaneError(callout, made);
    this.#made = made + 1;
    return lane;
  }
}
