/** `safeffi disasm`: bytecodes with stack effects and source, and which part of the name is wrong when there is no such method. */
import { describe, expect, test } from '@jest/globals';
import { Scratch, safeffi } from './command.ts';

const scratch = new Scratch();

describe('safeffi disasm', () => {
  test('shows a method of the user with its blocks, names and source', () => {
    const image = scratch.file('mine.image');
    const script = scratch.file(
      'mine.st',
      "Object subclass: #Mine instanceVariableNames: 'sum' classVariableNames: '' package: 'X'!\n!Mine methodsFor: 'x'!\nadd: items\n\titems do: [ :each | sum := sum + each ].\n\t^ sum! !\n",
    );
    expect(safeffi(['build', '-o', image, script]).status).toBe(0);
    const { status, stdout } = safeffi(['disasm', '--image', image, 'Mine>>add:']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Mine>>add:: 1 argument, 1 temp\n/);
    expect(stdout).toMatch(/pushTemp 0: items +\( -- value \) +items\n/);
    expect(stdout).toMatch(/sendArithmetic #\+ +\( receiver arg -- result \) +sum \+ each\n/);
    expect(stdout).toMatch(/\n\n.*Mine>>add:.*\n(.*\n)*.*sum := sum \+ each/);

    const report = JSON.parse(safeffi(['disasm', '--json', '--image', image, 'Mine>>add:']).stdout);
    expect(report).toMatchObject({ schema: 1, method: 'Mine>>add:' });
    expect(report.code).toHaveLength(2);
    expect(report.code[0].instructions[0]).toEqual({
      pc: 0,
      bytes: [0x40],
      mnemonic: 'pushTemp',
      operand: '0: items',
      stackEffect: '( -- value )',
      source: 'items',
    });
    for (const { instructions } of report.code) {
      let pc = 0;
      for (const each of instructions) {
        expect(each.pc).toBe(pc);
        pc += each.bytes.length;
      }
    }
  });

  test('takes the class side, and a selector with #', () => {
    const { status, stdout } = safeffi(['disasm', 'Array class >> #new:']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Array class>>new:: 1 argument, 1 temp, primitive 71\n/);
  });

  test.each([
    ['Nope>>x', 'the image has no class Nope'],
    ['Object>>nope', 'Object has no method #nope of its own'],
    ['Object class>>nope:with:', 'Object class has no method #nope:with: of its own'],
    ['Object', "'Object' names no method, expected 'Class>>selector' or 'Class class>>selector'"],
    ['', "'' names no method, expected 'Class>>selector' or 'Class class>>selector'"],
  ])('%s: %s', (name, sentence) => {
    expect(safeffi(['disasm', name])).toEqual({
      status: 2,
      signal: null,
      stdout: '',
      stderr: `safeffi: ${sentence}\n`,
    });
  });
});
