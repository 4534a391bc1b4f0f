/** An image that is saved at any moment goes on, in another VM, as if nothing had been: processes, delays, unwind blocks. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readSpur32 } from '../../image/format/spur32-reader.ts';
import { writeSpur32 } from '../../image/format/spur32-writer.ts';
import { standardPrimitives } from '../../primitives/index.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { VM } from '../../vm/vm.ts';
import { TEST_HEAP_BYTES } from '../heap-limit.ts';
import { KernelImage } from './kernel-image.ts';
import { installPreemption } from './preemption.ts';
import { TestHost } from './tiny-image.ts';

let saved: Uint8Array | undefined;
const image: KernelImage = new KernelImage(
  {},
  {
    imagePath: { path: 'test.image' },
    writeSnapshot: () => {
      saved = writeSpur32(image.memory);
      return undefined;
    },
  },
);
installPreemption(image);

/** Three processes that wait, signal, fail and unwind; what they do stands in the global Log, always in the same order. */
const START = `
startWork
	| log lock turn note |
	log := OrderedCollection new.
	Smalltalk at: #Log put: log.
	lock := Semaphore forMutualExclusion.
	turn := Semaphore new.
	note := [ :each | log add: each ].
	[
	[ 1 to: 5 do: [ :i | (Delay forMilliseconds: 10) wait. lock critical: [ note value: #tick. 20 factorial printString ] ] ]
		ensure: [ note value: #ticked. turn signal ] ] fork.
	[
	(Delay forMilliseconds: 25) wait.
	[ [ lock critical: [ note value: #failing. 1 / 0 ] ] ensure: [ note value: #unwound ] ] on: ZeroDivide do: [ :e | note value: #handled ] ] fork.
	[
	turn wait.
	note value: (([ Semaphore new wait ] valueWithin: 30 milliSeconds onTimeout: [ #late ])).
	note value: #done ] forkAt: Processor activePriority - 1`;

const SAVE = `
saveAfter: events milliseconds: milliseconds
	[
	milliseconds > 0 ifTrue: [ (Delay forMilliseconds: milliseconds) wait ].
	self preemptAfter: events.
	(Smalltalk at: #Preempt) wait.
	Smalltalk snapshot: true andQuit: false ] forkAt: 60`;

image.install('Object', START);
image.install('Object', SAVE);

/** Runs until nothing can run any more; delays take no time. */
function runDry(vm: VM, host: TestHost): void {
  for (;;) {
    const status = vm.run();
    if (status.kind === 'quit') throw new Error('the image quit');
    if (status.kind !== 'idle') continue;
    if (status.until === undefined) return;
    host.sleepUntil(status.until);
  }
}

function logOf(vm: VM): string {
  const smalltalk = vm.memory.specialObject(8);
  const symbol = vm.findSymbol('Log')!;
  const log = vm.call(smalltalk, 'at:', [symbol]);
  if (log.kind !== 'value') throw new Error(`there is no log: ${log.kind}`);
  const text = vm.call(log.oop, 'printString');
  if (text.kind !== 'value') throw new Error(text.kind);
  return vm.memory.stringValueOf(text.oop);
}

describe('a snapshot', () => {
  image.print('nil startWork');
  runDry(image.vm, image.host);
  const whole = logOf(image.vm);

  test('the program that is saved does what it should when it is not', () => {
    expect(whole.replaceAll('#', '')).toContain('tick tick failing handled unwound tick tick tick ticked late done');
  });

  test('at any moment: the image goes on where it was saved, and so does the one that is read from the file', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 90 }), (events, milliseconds) => {
        saved = undefined;
        image.print(`nil startWork. nil saveAfter: ${events} milliseconds: ${milliseconds}`);
        runDry(image.vm, image.host);
        expect(logOf(image.vm)).toBe(whole);
        if (saved === undefined) throw new Error('the image was not saved');

        const host = new TestHost();
        // Years later, or before: what was left of each delay is left.
        host.now = events % 2 === 0 ? 1e9 : 0;
        const { memory } = readSpur32(saved, { maxBytes: TEST_HEAP_BYTES });
        const vm = new VM(memory, host);
        vm.addPrimitives(standardPrimitives());
        vm.loadRoots();
        vm.enableAssertions();
        vm.resumeImage();
        runDry(vm, host);
        expect(logOf(vm)).toBe(whole);
        expect(host.written).toEqual([]);
        expect(host.now % 1e9).toBeLessThanOrEqual(200);
        vm.collectGarbage();
        expect(new HeapVerifier(memory).verify()).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });
});
