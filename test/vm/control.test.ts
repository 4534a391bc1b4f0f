import { describe, expect, test } from '@jest/globals';
import { smallIntegerOop } from '../../vm/memory/oop.ts';
import { KernelImage } from './kernel-image.ts';

const image = new KernelImage({ collectionIntervalBytes: 1 << 20 });

describe('returns', () => {
  test('a block returns from its home through the frames between', () => {
    expect(image.print('#(1 2 3 4) do: [ :x | x > 2 ifTrue: [ ^ x ] ]. 0')).toBe('3');
  });

  test('a return from a block runs the unwind blocks on its way, innermost first', () => {
    expect(
      image.print(
        '| log | log := OrderedCollection new. [ [ [ :k | k value ] value: [ log add: 0 ] ] ensure: [ log add: 1 ] ] ensure: [ log add: 2 ]. log asArray',
      ),
    ).toBe('#(0 1 2)');
    expect(
      image.print('Smalltalk at: #Log put: OrderedCollection new. [ ^ 7 ] ensure: [ (Smalltalk at: #Log) add: 1 ]'),
    ).toBe('7');
    expect(image.print('(Smalltalk at: #Log) asArray')).toBe('#(1)');
  });

  test('a block whose home is gone cannot return', () => {
    image.print('Smalltalk at: #Dead put: [ ^ 3 ]');
    expect(image.print('(Smalltalk at: #Dead) value')).toMatch(/^BlockCannotReturn: /);
  });

  test('a context that thisContext names is not used again', () => {
    expect(
      image.print(
        '| a b make | make := [ :n | thisContext ]. a := make value: 1. b := make value: 2. { a == b. a tempAt: 1. b tempAt: 1 }',
      ),
    ).toBe('#(false 1 2)');
  });

  test('senders of a context that Smalltalk holds stay what they were while code runs', () => {
    expect(
      image.print(
        '| c | c := [ [ thisContext ] value ] value. 1 to: 1000 do: [ :i | [ :x | x printString ] value: i ]. c method printString',
      ),
    ).toMatch(/\[/);
  });
});

describe('exceptions', () => {
  test('100,000 signals that are resumed leave the stack as it was', () => {
    expect(
      image.print(
        '| n | n := 0. 1 to: 100000 do: [ :i | [ n := n + Warning signal ] on: Warning do: [ :e | e resume: 1 ] ]. n',
      ),
    ).toBe('100000');
  });

  test('retry runs the protected block again', () => {
    expect(
      image.print('| n | n := 0. [ n := n + 1. n < 4 ifTrue: [ Error signal ]. n ] on: Error do: [ :e | e retry ]'),
    ).toBe('4');
  });

  test('an unhandled error ends the call, and the host may resume it with a value', () => {
    const unhandled = image.run('(1 foo) + 1');
    if (unhandled.kind !== 'unhandled') throw new Error(`ended with ${unhandled.kind}`);
    const resumed = image.vm.resume(unhandled.process, smallIntegerOop(41));
    expect(resumed).toEqual({ kind: 'value', oop: smallIntegerOop(42) });
  });

  test('a value that is no Boolean where one is wanted is an error', () => {
    expect(image.print('3 ifTrue: [ 4 ]')).toMatch(/^NonBooleanReceiver: /);
  });
});

describe('perform:', () => {
  test('arguments of an Array are passed, however full the caller stack is', () => {
    expect(image.print('3 perform: #between:and: withArguments: #(1 5)')).toBe('true');
    expect(
      image.print(
        '{ 1. 2. 3. 4. 5. 6. 7. 8. 9. 10. 11. 12. [ :a :b :c :d :e :f :g :h :i :j | a + j ] valueWithArguments: (1 to: 10) asArray } last',
      ),
    ).toBe('11');
  });
});

describe('processes', () => {
  test('a process of higher priority runs at once, one of the same waits for its turn', () => {
    expect(
      image.print(
        '| log | log := OrderedCollection new. [ log add: 1 ] forkAt: Processor activePriority + 1. [ log add: 3 ] fork. log add: 2. Processor yield. log asArray',
      ),
    ).toBe('#(1 2 3)');
  });

  test('wait blocks until a signal, signals are counted', () => {
    expect(
      image.print(
        '| s log | s := Semaphore new. log := OrderedCollection new. [ s wait. log add: 2. s wait. log add: 3 ] fork. Processor yield. log add: 1. s signal; signal. Processor yield. log asArray',
      ),
    ).toBe('#(1 2 3)');
  });

  test('a Delay waits on the host clock', () => {
    const before = image.host.now;
    expect(image.print('(Delay forMilliseconds: 250) wait. 5')).toBe('5');
    expect(image.host.now - before).toBeGreaterThanOrEqual(249);
  });

  test('a call that waits for what never comes ends as stuck', () => {
    expect(image.run('Semaphore new wait').kind).toBe('stuck');
  });

  test('a process that terminates itself ends its call, after its unwind blocks', () => {
    image.print('Smalltalk at: #Log put: OrderedCollection new');
    expect(image.run('[ Processor terminateActive ] ensure: [ (Smalltalk at: #Log) add: 1 ]').kind).toBe('terminated');
    expect(image.print('(Smalltalk at: #Log) asArray')).toBe('#(1)');
  });

  test('an interrupt ends an endless loop', () => {
    image.host.interrupts = 1;
    expect(image.run('[ true ] whileTrue').kind).toBe('interrupted');
  });

  test('quit ends the call with its exit code, and none can be made afterwards', () => {
    const other = new KernelImage();
    expect(other.run('Smalltalk exit: 7')).toEqual({ kind: 'quit', exitCode: 7 });
    expect(other.run('3')).toEqual({ kind: 'quit', exitCode: 7 });
  });
});

describe('memory', () => {
  test('an allocation that no heap can hold is OutOfMemory', () => {
    expect(image.print('Array new: 1000000000')).toMatch(/^OutOfMemory: /);
  });

  test('the heap is whole after all this', () => {
    expect(image.damage()).toEqual([]);
  });
});
