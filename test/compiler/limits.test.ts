/** At each limit of the instruction set, and one past it. */
import { describe, expect, test } from '@jest/globals';
import { Assembler } from '../../image/compiler/assembler.ts';
import { compileMethod } from '../../image/compiler/compile.ts';
import { CompileError } from '../../image/compiler/compile-error.ts';
import { LiteralTable, MAX_LITERALS } from '../../image/compiler/literal-table.ts';
import { decode, instructionsOf, jumpTarget } from '../../vm/bytecode/decoder.ts';
import type { Operand } from '../../vm/bytecode/instruction.ts';

const scope = {
  instanceVariableNames: Array.from({ length: 300 }, (_, i) => `v${i}`),
  hasBinding: (name: string) => /^[A-Z]/.test(name),
};
const compile = (source: string) => compileMethod(source, scope);
const many = (count: number, make: (index: number) => string, separator = ' '): string =>
  Array.from({ length: count }, (_, index) => make(index)).join(separator);
const operands = (bytecodes: Uint8Array, kind: Operand['kind']): Operand[] =>
  Array.from(instructionsOf(bytecodes), ({ operand }) => operand).filter((operand) => operand.kind === kind);

function sentenceOf(source: string): string {
  try {
    compile(source);
  } catch (error) {
    if (error instanceof CompileError) return error.sentence;
    throw error;
  }
  return 'compiled';
}

