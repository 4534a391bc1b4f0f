/**
 * The text of a script of events, a line a step, as data: what a user does, and when. Errors name file, line and column. The grammar
 * (`event-script.ohm`) says what a line may be; here stands what its words mean.
 */
import type { Node } from 'ohm-js';
import { Button, Modifier } from '../../primitives/input/user-input.ts';
import { CommandError } from '../exit-code.ts';
import grammar from './event-script.ohm-bundle.js';
import { characterKey, KEY_NAMES, type Key, namedKey } from './keys.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export type Action =
  | { readonly kind: 'wait'; readonly milliseconds: number }
  | { readonly kind: 'wait idle'; readonly limitMs: number }
  | { readonly kind: 'move'; readonly to: Point }
  | (Pointing & { readonly kind: 'click'; readonly times: number })
  | (Pointing & { readonly kind: 'press' })
  | { readonly kind: 'release'; readonly at: Point | undefined }
  | (Pointing & { readonly kind: 'drag'; readonly to: Point })
  | { readonly kind: 'wheel'; readonly horizontal: number; readonly vertical: number }
  | { readonly kind: 'keys'; readonly keys: readonly Key[]; readonly modifiers: number }
  | { readonly kind: 'screenshot'; readonly file: string };

interface Pointing {
  /** Where the mouse goes first; undefined to stay where it is. */
  readonly at: Point | undefined;
  readonly button: number;
  readonly modifiers: number;
}

export interface Step {
  readonly line: number;
  /** The line as it was written, without its comment. */
  readonly text: string;
  /** Milliseconds from the start of the image, of its clock; undefined for at once. */
  readonly at: number | undefined;
  readonly action: Action | undefined;
}

const DEFAULT_IDLE_LIMIT_MS = 10_000;
const WHEEL_NOTCH = 120;
const STEPS = 'wait, move, click, double click, press, release, drag, wheel, key, type or screenshot';

const BUTTONS: Readonly<Record<string, number>> = {
  left: Button.RED,
  middle: Button.YELLOW,
  right: Button.BLUE,
  red: Button.RED,
  yellow: Button.YELLOW,
  blue: Button.BLUE,
};
const MODIFIERS: Readonly<Record<string, number>> = {
  shift: Modifier.SHIFT,
  ctrl: Modifier.CONTROL,
  option: Modifier.OPTION,
  cmd: Modifier.COMMAND,
};
const DIRECTIONS: Readonly<Record<string, readonly [number, number]>> = {
  up: [0, 1],
  down: [0, -1],
  left: [-1, 0],
  right: [1, 0],
};

/** A word that fits the grammar and means nothing. */
class UnknownWord extends Error {
  readonly offset: number;
  constructor(node: Node, what: string, known: readonly string[]) {
    super(`expected ${what}: ${known.slice(0, -1).join(', ')} or ${known.at(-1)}; found ${node.sourceString}`);
    this.offset = node.source.startIdx;
  }
}

function lookUp<T>(node: Node, what: string, table: Readonly<Record<string, T>>): T {
  const value = table[node.sourceString];
  if (value === undefined) throw new UnknownWord(node, what, Object.keys(table));
  return value;
}

const number = (node: Node): number => Number(node.sourceString);
const unquoted = (node: Node): string => node.sourceString.slice(1, -1).replaceAll("''", "'");
const point = (node: Node): Point => node.point();
const modifiers = (node: Node): number => node.modifiers();
const chord = (node: Node): Action => node.chord();
const optional = <T>(node: Node, read: (child: Node) => T, otherwise: T): T =>
  node.children[0] === undefined ? otherwise : read(node.children[0]);
const modifier = (node: Node): number => lookUp(node, 'a modifier', MODIFIERS);

const holding = (button: Node, held: Node) => ({
  button: optional(button, (node) => lookUp(node, 'a button', BUTTONS), Button.RED),
  modifiers: optional(held, modifiers, 0),
});

const pointing = (at: Node, button: Node, held: Node): Pointing => ({
  at: optional<Point | undefined>(at, point, undefined),
  ...holding(button, held),
});

const semantics = grammar.createSemantics();

semantics.addOperation<Point>('point', { Point: (x, y) => ({ x: number(x), y: number(y) }) });

semantics.addOperation<number>('modifiers', {
  With: (_with, held) => modifiers(held),
  Modifiers: (first, _plus, rest) => [first, ...rest.children].reduce((sum, node) => sum | modifier(node), 0),
});

