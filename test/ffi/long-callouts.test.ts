/** Callouts that take long: the other processes of the image go on, deadlines and ends reach C, buffers survive collections. */

import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { compile } from '../safeffi/fixture.ts';
import { openSmalltalk, type Smalltalk } from './smalltalk.ts';

const c = `
#include <string.h>
#include <unistd.h>
static volatile int gate;
void open_gate(void) { gate = 1; }
int at_gate(char *buffer, int n) { while (!gate) usleep(100); gate = 0; memset(buffer, 'x', n); return n; }
int at_gate_then_crash(void) { while (!gate) usleep(100); gate = 0; return *(volatile int *)0; }
int out_pointer(void **out) { while (!gate) usleep(100); gate = 0; *out = out; return 0; }
`;

describe('a callout that takes long', () => {
  let smalltalk: Smalltalk;
  beforeAll(() => {
    smalltalk = openSmalltalk({ ffi: 'native', imagePath: join(tmpdir(), `long-callouts-${process.pid}.image`) });
    smalltalk.load(`
Object subclass: #L instanceVariableNames: '' classVariableNames: '' package: 'T'!
!L class methodsFor: 'x'!
ffiLibraryName
	^ '${compile('long-callouts', c)}'
!
open
	self ffiCall: #( void open_gate ( ) )
!
wait: buffer
	| n |
	n := buffer size.
	^ self ffiCall: #( int at_gate ( char *buffer , int n ) )
!
crash
	^ self ffiCall: #( int at_gate_then_crash ( ) )
!
pointer: out
	^ self ffiCall: #( int out_pointer ( void **out ) )
! !
`);
  });
  afterAll(() => smalltalk.close());
  const expectAnswer = (source: string, answer: string): void => {
    expect(smalltalk.evaluate(source)).toBe(answer);
    expect(smalltalk.evaluate("nil ffiCall: #( int abs ( int -3 ) ) library: 'libc.so.6'")).toBe('3');
  };

  test('lets other processes run, which make callouts of their own', () => {
    expectAnswer(
      `| count s | count := 0. s := String new: 3. [ 1000 timesRepeat: [ count := count + 1. Processor yield ]. L open ] forkAt: Processor userBackgroundPriority.
{ L wait: s. count. s }`,
      "#(3 1000 'xxx')",
    );
  });

  test('its buffers are written back to objects that moved meanwhile', () => {
    expectAnswer(
      `| s b | [ 5 timesRepeat: [ Smalltalk garbageCollect. Array new: 1000 ]. L open ] forkAt: Processor userBackgroundPriority.
b := ByteArray new: 5000. L wait: b. (b allSatisfy: [ :e | e = $x asInteger ])`,
      'true',
    );
  });

  test('an address that it answers through an argument belongs to the executor of now', () => {
    expectAnswer(
      `| a | a := ExternalAddress new. [ L open ] forkAt: Processor userBackgroundPriority. L pointer: a. { a isNull. a generation = SafeFFI executorGeneration }`,
      '#(false true)',
    );
  });

  test('a fault in it is signalled in the process that made it', () => {
    expectAnswer(
      `[ L open ] forkAt: Processor userBackgroundPriority. [ L crash ] on: MemoryViolation do: [ :f | f resume: 77 ]`,
      '77',
    );
  });

  test('a deadline ends it while others run', () => {
    expectAnswer(
      `| stop | stop := false. [ [ stop ] whileFalse: [ Processor yield ] ] forkAt: Processor userBackgroundPriority.
[ SafeFFI deadline: 60 during: [ L wait: (String new: 2) ] ] on: CalloutTimeout do: [ :f | stop := true. f return: f function ]`,
      "'at_gate'",
    );
  });

  test('the end of its process ends it', () => {
    expectAnswer(
      `| p log | log := OrderedCollection new. p := [ [ L wait: (String new: 2) ] ifCurtailed: [ log add: #curtailed ] ] forkAt: Processor userSchedulingPriority + 1.
p terminate. log asArray`,
      '#(#curtailed)',
    );
  });

  test('the image is not saved meanwhile, and says why', () => {
    expectAnswer(
      `| p answer | p := [ L wait: (String new: 2) ] forkAt: Processor userSchedulingPriority + 1.
answer := [ Smalltalk snapshot: true andQuit: false ] on: Error do: [ :e | e return: e messageText ]. p terminate. answer`,
      "'the image cannot be saved while C runs for it: at_gate is under way'",
    );
    const path = smalltalk.evaluate('Smalltalk imagePath').slice(1, -1);
    expect(existsSync(path)).toBe(false);
    expectAnswer('(Smalltalk snapshot: true andQuit: false) = false', 'true');
    expect(existsSync(path)).toBe(true);
    rmSync(path);
  });

  test('eight at once wait each for their own', () => {
    expectAnswer(
      `| done sum | done := Semaphore new. sum := 0.
1 to: 8 do: [ :n | [ | got | got := L wait: (String new: n). sum := sum + got. done signal ] forkAt: Processor userSchedulingPriority + 1 ].
8 timesRepeat: [ L open. done wait ]. sum`,
      '36',
    );
  });
});
