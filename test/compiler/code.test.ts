/** Which code a source becomes: listings of mnemonics, one statement of the source a case. Blocks follow, indented. */
import { describe, expect, test } from '@jest/globals';
import { compileDoit, compileMethod } from '../../image/compiler/compile.ts';
import type { CompiledBlockCode, CompiledMethodCode } from '../../image/compiler/compiled-code.ts';
import { viewOf } from '../../image/compiler/print-code.ts';
import { disassemble } from '../../vm/bytecode/disassembler.ts';

const scope = {
  instanceVariableNames: ['iv', 'iw'],
  hasBinding: (name: string) => /^[A-Z]/.test(name),
};

function listing(code: CompiledMethodCode | CompiledBlockCode, source: string): string[] {
  const lines = disassemble(viewOf(code, source, scope.instanceVariableNames)).map(({ pc, mnemonic, operand }) =>
    `${pc} ${mnemonic} ${operand}`.trimEnd(),
  );
  const blocks = code.literals.flatMap((literal) => (literal.kind === 'block' ? listing(literal.code, source) : []));
  return [...lines, ...blocks.map((line) => `  ${line}`)];
}
const compiled = (source: string): string[] => listing(compileMethod(source, scope), source);

describe('the code of a method', () => {
  const cases: [source: string, lines: string[]][] = [
    ['foo', ['0 returnReceiver']],
    ['foo ^ self', ['0 returnReceiver']],
    ['foo ^ nil', ['0 returnNil']],
    ['foo ^ true', ['0 returnTrue']],
    ['foo ^ iv', ['0 pushReceiverVariable 0: iv', '1 returnTop']],
    ['foo 3. iv. #x. [4]. ^ 1', ['0 pushOne', '1 returnTop']],
    ['foo ^ 1. ^ 2 foo', ['0 pushOne', '1 returnTop']],
    [
      'foo: x iv := iw := x',
      ['0 pushTemp 0: x', '1 storeReceiverVariable 1: iw', '3 popIntoReceiverVariable 0: iv', '4 returnReceiver'],
    ],
    ['foo Foo := Bar', ['0 pushLiteralVariable Bar', '1 popIntoLiteralVariable Foo', '3 returnReceiver']],
    [
      'foo: x ^ x + 1 at: -1 put: 300',
      [
        '0 pushTemp 0: x',
        '1 pushOne',
        '2 sendArithmetic #+',
        '3 pushInteger -1',
        '7 pushInteger 300',
        '11 sendSpecial #at:put:',
        '12 returnTop',
      ],
    ],
    [
      "foo ^ self a: 1 b: 'x' c: 40000 d: $é",
      [
        '0 pushReceiver',
        '1 pushOne',
        "2 pushLiteral 'x'",
        '3 pushLiteral 40000',
        '4 pushCharacter 233: $é',
        '6 send #a:b:c:d:',
        '8 returnTop',
      ],
    ],
    ['foo ^ super foo: 0', ['0 pushReceiver', '1 pushZero', '2 superSend #foo:', '4 returnTop']],
    [
      'foo ^ [super foo: 0]',
      [
        '0 pushFullClosure block 6..20 copying 0',
        '3 returnTop',
        '  0 pushReceiver',
        '  1 pushZero',
        '  2 pushLiteralVariable the class of the method',
        '  3 superSend #foo:',
        '  7 blockReturnTop',
      ],
    ],
    [
      'foo ^ iv foo; bar: 1',
      [
        '0 pushReceiverVariable 0: iv',
        '1 duplicateTop',
        '2 send #foo',
        '3 pop',
        '4 pushOne',
        '5 send #bar:',
        '6 returnTop',
      ],
    ],
    ['foo ^ {1. nil}', ['0 pushOne', '1 pushNil', '2 pushArray of 2 popped', '4 returnTop']],
    ['foo ^ {}', ['0 pushArray of 0 nils', '2 returnTop']],
    ['foo ^ thisContext', ['0 pushThisContext', '1 returnTop']],
  ];
  test.each(cases)('%s', (source, lines) => {
    expect(compiled(source)).toEqual(lines);
  });
});

