/**
 * What is wrong with a declaration and where: one sentence with line and column, then the line with a caret below. A
 * `CalloutError` of code `bad-declaration`; `details` has `line` and `column`, both from 1.
 */
import { CalloutError } from '../errors.ts';

/** A problem at an offset of the text; becomes an error where the text is known. */
export class DeclarationProblem extends Error {
  readonly at: number;

  constructor(at: number, sentence: string) {
    super(sentence);
    this.at = at;
  }
}

export function declarationError(text: string, at: number, sentence: string): CalloutError {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', at);
  const lineText = text.slice(start, end < 0 ? text.length : end);
  const line = text.slice(0, start).split('\n').length;
  const column = at - start + 1;
  // Tabs stay tabs, so that the caret stands below its character.
  const indent = lineText.slice(0, column - 1).replace(/[^\t]/g, ' ');
  return new CalloutError(
    'bad-declaration',
    `declaration, line ${line}, column ${column}: ${sentence}\n  ${lineText}\n  ${indent}^`,
    { line, column, sentence },
  );
}
