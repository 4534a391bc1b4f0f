/**
 * The package as it is published: packed, unpacked elsewhere with its dependencies, imported by its name; and what importing
 * it loads.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../../', import.meta.url));
let folder: string;

const run = (code: string, cwd = folder): string =>
  execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd, encoding: 'utf8' });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'safeffi-package-'));
  const packed = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
  }).trim();
  const home = join(folder, 'node_modules', 'safeffi');
  mkdirSync(home, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, packed.split('\n').at(-1)!), '-C', home, '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  // Offline: what a registry would bring is taken from here.
  for (const name of Object.keys(dependencies)) {
    const place = join(folder, 'node_modules', name);
    mkdirSync(join(place, '..'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), place);
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a program that installed the package calls C, and a crash is an error', () => {
  const code = `import { open, FFIFault } from 'safeffi';
const c = open('libc.so.6').declare('size_t strlen(const char *s);');
const seen = [c.strlen('abc')];
try { c.strlen(null); } catch (fault) { seen.push(fault instanceof FFIFault, fault.fault.kind, fault.answer(7)); }
console.log(JSON.stringify(seen));`;
  expect(JSON.parse(run(code))).toEqual([3, true, 'MemoryViolation', 7]);
});

test('it brings the types, the sources of the native executor and the docs', () => {
  for (const file of ['dist/safeffi/index.d.ts', 'native/executor/faults.c', 'docs/library/README.md', 'LICENSE'])
    expect(existsSync(join(folder, 'node_modules', 'safeffi', file))).toBe(true);
});

test('importing it loads nothing of Smalltalk, no grammar and not koffi', () => {
  const hook = `export async function load(url, context, next) { console.error('loads ' + url); return next(url, context); }`;
  const code = `import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));
await import('safeffi');`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: folder,
    encoding: 'utf8',
  });
  const loaded = stderr.split('\n').filter((line) => line.startsWith('loads file:'));
  expect(loaded.length).toBeGreaterThan(20);
  expect(loaded.filter((url) => !url.includes('/dist/safeffi/'))).toEqual([]);
});
