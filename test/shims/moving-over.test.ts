/** The ways in which a program that was written for ffi-napi comes to the shims, each with the package as it is published. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { PackedProject } from './packed-project.ts';

// On a busy machine; each process has a limit of its own below this.
jest.setTimeout(400_000);

let project: PackedProject;

beforeAll(() => {
  project = new PackedProject();
  project.install('plain', {});
});
afterAll(() => project.close());

/** What a program does with the modules, whichever way it got them. */
const body = `
const libc = ffi.Library('libc.so.6', { abs: ['int', ['int']], strlen: ['size_t', ['string']] });
const seen = [libc.abs(-5), ffi.types === ref.types, ref.alloc('int', 7).deref()];
try {
  libc.strlen(null);
} catch (fault) {
  seen.push(fault.name, fault.message);
}
seen.push(libc.strlen('four'));
console.log(JSON.stringify(seen));
`;
const required = `const ffi = require('ffi-napi');\nconst ref = require('ref-napi');\n${body}`;
const imported = `import ffi from 'ffi-napi';\nimport * as ref from 'ref-napi';\n${body}`;
const answers = [5, true, 7, 'FFIFault', 'MemoryViolation: read at 0x0', 4];

/** As Node before 20.19, where the bundle stands in. */
const olderNode = '--no-experimental-require-module';

test('an alias line in package.json: require and import give the shims', () => {
  const aliases = { 'ffi-napi': project.spec('safeffi-ffi-napi'), 'ref-napi': project.spec('safeffi-ref-napi') };
  project.install('alias', aliases);
  project.write('alias', { 'program.cjs': required, 'program.mjs': imported });
  expect(project.run('alias', 'program.cjs')).toEqual(answers);
  expect(project.run('alias', 'program.mjs')).toEqual(answers);
  expect(project.run('alias', olderNode, 'program.cjs')).toEqual(answers);
  expect(project.run('alias', olderNode, 'program.mjs')).toEqual(answers);
});

test('overrides in package.json: a dependency that asks for ffi-napi gets the shims too', () => {
  const manifest = { name: 'legacy', version: '1.0.0', dependencies: { 'ffi-napi': '^4.0.3', 'ref-napi': '^3.0.3' } };
  project.write('legacy', { 'package.json': JSON.stringify(manifest), 'index.js': required });
  const aliases = { 'ffi-napi': project.spec('safeffi-ffi-napi'), 'ref-napi': project.spec('safeffi-ref-napi') };
  const overrides = { 'ffi-napi': '$ffi-napi', 'ref-napi': '$ref-napi' };
  project.install('overrides', { ...aliases, legacy: project.pack(`${project.folder}/legacy`) }, overrides);
  project.write('overrides', { 'program.cjs': "require('legacy');" });
  expect(project.run('overrides', 'program.cjs')).toEqual(answers);
});

test('a loader hook: a program that is not changed gets the shims', () => {
  project.write('plain', { 'program.cjs': required, 'program.mjs': imported });
  for (const program of ['program.cjs', 'program.mjs']) {
    expect(project.run('plain', '--require', 'safeffi/register', program)).toEqual(answers);
    expect(project.run('plain', '--import', 'safeffi/register', program)).toEqual(answers);
    expect(project.run('plain', olderNode, '--import', 'safeffi/register', program)).toEqual(answers);
  }
});

test('plain import: the modules by their own names, beside the engine', () => {
  const program = `import { FFIFault, open } from 'safeffi';
import ffi, { Library } from 'safeffi/napi';
import ref, { alloc } from 'safeffi/ref';
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
let isFault = false;
try {
  Library('libc.so.6', { strlen: ['size_t', ['string']] }).strlen(null);
} catch (error) {
  isFault = error instanceof FFIFault;
}
const same = [ffi === require('safeffi/napi'), ref === require('safeffi/ref'), Library === ffi.Library, alloc === ref.alloc];
console.log(JSON.stringify([isFault, ...same, open('libc.so.6').declare('int abs(int);').abs(-3)]));`;
  project.write('plain', { 'own-names.mjs': program });
  expect(project.run('plain', 'own-names.mjs')).toEqual([true, true, true, true, true, 3]);
});

test('everything that the modules have can be imported by name and has a type', () => {
  const program = `import ffi from 'safeffi/napi';
import * as ffiNames from 'safeffi/napi';
import ref from 'safeffi/ref';
import * as refNames from 'safeffi/ref';
import { readFileSync } from 'node:fs';

const missing = [];
for (const [module, names, types] of [[ffi, ffiNames, 'napi'], [ref, refNames, 'ref']]) {
  const text = readFileSync('node_modules/safeffi/shims/' + types + '.d.cts', 'utf8');
  for (const name of Object.keys(module)) {
    if (!name.startsWith('RTLD_') && module[name] !== names[name]) missing.push(types + '.' + name + ' is not exported by name');
    if (!new RegExp('^export declare (const|function|class) ' + name + '\\\\b', 'm').test(text)) missing.push(types + '.' + name + ' has no type');
  }
  for (const name of Object.keys(names))
    if (name !== 'default' && !(name in module)) missing.push(types + '.' + name + ' is exported by name, and the module has none');
}
console.log(JSON.stringify(missing));`;
  project.write('plain', { 'names.mjs': program });
  const internal = ['instance', 'readInt64', 'writeInt64', 'readUInt64', 'writeUInt64'].map(
    (name) => `ref.${name} has no type`,
  );
  const missing = project.run('plain', 'names.mjs') as string[];
  expect(missing.filter((one) => !internal.includes(one))).toEqual([]);
});
