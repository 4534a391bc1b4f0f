/**
 * The 32 selectors that have a send bytecode of their own, in bytecode order: 96 to 111 the arithmetic ones, 112 to 127 the
 * others. The image repeats them in its special objects array (SpecialObject.SPECIAL_SELECTORS); the numbers are Squeak's
 * and Pharo's.
 */

export interface SpecialSelector {
  readonly selector: string;
  readonly argumentCount: number;
}

const binary = (selector: string): SpecialSelector => ({ selector, argumentCount: 1 });
const unary = (selector: string): SpecialSelector => ({ selector, argumentCount: 0 });

export const SPECIAL_SELECTORS: readonly SpecialSelector[] = [
  ...['+', '-', '<', '>', '<=', '>=', '=', '~=', '*', '/', '\\\\', '@', 'bitShift:', '//', 'bitAnd:', 'bitOr:'].map(
    binary,
  ),
  binary('at:'),
  { selector: 'at:put:', argumentCount: 2 },
  unary('size'),
  unary('next'),
  binary('nextPut:'),
  unary('atEnd'),
  binary('=='),
  unary('class'),
  binary('~~'),
  unary('value'),
  binary('value:'),
  binary('do:'),
  unary('new'),
  binary('new:'),
  unary('x'),
  unary('y'),
];

/** The first bytecode of the special sends: bytecode minus this is the index into the table. */
export const FIRST_SPECIAL_SEND = 96;

const indexBySelector = new Map(SPECIAL_SELECTORS.map(({ selector }, index) => [selector, index]));

/** The bytecode that sends `selector`, or undefined where it has none of its own. */
export function specialSendBytecode(selector: string): number | undefined {
  const index = indexBySelector.get(selector);
  return index === undefined ? undefined : FIRST_SPECIAL_SEND + index;
}
