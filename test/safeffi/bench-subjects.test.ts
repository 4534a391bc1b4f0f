/**
 * The subjects of `safeffi bench callout` run on each executor, and koffi's beside them; how long they take is not tested.
 */
import { expect, test } from '@jest/globals';
import { koffiSubjects, sessionSubjects } from '../../bench/callout-subjects.ts';
import { measureIpc, measurePipe } from '../../bench/channels.ts';
import type { Measurement } from '../../bench/measure.ts';
import { openSession } from '../../safeffi/index.ts';

const few = { batches: 2, batch: 2, singles: 20 };
const expectFigures = ({ median, p99, runs }: Measurement) => {
  expect(median).toBeGreaterThan(0);
  expect(p99).toBeGreaterThanOrEqual(0);
  expect(runs).toBeGreaterThan(0);
};

test.each(['native', 'portable', 'direct'] as const)('%s', (ffi) => {
  const session = openSession({ ffi });
  const subjects = sessionSubjects(session, few);
  for (const [, run] of subjects) expectFigures(run());
  const names = subjects.map(([name]) => name);
  expect(names.includes('abs(int), 1000 in a batch')).toBe(ffi === 'native');
  session.close();
});

test('koffi', () => {
  for (const [, run] of koffiSubjects(few)) expectFigures(run());
});

test("Node's IPC and a pipe", async () => {
  expectFigures(await measureIpc(few));
  expectFigures(measurePipe(few));
});
