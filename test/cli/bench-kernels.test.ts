/**
 * The classic kernels do the same work in Smalltalk and in plain JavaScript: what `bench vm` compares is comparable. What DeltaBlue,
 * Havlak and CD have to answer is computed here in another way, for other sizes too.
 */
import { describe, expect, test } from '@jest/globals';
import { countMeetings, countMeetingsOfAll } from '../../bench/kernels/cd.ts';
import { runChain, runProjection } from '../../bench/kernels/delta-blue.ts';
import { summarizeLoops } from '../../bench/kernels/havlak.ts';
import { SortedMap } from '../../bench/kernels/sorted-map.ts';
import { KERNELS } from '../../bench/vm-kernels.ts';
import { CheckoutPath } from '../../cli/checkout.ts';
import { ImageSession } from '../../cli/image-session.ts';
import { loadSources } from '../../cli/load-sources.ts';
import { readSourceTree } from '../../image/builder/source-tree.ts';
import { TEST_HEAP_BYTES } from '../heap-limit.ts';

const session = ImageSession.open(CheckoutPath.kernelImage, { heapLimitBytes: TEST_HEAP_BYTES });

function evaluate(source: string): bigint | undefined {
  const outcome = session.evaluate(source);
  if (outcome.kind !== 'value') throw new Error(`${source} ended with ${outcome.kind}`);
  return session.memory.integerValueOf(outcome.oop);
}

describe('a kernel of bench vm', () => {
  test('loads into the kernel image with the others', () => {
    expect(loadSources(session, readSourceTree([CheckoutPath.benchmarks]), () => undefined)).toBeUndefined();
  });

  test.each(KERNELS)('$name computes the same in both languages', ({ className, run, expected }) => {
    expect(run()).toBe(expected);
    expect(evaluate(`${className} run`)).toBe(BigInt(expected));
  });

  test.each([1, 2, 31])(
    'DeltaBlue carries 0 to 99 through %i equalities, by a plan of as many and the edit',
    (length) => {
      const expected = (99 * 100) / 2 + length + 1;
      expect(runChain(length)).toBe(expected);
      expect(evaluate(`BenchDeltaBlue new chain: ${length}`)).toBe(BigInt(expected));
    },
  );

  test.each([1, 2, 31])('DeltaBlue computes %i projections forward and one of them backward', (length) => {
    const others = ((length - 1) * (length - 2)) / 2;
    const total = (last: number, scale: number, offset: number): number =>
      (others + last) * (1 + scale) + length * offset;
    const totals = total(17, 10, 1000) + total(5, 10, 1000) + total(5, 5, 1000) + total(5, 5, 2000);
    const plans = 2 + 2 + 2 * (length + 1);
    expect(runProjection(length)).toBe(totals + plans);
    expect(evaluate(`BenchDeltaBlue new projection: ${length}`)).toBe(BigInt(totals + plans));
  });

  test.each([0, 1, 3])('Havlak finds the loops of which a graph of %i rows was made', (rows) => {
    const loops = 3 + rows * 4 * (1 + 5 * 3);
    const entered = 1;
    const nesting = rows === 0 ? 3 : 6;
    const blocks = 11 + rows * (1 + 4 * (2 + 5 * 11));
    const expected = ((loops * 100 + entered) * 100 + nesting) * 100_000 + blocks;
    expect(summarizeLoops(rows)).toBe(expected);
    expect(evaluate(`BenchHavlak new summarizeLoops: ${rows}`)).toBe(BigInt(expected));
  });

  test.each([1, 5, 17])('CD finds in the squares of %i frames what comparing every two finds', (frames) => {
    const expected = countMeetingsOfAll(frames);
    expect(countMeetings(frames)).toBe(expected);
    expect(evaluate(`BenchCD new countMeetings: ${frames}`)).toBe(BigInt(expected));
  });

  test("CD's sorted map keeps in order what was put and not removed", () => {
    const numbered = (number: number) => ({
      number,
      compareTo: (other: { readonly number: number }): number => number - other.number,
    });
    const map = new SortedMap<ReturnType<typeof numbered>, number>();
    const kept = new Map<number, number>();
    for (let i = 0; i < 400; i++) {
      map.put(numbered((i * 37) % 101), i);
      kept.set((i * 37) % 101, i);
      map.remove(numbered((i * i) % 89));
      kept.delete((i * i) % 89);
    }
    const entries: [number, number][] = [];
    map.forEach(({ number }, value) => {
      entries.push([number, value]);
    });
    expect(entries.length).toBeGreaterThan(20);
    expect(entries).toEqual([...kept].sort(([one], [other]) => one - other));
    const sum = entries.reduce((hash, [number, value]) => (hash * 31 + number * 1000 + value) % 1_000_003, 0);
    const inSmalltalk = `| map hash | map := BenchSortedMap new. hash := 0.
      0 to: 399 do: [ :i | map at: (BenchCallSign number: i * 37 \\\\ 101) put: i.
        map remove: (BenchCallSign number: i * i \\\\ 89) ].
      map do: [ :sign :value | hash := hash * 31 + (sign number * 1000) + value \\\\ 1000003 ]. hash`;
    expect(evaluate(inSmalltalk)).toBe(BigInt(sum));
  });

  test('DeltaBlue refuses two required constraints of one variable, and the next run is as it should be', () => {
    const conflict = `| planner variable | planner := BenchPlanner new. variable := BenchVariable value: 1.
      2 timesRepeat: [ (BenchStayConstraint on: variable strength: BenchStrength required) addTo: planner ]`;
    const refused = `error messageText = 'a required constraint cannot be satisfied'`;
    expect(evaluate(`[ ${conflict}. 0 ] on: Error do: [ :error | ${refused} ifTrue: [ 1 ] ifFalse: [ 2 ] ]`)).toBe(1n);
    expect(evaluate('BenchDeltaBlue new chain: 3')).toBe(4954n);
  });
});