describe('arguments', () => {
  const method = (count: number): string => many(count, (i) => `k${i}: a${i}`);
  const send = (count: number): string => `foo ^ self ${many(count, () => 'k: 1')}`;
  const block = (count: number): string => `foo ^ [${many(count, (i) => `:a${i}`)} | 1]`;

  test('15 fit a method, a send and a block', () => {
    expect(compile(method(15)).argumentCount).toBe(15);
    expect(operands(compile(send(15)).bytecodes, 'send')).toMatchObject([{ argumentCount: 15 }]);
    expect(compile(block(15)).literals).toMatchObject([{ code: { argumentCount: 15 } }]);
  });

  test('16 are refused in each', () => {
    const keywords = many(16, () => 'k:', '');
    expect(sentenceOf(method(16))).toMatch(/^#k0:k1:.*k15: has 16 arguments, at most 15 fit$/);
    expect(sentenceOf(send(16))).toBe(`#${keywords} has 16 arguments, at most 15 fit`);
    expect(sentenceOf(block(16))).toBe('a block has 16 arguments, at most 15 fit');
  });
});

describe('stack slots', () => {
  test('56 temps fit a frame, as long as nothing is pushed; 57 do not', () => {
    expect(compile(`foo | ${many(56, (i) => `t${i}`)} |`).frameSize).toBe(56);
    expect(sentenceOf(`foo | ${many(57, (i) => `t${i}`)} |`)).toBe(
      'the code needs 57 stack slots for temps and values, at most 56 fit',
    );
  });

  test('values count too', () => {
    const nested = (depth: number): string => `foo ^ ${'1 + ('.repeat(depth - 1)}1${')'.repeat(depth - 1)}`;
    expect(compile(nested(56)).frameSize).toBe(56);
    expect(sentenceOf(nested(57))).toBe('the code needs 57 stack slots for temps and values, at most 56 fit');
  });

  test('127 captured temps that change fit one vector; 128 do not', () => {
    const source = (count: number): string =>
      `foo | ${many(count, (i) => `t${i}`)} | ^ [${many(count, (i) => `t${i} := ${i}`, '. ')}]`;
    expect(operands(compile(source(127)).bytecodes, 'array')).toEqual([
      { kind: 'array', size: 127, popsElements: false },
    ]);
    expect(sentenceOf(source(128))).toBe('more than 127 temps of one scope change after a block captures them');
  });
});

describe('indices', () => {
  test('instance variables, literals and sends go on beyond their short forms and beyond 255', () => {
    for (const index of [0, 7, 8, 15, 16, 255, 256, 299]) {
      const { bytecodes } = compile(`foo v${index} := v${index} := v${index}`);
      expect(operands(bytecodes, 'receiverVariable').map((operand) => 'index' in operand && operand.index)).toEqual([
        index,
        index,
        index,
      ]);
    }
    const { bytecodes, literals } = compile(`foo ${many(9000, (i) => `S${i} m${i}`, '. ')}`);
    expect(literals).toHaveLength(18_000);
    expect(operands(bytecodes, 'literalVariable').map((operand) => 'index' in operand && operand.index)).toEqual(
      Array.from({ length: 9000 }, (_, i) => i * 2),
    );
    expect(operands(bytecodes, 'send').map((operand) => 'index' in operand && operand.index)).toEqual(
      Array.from({ length: 9000 }, (_, i) => i * 2 + 1),
    );
  });

  test('a closure may be literal 256', () => {
    const { bytecodes } = compile(`foo ${many(256, (i) => `S${i} x`, '. ')}. ^ [1]`);
    expect(operands(bytecodes, 'closure')).toMatchObject([{ index: 256 }]);
  });

  test('literals past the header are refused', () => {
    const table = new LiteralTable({ start: 0, end: 3 });
    for (let i = 0; i < MAX_LITERALS; i++) table.indexOf({ kind: 'integer', value: BigInt(i) });
    expect(table.indexOf({ kind: 'integer', value: 5n })).toBe(5);
    expect(() => table.indexOf({ kind: 'integer', value: -1n })).toThrow('the code needs more than 32765 literals');
  });
});

describe('integers', () => {
  test('-32768 to 32767 are in the code, others in literals', () => {
    const values = [-32769, -32768, -257, -256, -255, -129, -128, -1, 0, 1, 2, 127, 128, 255, 256, 32767, 32768];
    for (const value of values) {
      const { bytecodes, literals } = compile(`foo ^ ${value}`);
      const inCode = value >= -32768 && value <= 32767;
      expect([value, literals.length]).toEqual([value, inCode ? 0 : 1]);
      if (inCode && value !== 0 && value !== 1)
        expect(decode(bytecodes, 0).operand).toEqual({ kind: 'integer', value });
    }
  });

  test('characters up to 32767 are in the code', () => {
    expect(decode(compile('foo ^ $\u7fff').bytecodes, 0).operand).toEqual({ kind: 'character', value: 0x7fff });
    expect(compile('foo ^ $\u8000').literals).toEqual([{ kind: 'character', codePoint: 0x8000 }]);
    expect(compile('foo ^ $😀').literals).toEqual([{ kind: 'character', codePoint: 0x1f600 }]);
  });
});

describe('brace arrays', () => {
  test('of any size are made', () => {
    for (const size of [0, 1, 16, 17, 127, 128, 300]) {
      const { bytecodes } = compile(`foo ^ {${many(size, (i) => `${i}`, '. ')}}`);
      const stores = Array.from(instructionsOf(bytecodes)).filter(({ operand }) => operand.kind === 'specialSend');
      expect([size, stores.length]).toEqual([size, size > 16 ? size : 0]);
    }
  });
});

describe('nesting', () => {
  test('deeper than the parser can follow is refused', () => {
    expect(sentenceOf(`foo ^ ${'('.repeat(20_000)}1${')'.repeat(20_000)}`)).toBe(
      'the source nests deeper than the parser can follow',
    );
  });
});

describe('jumps', () => {
  const lengths: [distance: number, forward: number, backward: number][] = [
    [0, 0, 4],
    [1, 1, 4],
    [8, 1, 4],
    [9, 2, 4],
    [255, 2, 4],
    [256, 4, 4],
    [32767, 4, 6],
    [32768, 6, 6],
    [100_000, 6, 6],
  ];
  test.each(lengths)('over %d bytes arrive, forward in %d bytes, backward in %d', (distance, forward, backward) => {
    const ahead = new Assembler();
    const [start, end] = [ahead.newLabel(), ahead.newLabel()];
    ahead.jump('jumpTrue', start);
    ahead.jump('jump', end);
    ahead.place(start);
    for (let i = 0; i < distance; i++) ahead.emit(0x5f);
    ahead.place(end);
    const { bytecodes } = ahead.assemble();
    // In front, a conditional jump over the jump: long where the jump is no code, and so is jumped over by nothing.
    const front = forward === 0 ? 2 : 1;
    expect(bytecodes.length).toBe(front + forward + distance);
    expect(jumpTarget(decode(bytecodes, 0))).toBe(front + forward);
    if (forward > 0) expect(jumpTarget(decode(bytecodes, front))).toBe(bytecodes.length);

    const back = new Assembler();
    const head = back.newLabel();
    back.place(head);
    for (let i = 0; i < distance; i++) back.emit(0x5f);
    back.jump('jump', head);
    const looped = back.assemble().bytecodes;
    expect(looped.length).toBe(distance + backward);
    expect(jumpTarget(decode(looped, distance))).toBe(0);
  });

  test('that grow each other all arrive', () => {
    // Each statement's jump spans the next ones, so that one that grows makes others grow.
    const padding = 'x foo. '.repeat(20);
    const source = `foo: x ${`x ifTrue: [${padding}`.repeat(40)}1${']'.repeat(40)}`;
    const { bytecodes } = compile(source);
    const targets = Array.from(instructionsOf(bytecodes), jumpTarget).filter((target) => target !== undefined);
    expect(targets).toHaveLength(40);
    expect(new Set(targets)).toEqual(new Set([bytecodes.length - 1]));
  });
});
