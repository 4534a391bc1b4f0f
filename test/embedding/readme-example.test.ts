/** The example in the README is what it says: it is taken out, run as it stands, and prints what its comments promise. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../../', import.meta.url));

test('the embedding example of the README runs in ten lines and prints what it promises', () => {
  const readme = readFileSync(`${root}README.md`, 'utf8');
  const code = /## Inside your program\n\n```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  if (code === undefined) throw new Error('the README has no example under "Inside your program"');
  expect(code.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(10);
  // Inside the package, so that it finds the package by its name.
  const file = `${root}dist/test/embedding/readme-example.mjs`;
  writeFileSync(file, code);
  try {
    const printed = execFileSync(process.execPath, [file], { encoding: 'utf8', timeout: 60_000 });
    expect(printed).toBe('55\n42\nSmalltalk says hello\n');
  } finally {
    rmSync(file);
  }
});
