/**
 * The peer `@2060.io/ffi-napi`, which many know and which is no dependency of ours: installed into a folder for temporary
 * files when it is asked for. Its build may fail, for want of a compiler or a network: then the reason is told.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { absSubject, type Subject } from './callout-subjects.ts';
import { type MeasureOptions, measure } from './measure.ts';

export const peerName = '@2060.io/ffi-napi';
const folder = join(tmpdir(), 'safeffi-peers');
const installLimitMs = 300_000;

interface FfiNapi {
  Library(
    name: string,
    functions: Record<string, [returns: string, args: string[]]>,
  ): Record<string, (...args: unknown[]) => unknown>;
}

/** Answers the subjects, or a sentence that says why there are none. */
export function ffiNapiSubjects(options: MeasureOptions): Subject[] | string {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, 'node_modules', peerName))) {
    const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefix', folder, peerName];
    const made = spawnSync('npm', args, { encoding: 'utf8', timeout: installLimitMs });
    if (made.status !== 0)
      return `it could not be installed: ${(made.stderr || String(made.error ?? 'npm failed')).trim().split('\n')[0]}`;
  }
  let ffi: FfiNapi;
  try {
    ffi = createRequire(join(folder, 'index.js'))(peerName) as FfiNapi;
  } catch (error) {
    return `it could not be loaded: ${(error instanceof Error ? error.message : String(error)).split('\n')[0]}`;
  }
  const { abs, strlen } = ffi.Library('libc.so.6', { abs: ['int', ['int']], strlen: ['size_t', ['string']] });
  const { fmax } = ffi.Library('libm.so.6', { fmax: ['double', ['double', 'double']] });
  const text = 'x'.repeat(40);
  return [
    [absSubject, () => measure((count) => abs!(-count), options)],
    ['double f(double, double)', () => measure((count) => fmax!(count, 1.5), options)],
    ['strlen of 40 bytes', () => measure(() => strlen!(text), options)],
  ];
}
