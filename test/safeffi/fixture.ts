/**
 * Compiles the C fixtures of these tests with the machine's compiler, once for each content, into dist/fixtures.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = join(root, 'dist', 'fixtures');

/** The path of the shared library made from `test/safeffi/fixtures/<name>.c`. */
export function fixture(name: string): string {
  return compile(name, readFileSync(join(root, 'test', 'safeffi', 'fixtures', `${name}.c`), 'utf8'));
}

/** The path of a shared library made from C text. */
export function compile(name: string, source: string): string {
  mkdirSync(folder, { recursive: true });
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 12);
  const library = join(folder, `lib${name}-${hash}.so`);
  if (existsSync(library)) return library;
  const file = join(folder, `${name}-${hash}.c`);
  writeFileSync(file, source);
  const options = [
    '-O1',
    '-g',
    '-fPIC',
    '-shared',
    '-fno-optimize-sibling-calls',
    '-Wno-infinite-recursion',
    '-pthread',
  ];
  execFileSync(process.env.CC ?? 'cc', [...options, '-o', `${library}.new`, file]);
  renameSync(`${library}.new`, library);
  return library;
}
