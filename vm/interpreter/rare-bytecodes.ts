/**
 * What bytecodes do that is too rare or too long to stand in the loop. Contract for all: the loop has stored pc and sp, and
 * reads them back afterwards.
 */
import { Format } from '../memory/header.ts';
import { headerArgumentCount, headerIsSista, methodHeaderOf, methodNameOf } from '../memory/method-access.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import { type Oop, smallIntegerOop } from '../memory/oop.ts';
import { BlockClosureSlot, ClassIndex, ClosureSlot, ContextSlot, SpecialObject } from '../memory/well-known.ts';
import { VMBug } from '../vm-bug.ts';
import type { Interpreter } from './interpreter.ts';
import { FIRST_QUICK_PRIMITIVE } from './primitive-table.ts';

/** Operand bits of `pushFullClosure`. */
const RECEIVER_ON_STACK = 0x80;
const IGNORE_OUTER_CONTEXT = 0x40;
const COPIED_COUNT_MASK = 0x3f;
/** Operand bit of `pushNewArray`: the elements come from the stack. */
const POP_ELEMENTS = 0x80;
/** Quick primitives from here answer an instance variable. */
const FIRST_QUICK_VARIABLE = 264;

/** `( receiver? copied... -- closure )` */
export function makeClosure(vm: Interpreter, code: Oop, flags: number, receiver: Oop): void {
  const { memory } = vm;
  const copied = flags & COPIED_COUNT_MASK;
  const closure = memory.allocateUnfilled(
    ClassIndex.FULL_BLOCK_CLOSURE,
    Format.FIXED_AND_INDEXABLE,
    ClosureSlot.FIRST_COPIED + copied,
  );
  for (let i = 0; i < copied; i++)
    memory.storePointer(closure, ClosureSlot.FIRST_COPIED + i, vm.stackValue(copied - 1 - i));
  vm.sp -= copied;
  let blockReceiver = receiver;
  if ((flags & RECEIVER_ON_STACK) !== 0) blockReceiver = memory.i32[vm.sp--]! as Oop;
  let outer = memory.nil;
  if ((flags & IGNORE_OUTER_CONTEXT) === 0) {
    outer = vm.context;
    vm.contexts.keep(outer);
  }
  memory.storePointer(closure, ClosureSlot.OUTER_CONTEXT, outer);
  memory.storePointer(closure, ClosureSlot.CODE, code);
  memory.storePointer(
    closure,
    ClosureSlot.ARGUMENT_COUNT,
    smallIntegerOop(headerArgumentCount(methodHeaderOf(memory, code))),
  );
  memory.storePointer(closure, ClosureSlot.RECEIVER, blockReceiver);
  vm.push(closure);
}

/** V3's `( copied... -- closure )`: the code lies in the running method, from the stored pc on. */
export function makeBlockClosure(vm: Interpreter, copied: number, argumentCount: number): void {
  const { memory } = vm;
  const closure = memory.allocateUnfilled(
    ClassIndex.BLOCK_CLOSURE,
    Format.FIXED_AND_INDEXABLE,
    BlockClosureSlot.FIRST_COPIED + copied,
  );
  for (let i = 0; i < copied; i++)
    memory.storePointer(closure, BlockClosureSlot.FIRST_COPIED + i, vm.stackValue(copied - 1 - i));
  vm.sp -= copied;
  vm.contexts.keep(vm.context);
  const method = memory.fetchPointer(vm.context, ContextSlot.METHOD);
  memory.storePointer(closure, BlockClosureSlot.OUTER_CONTEXT, vm.context);
  memory.storePointer(closure, BlockClosureSlot.START_PC, smallIntegerOop(vm.pc - memory.bodyOf(method) + 1));
  memory.storePointer(closure, BlockClosureSlot.ARGUMENT_COUNT, smallIntegerOop(argumentCount));
  vm.push(closure);
}

/** `( element... -- array )`, or `( -- array )` of nils. */
export function pushNewArray(vm: Interpreter, operand: number): void {
  const { memory } = vm;
  const size = operand & ~POP_ELEMENTS;
  vm.push((operand & POP_ELEMENTS) !== 0 ? vm.popToArray(size) : memory.newArray(size));
}

/** A conditional jump met `value`, which is no Boolean: asks it. The context goes on behind the jump. */
export function mustBeBoolean(vm: Interpreter, value: Oop): void {
  vm.push(value);
  vm.send(vm.memory.specialObject(SpecialObject.SELECTOR_MUST_BE_BOOLEAN), 0);
}

/** A store into an object that is read only: the image decides. What the method answers stays on the stack, as in Spur. */
export function attemptToAssign(vm: Interpreter, object: Oop, slotIndex: number, value: Oop): void {
  vm.push(object);
  vm.push(value);
  vm.push(smallIntegerOop(slotIndex + 1));
  vm.send(vm.memory.specialObject(SpecialObject.SELECTOR_ATTEMPT_TO_ASSIGN), 2);
}

/** What a method answers whose whole code is a primitive from 256 up. */
export function quickReturnValue(memory: ObjectMemory, primitive: number, receiver: Oop): Oop {
  if (primitive >= FIRST_QUICK_VARIABLE) return memory.fetchPointer(receiver, primitive - FIRST_QUICK_VARIABLE);
  switch (primitive - FIRST_QUICK_PRIMITIVE) {
    case 0:
      return receiver;
    case 1:
      return memory.true;
    case 2:
      return memory.false;
    case 3:
      return memory.nil;
    default:
      // 260 to 263: -1, 0, 1, 2
      return smallIntegerOop(primitive - FIRST_QUICK_PRIMITIVE - 5);
  }
}

export function badBytecode(vm: Interpreter, bytecode: number): never {
  const { memory, context } = vm;
  const method = memory.fetchPointer(context, ContextSlot.METHOD);
  const isSista = headerIsSista(methodHeaderOf(memory, method));
  throw new VMBug(
    'unknown-bytecode',
    `${methodNameOf(memory, method)} has bytecode ${bytecode} at offset ${vm.pc - 1 - memory.bodyOf(method)}, which ${isSista ? 'Sista V1' : 'V3'} does not define here`,
    { context, method, pc: vm.pc - 1 },
  );
}
