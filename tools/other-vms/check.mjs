/**
 * Runs a program in an image of ours, here and in SqueakJS, and compares what it prints:
 *
 *     node tools/other-vms/check.mjs PATH-OF-SQUEAKJS [PROGRAM.st]
 *
 * PATH-OF-SQUEAKJS is a checkout of https://github.com/codefrau/SqueakJS, whose squeak_node.js is run. The program is one doit; it runs
 * in the image that is resumed from a snapshot (Spur 32-bit) taken just before. Then an image of ours is saved by SqueakJS, and resumed here.
 * Exit code 0: the same output, and the image came back; 1: not so.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const TIMEOUT_MS = 120_000;
const safeffi = fileURLToPath(new URL('../../dist/cli/start.js', import.meta.url));

/** What SqueakJS says itself, among what the image prints. */
const TALK =
  /^(squeak: |Loaded module: |missing (primitive|module): |Plugin .* could not be loaded|Break: quit|stack unbalanced after primitive|Partial GC|Full GC|cannot find global dict)/;

function run(command, args, cwd) {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  if (error !== undefined && signal === null) throw error;
  return { status, signal, stdout, stderr };
}

/** An image of ours that SqueakJS saves, which it does under the image's name without its extension. */
function thereAndBack(vm, folder) {
  const [image, saved, back] = ['there.image', 'there', 'back.image'].map((name) => join(folder, name));
  const source = `(Smalltalk saveAs: '${image}') ifTrue: [ | again |
    again := Smalltalk snapshot: true andQuit: false.
    Transcript show: again printString , ' ' , 30 factorial printString , ' ' , 2 sqrt printString; cr.
    Smalltalk exit: 0 ]`;
  const value = '265252859812191058636308480000000 1.4142135623730951\n';
  run(process.execPath, [safeffi, 'eval', source], folder);
  const there = run(process.execPath, [vm, image], folder);
  if (!there.stdout.includes(`false ${value}`) || !existsSync(saved)) {
    process.stdout.write(`SqueakJS did not save the image\n${there.stdout}${there.stderr}`);
    return 1;
  }
  renameSync(saved, back);
  const here = run(process.execPath, [safeffi, 'run', back, '--assert'], folder);
  if (here.status !== 0 || here.stdout !== `true ${value}`) {
    process.stdout.write(`the image that SqueakJS saved does not go on here\n${here.stdout}${here.stderr}`);
    return 1;
  }
  process.stdout.write('an image of ours that SqueakJS saved goes on here\n');
  return 0;
}

function main([squeakjs, program = fileURLToPath(new URL('program.st', import.meta.url))]) {
  const vm = squeakjs === undefined ? undefined : resolve(squeakjs, 'squeak_node.js');
  if (vm === undefined || !existsSync(vm)) {
    const what = squeakjs === undefined ? 'no folder was given' : `${squeakjs} has no squeak_node.js`;
    process.stderr.write(`${what}; expected a checkout of https://github.com/codefrau/SqueakJS\n`);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'safeffi-other-vms-'));
  try {
    const image = join(folder, 'program.image');
    const declarations = /^\s*("[^"]*"\s*)*(\|[^|]*\|)?/;
    const text = readFileSync(program, 'utf8');
    const head = declarations.exec(text)[0];
    const script = join(folder, 'program.st');
    writeFileSync(
      script,
      `${head} (Smalltalk saveAs: '${image}') ifTrue: [ ${text.slice(head.length)}. Smalltalk snapshot: false andQuit: true ]`,
    );
    const saved = run(process.execPath, [safeffi, 'run', script], folder);
    if (saved.status !== 0) {
      process.stderr.write(`the program does not compile or the image was not saved: ${saved.stderr}`);
      return 1;
    }
    const here = run(process.execPath, [safeffi, 'run', image, '--assert'], folder);
    const there = run(process.execPath, [vm, image], folder);
    const printed = there.stdout.split('\n').filter((line) => !TALK.test(line));
    const expected = here.stdout.split('\n');
    const at = expected.findIndex((line, i) => line !== printed[i]);
    const isSame = at < 0 && printed.length === expected.length;
    if (isSame && here.status === 0) {
      process.stdout.write(`the same ${expected.length - 1} lines in SafeFFI and in SqueakJS\n`);
      return thereAndBack(vm, folder);
    }
    const line = at < 0 ? expected.length : at;
    process.stdout.write(
      `line ${line + 1} differs\n  SafeFFI:  ${expected[line] ?? '(end)'}\n  SqueakJS: ${printed[line] ?? '(end)'}\n${here.stderr}${there.stderr}`,
    );
    return 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

process.exitCode = main(process.argv.slice(2));
