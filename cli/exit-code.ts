/** What the command's exit code says; docs: the table in the README. */
export const ExitCode = {
  DONE: 0,
  /** The program itself failed: a test, a check. */
  PROGRAM_FAILED: 1,
  /** Wrong usage, unreadable or malformed input. */
  BAD_INPUT: 2,
  SMALLTALK_ERROR: 3,
  FFI_FAULT: 4,
  VM_BUG: 70,
  INTERRUPTED: 130,
} as const;

/** Ends the command with a sentence on stderr and a code. Thrown by commands, caught once in main. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(sentence: string, exitCode: number = ExitCode.BAD_INPUT) {
    super(sentence);
    this.exitCode = exitCode;
  }
}
