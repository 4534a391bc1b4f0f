import { describe, expect, test } from '@jest/globals';
import { KernelImage } from './kernel-image.ts';

const image = new KernelImage({ collectionIntervalBytes: 1 << 17, edenBytes: 1 << 19 });

describe('contexts', () => {
  test('a context reports its own pc, receiver, method and stack while it is active', () => {
    expect(image.print('thisContext receiver')).toBe('nil');
    expect(image.print('thisContext method selector')).toBe('#DoIt');
    expect(image.print('| a | a := thisContext pc. thisContext pc > a')).toBe('true');
    expect(image.print('| a b | a := 5. b := 6. { thisContext tempAt: 1. (thisContext tempAt: 2) }')).toBe('#(5 6)');
  });

  test('code that is run again and again through recycled contexts keeps its temps apart', () => {
    expect(
      image.print(
        '| f | f := nil. f := [ :n | n < 2 ifTrue: [ n ] ifFalse: [ (f value: n - 1) + (f value: n - 2) ] ]. f value: 18',
      ),
    ).toBe('2584');
  });

  test('blocks that outlive their home read its temps, however much ran in between', () => {
    expect(
      image.print(
        '| blocks | blocks := (1 to: 50) collect: [ :i | | t | t := i * 10. [ t := t + 1 ] ]. 1 to: 500 do: [ :k | k printString ]. (blocks inject: 0 into: [ :sum :b | sum + b value ])',
      ),
    ).toBe('12800');
  });

  test('a walk over all contexts meets none that is in use by nobody', () => {
    expect(
      image.print('(Context allInstances select: [ :c | c sender notNil and: [ c sender isContext not ] ]) size'),
    ).toBe('0');
    expect(image.damage()).toEqual([]);
  });

  test('become: of the receiver in mid-method goes on with the other object', () => {
    expect(
      image.print(
        "| a b | a := 'first' copy. b := 'second' copy. (Array with: a) elementsExchangeIdentityWith: (Array with: b). a , b",
      ),
    ).toBe("'secondfirst'");
  });

  test('an exception walks, resumes and unwinds through contexts that collections move', () => {
    expect(
      image.print(
        '| n | n := 0. 1 to: 200 do: [ :i | [ [ (1 to: 50) do: [ :k | k = 25 ifTrue: [ n := n + Warning signal. k printString ]. k = 40 ifTrue: [ Error signal ] ] ] on: Warning do: [ :e | e resume: (Array new: 20) size ] ] on: Error do: [ :e | e return: 0 ] ]. n',
      ),
    ).toBe('4000');
  });
});
