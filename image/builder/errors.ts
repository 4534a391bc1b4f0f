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
  | 'class-missing'
  | 'no-source';

export class InstallError extends Error {
  override readonly name = 'InstallError';
  readonly code: InstallErrorCode;

  constructor(code: InstallErrorCode, sentence: string) {
    super(sentence);
    this.code = code;
  }
}

/** All complaints about the sources of a build, a line each: `file:line: what is wrong`. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
  readonly complaints: readonly string[];

  constructor(complaints: readonly string[]) {
    super(complaints.join('\n'));
    this.complaints = complaints;
  }
}
