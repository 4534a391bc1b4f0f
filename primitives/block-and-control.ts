/**
 * Primitives that run code: blocks, `perform:`, methods as objects; and those that work on contexts, on which the image
 * builds exceptions and unwinding.
 *
 * Arguments that come in an Array are pushed onto the caller's stack. Where that has no room for them, a bridge does it: a
 * large context that only hands the value on.
 */
import { SPECIAL_SELECTORS } from '../vm/bytecode/special-selectors.ts';
import { makeBridgeMethod } from '../vm/interpreter/call-method.ts';
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import { lookupMethod } from '../vm/interpreter/method-lookup.ts';
import type { Primitive } from '../vm/interpreter/primitive-table.ts';
import { abandon, HANDLER_MARKER, isContext, isMarked, senderOf, UNWIND_MARKER } from '../vm/interpreter/returns.ts';
import { bytecodeOffsetOf, headerArgumentCount, methodHeaderOf } from '../vm/memory/method-access.ts';
import { isImmediate, isSmallInteger, NO_OOP, type Oop, smallIntegerOop, smallIntegerValue } from '../vm/memory/oop.ts';
import {
  BehaviorSlot,
  BlockClosureSlot,
  ClassIndex,
  ClosureSlot,
  ContextSlot,
  PrimitiveError,
  SpecialObject,
} from '../vm/memory/well-known.ts';
import { failing } from './failing.ts';
import { setStackPointer, visibleSlots } from './object-access.ts';
import { integerWithin, isArray, isBehavior, isCompiledCode } from './operands.ts';

// Blocks

/** Activates the closure below its arguments; false where it is no closure, or one with another number of arguments. */
function activate(vm: Interpreter, closure: Oop, argumentCount: number): boolean {
  if (isFullClosureTaking(vm, closure, argumentCount)) vm.activateClosure(closure, argumentCount);
  else if (isBlockClosureTaking(vm, closure, argumentCount)) vm.activateBlockClosure(closure, argumentCount);
  else return false;
  return true;
}

const takes = (vm: Interpreter, oop: Oop, argumentCount: number): boolean =>
  isFullClosureTaking(vm, oop, argumentCount) || isBlockClosureTaking(vm, oop, argumentCount);

function isFullClosureTaking(vm: Interpreter, oop: Oop, argumentCount: number): boolean {
  const { memory } = vm;
  return (
    !isImmediate(oop) &&
    memory.classIndexOfObject(oop) === ClassIndex.FULL_BLOCK_CLOSURE &&
    memory.fetchPointer(oop, ClosureSlot.ARGUMENT_COUNT) === smallIntegerOop(argumentCount) &&
    isCompiledCode(memory, memory.fetchPointer(oop, ClosureSlot.CODE))
  );
}

/** V3's closure: it runs in the method of its outer context, from a pc that lies inside. */
function isBlockClosureTaking(vm: Interpreter, oop: Oop, argumentCount: number): boolean {
  const { memory } = vm;
  if (
    isImmediate(oop) ||
    memory.classIndexOfObject(oop) !== ClassIndex.BLOCK_CLOSURE ||
    memory.slotCountOf(oop) < BlockClosureSlot.FIRST_COPIED ||
    memory.fetchPointer(oop, BlockClosureSlot.ARGUMENT_COUNT) !== smallIntegerOop(argumentCount)
  )
    return false;
  const outer = memory.fetchPointer(oop, BlockClosureSlot.OUTER_CONTEXT);
  const start = memory.fetchPointer(oop, BlockClosureSlot.START_PC);
  if (!isContext(vm, outer) || !isSmallInteger(start)) return false;
  const method = memory.fetchPointer(outer, ContextSlot.METHOD);
  if (!isCompiledCode(memory, method)) return false;
  const pc = smallIntegerValue(start);
  return pc > bytecodeOffsetOf(memory, method) && pc <= memory.byteSizeOf(method);
}

const value: Primitive = (vm, argumentCount) =>
  activate(vm, vm.stackValue(argumentCount), argumentCount) || vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);

