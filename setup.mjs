#!/usr/bin/env node
/**
 * Brings a checkout into a state in which everything runs: dependencies, grammar bundles, TypeScript, native executor and
 * kernel image, each made only when its inputs changed since it was last made. `npm start`, `npm test` and `npm run check`
 * call it first; plain Node, because it runs before anything is installed.
 *
 * A step is stale when the hash of its inputs differs from the one recorded with its last success in `dist/.setup.json`,
 * or when one of its outputs is missing. `--check-generated` makes nothing: it fails when a committed generated file
 * differs from what its generator writes now.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const stampFile = join(root, 'dist', '.setup.json');
const sourceFolders = ['vm', 'image', 'primitives', 'safeffi', 'debugger', 'embedding', 'cli', 'bench', 'test'];

function fail(sentence, detail = '') {
  process.stderr.write(`setup: ${sentence}\n${detail}`);
  process.exit(1);
}

function run(command, args, sentence) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
  if (result.error) fail(`${sentence}: ${command} could not be started (${result.error.message})`);
  if (result.status !== 0) fail(`${sentence}: ${command} ${args.join(' ')} failed`, result.stdout + result.stderr);
  return result.stdout;
}

function filesBelow(folder, pattern) {
  const base = join(root, folder);
  if (!existsSync(base)) return [];
  return readdirSync(base, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((name) => pattern.test(name) && !name.includes('node_modules') && statSync(join(root, name)).isFile())
    .sort();
}

function hashOf(files) {
  const hash = createHash('sha256').update(process.version);
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

const tool = (name) => join('node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name);
const grammars = ['image', 'primitives', 'safeffi', 'cli'].flatMap((folder) => filesBelow(folder, /\.ohm$/));
const bundleOf = (grammar) => `${grammar}-bundle.js`;
/** safeffi loads its grammar within a call, when something is declared; only a CommonJS module can be loaded so. */
const isLoadedLate = (grammar) => grammar.startsWith('safeffi');
const builtBundleOf = (grammar) => join('dist', `${grammar}-bundle.${isLoadedLate(grammar) ? 'cjs' : 'js'}`);

/** Compiled files whose source is gone would still be run as tests and imported: they go too. */
function removeOrphans() {
  for (const folder of sourceFolders) {
    for (const file of filesBelow(join('dist', folder), /\.(js|js\.map|d\.ts)$/)) {
      const source = relative('dist', file).replace(/\.(js\.map|js|d\.ts)$/, '.ts');
      const bundle = relative('dist', file).replace(/\.d\.ts$/, '.js');
      if (!existsSync(join(root, source)) && !existsSync(join(root, bundle))) rmSync(join(root, file));
    }
  }
}

/** The compiler that builds the executor, or undefined where the machine has none. */
function findCompiler() {
  for (const candidate of [process.env.CC, 'cc', 'gcc', 'clang']) {
    if (candidate && spawnSync(candidate, ['--version'], { stdio: 'ignore' }).status === 0) return candidate;
  }
  return undefined;
}

/** Those with a park-<arch>.S in native/executor, as Node names them. */
const nativeArchitectures = ['x64', 'arm64'];

function buildExecutor() {
  if (process.platform !== 'linux') {
    process.stderr.write('setup: the native executor needs Linux; callouts use the portable executor\n');
    return false;
  }
  if (!nativeArchitectures.includes(process.arch)) {
    process.stderr.write(`setup: no native executor for ${process.arch} yet; callouts use the portable executor\n`);
    return false;
  }
  const compiler = findCompiler();
  if (compiler === undefined || spawnSync('make', ['--version'], { stdio: 'ignore' }).status !== 0) {
    process.stderr.write(
      'setup: no C compiler or no make found; callouts use the portable executor (Debian: apt install gcc make)\n',
    );
    return false;
  }
  run('make', ['--silent', '-C', 'native', `CC=${compiler}`], 'building the native executor');
  return true;
}

