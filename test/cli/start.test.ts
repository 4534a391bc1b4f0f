/** The bundled command: the same answers as the modules, its executors found, and modules that are newer preferred. */
import { copyFileSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { execute, main, Scratch, safeffi } from './command.ts';

const scratch = new Scratch();
const abs = "nil ffiCall: #( int abs ( int -5 ) ) library: 'libc.so.6'";

describe('the command in one file', () => {
  test.each(['portable', 'direct', 'safe'])('finds what it needs for callouts: %s', (ffi) => {
    expect(safeffi(['eval', '--ffi', ffi, abs])).toMatchObject({ stdout: '5\n', stderr: '', status: 0 });
  });

  test('is run where it is as new as the modules, else they are', () => {
    const copy = join(scratch.path, 'dist');
    mkdirSync(join(copy, 'cli'), { recursive: true });
    copyFileSync(main, join(copy, 'cli', 'start.js'));
    writeFileSync(join(scratch.path, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(copy, 'cli', 'main.js'), "process.stdout.write('modules');");
    mkdirSync(join(copy, 'bundle'));
    const bundle = join(copy, 'bundle', 'command.cjs');
    writeFileSync(bundle, "(function (require) { require('node:fs').writeSync(1, 'bundle'); })");
    writeFileSync(join(copy, '.tsbuildinfo'), '');
    const run = () => execute(process.execPath, [join(copy, 'cli', 'start.js')]).stdout;
    utimesSync(join(copy, '.tsbuildinfo'), 1000, 1000);
    utimesSync(bundle, 2000, 2000);
    expect(run()).toBe('bundle');
    utimesSync(bundle, 500, 500);
    expect(run()).toBe('modules');
  });
});
