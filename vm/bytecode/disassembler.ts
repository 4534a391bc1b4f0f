/**
 * Code as text: pc, bytes, mnemonic with its operand in words, stack effect, and the source it belongs to. Works on anything
 * that can tell its literals: code fresh from the compiler and methods in a heap.
 *
 *     pc  bytes     instruction         stack effect                 source
 *      0  40        pushTemp 0: x       ( -- value )                 x
 *      1  51        pushOne             ( -- 1 )                     1
 *      2  60        sendArithmetic #+   ( receiver arg -- result )   x + 1
 */
import { type Instruction, instructionsOf } from './decoder.ts';
import type { BytecodeSet, Operand } from './instruction.ts';
import { SPECIAL_SELECTORS } from './special-selectors.ts';

export interface DisassemblyView {
  readonly bytecodes: Uint8Array;
  /** Sista V1 where none is given. */
  readonly set?: BytecodeSet;
  /** Literal `index` as text: `'abc'`, `#foo`, `42`; a selector prints as a symbol. */
  literalText(index: number): string;
  /** The name of the association that literal `index` is. */
  bindingName(index: number): string;
  /** The name of instance variable `index`, where known. */
  receiverVariableName?(index: number): string | undefined;
  /** The name of what lies in a stack slot, or of an element of the temp vector there, at `pc`, where known. */
  tempName?(pc: number, slot: number, vectorIndex?: number): string | undefined;
  /** The source's text that the instruction at `pc` comes from, where known. */
  sourceText?(pc: number): string | undefined;
}

export interface DisassembledLine {
  readonly pc: number;
  readonly bytes: readonly number[];
  readonly mnemonic: string;
  readonly operand: string;
  readonly stackEffect: string;
  readonly source: string;
}

const named = (index: number, name: string | undefined): string =>
  name === undefined ? `${index}` : `${index}: ${name}`;

function operandText(instruction: Instruction, view: DisassemblyView): string {
  const operand: Operand = instruction.operand;
  return 'access' in operand ? `${operand.access} ${plainText(instruction, view)}` : plainText(instruction, view);
}

function plainText(instruction: Instruction, view: DisassemblyView): string {
  const operand: Operand = instruction.operand;
  switch (operand.kind) {
    case 'none':
      return '';
    case 'receiverVariable':
      return named(operand.index, view.receiverVariableName?.(operand.index));
    case 'literalVariable':
      return view.bindingName(operand.index);
    case 'literal':
      return view.literalText(operand.index);
    case 'temp':
      return named(operand.index, view.tempName?.(instruction.pc, operand.index));
    case 'remoteTemp':
      return `${named(operand.index, view.tempName?.(instruction.pc, operand.vector, operand.index))} in vector ${operand.vector}`;
    case 'send':
    case 'superSend':
    case 'directedSuperSend':
      return view.literalText(operand.index);
    case 'specialSend':
      return `#${SPECIAL_SELECTORS[operand.index]!.selector}`;
    case 'jump':
      return `to ${instruction.nextPc + operand.distance}`;
    case 'array':
      return operand.popsElements ? `of ${operand.size} popped` : `of ${operand.size} nils`;
    case 'integer':
      return `${operand.value}`;
    case 'character':
      return `${operand.value}: $${String.fromCodePoint(operand.value)}`;
    case 'primitive':
      return operand.isInlined ? `${operand.number} inlined` : `${operand.number}`;
    case 'closure':
      return `${view.literalText(operand.index)} copying ${operand.copiedCount}`;
    case 'innerClosure':
      return `of ${operand.argumentCount} arguments copying ${operand.copiedCount}, ${operand.blockSize} bytes`;
    case 'classBranch':
      return `to ${instruction.nextPc + operand.distance} ${operand.ifInstance ? 'if' : 'unless'} of ${view.literalText(operand.index)}`;
    case 'enclosing':
      return `${operand.levels} blocks further, jump ${operand.distance}`;
  }
}

/** One line for each instruction. */
export function disassemble(view: DisassemblyView): DisassembledLine[] {
  return Array.from(instructionsOf(view.bytecodes, view.set), (instruction) => ({
    pc: instruction.pc,
    bytes: Array.from(view.bytecodes.subarray(instruction.pc, instruction.nextPc)),
    mnemonic: instruction.definition.name,
    operand: operandText(instruction, view),
    stackEffect: instruction.definition.stackEffect,
    source: view.sourceText?.(instruction.pc) ?? '',
  }));
}

const oneLine = (text: string, most: number): string => {
  const flat = text.replace(/\s+/g, ' ');
  return flat.length > most ? `${flat.slice(0, most - 1)}…` : flat;
};

/** The lines in columns, as `safeffi disasm` prints them. */
export function formatDisassembly(lines: readonly DisassembledLine[]): string {
  const cells = lines.map((line) => [
    `${line.pc}`.padStart(4),
    line.bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
    oneLine(`${line.mnemonic} ${line.operand}`.trimEnd(), 48),
    line.stackEffect,
    oneLine(line.source, 60),
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...cells.map((row) => row[column]!.length)));
  return cells
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
