import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ACTIONS, GraphModel, type Step } from './graph-model.ts';
import { KINDS } from './model-node.ts';

const choice = fc.nat({ max: 0xffffff });
const step: fc.Arbitrary<Step> = fc.record({
  action: fc.constantFrom('allocate', 'allocate', 'store', 'store', 'store', 'scavenge', ...ACTIONS),
  kind: fc.constantFrom(...KINDS),
  a: choice,
  b: choice,
  c: choice,
});

/** No new space; one that a few objects fill; one that holds all that a run makes. */
const EDEN_BYTES = [0, 8 << 10, 256 << 10];

describe('random object graphs', () => {
  test.each(EDEN_BYTES)(
    'survive any mix of allocation, stores, become:, pins, weak references, ephemerons and collections: eden of %i bytes',
    (edenBytes) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
          const model = new GraphModel(edenBytes);
          for (const each of steps) model.run(each);
          model.scavenge();
          expect(model.differences()).toEqual([]);
          model.collect();
          expect(model.differences()).toEqual([]);
          model.collect();
          expect(model.differences()).toEqual([]);
        }),
        { numRuns: 150 },
      );
    },
  );
});
