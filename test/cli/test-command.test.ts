/** `safeffi test`: what becomes of tests that end in every way, and the kernel's own tests in assert mode. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { safeffi } from './command.ts';

const samples = fileURLToPath(new URL('../../../test/cli/sunit-samples', import.meta.url));

interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly { class: string; selector: string; message: string; stack: readonly string[] }[];
}

describe('safeffi test', () => {
  test("the kernel's own tests pass in assert mode", () => {
    const { status, stdout } = safeffi(['test', '--assert', '--json']);
    const { passed, ...rest } = JSON.parse(stdout) as Summary;
    expect(rest).toEqual({ schema: 1, failed: 0, skipped: 0, failures: [] });
    expect(passed).toBeGreaterThan(140);
    expect(status).toBe(0);
  });

  test('each failure has its message and its stack, and no test stops the others', () => {
    const { status, stdout, stderr } = safeffi(['test', '--tests', samples, '--ffi', 'portable', '--json']);
    expect(status).toBe(1);
    const summary = JSON.parse(stdout) as Summary;
    expect(summary).toMatchObject({ passed: 2, failed: 7, skipped: 1 });
    const found = new Map(summary.failures.map((each) => [each.selector, each]));
    expect(found.get('testAFails')).toEqual({
      class: 'SampleTest',
      selector: 'testAFails',
      message: 'Got 7 but was expected to equal 8',
      stack: ['SampleTest>>testAFails (line 4)'],
    });
    expect(found.get('testBBreaks')?.message).toBe('ZeroDivide: 3 divided by zero');
    expect(found.get('testBBreaks')?.stack.slice(-2)).toEqual([
      'SampleTest>>divide: (line 2)',
      'SampleTest>>testBBreaks (line 2)',
    ]);
    expect(found.get('testCFaults')?.message).toMatch(/^MemoryViolation: /);
    expect(found.get('testDWaits')?.message).toContain('waits for what never comes');
    expect(found.get('testETerminates')?.message).toContain('ended the process');
    expect(found.get('testFQuits')?.message).toContain('quit the VM with exit code 9');
    expect(found.get('testGHalts')?.message).toMatch(/^Halt/);
    expect(stderr.match(/^tearDown of /gm)).toHaveLength(10);
    expect(stderr).toContain('words of the image\n');
  });

  test('for people the failures stand before the closing line', () => {
    const { status, stdout } = safeffi(['test', '--tests', samples, '--ffi', 'portable', 'SampleTest']);
    expect(status).toBe(1);
    expect(stdout).toContain('SampleTest>>testAFails\n  Got 7 but was expected to equal 8\n');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('2 passed, 7 failed, 1 skipped');
  });

  test('only the classes named are run', () => {
    const { status, stdout } = safeffi(['test', 'SUnitTest', '--json']);
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as Summary).passed).toBeGreaterThan(20);
  });

  test.each([
    [['test', 'Unheard'], 'the image has no class Unheard'],
    [['test', 'Object'], 'Object is no test class'],
    [['test', '--tests', '/nowhere'], 'there is no file or folder /nowhere'],
    [['test', 'SUnitSampleTest'], 'there are no tests in SUnitSampleTest'],
  ])('%j is bad input', (args, words) => {
    const { status, stderr } = safeffi(args);
    expect(status).toBe(2);
    expect(stderr).toContain(words);
  });
});
