/**
 * Faults as Smalltalk sees them: what a handler may choose, what the fault tells, and that the next callout works after each.
 * All of it runs on one image with the heap verified around each collection; C is test/safeffi/fixtures/faults.c.
 */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CheckoutPath } from '../../cli/checkout.ts';
import { ImageSession } from '../../cli/image-session.ts';
import { TEST_HEAP_BYTES } from '../heap-limit.ts';
import { fixture } from '../safeffi/fixture.ts';

let session: ImageSession;
let library: string;

beforeAll(() => {
  library = fixture('faults');
  session = ImageSession.open(CheckoutPath.kernelImage, { ffi: 'safe', assert: true, heapLimitBytes: TEST_HEAP_BYTES });
});

afterAll(() => {
  expect(evaluate('Smalltalk heapProblems')).toBe('#()');
  session.close();
});

/** `{int f(int *nil)}` in the source is a callout of the fixture; `{libc: …}` one of the C library. */
function expanded(source: string): string {
  return source.replaceAll(/\{(libc: )?(\S[^}]*)\}/g, (_, libc, signature) => {
    return `(nil ffiCall: '${signature.replaceAll("'", "''")}' library: '${libc === undefined ? library : 'libc.so.6'}')`;
  });
}

/** The printString of the value, or `Class: message` of the error that nobody handled. */
function evaluate(source: string): string {
  const outcome = session.evaluate(expanded(source));
  if (outcome.kind === 'unhandled') {
    const { class: name, message } = session.describeError(outcome);
    return `${name}: ${message}`;
  }
  if (outcome.kind !== 'value') return outcome.kind;
  const printed = session.printString(outcome.oop);
  return typeof printed === 'string' ? printed : printed.kind;
}

/** Evaluates, and makes sure that the executor goes on. */
function expectAnswer(source: string, answer: string): void {
  expect(evaluate(source)).toBe(answer);
  expect(evaluate('{int answer()}')).toBe('42');
}

const isNative = existsSync(CheckoutPath.executor);
const onNative = isNative ? test : test.skip;

