/**
 * What a callout costs, side by side in one run: our executors, koffi and ffi-napi in this process, Node's IPC, a pipe, and the
 * floors (two cores passing one cache line in C, two threads waking each other on one). `measureCallouts` answers the object that `safeffi bench callout --json` prints; its form is
 * docs' CLI contract. The machine's other load shows in the result: ratios to the floor of the same run say more than
 * the figures.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { CalloutError, type ExecutorKind, openSession } from '../safeffi/index.ts';
import { measureCallbacks, measureKoffiCallbacks } from './callbacks.ts';
import { absSubject, copySubjects, koffiSubjects, type Subject, sessionSubjects } from './callout-subjects.ts';
import { measureIpc, measurePipe } from './channels.ts';
import { benchConditions } from './conditions.ts';
import { ffiNapiSubjects } from './ffi-napi.ts';
import type { Measurement, MeasureOptions } from './measure.ts';
import { napiPeer } from './napi-peers.ts';

export interface BenchResult extends Measurement {
  readonly name: string;
  readonly subject: string;
  readonly unit: 'ns' | 'bytes';
}

export interface BenchReport {
  readonly schema: 1;
  readonly bench: 'callout';
  readonly conditions: Readonly<Record<string, string | number | boolean>>;
  readonly results: readonly BenchResult[];
}

const fast: MeasureOptions = { batches: 101, batch: 2000, singles: 20_000 };
const slower: MeasureOptions = { batches: 51, batch: 200, singles: 2000 };
const slow: MeasureOptions = { batches: 21, batch: 50, singles: 1000 };

const rows = (subject: string, subjects: readonly Subject[]): BenchResult[] =>
  subjects.map(([name, run]) => ({ name, subject, unit: 'ns', ...run() }));

function measureExecutor(kind: ExecutorKind, options: MeasureOptions): BenchResult[] {
  const session = openSession({ ffi: kind });
  try {
    return rows(`safeffi ${kind}`, sessionSubjects(session, options));
  } finally {
    session.close();
  }
}

const built = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The floors, from the program that `make -C native` builds; none where it was not built. */
function measureFloor(): BenchResult[] {
  const program = built('../native/floor');
  if (!existsSync(program)) return [];
  const run = (...args: string[]) => JSON.parse(execFileSync(program, args, { encoding: 'utf8' })) as Measurement;
  const sleeping = { name: 'wake and sleep, one core', subject: 'C to C', unit: 'ns', ...run('futex') } as const;
  if (availableParallelism() < 2) return [sleeping];
  return [{ name: 'one cache line, there and back', subject: 'C to C', unit: 'ns', ...run() }, sleeping];
}

/** A process of its own on one core; none where `taskset` is missing. */
function measureOneCore(): BenchResult[] {
  const ran = spawnSync('taskset', ['-c', '0', process.execPath, built('./one-core.js')], { encoding: 'utf8' });
  if (ran.error !== undefined) return [];
  if (ran.status !== 0) throw new Error(`the callout on one core failed: ${ran.stderr}`);
  const measured = JSON.parse(ran.stdout) as Measurement;
  return [{ name: `${absSubject}, one core`, subject: 'safeffi native', unit: 'ns', ...measured }];
}

/** A further subject, measured in the same run: its name, and what it comes to. */
export type ExtraSubject = readonly [subject: string, run: () => BenchResult[]];

export interface CalloutBenchOptions {
  /** Told what is measured next, and what could not be. */
  readonly progress?: (sentence: string) => void;
  readonly extra?: readonly ExtraSubject[];
  /** Also ffi-napi, which is installed for it. */
  readonly peers?: boolean;
}

/** Runs all of it; about half a minute. */
export async function measureCallouts(options: CalloutBenchOptions = {}): Promise<BenchReport> {
  const { progress = () => undefined, extra = [], peers = false } = options;
  const results: BenchResult[] = [];
  const add = async (subject: string, run: () => BenchResult[] | Promise<BenchResult[]>) => {
    progress(`measuring ${subject}`);
    try {
      results.push(...(await run()));
    } catch (error) {
      if (!(error instanceof CalloutError && error.code === 'not-available')) throw error;
      progress(`${subject} is left out: ${error.message}`);
    }
  };
  await add('the floors', measureFloor);
  await add('safeffi native', () => measureExecutor('native', fast));
  await add('safeffi native on one core', measureOneCore);
  await add('callbacks', () => [
    ...measureCallbacks('native'),
    ...measureKoffiCallbacks(),
    ...measureCallbacks('direct'),
    ...measureCallbacks('portable'),
  ]);
  for (const [subject, run] of extra) await add(subject, run);
  await add('koffi', () => rows('koffi', koffiSubjects(fast)));
  await add('memcpy', () => rows('Uint8Array.set, twice', copySubjects(fast)));
  await add('safeffi direct', () => measureExecutor('direct', fast));
  await add('safeffi portable', () => measureExecutor('portable', slow));
  await add('node ipc', async () => [
    { name: 'a message, there and back', subject: 'node ipc', unit: 'ns', ...(await measureIpc(slower)) },
  ]);
  if (process.platform !== 'win32')
    await add('a pipe', () => [
      { name: 'a byte, there and back', subject: 'pipe', unit: 'ns', ...measurePipe(slower) },
    ]);
  if (peers)
    await add(napiPeer, () => {
      const subjects = ffiNapiSubjects(slower);
      if (typeof subjects !== 'string') return rows(napiPeer, subjects);
      progress(`${napiPeer} is left out: ${subjects}`);
      return [];
    });
  return { schema: 1, bench: 'callout', conditions: benchConditions(), results };
}