describe('an inlined control structure', () => {
  const cases: [source: string, lines: string[]][] = [
    [
      'foo: x x ifTrue: [x foo]',
      ['0 pushTemp 0: x', '1 popJumpFalse to 5', '2 pushTemp 0: x', '3 send #foo', '4 pop', '5 returnReceiver'],
    ],
    [
      'foo: x ^ x ifFalse: [1]',
      ['0 pushTemp 0: x', '1 popJumpTrue to 4', '2 pushOne', '3 jump to 5', '4 pushNil', '5 returnTop'],
    ],
    [
      'foo: x ^ x ifTrue: [^ 1] ifFalse: [0]',
      ['0 pushTemp 0: x', '1 popJumpFalse to 4', '2 pushOne', '3 returnTop', '4 pushZero', '5 returnTop'],
    ],
    [
      'foo: x (x and: [iv]) ifTrue: [iv := 1]',
      [
        '0 pushTemp 0: x',
        '1 popJumpFalse to 6',
        '2 pushReceiverVariable 0: iv',
        '3 popJumpFalse to 6',
        '4 pushOne',
        '5 popIntoReceiverVariable 0: iv',
        '6 returnReceiver',
      ],
    ],
    [
      'foo: x ^ x or: [iv]',
      [
        '0 pushTemp 0: x',
        '1 popJumpTrue to 4',
        '2 pushReceiverVariable 0: iv',
        '3 jump to 5',
        '4 pushTrue',
        '5 returnTop',
      ],
    ],
    [
      'foo: x ^ x ifNil: [1]',
      [
        '0 pushTemp 0: x',
        '1 duplicateTop',
        '2 pushNil',
        '3 sendSpecial #==',
        '4 popJumpFalse to 7',
        '5 pop',
        '6 pushOne',
        '7 returnTop',
      ],
    ],
    [
      'foo: x x ifNotNil: [:y | iv := y]',
      [
        '0 pushTemp 0: x',
        '1 storeTemp 1',
        '3 pushNil',
        '4 sendSpecial #==',
        '5 popJumpTrue to 8',
        '6 pushTemp 1: y',
        '7 popIntoReceiverVariable 0: iv',
        '8 returnReceiver',
      ],
    ],
    ['foo [iv] whileFalse', ['0 pushReceiverVariable 0: iv', '1 popJumpTrue to 6', '2 jump to 0', '6 returnReceiver']],
    ['foo [] repeat', ['0 jump to 0', '4 returnReceiver']],
    ['foo iv ifTrue: []. ^ 1', ['0 pushReceiverVariable 0: iv', '1 popJumpFalse to 3', '3 pushOne', '4 returnTop']],
    [
      'foo [iv foo] repeat',
      ['0 pushReceiverVariable 0: iv', '1 send #foo', '2 pop', '3 jump to 0', '7 returnReceiver'],
    ],
    [
      'foo ^ 3 timesRepeat: [self x]',
      [
        '0 pushInteger 3',
        '2 pushOne',
        '3 popIntoTemp 0',
        '4 pushTemp 0',
        '5 pushInteger 3',
        '7 sendArithmetic #<=',
        '8 popJumpFalse to 21',
        '10 pushReceiver',
        '11 sendSpecial #x',
        '12 pop',
        '13 pushTemp 0',
        '14 pushOne',
        '15 sendArithmetic #+',
        '16 popIntoTemp 0',
        '17 jump to 4',
        '21 returnTop',
      ],
    ],
    [
      'foo 9 to: iv by: -2 do: [:i | self x: i]',
      [
        '0 pushInteger 9',
        '2 pushReceiverVariable 0: iv',
        '3 popIntoTemp 1',
        '4 popIntoTemp 0',
        '5 pushTemp 0',
        '6 pushTemp 1',
        '7 sendArithmetic #>=',
        '8 popJumpFalse to 25',
        '10 pushReceiver',
        '11 pushTemp 0: i',
        '12 send #x:',
        '13 pop',
        '14 pushTemp 0',
        '15 pushInteger -2',
        '19 sendArithmetic #+',
        '20 popIntoTemp 0',
        '21 jump to 5',
        '25 returnReceiver',
      ],
    ],
  ];
  test.each(cases)('%s', (source, lines) => {
    expect(compiled(source)).toEqual(lines);
  });

  test('is a message where an argument is no literal block, or has the wrong number of parameters', () => {
    for (const source of [
      'foo: x ^ iv ifTrue: x',
      'foo ^ iv ifTrue: [:a | a]',
      'foo ^ iv ifTrue: [1] ifFalse: 2',
      'foo ^ iv ifNil: [:a | a]',
      'foo ^ iv whileTrue: [1]',
      'foo ^ 1 to: 2 do: [3]',
      'foo ^ 1 to: 2 by: iv do: [:i | i]',
      'foo ^ 1 to: 2 by: 0 do: [:i | i]',
      'foo ^ super ifTrue: [1]',
      'foo ^ iv and: 3',
    ]) {
      const mnemonics = compiled(source).map((line) => line.split(' ')[1]!);
      expect([source, mnemonics.some((name) => /send/i.test(name))]).toEqual([source, true]);
      expect([source, mnemonics.some((name) => /jump/i.test(name))]).toEqual([source, false]);
    }
  });
});

