/** `safeffi disasm 'Class>>selector'`: a method of the image as instructions, with stack effects and source. */
import { type DisassemblyView, disassemble, formatDisassembly } from '../../vm/bytecode/disassembler.ts';
import { SISTA_V1 } from '../../vm/bytecode/sista-v1.ts';
import { V3 } from '../../vm/bytecode/v3.ts';
import { ObjectPrinter } from '../../vm/debug/object-printer.ts';
import {
  bytecodeEndOf,
  bytecodeStartOf,
  decodeMethodHeader,
  headerIsSista,
  isCompiledBlock,
  literalAt,
  literalCountOf,
  methodHeaderOf,
  methodNameOf,
  outerCodeOf,
  primitiveNumberOf,
  sourceOf,
} from '../../vm/memory/method-access.ts';
import { isImmediate, type Oop } from '../../vm/memory/oop.ts';
import { AssociationSlot } from '../../vm/memory/well-known.ts';
import { CommandError, ExitCode } from '../exit-code.ts';
import type { ImageSession } from '../image-session.ts';
import { printJson, printResult } from '../output.ts';
import { openImageSession } from '../vm-options.ts';

export async function disasm(name: string, options: { image?: string; json?: true }): Promise<number> {
  const [, className, side, selector] = /^\s*(\w+)( class)?\s*>>\s*#?(\S+)\s*$/.exec(name) ?? [];
  if (className === undefined || selector === undefined)
    throw new CommandError(`'${name}' names no method, expected 'Class>>selector' or 'Class class>>selector'`);
  const session = openImageSession(options);
  try {
    const method = findMethod(session, className, side !== undefined, selector);
    const parts = codeParts(session, method, `${className}${side ?? ''}>>${selector}`);
    if (options.json) printJson({ schema: 1, method: name, code: parts });
    else printResult(parts.map((part) => `${part.heading}\n${formatDisassembly(part.instructions)}`).join('\n\n'));
    return ExitCode.DONE;
  } finally {
    session.close();
  }
}

function findMethod(session: ImageSession, className: string, isClassSide: boolean, selector: string): Oop {
  const { vm, memory } = session;
  const behavior = vm.findClass(className);
  if (behavior === undefined) throw new CommandError(`the image has no class ${className}`);
  const owner = isClassSide ? memory.classOf(behavior) : behavior;
  const method = vm.findMethod(owner, selector);
  if (method === undefined)
    throw new CommandError(`${memory.nameOfClass(owner)} has no method #${selector} of its own`);
  return method;
}

/** The method, then the blocks in it, each with a heading. */
function codeParts(session: ImageSession, code: Oop, name = methodNameOf(session.memory, code)) {
  const { memory } = session;
  const header = decodeMethodHeader(methodHeaderOf(memory, code));
  const primitive = primitiveNumberOf(memory, code);
  const heading = [
    `${name}: ${counted(header.argumentCount, 'argument')}, ${counted(header.tempCount, 'temp')}`,
    header.needsLargeFrame ? ', large frame' : '',
    primitive === 0 ? '' : `, primitive ${primitive}`,
  ].join('');
  const parts = [{ heading, instructions: disassemble(viewOf(session, code)) }];
  for (let i = 0; i < literalCountOf(memory, code); i++) {
    const literal = literalAt(memory, code, i);
    if (!isImmediate(literal) && memory.isCompiledMethod(literal) && outerCodeOf(memory, literal) === code)
      parts.push(...codeParts(session, literal));
  }
  return parts;
}

/** The installed bytecodes; names and source ranges where the source still compiles to just these. */
function viewOf(session: ImageSession, code: Oop): DisassemblyView {
  const { memory } = session;
  const printer = new ObjectPrinter(memory);
  const bytecodes = memory.u8.slice(bytecodeStartOf(memory, code), bytecodeEndOf(memory, code));
  const compiled = session.compiledForm(code);
  const source = sourceOf(memory, code);
  const literalText = (index: number): string => {
    const literal = literalAt(memory, code, index);
    return !isImmediate(literal) && memory.isCompiledMethod(literal) && isCompiledBlock(memory, literal)
      ? `block ${index}`
      : printer.line(literal);
  };
  return {
    set: headerIsSista(methodHeaderOf(memory, code)) ? SISTA_V1 : V3,
    bytecodes: trimmed(bytecodes, compiled?.bytecodes.length),
    literalText,
    bindingName: (index) => {
      const association = literalAt(memory, code, index);
      if (isImmediate(association) || !memory.isPointers(association)) return literalText(index);
      return printer.line(memory.fetchPointer(association, AssociationSlot.KEY)).replace(/^#/, '');
    },
    receiverVariableName: (index) => session.instanceVariableNames(code)[index],
    tempName: (pc, slot, vectorIndex) =>
      compiled?.variables.find(({ location, startPc, endPc }) => {
        if (pc < startPc || pc >= endPc) return false;
        if (location.kind === 'temp') return vectorIndex === undefined && location.index === slot;
        return location.vector === slot && location.index === vectorIndex;
      })?.name,
    sourceText: (pc) => {
      const entry = compiled?.sourceMap.findLast((each) => each.pc <= pc);
      return entry === undefined || source === undefined ? undefined : source.slice(entry.start, entry.end);
    },
  };
}

/** Without what follows the code: padding, or the trailer of an image that keeps one. */
const trimmed = (bytecodes: Uint8Array, length: number | undefined): Uint8Array =>
  length === undefined ? bytecodes : bytecodes.subarray(0, length);

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
