/** The stack checker measures sound code and names what is unsound. */
import { describe, expect, test } from '@jest/globals';
import { checkStack } from '../../vm/bytecode/stack-checker.ts';

const check = (bytecodes: number[], tempCount = 1, literalCount = 0) =>
  checkStack({ bytecodes: Uint8Array.from(bytecodes), tempCount, literalCount });

describe('the stack checker', () => {
  test('measures the greatest depth, temps included', () => {
    // pushTemp 0, pushOne, +, returnTop
    expect(check([0x40, 0x51, 0x60, 0x5c])).toEqual({ maxDepth: 3, problems: [] });
  });

  test('follows both ways of a branch and a jump back', () => {
    // 0 pushTemp 0; 1 popJumpFalse to 6; 2 jump back to 0 (with prefix); 6 returnReceiver
    expect(check([0x40, 0xc3, 0xe1, 0xff, 0xed, 0xfa, 0x58])).toEqual({ maxDepth: 2, problems: [] });
  });

  const unsound: [claim: string, bytecodes: number[], problem: string][] = [
    ['a pop below the temps', [0xd8, 0x58], 'pc 0: pop pops 1 of 0 values above the temps'],
    [
      'depths that differ where paths join',
      // 0 pushTrue; 1 popJumpFalse to 3; 2 pushTrue; 3 returnReceiver
      [0x4d, 0xc0, 0x4d, 0x58],
      'pc 3: reached with stack depth 2 and, from pc 1, 1',
    ],
    ['an end without return', [0x40], 'pc 0: goes on at 1, outside of the 1 bytes'],
    ['a jump out of the code', [0xed, 0x20], 'pc 0: goes on at 34, outside of the 2 bytes'],
    ['a bytecode that is none', [0x54], 'pc 0: is no bytecode'],
    ['an instruction that is cut off', [0xe5], 'pc 0: is cut off by the end of the code'],
    ['a prefix without bytecode', [0xe1, 0x00], 'pc 0: is cut off by the end of the code'],
    ['a temp that the frame does not have', [0x41, 0x5c], 'pc 0: pushTemp uses temp 1 of 1'],
    ['a vector in no temp', [0xfb, 0x00, 0x01, 0x5c], 'pc 0: pushRemoteTemp uses temp vector 1 of 1 temps'],
    ['a literal that is not there', [0x20, 0x5c], 'pc 0: pushLiteral uses literal 0 of 0'],
    [
      'a primitive that does not come first',
      [0x5f, 0xf8, 0x01, 0x00, 0x58],
      'pc 1: callPrimitive uses callPrimitive that is not the first bytecode',
    ],
    [
      'a jump into an instruction',
      // 0 pushTrue; 1 popJumpFalse to 3; 2 pushInteger 88; 4 returnTop
      [0x4d, 0xc0, 0xe8, 0x58, 0x5c],
      "pc 3: is a jump's target inside of an instruction",
    ],
  ];
  test.each(unsound)('names %s', (_claim, bytecodes, problem) => {
    expect(check(bytecodes).problems).toContain(problem);
  });
});
