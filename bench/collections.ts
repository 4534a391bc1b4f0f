/**
 * How long collections stop a program: scavenges of a full eden, and full collections of a heap of 100 MB.
 *
 * The heap is the kernel image's, its objects are arrays of 2 to 6 slots and strings. `node dist/bench/collections.js` prints
 * the figures; `measureCollections` gives them to `safeffi bench vm`.
 */
import { fileURLToPath } from 'node:url';
import { readImageFile } from '../image/format/image-file.ts';
import { readImage } from '../image/format/read-image.ts';
import { Collector } from '../vm/memory/collector.ts';
import type { ObjectMemory } from '../vm/memory/object-memory.ts';
import type { Oop } from '../vm/memory/oop.ts';

const KERNEL_IMAGE = fileURLToPath(new URL('../kernel.image', import.meta.url));
const MEGABYTE = 1 << 20;

export interface PauseMeasurement {
  /** Milliseconds by the clock, which a busy machine makes more of. */
  readonly median: number;
  readonly longest: number;
  /** Milliseconds of CPU time of this process, V8's helper threads included. */
  readonly cpuMedian: number;
  readonly runs: number;
  /** Mean bytes that were copied, or that lived. */
  readonly liveBytes: number;
}

export interface CollectionMeasurements {
  /** Eden of 4 MB, a tenth of it alive. */
  readonly scavenge: PauseMeasurement;
  /** 100 MB in old space, half of the objects alive. */
  readonly full: PauseMeasurement;
}

function openHeap(maxBytes: number): { memory: ObjectMemory; collector: Collector; roots: Oop[] } {
  const { memory } = readImage(readImageFile(KERNEL_IMAGE), { maxBytes, edenBytes: 4 * MEGABYTE });
  const roots: Oop[] = [];
  memory.addRootHolder({
    visitRoots: (visit) => {
      for (let i = 0; i < roots.length; i++) roots[i] = visit(roots[i]!);
    },
  });
  return { memory, collector: new Collector(memory), roots };
}

/** One object in seven is a string, the others arrays that refer to `next`. */
function makeObject(memory: ObjectMemory, i: number, next: Oop): Oop {
  if (i % 7 === 6) return memory.newByteString('some text');
  const array = memory.newArray(2 + (i % 5));
  memory.storePointer(array, 0, next);
  return array;
}

interface Times {
  readonly clock: number[];
  readonly cpu: number[];
}

function timed(times: Times, action: () => void): void {
  const start = performance.now();
  const cpuStart = process.cpuUsage();
  action();
  const cpu = process.cpuUsage(cpuStart);
  times.clock.push(performance.now() - start);
  times.cpu.push((cpu.user + cpu.system) / 1000);
}

function summary({ clock, cpu }: Times, liveBytes: number): PauseMeasurement {
  const times = clock.sort((a, b) => a - b);
  cpu.sort((a, b) => a - b);
  const round = (value: number): number => Math.round(100 * value) / 100;
  return {
    median: round(times[times.length >> 1]!),
    longest: round(times[times.length - 1]!),
    cpuMedian: round(cpu[cpu.length >> 1]!),
    runs: times.length,
    liveBytes: Math.round(liveBytes / times.length),
  };
}

function measureScavenges(runs: number): PauseMeasurement {
  const { memory, collector, roots } = openHeap(256 * MEGABYTE);
  memory.openNewSpace();
  const times: Times = { clock: [], cpu: [] };
  const warmUp: Times = { clock: [], cpu: [] };
  let liveBytes = 0;
  for (let run = -20; run < runs; run++) {
    // What the last scavenge copied is let go: each one copies a tenth of eden.
    roots[0] = memory.newArray(40_000);
    let count = 0;
    for (let i = 0; !memory.collectionWanted; i++) {
      const object = makeObject(memory, i, memory.nil);
      if (i % 13 === 0 && count < 40_000) memory.storePointer(roots[0]!, count++, object);
    }
    timed(run < 0 ? warmUp : times, () => collector.scavenge());
    if (run >= 0) liveBytes += collector.statistics.lastSurvivingBytes;
  }
  return summary(times, liveBytes);
}

function measureFull(runs: number): PauseMeasurement {
  const times: Times = { clock: [], cpu: [] };
  let liveBytes = 0;
  for (let run = 0; run < runs; run++) {
    const { memory, collector, roots } = openHeap(256 * MEGABYTE);
    memory.growFor(128 * MEGABYTE);
    const holders: Oop[] = [memory.nil, memory.nil];
    const end = memory.freeStart + 100 * MEGABYTE;
    for (let i = 0; memory.freeStart < end; i++) {
      const side = (Math.imul(i, 0x9e3779b1) >>> 16) & 1;
      const object = makeObject(memory, i, holders[side]!);
      if (memory.isPointers(object)) holders[side] = object;
    }
    roots.push(holders[0]!);
    timed(times, () => void collector.collect());
    liveBytes += memory.oldBytes;
  }
  return summary(times, liveBytes);
}

export function measureCollections(scavenges = 200, fulls = 5): CollectionMeasurements {
  return { scavenge: measureScavenges(scavenges), full: measureFull(fulls) };
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(`${JSON.stringify(measureCollections(), null, 1)}\n`);
