/**
 * Compiles the C fixtures of these tests with the machine's compiler, or with one for another machine, once for each content,
 * into dist/fixtures.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = join(root, 'dist', 'fixtures');

/** The path of the shared library made from `test/safeffi/fixtures/<name>.c`. */
export function fixture(name: string, toolchain = host): string {
  return compile(name, readFileSync(join(root, 'test', 'safeffi', 'fixtures', `${name}.c`), 'utf8'), toolchain);
}

/** For which machine: this one, or another with a compiler of its own. */
export interface Toolchain {
  readonly name: string;
  readonly compiler: string;
  readonly options: readonly string[];
}

const host: Toolchain = { name: '', compiler: process.env.CC ?? 'cc', options: [] };

/** The path of a shared library made from C text. */
export function compile(name: string, source: string, toolchain = host): string {
  const options = [
    '-O1',
    '-g',
    '-fPIC',
    '-shared',
    '-fno-optimize-sibling-calls',
    '-Wno-infinite-recursion',
    '-pthread',
  ];
  return build(name, source, `lib${name}`, '.so', options, toolchain);
}

/** The same for much code that only has to be called: no debug information, no warnings. */
export function compileBulk(name: string, source: string, toolchain = host, into = folder): string {
  return build(name, source, `lib${name}`, '.so', ['-O1', '-w', '-fPIC', '-shared'], toolchain, into);
}

/** The path of a program made from C text. */
export function compileProgram(name: string, source: string): string {
  return build(name, source, name, '.program', [], host);
}

function build(
  name: string,
  source: string,
  stem: string,
  suffix: string,
  options: readonly string[],
  toolchain: Toolchain,
  into = folder,
): string {
  mkdirSync(into, { recursive: true });
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 12);
  const output = join(into, `${stem}-${hash}${toolchain.name}${suffix}`);
  if (existsSync(output)) return output;
  const file = join(into, `${name}-${hash}.c`);
  // Another worker may want the same at the same time: each file appears whole.
  const own = `.${process.pid}.new`;
  writeFileSync(file + own, source);
  renameSync(file + own, file);
  execFileSync(toolchain.compiler, [...options, ...toolchain.options, '-o', output + own, file]);
  renameSync(output + own, output);
  return output;
}
