/**
 * Primitives that look into an object or change its slots whatever its class says: instance variables by index, literals of
 * code, immutability, points-to. A context's slots end at its stack pointer.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { Primitive } from '../vm/interpreter/primitive-table.ts';
import { literalCountOf } from '../vm/memory/method-access.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerValue } from '../vm/memory/oop.ts';
import { ClassIndex, ContextSlot, PrimitiveError } from '../vm/memory/well-known.ts';
import { failing } from './failing.ts';
import { integerWithin, isCompiledCode } from './operands.ts';

/** How many slots of a pointer object a program may see. */
export function visibleSlots(vm: Interpreter, object: Oop): number {
  const { memory } = vm;
  const slots = memory.slotCountOf(object);
  if (memory.classIndexOfObject(object) !== ClassIndex.CONTEXT) return slots;
  const stackp = memory.fetchPointer(object, ContextSlot.STACKP);
  return Math.min(slots, ContextSlot.STACK + (isSmallInteger(stackp) ? Math.max(0, smallIntegerValue(stackp)) : 0));
}

/** Runs the primitive of indexed access (60 or 61) for objects whose slots are bits. */
const throughElements =
  (number: number): Primitive =>
  (vm, argumentCount) => {
    const run = vm.primitives.functions[number];
    return run === undefined ? vm.fail(PrimitiveError.UNSUPPORTED) : run(vm, argumentCount);
  };

const slotAt: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const object = vm.stackValue(1);
  if (isImmediate(object)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (!memory.isPointers(object)) return throughElements(60)(vm, argumentCount);
  const index = integerWithin(vm.stackValue(0), 1, visibleSlots(vm, object));
  if (index === undefined) return vm.fail(PrimitiveError.BAD_INDEX);
  return vm.answer(argumentCount, memory.fetchPointer(object, index - 1));
};

