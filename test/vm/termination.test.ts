/** Processes are made to end at every place where they can lose the processor, and each unwind block has run once. */
import { describe, expect, test } from '@jest/globals';
import { KernelImage } from './kernel-image.ts';
import { installPreemption } from './preemption.ts';

/**
 * `begun` has what protected blocks noted first of all, `done` what their unwind blocks did. A process that is stopped in the
 * middle of its first note has one in `done` that `begun` lacks: at most one.
 * Answers nil when the victim had ended before the killer came, else what is wrong: an empty Array where nothing is.
 */
const ATTEMPT = `
attempt: events after: milliseconds body: aBlock
	| begun done lock killer victim rival problems ended surplus finished wasFinished |
	begun := Bag new.
	done := Bag new.
	lock := Semaphore forMutualExclusion.
	finished := false.
	victim := [ aBlock value: begun value: done value: lock. finished := true ] newProcess.
	ended := true.
	killer := [
	milliseconds > 0 ifTrue: [
		(Delay forMilliseconds: milliseconds) wait.
		self preemptAfter: events ].
	(Smalltalk at: #Preempt) wait.
	ended := victim isTerminated.
	wasFinished := finished.
	victim terminate ] newProcess.
	killer priority: 60; resume.
	rival := [ 3 timesRepeat: [ lock critical: [ Processor yield ]. Processor yield ] ] fork.
	milliseconds = 0 ifTrue: [ self preemptAfter: events ].
	[ victim resume ] on: Error do: [ :e | e return: nil ].
	[ victim isTerminated and: [ rival isTerminated ] ] whileFalse: [ (Delay forMilliseconds: 1) wait ].
	killer terminate.
	(Smalltalk at: #Preempt) consumeAllSignals.
	problems := OrderedCollection new.
	surplus := 0.
	(begun asSet addAll: done; yourself) do: [ :each |
		| more |
		more := (done occurrencesOf: each) - (begun occurrencesOf: each).
		(more between: 0 and: 1) ifFalse: [ problems add: each; add: more ].
		surplus := surplus + more ].
	surplus > 1 ifTrue: [ problems add: #surplus ].
	(ended or: [ finished == wasFinished ]) ifFalse: [ problems add: #wentOn ].
	lock excessSignals = 1 ifFalse: [ problems add: #lock; add: lock excessSignals ].
	^ ended ifTrue: [ nil ] ifFalse: [ problems asArray ]`;

/** Tries one place after the other until the victim ends first; answers whether that came, and what was wrong at which. */
const SWEEP = `
sweep: aBlock
	| events wrong problems |
	events := 1.
	wrong := OrderedCollection new.
	[ (problems := self attempt: events after: 0 body: aBlock) isNil or: [ events > 5000 ] ] whileFalse: [
		problems isEmpty ifFalse: [ wrong add: events -> problems ].
		events := events + 1 ].
	^ Array with: (events between: 50 and: 5000) with: wrong asArray`;

/** The same for a victim that waits for the clock: places that lie up to 100 events behind each of the first milliseconds. */
const SWEEP_OF_TIME = `
sweepTime: aBlock
	| wrong |
	wrong := OrderedCollection new.
	0 to: 5 do: [ :milliseconds |
		1 to: 100 do: [ :events |
			| problems |
			problems := self attempt: events after: milliseconds body: aBlock.
			(problems isNil or: [ problems isEmpty ]) ifFalse: [ wrong add: events -> problems ] ] ].
	^ wrong asArray`;

const BODIES = {
  'nested unwind blocks that give way': `
    [ [ begun add: #a. Processor yield ] ensure: [ Processor yield. 3 printString. done add: #a ] ] ensure: [ Processor yield ].
    [ begun add: #b. [ begun add: #c. 1 to: 3 do: [ :i | i printString ] ] ensure: [ #(1 2) do: [ :e | e printString ]. done add: #c ] ] ensure: [ done add: #b ]`,
  'a critical section with a rival': `
    3 timesRepeat: [ lock critical: [ Processor yield. [ begun add: #x. Processor yield ] ensure: [ done add: #x ] ] ]`,
  'an exception whose handler unwinds': `
    [ [ [ begun add: #a. Error signal ] ensure: [ Processor yield. done add: #a ] ] ensure: [ 3 printString ] ] on: Error do: [ :e | Processor yield. e return: 1 ]`,
  'a return out of a method through unwind blocks': `
    #(1 2) do: [ :n | [ :exit | [ begun add: #a. [ begun add: #b. exit value ] ensure: [ Processor yield. done add: #b ] ] ensure: [ n printString. done add: #a ] ] valueWithExit ]`,
  'unwind blocks that fail or return themselves': `
    [ [ [ begun add: #a. [ begun add: #b. 3 printString ] ensure: [ done add: #b. Error signal ] ] ensure: [ done add: #a ] ] on: Error do: [ :e | 4 printString ] ] ensure: [ 5 printString ].
    [ :exit | [ begun add: #c. 3 printString ] ensure: [ done add: #c. exit value ] ] valueWithExit`,
};

const WAITING = `
    [ begun add: #a. (Semaphore new waitTimeoutMilliseconds: 1). (Delay forMilliseconds: 1) wait ] ensure: [ done add: #a ].
    [ begun add: #b. [ (Delay forMilliseconds: 50) wait ] valueWithin: 1 milliSeconds onTimeout: [ 3 ] ] ensure: [ done add: #b ]`;

describe('a process that is terminated', () => {
  const image = new KernelImage();
  installPreemption(image);
  image.install('Object', ATTEMPT);
  image.install('Object', SWEEP);
  image.install('Object', SWEEP_OF_TIME);
  image.install('BlockClosure', 'valueWithExit\n\t^ self value: [ ^ nil ]');

  test.each(Object.entries(BODIES))('%s: at every place each unwind block runs once', (_name, body) => {
    expect(image.print(`nil sweep: [ :begun :done :lock | ${body} ]`)).toBe('#(true #())');
  });

  test('while it waits for the clock: each unwind block runs once', () => {
    expect(image.print(`nil sweepTime: [ :begun :done :lock | ${WAITING} ]`)).toBe('#()');
  });

  test('leaves the timer and the heap whole', () => {
    expect(image.print('(Delay forMilliseconds: 3) wait. 4')).toBe('4');
    expect(image.damage()).toEqual([]);
  });
});
