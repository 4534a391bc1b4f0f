/**
 * Smalltalk files with their expectations in comments. A case is a run of lines up to an empty one: statements, then
 *
 *     "expect: 42"                              the printString of the last statement's value
 *     "expect error: SmallInteger>>foo …"       the messageText of the error that nobody handles
 */

export interface LanguageCase {
  readonly line: number;
  readonly source: string;
  readonly expected: { readonly kind: 'value' | 'error'; readonly text: string };
}

const EXPECTATION = /"expect( error)?:\s*((?:[^"]|"")*)"\s*$/;

/** The cases of a file. A paragraph of comment alone is none; one with code and no expectation is a mistake in the file. */
export function readCases(text: string, file: string): LanguageCase[] {
  const cases: LanguageCase[] = [];
  let line = 1;
  for (const paragraph of text.split(/\n[ \t]*\n/)) {
    const startLine = line;
    line += paragraph.split('\n').length + 1;
    const match = EXPECTATION.exec(paragraph);
    if (match === null) {
      if (paragraph.replace(/"(?:[^"]|"")*"/g, '').trim() !== '')
        throw new Error(`${file}:${startLine}: a case has no "expect: …" after it`);
      continue;
    }
    cases.push({
      line: startLine,
      source: paragraph.slice(0, match.index),
      expected: { kind: match[1] === undefined ? 'value' : 'error', text: match[2]!.replaceAll('""', '"').trim() },
    });
  }
  return cases;
}
