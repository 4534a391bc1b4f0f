/**
 * Decides what is collected, and does it: scavenges new space, or all of the heap.
 *
 * Contract: called at a safepoint only, when every oop that lives outside the heap is visited by a root holder and every
 * context's stackp slot is up to date. Objects may move; identity hashes and contents stay.
 *
 * A full collection first tenures all of new space, then marks what is alive (`marker.ts`) and slides it together
 * (`compactor.ts`); new space is empty afterwards. It is due when enough has come to old space since the last one, when a
 * size did not fit, and when somebody asks.
 */
import { Compactor } from './compactor.ts';
import { GcStatistics } from './gc-statistics.ts';
import { LiveMap } from './live-map.ts';
import { Marker } from './marker.ts';
import type { ObjectMemory } from './object-memory.ts';
import type { Oop } from './oop.ts';
import { Scavenger } from './scavenger.ts';

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
    if (memory.isRoomWanted || memory.freeStart > memory.collectionThreshold) {
      this.collect();
      return;
    }
    this.scavenge();
    if (memory.freeStart > memory.collectionThreshold) this.collect();
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

  /** Collects the whole heap and sets the memory's next threshold; new space is empty afterwards. Answers what it did. */
  collect(): CollectionStatistics {
    const { memory, map, marker } = this;
    const startMs = this.clockMs();
    const bytesBefore = memory.oldBytes + memory.youngBytes;
    this.scavenger.scavenge({ flush: true });
    memory.refreshYoungClasses();
    map.reset(memory.freeStart);
    marker.markFromRoots();
    marker.clearWeakSlots();
    const { newEnd, objects } = this.compactor.compact(marker.pinned);
    memory.isRoomWanted = false;
    memory.noteCollected(newEnd);
    const milliseconds = this.clockMs() - startMs;
    this.statistics.noteFull(milliseconds, bytesBefore, memory.oldBytes, this.scavenger.tenured);
    return { bytesBefore, bytesAfter: memory.oldBytes, objects, microseconds: Math.round(milliseconds * 1000) };
  }
}
