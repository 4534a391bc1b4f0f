import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GraphModel, KINDS, type Step } from './graph-model.ts';

const choice = fc.nat({ max: 0xffffff });
const step: fc.Arbitrary<Step> = fc.record({
  action: fc.constantFrom(
    'allocate',
    'allocate',
    'allocate',
    'store',
    'store',
    'store',
    'drop',
    'collect',
    'exchange',
    'forward',
  ),
  kind: fc.constantFrom(...KINDS),
  a: choice,
  b: choice,
  c: choice,
});

describe('random object graphs', () => {
  test('survive any mix of allocation, stores, become: and collections with shape, contents and identity hashes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const model = new GraphModel();
        for (const each of steps) model.run(each);
        model.collect();
        expect(model.differences()).toEqual([]);
        model.collect();
        expect(model.differences()).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
