/**
 * The shims beside what they stand in for, in one run: `safeffi/napi` in safe and in direct mode, and @2060.io/ffi-napi, the fork of ffi-napi that
 * installs on current Node versions. `measureNapiShims` answers the object that `safeffi bench napi --json` prints. Each subject
 * has a process of its own: all of them extend Buffer.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchReport, BenchResult } from './callout.ts';
import { benchConditions } from './conditions.ts';
import { installNapiPeers, napiPeer } from './napi-peers.ts';
import type { NapiRow } from './napi-rows.ts';

const subjects = ['safe', 'direct', 'original'] as const;
export type NapiSubject = (typeof subjects)[number];

export type NapiReport = Omit<BenchReport, 'bench'> & { readonly bench: 'napi' };

const subjectNames: Readonly<Record<NapiSubject, string>> = {
  safe: 'safeffi napi',
  direct: 'safeffi napi direct',
  original: napiPeer,
};
const limitMs = 300_000;

/** Runs all of it; about a quarter of a minute, and what installing the peers takes the first time. `progress` is told what is measured. */
export function measureNapiShims(progress: (sentence: string) => void = () => undefined): NapiReport {
  progress(`installing ${napiPeer}`);
  const peers = installNapiPeers();
  if ('reason' in peers) throw new Error(`bench napi needs ${napiPeer} and ref-struct-di: ${peers.reason}`);
  const conditions = benchConditions();
  const results = subjects.flatMap((subject) => {
    progress(`measuring ${subjectNames[subject]}`);
    return measureSubject(subject, peers.folder).map((row) => ({ ...row, subject: subjectNames[subject] }));
  });
  return { schema: 1, bench: 'napi', conditions, results };
}

function measureSubject(subject: NapiSubject, folder: string): NapiRow[] {
  const script = fileURLToPath(new URL('./napi-subject.js', import.meta.url));
  const args = ['--expose-gc', '--no-warnings', script, subject, folder];
  const ran = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: limitMs, killSignal: 'SIGKILL' });
  if (ran.status === 0) return JSON.parse(ran.stdout) as NapiRow[];
  const end = ran.signal ?? `exit code ${ran.status}`;
  throw new Error(`${subjectNames[subject]} ended with ${end}: ${ran.stderr.trim()}`);
}

/** How many times faster the safe shim is than the original, by row; for memory, how many times less. */
export function napiRatios(results: readonly BenchResult[]): readonly (readonly [name: string, times: number])[] {
  const of = (subject: NapiSubject) => results.filter((row) => row.subject === subjectNames[subject]);
  const originals = new Map(of('original').map(({ name, median }) => [name, median]));
  return of('safe').map(({ name, median }) => [name, Math.round((10 * originals.get(name)!) / median) / 10] as const);
}
