/** What the compiler says about wrong sources: whole messages. */
import { describe, expect, test } from '@jest/globals';
import { compileDoit, compileMethod } from '../../image/compiler/compile.ts';
import { CompileError, type ProblemCode, type SourceOrigin } from '../../image/compiler/compile-error.ts';

const scope = { instanceVariableNames: ['iv'], hasBinding: (name: string) => name === 'Object' };

function errorOf(compile: () => unknown): CompileError {
  try {
    compile();
  } catch (error) {
    if (error instanceof CompileError) return error;
    throw error;
  }
  throw new Error('the source compiled');
}
const methodError = (source: string, origin: SourceOrigin = { className: 'Demo' }): CompileError =>
  errorOf(() => compileMethod(source, scope, origin));

describe('a source that does not parse', () => {
  const cases: [source: string, code: ProblemCode, message: string[]][] = [
    [
      'foo ^ x +',
      'syntax',
      ['Demo>>foo: line 1, column 10: the source ends where an expression is expected', 'foo ^ x +', '         ^'],
    ],
    [
      "foo\n\t^ 'abc",
      'unterminated-string',
      ['Demo>>foo: line 2, column 4: the string that starts here never ends', "\t^ 'abc", '\t  ^'],
    ],
    [
      'foo "abc\n ^ 3',
      'unterminated-comment',
      ['Demo>>foo: line 1, column 5: the comment that starts here never ends', 'foo "abc', '    ^'],
    ],
    [
      'foo ^ (3 + 4',
      'unbalanced-bracket',
      ["Demo>>foo: line 1, column 7: '(' is never closed", 'foo ^ (3 + 4', '      ^'],
    ],
    [
      'foo ^ [3)',
      'unbalanced-bracket',
      ["Demo>>foo: line 1, column 9: ')' closes nothing: '[' is open and wants ']'", 'foo ^ [3)', '        ^'],
    ],
    [
      'foo ^ 3)',
      'unbalanced-bracket',
      ["Demo>>foo: line 1, column 8: ')' closes nothing that is open", 'foo ^ 3)', '       ^'],
    ],
    [
      'foo\n  x foo := 3',
      'syntax',
      ['Demo>>foo: line 2, column 9: only a name can stand before :=', '  x foo := 3', '        ^^'],
    ],
    [
      'foo ^ 3 4',
      'syntax',
      [
        "Demo>>foo: line 1, column 9: found '4' where the end, ';', a keyword, an operator, a message or '.' is expected",
        'foo ^ 3 4',
        '        ^',
      ],
    ],
    ['foo: ^ 3', 'syntax', ["Demo: line 1, column 6: found '^' where a name is expected", 'foo: ^ 3', '     ^']],
    [
      'foo ^ 3; bar',
      'cascade-without-message',
      [
        'Demo>>foo: line 1, column 7: a cascade goes on from a message, but none stands before the first ;',
        'foo ^ 3; bar',
        '      ^',
      ],
    ],
    [
      'foo ^ #[1 256]',
      'bad-byte',
      [
        'Demo>>foo: line 1, column 11: 256 in a byte array is no integer from 0 to 255',
        'foo ^ #[1 256]',
        '          ^^^',
      ],
    ],
    ['foo ^ 2r12', 'bad-number', ['Demo>>foo: line 1, column 7: 2 is no digit in radix 2', 'foo ^ 2r12', '      ^^^^']],
    [
      'foo ^ {^ 3}',
      'return-in-brace',
      ['Demo>>foo: line 1, column 8: a brace array lists values, and ^ returns none', 'foo ^ {^ 3}', '       ^^^'],
    ],
  ];
  test.each(cases)('%j', (source, code, [head, line, caret]) => {
    const error = methodError(source);
    expect(error.message).toBe([head, `    ${line}`, `    ${caret}`].join('\n'));
    expect(error.code).toBe(code);
  });
});

describe('a source whose names are wrong', () => {
  const cases: [source: string, code: ProblemCode, sentence: string][] = [
    ['foo ^ zork', 'undeclared', "'zork' is not declared"],
    ['foo zork := 3', 'undeclared', "'zork' is not declared"],
    ['foo [:x | x]. ^ x', 'undeclared', "'x' is not declared"],
    ['foo iv ifTrue: [| t | t]. ^ t', 'undeclared', "'t' is not declared"],
    ['foo | a a |', 'duplicate-declaration', "'a' is declared twice"],
    ['foo: a | a |', 'duplicate-declaration', "'a' is declared twice"],
    ['foo ^ [:a :a | a]', 'duplicate-declaration', "'a' is declared twice"],
    ['foo: a a := 3', 'read-only', "'a' is an argument and cannot be assigned to"],
    ['foo ^ [:a | a := 3]', 'read-only', "'a' is an argument and cannot be assigned to"],
    ['foo 1 to: 3 do: [:i | i := 3]', 'read-only', "'i' is an argument and cannot be assigned to"],
    ['foo <primitive: 1 error: ec> ec := 3', 'read-only', "'ec' is an argument and cannot be assigned to"],
    ['foo self := 3', 'reserved-name', "'self' is a reserved word and cannot be assigned to"],
    ['foo: nil ^ nil', 'reserved-name', "'nil' is a reserved word and names no variable"],
    ['foo ^ super', 'super-not-receiver', "'super' stands for no value, only before a message"],
    ['foo ^ 3 + super', 'super-not-receiver', "'super' stands for no value, only before a message"],
    ['foo <primitive: 0>', 'bad-pragma', 'a primitive is a number from 1 to 8191 or a string'],
    ['foo <primitive: 8192>', 'bad-pragma', 'a primitive is a number from 1 to 8191 or a string'],
    ['foo <primitive: 1 error: 3>', 'bad-pragma', 'error: takes the name of a variable, and this is none'],
    ['foo <primitive: 1> <primitive: 2>', 'bad-pragma', 'the method has a primitive already'],
    ['foo <bar: baz>', 'bad-pragma', "a pragma's argument is a literal, and 'baz' is none"],
  ];
  test.each(cases)('%s', (source, code, sentence) => {
    const error = methodError(source);
    expect([error.code, error.sentence]).toEqual([code, sentence]);
  });

  test('is told all its problems at once, in order', () => {
    const { problems } = methodError('foo: x x := 3. ^ y + zork');
    expect(problems.map(({ sentence }) => sentence)).toEqual([
      "'x' is an argument and cannot be assigned to",
      "'y' is not declared",
      "'zork' is not declared",
    ]);
  });
});

describe('a message about a source', () => {
  test('names the file and its line where they are known', () => {
    const error = methodError('foo\n    ^ zork', { className: 'Demo class', file: 'Demo.class.st', line: 119 });
    expect(error.message).toBe(
      [
        "Demo.class.st:120: Demo class>>foo: line 2, column 7: 'zork' is not declared",
        '        ^ zork',
        '          ^^^^',
      ].join('\n'),
    );
    expect([error.line, error.column]).toEqual([2, 7]);
  });

  test('calls a doit DoIt', () => {
    const error = errorOf(() => compileDoit('3 zork: x', scope));
    expect(error.message.split('\n')[0]).toBe("DoIt: line 1, column 9: 'x' is not declared");
  });

  test('counts lines that end in CR or CRLF', () => {
    expect(methodError('foo\r\r ^ zork').line).toBe(3);
    expect(methodError('foo\r\n\r\n ^ zork').line).toBe(3);
  });
});
