/**
 * Makes dist/browser: the page, the VM with the compiler in one file, and the kernel image. Fails when anything that the VM needs
 * is Node's.
 */
import { copyFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));

mkdirSync(path('dist/browser'), { recursive: true });
await build({
  entryPoints: [path('dist/embedding/page.js')],
  outfile: path('dist/browser/page.js'),
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  logLevel: 'warning',
});
copyFileSync(path('embedding/page.html'), path('dist/browser/index.html'));
copyFileSync(path('dist/kernel.image'), path('dist/browser/kernel.image'));