describe('a handler of a fault', () => {
  test.each<[string, string, string]>([
    ['return: leaves the block', '[ {int read_at(int *nil)} + 1 ] on: FFIFault do: [ :f | f return: 7 ]', '7'],
    ['falling off its end does so too', '[ {int read_at(int *nil)} + 1 ] on: FFIFault do: [ :f | 8 ]', '8'],
    [
      'resume: is what the callout answers',
      '[ {int read_at(int *nil)} + 1 ] on: FFIFault do: [ :f | f resume: 9 ]',
      '10',
    ],
    [
      'retry runs the block again',
      '| n | n := 0. [ (n := n + 1) < 3 ifTrue: [ {int read_at(int *nil)} ] ifFalse: [ n ] ] on: FFIFault do: [ :f | f retry ]',
      '3',
    ],
    [
      'retryUsing: runs another block',
      '[ {int read_at(int *nil)} ] on: FFIFault do: [ :f | f retryUsing: [ {int answer()} + 1 ] ]',
      '43',
    ],
    [
      'retryCalloutWith: calls again with other arguments',
      '| d | d := 0. [ {int divide(int 84, int d)} + 1 ] on: FFIFault do: [ :f | f retryCalloutWith: #( 84 4 ) ]',
      '22',
    ],
    [
      'retryCallout makes the same call, which faults again as a fault of its own',
      '| n | n := 0. [ {int read_at(int *nil)} ] on: FFIFault do: [ :f | (n := n + 1) < 4 ifTrue: [ f retryCallout ]. f return: n ]',
      '4',
    ],
    [
      'restartExecutor goes before an answer',
      '| g | {int answer()}. g := SafeFFI executorGeneration. [ {int read_at(int *nil)} ] on: FFIFault do: [ :f | f restartExecutor. f resume: SafeFFI executorGeneration - g ]',
      '1',
    ],
    ['restart: does both', '[ {int read_at(int *nil)} + 1 ] on: FFIFault do: [ :f | f restart: 4 ]', '5'],
    [
      'pass goes to the handler outside',
      '[ [ {int read_at(int *nil)} ] on: MemoryViolation do: [ :f | f pass. 1 ] ] on: FFIFault do: [ :f | f return: f class name ]',
      '#MemoryViolation',
    ],
    [
      'outer comes back with what the handler outside resumes with',
      '[ [ {int read_at(int *nil)} + 1 ] on: MemoryViolation do: [ :f | f resume: f outer * 2 ] ] on: FFIFault do: [ :f | f resume: 5 ]',
      '11',
    ],
    [
      'of Error takes faults too, one of another fault does not',
      '[ [ {int read_at(int *nil)} ] on: ArithmeticFault do: [ :f | 1 ] ] on: Error do: [ :f | 2 ]',
      '2',
    ],
    [
      'an ensure: block between runs once, after the handler',
      '| log | log := OrderedCollection new. [ [ {int read_at(int *nil)} ] ensure: [ log add: #ensured ] ] on: FFIFault do: [ :f | log add: #handled ]. log asArray',
      '#(#handled #ensured)',
    ],
    [
      'an ensure: block runs once after a resumption',
      '| log | log := OrderedCollection new. [ [ log add: {int read_at(int *nil)} ] ensure: [ log add: #ensured ] ] on: FFIFault do: [ :f | f resume: 3 ]. log asArray',
      '#(3 #ensured)',
    ],
    [
      'ifCurtailed: runs when the handler returns',
      '| log | log := #kept. [ [ {int read_at(int *nil)} ] ifCurtailed: [ log := #curtailed ] ] on: FFIFault do: [ :f | nil ]. log',
      '#curtailed',
    ],
    [
      'may make callouts of its own while the fault stands',
      '[ {int read_at(int *nil)} + 1 ] on: FFIFault do: [ :f | f resume: {int divide(int 84, int 2)} ]',
      '43',
    ],
    [
      'may meet a fault of its own',
      '[ {int read_at(int *nil)} + 1 ] on: FFIFault do: [ :f | f resume: ([ {int divide(int 1, int 0)} + 2 ] on: ArithmeticFault do: [ :g | g resume: 3 ]) ]',
      '6',
    ],
    [
      'an error in a handler goes outwards and leaves the fault settled',
      '[ [ {int read_at(int *nil)} ] on: FFIFault do: [ :f | 1 / 0 ] ] on: ZeroDivide do: [ :e | e return: e class name ]',
      '#ZeroDivide',
    ],
    [
      'a fault that is settled cannot be retried any more',
      '| fault | [ {int read_at(int *nil)} ] on: FFIFault do: [ :f | fault := f ]. [ fault retryCallout ] on: FFIError do: [ :e | e messageText ]',
      "'the fault is settled already, the callout cannot be made again'",
    ],
    [
      'a retry with too many arguments is refused',
      '[ {int divide(int 1, int 0)} ] on: FFIFault do: [ :f | f retryCalloutWith: #( 1 2 3 ) ]',
      'FFIError: callout divide: 3 given, expected 2 arguments',
    ],
    [
      'a retry with arguments that do not fit is refused',
      "[ {int divide(int 1, int 0)} ] on: FFIFault do: [ :f | f retryCalloutWith: #( 1 'two' ) ]",
      "FFIError: callout divide: argument 2 is 'two', expected int (-2147483648 to 2147483647)",
    ],
    [
      'a retry wants an Array',
      '[ {int divide(int 1, int 0)} ] on: FFIFault do: [ :f | f retryCalloutWith: 3 ]',
      'FFIError: the arguments of a retry are an instance of SmallInteger, expected an Array',
    ],
  ])('%s', (_claim, source, answer) => expectAnswer(source, answer));
});

