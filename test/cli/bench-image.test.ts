/** `safeffi bench image`: its parts, each once; the figures themselves are no test's business. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { CheckoutPath } from '../../cli/checkout.ts';
import { safeffi } from './command.ts';

const script = fileURLToPath(new URL('../../bench/image-process.js', import.meta.url));
const numbers = (...args: string[]): number[] =>
  JSON.parse(execFileSync(process.execPath, ['--expose-gc', script, ...args], { encoding: 'utf8', timeout: 100_000 }));

describe('a process that measures an image', () => {
  test('loads and writes it, and answers the milliseconds of both', () => {
    const [load, write] = numbers('first', CheckoutPath.kernelImage);
    expect(load).toBeGreaterThan(0);
    expect(write).toBeGreaterThan(0);
  });

  test('answers what is resident and the JavaScript heap, which is less', () => {
    for (const args of [['bare'], ['memory', CheckoutPath.kernelImage]]) {
      const [resident = 0, heap = 0] = numbers(...args);
      expect(heap).toBeGreaterThan(1e6);
      expect(resident).toBeGreaterThan(heap);
    }
  });
});

test('bench image names the folder in which SqueakJS is not', () => {
  const { status, stderr } = safeffi(['bench', 'image', '--squeakjs', '/nowhere']);
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: 'safeffi: --squeakjs /nowhere: there is no squeak_node.js, expected a checkout of SqueakJS\n',
  });
});
