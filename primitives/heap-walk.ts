/**
 * Primitives that walk the heap: all instances, all objects, one after the other. They first turn recycled contexts into
 * harmless ones, and make every context that they answer known (see ContextPool).
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { Primitive } from '../vm/interpreter/primitive-table.ts';
import { allInstancesOf, allObjects, firstObject, nextObject } from '../vm/memory/object-walk.ts';
import { isImmediate, NO_OOP, type Oop, smallIntegerOop } from '../vm/memory/oop.ts';
import { ClassIndex, PrimitiveError } from '../vm/memory/well-known.ts';
import { failing } from './failing.ts';

/** An oop that a walk found, safe to give to the program. */
function found(vm: Interpreter, oop: Oop): Oop {
  if (oop === NO_OOP) return vm.memory.nil;
  if (vm.memory.classIndexOfObject(oop) === ClassIndex.CONTEXT) vm.contexts.expose(oop);
  return oop;
}

function prepareWalk(vm: Interpreter): void {
  vm.writeRegisters();
  vm.contexts.retireFreeContexts();
}

/** The next instance of `behavior` after `oop`; NO_OOP for none. */
function nextInstanceAfter(vm: Interpreter, behavior: Oop, oop: Oop): Oop {
  let current = oop;
  do current = nextObject(vm.memory, current);
  while (current !== NO_OOP && vm.memory.classOf(current) !== behavior);
  return current;
}

const someInstance: Primitive = (vm, argumentCount) => {
  const behavior = vm.stackValue(0);
  prepareWalk(vm);
  const first = firstObject(vm.memory);
  const instance = vm.memory.classOf(first) === behavior ? first : nextInstanceAfter(vm, behavior, first);
  return instance === NO_OOP ? vm.fail(PrimitiveError.NOT_FOUND) : vm.answer(argumentCount, found(vm, instance));
};

const nextInstance: Primitive = (vm, argumentCount) => {
  const oop = vm.stackValue(0);
  if (isImmediate(oop)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  prepareWalk(vm);
  const instance = nextInstanceAfter(vm, vm.memory.classOf(oop), oop);
  return instance === NO_OOP ? vm.fail(PrimitiveError.NOT_FOUND) : vm.answer(argumentCount, found(vm, instance));
};

const someObject: Primitive = (vm, argumentCount) => {
  prepareWalk(vm);
  return vm.answer(argumentCount, found(vm, firstObject(vm.memory)));
};

/** 0 after the last. */
const objectAfter: Primitive = (vm, argumentCount) => {
  const oop = vm.stackValue(0);
  if (isImmediate(oop)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  prepareWalk(vm);
  const next = nextObject(vm.memory, oop);
  return vm.answer(argumentCount, next === NO_OOP ? smallIntegerOop(0) : found(vm, next));
};

const collected =
  (list: (vm: Interpreter, receiver: Oop) => Oop[]): Primitive =>
  (vm, argumentCount) => {
    const { memory } = vm;
    prepareWalk(vm);
    const objects = list(vm, vm.stackValue(0));
    if (!memory.hasRoomFor(objects.length)) return vm.fail(PrimitiveError.NO_MEMORY);
    const array = memory.newArray(objects.length);
    objects.forEach((oop, index) => {
      memory.storePointer(array, index, found(vm, oop));
    });
    return vm.answer(argumentCount, array);
  };

export const heapWalkPrimitives = failing(
  ['BAD_RECEIVER', 'NOT_FOUND', 'NO_MEMORY'],
  [
    { number: 77, name: 'primitiveSomeInstance', selectors: 'someInstance', takes: [0, 1], run: someInstance },
    { number: 78, name: 'primitiveNextInstance', selectors: 'nextInstance', takes: [0, 1], run: nextInstance },
    { number: 138, name: 'primitiveSomeObject', selectors: 'someObject', takes: [0, 1], run: someObject },
    { number: 139, name: 'primitiveNextObject', selectors: 'nextObject', takes: [0, 1], run: objectAfter },
    {
      number: 177,
      name: 'primitiveAllInstances',
      selectors: 'allInstances',
      takes: [0, 1],
      run: collected((vm, behavior) => allInstancesOf(vm.memory, behavior)),
    },
    {
      number: 178,
      name: 'primitiveAllObjects',
      selectors: 'allObjects',
      takes: [0, 1],
      run: collected((vm) => allObjects(vm.memory)),
    },
  ],
);
