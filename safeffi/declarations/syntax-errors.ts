/**
 * Why a text does not parse, in words: what is C but not covered is named, with what to write instead; else what the
 * grammar expected at the furthest place it got to.
 */
import type { FailedMatchResult } from 'ohm-js';
import { DeclarationProblem } from './declaration-error.ts';

/** What stands where the match failed, and what to say of it. */
const notCovered: readonly (readonly [RegExp, string])[] = [
  [/^#/, 'preprocessor lines are not covered: run the header through cc -E, or write constants as an enum'],
  [/^\/\*/, "this comment is never closed: expected '*/'"],
  [/^\{/, 'function bodies and initialisers are not covered: declare the prototype alone'],
  [/^=/, 'initialisers are not covered: declare the name alone'],
  [
    /^__attribute(__)?\b/,
    'GNU attributes are not covered: leave them out; for a packed struct, declare with { packed: true }',
  ],
  [/^__declspec\b/, '__declspec is not covered: leave it out'],
  [/^(__asm__|__asm|asm)\b/, 'asm labels are not covered: declare the function under the name of its symbol'],
  [
    /^(static|inline|__inline__|__inline)\b/,
    'static and inline functions are not covered: they have no symbol to call',
  ],
  [/^_Alignas\b/, '_Alignas is not covered: alignments are those of the fields'],
  [/^(_Complex|_Imaginary)\b/, 'complex numbers are not covered: declare a struct of two'],
  [/^_Atomic\b/, '_Atomic is not covered: leave it out where the type keeps its size'],
  [/^_Static_assert\b/, '_Static_assert is not covered: leave it out'],
  [
    /^(__extension__|_Thread_local|register|auto|__typeof__|typeof|_Generic|_Alignof)\b/,
    '$& is not covered: leave it out',
  ],
];

export function explainSyntaxError(text: string, failure: FailedMatchResult): DeclarationProblem {
  const at = failure.getRightmostFailurePosition();
  const rest = text.slice(at);
  for (const [pattern, sentence] of notCovered) {
    const match = pattern.exec(rest);
    if (match !== null) return new DeclarationProblem(at, sentence.replace('$&', match[0]));
  }
  const found = rest === '' ? 'the end of the text' : `'${/^(\w+|.)/s.exec(rest)![0]}'`;
  return new DeclarationProblem(at, `expected ${failure.getExpectedText()}, found ${found}`);
}
