/**
 * What loading and writing images costs, the memory that a loaded one takes, and how fast an image of another VM runs from a cold start.
 * `measureImages` answers the object that `safeffi bench image --json` prints.
 *
 * Each figure for the first time is the median over processes of their own (image-process.ts); `again` is the median within one
 * process. Images: the kernel image as Spur 32-bit and as Spur 64-bit (2.6 MB), a V3 image of 0.6 MB and one of 5.7 MB where there are such; what was
 * left out is said under `notes`. SqueakJS is measured beside us in the same run when a checkout of it is given.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VMBug } from '../vm/vm-bug.ts';
import { benchConditions } from './conditions.ts';

export interface ImageBenchOptions {
  /** A checkout of SqueakJS. */
  readonly squeakjs?: string;
  /** A folder with images of other VMs. */
  readonly imagesFolder?: string;
  /** The command, as arguments to Node. */
  readonly command: readonly string[];
  readonly say: (what: string) => void;
}

export interface ImageResult {
  readonly name: string;
  readonly subject: 'safeffi' | 'squeakjs';
  readonly unit: 'ms' | 'MB' | 'per second';
  readonly median: number;
  readonly worst: number;
  readonly runs: number;
}

export interface ImageReport {
  readonly schema: 1;
  readonly bench: 'image';
  readonly conditions: Readonly<Record<string, string | number | boolean>>;
  readonly results: readonly ImageResult[];
  /** What could not be measured, and why. */
  readonly notes: readonly string[];
}

const SMALL_V3 = 'rsq-mini-running-exit.image';
const TINY_BENCHMARKS = 'rsq-bootstrapped.image';
const DEBIANS_SCRATCH = '/usr/share/scratch/Scratch.image';
const PROCESSES = 9;
const COLD_RUNS = 3;
const TIMEOUT_MS = 120_000;

