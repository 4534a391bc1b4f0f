/**
 * The suites of ffi-napi, ref-napi, ref-array-di and ref-union-di as they come from npm, run by their mocha against the shims in a
 * process each. What they need is a package of its own (package.json beside this file), installed when a test wants it, without
 * install scripts: those of the originals fail on current Node versions. The root install never sees it.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from '../safeffi/fixture.ts';

const folder = fileURLToPath(new URL('../../../test/upstream/', import.meta.url));
const lockText = readFileSync(join(folder, 'package-lock.json'), 'utf8');
const installations = join(folder, 'node_modules');
/** One for each content of the lock file, so that none is ever replaced under a process that runs from it. */
const installation = join(installations, createHash('sha256').update(lockText).digest('hex').slice(0, 12));
/** Where the packages are after `installUpstream`. */
export const upstreamModules = join(installation, 'node_modules');
const installLimitMs = 120_000;
const runLimitMs = 300_000;

export type Suite = 'ref-napi' | 'ref-union-di' | 'ref-array-di' | 'ffi-napi';
/** `original`: the native modules themselves, with which the harness is proved. */
export type Subject = 'safe' | 'direct' | 'original';

export interface SuiteRun {
  /** How many cases mocha found. */
  readonly total: number;
  readonly passed: number;
  readonly pending: number;
  /** The title of each that failed, with its error. */
  readonly failed: ReadonlyMap<string, string>;
  /** Why there are no results of the rest: how the process ended. Undefined when all ran. */
  readonly broken: string | undefined;
}

/**
 * Brings the packages; nothing happens when they are there. Several processes may do so at once: each installs beside, and the
 * first to end is renamed into place. Answers a sentence when they cannot be had.
 */
export function installUpstream(): string | undefined {
  if (existsSync(installation)) return undefined;
  mkdirSync(installations, { recursive: true });
  const beside = mkdtempSync(join(installations, 'beside-'));
  try {
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(folder, file), join(beside, file));
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--fetch-retries=1'];
    const made = spawnSync('npm', args, { cwd: beside, encoding: 'utf8', timeout: installLimitMs });
    if (made.status !== 0)
      return `npm could not bring the packages of test/upstream: ${(made.stderr || String(made.error)).trim().split('\n')[0]}`;
    try {
      renameSync(beside, installation);
    } catch (error) {
      // Another process was first.
      if (!existsSync(installation)) throw error;
    }
    return undefined;
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

/** The compiled fixture; also where dynamic_library.js looks for the addon of the original. */
function library(suite: Suite): string {
  const name = suite === 'ref-union-di' ? 'unions' : 'functions';
  const path = compile(`upstream-${name}`, readFileSync(join(folder, 'fixtures', `${name}.c`), 'utf8'));
  if (suite === 'ffi-napi') {
    const place = join(upstreamModules, suite, 'test', 'build', 'Release');
    mkdirSync(place, { recursive: true });
    copyFileSync(path, join(place, 'ffi_tests.node'));
  }
  return path;
}

type ResultLine =
  | { total: number }
  | { state: 'passed' | 'pending'; title: string }
  | { state: 'failed'; title: string; error: string }
  | { ended: true };

/** Runs the suite of a package, all its files in one process as its own `npm test` does. */
export function runSuite(suite: Suite, subject: Subject): SuiteRun {
  const scratch = mkdtempSync(join(tmpdir(), 'safeffi-upstream-'));
  try {
    const results = join(scratch, 'results.jsonl');
    const own = (file: string) => join(folder, file);
    const mocha = join(upstreamModules, 'mocha', 'bin', '_mocha');
    const mochaOptions = ['--require', own('hook.cjs'), '--file', own('root-hooks.cjs'), '--no-timeouts', '--exit'];
    const files = join(upstreamModules, suite, 'test', '*.js');
    const ran = spawnSync(
      process.execPath,
      ['--expose-gc', '--no-warnings', mocha, ...mochaOptions, '--reporter', own('reporter.cjs'), files],
      {
        cwd: scratch,
        encoding: 'utf8',
        timeout: runLimitMs,
        killSignal: 'SIGKILL',
        env: {
          ...process.env,
          UPSTREAM_MODULES: upstreamModules,
          UPSTREAM_SUBJECT: subject === 'original' ? 'original' : 'safeffi',
          UPSTREAM_LIBRARY: library(suite),
          UPSTREAM_RESULTS: results,
          SAFEFFI_NAPI: subject === 'direct' ? 'direct' : 'safe',
        },
      },
    );
    const lines = existsSync(results) ? readFileSync(results, 'utf8').trim().split('\n') : [];
    const run = summary(lines.map((line) => JSON.parse(line) as ResultLine));
    if (run.ended) return run;
    const end = ran.signal ?? `exit code ${ran.status}`;
    return {
      ...run,
      broken: `the process ended with ${end}; ${ran.stderr.trim().split('\n').slice(0, 20).join('\n')}`,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function summary(lines: readonly ResultLine[]): SuiteRun & { readonly ended: boolean } {
  const failed = new Map<string, string>();
  const counts = { total: 0, passed: 0, pending: 0 };
  let ended = false;
  for (const line of lines) {
    if ('total' in line) counts.total = line.total;
    else if ('ended' in line) ended = true;
    else if (line.state === 'failed') failed.set(line.title, line.error);
    else counts[line.state]++;
  }
  return { ...counts, failed, broken: undefined, ended };
}
