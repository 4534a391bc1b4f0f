/**
 * How large objects are (181, 182), objects made where they never move (596 to 599), and identity hashes that are set or asked for
 * without making one up (161, 176). Sizes count header and padding.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { FailureName, Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { Allocator } from '../vm/memory/allocator.ts';
import { Format, HASH_MASK, LAST_POINTER_FORMAT } from '../vm/memory/header.ts';
import { isImmediate, smallIntegerOop } from '../vm/memory/oop.ts';
import { pin, unpin } from '../vm/memory/pinning.ts';
import { V3_HASH_MASK } from '../vm/memory/v3-objects.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { elementKindOf, integerWithin, isBehavior } from './operands.ts';

const MAX_ELEMENTS = 2 ** 29;

const sizeInBytes: Primitive = (vm, argumentCount) => {
  const object = vm.stackValue(0);
  const bytes = isImmediate(object) ? 0 : Allocator.bytesFor(vm.memory.slotCountOf(object));
  return vm.answer(argumentCount, smallIntegerOop(bytes));
};

/** Slots of 4 bytes that so many elements of a format take. */
function slotsFor(format: number, elements: number): number {
  if (format <= LAST_POINTER_FORMAT || (format >= Format.BITS_32 && format < Format.BITS_16)) return elements;
  if (format >= Format.BYTES) return Math.ceil(elements / 4);
  return format >= Format.BITS_16 ? Math.ceil(elements / 2) : elements * 2;
}

/** With an argument, so many indexed elements. */
const sizeOfInstance: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  if (argumentCount > 1) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  const behavior = vm.stackValue(argumentCount);
  if (!isBehavior(memory, behavior)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const format = memory.instanceFormatOf(behavior);
  const elements = argumentCount === 0 ? 0 : integerWithin(vm.stackValue(0), 0, MAX_ELEMENTS);
  if (elements === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (format >= Format.COMPILED_METHOD || (elements > 0 && elementKindOf(format) === 'none'))
    return vm.fail(PrimitiveError.BAD_RECEIVER);
  const bytes = Allocator.bytesFor(memory.fixedSlotsOf(behavior) + slotsFor(format, elements));
  return vm.answer(argumentCount, memory.integerOop(BigInt(bytes)));
};

/** Makes an instance as `basicNew` or `basicNew:` does, in old space, pinned or not. */
const newInOldSpace =
  (basicNew: number, isPinned: boolean): Primitive =>
  (vm, argumentCount) => {
    const make = vm.primitives.functions[basicNew];
    if (make === undefined) return vm.fail(PrimitiveError.UNSUPPORTED);
    if (!make(vm, argumentCount)) return false;
    // The stack follows the object where it goes.
    moveToOldSpace(vm, isPinned);
    return true;
  };

function moveToOldSpace(vm: Interpreter, isPinned: boolean): void {
  vm.movingObjects(() => {
    const object = pin(vm.memory, vm.gc, vm.stackValue(0));
    if (!isPinned) unpin(vm.memory, object);
  });
}

/** No arguments: whether it has a hash. One: sets it, and answers the one before, 0 for none. A class's is its place in the class table. */
const setOrHasIdentityHash: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const object = vm.stackValue(argumentCount);
  if (argumentCount === 0)
    return vm.answer(0, memory.booleanOop(!isImmediate(object) && memory.hashBitsOf(object) !== 0));
  if (argumentCount !== 1) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  const hash = integerWithin(vm.stackValue(0), 1, HASH_MASK);
  if (hash === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (isImmediate(object) || memory.classAt(memory.hashBitsOf(object)) === object)
    return vm.fail(PrimitiveError.BAD_RECEIVER);
  const before = memory.hashBitsOf(object);
  memory.setIdentityHash(object, hash);
  vm.cache.flush();
  return vm.answer(1, smallIntegerOop(before));
};

const maxIdentityHash: Primitive = (vm, argumentCount) =>
  vm.answer(argumentCount, smallIntegerOop(vm.memory.isV3 ? V3_HASH_MASK : HASH_MASK));

const NEW_FAILS: readonly FailureName[] = ['BAD_RECEIVER', 'NO_MEMORY'];
const NEW_SIZED_FAILS: readonly FailureName[] = ['BAD_RECEIVER', 'BAD_ARGUMENT', 'NO_MEMORY'];
const BASIC_NEW = 70;
const BASIC_NEW_SIZED = 71;

export const allocationPrimitives: readonly PrimitiveDefinition[] = [
  {
    number: 161,
    name: 'primitiveSetOrHasIdentityHash',
    selectors: 'setIdentityHash: hasIdentityHash',
    takes: [0, 1],
    fails: ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_NUMBER_OF_ARGUMENTS'],
    run: setOrHasIdentityHash,
  },
  {
    number: 176,
    name: 'primitiveMaxIdentityHash',
    selectors: 'maxIdentityHash',
    takes: 0,
    fails: [],
    run: maxIdentityHash,
  },
  {
    number: 181,
    name: 'primitiveSizeInBytesOfInstance',
    selectors: 'byteSizeOfInstance byteSizeOfInstanceOfSize:',
    takes: [0, 1],
    fails: ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_NUMBER_OF_ARGUMENTS'],
    run: sizeOfInstance,
  },
  { number: 182, name: 'primitiveSizeInBytes', selectors: 'sizeInMemory', takes: 0, fails: [], run: sizeInBytes },
  {
    number: 596,
    name: 'primitiveNewOldSpace',
    selectors: 'basicNewTenured',
    takes: 0,
    fails: NEW_FAILS,
    run: newInOldSpace(BASIC_NEW, false),
  },
  {
    number: 597,
    name: 'primitiveNewWithArgOldSpace',
    selectors: 'basicNewTenured:',
    takes: 1,
    fails: NEW_SIZED_FAILS,
    run: newInOldSpace(BASIC_NEW_SIZED, false),
  },
  {
    number: 598,
    name: 'primitiveNewPinned',
    selectors: 'basicNewPinned',
    takes: 0,
    fails: NEW_FAILS,
    run: newInOldSpace(BASIC_NEW, true),
  },
  {
    number: 599,
    name: 'primitiveNewWithArgPinned',
    selectors: 'basicNewPinned:',
    takes: 1,
    fails: NEW_SIZED_FAILS,
    run: newInOldSpace(BASIC_NEW_SIZED, true),
  },
];
