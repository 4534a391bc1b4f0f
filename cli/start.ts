#!/usr/bin/env node
/**
 * The first file of the command `safeffi`. The command is some three hundred modules, which take longer to load than most
 * programs take to run; so set-up makes one file of them (tools/bundle-command.mjs), and beside it the code that V8 compiled
 * of it. They are used where they are as new as the modules; else the modules are loaded. Measured: docs/decisions/0027.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

const built = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

const bundle = built('bundle/command.cjs');
const codeCache = built('bundle/command.cache');

/** The compiler writes this file when it has compiled anything. */
const compiled = built('.tsbuildinfo');

function isFresh(): boolean {
  if (!existsSync(bundle)) return false;
  return !existsSync(compiled) || statSync(bundle).mtimeMs >= statSync(compiled).mtimeMs;
}

function runBundle(): void {
  const cachedData = existsSync(codeCache) ? readFileSync(codeCache) : undefined;
  // A cache of another version of Node is refused by V8, which then compiles.
  const script = new Script(readFileSync(bundle, 'utf8'), {
    filename: bundle,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  const run = script.runInThisContext() as (require: NodeJS.Require, __dirname: string) => void;
  run(createRequire(bundle), dirname(bundle));
}

if (isFresh()) runBundle();
else await import('./main.ts');
