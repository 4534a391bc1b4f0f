/** What a Smalltalk program sees of its memory, in a VM whose heap is verified around every collection. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { KernelImage } from '../vm/kernel-image.ts';

let image: KernelImage;

beforeAll(() => {
  image = new KernelImage({ edenBytes: 1 << 20 });
  image.run(
    "(Object << #MemoryTestEphemeron layout: EphemeronLayout; slots: { #key. #value }; package: 'MemoryTests') install",
  );
});

describe('finalization', () => {
  test('an ephemeron whose key dies wakes who waits for the finalization semaphore, and is fetched once', () => {
    expect(
      image.print(`| ephemeron log semaphore |
        log := OrderedCollection new.
        semaphore := Semaphore new.
        Smalltalk finalizationSemaphore: semaphore.
        ephemeron := (Smalltalk at: #MemoryTestEphemeron) new.
        ephemeron instVarAt: 1 put: (Array with: 3); instVarAt: 2 put: 'value'.
        [ semaphore wait. log add: Smalltalk fetchMourner == ephemeron; add: Smalltalk fetchMourner ] forkAt: 60.
        Smalltalk garbageCollect.
        Smalltalk finalizationSemaphore: nil.
        log add: (ephemeron instVarAt: 2).
        log asArray`),
    ).toBe("#(true nil 'value')");
  });

  test('a scavenge does so too', () => {
    expect(
      image.print(`| ephemeron |
        Smalltalk finalizationSemaphore: Semaphore new.
        ephemeron := (Smalltalk at: #MemoryTestEphemeron) new.
        ephemeron instVarAt: 1 put: (Array with: 3).
        Smalltalk garbageCollectMost.
        Smalltalk finalizationSemaphore: nil.
        Smalltalk fetchMourner == ephemeron`),
    ).toBe('true');
  });
});

describe('pinned objects', () => {
  test('say that they are, and what was young stays the same object with its hash', () => {
    expect(
      image.print(`| object hash |
        object := Array with: 'a' with: 3.
        hash := object identityHash.
        { object pinInMemory. object isPinnedInMemory. Smalltalk garbageCollect. object first.
          object identityHash = hash. object unpinInMemory. object isPinnedInMemory } collect: [ :each | each isInteger ifTrue: [ #bytes ] ifFalse: [ each ] ]`),
    ).toBe("#(false true #bytes 'a' true true false)");
  });

  test('immediates cannot be pinned', () => {
    expect(image.print('3 pinInMemory')).toBe('Error: Error: Immediate objects and contexts cannot be pinned');
  });
});

describe('parameters', () => {
  test('count scavenges and collections', () => {
    expect(
      image.print(`| scavenges full |
        scavenges := Smalltalk vmParameterAt: 9.
        full := Smalltalk vmParameterAt: 7.
        Smalltalk garbageCollect.
        Smalltalk garbageCollectMost.
        { (Smalltalk vmParameterAt: 9) - scavenges. (Smalltalk vmParameterAt: 7) - full. Smalltalk vmParameterAt: 44. Smalltalk vmParameterAt: 12 }`),
    ).toBe('#(1 1 1048576 nil)');
  });

  test('one that cannot be set says so', () => {
    expect(image.print('Smalltalk vmParameterAt: 40 put: 3')).toBe('Error: Error: Parameter 40 cannot be set to 3');
    expect(image.print('Smalltalk vmParameterAt: 48 put: 64')).toBe('0');
    expect(image.print('Smalltalk vmParameterAt: 48 put: 0')).toBe('64');
  });
});

describe('a program that makes many objects', () => {
  test('runs through scavenges with old and young contexts, closures and processes in all of them', () => {
    expect(
      image.print(`| deep results |
        deep := nil.
        deep := [ :n | n = 0 ifTrue: [ 0 ] ifFalse: [ (Array with: (deep value: n - 1)) first + 1 ] ].
        results := OrderedCollection new.
        1 to: 8 do: [ :i | [ results add: (deep value: 10000 + i) ] fork. Processor yield ].
        results inject: 0 into: [ :sum :each | sum + each ]`),
    ).toBe('80036');
    expect(Number(image.print('Smalltalk vmParameterAt: 9'))).toBeGreaterThan(2);
    expect(image.damage()).toEqual([]);
  });

  test('an endless recursion and an endless list are errors that it can handle, and the VM goes on', () => {
    const small = new KernelImage({ maxBytes: 16 << 20 });
    for (const [source, answer] of [
      [
        '| b | b := nil. b := [ :n | 1 + (b value: n + 1) ]. [ b value: 1 ] on: OutOfMemory do: [ :e | e return: 9 ]',
        '9',
      ],
      [
        '| o | o := OrderedCollection new. [ [ true ] whileTrue: [ o add: (Array new: 100) ] ] on: OutOfMemory do: [ :e | o := nil. e return: 7 ]',
        '7',
      ],
      ['[ Array new: 100000000 ] on: OutOfMemory do: [ :e | e return: 5 ]', '5'],
      ['(1 to: 100000) inject: 0 into: [ :a :b | a + (Array with: b) first ]', '5000050000'],
    ] as const)
      expect(small.print(source)).toBe(answer);
    expect(small.damage()).toEqual([]);
  });

  test('low space: the image is told by its semaphore which process took the room, and that one alone ends', () => {
    const small = new KernelImage({ maxBytes: 16 << 20 });
    expect(
      small.print(`| semaphore eater told done |
        done := Semaphore new.
        semaphore := Semaphore new.
        Smalltalk specialObjectsArray at: 18 put: semaphore.
        eater := [ | list | list := OrderedCollection new. [ true ] whileTrue: [ list add: (Array new: 100) ] ] newProcess.
        eater priority: 30.
        [ semaphore wait. told := Smalltalk specialObjectsArray at: 23. eater terminate. done signal ] forkAt: 70.
        eater resume.
        done wait.
        Smalltalk specialObjectsArray at: 18 put: nil; at: 23 put: nil.
        { told == eater. (1 to: 1000) inject: 0 into: [ :sum :each | sum + each ] }`),
    ).toBe('#(true 500500)');
    expect(small.damage()).toEqual([]);
  });

  test('objects that become one another while new space is collected stay who they are', () => {
    expect(
      image.print(`| pairs |
        pairs := (1 to: 300) collect: [ :i | Array with: (Array with: i) with: (String new: i) ].
        pairs do: [ :pair | | a b |
          a := pair first. b := pair last.
          a become: b. Array new: 2000 ].
        pairs allSatisfy: [ :pair | pair first isString and: [ pair last first = pair first size ] ]`),
    ).toBe('true');
    expect(image.damage()).toEqual([]);
  });
});
