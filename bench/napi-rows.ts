/**
 * What `safeffi bench napi` measures. The code is the same for the shim and for the original, and uses what programs use: Library,
 * Callback, ref.alloc, ref-struct-di. Run in a process of its own for each subject (napi-subject.ts): all of them extend Buffer.
 *
 * libc has a function for each row: `inet_ntoa` takes a struct by value, `div` answers one, `lfind` calls a comparator as often as there
 * are elements.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { BenchResult } from './callout.ts';
import { type Measurement, type MeasureOptions, measure, measureMany } from './measure.ts';
import type { NapiSubject } from './napi.ts';

export type NapiRow = Omit<BenchResult, 'subject'>;

type ForeignFunction = (...args: unknown[]) => unknown;

interface Ffi {
  Library(
    name: string,
    functions: Record<string, [returns: unknown, args: unknown[]]>,
  ): Record<string, ForeignFunction>;
  Callback(returns: unknown, args: unknown[], run: (...args: never[]) => unknown): Buffer;
}

interface Ref {
  alloc(type: string, value?: unknown): Buffer;
}

interface StructType {
  new (fields?: object): object;
}

const text = 'x'.repeat(40);
const liveBuffers = 100_000;

async function load(subject: NapiSubject, folder: string): Promise<{ ffi: Ffi; ref: Ref; struct: StructMaker }> {
  const require = createRequire(join(folder, 'index.js'));
  const structOf = require('ref-struct-di') as (ref: Ref) => StructMaker;
  if (subject === 'original') {
    const ref = require('@2060.io/ref-napi') as Ref;
    return { ffi: require('@2060.io/ffi-napi') as Ffi, ref, struct: structOf(ref) };
  }
  process.env.SAFEFFI_NAPI = subject;
  const { default: ref } = (await import('../safeffi/ref/index.ts')) as unknown as { default: Ref };
  const { default: ffi } = (await import('../safeffi/napi/index.ts')) as unknown as { default: Ffi };
  return { ffi, ref, struct: structOf(ref) };
}

type StructMaker = (fields: object) => StructType;

/** The rows of a subject; `folder` holds the peers (napi-peers.ts). */
export async function measureNapi(
  subject: NapiSubject,
  folder: string,
  options: MeasureOptions = { batches: 101, batch: 1000, singles: 4000 },
): Promise<NapiRow[]> {
  const { ffi, ref, struct } = await load(subject, folder);
  const divided = struct({ quot: 'int', rem: 'int' });
  const address = struct({ s_addr: 'uint32' });
  const libc = ffi.Library('libc.so.6', {
    abs: ['int', ['int']],
    strlen: ['size_t', ['string']],
    div: [divided, ['int', 'int']],
    inet_ntoa: ['pointer', [address]],
    lfind: ['pointer', ['pointer', 'pointer', 'pointer', 'size_t', 'pointer']],
  });
  const { fmax } = ffi.Library('libm.so.6', { fmax: ['double', ['double', 'double']] });
  const { abs, strlen, div, inet_ntoa: textOf, lfind } = libc;
  const here = new address({ s_addr: 0x0100007f });
  const key = ref.alloc('int64');
  const count = ref.alloc('size_t');
  const differ = ffi.Callback('int', ['pointer', 'pointer'], () => 1);
  const find = (many: number): void => {
    count.writeBigUInt64LE(BigInt(many));
    lfind!(key, key, count, 0, differ);
  };
  // Before there is garbage of the others, whose room would be used again.
  const memory = { name: 'a thousand live Buffers', unit: 'bytes' as const, ...liveBytes(ref) };
  const time = (name: string, run: () => Measurement): NapiRow => ({ name, unit: 'ns', ...run() });
  const rows = [
    time('int(int)', () => measure((n) => abs!(-n), options)),
    time('double(double, double)', () => measure((n) => fmax!(n, 1.5), options)),
    time('a string of 40 bytes', () => measure(() => strlen!(text), options)),
    time('a struct by value, in', () => measure(() => textOf!(here), options)),
    time('a struct by value, out', () => measure((n) => div!(n, 7), options)),
    time('callback int(void *, void *)', () =>
      measureMany(find, options.batches, 2 * options.batch, Math.ceil(options.batch / 5)),
    ),
    time('ref.alloc of an int', () => measure(() => ref.alloc('int'), options)),
  ];
  return [...rows, memory];
}

/** What live Buffers cost, in this process and in that of C together: memory of both, shared pages counted once. */
function liveBytes(ref: Ref): Measurement {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error('the memory of live Buffers is measured with node --expose-gc');
  const kept: Buffer[] = [];
  collect();
  const before = processBytes();
  for (let i = 0; i < liveBuffers; i++) kept.push(ref.alloc('int', i));
  collect();
  const perThousand = Math.round((1000 * (processBytes() - before)) / kept.length);
  return { median: perThousand, p99: perThousand, runs: kept.length };
}

/** Proportional set size of this process and its children, in bytes. */
function processBytes(): number {
  const pids = ['self', ...readdirSync('/proc/self/task').flatMap((task) => childrenOf(task))];
  return pids.reduce((sum, pid) => sum + bytesOf(pid), 0);
}

function bytesOf(pid: string): number {
  const rollup = unlessGone(() => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  return 1024 * Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0);
}

function childrenOf(task: string): string[] {
  const pids = unlessGone(() => readFileSync(`/proc/self/task/${task}/children`, 'utf8')).trim();
  return pids === '' ? [] : pids.split(' ');
}

/** What a process or thread that has ended meanwhile says is nothing. */
function unlessGone(read: () => string): string {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return '';
    throw error;
  }
}
