/** Scripts of events: what their lines mean, and what is said of lines that mean nothing. */
import { describe, expect, test } from '@jest/globals';
import { parseEventScript } from '../../cli/events/event-script.ts';
import { Scratch, safeffi } from './command.ts';

const actions = (text: string) => parseEventScript('events.txt', text).map(({ action }) => action);
const complaint = (text: string): string => {
  try {
    parseEventScript('events.txt', text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
};

describe('a script of events', () => {
  test('is a step a line, with times, comments and empty lines', () => {
    const steps = parseEventScript('events.txt', '# before\n\nat 500 click 10 20 # there\r\nat 700\nwait 30');
    expect(steps.map(({ line, at, text }) => [line, at, text])).toEqual([
      [3, 500, 'at 500 click 10 20'],
      [4, 700, 'at 700'],
      [5, undefined, 'wait 30'],
    ]);
  });

  test('clicks with any button and modifiers, where the mouse stands or elsewhere', () => {
    expect(actions('click\ndouble click 1 2\nclick 3 4 right with shift+ctrl')).toEqual([
      { kind: 'click', times: 1, at: undefined, button: 4, modifiers: 0 },
      { kind: 'click', times: 2, at: { x: 1, y: 2 }, button: 4, modifiers: 0 },
      { kind: 'click', times: 1, at: { x: 3, y: 4 }, button: 1, modifiers: 3 },
    ]);
  });

  test('presses, releases, drags and turns the wheel', () => {
    expect(actions('press 5 6 yellow\nrelease 7 8\nrelease\ndrag 1 2 to 3 4\nwheel down 2')).toEqual([
      { kind: 'press', at: { x: 5, y: 6 }, button: 2, modifiers: 0 },
      { kind: 'release', at: { x: 7, y: 8 } },
      { kind: 'release', at: undefined },
      { kind: 'drag', at: { x: 1, y: 2 }, to: { x: 3, y: 4 }, button: 4, modifiers: 0 },
      { kind: 'wheel', horizontal: 0, vertical: -240 },
    ]);
  });

  test('types texts, keys with names, and letters with modifiers: with ctrl they are control codes', () => {
    const codes = actions("type 'it''s'\nkey return\nkey cmd+'p'\nkey ctrl+'c'").map((action) =>
      action?.kind === 'keys' ? [action.modifiers, action.keys.map(({ code }) => code)] : [],
    );
    expect(codes).toEqual([
      [0, [105, 116, 39, 115]],
      [0, [13]],
      [8, [112]],
      [2, [3]],
    ]);
  });

  test('takes screenshots, and waits for a time or until the image is idle', () => {
    expect(actions("screenshot a.png\nscreenshot 'b c.png'\nwait idle\nwait idle 50\nwait 5")).toEqual([
      { kind: 'screenshot', file: 'a.png' },
      { kind: 'screenshot', file: 'b c.png' },
      { kind: 'wait idle', limitMs: 10_000 },
      { kind: 'wait idle', limitMs: 50 },
      { kind: 'wait', milliseconds: 5 },
    ]);
  });

  const wrong = [
    [
      'wait idle\nclik 1 2',
      'events.txt:2:1: expected a step: wait, move, click, double click, press, release, drag, wheel, key, type or screenshot; found clik',
    ],
    ['click 1', 'events.txt:1:8: expected a whole number'],
    ['move 1 -2', 'events.txt:1:8: expected a whole number'],
    ['at 300 move 1 1\nat 200 move 1 1', 'events.txt:2:1: at 200 comes after at 300: times may not go back'],
    ['click 1 2 top', 'events.txt:1:11: expected a button: left, middle, right, red, yellow or blue; found top'],
    ['press with alt', 'events.txt:1:12: expected a modifier: shift, ctrl, option or cmd; found alt'],
    ['wheel round', 'events.txt:1:7: expected a direction: up, down, left or right; found round'],
    ["key 'ab'", 'events.txt:1:5: expected one character in quotes, or a key: home, enter, '],
    ["type 'ab", 'events.txt:1:6: expected a text in quotes'],
    ['screenshot', 'events.txt:1:11: expected '],
  ] as const;
  for (const [text, message] of wrong)
    test(`${JSON.stringify(text)} is refused with line and column`, () => {
      expect(complaint(text)).toMatch(new RegExp(`^${message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`));
    });
});

describe('run --events', () => {
  const scratch = new Scratch();

  test('a script that cannot be read or makes no sense ends the command before the image is touched', () => {
    const missing = safeffi(['run', 'no.image', '--events', scratch.file('none.txt')]);
    expect(missing.status).toBe(2);
    expect(missing.stderr).toMatch(/^safeffi: the script of events .*none\.txt cannot be read: ENOENT/);
    const wrong = safeffi(['run', 'no.image', '--events', scratch.file('wrong.txt', 'wait idle\nwheel round\n')]);
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toMatch(/wrong\.txt:2:7: expected a direction: up, down, left or right; found round\n$/);
  });

  test('options of a screen are for images, and sizes are checked', () => {
    const script = scratch.file('some.st', '3 + 4');
    const { status, stderr } = safeffi(['run', script, '--events', 'e.txt', '--screen', '640x480']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/--events and --screen are for images; .*some\.st is a script\n$/);
    expect(safeffi(['run', 'no.image', '--screen', '640']).stderr).toMatch(
      /640 is no size of a screen: expected WIDTHxHEIGHT, each from 64 to 8192\./,
    );
  });
});
