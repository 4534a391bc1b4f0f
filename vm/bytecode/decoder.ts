/**
 * Reads one instruction at a time: prefixes, bytecode, operand bytes. For tools; the interpreter's loop decodes in place and
 * allocates nothing.
 */
import type { BytecodeSet, InstructionDefinition, Operand } from './instruction.ts';
import { nextExtA, nextExtB, SISTA_V1 } from './sista-v1.ts';

export interface Instruction {
  /** Of the first prefix, or of the bytecode itself: where a jump to this instruction lands. */
  readonly pc: number;
  /** Of the bytecode after its prefixes. */
  readonly bytecodePc: number;
  readonly nextPc: number;
  readonly definition: InstructionDefinition;
  readonly operand: Operand;
  /** True when the code ends before the instruction does. */
  readonly isCut: boolean;
}

/** The instruction that starts at `pc`, which is less than the code's length. */
export function decode(bytecodes: Uint8Array, pc: number, { definitionOf }: BytecodeSet = SISTA_V1): Instruction {
  let at = pc;
  let extA = 0;
  let extB = 0;
  let extBCount = 0;
  let definition = definitionOf(bytecodes[at]!);
  while (definition.flow === 'prefix' && at + 2 < bytecodes.length) {
    const byte = bytecodes[at + 1]!;
    if (bytecodes[at] === 224) extA = nextExtA(extA, byte);
    else extB = nextExtB(extB, extBCount++, byte);
    at += 2;
    definition = definitionOf(bytecodes[at]!);
  }
  const operand = definition.operand({
    bytecode: bytecodes[at]!,
    byte1: bytecodes[at + 1] ?? 0,
    byte2: bytecodes[at + 2] ?? 0,
    byte3: bytecodes[at + 3] ?? 0,
    extA,
    extB,
  });
  const nextPc = at + definition.length;
  const isCut = nextPc > bytecodes.length || definition.flow === 'prefix';
  return { pc, bytecodePc: at, nextPc, definition, operand, isCut };
}

/** All instructions from the first byte on. */
export function* instructionsOf(bytecodes: Uint8Array, set: BytecodeSet = SISTA_V1): Generator<Instruction> {
  for (let pc = 0; pc < bytecodes.length; ) {
    const instruction = decode(bytecodes, pc, set);
    yield instruction;
    pc = instruction.nextPc;
  }
}

/** Where a jump or branch goes; undefined for other instructions. */
export function jumpTarget(instruction: Instruction): number | undefined {
  const { operand } = instruction;
  return operand.kind === 'jump' || operand.kind === 'classBranch' ? instruction.nextPc + operand.distance : undefined;
}
