/** `safeffi convert`: what is written can be run, and goes back to what it was. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CheckoutPath } from '../../cli/checkout.ts';
import { Scratch, safeffi } from './command.ts';

const scratch = new Scratch();

describe('safeffi convert', () => {
  test('makes a 64-bit image that evaluates as the 32-bit one, saves itself as such, and converts back', () => {
    const wide = scratch.file('wide.image');
    const made = safeffi(['convert', CheckoutPath.kernelImage, wide, '--format', 'spur64', '--json']);
    expect(made.status).toBe(0);
    expect(JSON.parse(made.stdout)).toEqual({
      schema: 1,
      from: { file: CheckoutPath.kernelImage, format: 'spur32' },
      to: { file: wide, format: 'spur64', bytes: readFileSync(wide).length },
    });
    expect(JSON.parse(safeffi(['inspect', '--json', wide]).stdout)).toMatchObject({ format: 'spur64', problems: [] });
    const factorial = ['eval', '(30 factorial / 28 factorial) printString , (1/4) asFloat printString'];
    expect(safeffi([...factorial, '--image', wide]).stdout).toBe(safeffi(factorial).stdout);
    const narrow = scratch.file('narrow.image');
    expect(safeffi(['convert', wide, narrow, '--format', 'spur32']).status).toBe(0);
    expect(safeffi([...factorial, '--image', narrow]).stdout).toBe(safeffi(factorial).stdout);
  });

  test('refuses a damaged image and writes nothing, exit code 2', () => {
    const bytes = readFileSync(CheckoutPath.kernelImage);
    const cut = scratch.file('cut.image', bytes.subarray(0, bytes.length >> 1));
    const target = scratch.file('never.image');
    const { status, stderr } = safeffi(['convert', cut, target, '--format', 'spur64']);
    expect(status).toBe(2);
    expect(stderr).toContain('cut.image: the file ends at');
    expect(existsSync(target)).toBe(false);
  });

  test('names the formats that there are when asked for another, or for none', () => {
    const wrong = safeffi(['convert', CheckoutPath.kernelImage, 'x.image', '--format', 'v3']);
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain('Allowed choices are spur32, spur64');
    expect(safeffi(['convert', CheckoutPath.kernelImage, 'x.image']).status).toBe(2);
  });
});
