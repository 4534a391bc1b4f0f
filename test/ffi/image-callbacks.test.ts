/** Blocks that C calls back: arguments and results, errors and returns through C's frames, nesting, processes, release. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { compile } from '../safeffi/fixture.ts';
import { openSmalltalk, type Smalltalk } from './smalltalk.ts';

const c = `
#include <stdint.h>
#include <stdlib.h>
typedef struct { int x, y; } point;
int apply(int (*f)(int), int n) { return f(n); }
double mix(double (*f)(signed char, uint8_t, short, long long, float, double, _Bool), int n) { return f(-1, 200, -300, 1ll << 40, 0.5f, n, 1); }
int eleven(int (*f)(int,int,int,int,int,int,int,int,int,int,int)) { return f(1,2,3,4,5,6,7,8,9,10,11); }
const char *text(const char *(*f)(const char *), const char *s) { static char r[32]; const char *t = f(s); int i = 0; for (; t[i] && i < 31; i++) r[i] = t[i]; r[i] = 0; return r; }
point turn(point (*f)(point), point p) { return f(p); }
int through(int (*f)(point *), int x) { point p = { x, 0 }; int r = f(&p); return r * 1000 + p.y; }
int each(int n, void (*f)(int, void *), void *data) { for (int i = 0; i < n; i++) f(i, data); return n; }
static int (*kept)(int);
void keep(int (*f)(int)) { kept = f; }
int call_kept(int n) { return kept(n); }
int crash(int n) { return *(int *)(intptr_t)n; }
int two(int (*f)(int), int (*g)(int), int n) { return f(n) + g(n); }
int depth(int (*f)(int), int n) { return n == 0 ? 0 : f(n - 1) + 1; }
`;

const definitions = (path: string) => `
FFIStructure subclass: #CPoint instanceVariableNames: '' classVariableNames: '' package: 'T'!
!CPoint class methodsFor: 'x'!
fieldsDesc
	^ #( int x; int y; )
! !
FFICallback subclass: #CApply instanceVariableNames: '' classVariableNames: '' package: 'T'!
!CApply class methodsFor: 'x'!
fnSpec
	^ #( int ( int n ) )
! !
Object subclass: #C instanceVariableNames: '' classVariableNames: '' package: 'T'!
!C class methodsFor: 'x'!
ffiLibraryName
	^ '${path}'
!
apply: f to: n
	^ self ffiCall: 'int apply(int (*f)(int), int n)'
!
applyAny: f to: n
	^ self ffiCall: #( int apply ( FFICallback f , int n ) )
!
applyOwn: f to: n
	^ self ffiCall: #( int apply ( CApply f , int n ) )
!
mix: f
	^ self ffiCall: 'double mix(double (*f)(signed char, uint8, short, int64, float, double, bool), int 3)'
!
eleven: f
	^ self ffiCall: 'int eleven(int (*f)(int,int,int,int,int,int,int,int,int,int,int))'
!
text: f of: s
	^ self ffiCall: 'char *text(char *(*f)(const char *), const char *s)'
!
turn: f of: p
	^ self ffiCall: 'CPoint turn(CPoint (*f)(CPoint), CPoint p)'
!
through: f x: x
	^ self ffiCall: 'int through(int (*f)(CPoint *), int x)'
!
each: n do: f
	^ self ffiCall: 'int each(int n, void (*f)(int, void *), nil)'
!
keep: f
	self ffiCall: #( void keep ( FFICallback f ) )
!
callKept: n
	^ self ffiCall: #( int call_kept ( int n ) )
!
crash: n
	^ self ffiCall: #( int crash ( int n ) )
!
two: f and: g with: n
	^ self ffiCall: 'int two(int (*f)(int), int (*g)(int), int n)'
!
depth: f of: n
	^ self ffiCall: 'int depth(int (*f)(int), int n)'
!
returning: value
	self apply: [ :n | ^ value ] to: 1.
	^ #fellThrough
!
nested: n
	^ n = 0 ifTrue: [ 0 ] ifFalse: [ self depth: [ :m | self nested: m ] of: n ]
! !
`;

describe('blocks that C calls', () => {
  let smalltalk: Smalltalk;
  beforeAll(() => {
    smalltalk = openSmalltalk({ ffi: 'native' });
    smalltalk.load(definitions(compile('image-callbacks', c)));
  });
  afterAll(() => smalltalk.close());
  const expectAnswer = (source: string, answer: string | RegExp): void => {
    const given = smalltalk.evaluate(source);
    if (typeof answer === 'string') expect(given).toBe(answer);
    else expect(given).toMatch(answer);
    expect(smalltalk.evaluate('C apply: [ :n | n * 2 ] to: 21')).toBe('42');
    expect(smalltalk.evaluate('FFICallback live isEmpty')).toBe('true');
  };

  test.each<[string, string, string]>([
    ['a block where a function pointer is declared', 'C apply: [ :n | n + 1 ] to: 6', '7'],
    [
      'an FFICallback of its own signature',
      '| cb r | cb := FFICallback signature: #( int ( int n ) ) block: [ :n | n + 2 ]. r := C applyAny: cb to: 6. cb release. r',
      '8',
    ],
    [
      'an FFICallback for a function pointer',
      '| cb r | cb := FFICallback signature: #( int ( int n ) ) block: [ :n | n + 2 ]. r := C apply: cb to: 7. cb release. r',
      '9',
    ],
    [
      'a subclass that tells its signature',
      '| cb r | cb := CApply on: [ :n | n + 3 ]. r := C applyOwn: cb to: 7. cb release. r',
      '10',
    ],
    ['a block for such a subclass', 'C applyOwn: [ :n | n + 4 ] to: 7', '11'],
    [
      'scalars of every kind',
      '| seen | { C mix: [ :a :b :c :d :e :f :g | seen := { a. b. c. d. e. f. g }. 1.5 ]. seen }',
      '#(1.5 #(-1 200 -300 1099511627776 0.5 3.0 true))',
    ],
    [
      'more arguments than registers',
      'C eleven: [ :a :b :c :d :e :f :g :h :i :j :k | { a. b. c. d. e. f. g. h. i. j. k } inject: 0 into: [ :s :x | s * 2 + x ] ]',
      '4083',
    ],
    ['strings in and out', "C text: [ :s | s reversed ] of: 'abc'", "'cba'"],
    [
      'structures by value',
      'C turn: [ :p | CPoint new x: p y; y: p x; yourself ] of: (CPoint new x: 1; y: 2; yourself)',
      'CPoint ( x: 2, y: 1 )',
    ],
    ['a structure by pointer, written by the block', 'C through: [ :p | p y: p x * 2. 7 ] x: 21', '7042'],
    ['a function without a result', '| sum | sum := 0. C each: 100 do: [ :i :data | sum := sum + i ]. sum', '4950'],
    ['two blocks in one call', 'C two: [ :n | n ] and: [ :n | n * 10 ] with: 4', '44'],
    ['callouts within callbacks within callouts, fifty deep', 'C nested: 50', '50'],
    ['objects that move meanwhile', "C text: [ :s | Smalltalk garbageCollect. s , 'x' ] of: 'abc'", "'abcx'"],
  ])('%s', (_claim, source, answer) => expectAnswer(source, answer));

  test.each<[string, string, string | RegExp]>([
    [
      'an error in the block reaches the handler around the callout',
      '[ C apply: [ :n | n / 0 ] to: 1 ] on: ZeroDivide do: [ :e | e return: 5 ]',
      '5',
    ],
    [
      'a handler in the block answers there',
      'C apply: [ :n | [ n / 0 ] on: ZeroDivide do: [ :e | e return: 6 ] ] to: 1',
      '6',
    ],
    [
      'a handler outside resumes into the block',
      '[ C apply: [ :n | (Warning signal: #w) + 1 ] to: 1 ] on: Warning do: [ :w | w resume: 7 ]',
      '8',
    ],
    [
      'a handler outside lets C go on with a value',
      '[ (C apply: [ :n | n / 0 ] to: 1) + 1 ] on: ZeroDivide do: [ :e | FFICallback returnToC: 8 ]',
      '9',
    ],
    ['a return out of the block leaves C', 'C returning: 7', '7'],
    [
      'an ensure: block within runs once when C is left',
      '| log | log := OrderedCollection new. [ C apply: [ :n | [ n / 0 ] ensure: [ log add: #within ] ] to: 1 ] on: ZeroDivide do: [ :e | log add: #handler. e return: nil ]. log asArray',
      '#(#handler #within)',
    ],
    [
      'through three levels of C at once',
      '[ C apply: [ :n | C apply: [ :m | C apply: [ :k | self error: #deep ] to: 1 ] to: 1 ] to: 1 ] on: Error do: [ :e | e return: e messageText ]',
      '#deep',
    ],
    ['an unhandled error is reported', 'C apply: [ :n | n foo ] to: 1', /^MessageNotUnderstood: .*foo/],
    [
      'a result of the wrong kind is named',
      "C apply: [ :n | 'no' ] to: 1",
      /^FFIError: callback a block: .*'no', expected int/,
    ],
    [
      'a result out of range is named',
      'C apply: [ :n | 1 bitShift: 40 ] to: 1',
      /^FFIError: callback a block: .*1099511627776, expected int/,
    ],
    ['too few parameters', 'C apply: [ 1 ] to: 1', /^ArgumentsCountMismatch: /],
    [
      'onError: answers for a block that failed',
      '| cb r | cb := (FFICallback signature: #( int ( int n ) ) block: [ :n | n / 0 ]) onError: [ -1 ]; yourself. r := C apply: cb to: 5. cb release. r',
      '-1',
    ],
    ['what is no block is refused', 'C apply: 3 to: 1', /^FFIError: callout apply: argument 1 is 3, expected/],
    [
      'a fault within a callback is settled there',
      'C apply: [ :n | [ C crash: 0 ] on: MemoryViolation do: [ :f | f resume: 9 ] ] to: 1',
      '9',
    ],
    [
      'a fault within a callback that leaves both levels of C',
      '[ C apply: [ :n | C crash: 0 ] to: 1 ] on: MemoryViolation do: [ :f | f return: 10 ]',
      '10',
    ],
  ])('errors: %s', (_claim, source, answer) => expectAnswer(source, answer));

  test('a released callback that C calls is a fault with its signature', () => {
    smalltalk.evaluate(
      '| cb | cb := FFICallback signature: #( int ( int n ) ) block: [ :n | n ]. C keep: cb. cb release',
    );
    expectAnswer(
      '[ C callKept: 3 ] on: ReleasedCallback do: [ :f | f return: f messageText ]',
      /^'callback int \( int n \) was released/,
    );
    expectAnswer(
      '| cb | cb := FFICallback signature: #( int ( int n ) ) block: [ :n | n ]. cb release. C apply: cb to: 1',
      /^FFIError: callout apply: argument 1 is a callback that was released/,
    );
  });

  test('two processes are in C at once, each in its own block', () => {
    expectAnswer(
      `| log done p | log := OrderedCollection new. done := Semaphore new.
p := [ :name | [ C each: 3 do: [ :i :d | log add: name -> i. Processor yield ]. done signal ] fork ].
p value: #a. p value: #b. done wait; wait.
{ (log select: [ :e | e key = #a ]) collect: [ :e | e value ]. (log select: [ :e | e key = #b ]) collect: [ :e | e value ]. log first key = log second key } collect: [ :e | e isCollection ifTrue: [ e asArray ] ifFalse: [ e ] ]`,
      '#(#(0 1 2) #(0 1 2) false)',
    );
  });

  test("the stack of an error in a block has C's frame between Smalltalk's", () => {
    const outcome = smalltalk.session.evaluate('C apply: [ :n |\n C apply: [ :m | m foo ] to: 2 ] to: 1');
    if (outcome.kind !== 'unhandled') throw new Error(`expected an error, got ${outcome.kind}`);
    const { stack } = smalltalk.session.describeError(outcome);
    const library = expect.stringMatching(/^C: apply \(libimage-callbacks-.*\.so\)$/);
    expect(stack).toEqual([
      expect.stringMatching(/^\[ ?\] in \[? ?\]?.*UndefinedObject>>DoIt \(line 2\)$/),
      library,
      expect.stringMatching(/^C class>>apply:to: /),
      expect.stringMatching(/^\[ ?\] in UndefinedObject>>DoIt \(line 2\)$/),
      library,
      expect.stringMatching(/^C class>>apply:to: /),
      'UndefinedObject>>DoIt (line 1)',
    ]);
  });

  test('the end of the process drops the frames of C', () => {
    expectAnswer(
      `| in p log | log := OrderedCollection new. in := Semaphore new.
p := [ [ C apply: [ :n | in signal. (Delay forSeconds: 100) wait ] to: 1 ] ensure: [ log add: #left ] ] fork.
in wait. p terminate. log asArray`,
      '#(#left)',
    );
  });
});

describe('callbacks that are not released', () => {
  let smalltalk: Smalltalk;
  beforeAll(() => {
    smalltalk = openSmalltalk({ ffi: 'native' });
    smalltalk.load(definitions(compile('image-callbacks', c)));
  });
  afterAll(() => smalltalk.close());

  test('one that nothing refers to is collected, and C that calls it has a fault with its signature', () => {
    smalltalk.evaluate('C keep: (FFICallback signature: #( int ( int kept ) ) block: [ :n | n ])');
    smalltalk.evaluate('3 timesRepeat: [ Smalltalk garbageCollect. Processor yield ]');
    expect(smalltalk.evaluate('FFICallback live isEmpty')).toBe('true');
    const call = '[ C callKept: 3 ] on: ReleasedCallback do: [ :fault | fault messageText ]';
    expect(smalltalk.evaluate(call)).toMatch(/callback .*int kept.* was released, and C called it/);
    expect(smalltalk.evaluate('C apply: [ :n | n * 2 ] to: 21')).toBe('42');
  });

  test('also one whose block refers to it', () => {
    smalltalk.evaluate('| cb | cb := FFICallback signature: #( int ( int n ) ) block: [ :n | cb hash ]. C keep: cb');
    smalltalk.evaluate('3 timesRepeat: [ Smalltalk garbageCollect. Processor yield ]');
    expect(smalltalk.evaluate('FFICallback live isEmpty')).toBe('true');
  });

  test('one that something refers to stays, garbage collected or not', () => {
    smalltalk.evaluate(
      'Smalltalk at: #Kept put: (FFICallback signature: #( int ( int n ) ) block: [ :n | n + 1 ]). C keep: (Smalltalk at: #Kept)',
    );
    smalltalk.evaluate('3 timesRepeat: [ Smalltalk garbageCollect. Processor yield ]');
    expect(smalltalk.evaluate('C callKept: 3')).toBe('4');
    expect(smalltalk.evaluate('(Smalltalk at: #Kept) release. FFICallback live size')).toBe('0');
  });

  test('2,000 of them leave nothing behind', () => {
    expect(
      smalltalk.evaluate(
        '2000 timesRepeat: [ C applyAny: (FFICallback signature: #( int ( int n ) ) block: [ :n | n ]) to: 1 ]. 3 timesRepeat: [ Smalltalk garbageCollect. Processor yield ]. FFICallback live size',
      ),
    ).toBe('0');
  });
});

test('more callbacks than an executor has room for, most of them garbage', () => {
  const smalltalk = openSmalltalk({ ffi: 'native' });
  const make = 'FFICallback signature: #( int ( int n ) ) block: [ :n | n ]';
  try {
    expect(smalltalk.evaluate(`20000 timesRepeat: [ ${make} ]. FFICallback live size < 16384`)).toBe('true');
    const all = `| all | all := OrderedCollection new. [ 17000 timesRepeat: [ all add: (${make}) ] ] on: FFIError do: [ :error | error return: error messageText ]`;
    expect(smalltalk.evaluate(all)).toMatch(/all 16384 callbacks of the executor are in use/);
  } finally {
    smalltalk.close();
  }
});

describe('libraries of other domains', () => {
  let smalltalk: Smalltalk;
  const library = compile('image-callbacks', c);
  beforeAll(() => {
    smalltalk = openSmalltalk({ ffi: 'native' });
    smalltalk.load(definitions(library));
    smalltalk.load(`
FFILibrary subclass: #ApartLibrary instanceVariableNames: '' classVariableNames: '' package: 'T'!
!ApartLibrary methodsFor: 'x'!
unixModuleName
	^ '${library}'
!
domain
	^ 'apart'
! !
C subclass: #Apart instanceVariableNames: '' classVariableNames: '' package: 'T'!
!Apart class methodsFor: 'x'!
ffiLibraryName
	^ ApartLibrary
! !`);
  });
  afterAll(() => smalltalk.close());
  const evaluate = (source: string) => smalltalk.evaluate(source);

  test('call blocks', () => expect(evaluate('Apart apply: [ :n | n + 1 ] to: 6')).toBe('7'));

  test('call an FFICallback that the main domain calls too, and its release is known in both', () => {
    const make = 'Smalltalk at: #Cb put: (FFICallback signature: #( int ( int n ) ) block: [ :n | n + 2 ]). ';
    expect(evaluate(`${make} { C apply: (Smalltalk at: #Cb) to: 1. Apart apply: (Smalltalk at: #Cb) to: 2 }`)).toBe(
      '#(3 4)',
    );
    evaluate('C keep: (Smalltalk at: #Cb). Apart keep: (Smalltalk at: #Cb)');
    expect(evaluate('{ C callKept: 1. Apart callKept: 1 }')).toBe('#(3 3)');
    const call = (receiver: string) =>
      `[ ${receiver} callKept: 3 ] on: ReleasedCallback do: [ :fault | fault return: #released ]`;
    expect(evaluate(`(Smalltalk at: #Cb) release. { ${call('C')}. ${call('Apart')} }`)).toBe('#(#released #released)');
  });

  test('call blocks that call the main domain, which calls blocks that call them', () =>
    expect(evaluate('Apart depth: [ :n | C depth: [ :m | Apart nested: 3 ] of: 1 ] of: 2')).toBe('5'));

  test('a fault in one under a block of the other is resumed there', () =>
    expect(
      evaluate('Apart apply: [ :n | [ C crash: n ] on: MemoryViolation do: [ :fault | fault resume: 5 ] ] to: 8'),
    ).toBe('5'));

  test('a callback has an address in each', () => {
    expect(
      evaluate(`| cb a b |
cb := FFICallback signature: #( int ( int n ) ) block: [ :n | n ].
a := cb getHandle. b := cb handleIn: 'apart'.
{ a generation = b generation. (cb handleIn: nil) = a. (cb release; isReleased). [ cb handleIn: 'apart' ] on: FFIError do: [ :error | error messageText ] }`),
    ).toBe("#(false true true 'the callback was released')");
    expect(
      evaluate(
        '[ (FFICallback signature: #( int ( int n ) ) block: [ :n | n ]) handleIn: 3 ] on: FFIError do: [ :error | error messageText ]',
      ),
    ).toBe("'a domain is an instance of SmallInteger, expected its name, or nil'");
  });
});

/** The executors that know no requests evaluate blocks while they wait. */
describe.each(['portable', 'direct'] as const)('blocks that C calls, %s', (mode) => {
  let smalltalk: Smalltalk;
  beforeAll(() => {
    smalltalk = openSmalltalk({ ffi: mode });
    smalltalk.load(definitions(compile('image-callbacks', c)));
  });
  afterAll(() => smalltalk.close());

  test.each<[string, string, string | RegExp]>([
    ['a block', 'C apply: [ :n | n + 1 ] to: 6', '7'],
    [
      'strings, and objects that move meanwhile',
      "C text: [ :s | Smalltalk garbageCollect. s , 'x' ] of: 'abc'",
      "'abcx'",
    ],
    [
      'structures by value',
      'C turn: [ :p | CPoint new x: p y; y: p x; yourself ] of: (CPoint new x: 1; y: 2; yourself)',
      'CPoint ( x: 2, y: 1 )',
    ],
    ['a hundred calls', '| sum | sum := 0. C each: 100 do: [ :i :data | sum := sum + i ]. sum', '4950'],
    ['callouts within callbacks', 'C nested: 5', '5'],
    ['an error in the block is named', 'C apply: [ :n | n / 0 ] to: 1', /^FFIError: .*ZeroDivide/],
    ['the next call works', 'C apply: [ :n | n * 2 ] to: 21', '42'],
    ['and nothing is left', 'FFICallback live isEmpty', 'true'],
  ])('%s', (_claim, source, answer) => {
    const given = smalltalk.evaluate(source);
    if (typeof answer === 'string') expect(given).toBe(answer);
    else expect(given).toMatch(answer);
  });
});