describe('a block', () => {
  const cases: [source: string, lines: string[]][] = [
    ['foo ^ []', ['0 pushFullClosure block 6..8 copying 0', '3 returnTop', '  0 blockReturnNil']],
    [
      'foo ^ [:x | ^ x]',
      ['0 pushFullClosure block 6..16 copying 0', '3 returnTop', '  0 pushTemp 0: x', '  1 returnTop'],
    ],
    [
      'foo: a ^ [:x | | t | t := a. t]',
      [
        '0 pushTemp 0: a',
        '1 pushFullClosure block 9..31 copying 1',
        '4 returnTop',
        '  0 pushTemp 1: a',
        '  1 popIntoTemp 2: t',
        '  2 pushTemp 2: t',
        '  3 blockReturnTop',
      ],
    ],
    [
      'foo | t | t := 1. ^ [t]',
      [
        '0 pushOne',
        '1 popIntoTemp 0: t',
        '2 pushTemp 0: t',
        '3 pushFullClosure block 20..23 copying 1',
        '6 returnTop',
        '  0 pushTemp 0: t',
        '  1 blockReturnTop',
      ],
    ],
    [
      'foo | t | ^ [[t := 1]]',
      [
        '0 pushArray of 1 nils',
        '2 popIntoTemp 0',
        '3 pushTemp 0',
        '4 pushFullClosure block 12..22 copying 1',
        '7 returnTop',
        '  0 pushTemp 0',
        '  1 pushFullClosure block 13..21 copying 1',
        '  4 blockReturnTop',
        '    0 pushOne',
        '    1 storeRemoteTemp 0: t in vector 0',
        '    4 blockReturnTop',
      ],
    ],
  ];
  test.each(cases)('%s', (source, lines) => {
    expect(compiled(source)).toEqual(lines);
  });
});

