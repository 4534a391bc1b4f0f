/** docs/napi.md: its examples answer what it says, and use what is typed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import ts from 'typescript';
import { readPage } from '../docs/page.ts';

const page = readPage('napi.md', new URL('../../../docs/napi.md', import.meta.url));
/** Below the package, so that its own name can be imported. */
const folder = fileURLToPath(new URL('../../napi-example/', import.meta.url));
const source = join(folder, 'page.mts');

test('the examples answer what the page says', () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(source, page.module);
  const { outputText } = ts.transpileModule(page.module, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  writeFileSync(join(folder, 'page.mjs'), outputText);
  execFileSync(process.execPath, ['page.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], timeout: 100_000 });
  expect(page.checks).toBeGreaterThan(5);
});

test('the examples have the types that they use', () => {
  const program = ts.createProgram([source], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    skipLibCheck: true,
  });
  const messages = program
    .getSemanticDiagnostics(program.getSourceFile(source)!)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
  expect(messages).toEqual([]);
});
