/** `safeffi inspect`, and how each command that takes an image refuses what is none. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CheckoutPath } from '../../cli/checkout.ts';
import { Scratch, safeffi } from './command.ts';

const scratch = new Scratch();
const kernel = readFileSync(CheckoutPath.kernelImage);

describe('safeffi inspect', () => {
  test('tells format, counts and bytes by class, which add up', () => {
    const { status, stdout, stderr } = safeffi(['inspect', '--json', CheckoutPath.kernelImage]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      schema: 1,
      format: 'spur32',
      magic: 7033,
      endian: 'little',
      bytecodes: 'sista-v1',
      bytes: kernel.length,
      problems: [],
    });
    const objects = report.byClass.reduce((sum: number, each: { count: number }) => sum + each.count, 0);
    expect(objects).toBe(report.objects);
    expect(report.classes).toBeGreaterThan(100);
    expect(report.methods).toBeGreaterThan(1000);
  });

  test('is a table for people', () => {
    const { stdout } = safeffi(['inspect', CheckoutPath.kernelImage]);
    expect(stdout).toContain(': spur32, magic 7033, little-endian, bytecodes sista-v1\n');
    expect(stdout).toMatch(/\nCompiledMethod +\d+ +\d+\n/);
  });

  test('tells in which frames an image goes on, and that a built one has none', () => {
    const image = scratch.file('saved.image');
    expect(safeffi(['eval', `[ Smalltalk saveAs: '${image}' ] value`]).status).toBe(0);
    const { start, window } = JSON.parse(safeffi(['inspect', '--json', image]).stdout);
    expect(window).toBeNull();
    expect(start.slice(-5)).toEqual([
      'SystemDictionary>>snapshot:andQuit:',
      'SystemDictionary>>saveAs:',
      '[ ] in UndefinedObject>>DoIt',
      'UndefinedObject>>DoIt',
      'UndefinedObject>>withArgs:executeMethod:',
    ]);
    const built = safeffi(['inspect', CheckoutPath.kernelImage]).stdout;
    expect(built).toContain('\nno process was active when it was saved\n');
  });

  test('tells what is odd about an image that is cut off, exit code 2', () => {
    const image = scratch.file('cut.image', kernel.subarray(0, 5000));
    const { status, stdout } = safeffi(['inspect', '--json', image]);
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ format: 'spur32', bytes: 5000, objects: 0 });
    expect(JSON.parse(stdout).problems).toEqual([
      expect.stringMatching(/^the file ends at 5000 bytes, the data that its header announces needs \d+$/),
    ]);
  });
});

describe('what is no image', () => {
  const files: readonly (readonly [what: string, path: () => string, sentence: RegExp])[] = [
    [
      'garbage',
      () => scratch.file('garbage.image', 'Transcript'),
      /garbage\.image: at offset 0: the first word is 0x5472616e, expected the format number of a Smalltalk image/,
    ],
    [
      'an empty file',
      () => scratch.file('empty.image', ''),
      /empty\.image: the file ends at 0 bytes, the format number needs 4/,
    ],
    ['a folder', () => scratch.path, / is a directory, expected an image file/],
    ['no file', () => '/nowhere/x.image', /there is no image file \/nowhere\/x\.image/],
  ];
  test.each(files)('%s is named by each command that takes an image, exit code 2', (_what, path, sentence) => {
    const image = path();
    for (const args of [
      ['inspect', image],
      ['eval', '--image', image, '1'],
      ['disasm', '--image', image, 'Object>>foo'],
    ]) {
      const { status, stdout, stderr } = safeffi(args);
      expect({ args, status, stdout }).toEqual({ args, status: 2, stdout: '' });
      expect(stderr).toMatch(sentence);
      expect(stderr.split('\n')).toHaveLength(2);
    }
  });

  test('a cut image is refused by run, and as an object with --json', () => {
    const image = scratch.file('half.image', kernel.subarray(0, kernel.length >> 1));
    const { status, stdout } = safeffi(['run', '--json', image]);
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      schema: 1,
      error: {
        kind: 'input',
        message: expect.stringMatching(
          /half\.image: the file ends at \d+ bytes, the data that its header announces needs \d+$/,
        ),
      },
    });
  });
});
