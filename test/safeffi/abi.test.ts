/**
 * Where arguments and results go, by brute force: random functions against what the C compiler does with them, on every
 * executor. `npm run fuzz:abi -- 100000` tries others.
 */
import { describe, expect, test } from '@jest/globals';
import { planFrame } from '../../safeffi/abi/system-v-x86-64.ts';
import { declarationText, parseSignature } from '../../safeffi/index.ts';
import { abiExecutors } from './abi-executors.ts';
import { libraryText, mostArguments, randomSignature } from './random-signature.ts';
import { runSignatures } from './run-signatures.ts';

const firstSeed = 20180331;
const signatureCount = 2000;
const filesOf = 500;
const cases = Array.from({ length: signatureCount }, (_, index) => randomSignature(firstSeed + index));

test.each(abiExecutors)(`$name: ${signatureCount} random functions from seed ${firstSeed} on`, (one) => {
  const executor = one.open();
  try {
    for (let start = 0; start < signatureCount; start += filesOf) {
      const some = cases.slice(start, start + filesOf);
      const library = one.compile('abi', libraryText(some));
      executor.loadLibrary(library);
      const mismatches = runSignatures(executor, library, some).map(
        ({ case: { seed, name, signature }, sentence }) =>
          `seed ${seed}: ${signature.returns.name} ${declarationText(name, signature)}: ${sentence}`,
      );
      expect(mismatches).toEqual([]);
    }
  } finally {
    executor.close();
  }
});

describe('the random functions', () => {
  test('cover what there is to cover', () => {
    const signatures = cases.map(({ signature }) => signature);
    const types = signatures.flatMap(({ returns, arguments: args }) => [returns, ...args]);
    const kinds = new Set(types.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(['bool', 'float', 'pointer', 'signed', 'struct', 'union', 'unsigned', 'void']);
    const counts = new Set(signatures.map(({ arguments: args }) => args.length));
    for (let count = 0; count <= mostArguments; count++) expect(counts).toContain(count);
    expect(cases.filter(({ packed }) => packed).length).toBeGreaterThan(100);
    expect(signatures.filter(({ variadicFrom }) => variadicFrom !== undefined).length).toBeGreaterThan(100);
  });

  test('follow from their seed', () => {
    expect(randomSignature(firstSeed)).toEqual(cases[0]);
  });
});

test('x86-64: five arguments of any mix fit the frame line', () => {
  const plan = (...args: string[]) => planFrame('f', parseSignature('f', { returns: 'void', arguments: args }));
  expect(plan('int', 'double', 'int', 'double', 'int')).toEqual({ words: [[8], [40], [16], [32], [24]], control: 2 });
  expect(plan('int', 'int', 'int', 'int', 'int', 'int').control).toBe(0x100);
});