const steps = [
  {
    name: 'dependencies',
    says: 'installing dependencies',
    inputs: () => ['package.json', 'package-lock.json'],
    outputs: () => ['node_modules/.package-lock.json'],
    run: () =>
      void run(
        'npm',
        ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'],
        'installing the dependencies',
      ),
  },
  {
    name: 'grammars',
    says: 'bundling grammars',
    inputs: () => grammars,
    outputs: () => grammars.flatMap((grammar) => [bundleOf(grammar), builtBundleOf(grammar)]),
    run: () => {
      const bundle = (options, files) => {
        if (files.length > 0)
          run(tool('ohm'), ['generateBundles', '--withTypes', ...options, ...files], 'bundling the grammars');
      };
      bundle(
        ['--esm'],
        grammars.filter((grammar) => !isLoadedLate(grammar)),
      );
      bundle([], grammars.filter(isLoadedLate));
      for (const grammar of grammars) {
        mkdirSync(join(root, 'dist', dirname(grammar)), { recursive: true });
        copyFileSync(join(root, bundleOf(grammar)), join(root, builtBundleOf(grammar)));
      }
    },
  },
  {
    name: 'loop',
    says: "making V3's interpreter loop",
    inputs: () => ['tools/make-v3-loop.mjs', 'vm/interpreter/loop.ts'],
    outputs: () => ['vm/interpreter/loop-v3.ts'],
    run: () => void run(process.execPath, ['tools/make-v3-loop.mjs'], "making V3's interpreter loop"),
  },
  {
    name: 'typescript',
    says: 'compiling TypeScript',
    inputs: () => ['tsconfig.json', ...grammars, ...sourceFolders.flatMap((folder) => filesBelow(folder, /\.ts$/))],
    outputs: () => ['dist/.tsbuildinfo'],
    run: () => {
      removeOrphans();
      run(tool('tsc'), ['-p', '.'], 'compiling TypeScript');
    },
  },
  {
    name: 'executor',
    says: 'building the native executor',
    inputs: () => filesBelow('native', /\.(c|h|S)$|Makefile$/),
    outputs: () =>
      findCompiler() && process.platform === 'linux' && nativeArchitectures.includes(process.arch)
        ? ['dist/native/executor']
        : [],
    run: buildExecutor,
  },
  {
    name: 'image',
    says: 'building the kernel image',
    inputs: () => [
      ...filesBelow('image', /\.(ts|ohm)$/),
      ...filesBelow('image/kernel', /\.st$/),
      ...filesBelow('vm', /\.ts$/),
    ],
    outputs: () => ['dist/kernel.image'],
    run: () =>
      void run(process.execPath, ['dist/cli/main.js', 'build', '-o', 'dist/kernel.image'], 'building the kernel image'),
  },
  {
    name: 'shims',
    says: 'bundling the shims',
    inputs: () => [
      'package.json',
      'tools/bundle-shims.mjs',
      'tools/own-places.mjs',
      ...filesBelow('safeffi', /\.(ts|ohm)$/),
    ],
    outputs: () => ['dist/bundle/shims.cjs'],
    run: () => void run(process.execPath, ['tools/bundle-shims.mjs'], 'bundling the shims'),
  },
  {
    name: 'bundle',
    says: 'bundling the command',
    inputs: () => [
      'package.json',
      'tools/bundle-command.mjs',
      'tools/own-places.mjs',
      ...grammars,
      ...sourceFolders.filter((folder) => folder !== 'test').flatMap((folder) => filesBelow(folder, /\.ts$/)),
      ...filesBelow('image/kernel', /\.st$/),
    ],
    outputs: () => ['dist/bundle/command.cjs', 'dist/bundle/command.cache'],
    run: () => {
      run(process.execPath, ['tools/bundle-command.mjs'], 'bundling the command');
      run(process.execPath, ['tools/bundle-command.mjs', '--cache'], 'compiling the bundled command');
    },
  },
];

async function bringUpToDate() {
  mkdirSync(join(root, 'dist'), { recursive: true });
  const stamps = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {};
  for (const step of steps) {
    // What is generated is input to the steps after the compiler's.
    if (step.name === 'executor' && process.argv.includes('--generate'))
      await eachGenerated((file, text) => writeFileSync(join(root, file), text));
    const hash = hashOf(step.inputs());
    if (stamps[step.name] === hash && step.outputs().every((output) => existsSync(join(root, output)))) continue;
    process.stderr.write(`setup: ${step.says}\n`);
    if (step.run() === false) continue;
    stamps[step.name] = hash;
    writeFileSync(stampFile, `${JSON.stringify(stamps, null, 2)}\n`);
  }
  // Tests alone may have been compiled since; what is in the bundle did not change.
  const now = new Date();
  if (existsSync(join(root, 'dist/bundle/command.cjs'))) utimesSync(join(root, 'dist/bundle/command.cjs'), now, now);
}

/** Committed generated files, each with the module that exports `generate(): string`. */
const generated = [
  ['native/executor/protocol.h', 'dist/safeffi/protocol/c-header.js'],
  ['docs/bytecodes.md', 'dist/vm/bytecode/markdown-table.js'],
  ['docs/primitives.md', 'dist/primitives/registry/markdown-page.js'],
];

async function eachGenerated(visit) {
  for (const [file, generator] of generated) {
    const { generate } = await import(pathToFileURL(join(root, generator)).href);
    visit(
      file,
      generate((path) => readFileSync(join(root, path), 'utf8')),
    );
  }
}

if (process.argv.includes('--check-generated')) {
  await eachGenerated((file, text) => {
    if (!existsSync(join(root, file)) || readFileSync(join(root, file), 'utf8') !== text)
      fail(`${file} is not what its generator writes; run: node setup.mjs --generate`);
  });
} else {
  await bringUpToDate();
}
