/**
 * The types of the shims, by compiling programs against them in the layout of an installed project. A program that uses them as those
 * of @types/ffi-napi compiles against both.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import ts from 'typescript';
import { installUpstream, upstreamModules } from '../upstream/suites.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const programs = join(root, 'test', 'shims', 'programs');
const leftOut = installUpstream();
if (leftOut !== undefined) process.stderr.write(`tests: programs with ref-struct-di are not compiled: ${leftOut}\n`);

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'safeffi-types-'));
  mkdirSync(join(folder, 'ours/node_modules/safeffi'), { recursive: true });
  mkdirSync(join(folder, 'theirs'));
  cpSync(join(root, 'package.json'), join(folder, 'ours/node_modules/safeffi/package.json'));
  cpSync(join(root, 'shims'), join(folder, 'ours/node_modules/safeffi/shims'), { recursive: true });
  for (const name of ['ffi-napi', 'ref-napi'])
    cpSync(join(root, 'shims/packages', name), join(folder, 'ours/node_modules', name), { recursive: true });
  for (const home of ['ours', 'theirs']) {
    const types = join(folder, home, 'node_modules/@types');
    mkdirSync(types, { recursive: true });
    symlinkSync(join(root, 'node_modules/@types/node'), join(types, 'node'));
    if (leftOut !== undefined) continue;
    const names = home === 'ours' ? ['ref-struct-di'] : ['ref-struct-di', 'ref-napi', 'ffi-napi'];
    for (const name of names) cpSync(join(upstreamModules, '@types', name), join(types, name), { recursive: true });
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What the compiler says of programs and of the types of the shims, `file:line: message`. */
function compiled(home: 'ours' | 'theirs', names: readonly string[]): string[] {
  const paths = names.map((name) => join(folder, home, name));
  for (const [i, path] of paths.entries()) writeFileSync(path, readFileSync(join(programs, names[i]!), 'utf8'));
  const program = ts.createProgram(paths, {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
  });
  const read = program
    .getSourceFiles()
    .filter(({ fileName }) => paths.includes(fileName) || /\/shims\//.test(fileName));
  if (home === 'ours') expect(read.length).toBe(names.length + 2);
  const messages = read.flatMap((file) => [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ]);
  return messages.map(({ file, start, messageText }) => {
    const line = file === undefined ? '' : file.text.slice(0, start).split('\n').length;
    return `${file?.fileName.slice(folder.length)}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}

const withUpstream = leftOut === undefined ? test : test.skip;

test('programs have the types that they use, and each line that is expected to be a mistake is one', () => {
  expect(compiled('ours', ['plain.mts', 'mistakes.cts'])).toEqual([]);
});

withUpstream('a program that was written against @types/ffi-napi compiles against the types of the shims', () => {
  expect(compiled('theirs', ['structs.cts'])).toEqual([]);
  expect(compiled('ours', ['structs.cts'])).toEqual([]);
});
