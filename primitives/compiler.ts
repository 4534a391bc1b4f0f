/**
 * The primitives of module `SafeFFICompiler`: the image's door to a compiler that the host provides. Source that does not
 * compile fails with an Array: the whole message, line, column (both from 1).
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { isImmediate, type Oop, smallIntegerOop } from '../vm/memory/oop.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { asLatin1 } from './latin1.ts';

/** What is wrong with source, as data. */
export interface SourceComplaint {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

export interface SourceCompiler {
  compileDoit(source: string): Oop;
  compileMethod(source: string, behavior: Oop): Oop;
  /** The complaint that an error of the two above carries; undefined for any other error. */
  complaintOf(error: unknown): SourceComplaint | undefined;
}

const MODULE = 'SafeFFICompiler';

export function compilerPrimitives(compiler: SourceCompiler): PrimitiveDefinition[] {
  return [
    {
      module: MODULE,
      name: 'primitiveCompileDoit',
      run: (vm, argumentCount) => {
        const source = textOf(vm, vm.stackValue(0));
        if (source === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
        return answerCompiled(vm, argumentCount, compiler, () => compiler.compileDoit(source));
      },
    },
    {
      module: MODULE,
      name: 'primitiveCompileMethod',
      run: (vm, argumentCount) => {
        const source = textOf(vm, vm.stackValue(1));
        const behavior = vm.stackValue(0);
        if (source === undefined || isImmediate(behavior) || !vm.memory.isPointers(behavior))
          return vm.fail(PrimitiveError.BAD_ARGUMENT);
        return answerCompiled(vm, argumentCount, compiler, () => compiler.compileMethod(source, behavior));
      },
    },
  ];
}

function textOf(vm: Interpreter, oop: Oop): string | undefined {
  return isImmediate(oop) || vm.memory.isPointers(oop) ? undefined : vm.memory.stringValueOf(oop);
}

function answerCompiled(vm: Interpreter, argumentCount: number, compiler: SourceCompiler, compile: () => Oop): boolean {
  try {
    return vm.answer(argumentCount, compile());
  } catch (error) {
    const complaint = compiler.complaintOf(error);
    if (complaint === undefined) throw error;
    const { memory } = vm;
    const facts = memory.newArray(3);
    memory.storePointer(facts, 0, memory.newByteString(asLatin1(complaint.message)));
    memory.storePointer(facts, 1, smallIntegerOop(complaint.line));
    memory.storePointer(facts, 2, smallIntegerOop(complaint.column));
    return vm.failWith(facts);
  }
}
