/** The grammar takes Smalltalk as Pharo writes it. Trees are compared by how they print, with all parentheses. */
import { describe, expect, test } from '@jest/globals';
import type { ExpressionNode, MessageNode, StatementNode } from '../../image/compiler/ast.ts';
import { parseDoit, parseMethod } from '../../image/compiler/parser.ts';
import { printLiteral } from '../../image/compiler/print-literal.ts';

function shape(node: StatementNode): string {
  switch (node.kind) {
    case 'return':
      return `^${shape(node.value)}`;
    case 'literal':
      return printLiteral(node.value);
    case 'variable':
    case 'pseudoVariable':
      return node.name;
    case 'assignment':
      return `(${node.target.name} := ${shape(node.value)})`;
    case 'send':
      return `(${shape(node.receiver)} ${message(node.message)})`;
    case 'cascade':
      return `(${shape(node.receiver)} ${node.messages.map(message).join('; ')})`;
    case 'brace':
      return `{${node.elements.map(shape).join('. ')}}`;
    case 'block': {
      const names = [...node.parameters.map(({ name }) => `:${name}`), ...node.temporaries.map(({ name }) => name)];
      return `[${[...names, ''].join(' ')}| ${node.statements.map(shape).join('. ')}]`;
    }
  }
}

const message = ({ selector, arguments: values }: MessageNode): string =>
  [`#${selector}`, ...values.map((value: ExpressionNode) => shape(value))].join(' ');
const shapes = (source: string): string => parseDoit(source).statements.map(shape).join('. ');

describe('a statement', () => {
  const cases: [source: string, shape: string][] = [
    ['a b c', '((a #b) #c)'],
    ['a + b * c', '((a #+ b) #* c)'],
    ['a b + c d', '((a #b) #+ (c #d))'],
    ['a at: b + 1 put: c d', '(a #at:put: (b #+ 1) (c #d))'],
    ['a foo: (b bar: c)', '(a #foo: (b #bar: c))'],
    ['a := b := 3', '(a := (b := 3))'],
    ['a:=b', '(a := b)'],
    ['a foo; bar: 1; + 2', '(a #foo; #bar: 1; #+ 2)'],
    ['a b foo: c d; bar', '((a #b) #foo: (c #d); #bar)'],
    ['a + b foo; baz', '(a #+ (b #foo); #baz)'],
    ['^ self', '^self'],
    ['super foo. thisContext', '(super #foo). thisContext'],
    ['a. . b..', 'a. b'],
    ['', ''],
    ['"only" a "comments" b "here"', '(a #b)'],
    ['x-1', '(x #- 1)'],
    ['x - -1', '(x #- -1)'],
    ['a<-1', '(a #< -1)'],
    ['a --> b >>> c', '((a #--> b) #>>> c)'],
    ['a | b || c', '((a #| b) #|| c)'],
    ['a ~= b. a ~~ b. a \\\\ b', '(a #~= b). (a #~~ b). (a #\\\\ b)'],
    ['100factorial', '(100 #factorial)'],
    ['a_b _c: D_1', '(a_b #_c: D_1)'],
    ['{1. a foo. {}}. {1. }', '{1. (a #foo). {}}. {1}'],
  ];
  test.each(cases)('%s', (source, expected) => {
    expect(shapes(source)).toBe(expected);
  });
});

describe('a literal', () => {
  const cases: [source: string, printed: string][] = [
    ["'it''s'", "'it''s'"],
    ["''", "''"],
    ['$a. $ . $". $😀', '$a. $ . $". $😀'],
    ["#foo. #foo:bar:. #+. #'a b'. #'it''s'. ##foo", "#foo. #foo:bar:. #+. #'a b'. #'it''s'. #foo"],
    ['#(1 $a foo #foo foo:bar: + - true false nil)', "#(1 $a #foo #foo #foo:bar: #+ #'-' true false nil)"],
    ["#('s' #'s s' (1 (2)) #(3) [1 2] #[3] -4 3.5)", "#('s' #'s s' #(1 #(2)) #(3) #[1 2] #[3] -4 3.5)"],
    ['#(int abs (int n))', '#(#int #abs #(#int #n))'],
    ['#[1 16rFF 0]', '#[1 255 0]'],
    ['nil. true. false', 'nil. true. false'],
    ['16rFF. 2r1e3. 3.14s2. 1e-3', '255. 8. 3.14s2. 1e-3'],
  ];
  test.each(cases)('%s', (source, printed) => {
    expect(shapes(source)).toBe(printed);
  });
});

describe('a block', () => {
  const cases: [source: string, shape: string][] = [
    ['[]', '[| ]'],
    ['[:a]', '[:a | ]'],
    ['[:a|]', '[:a | ]'],
    ['[:a :b| a]', '[:a :b | a]'],
    ['[:a | | t u | t]', '[:a t u | t]'],
    ['[:a || t | t]', '[:a t | t]'],
    ['[| t | t]', '[t | t]'],
    ['[|| 1]', '[| 1]'],
    ['[: a | ^ a. 2]', '[:a | ^a. 2]'],
    ['[[[1]]]', '[| [| [| 1]]]'],
  ];
  test.each(cases)('%s', (source, expected) => {
    expect(shapes(source)).toBe(expected);
  });
});

describe('a method', () => {
  test('is unary, binary or keyword', () => {
    const heads = ['foo', '+ x ^ 1', 'at: a put: b ^ 1'].map((source) => {
      const { selector, arguments: names } = parseMethod(source);
      return [selector, ...names.map(({ name }) => name)];
    });
    expect(heads).toEqual([['foo'], ['+', 'x'], ['at:put:', 'a', 'b']]);
  });

  test('has pragmas before or after its temps', () => {
    const source = "foo <a> <primitive: 60 error: ec> | t u | <b: #x c: 'y'> ^ t";
    const { pragmas, temporaries } = parseMethod(source);
    expect(pragmas.map(({ selector }) => selector)).toEqual(['a', 'primitive:error:', 'b:c:']);
    expect(pragmas[1]!.arguments).toMatchObject([{ kind: 'literal' }, { kind: 'variable', name: 'ec' }]);
    expect(temporaries.map(({ name }) => name)).toEqual(['t', 'u']);
  });

  test('knows where its parts stand', () => {
    const source = 'foo\n\t^ (a  foo) bar: 3';
    const [statement] = parseMethod(source).statements;
    const at = ({ start, end }: { start: number; end: number }): string => source.slice(start, end);
    if (statement?.kind !== 'return' || statement.value.kind !== 'send') throw new Error('no send is returned');
    expect(at(statement)).toBe('^ (a  foo) bar: 3');
    expect(at(statement.value.message)).toBe('bar: 3');
    expect(at(statement.value.receiver)).toBe('a  foo');
  });
});