export function measureImages(options: ImageBenchOptions): ImageReport {
  const folder = mkdtempSync(join(tmpdir(), 'safeffi-bench-image-'));
  try {
    return new ImageBench(options, folder).measure();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

class ImageBench {
  private readonly options: ImageBenchOptions;
  private readonly folder: string;
  private readonly results: ImageResult[] = [];
  private readonly notes: string[] = [];
  private readonly subjects: readonly ImageResult['subject'][];

  constructor(options: ImageBenchOptions, folder: string) {
    this.options = options;
    this.folder = folder;
    this.subjects = options.squeakjs === undefined ? ['safeffi'] : ['safeffi', 'squeakjs'];
    if (options.squeakjs === undefined)
      this.notes.push('SqueakJS was not measured: --squeakjs names a checkout of https://github.com/codefrau/SqueakJS');
  }

  measure(): ImageReport {
    const { command } = this.options;
    const [kernel, wide] = [join(this.folder, 'kernel.image'), join(this.folder, 'kernel64.image')];
    // A snapshot of the running kernel, which other VMs resume too.
    this.run([...command, 'eval', `Smalltalk saveAs: '${kernel}'`]);
    this.run([...command, 'convert', kernel, wide, '--format', 'spur64']);
    const small = this.otherImage(SMALL_V3);
    if (small !== undefined) this.measureImage('V3', small);
    this.measureImage('Spur 32-bit, our kernel', kernel);
    this.measureImage('Spur 64-bit, our kernel', wide);
    if (existsSync(DEBIANS_SCRATCH)) this.measureImage('V3, Scratch', DEBIANS_SCRATCH);
    else this.notes.push(`V3 of 5.7 MB was not measured: there is no ${DEBIANS_SCRATCH} (Debian's package scratch)`);
    this.measureMemory(small ?? kernel);
    this.measureTinyBenchmarks();
    return { schema: 1, bench: 'image', conditions: benchConditions(), results: this.results, notes: this.notes };
  }

  private otherImage(name: string): string | undefined {
    const { imagesFolder } = this.options;
    const path = imagesFolder === undefined ? '' : join(imagesFolder, name);
    if (existsSync(path)) return path;
    this.notes.push(`${name} was not measured: SAFEFFI_IMAGES names no folder that has it`);
    return undefined;
  }

  private measureImage(what: string, file: string): void {
    const name = `${megabytes(statSync(file).size)} MB ${what}`;
    for (const subject of this.subjects) {
      this.options.say(`${subject}, ${name}`);
      const first = Array.from({ length: PROCESSES }, () => this.numbers(['first', file], subject));
      const again = this.numbers(['again', file], subject);
      for (const [i, verb] of ['load', 'write'].entries()) {
        this.add(
          `${verb} ${name}, first in a process`,
          subject,
          'ms',
          first.map((each) => each[i]!),
        );
        this.add(`${verb} ${name}, again`, subject, 'ms', [again[i]!]);
      }
    }
  }

  /** Beyond a Node that does nothing; our modules are part of it, as SqueakJS's are of its figure. */
  private measureMemory(file: string): void {
    const name = `${megabytes(statSync(file).size)} MB image`;
    for (const subject of this.subjects) {
      this.options.say(`${subject}, memory`);
      const bare = Array.from({ length: PROCESSES }, () => this.numbers(['bare'], 'safeffi'));
      const loaded = Array.from({ length: PROCESSES }, () => this.numbers(['memory', file], subject));
      for (const [i, kind] of ['resident', 'JavaScript heap'].entries()) {
        const base = median(bare.map((each) => each[i]!));
        this.add(
          `memory of a ${name}, ${kind}, beyond bare Node`,
          subject,
          'MB',
          loaded.map((each) => (each[i]! - base) / 2 ** 20),
        );
      }
    }
  }

  /** The image measures itself, writes what it found beside itself and quits. */
  private measureTinyBenchmarks(): void {
    const original = this.otherImage(TINY_BENCHMARKS);
    if (original === undefined) return;
    const image = join(this.folder, basename(original));
    copyFileSync(original, image);
    for (const subject of this.subjects) {
      this.options.say(`${subject}, tinyBenchmarks`);
      const runs = Array.from({ length: COLD_RUNS }, () => {
        if (subject === 'safeffi') this.run([...this.options.command, 'run', image]);
        else this.run([join(this.options.squeakjs!, 'squeak_node.js'), image]);
        const log = readFileSync(join(this.folder, 'log.txt'), 'latin1');
        rmSync(join(this.folder, 'log.txt'));
        const found = /(\d+) bytecodes\/sec; (\d+) sends\/sec/.exec(log);
        if (found === null) throw new VMBug('bench-failed', `${TINY_BENCHMARKS} wrote ${JSON.stringify(log)}`);
        return found.slice(1).map(Number);
      });
      this.add(
        'bytecodes (tinyBenchmarks), cold',
        subject,
        'per second',
        runs.map((each) => each[0]!),
      );
      this.add(
        'sends (tinyBenchmarks), cold',
        subject,
        'per second',
        runs.map((each) => each[1]!),
      );
    }
  }

  private numbers(args: readonly string[], subject: ImageResult['subject']): number[] {
    const script = fileURLToPath(new URL('./image-process.js', import.meta.url));
    const peer = subject === 'squeakjs' ? [this.options.squeakjs!] : [];
    return JSON.parse(this.run(['--expose-gc', script, ...args, ...peer])) as number[];
  }

  private run(args: readonly string[]): string {
    return execFileSync(process.execPath, args, {
      cwd: this.folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
  }

  private add(
    name: string,
    subject: ImageResult['subject'],
    unit: ImageResult['unit'],
    values: readonly number[],
  ): void {
    const worst = unit === 'per second' ? Math.min(...values) : Math.max(...values);
    this.results.push({ name, subject, unit, median: round(median(values)), worst: round(worst), runs: values.length });
  }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const round = (value: number): number => (value >= 1000 ? Math.round(value) : Math.round(100 * value) / 100);
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e6 ? 2 : 1);
