/**
 * The slots of a lane: the first few are accessible from the start, the others when a call first needs them. In each a buffer
 * ends at an inaccessible page, and a process that never needs them all never pays for them.
 */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type CFunction, type Library, openSession, type Session } from '../../safeffi/index.ts';
import { mediumSlot, smallSlot } from '../../safeffi/protocol/layout.ts';
import { mappingsOf } from '../processes.ts';
import { faultOf } from './fault-of.ts';
import { compile } from './fixture.ts';

const counts = [1, 4, 5, 6, 16, 17, 24] as const;
const parameters = (count: number) => Array.from({ length: count }, (_, i) => `unsigned char *b${i}`).join(', ');
const source = counts
  .map(
    (count) => `int sum${count}(int at, ${parameters(count)}) {
  unsigned char *all[] = {${Array.from({ length: count }, (_, i) => `b${i}`).join(', ')}};
  int sum = 0;
  for (int i = 0; i < ${count}; i++) { sum += all[i][at]; all[i][0]++; }
  return sum;
}
int past${count}(int which, int offset, ${parameters(count)}) {
  unsigned char *all[] = {${Array.from({ length: count }, (_, i) => `b${i}`).join(', ')}};
  return *(volatile unsigned char *)(all[which] + offset);
}`,
  )
  .join('\n');

let session: Session;
let library: Library;

const sum = (count: number): CFunction =>
  library.function(`sum${count}`, { returns: 'int', arguments: ['int', ...Array(count).fill('unsigned char *')] });
const past = (count: number): CFunction =>
  library.function(`past${count}`, {
    returns: 'int',
    arguments: ['int', 'int', ...Array(count).fill('const unsigned char *')],
  });
const buffers = (count: number, sizeBytes: number) =>
  Array.from({ length: count }, (_, i) => new Uint8Array(sizeBytes).fill(i + 1));
const total = (count: number) => (count * (count + 1)) / 2;
const inaccessible = () => mappingsOf(session.executor.pid!).filter((line) => / ---s /.test(line)).length;

beforeEach(() => {
  session = openSession({ ffi: 'native' });
  library = session.library(compile('slots', source));
});
afterEach(() => session.close());

test.each(counts)('%i buffers in one call: all go in, and what C wrote comes back', (count) => {
  for (const sizeBytes of [8, 3000, 60_000]) {
    const given = buffers(count, sizeBytes);
    expect(sum(count)(sizeBytes - 1, ...given)).toBe(total(count));
    expect(given.map((bytes) => bytes[0])).toEqual(given.map((_, i) => i + 2));
  }
});

test.each(counts)('each of %i buffers ends at an inaccessible page, and the report names it', (count) => {
  for (const sizeBytes of [8, 60_000])
    for (const which of new Set([0, count >> 1, count - 1])) {
      const caught = faultOf(() => past(count)(which, sizeBytes, ...buffers(count, sizeBytes)));
      // What no slot holds ends at a page too, but belongs to no argument that is known.
      const inSlot = which < (sizeBytes === 8 ? smallSlot.count + mediumSlot.count : mediumSlot.count);
      if (inSlot) expect(caught.fault.argument).toMatchObject({ position: which + 3, offset: sizeBytes, sizeBytes });
      expect(caught.fault.kind).toBe('MemoryViolation');
      expect(caught.answer(7)).toBe(7);
      expect(sum(count)(0, ...buffers(count, sizeBytes))).toBe(total(count));
    }
});

test('a process whose calls need few has few mappings; they come with the first call that needs more, and stay', () => {
  sum(4)(0, ...buffers(4, 8));
  const few = inaccessible();
  sum(5)(0, ...buffers(5, 8));
  const all = inaccessible();
  expect(all).toBeGreaterThan(few + smallSlot.count - smallSlot.first);
  sum(24)(0, ...buffers(24, 8));
  expect(inaccessible()).toBe(all);
});

test('a rollback to before they were opened, a restart: they are opened again', () => {
  const before = session.checkpoint();
  expect(sum(16)(0, ...buffers(16, 8))).toBe(total(16));
  before.rollback();
  expect(sum(16)(0, ...buffers(16, 8))).toBe(total(16));
  const after = session.checkpoint();
  expect(sum(16)(0, ...buffers(16, 8))).toBe(total(16));
  after.rollback();
  expect(sum(16)(0, ...buffers(16, 8))).toBe(total(16));
  session.restart();
  expect(sum(16)(0, ...buffers(16, 8))).toBe(total(16));
});

test('several lanes: each has its own', () => {
  const first = faultOf(() => past(16)(15, 8, ...buffers(16, 8)));
  const second = faultOf(() => past(24)(23, 8, ...buffers(24, 8)));
  expect(sum(17)(0, ...buffers(17, 8))).toBe(total(17));
  expect([first.fault.argument?.position, second.fault.argument?.position]).toEqual([18, 26]);
  expect([first.answer(1), second.answer(2)]).toEqual([1, 2]);
});

test('callouts nested in callbacks share a lane and its slots', () => {
  const qsort = session
    .library('libc.so.6')
    .function('qsort', { returns: 'void', arguments: ['void *', 'size_t', 'size_t', 'void *'] });
  const results: unknown[] = [];
  const inner = sum(5);
  const compare = session.callback({ returns: 'int', arguments: ['void *', 'void *'] }, () => {
    results.push(inner(0, ...buffers(5, 8)));
    return 0;
  });
  qsort(Uint8Array.of(2, 1), 2, 1, compare);
  expect(results.length).toBeGreaterThan(0);
  expect(new Set(results)).toEqual(new Set([total(5)]));
});
