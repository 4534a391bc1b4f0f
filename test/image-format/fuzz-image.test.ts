/** A short fixed run of what `npm run fuzz:image` does for long, for each format that is there. */
import { describe, expect, test } from '@jest/globals';
import { complaintAbout, damaged, numbersFrom, subjects } from './damage.ts';

const RUNS = 30;

describe('a damaged image file is refused with a sentence, or loaded into a heap whose faults the verifier names', () => {
  test.each(subjects().map(({ name, bytes }) => [name, bytes] as const))('%s', (_name, bytes) => {
    expect(complaintAbout(bytes)).toBeUndefined();
    for (let seed = 1; seed <= RUNS; seed++) {
      const complaint = complaintAbout(damaged(bytes, numbersFrom(seed)));
      expect({ seed, complaint }).toEqual({ seed, complaint: undefined });
    }
  });
});
