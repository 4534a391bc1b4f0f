/**
 * Makes dist/bundle/shims.cjs: the shims for ffi-napi and ref-napi, and the engine under them, as one CommonJS module, for `require` on versions of
 * Node that cannot require ES modules (shims/load.cjs). One file, so that both share one engine. Run by setup.mjs.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { ownPlaces } from './own-places.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'dist', 'bundle');
const bundle = join(folder, 'shims.cjs');

const { outputFiles } = await build({
  stdin: {
    contents: `export { default as ffi } from './dist/safeffi/napi/index.js';
export { default as ref } from './dist/safeffi/ref/index.js';`,
    resolveDir: root,
  },
  bundle: true,
  write: false,
  platform: 'node',
  format: 'cjs',
  target: 'node20.12',
  external: ['koffi', '*.cjs'],
  plugins: [ownPlaces(folder)],
  legalComments: 'none',
  logLevel: 'error',
});
mkdirSync(folder, { recursive: true });
writeFileSync(`${bundle}.new`, outputFiles[0].text);
renameSync(`${bundle}.new`, bundle);
