/**
 * Primitives that work on contexts, on which the image builds exceptions and unwinding; and the marks by which a context is known as a handler's or
 * an unwind block's.
 */
import { SPECIAL_SELECTORS } from '../vm/bytecode/special-selectors.ts';
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { Primitive } from '../vm/interpreter/primitive-table.ts';
import { abandon, HANDLER_MARKER, isContext, isMarked, senderOf, UNWIND_MARKER } from '../vm/interpreter/returns.ts';
import { type Oop, smallIntegerOop, smallIntegerValue } from '../vm/memory/oop.ts';
import { ContextSlot, PrimitiveError, SpecialObject } from '../vm/memory/well-known.ts';
import { activate } from './block-and-control.ts';
import { failing } from './failing.ts';
import { setStackPointer, visibleSlots } from './object-access.ts';
import { integerWithin } from './operands.ts';

/** The first context marked for unwinding below the receiver and above the argument, or nil. */
const findNextUnwindContext: Primitive = (vm) => {
  const { memory } = vm;
  const stop = vm.stackValue(0);
  let context = senderOf(vm, vm.stackValue(1));
  while (context !== stop && isContext(vm, context)) {
    if (isMarked(vm, context, UNWIND_MARKER)) return answerContext(vm, 1, context);
    context = senderOf(vm, context);
  }
  return vm.answer(1, memory.nil);
};

/** The first context marked as a handler, the receiver included, or nil. */
const findNextHandlerContext: Primitive = (vm) => {
  let context = vm.stackValue(0);
  while (isContext(vm, context)) {
    if (isMarked(vm, context, HANDLER_MARKER)) return answerContext(vm, 0, context);
    context = senderOf(vm, context);
  }
  return vm.answer(0, vm.memory.nil);
};

function answerContext(vm: Interpreter, argumentCount: number, context: Oop): true {
  vm.contexts.expose(context);
  return vm.answer(argumentCount, context);
}

