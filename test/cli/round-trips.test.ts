/**
 * Images that other VMs wrote (images-folder.ts says where they are looked for), saved by us in either word size and run to the end that is known
 * of each, the heap verified throughout: before they run, and from the running VM, where they go on when they are run again.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { decode } from 'fast-png';
import { CheckoutPath } from '../../cli/checkout.ts';
import { imagePath, testWithImage } from '../images-folder.ts';
import { Scratch, safeffi } from './command.ts';

const scratch = new Scratch();
const quiet = { status: 0, signal: null, stdout: '', stderr: '' };

/** The image converted, in a folder of its own. */
function converted(name: string, format: string): string {
  const image = scratch.file(`${format}/${name}`, '');
  expect(safeffi(['convert', imagePath(name), image, '--format', format])).toMatchObject({ status: 0, stderr: '' });
  return image;
}

describe.each(['spur32', 'spur64'])('saved as %s', (format) => {
  const headless = 'sqjs-headless.image';
  testWithImage(headless)(`${headless} says the same`, () => {
    const { stdout } = safeffi(['run', converted(headless, format), '--assert']);
    expect(stdout).toBe('Smalltalk image fired up!\nFixing the world\n3 + 4 = 7\n');
  });

  const quitting = 'rsq-mini-running-exit.image';
  testWithImage(quitting)(`${quitting} quits at once`, () => {
    expect(safeffi(['run', converted(quitting, format), '--assert'])).toEqual(quiet);
  });

  const desktop = 'rsq-mini-running-something.image';
  testWithImage(desktop)(`${desktop} draws its windows`, () => {
    const png = scratch.file(`${format}/desktop.png`);
    const image = converted(desktop, format);
    // The frame of the workspace on two sides, and the white below its text. A busy machine draws later.
    const drawn = ['2', '8', '40'].some((seconds) => {
      expect(safeffi(['run', image, '--for', seconds, '--screenshot', png, '--assert'])).toEqual(quiet);
      const { width, height, data } = decode(readFileSync(png));
      expect([width, height]).toEqual([640, 480]);
      const isBlack = (x: number, y: number) => data[3 * (y * width + x)] === 0;
      return isBlack(622, 300) && isBlack(300, 449) && !isBlack(400, 300);
    });
    expect(drawn).toBe(true);
  });

  const demo = 'sqjs-demo-squeakjs.image';
  testWithImage(demo)(`${demo}, big-endian, files in code, and saves itself from there as ${format}`, () => {
    const image = converted(demo, format);
    const saving = scratch.file(
      `${format}/save.st`,
      'Smalltalk at: #Answer put: 6 * 7. Smalltalk snapshot: true andQuit: true!',
    );
    expect(safeffi(['run', image, saving, '--assert'])).toEqual(quiet);
    expect(JSON.parse(safeffi(['inspect', image, '--json']).stdout)).toMatchObject({
      format,
      bytecodes: 'v3',
      problems: [],
    });
    const asking = scratch.file(
      `${format}/ask.st`,
      "| f | f := FileStream newFileNamed: 'answer.txt'. f nextPutAll: (Smalltalk at: #Answer) printString; nextPutAll: ' '; nextPutAll: 100 factorial printString size printString. f close. Smalltalk snapshot: false andQuit: true!",
    );
    const answer = `${dirname(image)}/answer.txt`;
    rmSync(answer, { force: true });
    expect(safeffi(['run', image, asking, '--assert'])).toEqual(quiet);
    expect(existsSync(answer)).toBe(true);
    expect(readFileSync(answer, 'latin1')).toBe('42 158');
  });

  test('the kernel image goes on from where it was saved, twice', () => {
    const image = scratch.file(`${format}/own.image`, '');
    expect(safeffi(['convert', CheckoutPath.kernelImage, image, '--format', format]).status).toBe(0);
    const save =
      "| n | n := 0. [ n < 2 ] whileTrue: [ n := n + 1. Smalltalk snapshot: true andQuit: true ]. Transcript show: 'saved ' , n printString , (2 raisedTo: 40) printString";
    expect(safeffi(['eval', save, '--image', image, '--assert'])).toMatchObject({ status: 0, stdout: '' });
    expect(safeffi(['run', image, '--assert'])).toEqual(quiet);
    expect(safeffi(['run', image, '--assert'])).toEqual({ ...quiet, stdout: 'saved 21099511627776' });
  });
});
