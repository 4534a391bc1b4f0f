/** Calls into C as Squeak and Cuis declare them, in pragmas. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openSmalltalk, type Smalltalk } from './smalltalk.ts';

let smalltalk: Smalltalk;
beforeAll(() => {
  smalltalk = openSmalltalk();
  smalltalk.load(`
ExternalLibrary subclass: #SqueakC instanceVariableNames: '' classVariableNames: '' package: 'T'!
!SqueakC class methodsFor: 'x'!
moduleName
	^ 'libc.so.6'
!
abs: n
	"Without a module: that of the library."

	<cdecl: long 'abs' (long)>
	^ self externalCallFailed
!
length: s
	<apicall: threaded ulonglong 'strlen' (char*) module: 'libc.so.6' error: ec>
	^ self externalCallFailed
!
in: s find: character
	<cdecl: char* 'strchr' (char * long) module: 'libc.so.6'>
!
pid
	<cdecl: long 'getpid' (void) module: 'libc.so.6'>
!
missing
	<cdecl: void 'not_there' ()>
	^ self externalCallFailed
! !
`);
});
afterAll(() => smalltalk.close());

test.each([
  ['SqueakC abs: -5', '5'],
  ["SqueakC length: 'four'", '4'],
  ["SqueakC in: 'key=value' find: $=", "'=value'"],
  ['SqueakC pid = SafeFFI executorPid', 'true'],
])('%s', (source, answer) => expect(smalltalk.evaluate(source)).toBe(answer));

test('what fails is an error, not the code behind', () => {
  expect(smalltalk.evaluate('SqueakC missing')).toMatch(/^FFIError: not_there was not found in libc\.so\.6/);
  expect(smalltalk.evaluate('SqueakC abs: (1 bitShift: 31)')).toBe(
    'FFIError: callout abs: argument 1 is 2147483648, expected int32_t (-2147483648 to 2147483647)',
  );
});

test('a function by its ordinal is refused when it is compiled', () => {
  expect(() => smalltalk.load("!SqueakC class methodsFor: 'x'!\nten\n\t<apicall: void 10 ()>\n! !\n")).toThrow(
    /a function of C is named by a string; ordinals exist on Windows only/,
  );
});
