/** ffi-napi, which many know, among what `safeffi bench callout --peers` measures. Where it cannot be had the reason is told. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { absSubject, type Subject } from './callout-subjects.ts';
import { type MeasureOptions, measure } from './measure.ts';
import { installNapiPeers, napiPeer } from './napi-peers.ts';

interface FfiNapi {
  Library(
    name: string,
    functions: Record<string, [returns: string, args: string[]]>,
  ): Record<string, (...args: unknown[]) => unknown>;
}

/** Answers the subjects, or a sentence that says why there are none. */
export function ffiNapiSubjects(options: MeasureOptions): Subject[] | string {
  const peers = installNapiPeers();
  if ('reason' in peers) return peers.reason;
  let ffi: FfiNapi;
  try {
    ffi = createRequire(join(peers.folder, 'index.js'))(napiPeer) as FfiNapi;
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
