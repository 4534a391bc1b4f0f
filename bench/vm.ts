/**
 * What the virtual machine itself costs: sends and bytecodes by the second, the classic kernels beside plain JavaScript in the same
 * run, collections, how long `eval` and building the kernel image take. `measureVm` answers the object that
 * `safeffi bench vm --json` prints.
 *
 * Each kernel runs by turns in both languages and checks what it computed; figures are medians. In-process figures are processor
 * time, which the machine's other load disturbs less than a clock; whole processes are timed by the clock.
 */
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VMBug } from '../vm/vm-bug.ts';
import { KERNELS, type Kernel } from './vm-kernels.ts';

export interface VmResult {
  readonly name: string;
  readonly subject: 'safeffi image' | 'plain javascript' | 'safeffi' | 'node';
  readonly unit: 'ms' | 'per second' | 'times plain javascript';
  readonly median: number;
  /** The worst of the runs. */
  readonly worst: number;
  readonly runs: number;
}

export interface VmReport {
  readonly schema: 1;
  readonly bench: 'vm';
  readonly conditions: Readonly<Record<string, string | number | boolean>>;
  readonly results: readonly VmResult[];
}

/** An image with the kernels loaded, and what the figures need of it. */
export interface VmSubject {
  /** Evaluates an expression that answers an Integer of at most 53 bits. */
  evaluate(source: string): number;
  /** Milliseconds of each scavenge and full collection so far: count, sum and longest. */
  collections(): { scavenges: number; scavengeMs: number; longestScavengeMs: number; fullMs: number; fulls: number };
  /** The command, as arguments to Node. */
  readonly command: readonly string[];
}

const RUNS = 9;

export function measureVm(
  subject: VmSubject,
  conditions: VmReport['conditions'],
  say: (what: string) => void,
): VmReport {
  const results: VmResult[] = [];
  say('bytecodes and sends');
  results.push(...measureTiny(subject));
  for (const kernel of KERNELS) {
    say(kernel.name);
    results.push(...measureKernel(subject, kernel));
  }
  say('collections');
  results.push(...measureCollections(subject));
  say('eval and build');
  results.push(...measureCommands(subject.command));
  return { schema: 1, bench: 'vm', conditions, results };
}

/** Milliseconds of this process's processor time. */
function timed(run: () => void): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** Milliseconds of the clock. */
function timedByClock(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

/** What plain JavaScript does in less than this is done several times for one figure: processor time is counted in steps. */
const SHORTEST_MS = 20;

const round = (value: number): number => (value >= 100 ? Math.round(value) : Math.round(100 * value) / 100);

function result(
  name: string,
  subject: VmResult['subject'],
  unit: VmResult['unit'],
  values: readonly number[],
  greaterIsBetter = false,
): VmResult {
  const sorted = [...values].sort((a, b) => (greaterIsBetter ? b - a : a - b));
  return {
    name,
    subject,
    unit,
    median: round(sorted[sorted.length >> 1]!),
    worst: round(sorted.at(-1)!),
    runs: values.length,
  };
}

/** Bytecodes and sends as #tinyBenchmarks counts them: half a million bytecodes a sieve, as many sends as activations. */
function measureTiny(subject: VmSubject): VmResult[] {
  const SIEVES = 40;
  const FIBONACCI = 26;
  const sends = subject.evaluate(`BenchTiny fibonacci: ${FIBONACCI}`);
  subject.evaluate(`BenchTiny sieve: ${SIEVES}`);
  const bytecodes: number[] = [];
  const calls: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const sieve = timed(() => expectValue('sieve', subject.evaluate(`BenchTiny sieve: ${SIEVES}`), 1028));
    const fibonacci = timed(() =>
      expectValue('fibonacci', subject.evaluate(`BenchTiny fibonacci: ${FIBONACCI}`), sends),
    );
    bytecodes.push((SIEVES * 500_000) / (sieve / 1000));
    calls.push(sends / (fibonacci / 1000));
  }
  return [
    result('bytecodes (tinyBenchmarks)', 'safeffi image', 'per second', bytecodes, true),
    result('sends (tinyBenchmarks)', 'safeffi image', 'per second', calls, true),
  ];
}

