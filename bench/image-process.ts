/**
 * One measurement of an image in a process of its own, because what runs for the first time in a process is slower:
 *
 *     node --expose-gc dist/bench/image-process.js WHAT FILE [FOLDER-OF-SQUEAKJS]
 *
 * WHAT is `first` (load, write: milliseconds of each, once), `again` (the same, medians after a warm-up), `memory` (bytes that are resident,
 * bytes of the JavaScript heap, after a collection of Node's) or `bare` (the same of a process that loads nothing). Prints a JSON array of
 * numbers. Modules are loaded before the clock starts; loading begins with reading the file; a collection comes before writing,
 * outside of the clock. Written is the format that was read; Spur 32-bit for V3.
 */
import { readFileSync } from 'node:fs';

export interface LoadedOnce {
  /** What a snapshot does before it writes. */
  collect(): void;
  /** Answers the bytes written. */
  write(): number;
}

const WARM_UP_RUNS = 12;
const RUNS = 15;

async function ourLoader(file: string): Promise<() => LoadedOnce> {
  const { readImage } = await import('../image/format/read-image.ts');
  const { writeImage } = await import('../image/format/write-image.ts');
  const { Collector } = await import('../vm/memory/collector.ts');
  return () => {
    const { memory, settings, format } = readImage(readFileSync(file));
    const target = format.format === 'spur64' ? 'spur64' : 'spur32';
    return {
      collect: () => {
        new Collector(memory).collect();
      },
      write: () => writeImage(memory, target, settings).length,
    };
  };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

function once(load: () => LoadedOnce): [loadMs: number, writeMs: number] {
  const start = performance.now();
  const image = load();
  const loaded = performance.now();
  image.collect();
  const before = performance.now();
  if (image.write() === 0) throw new Error('an empty image was written');
  return [loaded - start, performance.now() - before];
}

/** Resident bytes and those of the JavaScript heap, once nothing more is to be freed. */
function memoryInUse(): number[] {
  for (let i = 0; i < 4; i++) globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return [rss, heapUsed];
}

async function main([what, file = '', squeakjs]: readonly string[]): Promise<readonly number[]> {
  if (what === 'bare') return memoryInUse();
  const load =
    squeakjs === undefined ? await ourLoader(file) : (await import('./squeakjs.ts')).squeakJsLoader(squeakjs, file);
  if (what === 'first') return once(load);
  if (what === 'memory') {
    const image = load();
    const used = memoryInUse();
    // The image is in use until here.
    if (typeof image.write !== 'function') throw new Error('the image is gone');
    return used;
  }
  for (let run = 0; run < WARM_UP_RUNS; run++) once(load);
  const runs = Array.from({ length: RUNS }, () => once(load));
  return [median(runs.map(([loadMs]) => loadMs)), median(runs.map(([, writeMs]) => writeMs))];
}

const numbers = await main(process.argv.slice(2));
process.stdout.write(`${JSON.stringify(numbers)}\n`);
