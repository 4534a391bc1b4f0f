/**
 * Named primitives of module SafeFFIHost: how the image ends a call of the host, reports an error that nobody handled, and
 * writes to the console. Strings are written as UTF-8, byte arrays as they are.
 */
import type { Primitive } from '../vm/interpreter/primitive-table.ts';
import { isImmediate, smallIntegerValue } from '../vm/memory/oop.ts';
import { ClassIndex, PrimitiveError } from '../vm/memory/well-known.ts';
import { failing } from './failing.ts';
import { elementKindOf, integerWithin } from './operands.ts';

const MODULE = 'SafeFFIHost';

const returnToHost: Primitive = (vm) =>
  vm.hostCalls.returnValue(vm.stackValue(0)) || vm.fail(PrimitiveError.INAPPROPRIATE);

/** Fails in a process that no call of the host began. The value that it answers in the end is the one the host resumes with. */
const unhandledError: Primitive = (vm, argumentCount) => {
  if (!vm.hostCalls.isHostProcess()) return vm.fail(PrimitiveError.INAPPROPRIATE);
  const exception = vm.stackValue(0);
  vm.answer(argumentCount, vm.memory.nil);
  return vm.hostCalls.unhandled(exception);
};

const consoleWrite: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const stream = integerWithin(vm.stackValue(1), 1, 2);
  const text = vm.stackValue(0);
  if (stream === undefined || isImmediate(text)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const kind = elementKindOf(memory.formatOf(text));
  if (kind !== 'bytes' && kind !== 'words') return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const isByteArray = memory.classIndexOfObject(text) === ClassIndex.BYTE_ARRAY;
  const bytes = isByteArray ? memory.bytesOf(text) : new TextEncoder().encode(memory.stringValueOf(text));
  vm.host.writeConsole(smallIntegerValue(vm.stackValue(1)) === 1 ? 1 : 2, bytes);
  return vm.answer(argumentCount, vm.stackValue(argumentCount));
};

export const hostPrimitives = failing(
  ['BAD_ARGUMENT', 'INAPPROPRIATE'],
  [
    { module: MODULE, name: 'primitiveReturnToHost', takes: 1, run: returnToHost },
    { module: MODULE, name: 'primitiveUnhandledError', takes: 1, run: unhandledError },
    { module: MODULE, name: 'primitiveConsoleWrite', takes: 2, run: consoleWrite },
  ],
);
