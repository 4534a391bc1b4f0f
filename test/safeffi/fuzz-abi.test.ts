/**
 * The command that tries random functions: what it takes, that a wrong ABI is noticed, and that a mismatch is made small.
 */
import { describe, expect, test } from '@jest/globals';
import { abiExecutors } from './abi-executors.ts';
import { shrink, wantedOf } from './fuzz-abi.ts';
import { randomSignature, type SignatureCase } from './random-signature.ts';

describe('the command line', () => {
  test('a count, a seed and an executor', () => {
    expect(wantedOf(['100', '--seed', '7', '--executor', 'native'])).toMatchObject({ count: 100, seed: 7 });
    expect(wantedOf(['100'])).toMatchObject({ executors: abiExecutors });
  });

  test.each([
    [['x'], 'x is no count of functions: expected 1 or more'],
    [['0'], '0 is no count of functions: expected 1 or more'],
    [['1', '2'], '2 is one argument too many: expected how many functions to try'],
    [['1', '--seed', 'x'], 'x is no seed: expected an integer from 0 to 2147483647'],
  ])('%j is refused', (args, sentence) => {
    expect(wantedOf(args)).toBe(sentence);
  });

  test('an unknown executor is refused with those that there are', () => {
    expect(wantedOf(['1', '--executor', 'other'])).toMatch(/^there is no executor other: expected one of native, /);
  });
});

test('a mismatch is shrunk to what is needed for it', () => {
  const wrong = (one: SignatureCase) => {
    const isWrong = one.signature.arguments.some((type) => type.kind === 'float');
    return isWrong ? { case: one, executor: 'none', sentence: 'a float' } : undefined;
  };
  let seed = 1;
  while (randomSignature(seed).signature.arguments.length < 12 || !wrong(randomSignature(seed))) seed++;
  const { signature } = shrink(wrong(randomSignature(seed))!, wrong).case;
  expect(signature.arguments.map(({ kind }) => kind)).toEqual(['float']);
  expect(signature.returns.kind).toBe('void');
});
