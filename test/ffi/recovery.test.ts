/** Checkpoints, rollback, continue and taint from Smalltalk; what can be typed at the terminal for a fault. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { choiceHelp, resolutionSource } from '../../cli/terminal-choice.ts';
import { compile } from '../safeffi/fixture.ts';
import { openSmalltalk, type Smalltalk } from './smalltalk.ts';

const c = `
static int counter;
int count(void) { return ++counter; }
int count_then_crash(int *at) { counter += 100; *at = 7; return counter; }
int read_at(int *at) { return *at; }
int *room(void) { static int words[2]; return words; }
`;

describe('recovery from Smalltalk', () => {
  let smalltalk: Smalltalk;
  beforeAll(() => {
    smalltalk = openSmalltalk({ ffi: 'native' });
    const path = compile('image-recovery', c);
    smalltalk.load(`
FFILibrary subclass: #RLibrary instanceVariableNames: '' classVariableNames: '' package: 'T'!
!RLibrary methodsFor: 'x'!
unixLibraryName
	^ '${path}'
! !
RLibrary subclass: #RCheckpointed instanceVariableNames: '' classVariableNames: '' package: 'T'!
!RCheckpointed methodsFor: 'x'!
checkpoint
	^ true
! !
Object subclass: #R instanceVariableNames: '' classVariableNames: '' package: 'T'!
!R class methodsFor: 'x'!
ffiLibrary
	^ RLibrary
!
count
	^ self ffiCall: #( int count ( ) )
!
crash: at
	^ self ffiCall: #( int count_then_crash ( int *at ) )
!
crashCheckpointed: at
	^ self ffiCall: #( int count_then_crash ( int *at ) ) library: RCheckpointed
!
crashWithOption: at
	^ self ffiCall: #( int count_then_crash ( int *at ) ) options: #( optCheckpoint )
!
read: at
	^ self ffiCall: #( int read_at ( int *at ) )
! !
`);
  });
  afterAll(() => smalltalk.close());
  const expectAnswer = (source: string, answer: string | RegExp): void => {
    const given = smalltalk.evaluate(source);
    if (typeof answer === 'string') expect(given).toBe(answer);
    else expect(given).toMatch(answer);
    expect(smalltalk.evaluate('R count isInteger')).toBe('true');
  };

  test.each<[string, string, string]>([
    [
      "rollback brings C's memory back to the checkpoint, then the callout answers",
      '| n m | n := R count. m := SafeFFI checkpointDuring: [ [ R crash: nil ] on: MemoryViolation do: [ :f | f rollback: 5 ] ]. { m. R count - n }',
      '#(5 1)',
    ],
    [
      'rollbackAndRetry makes the same call again',
      '| n tries r | n := R count. tries := 0. r := SafeFFI checkpointDuring: [ [ R crash: nil ] on: MemoryViolation do: [ :f | (tries := tries + 1) < 2 ifTrue: [ f rollbackAndRetry ]. f return: tries ] ]. r',
      '2',
    ],
    [
      'rollback, then a retry with other arguments',
      '| n b | n := R count. b := ByteArray new: 4. (SafeFFI checkpointDuring: [ [ R crash: nil ] on: MemoryViolation do: [ :f | f rollback. f retryCalloutWith: { b } ] ]) - n',
      '100',
    ],
    [
      'addresses stay valid over a rollback',
      '| a | a := ExternalAddress allocate: 4. a signedLongAt: 1 put: 9. SafeFFI checkpointDuring: [ a signedLongAt: 1 put: 10. [ R crash: nil ] on: MemoryViolation do: [ :f | f rollback: nil ] ]. a signedLongAt: 1',
      '9',
    ],
    [
      'a library that asks for checkpoints can be rolled back without another word',
      '| n | n := R count. [ R crashCheckpointed: nil ] on: MemoryViolation do: [ :f | f rollback: nil ]. R count - n',
      '1',
    ],
    [
      'so can a call with the option',
      '| n | n := R count. [ R crashWithOption: nil ] on: MemoryViolation do: [ :f | f rollback: nil ]. R count - n',
      '1',
    ],
    [
      'tryAndRollBack: undoes what C did',
      '| n | n := R count. SafeFFI tryAndRollBack: [ 10 timesRepeat: [ R count ] ]. R count - n',
      '1',
    ],
    [
      'continue, with the register mended that held the bad address',
      "| a | a := ExternalAddress allocate: 8. a signedLongAt: 1 put: 77. [ R read: nil ] on: MemoryViolation do: [ :f | f continueWith: { 'rdi'. a addressValue } ]",
      '77',
    ],
  ])('%s', (_claim, source, answer) => expectAnswer(source, answer));

  test('what is not open says why, and is refused with the reason', () => {
    expectAnswer(
      '[ R crash: nil ] on: MemoryViolation do: [ :f | f return: f choices ]',
      '#(#answer #retry #continue #restart #terminate)',
    );
    expectAnswer(
      'SafeFFI checkpointDuring: [ [ R crash: nil ] on: MemoryViolation do: [ :f | f return: f choices ] ]',
      '#(#answer #retry #continue #rollback #restart #terminate)',
    );
    expectAnswer('[ R crash: nil ] on: MemoryViolation do: [ :f | f return: (f whyNot: #rollback) ]', /checkpoint/);
    expectAnswer(
      '[ R crash: nil ] on: MemoryViolation do: [ :f | f rollback ]',
      /^FFIError: callout count_then_crash: rollback is not available: /,
    );
    expectAnswer(
      "[ R crash: nil ] on: MemoryViolation do: [ :f | f continueWith: #( 'nope' 1 ) ]",
      /^FFIError: callout count_then_crash: there is no register nope/,
    );
    expectAnswer(
      '| fault | [ R crash: nil ] on: MemoryViolation do: [ :f | fault := f ]. [ fault rollback ] on: FFIError do: [ :e | e messageText ]',
      "'the fault is settled already, nothing can be rolled back'",
    );
  });

  test('taint counts what was abandoned, until a restart', () => {
    expectAnswer('SafeFFI restart. SafeFFI isTainted', 'false');
    expectAnswer(
      '[ R crash: nil ] on: MemoryViolation do: [ :f | f resume: nil ]. SafeFFI taint',
      "#(1 'count_then_crash was abandoned after a MemoryViolation')",
    );
    expectAnswer('SafeFFI restart. SafeFFI isTainted', 'false');
  });

  test('a library with a domain of its own keeps its state over faults and restarts elsewhere', () => {
    smalltalk.load(`
RLibrary subclass: #RApart instanceVariableNames: '' classVariableNames: '' package: 'T'!
!RApart methodsFor: 'x'!
domain
	^ 'apart'
! !
!R class methodsFor: 'x'!
countApart
	^ self ffiCall: #( int count ( ) ) library: RApart
!
crashApart: at
	^ self ffiCall: #( int count_then_crash ( int *at ) ) library: RApart
!
allocateApart
	^ self ffiCall: #( int *room ( ) ) library: RApart
! !
`);
    expectAnswer('| n | n := R countApart. SafeFFI restart. R count. R countApart - n', '1');
    expectAnswer(
      '| n | n := R count. [ R crashApart: nil ] on: MemoryViolation do: [ :f | f restart: 5 ]. { R count - n. R countApart }',
      '#(1 1)',
    );
    expectAnswer(
      '| a | a := R allocateApart. a signedLongAt: 1 put: 7. { a signedLongAt: 1. R countApart > 0 }',
      '#(7 true)',
    );
    expectAnswer('| a | a := R allocateApart. R read: a', /^FFIError: .*apart/);
  });

  test('libraries are found under one of several names', () => {
    expectAnswer("FFILibraryFinder findAnyLibrary: #( 'libnothing.so.9' 'libc.so.6' )", "'libc.so.6'");
    expectAnswer(
      "FFILibraryFinder findAnyLibrary: #( 'a.so' 'b.so' )",
      'FFIError: no library was found under any of the names a.so, b.so',
    );
  });
});

describe('what is typed at the terminal', () => {
  test('is taken where the choice is open, and else is not understood', () => {
    const open = ['answer', 'retry', 'restart', 'terminate'];
    expect(resolutionSource('resume: 3 + 4', open)).toBe('[ :fault | fault resume: (3 + 4) ]');
    expect(resolutionSource('retry: { 1 }', open)).toBe('[ :fault | fault retryCalloutWith: ({ 1 }) ]');
    expect(resolutionSource('terminate', open)).toBeNull();
    expect(resolutionSource('rollback', open)).toBeUndefined();
    expect(resolutionSource('rollback', [...open, 'rollback'])).toBe('[ :fault | fault rollbackAndRetry ]');
    expect(resolutionSource('nonsense', open)).toBeUndefined();
  });

  test('the help lists the choices that are open and no others', () => {
    expect(
      choiceHelp(['retry'])
        .split('\n')
        .map((line) => line.trim().split(/\s+/)[0]),
    ).toEqual(['retry', 'retry:', 'terminate']);
    expect(choiceHelp(['rollback'])).toContain('rollback: VALUE');
  });
});
