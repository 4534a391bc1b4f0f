/**
 * How an image that came from V3 sees its methods and hashes (vm/memory/v3-objects.ts): these primitives stand in for those of the
 * same numbers. A method's header reads and is written as V3's, its bytes are counted without the hidden ones, and identity
 * hashes have 12 bits. On all other objects they are the standard ones.
 */
import type { Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { bytecodeOffsetOf, headerHasPrimitive, methodHeaderOf, primitiveNumberOf } from '../vm/memory/method-access.ts';
import type { ObjectMemory } from '../vm/memory/object-memory.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerOop, smallIntegerValue } from '../vm/memory/oop.ts';
import {
  HIDDEN_PRIMITIVE_BYTES,
  spurHeaderOfV3,
  V3_CALL_PRIMITIVE,
  V3_HASH_MASK,
  v3HeaderOfSpur,
  v3PrimitiveNumber,
} from '../vm/memory/v3-objects.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';

/** `standard` are the primitives that these stand in for. */
export function v3MethodPrimitives(standard: readonly PrimitiveDefinition[]): readonly PrimitiveDefinition[] {
  const by = (number: number): PrimitiveDefinition & { number: number } => {
    const found = standard.findLast((each) => 'number' in each && each.number === number);
    if (found === undefined || !('number' in found))
      throw new RangeError(`there is no primitive ${number} to stand in for`);
    return found;
  };
  const instead = (number: number, make: (original: Primitive) => Primitive): PrimitiveDefinition => ({
    ...by(number),
    run: make(by(number).run),
  });
  return [
    instead(60, (original) => withHiddenBytes(1, original)),
    instead(61, (original) => withHiddenBytes(2, original)),
    instead(62, sizeWithoutHiddenBytes),
    instead(68, headerAsV3),
    instead(69, headerFromV3),
    instead(75, shortHash),
    instead(79, newMethod),
  ];
}

function hiddenBytesOf(memory: ObjectMemory, oop: Oop): number {
  if (isImmediate(oop) || !memory.isCompiledMethod(oop)) return 0;
  return headerHasPrimitive(methodHeaderOf(memory, oop)) ? HIDDEN_PRIMITIVE_BYTES : 0;
}

/** `at:` and `at:put:`: bytes from the first bytecode on lie further back than the image thinks. */
const withHiddenBytes =
  (receiverAt: number, original: Primitive): Primitive =>
  (vm, argumentCount) => {
    const { memory } = vm;
    const method = vm.stackValue(receiverAt);
    const hidden = hiddenBytesOf(memory, method);
    const index = vm.stackValue(receiverAt - 1);
    if (hidden === 0 || !isSmallInteger(index) || smallIntegerValue(index) <= bytecodeOffsetOf(memory, method))
      return original(vm, argumentCount);
    const indexAt = vm.sp - receiverAt + 1;
    memory.i32[indexAt] = smallIntegerOop(smallIntegerValue(index) + hidden);
    if (original(vm, argumentCount)) return true;
    memory.i32[indexAt] = index;
    return false;
  };

const sizeWithoutHiddenBytes =
  (original: Primitive): Primitive =>
  (vm, argumentCount) => {
    const hidden = hiddenBytesOf(vm.memory, vm.stackValue(0));
    if (!original(vm, argumentCount)) return false;
    if (hidden !== 0) vm.memory.i32[vm.sp] = smallIntegerOop(smallIntegerValue(vm.stackValue(0)) - hidden);
    return true;
  };

const headerAsV3 =
  (original: Primitive): Primitive =>
  (vm, argumentCount) => {
    const { memory } = vm;
    const method = vm.stackValue(1);
    if (vm.stackValue(0) !== smallIntegerOop(1) || isImmediate(method) || !memory.isCompiledMethod(method))
      return original(vm, argumentCount);
    return vm.answer(
      1,
      smallIntegerOop(v3HeaderOfSpur(methodHeaderOf(memory, method), primitiveNumberOf(memory, method))),
    );
  };

/** The number of literals and whether there is a primitive are settled when a method is made. */
const headerFromV3 =
  (original: Primitive): Primitive =>
  (vm, argumentCount) => {
    const { memory } = vm;
    const method = vm.stackValue(2);
    const wanted = vm.stackValue(0);
    if (vm.stackValue(1) !== smallIntegerOop(1) || isImmediate(method) || !memory.isCompiledMethod(method))
      return original(vm, argumentCount);
    if (!isSmallInteger(wanted)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const header = spurHeaderOfV3(smallIntegerValue(wanted));
    const old = methodHeaderOf(memory, method);
    if ((header & 0x7fff) !== (old & 0x7fff) || headerHasPrimitive(header) !== headerHasPrimitive(old))
      return vm.fail(PrimitiveError.BAD_ARGUMENT);
    memory.storePointer(method, 0, smallIntegerOop(header));
    writePrimitive(memory, method, v3PrimitiveNumber(smallIntegerValue(wanted)));
    return vm.answer(2, wanted);
  };

const shortHash =
  (original: Primitive): Primitive =>
  (vm, argumentCount) => {
    if (!original(vm, argumentCount)) return false;
    vm.memory.i32[vm.sp] = smallIntegerOop(smallIntegerValue(vm.stackValue(0)) & V3_HASH_MASK);
    return true;
  };

const newMethod =
  (original: Primitive): Primitive =>
  (vm, argumentCount) => {
    const { memory } = vm;
    const byteCount = vm.stackValue(1);
    const wanted = vm.stackValue(0);
    if (!isSmallInteger(wanted) || !isSmallInteger(byteCount)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const primitive = v3PrimitiveNumber(smallIntegerValue(wanted));
    const { sp } = vm;
    memory.i32[sp] = smallIntegerOop(spurHeaderOfV3(smallIntegerValue(wanted)));
    if (primitive !== 0) memory.i32[sp - 1] = smallIntegerOop(smallIntegerValue(byteCount) + HIDDEN_PRIMITIVE_BYTES);
    if (original(vm, argumentCount)) {
      writePrimitive(memory, vm.stackValue(0), primitive);
      return true;
    }
    memory.i32[sp] = wanted;
    memory.i32[sp - 1] = byteCount;
    return false;
  };

function writePrimitive(memory: ObjectMemory, method: Oop, primitive: number): void {
  if (primitive === 0) return;
  const at = memory.bodyOf(method) + bytecodeOffsetOf(memory, method);
  memory.u8.set([V3_CALL_PRIMITIVE, primitive & 255, primitive >> 8], at);
}
