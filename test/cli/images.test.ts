/** Images that other VMs wrote, run by the command to the end that is known of each (images-folder.ts says where they are looked for). */
import { readFileSync } from 'node:fs';
import { describe, expect } from '@jest/globals';
import { imagePath, testWithImage } from '../images-folder.ts';
import { Scratch, safeffi } from './command.ts';

const scratch = new Scratch();

describe('images of other VMs', () => {
  const headless = 'sqjs-headless.image';
  const greeting = 'Smalltalk image fired up!\nFixing the world\n3 + 4 = 7\n';

  testWithImage(headless)(`${headless}, Spur 32 with V3 bytecodes, says what it has to say and quits`, () => {
    const { status, stdout } = safeffi(['run', imagePath(headless), '--assert']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: greeting });
  });

  testWithImage(headless)('and does the same saved in 64 bits', () => {
    const wide = scratch.file('headless64.image');
    expect(safeffi(['convert', imagePath(headless), wide, '--format', 'spur64']).status).toBe(0);
    const { status, stdout } = safeffi(['run', wide, '--assert']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: greeting });
  });

  // These write what they found beside themselves; speeds differ, the sentences do not.
  const writers = [
    ['pharo-vm-img.spur64.image', 'log1.txt', /^\d+ bytecodes\/sec/],
    ['rsq-bootstrapped.image', 'log.txt', /^Welcome to Pharo Candle edition!\s+\d+ bytecodes\/sec; \d+ sends\/sec/],
  ] as const;
  for (const [name, log, expected] of writers) {
    for (const format of ['as it is', 'spur32', 'spur64']) {
      testWithImage(name)(`${name}, ${format}, measures itself, writes ${log} and quits`, () => {
        const original = imagePath(name);
        const image = scratch.file(`${format}/${name}`, readFileSync(original));
        if (format !== 'as it is')
          expect(safeffi(['convert', original, image, '--format', format])).toMatchObject({ status: 0, stderr: '' });
        expect(safeffi(['run', image, '--assert'])).toEqual({ status: 0, signal: null, stdout: '', stderr: '' });
        expect(readFileSync(scratch.file(`${format}/${log}`), 'latin1')).toMatch(expected);
      });
    }
  }

  const quitting = 'rsq-mini-running-exit.image';
  testWithImage(quitting)(
    `${quitting}, a desktop with Blue Book blocks, redraws itself and quits as it was told to`,
    () => {
      const image = scratch.file(quitting, readFileSync(imagePath(quitting)));
      expect(safeffi(['run', image])).toEqual({ status: 0, signal: null, stdout: '', stderr: '' });
    },
  );

  const desktop = 'rsq-mini-running-something.image';
  testWithImage(desktop)('a screenshot of an image that draws nothing, or to a place that is none, says so', () => {
    const blank = safeffi(['run', imagePath(headless), '--screenshot', scratch.file('none.png')]);
    expect(blank.stderr).toMatch(/sqjs-headless\.image has drawn nothing: it has no Display\n$/);
    expect(blank.status).toBe(1);
    const script = scratch.file('some.st', '3 + 4');
    expect(safeffi(['run', script, '--for', '1']).stderr).toMatch(/--for are for images; .*some\.st is a script/);
  });

  const tiny = 'cp-client-environment.image';
  testWithImage(tiny)(`${tiny}: which primitives its methods name that are not there, without running it`, () => {
    const { status, stdout } = safeffi(['inspect', imagePath(tiny), '--primitives']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/\nprimitives named: \d+, in methods: \d+; not there: \d+, in methods: \d+\n/);
    expect(stdout).toContain('  CpSystemPlugin.primitiveSymbolFromString:, in Symbol class>>fromString:\n');
    const { primitives } = JSON.parse(safeffi(['inspect', imagePath(tiny), '--primitives', '--json']).stdout);
    expect(primitives).toContainEqual({
      primitive: 1,
      name: 'primitiveAdd',
      methods: 1,
      example: 'SmallInteger>>+',
      provided: 'yes',
    });
    const missing = primitives.filter(({ provided }: { provided: string }) => provided !== 'yes');
    for (const { primitive } of missing) expect(String(primitive)).toMatch(/^CpSystemPlugin\.|^114$/);
  });

  testWithImage(headless)('what it asked for in vain is counted on demand', () => {
    const { stderr } = safeffi(['run', imagePath(headless), '--report-primitives']);
    expect(stderr).toBe('safeffi: every primitive that was asked for is there\n');
    const script = scratch.file(
      'asks.st',
      `Object compile: 'askInVain <primitive: 98> ^ 0'! Object new askInVain; askInVain!`,
    );
    expect(safeffi(['run', script, '--report-primitives']).stderr).toBe(
      'safeffi: primitive 98 (primitiveStoreImageSegment) was asked for twice in vain\n',
    );
  });
});
