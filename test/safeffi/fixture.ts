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
  const options = [
    '-O1',
    '-g',
    '-fPIC',
    '-shared',
    '-fno-optimize-sibling-calls',
    '-Wno-infinite-recursion',
    '-pthread',
  ];
  return build(name, source, `lib${name}`, '.so', options);
}

/** The path of a program made from C text. */
export function compileProgram(name: string, source: string): string {
  return build(name, source, name, '.program', []);
}

function build(name: string, source: string, stem: string, suffix: string, options: readonly string[]): string {
  mkdirSync(folder, { recursive: true });
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 12);
  const output = join(folder, `${stem}-${hash}${suffix}`);
  if (existsSync(output)) return output;
  const file = join(folder, `${name}-${hash}.c`);
  writeFileSync(file, source);
  execFileSync(process.env.CC ?? 'cc', [...options, '-o', `${output}.new`, file]);
  renameSync(`${output}.new`, output);
  return output;
}
