/** A recursion as deep as the heap has room for, and one that is deeper. Without assertions: they look at each frame. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CheckoutPath } from '../../cli/checkout.ts';
import { Smalltalk } from '../../embedding/index.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';

const written: string[] = [];
const smalltalk = new Smalltalk(readFileSync(CheckoutPath.kernelImage), {
  heapLimitBytes: 256 << 20,
  write: (text) => written.push(text),
});
smalltalk.evaluate("Object compile: 'deep: n ^ n = 0 ifTrue: [ 0 ] ifFalse: [ 1 + (self deep: n - 1) ]'");
smalltalk.evaluate("Object compile: 'fail: n ^ n = 0 ifTrue: [ Error signal: #bottom ] ifFalse: [ self fail: n - 1 ]'");
smalltalk.evaluate("Object compile: 'endless: n ^ 1 + (self endless: n + 1)'");

describe('recursion', () => {
  test('of a million frames returns', () => {
    expect(smalltalk.evaluate('nil deep: 1000000')).toBe(1_000_000);
  });

  test('through a million frames, the handler and the unwind block at its bottom are found', () => {
    expect(
      smalltalk.evaluate(
        '| log | log := OrderedCollection new. [ [ nil fail: 1000000 ] ensure: [ log add: #unwound ] ] on: Error do: [ :e | log add: e messageText ]. log asArray',
      ),
    ).toEqual(['bottom', 'unwound']);
  });

  test('without end ends as OutOfMemory, which can be handled', () => {
    expect(
      smalltalk.evaluate(
        '| b | [ b := [ :n | (b value: n + 1) + 1 ]. b value: 0 ] on: OutOfMemory do: [ :e | e return: #full ]',
      ),
    ).toBe('full');
  });

  test('without end is an error in its process alone; the others go on, and so does the next call', () => {
    expect(
      smalltalk.evaluate(
        '| ended ticks | ticks := 0. ended := false. [ [ nil endless: 1 ] ensure: [ ended := true ] ] fork. [ ended ] whileFalse: [ ticks := ticks + 1. Processor yield ]. { ended. ticks > 0 }',
      ),
    ).toEqual([true, true]);
    expect(written.join('')).toMatch(/^OutOfMemory/);
    expect(written.join('')).not.toContain('not understood');
    expect(smalltalk.evaluate('nil deep: 1000')).toBe(1000);
    smalltalk.vm.collectGarbage();
    expect(new HeapVerifier(smalltalk.vm.memory).verify()).toEqual([]);
  });
});
