import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CheckoutPath } from '../../cli/checkout.ts';
import { type FfiMode, ImageSession } from '../../cli/image-session.ts';
import { TEST_HEAP_BYTES } from '../heap-limit.ts';

/** What Smalltalk answers: a printString, or `Class: message` of the error that nobody handled. */
function evaluator(mode: FfiMode) {
  let session: ImageSession;
  beforeAll(() => {
    session = ImageSession.open(CheckoutPath.kernelImage, { ffi: mode, assert: true, heapLimitBytes: TEST_HEAP_BYTES });
  });
  afterAll(() => {
    expect(evaluate('Smalltalk heapProblems')).toBe('#()');
    session.close();
  });
  const evaluate = (source: string): string => {
    const outcome = session.evaluate(source);
    if (outcome.kind === 'unhandled') {
      const { class: name, message } = session.describeError(outcome);
      return `${name}: ${message}`;
    }
    if (outcome.kind !== 'value') return outcome.kind;
    const printed = session.printString(outcome.oop);
    return typeof printed === 'string' ? printed : printed.kind;
  };
  return { evaluate, session: () => session };
}

const lib = "library: 'libc.so.6'";

/** Where set-up built no native executor, the other two do. */
const modes: readonly FfiMode[] = existsSync(CheckoutPath.executor)
  ? ['native', 'portable', 'direct']
  : ['portable', 'direct'];

