/**
 * Follows every path through a piece of code and tells how deep its stack gets, or what is wrong with it: a depth that
 * differs where paths join, a pop below the temps, a jump into the middle of an instruction, an operand out of range, an end
 * without return. The compiler takes the frame size from here, so that the instruction table is the only place that knows
 * stack effects; tests run it over all compiled code.
 */
import { decode, type Instruction, jumpTarget } from './decoder.ts';

export interface CheckableCode {
  readonly bytecodes: Uint8Array;
  /** The depth at the start: arguments, copied values, temps. */
  readonly tempCount: number;
  readonly literalCount: number;
}

export interface StackReport {
  /** The greatest depth on any path, temps included. */
  readonly maxDepth: number;
  /** Sentences, each with its pc; empty for sound code. */
  readonly problems: readonly string[];
}

function operandProblem(instruction: Instruction, code: CheckableCode): string | undefined {
  const { operand } = instruction;
  switch (operand.kind) {
    case 'temp':
      return operand.index < code.tempCount ? undefined : `temp ${operand.index} of ${code.tempCount}`;
    case 'remoteTemp':
      return operand.vector < code.tempCount ? undefined : `temp vector ${operand.vector} of ${code.tempCount} temps`;
    case 'literal':
    case 'literalVariable':
    case 'send':
    case 'superSend':
    case 'directedSuperSend':
    case 'closure':
    case 'classBranch':
      return operand.index < code.literalCount ? undefined : `literal ${operand.index} of ${code.literalCount}`;
    case 'primitive':
      return instruction.pc === 0 || operand.isInlined ? undefined : 'callPrimitive that is not the first bytecode';
    default:
      return undefined;
  }
}

/** Checks the reachable part of `code`. */
export function checkStack(code: CheckableCode): StackReport {
  const { bytecodes, tempCount } = code;
  const depthAt = new Map<number, number>();
  const inside = new Set<number>();
  const problems: string[] = [];
  const pending: [pc: number, depth: number, from: number][] = [[0, tempCount, 0]];
  let maxDepth = tempCount;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [pc, depth, from] = next;
    if (pc < 0 || pc >= bytecodes.length) {
      problems.push(`pc ${from}: goes on at ${pc}, outside of the ${bytecodes.length} bytes`);
      continue;
    }
    const known = depthAt.get(pc);
    if (known !== undefined) {
      if (known !== depth) problems.push(`pc ${pc}: reached with stack depth ${known} and, from pc ${from}, ${depth}`);
      continue;
    }
    depthAt.set(pc, depth);
    const instruction = decode(bytecodes, pc);
    const { definition, operand, nextPc } = instruction;
    if (instruction.isCut || definition.flow === 'undefined') {
      problems.push(`pc ${pc}: ${instruction.isCut ? 'is cut off by the end of the code' : 'is no bytecode'}`);
      continue;
    }
    for (let at = pc + 1; at < nextPc; at++) inside.add(at);
    const wrong = operandProblem(instruction, code);
    if (wrong !== undefined) problems.push(`pc ${pc}: ${definition.name} uses ${wrong}`);
    const pops = definition.pops(operand);
    // A store leaves its value: at the method's start it may look at the last temp (the primitive's error code).
    const floor = definition.name === 'storeTemp' ? 0 : tempCount;
    if (depth - pops < floor)
      problems.push(`pc ${pc}: ${definition.name} pops ${pops} of ${depth - tempCount} values above the temps`);
    const after = depth - pops + definition.pushes(operand);
    maxDepth = Math.max(maxDepth, after);
    const target = jumpTarget(instruction);
    if (target !== undefined) pending.push([target, after, pc]);
    if (definition.flow === 'next' || definition.flow === 'send' || definition.flow === 'branch')
      pending.push([nextPc, after, pc]);
  }
  for (const pc of depthAt.keys()) {
    if (inside.has(pc)) problems.push(`pc ${pc}: is a jump's target inside of an instruction`);
  }
  return { maxDepth, problems };
}