describe('each kind of fault has its class', () => {
  const classOf = (call: string) => `[ ${call}. #none ] on: FFIFault do: [ :f | f class name ]`;
  test.each<[string, string]>([
    ['{int read_at(int *nil)}', '#MemoryViolation'],
    ['{int divide(int 1, int 0)}', '#ArithmeticFault'],
    ['{void illegal()}', '#IllegalInstruction'],
    ['{void give_up()}', '#CalloutAborted'],
    ['{void kill_self()}', '#ExecutorDied'],
    ['SafeFFI deadline: 50 during: [ {void sleep_forever()} ]', '#CalloutTimeout'],
    ['SafeFFI deadline: 50 during: [ {void forever()} ]', '#CalloutTimeout'],
  ])('%s signals %s', (call, name) => expectAnswer(classOf(call), name));

  test('exit() of C is an abort of the callout, and tells the status', () => {
    expectAnswer(classOf('{void leave(int 5)}'), isNative ? '#CalloutAborted' : '#ExecutorDied');
  });

  test('a deadline is that of its block only', () => {
    expectAnswer('SafeFFI deadline: 5000 during: [ {int answer()} ]. SafeFFI exchangeDeadline: nil', 'nil');
    expectAnswer(
      '[ SafeFFI deadline: 0 during: [ 1 ] ] on: FFIError do: [ :e | e messageText ]',
      "'a deadline is a positive number of milliseconds or nil, not 0'",
    );
  });
});

describe('what a fault tells', () => {
  onNative('a null pointer: signal, address, access, function and library', () => {
    expectAnswer(
      '[ {int read_at(int *nil)} ] on: FFIFault do: [ :f | { f signalName. f signalNumber. f code. f address. f access. f function. f pid = SafeFFI executorPid } ]',
      "#('SIGSEGV' 11 'SEGV_MAPERR' 0 'read' 'read_at' true)",
    );
  });

  onNative('a write past the end of an argument: which one, and how far; the object is as it was', () => {
    expectAnswer(
      '| b | b := ByteArray new: 16. [ {void fill(char *b, int 0, int 17, int 65)} ] on: MemoryViolation do: [ :f | { f argument. f offset. f access. b } ]',
      "#(1 0 'write' #[0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0])",
    );
  });

  onNative('a write before the start of an argument is found by its canary', () => {
    expectAnswer(
      '| b | b := ByteArray new: 16. [ {void fill(char *b, int -1, int 0, int 65)} ] on: FFIFault do: [ :f | { f class name. f argument. f offset } ]',
      '#(#BufferOverrun 1 -1)',
    );
  });

  onNative("the report's lines, in their order", () => {
    const printed = evaluate('| at | at := nil. [ {void outermost(int *at)} ] on: FFIFault do: [ :f | f report ]');
    const lines = printed.slice(1, -1).split('\n');
    expect(lines[0]).toMatch(/^MemoryViolation: read (of 4 bytes )?at 0x0/);
    expect(lines[1]).toBe(`  callout    outermost(int *at) in ${library}`);
    expect(lines[2]).toMatch(
      /^ {2}C {10}inner\+0x[0-9a-f]+ .*<- {2}outer\+0x.*<- {2}outermost\+0x.*<- {2}the callout$/,
    );
    expect(lines[3]).toMatch(/^ {2}Smalltalk {2}\[ ?\] in UndefinedObject>>DoIt \(line 1\) {2}<- /);
    expect(lines.find((line) => line.startsWith('  executor'))).toMatch(
      /^ {2}executor {3}pid \d+, generation \d+, stopped by SIGSEGV \(SEGV_MAPERR\); the object memory is untouched$/,
    );
    expect(lines.at(-1)).toBe('  choices    resume: value | retry | restart | terminate');
  });

  test('an unhandled fault has the stack of the code that made the callout, also from within a handler', () => {
    const outcome = session.evaluate(
      expanded('[ {int read_at(int *nil)} ] on: FFIFault do: [ :f |\n {int divide(int 1, int 0)} ]'),
    );
    if (outcome.kind !== 'unhandled') throw new Error(`expected a fault, got ${outcome.kind}`);
    const { kind, class: name, stack, fault } = session.describeError(outcome);
    expect({ kind, name, function: fault?.function }).toEqual({
      kind: 'fault',
      name: 'ArithmeticFault',
      function: 'divide',
    });
    expect(stack[0]).toMatch(/^\[ ?\] in UndefinedObject>>DoIt \(line 2\)$/);
    expect(stack.at(-1)).toBe('UndefinedObject>>DoIt (line 1)');
    expect(evaluate('{int answer()}')).toBe('42');
  });
});