const slotAtPut: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const object = vm.stackValue(2);
  if (isImmediate(object)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (!memory.isPointers(object)) return throughElements(61)(vm, argumentCount);
  const index = integerWithin(vm.stackValue(1), 1, visibleSlots(vm, object));
  if (index === undefined) return vm.fail(PrimitiveError.BAD_INDEX);
  if (memory.isImmutable(object)) return vm.fail(PrimitiveError.NO_MODIFICATION);
  const value = vm.stackValue(0);
  if (memory.classIndexOfObject(object) === ClassIndex.CONTEXT && index - 1 === ContextSlot.STACKP) {
    if (!setStackPointer(vm, object, value)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  } else {
    memory.storePointer(object, index - 1, value);
  }
  return vm.answer(argumentCount, value);
};

/** Moves a context's stack pointer; slots that come into view read as nil. False when it would leave the context. */
export function setStackPointer(vm: Interpreter, context: Oop, stackp: Oop): boolean {
  const { memory } = vm;
  const room = memory.slotCountOf(context) - ContextSlot.STACK;
  const depth = integerWithin(stackp, 0, room);
  if (depth === undefined) return false;
  const old = visibleSlots(vm, context) - ContextSlot.STACK;
  for (let index = old; index < depth; index++) memory.storePointer(context, ContextSlot.STACK + index, memory.nil);
  memory.storePointer(context, ContextSlot.STACKP, stackp);
  return true;
}

/** `objectAt:` of code: 1 is the header, literals follow. */
const objectAt: Primitive = (vm) => {
  const code = vm.stackValue(1);
  if (!isCompiledCode(vm.memory, code)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const index = integerWithin(vm.stackValue(0), 1, literalCountOf(vm.memory, code) + 1);
  if (index === undefined) return vm.fail(PrimitiveError.BAD_INDEX);
  return vm.answer(1, vm.memory.fetchPointer(code, index - 1));
};

/** The header may be replaced only by one with as many literals: the bytecodes stay where they are. */
const objectAtPut: Primitive = (vm) => {
  const { memory } = vm;
  const code = vm.stackValue(2);
  if (!isCompiledCode(memory, code)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const literals = literalCountOf(memory, code);
  const index = integerWithin(vm.stackValue(1), 1, literals + 1);
  if (index === undefined) return vm.fail(PrimitiveError.BAD_INDEX);
  if (memory.isImmutable(code)) return vm.fail(PrimitiveError.NO_MODIFICATION);
  const value = vm.stackValue(0);
  if (index === 1 && (!isSmallInteger(value) || (smallIntegerValue(value) & 0x7fff) !== literals))
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  memory.storePointer(code, index - 1, value);
  vm.cache.flush();
  return vm.answer(2, value);
};

const isReadOnly: Primitive = (vm, argumentCount) => {
  const object = vm.stackValue(0);
  return vm.answer(argumentCount, vm.memory.booleanOop(isImmediate(object) || vm.memory.isImmutable(object)));
};

/** Answers what it was before. Contexts and processes must stay writable: the VM writes them. */
const setReadOnly: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const object = vm.stackValue(1);
  const flag = vm.stackValue(0);
  if (flag !== memory.true && flag !== memory.false) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (isImmediate(object) || memory.classIndexOfObject(object) === ClassIndex.CONTEXT)
    return vm.fail(PrimitiveError.INAPPROPRIATE);
  const before = memory.booleanOop(memory.isImmutable(object));
  memory.setImmutable(object, flag === memory.true);
  return vm.answer(argumentCount, before);
};

const pointsTo: Primitive = (vm) => {
  const { memory } = vm;
  const object = vm.stackValue(1);
  const target = vm.stackValue(0);
  if (isImmediate(object)) return vm.answer(1, memory.false);
  let slots = 0;
  if (memory.isPointers(object)) slots = visibleSlots(vm, object);
  else if (memory.isCompiledMethod(object)) slots = literalCountOf(memory, object) + 1;
  for (let index = 0; index < slots; index++)
    if (memory.fetchPointer(object, index) === target) return vm.answer(1, memory.true);
  return vm.answer(1, memory.false);
};

/** A shallow copy: same class and contents, an identity hash of its own, never read only. */
const shallowCopy: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const object = vm.stackValue(0);
  if (isImmediate(object)) return vm.answer(argumentCount, object);
  const slots = memory.slotCountOf(object);
  if (!memory.hasRoomFor(slots)) return vm.fail(PrimitiveError.NO_MEMORY);
  const copy = memory.allocateUnfilled(memory.classIndexOfObject(object), memory.formatOf(object), slots);
  const visible = memory.isPointers(object) ? visibleSlots(vm, object) : slots;
  const first = (object >> 2) + 2;
  const target = (copy >> 2) + 2;
  memory.i32.copyWithin(target, first, first + visible);
  memory.i32.fill(memory.nil, target + visible, target + slots);
  if (memory.classIndexOfObject(copy) === ClassIndex.CONTEXT) vm.contexts.expose(copy);
  return vm.answer(argumentCount, copy);
};

/** `copyFrom: anObject` of the same class and size. */
const copyFrom: Primitive = (vm) => {
  const { memory } = vm;
  const object = vm.stackValue(1);
  const source = vm.stackValue(0);
  if (isImmediate(object) || memory.classIndexOfObject(object) === ClassIndex.CONTEXT)
    return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (memory.isImmutable(object)) return vm.fail(PrimitiveError.NO_MODIFICATION);
  if (isImmediate(source) || memory.classIndexOfObject(source) !== memory.classIndexOfObject(object))
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const slots = memory.slotCountOf(object);
  if (memory.slotCountOf(source) !== slots || memory.formatOf(source) !== memory.formatOf(object))
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (memory.isPointers(object)) {
    for (let index = 0; index < slots; index++) memory.storePointer(object, index, memory.fetchPointer(source, index));
  } else if (memory.isCompiledMethod(object)) {
    return vm.fail(PrimitiveError.BAD_RECEIVER);
  } else {
    memory.i32.copyWithin((object >> 2) + 2, (source >> 2) + 2, (source >> 2) + 2 + slots);
  }
  return vm.answer(1, object);
};

export const objectAccessPrimitives = failing(
  ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_INDEX', 'INAPPROPRIATE', 'NO_MODIFICATION', 'NO_MEMORY'],
  [
    { number: 68, name: 'primitiveObjectAt', selectors: 'objectAt:', takes: 1, run: objectAt },
    { number: 69, name: 'primitiveObjectAtPut', selectors: 'objectAt:put:', takes: 2, run: objectAtPut },
    { number: 73, name: 'primitiveInstVarAt', selectors: 'instVarAt:', takes: [1, 2], run: slotAt },
    { number: 74, name: 'primitiveInstVarAtPut', selectors: 'instVarAt:put:', takes: [2, 3], run: slotAtPut },
    { number: 132, name: 'primitiveObjectPointsTo', selectors: 'pointsTo:', takes: 1, run: pointsTo },
    { number: 148, name: 'primitiveClone', selectors: 'shallowCopy', takes: [0, 1], run: shallowCopy },
    { number: 163, name: 'primitiveGetImmutability', selectors: 'isReadOnlyObject', takes: [0, 1], run: isReadOnly },
    {
      number: 164,
      name: 'primitiveSetImmutability',
      selectors: 'setIsReadOnlyObject:',
      takes: [1, 2],
      run: setReadOnly,
    },
    { number: 168, name: 'primitiveCopyObject', selectors: 'copyFrom:', takes: 1, run: copyFrom },
    { number: 173, name: 'primitiveSlotAt', selectors: 'slotAt:', takes: [1, 2], run: slotAt },
    { number: 174, name: 'primitiveSlotAtPut', selectors: 'slotAt:put:', takes: [2, 3], run: slotAtPut },
  ],
);
