/** What can be wrong with sources that an image is built from, beyond what the compiler and the readers say. */

export type InstallErrorCode =
  | 'too-many-literals'
  | 'too-many-temps'
  | 'no-memory'
  | 'unknown-binding'
  | 'unknown-class'
  | 'unknown-superclass'
  | 'duplicate-class'
  | 'superclass-cycle'
  | 'bad-class-type'
  | 'class-missing';

export class InstallError extends Error {
  override readonly name = 'InstallError';
  readonly code: InstallErrorCode;

  constructor(code: InstallErrorCode, sentence: string) {
    super(sentence);
    this.code = code;
  }
}
