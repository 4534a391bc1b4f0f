/** `safeffi run` on scripts: what each format does, where a mistake is named, and what stands on which stream. */
import { describe, expect, test } from '@jest/globals';
import { Scratch, safeffi } from './command.ts';

const scratch = new Scratch();
const run = (name: string, content: string | Uint8Array, ...args: string[]) =>
  safeffi(['run', scratch.file(name, content), ...args], { cwd: scratch.path });

describe('a script without bangs', () => {
  test('is one doit, with temps; a byte order mark, CRLF and characters beyond Latin-1 are taken', () => {
    const { status, stdout, stderr } = run(
      'one.st',
      "\ufeff| text |\r\ntext := 'λ → 日本 𝄞 é'.\r\nTranscript show: text; cr; show: text size printString; cr.\r\n",
    );
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'λ → 日本 𝄞 é\n10\n', stderr: '' });
  });

  test('that is empty does nothing', () => {
    expect(run('empty.st', '')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('stops at an error that nobody handles, with the line, exit code 3', () => {
    const { status, stdout, stderr } = run(
      'error.st',
      "Transcript show: 'before'; cr.\n\n#( ) first.\nTranscript show: 'after'",
    );
    expect({ status, stdout }).toEqual({ status: 3, stdout: 'before\n' });
    expect(stderr).toContain('UndefinedObject>>DoIt (line 3)');
  });

  test('exits with the code that it asks for', () => {
    expect(run('exit.st', 'Smalltalk exit: 7').status).toBe(7);
    expect(run('failure.st', 'Smalltalk exitFailure').status).toBe(1);
  });

  test('reads its arguments, in UTF-8', () => {
    const { stdout } = run(
      'arguments.st',
      'Transcript show: Smalltalk arguments printString',
      'a b',
      'é',
      '日本',
      '--',
      '-x',
    );
    expect(stdout).toBe("#('a b' 'é' '日本' '-x')");
  });

  test('writes what C prints in its place among what Smalltalk prints', () => {
    const puts = (text: string) => `self ffiCall: #( int puts ( '${text}' ) ) library: 'libc.so.6'`;
    const { stdout } = run(
      'order.st',
      `Transcript show: 'one'; cr. ${puts('two')}. Transcript show: 'three'; cr. ${puts('four')}`,
    );
    expect(stdout).toBe('one\ntwo\nthree\nfour\n');
  });

  test('has one object on stdout with --json', () => {
    expect(JSON.parse(run('value.st', '3 + 4', '--json').stdout)).toEqual({
      schema: 1,
      value: null,
      class: null,
      error: null,
    });
  });
});

describe('a script in chunks', () => {
  test('defines a class with comment, methods in protocols on both sides, and uses it', () => {
    const { stdout, stderr, status } = run(
      'class.st',
      `Object subclass: #Account instanceVariableNames: 'balance' classVariableNames: '' package: 'Demo'!
!Account commentStamp: 'me' prior: 0!
It's worth 日本!!!
!Account methodsFor: 'money'!
balance
	^ balance ifNil: [ 0 ]!
deposit: amount
	balance := self balance + amount.
	Transcript show: 'not so fast!!'; cr! !
!Account class methodsFor: 'instance creation'!
rich
	^ self new deposit: 100; yourself! !
Transcript show: Account rich balance printString; cr; show: Account comment; cr!
Transcript show: Account protocols printString; cr; show: Account class protocols printString; cr!
`,
    );
    expect({ stdout, stderr, status }).toEqual({
      stdout: "not so fast!\n100\nIt's worth 日本!\n#(#money)\n#(#'instance creation')\n",
      stderr: '',
      status: 0,
    });
  });

  test('names file and line of a method that does not parse, after what stood before it ran', () => {
    const { status, stdout, stderr } = run(
      'bad-method.st',
      "Transcript show: 'ran'!\n!Object methodsFor: 'x'!\ngood\n\t^ 1!\n\nbad\n\t^ 3 +\n\t  ) 4! !\n'never' foo!\n",
    );
    expect({ status, stdout }).toEqual({ status: 2, stdout: 'ran' });
    expect(stderr).toMatch(/bad-method\.st:8: Object>>bad: line 3, column 4: /);
    expect(stderr).toContain('^');
  });

  test('names file and line of a method for a class that is not there', () => {
    const { status, stderr } = run('unknown.st', "1!\n!Nowhere methodsFor: 'x'!\nfoo\n\t^ 1! !\n");
    expect(status).toBe(2);
    expect(stderr).toContain('unknown.st:3: a method is given for class Nowhere, which the image does not have');
  });

  test('names file and line of a section that is none', () => {
    const { status, stderr } = run('section.st', "1!\n\n!Object fooFor: 'x'!\nfoo ^ 1! !\n");
    expect(status).toBe(2);
    expect(stderr).toContain("section.st:3: !Object fooFor: 'x'! opens no section of methods");
  });
});

describe('a fault in a script', () => {
  test('that nobody handles prints its report and ends with exit code 4', () => {
    const { status, stdout, stderr } = run(
      'fault.st',
      "Transcript show: 'before'; cr!\nself ffiCall: #( size_t strlen ( char * nil ) ) library: 'libc.so.6'!\nTranscript show: 'after'!\n",
    );
    expect({ status, stdout }).toEqual({ status: 4, stdout: 'before\n' });
    expect(stderr).toMatch(/^MemoryViolation: /);
    expect(stderr).toContain('\n  callout    strlen(char *nil) in libc.so.6\n');
    expect(stderr).toContain('\n  Smalltalk  UndefinedObject>>DoIt (line 1)\n');
    expect(stderr).toContain('\n  choices    resume: value | retry | restart | terminate');
  });

  test('is the same in portable and is an object with --json', () => {
    const { status, stdout } = run(
      'portable.st',
      "self ffiCall: #( size_t strlen ( char * nil ) ) library: 'libc.so.6'",
      '--json',
      '--ffi',
      'portable',
    );
    expect(status).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 1,
      value: null,
      error: {
        kind: 'fault',
        class: 'MemoryViolation',
        stack: ['UndefinedObject>>DoIt (line 1)'],
        fault: { kind: 'MemoryViolation', signal: 'SIGSEGV', function: 'strlen', library: 'libc.so.6' },
      },
    });
  });

  test('--deadline ends a callout that hangs; nothing is asked where stdin is no terminal', () => {
    const { status, stderr } = run(
      'hang.st',
      "self ffiCall: #( int pause ( ) ) library: 'libc.so.6'",
      '--deadline',
      '50',
      '--on-fault',
      'debug',
    );
    expect(status).toBe(4);
    expect(stderr).toMatch(/^CalloutTimeout: stopped after its deadline of 50 ms\n/);
  });
});
