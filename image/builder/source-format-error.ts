/** A file that is no Tonel or chunk file as its reader expects it; printed as `file:line: sentence`, for an editor to follow. */

export type SourceFormatErrorCode =
  | 'bad-header'
  | 'bad-method'
  | 'trait'
  | 'unknown-definition'
  | 'unknown-type'
  | 'missing-name'
  | 'bad-variable'
  | 'other-class'
  | 'bad-section'
  | 'unterminated';

export class SourceFormatError extends Error {
  override readonly name = 'SourceFormatError';
  readonly code: SourceFormatErrorCode;
  readonly sentence: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;

  constructor(code: SourceFormatErrorCode, sentence: string, file: string, line: number) {
    super(`${file}:${line}: ${sentence}`);
    this.code = code;
    this.sentence = sentence;
    this.file = file;
    this.line = line;
  }
}

/** The line, from 1, of an offset; CR, LF and CRLF end a line. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (const match of text.matchAll(/\r\n|\r|\n/g)) {
    if (match.index + match[0].length > offset) break;
    line++;
  }
  return line;
}
