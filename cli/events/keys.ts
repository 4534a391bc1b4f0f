/**
 * Keys as images know them: the character that Squeak's VMs send for a key without one of its own, and what a modifier makes of a letter. Source: the
 * key tables of the VMs for X11, and EventSensor's comments.
 */
import { Modifier } from '../../primitives/input/user-input.ts';

export interface Key {
  /** What the image gets as the character. */
  readonly code: number;
  /** Its Unicode; 0 for a key that writes nothing. */
  readonly codePoint: number;
}

const CONTROL_BITS = 0x1f;

/** By name, without regard to case. */
const NAMED_KEYS: Readonly<Record<string, number>> = {
  home: 1,
  enter: 3,
  end: 4,
  insert: 5,
  backspace: 8,
  tab: 9,
  pageup: 11,
  pagedown: 12,
  return: 13,
  escape: 27,
  left: 28,
  right: 29,
  up: 30,
  down: 31,
  space: 32,
  delete: 127,
};
export const KEY_NAMES: readonly string[] = Object.keys(NAMED_KEYS);

export const namedKey = (name: string): Key | undefined => {
  const code = NAMED_KEYS[name.toLowerCase()];
  return code === undefined ? undefined : { code, codePoint: code === 32 ? code : 0 };
};

/** The key that writes a character; with Control held, a letter is its control code, as on X11. */
export function characterKey(character: string, modifiers: number): Key {
  const codePoint = character.codePointAt(0)!;
  const isControlled = (modifiers & Modifier.CONTROL) !== 0 && /[a-z]/i.test(character);
  return { code: isControlled ? codePoint & CONTROL_BITS : codePoint, codePoint };
}
