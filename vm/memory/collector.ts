/**
 * Decides what is collected, and does it: scavenges new space, or all of the heap.
 *
 * Contract: called at a safepoint only, when every oop that lives outside the heap is visited by a root holder and every
 * context's stackp slot is up to date. Objects may move; identity hashes and contents stay.
 *
 * A full collection first tenures all of new space, then marks what is alive (`marker.ts`) and slides it together
 * (`compactor.ts`); new space is empty afterwards. It is due when enough has come to old space since the last one, when a
 * size did not fit, and when somebody asks. In a heap so full that old space could not take what is young, new space is left
 * as it is: whatever lies there counts as alive, and old space is collected around it.
 */
import { Compactor } from './compactor.ts';
import { GcStatistics, type Tenured } from './gc-statistics.ts';
import { LiveMap } from './live-map.ts';
import { Marker } from './marker.ts';
import type { ObjectMemory } from './object-memory.ts';
import { refersToYoung } from './object-parts.ts';
import { forEachOldObject } from './object-walk.ts';
import type { Oop } from './oop.ts';
import { Scavenger } from './scavenger.ts';

const NONE: Tenured = { objects: 0, bytes: 0 };

export interface CollectionStatistics {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Objects that survived. */
  readonly objects: number;
  readonly microseconds: number;
}

export class Collector {
  private readonly memory: ObjectMemory;
  private readonly clockMs: () => number;
  private readonly map = new LiveMap();
  private readonly marker: Marker;
  private readonly compactor: Compactor;
  private readonly scavenger: Scavenger;
  readonly statistics = new GcStatistics();

  /** `clockMs` is a monotonic clock in milliseconds, for the statistics. */
  constructor(memory: ObjectMemory, clockMs: () => number = () => performance.now()) {
    this.memory = memory;
    this.clockMs = clockMs;
    this.marker = new Marker(memory, this.map);
    this.compactor = new Compactor(memory, this.map);
    this.scavenger = new Scavenger(memory);
  }

  /** What an allocation asked for by `collectionWanted`: a scavenge, and a full collection where that is due. */
  collectWanted(): void {
    const { memory } = this;
    const isFullDue = (): boolean => memory.freeStart > memory.collectionThreshold;
    if (memory.wantedBytes === 0 && !isFullDue() && this.canTenureAll()) this.scavenge();
    if (memory.wantedBytes > 0 || isFullDue() || !this.canTenureAll()) this.collect();
  }

  /** True when old space has room for all that is young: without that a scavenge might not come to its end. */
  private canTenureAll(): boolean {
    const { memory } = this;
    return memory.freeStart + memory.youngBytes <= memory.buffer.byteLength;
  }

  /** Collects new space. `tenure` is an object to be moved to old space, if it is young. */
  scavenge(tenure?: Oop): void {
    const { memory, scavenger } = this;
    const startMs = this.clockMs();
    const youngBytes = memory.youngBytes;
    const survivingBytes = scavenger.scavenge(tenure === undefined ? {} : { tenure });
    memory.collectionWanted = false;
    memory.noteObjectsMoved('young');
    this.statistics.noteScavenge(this.clockMs() - startMs, youngBytes, survivingBytes, scavenger.tenured);
  }

  /** Collects the whole heap and sets the memory's next threshold. Answers what it did. */
  collect(): CollectionStatistics {
    const { memory, map, marker } = this;
    const startMs = this.clockMs();
    const bytesBefore = memory.oldBytes + memory.youngBytes;
    const leavesYoung = !this.canTenureAll();
    if (!leavesYoung) {
      this.scavenger.scavenge({ flush: true });
      memory.refreshYoungClasses();
    }
    map.reset(memory.freeStart);
    marker.markFromRoots(leavesYoung);
    marker.clearWeakSlots();
    const { newEnd, objects } = this.compactor.compact(marker.pinned);
    if (leavesYoung) this.rememberAnew(newEnd);
    const { wantedBytes } = memory;
    memory.wantedBytes = 0;
    memory.noteCollected(newEnd);
    if (newEnd + wantedBytes <= memory.heapLimit) memory.growFor(wantedBytes);
    // What was freed may have made room for what is young.
    if (leavesYoung && this.canTenureAll()) return this.collect();
    const milliseconds = this.clockMs() - startMs;
    this.statistics.noteFull(milliseconds, bytesBefore, memory.oldBytes, leavesYoung ? NONE : this.scavenger.tenured);
    return { bytesBefore, bytesAfter: memory.oldBytes, objects, microseconds: Math.round(milliseconds * 1000) };
  }

  /** Finds the old objects that refer to young ones by a walk: only in a heap that is all but full. */
  private rememberAnew(newEnd: number): void {
    const { memory } = this;
    memory.freeStart = newEnd;
    forEachOldObject(memory, (oop) => {
      if (refersToYoung(memory, oop)) memory.remember(oop);
    });
  }
}
