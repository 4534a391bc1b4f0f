/**
 * What a fault and each way on from it cost, in one run: to the exception, without and with its backtrace, answered in
 * place, gone on with, rolled back, restarted; and what a large buffer costs, copied and shared. Each operation is timed by
 * itself: they take microseconds and more, and what is between them (a spare that boots) must not count.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type CFunction, FFIFault, openSession, type Session } from '../safeffi/index.ts';
import type { BenchReport, BenchResult } from './callout.ts';
import { benchConditions } from './conditions.ts';
import type { Measurement } from './measure.ts';

export type FaultReport = Omit<BenchReport, 'bench'> & { readonly bench: 'fault' };

const source = `
static volatile int kept;
#define FRAME(n, next) __attribute__((noinline)) int frame##n(int *at) { int value = next(at); kept++; return value; }
__attribute__((noinline)) static int frame0(int *at) { int value = *(volatile int *)at; kept++; return value; }
FRAME(1, frame0) FRAME(2, frame1) FRAME(3, frame2) FRAME(4, frame3)
FRAME(5, frame4) FRAME(6, frame5) FRAME(7, frame6)
int answer(void) { return 42; }
int touch(char *bytes) { return bytes[0] + bytes[65535]; }
`;
const warmUp = 20;
const largeBytes = 65_536;

/** Median and 99th percentile of operations timed one by one, less what reading the clock takes. */
function summary(times: number[], clock: number): Measurement {
  const sorted = times.map((time) => Math.max(0, time - clock)).sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!);
  return { median: at(0.5), p99: at(0.99), runs: sorted.length };
}

function clockCost(): number {
  const costs = Array.from({ length: 999 }, () => -now() + now()).sort((a, b) => a - b);
  return costs[499]!;
}

const now = () => performance.now() * 1e6;

function caught(call: () => unknown): FFIFault {
  try {
    call();
  } catch (error) {
    if (error instanceof FFIFault) return error;
    throw error;
  }
  throw new Error('a read of a null pointer did not fault');
}

/** Times what `step` returns from `start` to `stop`; both are given to it. */
async function times(
  count: number,
  step: (start: () => void, stop: () => void) => void | Promise<void>,
): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < warmUp + count; i++) {
    let from = 0;
    let to = 0;
    const start = () => {
      from = now();
    };
    const stop = () => {
      to = now();
    };
    await step(start, stop);
    if (i >= warmUp) taken.push(to - from);
  }
  return taken;
}

interface Functions {
  readonly read: CFunction;
  readonly answer: CFunction;
  readonly touch: CFunction;
}

function functionsOf(session: Session, library: string): Functions {
  const loaded = session.library(library);
  const pointer = (name: string) => loaded.function(name, { returns: 'int', arguments: ['void *'] });
  return {
    read: pointer('frame7'),
    answer: loaded.function('answer', { returns: 'int', arguments: [] }),
    touch: pointer('touch'),
  };
}

/** Runs all of it; about fifteen seconds. Needs a C compiler. `progress` is told what is measured next. */
export async function measureFaults(progress: (what: string) => void = () => undefined): Promise<FaultReport> {
  const folder = mkdtempSync(join(tmpdir(), 'safeffi-bench-'));
  try {
    const library = join(folder, 'libfault.so');
    writeFileSync(join(folder, 'fault.c'), source);
    execFileSync(process.env.CC ?? 'cc', ['-O1', '-fPIC', '-shared', '-o', library, join(folder, 'fault.c')]);
    return { schema: 1, bench: 'fault', conditions: benchConditions(), results: await measureAll(library, progress) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measureAll(library: string, progress: (what: string) => void): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  const clock = clockCost();
  const session = openSession({ ffi: 'native', spare: false });
  const { read, touch } = functionsOf(session, library);
  const add = async (
    name: string,
    count: number,
    step: (start: () => void, stop: () => void) => void | Promise<void>,
  ) => {
    progress(name);
    results.push({ name, subject: 'safeffi native', unit: 'ns', ...summary(await times(count, step), clock) });
  };
  await add('fault to exception', 2000, (start, stop) => {
    start();
    const fault = caught(() => read(null));
    stop();
    fault.answer(0);
  });
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  await add('fault to exception, without a JavaScript stack', 2000, (start, stop) => {
    start();
    const fault = caught(() => read(null));
    stop();
    fault.answer(0);
  });
  Error.stackTraceLimit = stackTraceLimit;
  await add('fault to exception, backtrace of 8 frames read', 2000, (start, stop) => {
    start();
    const fault = caught(() => read(null));
    if (fault.fault.cFrames.length < 8) throw new Error(`${fault.fault.cFrames.length} frames, expected 8`);
    stop();
    fault.answer(0);
  });
  await add('answer in place', 2000, (start, stop) => {
    const fault = caught(() => read(null));
    start();
    fault.answer(0);
    stop();
  });
  await add('continue with a mended register', 2000, (start, stop) => {
    const fault = caught(() => read(null));
    const skipped = { rip: Number(fault.fault.registers!.rip) + 2, rax: 1 };
    start();
    fault.continue(skipped);
    stop();
  });
  session.restart();
  await add('checkpoint', 300, (start, stop) => {
    start();
    const checkpoint = session.checkpoint();
    stop();
    checkpoint.discard();
  });
  await add('checkpoint, fault, rollback', 300, (start, stop) => {
    start();
    session.checkpoint();
    const fault = caught(() => read(null));
    fault.rollback();
    stop();
    fault.answer(0);
  });
  const bytes = new Uint8Array(largeBytes);
  const shared = session.buffer(largeBytes);
  await add('64 KiB in and out, copied', 2000, (start, stop) => {
    start();
    touch(bytes);
    stop();
  });
  await add('64 KiB in and out, shared buffer', 2000, (start, stop) => {
    start();
    touch(shared);
    stop();
  });
  await addRestart(false, 'restart, next call, without a spare');
  session.close();
  await addRestart(true, 'restart, next call, with a spare');
  return results;

  async function addRestart(spare: boolean, name: string): Promise<void> {
    const other = openSession({ ffi: 'native', spare });
    const { answer } = functionsOf(other, library);
    answer();
    await add(name, 100, async (start, stop) => {
      if (spare) other.prepareSpare();
      await setTimeout(20);
      start();
      other.restart();
      answer();
      stop();
    });
    other.close();
  }
}