const valueWithArguments: Primitive = (vm) => {
  const { memory } = vm;
  const closure = vm.stackValue(1);
  const values = vm.stackValue(0);
  if (!isArray(memory, values)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const count = memory.slotCountOf(values);
  if (!takes(vm, closure, count)) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  if (!pushAll(vm, 1, closure, values)) return vm.fail(PrimitiveError.NO_MEMORY);
  return activate(vm, closure, count);
};

/**
 * Drops the receiver and `dropped` arguments from the stack and pushes `receiver` and the Array's elements, in a bridge
 * where the active context has no room. False when the bridge cannot be allocated; then nothing has changed.
 */
function pushAll(vm: Interpreter, dropped: number, receiver: Oop, values: Oop): boolean {
  const { memory } = vm;
  const count = memory.slotCountOf(values);
  const slots = (vm.context >> 2) + 2;
  const room = slots + memory.slotCountOf(vm.context) - 1 - (vm.sp - dropped);
  if (count > room) {
    const bridge = makeBridgeMethod(memory);
    if (bridge === NO_OOP) return false;
    vm.sp -= dropped;
    vm.memory.i32[vm.sp] = memory.nil;
    vm.activate(bridge, 0);
  } else {
    vm.sp -= dropped + 1;
  }
  vm.push(receiver);
  for (let index = 0; index < count; index++) vm.push(memory.fetchPointer(values, index));
  return true;
}

// perform:

/** Arguments that the method found for the selector takes; undefined when there is none: #doesNotUnderstand: decides. */
function argumentsTakenBy(vm: Interpreter, selector: Oop, behavior: Oop): number | undefined {
  const method = lookupMethod(vm.memory, behavior, selector);
  if (method === NO_OOP || !isCompiledCode(vm.memory, method)) return undefined;
  return headerArgumentCount(methodHeaderOf(vm.memory, method));
}

const perform: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const selector = vm.stackValue(argumentCount - 1);
  const receiver = vm.stackValue(argumentCount);
  if (isImmediate(selector)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const count = argumentCount - 1;
  const taken = argumentsTakenBy(vm, selector, memory.classOf(receiver));
  if (taken !== undefined && taken !== count) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  const selectorAt = vm.sp - count;
  memory.i32.copyWithin(selectorAt, selectorAt + 1, selectorAt + 1 + count);
  vm.sp--;
  vm.send(selector, count);
  return true;
};

function performIn(
  vm: Interpreter,
  dropped: number,
  receiver: Oop,
  selector: Oop,
  values: Oop,
  behavior: Oop,
): boolean {
  const { memory } = vm;
  if (!isArray(memory, values) || isImmediate(selector)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const count = memory.slotCountOf(values);
  const taken = argumentsTakenBy(vm, selector, behavior);
  // A method takes at most 15; no message with more can be sent.
  if (count > 15 || (taken !== undefined && taken !== count)) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  if (!pushAll(vm, dropped, receiver, values)) return vm.fail(PrimitiveError.NO_MEMORY);
  vm.sendToClass(selector, count, behavior);
  return true;
}

/** With one argument more the first names the receiver, as debuggers want it. */
const performWithArguments: Primitive = (vm, argumentCount) => {
  const receiver = vm.stackValue(2);
  return performIn(vm, argumentCount, receiver, vm.stackValue(1), vm.stackValue(0), vm.memory.classOf(receiver));
};

const performInSuperclass: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const receiver = vm.stackValue(3);
  const behavior = vm.stackValue(0);
  if (!isBehavior(memory, behavior)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  let current = memory.classOf(receiver);
  while (current !== behavior) {
    if (!isBehavior(memory, current)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    current = memory.fetchPointer(current, BehaviorSlot.SUPERCLASS);
  }
  return performIn(vm, argumentCount, receiver, vm.stackValue(2), vm.stackValue(1), behavior);
};

/** `receiver withArgs: anArray executeMethod: aMethod`; with 3 arguments the mirror form names the receiver first. */
const executeMethod: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const receiver = vm.stackValue(2);
  const values = vm.stackValue(1);
  const method = vm.stackValue(0);
  if (!isArray(memory, values) || !isCompiledCode(memory, method)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const count = memory.slotCountOf(values);
  if (headerArgumentCount(methodHeaderOf(memory, method)) !== count)
    return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  const primitive = vm.primitives.indexFor(memory, method);
  if (!pushAll(vm, argumentCount, receiver, values)) return vm.fail(PrimitiveError.NO_MEMORY);
  vm.newMethod = method;
  vm.newPrimitive = primitive;
  vm.execute(count);
  return true;
};

// Contexts

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

const CLOSURE_VALUES: readonly (readonly [number: number, selectors: string])[] = [
  [201, 'value'],
  [202, 'value:'],
  [203, 'value:value:'],
  [204, 'value:value:value:'],
  [205, 'value:value:value:value:'],
];

/** A mark in a method, which `on:do:`, `ensure:` or a debugger's guard have: it fails, so that the method's code runs. */
const marker: Primitive = (vm) => vm.fail(PrimitiveError.GENERIC);

export const controlPrimitives = failing(
  ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_NUMBER_OF_ARGUMENTS', 'BAD_INDEX', 'NO_MEMORY'],
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
    { number: 83, name: 'primitivePerform', selectors: 'perform:', run: perform },
    {
      number: 84,
      name: 'primitivePerformWithArgs',
      selectors: 'perform:withArguments:',
      takes: [2, 3],
      run: performWithArguments,
    },
    {
      number: 100,
      name: 'primitivePerformInSuperclass',
      selectors: 'perform:withArguments:inSuperclass:',
      takes: [3, 4],
      run: performInSuperclass,
    },
    {
      number: 188,
      name: 'primitiveExecuteMethodArgsArray',
      selectors: 'withArgs:executeMethod:',
      takes: [2, 3],
      run: executeMethod,
    },
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
    ...CLOSURE_VALUES.map(([number, selectors]) => ({ number, name: 'primitiveClosureValue', selectors, run: value })),
    {
      number: 206,
      name: 'primitiveClosureValueWithArgs',
      selectors: 'valueWithArguments:',
      takes: 1,
      run: valueWithArguments,
    },
    {
      number: 208,
      name: 'primitiveFullClosureValueWithArgs',
      selectors: 'valueWithArguments:',
      takes: 1,
      run: valueWithArguments,
    },
    { number: 207, name: 'primitiveFullClosureValue', selectors: 'value value: value:value:', run: value },
    { number: 209, name: 'primitiveFullClosureValueNoContextSwitch', selectors: 'valueNoContextSwitch', run: value },
    {
      number: 221,
      name: 'primitiveClosureValueNoContextSwitch',
      selectors: 'valueNoContextSwitch',
      takes: 0,
      run: value,
    },
    {
      number: 222,
      name: 'primitiveClosureValueNoContextSwitch',
      selectors: 'valueNoContextSwitch:',
      takes: 1,
      run: value,
    },
    { number: 210, name: 'primitiveContextAt', selectors: 'at:', takes: [1, 2], run: contextAt },
    { number: 211, name: 'primitiveContextAtPut', selectors: 'at:put:', takes: [2, 3], run: contextAtPut },
    { number: 212, name: 'primitiveContextSize', selectors: 'size', takes: [0, 1], run: contextSize },
    { module: 'SafeFFIProcess', name: 'primitiveRunNextUnwindBlock', takes: 1, run: runNextUnwindBlock },
  ],
);
