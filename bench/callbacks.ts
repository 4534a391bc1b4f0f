/**
 * What a callback costs: libc's `lfind` calls a comparator as often as there are elements, here of no size, none of which
 * matches. Everything that a real comparator pays is in it: C to this side, arguments, a function, a result, back to C.
 */
import koffi from 'koffi';
import { type ExecutorKind, openSession } from '../safeffi/index.ts';
import type { BenchResult } from './callout.ts';
import { measureMany } from './measure.ts';

const name = 'callback int(const void *, const void *)';
const batches = 51;

type Find = (key: Uint8Array, base: Uint8Array, count: BigInt64Array, width: number) => unknown;

function measureFind(subject: string, find: Find, batch: number): BenchResult {
  const key = new Uint8Array(8);
  const run = (count: number) => void find(key, key, BigInt64Array.of(BigInt(count)), 0);
  return { name, subject, unit: 'ns', ...measureMany(run, batches, batch, Math.max(1, batch / 20)) };
}

/** Callbacks of one of our executors. */
export function measureCallbacks(kind: ExecutorKind): BenchResult[] {
  const session = openSession({ ffi: kind });
  try {
    const types = ['const void *', 'const void *', 'size_t *', 'size_t', 'void *'];
    const lfind = session.library('libc.so.6').function('lfind', { returns: 'void *', arguments: types });
    const differ = session.callback('int differ(const void *, const void *)', () => 1);
    const find: Find = (key, base, count, width) => lfind(key, base, count, width, differ);
    return [measureFind(`safeffi ${kind}`, find, kind === 'portable' ? 200 : 5000)];
  } finally {
    session.close();
  }
}

/** The same through koffi itself, in this process. */
export function measureKoffiCallbacks(): BenchResult[] {
  const pointer = koffi.pointer(koffi.proto('int', ['void *', 'void *']));
  const lfind = koffi.load('libc.so.6').func('lfind', 'void *', ['void *', 'void *', 'void *', 'size_t', pointer]);
  const differ = koffi.register(() => 1, pointer);
  try {
    return [measureFind('koffi', (key, base, count, width) => lfind(key, base, count, width, differ), 5000)];
  } finally {
    koffi.unregister(differ);
  }
}
