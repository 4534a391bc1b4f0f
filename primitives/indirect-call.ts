/**
 * Primitives that run a primitive or a method that is data: 118 by number, 218 that of a method, 189 a method. Debuggers step with them. Where
 * the primitive fails they fail with its code, and the stack is as it was. Those that move or exchange objects, or that end in
 * this file again, are refused.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import {
  FIRST_QUICK_PRIMITIVE,
  LAST_QUICK_PRIMITIVE,
  NAMED_PRIMITIVE,
  type Primitive,
  type PrimitiveDefinition,
} from '../vm/interpreter/primitive-table.ts';
import { headerArgumentCount, methodHeaderOf, primitiveNumberOf } from '../vm/memory/method-access.ts';
import { isImmediate, type Oop, smallIntegerOop } from '../vm/memory/oop.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { visibleSlots } from './object-access.ts';
import { integerWithin, isArray, isCompiledCode } from './operands.ts';

const DO_PRIMITIVE = 118;
const DO_NAMED_PRIMITIVE = 218;
/** Snapshot, `become:` in its kinds, collections, pinning: the stack that a failure has to restore may have changed meanwhile. */
const REFUSED: ReadonlySet<number> = new Set([
  DO_PRIMITIVE,
  DO_NAMED_PRIMITIVE,
  NAMED_PRIMITIVE,
  72,
  97,
  128,
  130,
  131,
  184,
  248,
  249,
  598,
  599,
]);
const LARGEST_NUMBER = 1023;
const FIRST_VARIABLE_RETURN = 264;

/**
 * Puts receiver and values in the place of the `depth` stack values from the caller's receiver up, and runs the primitive. Where it fails
 * they are put back.
 */
function runOn(vm: Interpreter, run: Primitive, depth: number, receiver: Oop, values: Oop): boolean {
  const { memory } = vm;
  const count = memory.slotCountOf(values);
  const slots = (vm.context >> 2) + 2;
  const base = vm.sp - depth + 1;
  if (base + count >= slots + memory.slotCountOf(vm.context)) return vm.fail(PrimitiveError.LIMIT_EXCEEDED);
  const before = memory.i32.slice(base, base + depth);
  const { sp } = vm;
  memory.i32[base] = receiver;
  for (let i = 0; i < count; i++) memory.i32[base + 1 + i] = memory.fetchPointer(values, i);
  vm.sp = base + count;
  if (run(vm, count)) return true;
  vm.sp = sp;
  memory.i32.set(before, base);
  return false;
}

const constants = ({ memory }: Interpreter): readonly Oop[] => [
  memory.true,
  memory.false,
  memory.nil,
  smallIntegerOop(-1),
  smallIntegerOop(0),
  smallIntegerOop(1),
  smallIntegerOop(2),
];

/** What the interpreter does in line: answers self, a constant, an instance variable. */
const quickReturn =
  (number: number): Primitive =>
  (vm, argumentCount) => {
    const receiver = vm.stackValue(argumentCount);
    if (argumentCount !== 0) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
    if (number === FIRST_QUICK_PRIMITIVE) return vm.answer(0, receiver);
    if (number < FIRST_VARIABLE_RETURN) return vm.answer(0, constants(vm)[number - FIRST_QUICK_PRIMITIVE - 1]!);
    const index = number - FIRST_VARIABLE_RETURN;
    if (isImmediate(receiver) || !vm.memory.isPointers(receiver) || index >= visibleSlots(vm, receiver))
      return vm.fail(PrimitiveError.BAD_RECEIVER);
    return vm.answer(0, vm.memory.fetchPointer(receiver, index));
  };

/** `receiver tryPrimitive: number withArgs: array`; with 3 arguments the first is the receiver. */
const doPrimitive: Primitive = (vm, argumentCount) => {
  if (argumentCount !== 2 && argumentCount !== 3) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  const number = integerWithin(vm.stackValue(1), 1, LARGEST_NUMBER);
  const values = vm.stackValue(0);
  if (number === undefined || !isArray(vm.memory, values)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (REFUSED.has(number)) return vm.fail(PrimitiveError.INAPPROPRIATE);
  const isQuick = number >= FIRST_QUICK_PRIMITIVE && number <= LAST_QUICK_PRIMITIVE;
  const run = isQuick ? quickReturn(number) : vm.primitives.functions[number];
  if (run === undefined) {
    vm.primitives.noteMissing(number);
    return vm.fail(PrimitiveError.UNSUPPORTED);
  }
  if (!vm.primitives.takes(number, vm.memory.slotCountOf(values)))
    return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  return runOn(vm, run, argumentCount + 1, vm.stackValue(2), values);
};

/** `context tryNamedPrimitiveIn: method for: receiver withArgs: array`. */
const doNamedPrimitive: Primitive = (vm, argumentCount) => {
  const { memory, primitives } = vm;
  if (argumentCount !== 3) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  const method = vm.stackValue(2);
  const values = vm.stackValue(0);
  if (!isArray(memory, values) || !isCompiledCode(memory, method)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (primitiveNumberOf(memory, method) !== NAMED_PRIMITIVE) return vm.fail(PrimitiveError.BAD_METHOD);
  const index = primitives.indexFor(memory, method);
  const run = primitives.functions[index];
  if (run === undefined) {
    primitives.noteMissing(index);
    return vm.fail(PrimitiveError.NOT_FOUND);
  }
  if (!primitives.takes(index, memory.slotCountOf(values))) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  return runOn(vm, run, argumentCount + 1, vm.stackValue(1), values);
};

/** `receiver with: … executeMethod: method`: the method comes last. */
const executeMethod: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const method = vm.stackValue(0);
  if (argumentCount < 1 || !isCompiledCode(memory, method)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (headerArgumentCount(methodHeaderOf(memory, method)) !== argumentCount - 1)
    return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  vm.sp--;
  vm.newMethod = method;
  vm.newPrimitive = vm.primitives.indexFor(memory, method);
  vm.execute(argumentCount - 1);
  return true;
};

export const indirectCallPrimitives: readonly PrimitiveDefinition[] = [
  {
    number: DO_PRIMITIVE,
    name: 'primitiveDoPrimitiveWithArgs',
    selectors: 'tryPrimitive:withArgs:',
    takes: [2, 3],
    fails: ['BAD_ARGUMENT', 'BAD_NUMBER_OF_ARGUMENTS', 'INAPPROPRIATE', 'UNSUPPORTED', 'LIMIT_EXCEEDED'],
    run: doPrimitive,
  },
  {
    number: 189,
    name: 'primitiveExecuteMethod',
    selectors: 'executeMethod: with:executeMethod:',
    fails: ['BAD_ARGUMENT', 'BAD_NUMBER_OF_ARGUMENTS'],
    run: executeMethod,
  },
  {
    number: DO_NAMED_PRIMITIVE,
    name: 'primitiveDoNamedPrimitiveWithArgs',
    selectors: 'tryNamedPrimitiveIn:for:withArgs:',
    takes: 3,
    fails: ['BAD_ARGUMENT', 'BAD_NUMBER_OF_ARGUMENTS', 'BAD_METHOD', 'NOT_FOUND', 'LIMIT_EXCEEDED'],
    run: doNamedPrimitive,
  },
];
