/** What `safeffi bench napi` measures runs on the shims; how long it takes is not tested. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { NapiRow } from '../../bench/napi-rows.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const script = fileURLToPath(new URL('../../bench/napi-subject.js', import.meta.url));
const few = JSON.stringify({ batches: 2, batch: 2, singles: 20 });

test.each(['safe', 'direct'] as const)('in %s mode every row has figures', (mode) => {
  const args = ['--expose-gc', '--no-warnings', script, mode, root, few];
  const ran = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 100_000, killSignal: 'SIGKILL' });
  expect({ status: ran.status, stderr: ran.stderr }).toEqual({ status: 0, stderr: '' });
  const rows = JSON.parse(ran.stdout) as NapiRow[];
  expect(rows.map(({ name }) => name)).toEqual([
    'int(int)',
    'double(double, double)',
    'a string of 40 bytes',
    'a struct by value, in',
    'a struct by value, out',
    'callback int(void *, void *)',
    'ref.alloc of an int',
    'a thousand live Buffers',
  ]);
  for (const { unit, median, runs } of rows) {
    expect(runs).toBeGreaterThan(0);
    if (unit === 'ns') expect(median).toBeGreaterThan(0);
  }
});
