/** The instruction table is complete, and the constants and special selectors stand where it says. */
import { describe, expect, test } from '@jest/globals';
import { Bytecode, definitionOf, INSTRUCTIONS, nextExtA, nextExtB } from '../../vm/bytecode/sista-v1.ts';
import { SPECIAL_SELECTORS, specialSendBytecode } from '../../vm/bytecode/special-selectors.ts';

describe('the Sista V1 table', () => {
  test('covers 0 to 255 in order, without gap or overlap', () => {
    let next = 0;
    for (const { first, last } of INSTRUCTIONS) {
      expect(first).toBe(next);
      expect(last).toBeGreaterThanOrEqual(first);
      next = last + 1;
    }
    expect(next).toBe(256);
    for (let bytecode = 0; bytecode < 256; bytecode++) {
      const { first, last } = definitionOf(bytecode);
      expect(first <= bytecode && bytecode <= last).toBe(true);
    }
  });

  test('gives one byte to 0..223, two to 224..247, three to 248..255', () => {
    for (const { first, last, length } of INSTRUCTIONS) {
      expect([first, length]).toEqual([first, first < 224 ? 1 : first < 248 ? 2 : 3]);
      expect([last, length]).toEqual([last, last < 224 ? 1 : last < 248 ? 2 : 3]);
    }
  });

  test('names each constant as the compiler does', () => {
    const camelCase = (name: string): string =>
      name.toLowerCase().replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
    for (const [constant, bytecode] of Object.entries(Bytecode)) {
      const plain = camelCase(constant.replace(/^LONG_/, '').replace(/_[0-2]$/, ''));
      const expected = constant === 'SEND_IDENTICAL' ? 'sendSpecial' : plain;
      expect([constant, definitionOf(bytecode).name]).toEqual([constant, expected]);
    }
  });

  test('has 32 special selectors, each at its bytecode', () => {
    expect(SPECIAL_SELECTORS).toHaveLength(32);
    expect(specialSendBytecode('+')).toBe(96);
    expect(specialSendBytecode('bitOr:')).toBe(111);
    expect(specialSendBytecode('at:')).toBe(112);
    expect(specialSendBytecode('==')).toBe(Bytecode.SEND_IDENTICAL);
    expect(specialSendBytecode('y')).toBe(127);
    expect(specialSendBytecode('foo')).toBeUndefined();
  });

  test('a stack effect in words takes and leaves as many values as pops and pushes count, where they are fixed', () => {
    const words = (text: string): number => text.split(' ').filter((word) => word !== '').length;
    const operand = (bytecode: number) =>
      definitionOf(bytecode).operand({ bytecode, byte1: 0, byte2: 0, extA: 0, extB: 0 });
    for (const { first, name, stackEffect, pops, pushes } of INSTRUCTIONS) {
      const [before, after] = stackEffect.slice(1, -1).split('--');
      const decoded = operand(first);
      if (/nils/.test(stackEffect)) continue;
      expect([name, first, pushes(decoded)]).toEqual([name, first, words(after!)]);
      if (/args|elements|copied/.test(stackEffect)) continue;
      expect([name, first, pops(decoded)]).toEqual([name, first, words(before!)]);
    }
  });

  test('prefixes add up byte by byte; ExtB takes its sign from the first', () => {
    expect(nextExtA(nextExtA(0, 200), 3)).toBe(200 * 256 + 3);
    expect(nextExtB(0, 0, 255)).toBe(-1);
    expect(nextExtB(nextExtB(0, 0, 255), 1, 56)).toBe(-200);
    expect(nextExtB(nextExtB(0, 0, 0), 1, 200)).toBe(200);
  });
});
