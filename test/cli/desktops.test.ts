/**
 * Whole desktops that others made, driven by scripts of events: what they draw, pixel by pixel where it matters, what a click does, and that they idle. The
 * scripts' clock is not the machine's, so that the pictures are the same on every machine.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { decode } from 'fast-png';
import { imagePath, testWithImage } from '../images-folder.ts';
import { Scratch, safeffi } from './command.ts';

const scratch = new Scratch();
const quiet = { status: 0, signal: null, stdout: '', stderr: '' };

/** A picture: its size, its colours by place as 0xrrggbb, whether it is black there. */
function picture(file: string) {
  const { width, height, data } = decode(readFileSync(file));
  const at = (x: number, y: number): number => {
    const first = 3 * (y * width + x);
    return (data[first]! << 16) | (data[first + 1]! << 8) | data[first + 2]!;
  };
  return {
    size: [width, height],
    at,
    isBlack: (x: number, y: number) => at(x, y) === 0,
  };
}

/** Copies an image, writes the script beside it, and runs it there. */
function drive(image: string, from: string, lines: readonly string[], more: readonly string[] = []) {
  const script = scratch.file(`${image}.events`, lines.join('\n'));
  const copy = scratch.file(image, readFileSync(from));
  return safeffi(['run', copy, ...more, '--events', script]);
}

describe('a desktop of Squeak 2.2 with Blue Book blocks', () => {
  const mini = 'rsq-mini-running-something.image';

  testWithImage(mini)('goes on where it was saved: prints 3 into its workspace, and idles', () => {
    const png = scratch.file('mini.png');
    expect(drive(mini, imagePath(mini), ['wait idle', `screenshot ${png}`])).toEqual(quiet);
    const { size, isBlack } = picture(png);
    expect(size).toEqual([640, 480]);
    // The workspace's frame on both sides, its title bar beside the title, the line below.
    expect([isBlack(139, 300), isBlack(622, 300), isBlack(300, 449)]).toEqual([true, true, true]);
    expect([isBlack(400, 300), isBlack(630, 300)]).toEqual([false, false]);
    // The 3 behind 1+2.
    const ink = Array.from({ length: 70 }, (_, i) => isBlack(363 + (i % 7), 125 + Math.floor(i / 7)));
    expect(ink.filter((each) => each).length).toBeGreaterThan(8);
  });

  testWithImage(mini)('a script that is stopped, or waits too long for an image to idle, says at which line', () => {
    const stopped = drive(mini, imagePath(mini), ['wait 5000', 'click 1 1'], ['--for', '1']);
    expect(stopped).toEqual({
      ...quiet,
      stderr: expect.stringMatching(/the image was stopped before .*:1 was done: wait 5000\n$/),
    });
    const busy = drive(mini, imagePath(mini), ['wait idle 1']);
    expect(busy.status).toBe(1);
    expect(busy.stderr).toMatch(/events:1: the image was not idle within 1 ms: /);
  });
});

describe('a desktop of Squeak 2.2, big-endian', () => {
  const demo = 'sqjs-demo-squeakjs.image';

  testWithImage(demo)('draws its windows on a larger screen; a pressed button opens the world menu', () => {
    const [before, menu, after] = ['before', 'menu', 'after'].map((name) => scratch.file(`demo-${name}.png`));
    const lines = ['wait idle', `screenshot ${before}`, 'press 20 460', 'wait idle', `screenshot ${menu}`];
    const moreLines = ['move 400 10', 'release', 'wait idle', `screenshot ${after}`];
    expect(drive(demo, imagePath(demo), [...lines, ...moreLines], ['--screen', '800x600'])).toEqual(quiet);
    const first = picture(before!);
    expect(first.size).toEqual([800, 600]);
    // The frames of its three windows.
    expect([first.isBlack(150, 50), first.isBlack(35, 200), first.isBlack(198, 400)]).toEqual([true, true, true]);
    expect(first.isBlack(20, 300)).toBe(false);
    // The menu's frame, where nothing was and nothing is after the button was released elsewhere.
    const frame = (file: string) => [picture(file).isBlack(21, 520), picture(file).isBlack(107, 520)];
    expect([before, menu, after].map((file) => frame(file!))).toEqual([
      [false, false],
      [true, true],
      [false, false],
    ]);
  });

  testWithImage(demo)('files in the chunks that its first argument names, and writes a file', () => {
    // The first word of a Float is its more significant one.
    const answers = "f nextPutAll: (6 * 7) printString, ' ', (1.5 basicAt: 1) printString; close";
    const source = `| f | f := FileStream fileNamed: 'answer.txt'. ${answers}!\n`;
    scratch.file('start.st', source);
    const outcome = drive(demo, imagePath(demo), ['wait idle'], ['start.st', '--screen', '640x480']);
    expect(outcome).toEqual(quiet);
    expect(readFileSync(scratch.file('answer.txt'), 'latin1')).toBe(`42 ${0x3ff80000}`);
  });
});

describe('Scratch, as Debian has it', () => {
  const scratchImage = '/usr/share/scratch/Scratch.image';
  if (!existsSync(scratchImage))
    process.stderr.write(
      'tests with Scratch are skipped: there is none in /usr/share/scratch (apt-get install scratch)\n',
    );
  const testWithScratch = existsSync(scratchImage) ? test : test.skip;

  testWithScratch(
    'draws its window and its cat in full colours, and idles; a block that is dragged and double clicked moves the cat',
    () => {
      const [before, after] = [scratch.file('scratch.png'), scratch.file('scratch-moved.png')];
      const lines = ['wait idle', 'move 600 600', 'wait idle', `screenshot ${before}`];
      const moreLines = [
        'drag 25 175 to 300 200',
        'wait idle',
        'double click 295 200',
        'wait idle',
        `screenshot ${after}`,
      ];
      const all = [...lines, ...moreLines];
      expect(drive('Scratch.image', scratchImage, all, ['--screen', '1024x768', '--assert'])).toEqual(quiet);
      const first = picture(before);
      expect(first.size).toEqual([1024, 768]);
      const channels = (x: number, y: number) => [16, 8, 0].map((shift) => (first.at(x, y) >> shift) & 255);
      // The stop sign is red, the flag green, the button of motions blue, the stage white, with a shadow at its edge.
      const [red, green, blue] = [channels(991, 53), channels(962, 52), channels(30, 60)];
      expect(red[0]! - red[1]!).toBeGreaterThan(100);
      expect(green[1]! - green[0]!).toBeGreaterThan(60);
      expect(blue[2]! - blue[0]!).toBeGreaterThan(60);
      expect([first.at(600, 100), first.at(534, 200)]).toEqual([0xffffff, 0x7d7d7e]);
      // The cat's orange, and where it is after the program `move 10 steps`.
      const cat = (file: string): number => {
        const { at } = picture(file);
        const isOrange = (x: number, y: number) =>
          at(x, y) >>> 16 > 200 && ((at(x, y) >> 8) & 255) < 190 && (at(x, y) & 255) < 100;
        for (let x = 600; x < 900; x++) for (let y = 150; y < 350; y++) if (isOrange(x, y)) return x;
        return -1;
      };
      expect(cat(before)).toBeGreaterThan(700);
      expect(cat(after) - cat(before)).toBe(10);
    },
  );
});
