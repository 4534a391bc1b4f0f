/**
 * What can be wrong with an image file: its bytes (ImageFormatError) or the file itself (ImageFileError). All sentences of
 * this folder are made here; each names the offset in the file, what was found there and what was expected.
 */

export type ImageFormatErrorCode =
  | 'truncated'
  | 'foreign-magic'
  | 'unsupported-format'
  | 'bad-header'
  | 'bad-segment'
  | 'bad-object'
  | 'bad-pointer'
  | 'bad-foundation'
  | 'too-large';

export interface ImageFormatDetails {
  /** Offset in the file, in bytes. */
  readonly offset: number;
  readonly found: string;
  readonly expected: string;
}

/** The bytes are no image that can be read. */
export class ImageFormatError extends Error {
  override readonly name = 'ImageFormatError';
  readonly code: ImageFormatErrorCode;
  readonly details: ImageFormatDetails;

  constructor(code: ImageFormatErrorCode, sentence: string, details: ImageFormatDetails) {
    super(sentence);
    this.code = code;
    this.details = details;
  }
}

/** The general case: what stands where, and what should. `what` is a noun: "the header size". */
export function malformed(
  code: ImageFormatErrorCode,
  what: string,
  offset: number,
  found: string | number,
  expected: string,
): ImageFormatError {
  return new ImageFormatError(code, `at offset ${offset}: ${what} is ${found}, expected ${expected}`, {
    offset,
    found: String(found),
    expected,
  });
}

export function truncated(what: string, neededBytes: number, actualBytes: number): ImageFormatError {
  return new ImageFormatError('truncated', `the file ends at ${actualBytes} bytes, ${what} needs ${neededBytes}`, {
    offset: actualBytes,
    found: `${actualBytes} bytes`,
    expected: `${neededBytes} bytes`,
  });
}

export function foreignMagic(offset: number, word: number): ImageFormatError {
  const expected =
    'the format number of a Smalltalk image (6521, 7033, 68021, 68533, 6502, 6504 or 6505, in either byte order)';
  return malformed('foreign-magic', 'the first word', offset, `0x${word.toString(16).padStart(8, '0')}`, expected);
}

/** `expected`: what the reader at hand reads. */
export function unsupportedFormat(
  offset: number,
  magic: number,
  description: string,
  expected: string,
): ImageFormatError {
  return new ImageFormatError(
    'unsupported-format',
    `at offset ${offset}: format ${magic} is ${description}, which is recognised but not read; expected ${expected}`,
    { offset, found: `${magic} (${description})`, expected },
  );
}

export type ImageFileErrorCode = 'no-such-file' | 'is-directory' | 'unreadable' | 'unwritable' | 'disk-full';

/** The file cannot be read or written, whatever its bytes. */
export class ImageFileError extends Error {
  override readonly name = 'ImageFileError';
  readonly code: ImageFileErrorCode;
  readonly path: string;

  constructor(code: ImageFileErrorCode, path: string, sentence: string, cause?: unknown) {
    super(sentence, cause === undefined ? undefined : { cause });
    this.code = code;
    this.path = path;
  }
}
