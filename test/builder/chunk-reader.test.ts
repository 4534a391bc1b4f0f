/** Chunk files: doits, sections of methods, comments; bangs doubled by the book and single ones written by hand. */
import { describe, expect, test } from '@jest/globals';
import { type ChunkItem, readChunks } from '../../image/builder/chunk-reader.ts';

const read = (text: string): ChunkItem[] => readChunks(text, 'x.st');
const doits = (text: string): (string | number)[][] =>
  read(text).map((item) => (item.kind === 'doit' ? [item.line, item.source] : [item.kind]));

describe('doits', () => {
  const cases: [text: string, doits: [number, string][]][] = [
    ['', []],
    [' \n ', []],
    ['3 + 4', [[1, '3 + 4']]],
    ['3 + 4!', [[1, '3 + 4']]],
    [
      '3 + 4!\n\n5!\n',
      [
        [1, '3 + 4'],
        [3, '5'],
      ],
    ],
    [
      "'a!!b' size! 1",
      [
        [1, "'a!b' size"],
        [1, '1'],
      ],
    ],
    [
      "'by hand!' size! 1",
      [
        [1, "'by hand!' size"],
        [1, '1'],
      ],
    ],
    [
      '"a comment!" 1! 2',
      [
        [1, '"a comment!" 1'],
        [1, '2'],
      ],
    ],
    [
      '$!!! 2',
      [
        [1, '$!'],
        [1, '2'],
      ],
    ],
    [
      "$' foo! 2",
      [
        [1, "$' foo"],
        [1, '2'],
      ],
    ],
    ["'never ends! 2", [[1, "'never ends! 2"]]],
  ];
  test.each(cases)('%j', (text, expected) => {
    expect(doits(text)).toEqual(expected);
  });
});

describe('a section', () => {
  test('holds methods up to an empty piece', () => {
    const text = [
      "Object subclass: #Foo instanceVariableNames: ''!",
      "!Foo methodsFor: 'it''s' stamp: 'me 1/1/2000'!",
      'bar',
      "    ^ 'no!!'! ",
      '',
      'baz: x',
      '    ^ x! !',
      '',
      '!Foo class methodsFor: #tests!',
      'qux ^ 1! !',
      'Foo new bar!',
    ].join('\n');
    const items = read(text);
    expect(items.map(({ kind }) => kind)).toEqual(['doit', 'method', 'method', 'method', 'doit']);
    expect(items.flatMap((item) => (item.kind === 'method' ? [item.method] : []))).toEqual([
      { className: 'Foo', isClassSide: false, protocol: "it's", source: "bar\n    ^ 'no!'", file: 'x.st', line: 3 },
      { className: 'Foo', isClassSide: false, protocol: "it's", source: 'baz: x\n    ^ x', file: 'x.st', line: 6 },
      { className: 'Foo', isClassSide: true, protocol: 'tests', source: 'qux ^ 1', file: 'x.st', line: 10 },
    ]);
    expect(items.at(-1)).toEqual({ kind: 'doit', source: 'Foo new bar', file: 'x.st', line: 11 });
  });

  test("may give a class's comment, in which quotes mean nothing", () => {
    expect(read("!Foo commentStamp: 'me' prior: 0!\nIt's mine!!!\n1!")).toEqual([
      { kind: 'comment', className: 'Foo', comment: "It's mine!" },
      { kind: 'doit', source: '1', file: 'x.st', line: 3 },
    ]);
  });

  test('that opens nothing known is refused, with its line', () => {
    expect(() => read('1!\n!Foo reorganize!')).toThrow(
      "x.st:2: !Foo reorganize! opens no section of methods, as !Foo methodsFor: 'accessing'! does",
    );
  });
});
