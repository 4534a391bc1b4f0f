/** The classic kernels do the same work in Smalltalk and in plain JavaScript: what `bench vm` compares is comparable. */
import { describe, expect, test } from '@jest/globals';
import { KERNELS } from '../../bench/vm-kernels.ts';
import { CheckoutPath } from '../../cli/checkout.ts';
import { ImageSession } from '../../cli/image-session.ts';
import { loadSources } from '../../cli/load-sources.ts';
import { readSourceTree } from '../../image/builder/source-tree.ts';
import { TEST_HEAP_BYTES } from '../heap-limit.ts';

const session = ImageSession.open(CheckoutPath.kernelImage, { heapLimitBytes: TEST_HEAP_BYTES });

describe('a kernel of bench vm', () => {
  test('loads into the kernel image with the others', () => {
    expect(loadSources(session, readSourceTree([CheckoutPath.benchmarks]), () => undefined)).toBeUndefined();
  });

  test.each(KERNELS)('$name computes the same in both languages', ({ className, run, expected }) => {
    expect(run()).toBe(expected);
    const outcome = session.evaluate(`${className} run`);
    if (outcome.kind !== 'value') throw new Error(`${className} ended with ${outcome.kind}`);
    expect(session.memory.integerValueOf(outcome.oop)).toBe(BigInt(expected));
  });
});
