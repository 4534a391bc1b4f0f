/**
 * Every example of docs/library runs, answers what the page says, and has the types that it uses. The modules import
 * `safeffi` by its name, as a program that installed it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from '@jest/globals';
import ts from 'typescript';
import { type Page, readPage } from './page.ts';

const docs = new URL('../../../docs/library/', import.meta.url);
/** Below the package, so that its own name can be imported. */
const folder = fileURLToPath(new URL('../../docs-examples/', import.meta.url));
const names = readdirSync(docs).filter((name) => name.endsWith('.md'));
const pages = new Map<string, Page>();

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const name of names) {
    const page = readPage(name, new URL(name, docs));
    pages.set(name, page);
    const home = join(folder, name.replace(/\.md$/, ''));
    mkdirSync(home, { recursive: true });
    for (const [file, text] of page.files) writeFileSync(join(home, file), text);
    if (page.files.has('demo.c'))
      execFileSync(process.env.CC ?? 'cc', ['-O1', '-g', '-fPIC', '-shared', '-o', 'libdemo.so', 'demo.c'], {
        cwd: home,
      });
    const { outputText } = ts.transpileModule(page.module, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    writeFileSync(join(home, 'page.ts'), page.module);
    writeFileSync(join(home, 'page.mjs'), outputText);
  }
});

test.each(names.filter((name) => name !== 'README.md'))('%s: its examples answer what it says', (name) => {
  const home = join(folder, name.replace(/\.md$/, ''));
  execFileSync(process.execPath, ['page.mjs'], { cwd: home, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
  expect(pages.get(name)!.checks).toBeGreaterThan(0);
});

test('the examples have the types that they use', () => {
  const roots = names.map((name) => join(folder, name.replace(/\.md$/, ''), 'page.ts'));
  const program = ts.createProgram(roots, {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    skipLibCheck: true,
  });
  const messages = ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file === undefined || roots.includes(file.fileName))
    .map(({ file, start, messageText }) => {
      const line = file === undefined ? '' : file.text.slice(0, start).split('\n').length;
      return `${file?.fileName.slice(folder.length)}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  expect(messages).toEqual([]);
});

test('the index names every page', () => {
  const index = readPage('README.md', new URL('README.md', docs));
  expect(index.checks).toBe(0);
  const text = ts.sys.readFile(fileURLToPath(new URL('README.md', docs)))!;
  for (const name of names.filter((one) => one !== 'README.md')) expect(text).toContain(`](${name})`);
});