/** Makes the argument (a context or nil) the receiver's sender; contexts between the two will never run again. */
const terminateTo: Primitive = (vm) => {
  const { memory } = vm;
  const context = vm.stackValue(1);
  const target = vm.stackValue(0);
  if (!isContext(vm, context)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (target !== memory.nil && !isContext(vm, target)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  cutTo(vm, context, target);
  return vm.answer(1, context);
};

function cutTo(vm: Interpreter, context: Oop, target: Oop): void {
  const { memory } = vm;
  const between: Oop[] = [];
  let current = senderOf(vm, context);
  while (current !== target && isContext(vm, current)) {
    between.push(current);
    current = senderOf(vm, current);
  }
  if (current === target) for (const each of between) abandon(vm, each);
  if (target !== memory.nil) vm.contexts.expose(target);
  memory.storePointer(context, ContextSlot.SENDER, target);
}

/** Temps of a context marked for unwinding, from 0: the block to run, and whether it was begun. */
const UNWIND_BLOCK_TEMP = 0;
const UNWIND_BEGUN_TEMP = 1;

/**
 * `thisContext runNextUnwindBlockTo: target`: the next unwind block that has not begun, of a context between the two, is
 * marked as begun and run, with the stack cut down to its context; answers its value. When there is none the stack is cut
 * down to the target, and the receiver is the answer. All that is one step: no other process comes between the search, the mark
 * and the block, so a block that is marked is either on the stack of its process or has run.
 */
const runNextUnwindBlock: Primitive = (vm) => {
  const { memory } = vm;
  const target = vm.stackValue(0);
  if (vm.stackValue(1) !== vm.context) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (target !== memory.nil && !isContext(vm, target)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const begunAt = ContextSlot.STACK + UNWIND_BEGUN_TEMP;
  let context = senderOf(vm, vm.context);
  while (context !== target && isContext(vm, context)) {
    if (isMarked(vm, context, UNWIND_MARKER) && memory.fetchPointer(context, begunAt) === memory.nil) {
      const block = memory.fetchPointer(context, ContextSlot.STACK + UNWIND_BLOCK_TEMP);
      memory.storePointer(context, begunAt, memory.true);
      cutTo(vm, vm.context, context);
      vm.answer(1, block);
      if (!activate(vm, block, 0)) vm.send(specialSelector(vm, 'value'), 0);
      return true;
    }
    context = senderOf(vm, context);
  }
  cutTo(vm, vm.context, target);
  return vm.answer(1, vm.context);
};

/** A selector that has a send bytecode of its own. */
function specialSelector(vm: Interpreter, text: string): Oop {
  const table = vm.memory.specialObject(SpecialObject.SPECIAL_SELECTORS);
  return vm.memory.fetchPointer(table, 2 * SPECIAL_SELECTORS.findIndex(({ selector }) => selector === text));
}

const storeStackPointer: Primitive = (vm) => {
  const context = vm.stackValue(1);
  if (!isContext(vm, context) || context === vm.context) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (!setStackPointer(vm, context, vm.stackValue(0))) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  return vm.answer(1, context);
};

/** Element `index` of a context's stack, from 1; undefined when it is none. */
function stackIndex(vm: Interpreter, context: Oop, index: Oop): number | undefined {
  if (!isContext(vm, context)) return undefined;
  return integerWithin(index, 1, visibleSlots(vm, context) - ContextSlot.STACK);
}

const contextAt: Primitive = (vm, argumentCount) => {
  const context = vm.stackValue(1);
  const index = stackIndex(vm, context, vm.stackValue(0));
  if (index === undefined) return vm.fail(PrimitiveError.BAD_INDEX);
  return vm.answer(argumentCount, vm.memory.fetchPointer(context, ContextSlot.STACK + index - 1));
};

const contextAtPut: Primitive = (vm, argumentCount) => {
  const context = vm.stackValue(2);
  const index = stackIndex(vm, context, vm.stackValue(1));
  if (index === undefined) return vm.fail(PrimitiveError.BAD_INDEX);
  vm.memory.storePointer(context, ContextSlot.STACK + index - 1, vm.stackValue(0));
  return vm.answer(argumentCount, vm.stackValue(0));
};

const contextSize: Primitive = (vm, argumentCount) => {
  const context = vm.stackValue(0);
  if (!isContext(vm, context)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const stackp = vm.memory.fetchPointer(context, ContextSlot.STACKP);
  return vm.answer(argumentCount, smallIntegerOop((stackp & 1) !== 0 ? smallIntegerValue(stackp) : 0));
};

/** A mark in a method, which `on:do:`, `ensure:` or a debugger's guard have: it fails, so that the method's code runs. */
const marker: Primitive = (vm) => vm.fail(PrimitiveError.GENERIC);

export const contextPrimitives = failing(
  ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_INDEX'],
  [
    { number: 19, name: 'primitiveFail', selectors: 'simulationGuard', fails: ['GENERIC'], run: marker },
    {
      number: UNWIND_MARKER,
      name: 'primitiveMarkUnwindMethod',
      selectors: 'ensure: ifCurtailed:',
      fails: ['GENERIC'],
      run: marker,
    },
    {
      number: HANDLER_MARKER,
      name: 'primitiveMarkHandlerMethod',
      selectors: 'on:do:',
      fails: ['GENERIC'],
      run: marker,
    },
    { number: 76, name: 'primitiveStoreStackp', selectors: 'stackp:', takes: 1, run: storeStackPointer },
    {
      number: 195,
      name: 'primitiveFindNextUnwindContext',
      selectors: 'findNextUnwindContextUpTo:',
      takes: 1,
      run: findNextUnwindContext,
    },
    { number: 196, name: 'primitiveTerminateTo', selectors: 'terminateTo:', takes: 1, run: terminateTo },
    {
      number: 197,
      name: 'primitiveFindHandlerContext',
      selectors: 'findNextHandlerContext',
      takes: 0,
      run: findNextHandlerContext,
    },
    { number: 210, name: 'primitiveContextAt', selectors: 'at:', takes: [1, 2], run: contextAt },
    { number: 211, name: 'primitiveContextAtPut', selectors: 'at:put:', takes: [2, 3], run: contextAtPut },
    { number: 212, name: 'primitiveContextSize', selectors: 'size', takes: [0, 1], run: contextSize },
    { module: 'SafeFFIProcess', name: 'primitiveRunNextUnwindBlock', takes: 1, run: runNextUnwindBlock },
  ],
);
