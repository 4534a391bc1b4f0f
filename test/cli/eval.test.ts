import { describe, expect, test } from '@jest/globals';
import { safeffi } from './command.ts';

describe('safeffi eval', () => {
  test.each([
    ['100 factorial printString size', '158'],
    ['3/4 + (1/4)', '1'],
    ['#(3 1 2) asSortedCollection asArray', '#(1 2 3)'],
    ["'it''s'", "'it''s'"],
    ['', 'nil'],
  ])('%s prints %s', (source, printed) => {
    expect(safeffi(['eval', source])).toEqual({ status: 0, signal: null, stdout: `${printed}\n`, stderr: '' });
  });

  test('an unhandled error goes to stderr with the Smalltalk stack, exit code 3', () => {
    const { status, stdout, stderr } = safeffi(['eval', '[:x | x foo] value: 3']);
    expect(status).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toContain('SmallInteger>>foo');
    expect(stderr).toContain('[ ] in UndefinedObject>>DoIt (line 1)');
  });

  test('an unhandled error is an object of one line with --json', () => {
    const { status, stdout } = safeffi(['eval', '--json', '1/0']);
    expect(status).toBe(3);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      schema: 1,
      value: null,
      error: { kind: 'smalltalk', class: 'ZeroDivide', fault: null },
    });
    expect(report.error.stack).toContain('UndefinedObject>>DoIt (line 1)');
  });

  test('a value comes with its class with --json', () => {
    expect(JSON.parse(safeffi(['eval', '--json', '3/4']).stdout)).toEqual({
      schema: 1,
      value: '(3/4)',
      class: 'Fraction',
      error: null,
    });
  });

  test('source that does not parse is bad input: line, column and a caret, exit code 2', () => {
    const { status, stderr } = safeffi(['eval', '3 + + ']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/line 1, column \d+/);
    expect(stderr).toContain('^');
  });

  test('an unknown variable is named', () => {
    const { status, stderr } = safeffi(['eval', '3 + unheardOf']);
    expect(status).toBe(2);
    expect(stderr).toContain('unheardOf');
  });

  test('an image that is not there, a directory, and a file that is no image are named, exit code 2', () => {
    for (const [path, words] of [
      ['/nowhere/x.image', 'there is no image file /nowhere/x.image'],
      ['/', '/ is a directory'],
      ['/etc/hostname', ''],
    ] as const) {
      const { status, stderr } = safeffi(['eval', '--image', path, '1']);
      expect({ path, status }).toEqual({ path, status: 2 });
      expect(stderr).toContain(words);
    }
  });
});