function expectValue(name: string, actual: number, expected: number): void {
  if (actual !== expected)
    throw new VMBug('bench-wrong', `the kernel ${name} answered ${actual}, expected ${expected}`);
}

function measureKernel(subject: VmSubject, { name, className, run, expected }: Kernel): VmResult[] {
  const image = (): number => timed(() => expectValue(name, subject.evaluate(`${className} run`), expected));
  const repeated = (times: number): number =>
    timed(() => {
      for (let i = 0; i < times; i++) expectValue(`${name} in JavaScript`, run(), expected);
    }) / times;
  for (let warmUp = 0; warmUp < 3; warmUp++) {
    image();
    repeated(20);
  }
  const times = Math.ceil(SHORTEST_MS / Math.max(0.01, repeated(50)));
  const plain = (): number => repeated(times);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    ours.push(image());
    theirs.push(plain());
  }
  const first = result(name, 'safeffi image', 'ms', ours);
  const second = result(name, 'plain javascript', 'ms', theirs);
  const ratios = ours.map((time, i) => time / theirs[i]!);
  return [first, second, result(name, 'safeffi image', 'times plain javascript', ratios)];
}

/** Scavenges of the image's eden with a tenth of it alive, and collections of 100 MB of which half is alive. */
function measureCollections(subject: VmSubject): VmResult[] {
  const before = subject.collections();
  subject.evaluate(
    `| kept | kept := Array new: 3000. 1 to: 3000000 do: [ :i | | each | each := Array new: 30. i \\\\ 10 = 0 ifTrue: [ kept at: i // 10 \\\\ 3000 + 1 put: each ] ]. 1`,
  );
  const after = subject.collections();
  const count = after.scavenges - before.scavenges;
  const pauses = count === 0 ? [] : [(after.scavengeMs - before.scavengeMs) / count];
  const full: number[] = [];
  subject.evaluate(
    `Smalltalk at: #BenchHeap put: (Array new: 100000). 1 to: 200000 do: [ :i | | each | each := Array new: 126. i even ifTrue: [ (Smalltalk at: #BenchHeap) at: i // 2 put: each ] ]. 1`,
  );
  for (let run = 0; run < 3; run++) {
    const start = subject.collections();
    subject.evaluate(`1 to: 100000 do: [ :i | Array new: 126 ]. Smalltalk garbageCollect. 1`);
    const end = subject.collections();
    if (end.fulls > start.fulls) full.push((end.fullMs - start.fullMs) / (end.fulls - start.fulls));
  }
  subject.evaluate('Smalltalk removeKey: #BenchHeap. Smalltalk garbageCollect. 1');
  return [
    ...(pauses.length === 0
      ? []
      : [
          result('scavenge, 10 % alive (mean of a run)', 'safeffi image', 'ms', pauses),
          {
            ...result('scavenge, the longest since start', 'safeffi image', 'ms', [after.longestScavengeMs]),
            runs: count,
          },
        ]),
    ...(full.length === 0 ? [] : [result('full collection, 50 MB alive', 'safeffi image', 'ms', full)]),
  ];
}

/** `eval 1` beside a Node that does nothing, and building the kernel image from its sources. */
function measureCommands(command: readonly string[]): VmResult[] {
  const run = (args: readonly string[]): number =>
    timedByClock(() => execFileSync(process.execPath, args, { stdio: 'ignore', timeout: 120_000 }));
  const evals: number[] = [];
  const bare: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    evals.push(run([...command, 'eval', '1']));
    bare.push(run(['-e', '1']));
  }
  const builds = [0, 1, 2].map(() =>
    run([...command, 'build', '-o', join(tmpdir(), `safeffi-bench-${process.pid}.image`)]),
  );
  return [
    result("eval '1', the process", 'safeffi', 'ms', evals),
    result('node -e 1, the process', 'node', 'ms', bare),
    result('building the kernel image, the process', 'safeffi', 'ms', builds),
  ];
}
