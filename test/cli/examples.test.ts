/** Every example runs, and says what it says. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { CheckoutPath } from '../../cli/checkout.ts';
import { safeffi } from './command.ts';

const folder = fileURLToPath(new URL('../../../examples', import.meta.url));
const isNative = existsSync(CheckoutPath.executor);

const outputs: Readonly<Record<string, string | RegExp>> = {
  'first-fault.st':
    /^SafeFFI demo success\n[\s\S]*MemoryViolation: [\s\S]*The object memory is intact: 0 problems in \d+ objects, after \d faults in C\.\n$/,
  'qsort.st':
    /^sorted by C: #\(-4 6 9 15 31 53 58 92\), \d+ comparisons in Smalltalk\ngiven up: I do not like 53\nabs\(-3\) is 3\n$/,
  'structures.st': `17 divided by 5: 3, remainder 2
DivisionResult ( quot: 3, rem: 2 )
the clock has gone past 2020: true
127.0.0.1 is 127.0.0.1
`,
  'zlib.st': /^compress: 0, 1018 bytes became \d+\nuncompress: 0, the same text: true\n$/,
  'rollback.st': `counter is 100 when strlen(NULL) stops
counter is 1 after the rollback
locale within: 'C.UTF-8'
locale after:  'C'
`,
  'deadline.st': `stopped after its deadline of 100 ms
sleep() was left
another process counted meanwhile: true
`,
};

test('each example is listed here', () => {
  expect(
    readdirSync(folder)
      .filter((name) => name.endsWith('.st'))
      .sort(),
  ).toEqual(Object.keys(outputs).sort());
});

/** Those that C calls back from or that go back to a checkpoint need the native executor. */
const needsNative = ['qsort.st', 'rollback.st'];
const hasZlib = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/lib64', '/usr/lib64'].some((place) =>
  existsSync(join(place, 'libz.so.1')),
);

test.each(Object.entries(outputs))('%s', (name, output) => {
  if (name === 'zlib.st' && !hasZlib) return;
  if (needsNative.includes(name) && !isNative) return;
  const { stdout, stderr, status } = safeffi(['run', join(folder, name)]);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  if (typeof output === 'string') expect(stdout).toBe(output);
  else expect(stdout).toMatch(output);
});