semantics.addOperation<Action>('chord', {
  Chord(held, _plus, key) {
    const mask = held.children.reduce((sum, node) => sum | modifier(node), 0);
    return { kind: 'keys', keys: [keyOf(key, mask)], modifiers: mask };
  },
});

function keyOf(node: Node, held: number): Key {
  if (node.sourceString.startsWith("'")) {
    const characters = [...unquoted(node)];
    if (characters.length === 1) return characterKey(characters[0]!, held);
    throw new UnknownWord(node, 'one character in quotes, or a key', KEY_NAMES);
  }
  const key = namedKey(node.sourceString);
  if (key === undefined) throw new UnknownWord(node, 'one character in quotes, or a key', KEY_NAMES);
  return key;
}

semantics.addOperation<Action>('action', {
  Wait_idle: (_wait, _idle, limit) => ({ kind: 'wait idle', limitMs: optional(limit, number, DEFAULT_IDLE_LIMIT_MS) }),
  Wait_time: (_wait, time) => ({ kind: 'wait', milliseconds: number(time) }),
  Move: (_move, to) => ({ kind: 'move', to: point(to) }),
  Click: (twice, _click, at, button, held) => ({
    kind: 'click',
    times: twice.children.length + 1,
    ...pointing(at, button, held),
  }),
  Press: (_press, at, button, held) => ({ kind: 'press', ...pointing(at, button, held) }),
  Release: (_release, at) => ({ kind: 'release', at: optional<Point | undefined>(at, point, undefined) }),
  Drag: (_drag, from, _to, to, button, held) => ({
    kind: 'drag',
    at: point(from),
    to: point(to),
    ...holding(button, held),
  }),
  Wheel(_wheel, direction, notches) {
    const [horizontal, vertical] = lookUp(direction, 'a direction', DIRECTIONS);
    const length = WHEEL_NOTCH * optional(notches, number, 1);
    return { kind: 'wheel', horizontal: horizontal * length, vertical: vertical * length };
  },
  Key: (_key, keys) => chord(keys),
  Type: (_type, text) => ({
    kind: 'keys',
    keys: [...unquoted(text)].map((each) => characterKey(each, 0)),
    modifiers: 0,
  }),
  Screenshot: (_screenshot, file) => ({
    kind: 'screenshot',
    file: file.sourceString.startsWith("'") ? unquoted(file) : file.sourceString,
  }),
});

semantics.addOperation<Omit<Step, 'line'>>('step', {
  Line: (time, action, _comment) => ({
    at: optional<number | undefined>(time, (node) => node.time(), undefined),
    action: optional<Action | undefined>(action, (node) => node.action(), undefined),
    text: [time, action]
      .map((node) => node.sourceString.trim())
      .join(' ')
      .trim(),
  }),
});
semantics.addOperation<number>('time', { Time: (_at, time) => number(time) });

/** The steps of a script. Throws CommandError that names line and column of what is wrong. */
export function parseEventScript(file: string, text: string): Step[] {
  const steps: Step[] = [];
  let latest = 0;
  text.split(/\r\n|\r|\n/).forEach((line, index) => {
    const step = { line: index + 1, ...parseLine(file, index + 1, line) };
    if (step.at === undefined && step.action === undefined) return;
    if (step.at !== undefined && step.at < latest)
      throw complaint(file, step.line, 1, `at ${step.at} comes after at ${latest}: times may not go back`);
    latest = step.at ?? latest;
    steps.push(step);
  });
  return steps;
}

function parseLine(file: string, line: number, text: string): Omit<Step, 'line'> {
  const match = grammar.match(text);
  if (match.failed()) {
    const offset = match.getRightmostFailurePosition();
    const [, before, found] = /^(\s*(?:at\s+\d+\s+)?)(\S+)/.exec(text) ?? [];
    if (before?.length === offset) throw complaint(file, line, offset + 1, `expected a step: ${STEPS}; found ${found}`);
    throw complaint(file, line, offset + 1, match.shortMessage!.replace(/^Line 1, col \d+: /, ''));
  }
  try {
    return semantics(match).step();
  } catch (error) {
    if (error instanceof UnknownWord) throw complaint(file, line, error.offset + 1, error.message);
    throw error;
  }
}

const complaint = (file: string, line: number, column: number, message: string): CommandError =>
  new CommandError(`${file}:${line}:${column}: ${message}`);
