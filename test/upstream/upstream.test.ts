/**
 * The suites of the originals, unmodified, against the shims. Cases that do not pass stand with their reason in docs/napi.md, in a table
 * under the heading below; what fails here has to be what stands there.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, jest, test } from '@jest/globals';
import { installUpstream, runSuite, type Subject, type Suite } from './suites.ts';

// On a busy machine; each process has a limit of its own below this.
jest.setTimeout(400_000);

const counts: readonly (readonly [suite: Suite, cases: number, pending: number])[] = [
  ['ref-napi', 150, 3],
  ['ref-union-di', 42, 0],
  ['ref-array-di', 19, 0],
  ['ffi-napi', 85, 1],
];

const leftOut = installUpstream();
if (leftOut !== undefined)
  process.stderr.write(`tests: the suites of ffi-napi and ref-napi are left out: ${leftOut}\n`);

/** Rows `| suite | mode or both | case | why |`. */
function knownFailures(suite: Suite, subject: Subject): string[] {
  const page = readFileSync(new URL('../../../docs/napi.md', import.meta.url), 'utf8');
  const section = /^## Cases of the originals that do not pass$([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(page)?.[1];
  if (section === undefined) throw new Error('docs/napi.md has no section of cases that do not pass');
  return section
    .split('\n')
    .filter((line) => line.startsWith(`| ${suite} |`))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter(([, , mode]) => mode === 'both' || mode === subject)
    .map(([, , , title]) => title!);
}

const describeSuites = leftOut === undefined ? describe : describe.skip;

describeSuites.each(['safe', 'direct'] as const)('in %s mode', (subject) => {
  test.each(counts)('the suite of %s: of %i cases all pass that are not pending', (suite, cases, pending) => {
    const run = runSuite(suite, subject);
    const known = knownFailures(suite, subject);
    expect({ broken: run.broken, failed: Object.fromEntries(run.failed) }).toEqual({
      broken: undefined,
      failed: Object.fromEntries(known.map((title) => [title, expect.any(String)])),
    });
    expect(run).toMatchObject({ total: cases, pending, passed: cases - pending - known.length });
  });
});
