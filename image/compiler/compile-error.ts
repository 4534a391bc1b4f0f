/**
 * What is wrong with a source. The compiler collects problems as data; whoever asked for code gets them as one
 * `CompileError`, printed so that an editor can follow it and a reader sees the place:
 *
 *     Demo>>foo: line 3, column 12: 'x' is not declared
 *         ^ x + 1
 *           ^
 */

export type ProblemCode =
  | 'syntax'
  | 'unterminated-string'
  | 'unterminated-comment'
  | 'unbalanced-bracket'
  | 'too-deep'
  | 'bad-number'
  | 'bad-byte'
  | 'cascade-without-message'
  | 'return-in-brace'
  | 'undeclared'
  | 'duplicate-declaration'
  | 'reserved-name'
  | 'read-only'
  | 'super-not-receiver'
  | 'bad-pragma'
  | 'too-many-arguments'
  | 'too-many-literals'
  | 'too-many-temps'
  | 'frame-too-large';

export interface Problem {
  readonly code: ProblemCode;
  /** Without a full stop, to stand after the place. */
  readonly sentence: string;
  readonly start: number;
  readonly end: number;
}

/** Where a source comes from, as far as the one who compiles it knows. */
export interface SourceOrigin {
  /** `Demo`, `Demo class`. */
  readonly className?: string;
  readonly file?: string;
  /** Line of the file, from 1, on which the source starts. */
  readonly line?: number;
}

export interface SourcePosition {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  readonly lineText: string;
}

/** The line and column of an offset; CR, LF and CRLF end a line. */
export function positionAt(source: string, offset: number): SourcePosition {
  const lines = source.split(/\r\n|\r|\n/);
  const before = source.slice(0, offset).split(/\r\n|\r|\n/);
  const line = before.length;
  return { line, column: before[line - 1]!.length + 1, lineText: lines[line - 1] ?? '' };
}

const title = (origin: SourceOrigin, selector: string | undefined): string => {
  if (selector === undefined) return origin.className ?? '';
  return origin.className === undefined ? selector : `${origin.className}>>${selector}`;
};

function describe(problem: Problem, source: string, origin: SourceOrigin, selector: string | undefined): string {
  const { line, column, lineText } = positionAt(source, problem.start);
  const file = origin.file === undefined ? '' : `${origin.file}:${(origin.line ?? 1) + line - 1}: `;
  const name = title(origin, selector);
  const indent = lineText.slice(0, column - 1).replace(/[^\t]/g, ' ');
  const caret = '^'.repeat(Math.max(1, Math.min(problem.end - problem.start, lineText.length - column + 1)));
  const where = `line ${line}, column ${column}: ${problem.sentence}`;
  return `${file}${name === '' ? '' : `${name}: `}${where}\n    ${lineText}\n    ${indent}${caret}`;
}

export class CompileError extends Error {
  override readonly name = 'CompileError';
  /** Of the first problem. */
  readonly code: ProblemCode;
  readonly sentence: string;
  readonly line: number;
  readonly column: number;
  readonly problems: readonly Problem[];
  readonly origin: SourceOrigin;

  /** `problems` is not empty. `selector` is undefined when the source's first line could not be read. */
  constructor(problems: readonly Problem[], source: string, origin: SourceOrigin = {}, selector?: string) {
    super(problems.map((problem) => describe(problem, source, origin, selector)).join('\n'));
    const first = problems[0]!;
    const { line, column } = positionAt(source, first.start);
    this.code = first.code;
    this.sentence = first.sentence;
    this.line = line;
    this.column = column;
    this.problems = problems;
    this.origin = origin;
  }
}

/** Leaves the parser from inside of a match's walk; `parseMethod` turns it into a `CompileError`. */
export class ProblemSignal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.sentence);
    this.problem = problem;
  }
}
