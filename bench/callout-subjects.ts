/**
 * What is called in `safeffi bench callout`: functions of libc and libm, so that nothing need be compiled. Each subject is
 * measured through a session, and through koffi in this process where koffi has the like.
 */
import koffi from 'koffi';
import type { Session } from '../safeffi/index.ts';
import { type Measurement, type MeasureOptions, measure, measureMany } from './measure.ts';

/** A row of the table: its name, and what it comes to. */
export type Subject = readonly [name: string, run: () => Measurement];

export const absSubject = 'abs(int)';

const text = 'x'.repeat(40);
const bufferBytes = 65_536;
const batchCalls = 1000;
const pair = 'typedef struct { int quot, rem; } div_t; div_t div(int, int);';

/** Fewer of what takes longer. */
const tenth = ({ batches, batch, singles }: MeasureOptions): MeasureOptions => ({
  batches,
  batch: Math.ceil(batch / 10),
  singles: Math.ceil(singles / 10),
});

export function sessionSubjects(session: Session, options: MeasureOptions): Subject[] {
  const bind = (library: string, name: string, returns: string, ...args: string[]) =>
    session.library(library).prepare(name, { returns, arguments: args }).invoke;
  const abs = bind('libc.so.6', 'abs', 'int', 'int');
  const fmax = bind('libm.so.6', 'fmax', 'double', 'double', 'double');
  const strlen = bind('libc.so.6', 'strlen', 'size_t', 'const char *');
  const memset = bind('libc.so.6', 'memset', 'void *', 'void *', 'int', 'size_t');
  const { div } = session.library('libc.so.6').declare<{ div(a: number, b: number): object }>(pair);
  const buffer = new Uint8Array(bufferBytes);
  const subjects: Subject[] = [
    [absSubject, () => measure((count) => abs(-count), options)],
    ['double f(double, double)', () => measure((count) => fmax(count, 1.5), options)],
    ['strlen of 40 bytes', () => measure(() => strlen(text), options)],
    ['8-byte struct by value', () => measure((count) => div(count, 7), options)],
    ['64 KiB in and out', () => measure(() => memset(buffer, 0, 1), tenth(options))],
  ];
  if (session.executor.kind === 'native') {
    subjects.push([`abs(int), ${batchCalls} in a batch`, () => measureBatch(session, options)]);
  }
  return subjects;
}

/** Adding, running and reading a thousand calls, by the call. */
function measureBatch(session: Session, { batches }: MeasureOptions): Measurement {
  const abs = session.library('libc.so.6').prepare('abs', { returns: 'int', arguments: ['int'] });
  const batch = session.batch(abs, batchCalls);
  let sum = 0;
  const once = (count: number) => {
    for (let done = 0; done < count; done += batchCalls) {
      batch.clear();
      for (let i = 0; i < batchCalls; i++) batch.add(-i);
      batch.run();
      for (let i = 0; i < batchCalls; i++) sum += batch.result(i) as number;
    }
  };
  const measured = measureMany(once, batches, 10 * batchCalls, batchCalls);
  batch.close();
  if (sum === 0) throw new Error('the batch of the benchmark answered nothing');
  return measured;
}

export function koffiSubjects(options: MeasureOptions): Subject[] {
  const libc = koffi.load('libc.so.6');
  const libm = koffi.load('libm.so.6');
  const abs = libc.func('int abs(int)');
  const fmax = libm.func('double fmax(double, double)');
  const strlen = libc.func('size_t strlen(const char *)');
  const memset = libc.func('void *memset(_Inout_ void *, int, size_t)');
  const div = libc.func('div', koffi.struct({ quot: 'int', rem: 'int' }), ['int', 'int']);
  const buffer = new Uint8Array(bufferBytes);
  return [
    [absSubject, () => measure((count) => abs(-count), options)],
    ['double f(double, double)', () => measure((count) => fmax(count, 1.5), options)],
    ['strlen of 40 bytes', () => measure(() => strlen(text), options)],
    ['8-byte struct by value', () => measure((count) => div(count, 7), options)],
    ['64 KiB in and out', () => measure(() => memset(buffer, 0, 1), tenth(options))],
  ];
}

/** The anchor of the buffers: the same bytes copied twice within this process. */
export function copySubjects(options: MeasureOptions): Subject[] {
  const [from, to] = [new Uint8Array(bufferBytes), new Uint8Array(bufferBytes)];
  const twice = () => {
    to.set(from);
    from.set(to);
  };
  return [['64 KiB in and out', () => measure(twice, tenth(options))]];
}
