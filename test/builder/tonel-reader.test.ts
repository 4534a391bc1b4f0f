/** Tonel files, versions 1 to 3: what is read, from which line, and what is refused. */
import { describe, expect, test } from '@jest/globals';
import { SourceFormatError, type SourceFormatErrorCode } from '../../image/builder/source-format-error.ts';
import { readTonel } from '../../image/builder/tonel-reader.ts';
import { compileMethod } from '../../image/compiler/compile.ts';

const VERSION_1 = `"
I am a ""point"".
"
Class {
	#name : #Point,
	#superclass : #Object,
	#type : #variable,
	#instVars : [
		'x',
		'y'
	],
	#classVars : [
		'Origin'
	],
	#classInstVars : [
		'count'
	],
	#pools : [
		'FloatConstants'
	],
	#category : #'Kernel-Basic Objects'
}

{ #category : #'instance creation' }
Point class >> x: xNumber y: yNumber [

	^ self basicNew setX: xNumber y: yNumber
]

{ #category : #arithmetic }
Point >> + arg [
	"not ] here"
	^ ']' , #($] $[ #[1 2]) , [ arg ] value
]

Point >> x [ ^ x ]
Point >> empty [
]
`;

const VERSION_3 = `Class {
	#name : 'Point',
	#superclass : 'nil',
	#category : 'Kernel-Basic',
	#package : 'Kernel',
	#tag : 'Basic'
}

{ #category : 'it''s' }
Point >> x [
	^ 1
]
`;

describe('a Tonel file', () => {
  test('of version 1 gives class and methods', () => {
    const { definition, methods } = readTonel(VERSION_1, 'Point.class.st');
    expect(definition).toEqual({
      name: 'Point',
      superclassName: 'Object',
      type: 'variable',
      instanceVariableNames: ['x', 'y'],
      classVariableNames: ['Origin'],
      classInstanceVariableNames: ['count'],
      poolNames: ['FloatConstants'],
      packageName: 'Kernel-Basic Objects',
      comment: 'I am a "point".',
      origin: { file: 'Point.class.st', line: 4 },
    });
    expect(methods.map(({ file: _file, className: _className, ...rest }) => rest)).toEqual([
      {
        isClassSide: true,
        protocol: 'instance creation',
        line: 25,
        source: 'x: xNumber y: yNumber\n\n\t^ self basicNew setX: xNumber y: yNumber',
      },
      {
        isClassSide: false,
        protocol: 'arithmetic',
        line: 31,
        source: `+ arg\n\t"not ] here"\n\t^ ']' , #($] $[ #[1 2]) , [ arg ] value`,
      },
      { isClassSide: false, protocol: '', line: 36, source: 'x ^ x' },
      { isClassSide: false, protocol: '', line: 37, source: 'empty' },
    ]);
  });

  test('of version 3 says package and tag, and names in strings', () => {
    const { definition, methods } = readTonel(VERSION_3, 'Point.class.st');
    expect(definition).toMatchObject({ name: 'Point', superclassName: undefined, type: 'normal', comment: '' });
    expect(definition?.packageName).toBe('Kernel-Basic');
    expect(methods).toMatchObject([{ protocol: "it's", source: 'x\n\t^ 1' }]);
  });

  test('may extend a class that another file defines', () => {
    const { definition, methods } = readTonel(
      "Extension { #name : #Object }\n\nObject >> foo [ ^ 'a' ]",
      'Object.extension.st',
    );
    expect(definition).toBeUndefined();
    expect(methods).toMatchObject([{ className: 'Object', source: "foo ^ 'a'", line: 3 }]);
  });

  test('may name a package and nothing else', () => {
    expect(readTonel("Package { #name : 'Kernel' }", 'package.st')).toEqual({ definition: undefined, methods: [] });
  });

  test('may have CRLF line ends', () => {
    const { methods } = readTonel(VERSION_1.replaceAll('\n', '\r\n'), 'Point.class.st');
    expect(methods.map(({ line }) => line)).toEqual([25, 31, 36, 37]);
  });

  test('gives sources whose errors name the line of the file', () => {
    const text = VERSION_1.replace('^ self basicNew', '^ zork basicNew');
    const { methods } = readTonel(text, 'Point.class.st');
    const { source, file, line } = methods[0]!;
    const names = { instanceVariableNames: [], hasBinding: () => false };
    expect(() => compileMethod(source, names, { className: 'Point class', file, line })).toThrow(
      "Point.class.st:27: Point class>>x:y:: line 3, column 4: 'zork' is not declared",
    );
  });
});

describe('a file that is no Tonel', () => {
  const cases: [text: string, code: SourceFormatErrorCode, message: string][] = [
    ['Trait { #name : #TFoo }', 'trait', 'F.st:1: TFoo is a trait, and this image has no traits'],
    ["Class { #name : #Foo, #traits : 'TFoo' }", 'trait', 'F.st:1: Foo uses traits (#traits), and this image has none'],
    ['Klass { #name : #Foo }', 'unknown-definition', 'F.st:1: Klass is no Class, Extension or Package'],
    ['Class { #superclass : #Foo }', 'missing-name', 'F.st:1: the Class has no #name'],
    [
      'Class {\n\t#name : #Foo,\n\t#type : #odd\n}',
      'unknown-type',
      'F.st:1: Foo has the #type odd, expected one of normal, variable, weak, ephemeron, bytes, words, doubleBytes, doubleWords, compiledMethod, immediate',
    ],
    [
      "Class { #name : #Foo, #instVars : [ '#a => Slot' ] }",
      'bad-variable',
      'F.st:1: #instVars has "#a => Slot", which is no variable\'s name',
    ],
    ["Class { #name : #Foo, #instVars : 'a' }", 'bad-header', 'F.st:1: #instVars is no list'],
    ['Class {\n\t#name : #Foo\n\t#superclass : #Bar\n}', 'bad-header', 'F.st:3: "}" or "," is expected here'],
    ['Object subclass: #Foo', 'bad-header', 'F.st:1: the definition has no {'],
    ['Class { #name : #Foo', 'unterminated', 'F.st:1: the bracket that starts here never ends'],
    ['"never', 'unterminated', 'F.st:1: the comment that starts here never ends'],
    ['Class { #name : #Foo }\n\nfoo [ ]', 'bad-method', 'F.st:3: expected a method, as in Foo >> selector [ ... ]'],
    ['Class { #name : #Foo }\nBar >> foo [ ]', 'other-class', 'F.st:2: a method of Bar stands in the file of Foo'],
    ['Class { #name : #Foo }\nFoo >> foo', 'bad-method', 'F.st:2: the method has no [ after its pattern'],
    ['Class { #name : #Foo }\nFoo >> foo [\n[', 'unterminated', 'F.st:2: the method that starts here never ends'],
    ["Class { #name : #Foo }\nFoo >> foo [\n']", 'unterminated', 'F.st:3: the string that starts here never ends'],
  ];
  test.each(cases)('%j', (text, code, message) => {
    let error: unknown;
    try {
      readTonel(text, 'F.st');
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(SourceFormatError);
    expect(error).toMatchObject({ code, message });
  });
});
