/**
 * Makes one file of the compiled command, dist/bundle/command.cjs, and dist/bundle/command.cache, what V8 compiles of it when
 * an expression is evaluated. Used by cli/start.ts; run by setup.mjs.
 *
 * The file is the text of a function of `require` and `__dirname`.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { ownPlaces } from './own-places.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'dist', 'bundle');
const bundle = join(folder, 'command.cjs');
const cache = join(folder, 'command.cache');

async function makeBundle() {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(root, 'dist/cli/main.js')],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    // Code that comes out of a cache cannot import; what is not in the bundle is required.
    supported: { 'dynamic-import': false },
    // koffi is a native module; what else is not bundled is only loaded by commands that not everybody has.
    external: ['koffi', '*.cjs', 'playwright-core', 'ffi-napi', 'ref-napi', '@2060.io/*'],
    plugins: [ownPlaces(folder)],
    legalComments: 'none',
    logLevel: 'error',
  });
  const text = outputFiles[0].text.replace(/^#!.*/, '');
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${bundle}.new`, `(function (require, __dirname) {\nconst module = { exports: {} };\n${text}\n})`);
  renameSync(`${bundle}.new`, bundle);
}

/** In a process of its own: evaluates an expression, and keeps what was compiled for it. */
function makeCache() {
  const script = new Script(readFileSync(bundle, 'utf8'), { filename: bundle });
  process.argv = [process.execPath, bundle, 'eval', "(3 + 4) printString , ' ' , (1 / 2) printString"];
  process.stdout.write = () => true;
  process.on('exit', () => {
    writeFileSync(`${cache}.new`, script.createCachedData());
    renameSync(`${cache}.new`, cache);
  });
  script.runInThisContext()(createRequire(bundle), dirname(bundle));
}

if (process.argv[2] === '--cache' && existsSync(bundle)) makeCache();
else await makeBundle();
