/** Wrong usage and bad input: a sentence that names the culprit, the right exit code, nothing lost. */
import { describe, expect, test } from '@jest/globals';
import { Scratch, safeffi } from './command.ts';

const scratch = new Scratch();

describe('usage', () => {
  test.each<[readonly string[], string]>([
    [['nonsense'], "error: unknown command 'nonsense'"],
    [['eval'], "error: missing required argument 'source'"],
    [['eval', '1', '2'], "error: too many arguments for 'eval'. Expected 1 argument but got 2."],
    [['eval', '--bogus', '1'], "error: unknown option '--bogus'"],
    [
      ['eval', '--ffi', 'unsafe', '1'],
      "error: option '--ffi <where>' argument 'unsafe' is invalid. Allowed choices are safe, native, portable, direct.",
    ],
    [
      ['eval', '--deadline', '0', '1'],
      "error: option '--deadline <ms>' argument '0' is invalid. 0 is no positive whole number.",
    ],
    [
      ['eval', '--deadline', '1.5', '1'],
      "error: option '--deadline <ms>' argument '1.5' is invalid. 1.5 is no positive whole number.",
    ],
    [
      ['eval', '--on-fault', 'panic', '1'],
      "error: option '--on-fault <action>' argument 'panic' is invalid. Allowed choices are debug, signal, exit.",
    ],
    [
      ['bench', 'everything'],
      "error: command-argument value 'everything' is invalid for argument 'what'. Allowed choices are callout, fault, vm, image, napi.",
    ],
  ])('%j', (args, sentence) => {
    expect(safeffi(args)).toEqual({
      status: 2,
      signal: null,
      stdout: '',
      stderr: `${sentence}\n(safeffi --help lists the commands)\n`,
    });
  });

  test('is an object with --json', () => {
    const { status, stdout } = safeffi(['eval', '--json']);
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      schema: 1,
      error: { kind: 'input', message: "missing required argument 'source'" },
    });
  });

  test('--help and --version go to stdout, exit code 0', () => {
    expect(safeffi(['--version'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
    const { status, stdout, stderr } = safeffi(['--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const command of ['run', 'eval', 'build', 'inspect', 'disasm', 'bench', 'doctor'])
      expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
  });
});

describe('a script', () => {
  test.each([
    ['that is not there', () => '/nowhere/x.st', 'there is no file /nowhere/x.st'],
    ['that never ends', () => '/dev/zero', 'has more than 64 MiB, expected a script of Smalltalk source'],
    ['that is a folder', () => scratch.path, 'is a directory, expected a script or an image file'],
    ['below a file', () => `${scratch.file('plain', '')}/x.st`, 'there is no file '],
    [
      'that is no UTF-8',
      () => scratch.file('latin.st', Buffer.from("\n'caf\xe9'", 'latin1')),
      'latin.st:2: the byte 0xe9 at offset 5 is no UTF-8, which scripts are written in',
    ],
    [
      'whose string never ends',
      () => scratch.file('open.st', "1.\n'never"),
      'open.st:2: DoIt: line 2, column 1: the string that starts here never ends',
    ],
  ])('%s is named, exit code 2', (_what, path, sentence) => {
    const { status, stdout, stderr } = safeffi(['run', path()]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^safeffi: /);
    expect(stderr).toContain(sentence);
  });
});

/** Each piece prints what happened and goes on, so that one process makes many claims. */
function messagesOf(expressions: readonly string[], ...options: string[]): string[] {
  const script = expressions
    .map(
      (each) =>
        `Transcript show: ([ ${each} ] on: Error do: [ :e | e class name , ': ' , e messageText ]) printString; cr!\n`,
    )
    .join('');
  const { status, stdout, stderr } = safeffi(['run', ...options, scratch.file('messages.st', script)]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trimEnd().split(/\n(?=['\d])/);
}

describe('a callout that cannot be made', () => {
  const callout = (signature: string, library = "'libc.so.6'") => `self ffiCall: ${signature} library: ${library}`;
  const cases: readonly (readonly [source: string, message: RegExp])[] = [
    [callout('#( int abs ( int 3 ) )', "'libnope.so'"), /FFIError: library libnope\.so could not be loaded/],
    [
      callout('#( int abs ( int 3 ) )', 'nil'),
      /FFIError: a library is nil, expected its file name or path as a String/,
    ],
    [callout('#( int nosuchfunction ( ) )'), /FFIError: nosuchfunction was not found in libc\.so\.6/],
    [callout('#( zork abs ( int 3 ) )'), /FFIError: ''zork'' is not a C type known here/],
    [
      callout("'int abs int 3'"),
      /FFIError: the signature int abs int 3 does not parse at column 9: expected parameters in parentheses/,
    ],
    [
      callout('#( int abs ( int nowhere ) )'),
      /FFIError: callout abs: argument 1 is named nowhere, which is no argument, temp/,
    ],
    [
      `| n | n := 'abc'. ${callout('#( int abs ( int n ) )')}`,
      /FFIError: callout abs: argument 1 is ''abc'', expected int/,
    ],
    [
      `| n | n := 1 << 31. ${callout('#( int abs ( int n ) )')}`,
      /FFIError: callout abs: argument 1 is 2147483648, expected int \(-2147483648 to 2147483647\)/,
    ],
    [
      `| n | n := Object new. ${callout('#( size_t strlen ( char * n ) )')}`,
      /FFIError: callout strlen: argument 1 is an instance of Object, expected/,
    ],
  ];

  test('says which part is wrong, natively and portably, and the next one works', () => {
    const works = callout('#( int abs ( int -5 ) )');
    for (const kind of ['safe', 'portable']) {
      const messages = messagesOf([...cases.map(([source]) => source), works], '--ffi', kind);
      expect(messages).toHaveLength(cases.length + 1);
      cases.forEach(([, message], i) => {
        expect(messages[i]).toMatch(message);
      });
      expect(messages.at(-1)).toBe('5');
    }
  });
});

describe('memory that runs out', () => {
  test('is an error that can be handled: endless recursion, one object too large', () => {
    const messages = messagesOf([
      '| b | b := nil. b := [ :n | (b value: n + 1) + 1 ]. b value: 1',
      'Array new: 1000000000',
      'ByteArray new: (1 bitShift: 40)',
      'String new: -1',
      '3 + 4',
    ]);
    expect(messages).toEqual([
      expect.stringMatching(/^'OutOfMemory: there is no room for more objects/),
      "'OutOfMemory: No room for an instance of Array with 1000000000 elements'",
      "'OutOfMemory: An instance of ByteArray with 1099511627776 elements is too large'",
      "'Error: The size of an instance of ByteString is a non-negative integer, not -1'",
      '7',
    ]);
  });

  test('unhandled is an error with the stack that led there, exit code 3', () => {
    const { status, stdout, stderr } = safeffi([
      'eval',
      '| c | c := OrderedCollection new. [ true ] whileTrue: [ c add: (Array new: 10000) ]',
    ]);
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr).toMatch(
      /^OutOfMemory: there is no room for more objects: .*\n( {2}.*\n)* {2}UndefinedObject>>DoIt \(line 1\)\n$/,
    );
    expect(stderr).not.toContain('>>?');
  });
});

describe('a program that ends in its own way', () => {
  test.each([
    ['Semaphore new wait', 'stuck', 'the program waits for what never comes: no process can run and no timer is set'],
    ['Processor activeProcess terminate', 'terminated', 'the process that ran the program was terminated'],
  ])('%s: %s, exit code 1', (source, kind, message) => {
    expect(safeffi(['eval', source])).toMatchObject({ status: 1, stdout: '', stderr: `safeffi: ${message}\n` });
    const { status, stdout } = safeffi(['eval', '--json', source]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ schema: 1, value: null, class: null, error: { kind, message } });
  });
});
