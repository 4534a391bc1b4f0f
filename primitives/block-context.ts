/**
 * Blue Book blocks, of images that came from V3: `blockCopy:` makes a context that runs on its home's temps, `value` enters it with its
 * arguments on its own stack, and its code stores them into temps. It may not be entered again while it runs.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { Primitive } from '../vm/interpreter/primitive-table.ts';
import { homeOf, isBlockContext, isContext } from '../vm/memory/contexts.ts';
import { Format } from '../vm/memory/header.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerOop } from '../vm/memory/oop.ts';
import { BlockContextSlot, ClassIndex, ContextSlot, PrimitiveError } from '../vm/memory/well-known.ts';
import { failing } from './failing.ts';
import { isArray } from './operands.ts';

/** The long jump around the block's code, which stands between the send of `blockCopy:` and that code. */
const JUMP_BYTES = 2;

const blockCopy: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const context = vm.stackValue(1);
  const count = vm.stackValue(0);
  if (argumentCount !== 1 || !isContext(memory, context)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (!isSmallInteger(count)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const home = homeOf(memory, context);
  const slotCount = memory.slotCountOf(home);
  if (!memory.hasRoomFor(slotCount)) return vm.fail(PrimitiveError.NO_MEMORY);
  vm.contexts.expose(home);
  const block = memory.allocatePointers(ClassIndex.BLOCK_CONTEXT, Format.FIXED_AND_INDEXABLE, slotCount);
  // Contexts without a hash are recycled when they are left.
  memory.identityHashOf(block);
  const method = memory.fetchPointer(home, ContextSlot.METHOD);
  const start = smallIntegerOop(vm.pc + JUMP_BYTES - memory.bodyOf(method) + 1);
  memory.storePointer(block, ContextSlot.PC, start);
  memory.storePointer(block, ContextSlot.STACKP, smallIntegerOop(0));
  memory.storePointer(block, BlockContextSlot.ARGUMENT_COUNT, count);
  memory.storePointer(block, BlockContextSlot.START_PC, start);
  memory.storePointer(block, BlockContextSlot.HOME, home);
  return vm.answer(1, block);
};

function isBlockTaking(vm: Interpreter, oop: Oop, argumentCount: number): boolean {
  const { memory } = vm;
  return (
    !isImmediate(oop) &&
    isBlockContext(memory, oop) &&
    memory.fetchPointer(oop, BlockContextSlot.ARGUMENT_COUNT) === smallIntegerOop(argumentCount) &&
    memory.fetchPointer(oop, BlockContextSlot.CALLER) === memory.nil &&
    ContextSlot.STACK + argumentCount < memory.slotCountOf(oop)
  );
}

const value: Primitive = (vm, argumentCount) => {
  const block = vm.stackValue(argumentCount);
  if (!isBlockTaking(vm, block, argumentCount)) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  vm.activateBlockContext(block, argumentCount);
  return true;
};

const valueWithArguments: Primitive = (vm) => {
  const { memory } = vm;
  const block = vm.stackValue(1);
  const values = vm.stackValue(0);
  if (!isArray(memory, values)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const count = memory.slotCountOf(values);
  if (!isBlockTaking(vm, block, count)) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  for (let i = 0; i < count; i++) memory.storePointer(block, ContextSlot.STACK + i, memory.fetchPointer(values, i));
  vm.sp -= 2;
  vm.enterBlockContext(block, count);
  return true;
};

export const blockContextPrimitives = failing(
  ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_NUMBER_OF_ARGUMENTS', 'NO_MEMORY'],
  [
    { number: 80, name: 'primitiveBlockCopy', selectors: 'blockCopy:', takes: 1, run: blockCopy },
    { number: 81, name: 'primitiveValue', selectors: 'value value: value:value:', run: value },
    { number: 82, name: 'primitiveValueWithArgs', selectors: 'valueWithArguments:', takes: 1, run: valueWithArguments },
  ],
);
