/**
 * What bytecodes do that is too rare or too long to stand in the loop. Contract for all: the loop has stored pc and sp, and
 * reads them back afterwards.
 */
import { homeOf } from '../memory/contexts.ts';
import { Format } from '../memory/header.ts';
import {
  bytecodeStartOf,
  headerArgumentCount,
  headerIsSista,
  methodHeaderOf,
  methodNameOf,
} from '../memory/method-access.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import { isImmediate, type Oop, smallIntegerOop } from '../memory/oop.ts';
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

/** True when a branch on the value's class is taken: `classes` is a class or an Array of them. */
export function branchByClass(vm: Interpreter, value: Oop, classes: Oop, jumpsIfInstance: boolean): boolean {
  const { memory } = vm;
  const behavior = memory.classOf(value);
  let isInstance = behavior === classes;
  if (!isImmediate(classes) && memory.classIndexOfObject(classes) === ClassIndex.ARRAY)
    for (let i = memory.slotCountOf(classes) - 1; i >= 0 && !isInstance; i--)
      isInstance = memory.fetchPointer(classes, i) === behavior;
  return isInstance === jumpsIfInstance;
}

/**
 * The code has a bytecode that is not defined, or an inlined primitive whose operands are not what its compiler promised: the
 * active context is sent #unusedBytecode, with its pc at the instruction, prefixes included. `pc` lies `length` bytes behind the
 * bytecode. An image that has no such selector cannot be told.
 */
export function unknownBytecode(vm: Interpreter, length: number): void {
  const { memory } = vm;
  const method = memory.fetchPointer(homeOf(memory, vm.context), ContextSlot.METHOD);
  const bytecode = memory.u8[vm.pc - length]!;
  const isSista = headerIsSista(methodHeaderOf(memory, method));
  const selector = memory.specialObject(SpecialObject.SELECTOR_UNKNOWN_BYTECODE);
  if (selector === memory.nil)
    throw new VMBug(
      'unknown-bytecode',
      `${methodNameOf(memory, method)} has bytecode ${bytecode} at offset ${vm.pc - length - memory.bodyOf(method)}, which ${isSista ? 'Sista V1' : 'V3'} does not define, and the image has no #unusedBytecode to be told`,
      { context: vm.context, method, pc: vm.pc - length },
    );
  vm.pc = isSista ? firstPrefix(memory, method, vm.pc - length) : vm.pc - length;
  vm.push(vm.activeContext());
  vm.send(selector, 0);
}

/** Where the prefixes of the instruction at `pc` begin: found from the start, because operands may look like prefixes. */
function firstPrefix(memory: ObjectMemory, method: Oop, pc: number): number {
  let at = bytecodeStartOf(memory, method);
  let start = at;
  let isExtended = false;
  while (at < pc) {
    if (!isExtended) start = at;
    const byte = memory.u8[at]!;
    isExtended = byte === 224 || byte === 225;
    at += byte < 224 ? 1 : byte < 248 ? 2 : 3;
  }
  return isExtended ? start : pc;
}
