/** `safeffi doctor`: each check has a name of its own, and what is missing comes with a way to get it. */
import { existsSync, symlinkSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { CheckoutPath } from '../../cli/checkout.ts';
import { Scratch, safeffi } from './command.ts';

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly fix: string | null;
}

const scratch = new Scratch();
const checksOf = (stdout: string): Check[] => JSON.parse(stdout).checks;

test('doctor finds what this machine needs to run callouts', () => {
  const { status, stdout, stderr } = safeffi(['doctor', '--json']);
  expect({ status, stderr, schema: JSON.parse(stdout).schema }).toEqual({ status: 0, stderr: '', schema: 1 });
  const checks = checksOf(stdout);
  expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
  for (const name of ['node', 'kernel image', 'koffi', 'portable executor', 'direct executor', 'memory of C'])
    expect(checks.find((each) => each.name === name)).toMatchObject({ ok: true, fix: null });
  if (existsSync(CheckoutPath.executor))
    for (const name of ['checkpoints', 'callbacks'])
      expect(checks.find((each) => each.name === name)?.detail).toMatch(/^one took \d+ µs$/);
});

test('doctor without a compiler on the PATH says how to get one, and that callouts work all the same', () => {
  symlinkSync(process.execPath, scratch.file('node'));
  const { status, stdout } = safeffi(['doctor', '--json'], { env: { PATH: scratch.path, CC: '' } });
  expect(status).toBe(0);
  const compiler = checksOf(stdout).find(({ name }) => name === 'compiler');
  expect(compiler).toEqual({
    name: 'compiler',
    ok: false,
    detail: 'cc was not found',
    fix: 'a C compiler builds the native executor; Debian: apt install gcc',
  });
  expect(checksOf(stdout).find(({ name }) => name === 'portable executor')?.ok).toBe(true);
});

test('doctor prints a line a check for people, and one more where something is missing', () => {
  const { stdout } = safeffi(['doctor'], { env: { PATH: scratch.path } });
  expect(stdout).toMatch(/^ok {6}node: v\d+/);
  expect(stdout).toMatch(/\nmissing make: make was not found\n {8}make builds the native executor/);
});
