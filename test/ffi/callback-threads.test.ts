/** Blocks that C calls on threads of its own. C is test/safeffi/fixtures/callback-threads.c. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fixture } from '../safeffi/fixture.ts';
import { openSmalltalk, type Smalltalk } from './smalltalk.ts';

describe('blocks that C calls on threads that it made', () => {
  let smalltalk: Smalltalk;
  beforeAll(() => {
    smalltalk = openSmalltalk({ ffi: 'native' });
    smalltalk.load(`
Object subclass: #Threads instanceVariableNames: '' classVariableNames: '' package: 'T'!
!Threads class methodsFor: 'x'!
ffiLibraryName
	^ '${fixture('callback-threads')}'
!
on: count threads: f calls: calls
	^ self ffiCall: 'int on_threads(int (*f)(int), int count, int calls)'
!
abs: n
	^ self ffiCall: #( int abs ( int n ) ) library: 'libc.so.6'
!
leave: f calls: calls
	self ffiCall: #( void leave_thread ( FFICallback f , int calls ) )
!
join
	^ self ffiCall: #( int join_left ( ) )
! !
`);
  });
  afterAll(() => smalltalk.close());
  const expectAnswer = (source: string, answer: string): void => {
    expect(smalltalk.evaluate(source)).toBe(answer);
    expect(smalltalk.evaluate('Threads abs: -3')).toBe('3');
  };

  test('one thread', () => expectAnswer('Threads on: 1 threads: [ :n | n * 2 ] calls: 10', '90'));

  test('many threads, none of whose calls is lost', () =>
    expectAnswer(
      '| calls | calls := 0. { Threads on: 16 threads: [ :n | calls := calls + 1. n ] calls: 100. calls }',
      '#(79200 1600)',
    ));

  test('blocks that make callouts, wait and collect garbage', () =>
    expectAnswer(
      'Threads on: 4 threads: [ :n | (Delay forMilliseconds: 1) wait. Smalltalk garbageCollect. Threads abs: n negated ] calls: 5',
      '40',
    ));

  test('an FFICallback that is kept', () =>
    expectAnswer(
      '| cb r | cb := FFICallback signature: #( int ( int n ) ) block: [ :n | n + 1 ]. r := Threads on: 2 threads: cb calls: 3. cb release. r',
      '12',
    ));

  test('a thread that goes on after the callout, while the image has nothing else to do', () =>
    expectAnswer(
      `| done cb | done := Semaphore new. cb := FFICallback signature: #( int ( int n ) ) block: [ :n | n = 9 ifTrue: [ done signal ]. n ].
Threads leave: cb calls: 10. done wait. { Threads join. (cb release; isReleased). FFICallback live size }`,
      '#(45 true 0)',
    ));

  test('an error answers for the callback, or zero; the thread goes on', () => {
    expectAnswer(
      '| cb r | cb := (FFICallback signature: #( int ( int n ) ) block: [ :n | n / 0 ]) onError: [ 7 ]; yourself. r := Threads on: 1 threads: cb calls: 3. cb release. r',
      '21',
    );
    expectAnswer('Threads on: 1 threads: [ :n | n = 1 ifTrue: [ n foo ] ifFalse: [ n ] ] calls: 4', '5');
  });
});