describe('a primitive', () => {
  test('is called first, its error code stored in the last temp', () => {
    const source = 'foo: a <primitive: 300 error: ec> | t | ^ ec';
    expect(compiled(source)).toEqual(['0 callPrimitive 300', '3 storeTemp 2: ec', '5 pushTemp 2: ec', '6 returnTop']);
    expect(compileMethod(source, scope)).toMatchObject({ primitiveNumber: 300, tempCount: 3, pragmas: [] });
  });

  test('of a module is number 117, with its names in the first literal', () => {
    const { primitiveNumber, literals } = compileMethod("foo <primitive: 'p' module: 'M'> ^ #x", scope);
    expect(primitiveNumber).toBe(117);
    expect(literals[0]).toEqual({
      kind: 'array',
      elements: [
        { kind: 'symbol', value: 'M' },
        { kind: 'symbol', value: 'p' },
        { kind: 'integer', value: 0n },
        { kind: 'integer', value: 0n },
      ],
    });
  });

  test('leaves the other pragmas as data', () => {
    const { pragmas } = compileMethod("foo <a> <primitive: 1> <b: 'x' c: #(y)>", scope);
    expect(pragmas).toEqual([
      { selector: 'a', arguments: [] },
      {
        selector: 'b:c:',
        arguments: [
          { kind: 'string', value: 'x' },
          { kind: 'array', elements: [{ kind: 'symbol', value: 'y' }] },
        ],
      },
    ]);
  });
});

describe('a doit', () => {
  test('returns the value of its last statement, nil when it has none', () => {
    const doit = (source: string): string[] => listing(compileDoit(source, scope), source);
    expect(doit('| a | a := 1. a')).toEqual(['0 pushOne', '1 popIntoTemp 0: a', '2 pushTemp 0: a', '3 returnTop']);
    expect(doit('')).toEqual(['0 returnNil']);
    expect(doit('^ 1')).toEqual(['0 pushOne', '1 returnTop']);
  });
});

describe('literals', () => {
  test('that cannot change are held once; strings, arrays and blocks once for each place', () => {
    const kinds = (source: string): string[] => compileMethod(source, scope).literals.map(({ kind }) => kind);
    expect(kinds('foo ^ {#a. #a. 1.5. 1.5. 1.5e0. Foo. Foo. self a}')).toEqual(['symbol', 'float', 'binding']);
    expect(kinds("foo ^ {'a'. 'a'. #(1). #(1). #[1]. #[1]}")).toEqual([
      'string',
      'string',
      'array',
      'array',
      'byteArray',
      'byteArray',
    ]);
    expect(kinds('foo ^ {0.0. -0.0}')).toEqual(['float', 'float']);
  });
});

describe('the tables beside the code', () => {
  test('tell where a name lives at a pc', () => {
    const source = 'foo: a | t | iv ifTrue: [| u | u := a. iv := u]. ^ [:x | t := x]';
    const code = compileMethod(source, scope);
    const inlined = code.variables.find(({ name }) => name === 'u')!;
    expect(code.variables).toEqual([
      { name: 'a', location: { kind: 'temp', index: 0 }, startPc: 0, endPc: code.bytecodes.length },
      { name: 't', location: { kind: 'vector', vector: 1, index: 0 }, startPc: 0, endPc: code.bytecodes.length },
      { name: 'u', location: { kind: 'temp', index: 2 }, startPc: inlined.startPc, endPc: inlined.endPc },
    ]);
    expect(inlined.startPc).toBeGreaterThan(0);
    expect(inlined.endPc).toBeLessThan(code.bytecodes.length);
    const block = code.literals.find((literal) => literal.kind === 'block')!;
    expect(block.code.variables.map(({ name, location }) => [name, location])).toEqual([
      ['t', { kind: 'vector', vector: 1, index: 0 }],
      ['x', { kind: 'temp', index: 0 }],
    ]);
  });

  test('tell which source each pc belongs to', () => {
    const source = 'foo: x ^ x foo + x bar';
    const { sourceMap } = compileMethod(source, scope);
    expect(sourceMap.map(({ pc, start, end }) => [pc, source.slice(start, end)])).toEqual([
      [0, 'x'],
      [1, 'x foo'],
      [2, 'x'],
      [3, 'x bar'],
      [4, 'x foo + x bar'],
      [5, '^ x foo + x bar'],
    ]);
  });
});
