/**
 * Why a source does not parse, in words. A quote or bracket that is never closed makes a parser stumble far from the cause,
 * so those are looked for first, with a scan that knows strings, comments and characters and nothing more; else ohm's
 * expected set at the furthest place it got to is said.
 */
import type { FailedMatchResult } from 'ohm-js';
import type { Problem } from './compile-error.ts';

const CLOSING = new Map([
  ['[', ']'],
  ['(', ')'],
  ['{', '}'],
]);
const CLOSERS = new Set(CLOSING.values());

/** Finds what is opened and never closed, or closed and never opened. */
export function unbalanced(source: string): Problem | undefined {
  const open: { readonly bracket: string; readonly at: number }[] = [];
  for (let at = 0; at < source.length; at++) {
    const character = source[at]!;
    if (character === '$') {
      at++;
    } else if (character === "'" || character === '"') {
      const end = source.indexOf(character, at + 1);
      if (end < 0) return unterminated(character, at);
      at = end;
    } else if (CLOSING.has(character)) {
      open.push({ bracket: character, at });
    } else if (CLOSERS.has(character)) {
      const last = open.pop();
      if (last === undefined) return bracketProblem(`'${character}' closes nothing that is open`, at);
      if (CLOSING.get(last.bracket) !== character)
        return bracketProblem(
          `'${character}' closes nothing: '${last.bracket}' is open and wants '${CLOSING.get(last.bracket)}'`,
          at,
        );
    }
  }
  const last = open.at(-1);
  return last === undefined ? undefined : bracketProblem(`'${last.bracket}' is never closed`, last.at);
}

const unterminated = (quote: string, at: number): Problem =>
  quote === '"'
    ? { code: 'unterminated-comment', sentence: 'the comment that starts here never ends', start: at, end: at + 1 }
    : { code: 'unterminated-string', sentence: 'the string that starts here never ends', start: at, end: at + 1 };

const bracketProblem = (sentence: string, at: number): Problem => ({
  code: 'unbalanced-bracket',
  sentence,
  start: at,
  end: at + 1,
});

/** The word, number or sign at an offset, as a reader would name it. */
function tokenAt(source: string, offset: number): string {
  const match = /^(?:[A-Za-z_][A-Za-z0-9_]*:?|\d[\dA-Za-z]*|:=|[-+*/\\~<>=@%|&?,!]+|.)/su.exec(source.slice(offset));
  return match?.[0] ?? '';
}

/** Where both of these could stand, any expression could. */
const EXPRESSION_STARTS = ["'{'", "'['"];
const OPERAND_STARTS = new Set([
  ...EXPRESSION_STARTS,
  "'('",
  "'#('",
  "'#['",
  "'''",
  'a symbol',
  'a character',
  'a number',
  'a name',
]);
const PLAIN_NAMES = new Map([
  ['end of input', 'the end'],
  ['"\\""', ''],
]);

/** What could have stood at the furthest place, in the order of the grammar, without what stands for white space. */
function expected(match: FailedMatchResult): string[] {
  const words = match
    .getExpectedText()
    .split(/,? or |, /)
    .map((word) => PLAIN_NAMES.get(word) ?? word.replace(/^"(.*)"$/, "'$1'"))
    .filter((word) => word !== '' && !word.startsWith('not '));
  const unique = new Set(words);
  if (!EXPRESSION_STARTS.every((start) => unique.has(start))) return [...unique];
  const rest = [...unique].filter((word) => !OPERAND_STARTS.has(word));
  return ['an expression', ...rest];
}

function listed(words: readonly string[]): string {
  if (words.length === 0) return 'something else';
  return words.length === 1 ? words[0]! : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** The problem behind a match that failed. */
export function explainSyntaxError(source: string, match: FailedMatchResult): Problem {
  const cause = unbalanced(source);
  if (cause !== undefined) return cause;
  const start = match.getRightmostFailurePosition();
  const token = tokenAt(source, start);
  if (token === ':=')
    return { code: 'syntax', sentence: 'only a name can stand before :=', start, end: start + token.length };
  const found = token === '' ? 'the source ends' : `found '${token}'`;
  return {
    code: 'syntax',
    sentence: `${found} where ${listed(expected(match))} is expected`,
    start,
    end: start + Math.max(1, token.length),
  };
}