describe("the executor's memory", () => {
  test('bytes written to an address are read back', () => {
    expectAnswer(
      '| a | a := ExternalAddress allocate: 8. a byteAt: 4 put: 77. { a byteAt: 4. (a bytesAt: 3 size: 1) first. a free; isNull }',
      '#(77 77 true)',
    );
  });

  test('a bad address is a MemoryViolation, for reading and for writing, and can be resumed', () => {
    expectAnswer('[ ExternalAddress null byteAt: 1 ] on: MemoryViolation do: [ :f | f return: f access ]', "'read'");
    expectAnswer(
      '[ (ExternalAddress new addressValue: 4096; yourself) byteAt: 1 put: 2. 5 ] on: MemoryViolation do: [ :f | f resume: nil ]',
      '5',
    );
    expectAnswer(
      '[ (ExternalAddress null bytesAt: 0 size: 4) size ] on: FFIFault do: [ :f | f resume: #[ 1 2 ] ]',
      '2',
    );
  });

  test('an address of an executor that is gone is stale, for C and for the VM', () => {
    const stale =
      "[ :block | [ block value. #used ] on: StaleAddress do: [ :f | f messageText beginsWith: 'argument 1 is 0x' ] ]";
    expectAnswer(
      `| a | a := ExternalAddress allocate: 8. SafeFFI restart. ${stale} value: [ {libc: size_t strlen(char *a)} ]`,
      'true',
    );
    expectAnswer(`| a | a := ExternalAddress allocate: 8. SafeFFI restart. ${stale} value: [ a byteAt: 1 ]`, 'true');
  });
});

describe('an executor that dies', () => {
  test('in a callout is an ExecutorDied that can be resumed', () => {
    expectAnswer('[ {void kill_self()}. 1 ] on: ExecutorDied do: [ :f | f resume: nil ]', '1');
  });

  test('while idle is found by the next callout, and the one after works', () => {
    expectAnswer('{int answer()}. SafeFFI executorPid isInteger', 'true');
    process.kill(Number(evaluate('SafeFFI executorPid')), 'SIGKILL');
    const next = evaluate('[ {int answer()} ] on: ExecutorDied do: [ :f | f retryCallout ]');
    expect(next).toBe('42');
    expect(evaluate('{int answer()}')).toBe('42');
  });
});

describe('many faults', () => {
  test('a thousand are resumed in place, by one executor where it is native', () => {
    const before = Number(evaluate('{int answer()}. SafeFFI executorGeneration'));
    const count = isNative ? 1000 : 20;
    expectAnswer(
      `(1 to: ${count}) inject: 0 into: [ :sum :i | sum + ([ {int read_at(int *nil)} ] on: FFIFault do: [ :f | f resume: 1 ]) ]`,
      String(count),
    );
    if (isNative) expect(Number(evaluate('SafeFFI executorGeneration'))).toBe(before);
  });

  test('restarts leave one executor', () => {
    const before = Number(evaluate('{int answer()}. SafeFFI executorGeneration'));
    expectAnswer(
      '1 to: 5 do: [ :i | SafeFFI restart. {int answer()} ]. SafeFFI executorGeneration',
      String(before + 5),
    );
  });
});
