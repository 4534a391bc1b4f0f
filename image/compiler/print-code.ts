/**
 * Compiled code as text: `safeffi disasm` for code fresh from the compiler. Blocks follow the code that makes them, indented.
 */
import { type DisassemblyView, disassemble, formatDisassembly } from '../../vm/bytecode/disassembler.ts';
import type { CompiledBlockCode, CompiledMethodCode, Literal } from './compiled-code.ts';
import { printLiteral } from './print-literal.ts';

/** What the disassembler asks; `instanceVariableNames` may be empty where they are not known. */
export function viewOf(
  code: CompiledMethodCode | CompiledBlockCode,
  source: string,
  instanceVariableNames: readonly string[] = [],
): DisassemblyView {
  const literalAt = (index: number): Literal => code.literals[index] ?? { kind: 'nil' };
  return {
    bytecodes: code.bytecodes,
    literalText: (index) => literalText(literalAt(index)),
    bindingName: (index) => literalText(literalAt(index)),
    receiverVariableName: (index) => instanceVariableNames[index],
    tempName: (pc, slot, vectorIndex) =>
      code.variables.find(({ location, startPc, endPc }) => {
        if (pc < startPc || pc >= endPc) return false;
        if (location.kind === 'temp') return vectorIndex === undefined && location.index === slot;
        return location.vector === slot && location.index === vectorIndex;
      })?.name,
    sourceText: (pc) => {
      const entry = code.sourceMap.findLast((each) => each.pc <= pc);
      return entry === undefined ? undefined : source.slice(entry.start, entry.end);
    },
  };
}

function literalText(literal: Literal): string {
  if (literal.kind === 'binding') return literal.name;
  if (literal.kind === 'methodClass') return 'the class of the method';
  if (literal.kind === 'block') return `block ${literal.code.start}..${literal.code.end}`;
  return printLiteral(literal);
}

/** Header line, bytecodes, then the blocks in it. */
export function printCode(
  code: CompiledMethodCode | CompiledBlockCode,
  source: string,
  instanceVariableNames: readonly string[] = [],
): string {
  const name = code.kind === 'method' ? code.selector : `block ${code.start}..${code.end}, ${code.copiedCount} copied`;
  const primitive = code.kind === 'method' && code.primitiveNumber > 0 ? `, primitive ${code.primitiveNumber}` : '';
  const header = `${name}: ${code.argumentCount} arguments, ${code.tempCount} temps, frame ${code.frameSize}${primitive}`;
  const lines = formatDisassembly(disassemble(viewOf(code, source, instanceVariableNames)));
  const blocks = code.literals.flatMap((literal) =>
    literal.kind === 'block' ? [printCode(literal.code, source, instanceVariableNames).replace(/^/gm, '    ')] : [],
  );
  return [header, lines, ...blocks].join('\n');
}
