/** The table of V3 is complete, and reads the methods that other compilers wrote. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { readImage } from '../../image/format/read-image.ts';
import { decode, type Instruction, jumpTarget } from '../../vm/bytecode/decoder.ts';
import { disassemble } from '../../vm/bytecode/disassembler.ts';
import { V3, V3_INSTRUCTIONS } from '../../vm/bytecode/v3.ts';
import { bytecodeEndOf, bytecodeStartOf } from '../../vm/memory/method-access.ts';
import { allObjects } from '../../vm/memory/object-walk.ts';
import { imagePath, testWithImage } from '../images-folder.ts';

const text = (bytes: readonly number[]): string[] =>
  disassemble({
    bytecodes: Uint8Array.from(bytes),
    set: V3,
    literalText: (index) => `literal${index}`,
    bindingName: (index) => `Binding${index}`,
  }).map(({ mnemonic, operand }) => `${mnemonic} ${operand}`.trimEnd());

describe('the V3 table', () => {
  test('covers 0 to 255 in order, without gap or overlap', () => {
    let next = 0;
    for (const { first, last } of V3_INSTRUCTIONS) {
      expect(first).toBe(next);
      next = last + 1;
    }
    expect(next).toBe(256);
  });

  test('an effect in words takes and leaves as many values as pops and pushes count, where they are fixed', () => {
    const words = (side: string) => side.split(' ').filter((word) => word !== '').length;
    for (const { first, name, stackEffect, pops, pushes, operand } of V3_INSTRUCTIONS) {
      if (/args|elements|copied|operands/.test(stackEffect)) continue;
      const decoded = operand({ bytecode: first, byte1: 0, byte2: 0, extA: 0, extB: 0 });
      const [before, after] = stackEffect.slice(1, -1).split('--');
      expect([name, pops(decoded), pushes(decoded)]).toEqual([name, words(before!), words(after!)]);
    }
  });

  test('operands of each length', () => {
    expect(text([0x80, 0x45, 0x82, 0xc1, 0x84, 0xc3, 9, 0x84, 0x23, 2, 0x86, 0x85])).toEqual([
      'pushExtended 5',
      'popIntoExtended Binding1',
      'doubleExtended popInto 9',
      'doubleExtended literal2',
      'send literal5',
    ]);
    expect(text([0x8f, 0x21, 1, 4, 0xa3, 0xfe, 0xac, 3, 0xc8, 0xb0])).toEqual([
      'pushClosure of 1 arguments copying 2, 260 bytes',
      'jump to 4',
      'popJumpFalse to 11',
      'sendBlockCopy',
      'sendArithmetic #+',
    ]);
  });

  for (const name of ['sqjs-headless.image', 'rsq-bootstrapped.image', 'rsq-mini-running-exit.image'])
    testWithImage(name)(
      `reads all methods of ${name}: what can be reached is defined, and no two instructions overlap`,
      () => {
        const { memory } = readImage(readFileSync(imagePath(name)), { maxBytes: 64 << 20 });
        const methods = allObjects(memory).filter((oop) => memory.isCompiledMethod(oop));
        const problems: string[] = [];
        for (const method of methods) {
          const bytecodes = memory.u8.slice(bytecodeStartOf(memory, method), bytecodeEndOf(memory, method));
          const owner = new Map<number, number>();
          for (const { pc, nextPc, definition } of reachable(bytecodes)) {
            if (definition.flow === 'undefined') problems.push(`${method}: ${bytecodes[pc]} at ${pc} is undefined`);
            if (nextPc > bytecodes.length) problems.push(`${method}: ${definition.name} at ${pc} is cut off`);
            for (let byte = pc; byte < nextPc; byte++) {
              if (owner.has(byte)) problems.push(`${method}: byte ${byte} belongs to ${owner.get(byte)} and to ${pc}`);
              owner.set(byte, pc);
            }
          }
        }
        expect(problems).toEqual([]);
        expect(methods.length).toBeGreaterThan(800);
      },
    );
});

/** The instructions that control reaches from the first on, each once. */
function reachable(bytecodes: Uint8Array): Instruction[] {
  const found = new Map<number, Instruction>();
  const open = [0];
  while (open.length > 0) {
    const pc = open.pop()!;
    if (found.has(pc) || pc >= bytecodes.length) continue;
    const instruction = decode(bytecodes, pc, V3);
    found.set(pc, instruction);
    const { definition, operand, nextPc } = instruction;
    const target = jumpTarget(instruction);
    if (target !== undefined) open.push(target);
    if (operand.kind === 'innerClosure') open.push(nextPc + operand.blockSize);
    if (definition.flow === 'return' || definition.flow === 'blockReturn' || definition.flow === 'jump') continue;
    // A quick return is all that its method does.
    if (operand.kind === 'primitive' && operand.number >= 256 && operand.number < 520) continue;
    open.push(nextPc);
    // Behind the jump around it lies the code of a Blue Book block.
    if (definition.name === 'sendBlockCopy') open.push(decode(bytecodes, nextPc, V3).nextPc);
  }
  return [...found.values()];
}