describe.each(modes)('callouts from Smalltalk, %s', (mode) => {
  const { evaluate, session } = evaluator(mode);

  test.each([
    ['a literal', `nil ffiCall: #( int abs ( int -5 ) ) ${lib}`, '5'],
    ['a literal with a cast', `nil ffiCall: #( int abs ( ( #int ) -6 ) ) ${lib}`, '6'],
    ['a temp of the doit', `| n | n := -7. nil ffiCall: #( int abs ( int n ) ) ${lib}`, '7'],
    ['a signature given as a String', `| n | n := -8. nil ffiCall: 'int abs(int n)' ${lib}`, '8'],
    ['module: as well as library:', "nil ffiCall: #( int abs ( int -9 ) ) module: 'libc.so.6'", '9'],
    ['an argument of a block', `#( -1 -2 ) collect: [ :n | nil ffiCall: #( int abs ( int n ) ) ${lib} ]`, '#(1 2)'],
    [
      'a temp of the home, from two blocks in',
      `| n | n := -3. [ [ nil ffiCall: #( int abs ( int n ) ) ${lib} ] value ] value`,
      '3',
    ],
    [
      'a temp that a block assigns to, which lives in a vector',
      `| n | n := 1. #( -4 -5 ) do: [ :each | n := each ]. nil ffiCall: #( int abs ( int n ) ) ${lib}`,
      '5',
    ],
    ['a string in', `nil ffiCall: #( size_t strlen ( 'abcd' ) ) ${lib}`, '4'],
    ['a string out', `nil ffiCall: #( char *strchr ( 'key=value' , $= ) ) ${lib}`, "'=value'"],
    ['a null string out', `nil ffiCall: #( char *getenv ( 'SAFEFFI_NO_SUCH_VARIABLE' ) ) ${lib}`, 'nil'],
    ['a float literal', "nil ffiCall: #( double sqrt ( 2.25 ) ) library: 'libm.so.6'", '1.5'],
    ['a negative float', "nil ffiCall: #( double fabs ( -0.5 ) ) library: 'libm.so.6'", '0.5'],
    ['an integer where C wants a double', "nil ffiCall: #( double sqrt ( double 9 ) ) library: 'libm.so.6'", '3.0'],
    ['a 64-bit result', `nil ffiCall: #( int64 llabs ( int64 -9007199254740995 ) ) ${lib}`, '9007199254740995'],
    [
      'an unsigned 64-bit argument',
      `nil ffiCall: #( ulonglong llabs ( ulonglong 4611686018427387904 ) ) ${lib}`,
      '4611686018427387904',
    ],
    ['a Character out', `nil ffiCall: #( char toupper ( int 97 ) ) ${lib}`, '$A'],
    ['nil, true and false as literals', `nil ffiCall: #( int64 time ( nil ) ) ${lib}`, /^\d+$/],
    ['a void function answers the receiver', `7 ffiCall: #( void srand ( uint 1 ) ) ${lib}`, '7'],
    ['an unnamed parameter of a doit is zero', `nil ffiCall: #( int abs ( int ) ) ${lib}`, '0'],
    ['errno of the last callout', `nil ffiCall: #( int close ( int -1 ) ) ${lib}. SafeFFI errno`, '9'],
    [
      'a ByteArray is written by C',
      `| to | to := ByteArray new: 4. nil ffiCall: #( void *memset ( void *to , int 7 , size_t 4 ) ) ${lib}. to`,
      '#[7 7 7 7]',
    ],
  ])('%s', (_name, source, printed) => {
    const answer = evaluate(source);
    if (typeof printed === 'string') expect(answer).toBe(printed);
    else expect(answer).toMatch(printed);
  });

  test('arguments, instance variables, class variables and self of a method', () => {
    const { session: open } = { session };
    const made = evaluate(
      "Object subclass: #CalloutProbe instanceVariableNames: 'offset' classVariableNames: 'Base' package: 'Test'. 1",
    );
    expect(made).toBe('1');
    const behavior = open().vm.findClass('CalloutProbe')!;
    for (const source of [
      `abs: n ^ self ffiCall: #( int abs ( int n ) ) ${lib}`,
      `absUnnamed: n ^ self ffiCall: #( int abs ( int ) ) ${lib}`,
      `absOffset offset := -11. ^ self ffiCall: #( int abs ( int offset ) ) ${lib}`,
      `absBase Base := -12. ^ self ffiCall: #( int abs ( int Base ) ) ${lib}`,
      `selfRefused ^ self ffiCall: #( size_t strlen ( char *self ) ) ${lib}`,
    ])
      expect(open().installMethod(source, open().vm.findClass('CalloutProbe') ?? behavior).kind).toBe('value');
    expect(evaluate('CalloutProbe new abs: -10')).toBe('10');
    expect(evaluate('CalloutProbe new absUnnamed: -13')).toBe('13');
    expect(evaluate('CalloutProbe new absOffset')).toBe('11');
    expect(evaluate('CalloutProbe new absBase')).toBe('12');
    expect(evaluate('CalloutProbe new selfRefused')).toBe(
      'FFIError: callout strlen: argument 1 is an instance of CalloutProbe, expected char * (an address, a String, a ByteArray or nil)',
    );
  });

  test("the library of an FFILibrary, and that of the receiver's class", () => {
    evaluate("FFILibrary subclass: #ProbeLibrary instanceVariableNames: '' classVariableNames: '' package: 'Test'.");
    evaluate("Object subclass: #LibraryUser instanceVariableNames: '' classVariableNames: '' package: 'Test'.");
    const classOf = (name: string) => session().vm.findClass(name)!;
    session().installMethod("unixLibraryName ^ 'libc.so.6'", classOf('ProbeLibrary'));
    session().installMethod(
      'ffiLibraryName ^ ProbeLibrary ffiLibraryName',
      session().memory.classOf(classOf('LibraryUser')),
    );
    session().installMethod('abs: n ^ self ffiCall: #( int abs ( int n ) )', classOf('LibraryUser'));
    expect(evaluate('nil ffiCall: #( int abs ( int -1 ) ) library: ProbeLibrary')).toBe('1');
    expect(evaluate('nil ffiCall: #( int abs ( int -2 ) ) library: ProbeLibrary new')).toBe('2');
    expect(evaluate('LibraryUser new abs: -3')).toBe('3');
    expect(evaluate('7 ffiCall: #( int abs ( int -3 ) )')).toMatch(
      /^FFIError: SmallInteger names no library for ffiCall:/,
    );
  });

  test('the same call site goes on working after objects moved', () => {
    expect(
      evaluate(`(1 to: 3) collect: [ :i | Smalltalk garbageCollect. nil ffiCall: #( int abs ( int i ) ) ${lib} ]`),
    ).toBe('#(1 2 3)');
  });

  test.each([
    [`nil ffiCall: #( int nothingOfThatName ( ) ) ${lib}`, /^FFIError: nothingOfThatName was not found in libc\.so\.6/],
    [
      "nil ffiCall: #( int abs ( int 1 ) ) library: 'libNotThere.so'",
      /^FFIError: library libNotThere\.so could not be loaded: .*cannot open shared object file/,
    ],
    [
      `nil ffiCall: #( int abs ( int 2147483648 ) ) ${lib}`,
      /^FFIError: callout abs: argument 1 is 2147483648, expected int \(-2147483648 to 2147483647\)$/,
    ],
    [`nil ffiCall: #( int abs ( int 'five' ) ) ${lib}`, /^FFIError: callout abs: argument 1 is .*, expected int/],
    [
      `nil ffiCall: #( int abs ( int nobody ) ) ${lib}`,
      /^FFIError: callout abs: argument 1 is named nobody, which is no argument/,
    ],
  ] as [string, RegExp][])('bad input is named: %s', (source, message) => {
    expect(evaluate(source)).toMatch(message);
    expect(evaluate(`nil ffiCall: #( int abs ( int -1 ) ) ${lib}`)).toBe('1');
  });

  test.each([
    [
      `nil ffiCall: 'int abs(' ${lib}`,
      /^FFIError: the signature int abs\( does not parse at column 8: expected parameters/,
    ],
    [`nil ffiCall: 3 ${lib}`, /^FFIError: a signature is an instance of SmallInteger, expected/],
    ['nil ffiCall: #( int abs ( int 1 ) ) library: 3', /^FFIError: a library is an instance of SmallInteger, expected/],
    [`nil ffiCall: #( float128 abs ( int 1 ) ) ${lib}`, /^FFIError: .*float128/],
    [
      `nil ffiCall: #( int abs ( int ) extra ) ${lib}`,
      /^FFIError: the signature int abs \( int \) extra does not parse/,
    ],
  ] as [string, RegExp][])('a signature that is none: %s', (source, message) => {
    expect(evaluate(source)).toMatch(message);
  });
});
