/**
 * Primitives that run code: blocks, `perform:`, methods as objects.
 *
 * Arguments that come in an Array are pushed onto the caller's stack. Where that has no room for them, a bridge does it: a
 * large context that only hands the value on.
 */
import { makeBridgeMethod } from '../vm/interpreter/call-method.ts';
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import { lookupMethod } from '../vm/interpreter/method-lookup.ts';
import type { Primitive } from '../vm/interpreter/primitive-table.ts';
import { isContext } from '../vm/interpreter/returns.ts';
import { bytecodeOffsetOf, headerArgumentCount, methodHeaderOf } from '../vm/memory/method-access.ts';
import { isImmediate, isSmallInteger, NO_OOP, type Oop, smallIntegerOop, smallIntegerValue } from '../vm/memory/oop.ts';
import {
  BehaviorSlot,
  BlockClosureSlot,
  ClassIndex,
  ClosureSlot,
  ContextSlot,
  PrimitiveError,
} from '../vm/memory/well-known.ts';
import { failing } from './failing.ts';
import { isArray, isBehavior, isCompiledCode } from './operands.ts';

// Blocks

/** Activates the closure below its arguments; false where it is no closure, or one with another number of arguments. */
export function activate(vm: Interpreter, closure: Oop, argumentCount: number): boolean {
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

const CLOSURE_VALUES: readonly (readonly [number: number, selectors: string])[] = [
  [201, 'value'],
  [202, 'value:'],
  [203, 'value:value:'],
  [204, 'value:value:value:'],
  [205, 'value:value:value:value:'],
];

export const controlPrimitives = failing(
  ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_NUMBER_OF_ARGUMENTS', 'NO_MEMORY'],
  [
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
  ],
);
