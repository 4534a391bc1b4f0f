/** `safeffi build`: images from Tonel folders, Tonel files and chunk files; every mistake in them with file and line. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Scratch, safeffi } from './command.ts';

const scratch = new Scratch();
const build = (...args: string[]) => safeffi(['build', ...args], { cwd: scratch.path });
const tonelClass = (name: string, superclass: string, methods = '') =>
  `"I am for tests."\nClass {\n\t#name : '${name}',\n\t#superclass : '${superclass}',\n\t#category : 'Tests'\n}\n${methods}`;

describe('safeffi build', () => {
  test('makes one image of a folder, a file of extensions and a script', () => {
    scratch.file(
      'good/deep/Base.class.st',
      tonelClass('Base', 'Derived', "\n{ #category : 'x' }\nBase >> answer [\n\t^ super answer + 1\n]\n"),
    );
    scratch.file(
      'good/Derived.class.st',
      tonelClass('Derived', 'Object', "\n{ #category : 'x' }\nDerived >> answer [\n\t^ 40\n]\n"),
    );
    const extension = scratch.file(
      'Integer.extension.st',
      "Extension { #name : 'Integer' }\n\n{ #category : '*Tests' }\nInteger >> more [\n\t^ self + 1\n]\n",
    );
    const script = scratch.file(
      'script.st',
      "Smalltalk at: #Made put: Base new answer more!\nTranscript show: 'made'; cr!\n",
    );
    const image = scratch.file('all.image');
    const { status, stdout } = build('--json', '-o', image, 'good', extension, script);
    expect(status).toBe(0);
    const [line, json] = stdout.split('\n');
    expect(line).toBe('made');
    const summary = JSON.parse(json!);
    expect(summary).toEqual({
      schema: 1,
      image,
      classes: expect.any(Number),
      methods: expect.any(Number),
      bytes: expect.any(Number),
      seconds: expect.any(Number),
    });
    const shown = safeffi([
      'eval',
      '--json',
      '--image',
      image,
      '{ Smalltalk at: #Made. Base comment. Base superclass }',
    ]);
    expect(JSON.parse(shown.stdout).value).toBe("{42. 'I am for tests.'. Derived}");
    expect(JSON.parse(safeffi(['inspect', '--json', image]).stdout)).toMatchObject({
      bytes: summary.bytes,
      problems: [],
    });
  });

  test('names each method that does not compile, and writes nothing', () => {
    scratch.file(
      'bad/Bad.class.st',
      tonelClass(
        'Bad',
        'Object',
        "\n{ #category : 'x' }\nBad >> one [\n\t^ 1 +\n]\n\n{ #category : 'x' }\nBad >> two [\n\t^ undeclared\n]\n",
      ),
    );
    const { status, stderr } = build('-o', 'bad.image', 'bad');
    expect(status).toBe(2);
    expect(stderr).toMatch(/bad\/Bad\.class\.st:10: Bad>>one: line 2, column 7: /);
    expect(stderr).toMatch(/bad\/Bad\.class\.st:15: Bad>>two: line 2, column 4: 'undeclared' is not declared/);
    expect(existsSync(scratch.file('bad.image'))).toBe(false);
  });

  test.each([
    [
      'missing',
      tonelClass('Orphan', 'Nowhere'),
      /missing\/X\.class\.st:2: class Orphan has the superclass Nowhere, which is not defined/,
    ],
    [
      'twice',
      tonelClass('Set', 'Object'),
      /twice\/X\.class\.st:2: class Set is defined twice, the first time in .*Set\.class\.st:\d+/,
    ],
    ['cycle', tonelClass('Loop', 'Loop'), /cycle\/X\.class\.st:2: class Loop is its own superclass/],
    [
      'open',
      tonelClass('Open', 'Object', '\nOpen >> one [\n\t^ (1'),
      /open\/X\.class\.st:8: the method that starts here never ends/,
    ],
    [
      'other',
      tonelClass('One', 'Object', '\nTwo >> one [\n\t^ 1\n]'),
      /other\/X\.class\.st:8: a method of Two stands in the file of One/,
    ],
    ['header', 'Klass { }', /header\/X\.class\.st:1: /],
  ])('of a folder with a class that is %s names file and line', (folder, source, sentence) => {
    scratch.file(`${folder}/X.class.st`, source);
    const { status, stderr } = build('-o', 'none.image', folder);
    expect(status).toBe(2);
    expect(stderr).toMatch(sentence);
    expect(existsSync(scratch.file('none.image'))).toBe(false);
  });

  test.each([
    ['a source that is not there', ['nowhere'], 'there is no file or folder nowhere'],
    ['a folder to write to', ['-o', '/'], '/ is a directory, an image file cannot be written there'],
    [
      'a folder that is not there',
      ['-o', '/nowhere/x.image'],
      'the folder of the image file /nowhere/x.image does not exist',
    ],
  ])('names %s', (_what, args, sentence) => {
    const { status, stderr } = build(...args);
    // A slow machine tells how far it is before.
    expect({ status, stderr: stderr.replace(/^compiling methods \d+\/\d+\n/gm, '') }).toEqual({
      status: 2,
      stderr: `safeffi: ${sentence}\n`,
    });
  });

  test('stops at a script that fails, exit code 3, without an image', () => {
    const { status } = build('-o', 'failed.image', scratch.file('fails.st', '1!\n#( ) first!\n'));
    expect(status).toBe(3);
    expect(existsSync(scratch.file('failed.image'))).toBe(false);
  });
});
