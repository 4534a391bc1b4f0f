/** Images that Smalltalk saves: they resume where they were saved, keep what was there when a save fails, and pass inspection. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { execute, main, Scratch, safeffi } from './command.ts';

const scratch = new Scratch();
const evaluate = (source: string, ...options: string[]) => safeffi(['eval', ...options, source], { cwd: scratch.path });

describe('a saved image', () => {
  test('answers false where it was saved, and goes on with true, temps and globals where it is run', () => {
    const image = scratch.file('naïve 日本.image');
    const script = scratch.file(
      'save.st',
      `| temp resumed |
temp := 'kept'.
Smalltalk at: #Answer put: 42.
resumed := Smalltalk saveAs: '${image}'.
Transcript show: resumed printString , ' ' , temp , ' ' , Smalltalk arguments printString; cr.
resumed ifTrue: [ (self ffiCall: #( int abs ( int -5 ) ) library: 'libc.so.6') printString displayString foo ]`,
    );
    expect(safeffi(['run', script, 'first'])).toMatchObject({
      status: 0,
      stdout: "false kept #('first')\n",
      stderr: '',
    });
    const { status, stdout, stderr } = safeffi(['run', image, 'one', 'two']);
    expect({ status, stdout }).toEqual({ status: 3, stdout: "true kept #('one' 'two')\n" });
    expect(stderr).toMatch(/^MessageNotUnderstood: ByteString>>foo not understood\n/);
    expect(safeffi(['eval', '--image', image, 'Smalltalk at: #Answer']).stdout).toBe('42\n');
    expect(safeffi(['inspect', image]).status).toBe(0);
  });

  test('is the image of --image itself with snapshot:andQuit:, which ends the command with 0', () => {
    const image = scratch.file('own.image');
    expect(evaluate(`Smalltalk saveAs: '${image}'`).status).toBe(0);
    const saved = evaluate(
      "Smalltalk at: #Note put: 'added'. Smalltalk snapshot: true andQuit: true. Transcript show: 'resumed'",
      '--image',
      image,
    );
    expect(saved).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(evaluate('Smalltalk at: #Note', '--image', image).stdout).toBe("'added'\n");
    expect(safeffi(['run', image])).toMatchObject({ status: 0, stdout: 'resumed', stderr: '' });
  });

  test('of the built kernel image goes to safeffi.image in the current folder', () => {
    expect(evaluate('Smalltalk snapshot: true andQuit: true').status).toBe(0);
    expect(existsSync(scratch.file('safeffi.image'))).toBe(true);
  });

  test('loses no object of any kind on the way', () => {
    const image = scratch.file('kinds.image');
    const objects =
      "{ 100 factorial. 100 factorial negated. 3/7. 1.5e300. Float nan isNaN. $日. 'é'. '日本'. #sym. #[ 1 2 255 ]. 1 -> 2. (1 to: 3). Set with: 4. (Dictionary new at: #a put: 1; yourself) }";
    evaluate(`Smalltalk at: #Kinds put: ${objects}. Smalltalk saveAs: '${image}'`);
    const printed = evaluate(`${objects} printString`).stdout;
    expect(evaluate('(Smalltalk at: #Kinds) printString', '--image', image).stdout).toBe(printed);
    expect(evaluate('Smalltalk heapProblems', '--image', image, '--assert').stdout).toBe('#()\n');
  });
});

describe('a save that fails', () => {
  test.each([
    ['a folder that is not there', '/nowhere/x.image', 'the folder of the image file /nowhere/x.image does not exist'],
    ['a folder', '/', '/ is a directory, an image file cannot be written there'],
    ['a device', '/dev/full', '/dev/full is no regular file, an image file cannot replace it'],
  ])('into %s is an error that names it, and can be handled', (_where, path, sentence) => {
    const { status, stdout } = evaluate(`[ Smalltalk saveAs: '${path}' ] on: Error do: [ :e | e messageText ]`);
    expect({ status, stdout }).toEqual({ status: 0, stdout: `'${sentence}'\n` });
  });

  test('for want of room leaves the old file whole and nothing beside it', () => {
    const image = scratch.file('full/old.image');
    scratch.file('full/old.image', 'what was there');
    const limited = execute('sh', [
      '-c',
      'trap "" XFSZ; ulimit -f 100; exec "$0" "$@"',
      process.execPath,
      main,
      'eval',
      `Smalltalk saveAs: '${image}'`,
    ]);
    expect(limited.status).toBe(3);
    expect(limited.stderr).toMatch(
      /^Error: no room to write the \d+ bytes of the image file .*old\.image \(EFBIG\); what was there is unchanged\n/,
    );
    expect(readFileSync(image, 'utf8')).toBe('what was there');
    expect(readdirSync(scratch.file('full'))).toEqual(['old.image']);
  });

  test('with a path that is no String says so', () => {
    expect(evaluate('Smalltalk saveAs: 3').stderr).toMatch(
      /^InvalidValue: the path of an image file is 3, expected a String that is not empty\n/,
    );
  });
});

test('an image without a process to go on with is no image to run', () => {
  const image = scratch.file('no-process.image');
  expect(safeffi(['build', '-o', image]).status).toBe(0);
  writeFileSync(scratch.file('copy.image'), readFileSync(image));
  const { status, stderr } = safeffi(['run', scratch.file('copy.image')]);
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: `safeffi: ${scratch.file('copy.image')} has no process to go on with: its active process has no suspended context\n`,
  });
});
