/**
 * Primitives of identity, class, instances and `become:`, and those that tell the VM that methods changed. `become:` rewrites
 * references all over the heap, so it runs with the registers written back.
 */
import { CONTEXT_SLACK } from '../vm/interpreter/context-pool.ts';
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { Primitive } from '../vm/interpreter/primitive-table.ts';
import { becomeAll } from '../vm/memory/become.ts';
import { FORMAT_MASK, FORMAT_SHIFT, Format } from '../vm/memory/header.ts';
import type { ObjectMemory } from '../vm/memory/object-memory.ts';
import {
  characterOop,
  characterValue,
  isCharacter,
  isImmediate,
  isSmallInteger,
  NO_OOP,
  type Oop,
  smallIntegerOop,
  smallIntegerValue,
} from '../vm/memory/oop.ts';
import { ClassIndex, PrimitiveError } from '../vm/memory/well-known.ts';
import { failing } from './failing.ts';
import { elementKindOf, integerWithin, isArray, isBehavior, isCompiledCode } from './operands.ts';

const MAX_CODE_POINT = 0x3fffffff;
/** More elements than any heap holds. */
const MAX_ELEMENTS = 2 ** 30 - 1;

const hasInstances = (format: number): boolean =>
  format <= Format.EPHEMERON || (format >= Format.BITS_64 && format < Format.COMPILED_METHOD);

const basicNew: Primitive = (vm) => {
  const { memory } = vm;
  const behavior = vm.stackValue(0);
  if (!isBehavior(memory, behavior) || !hasInstances(memory.instanceFormatOf(behavior)))
    return vm.fail(PrimitiveError.BAD_RECEIVER);
  const oop = memory.instantiate(behavior);
  return oop === NO_OOP ? vm.fail(PrimitiveError.NO_MEMORY) : vm.answer(0, oop);
};

const basicNewSized: Primitive = (vm) => {
  const { memory } = vm;
  const behavior = vm.stackValue(1);
  if (!isBehavior(memory, behavior)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const format = memory.instanceFormatOf(behavior);
  if (elementKindOf(format) === 'none' || format === Format.EPHEMERON || !hasInstances(format))
    return vm.fail(PrimitiveError.BAD_RECEIVER);
  const size = integerWithin(vm.stackValue(0), 0, MAX_ELEMENTS);
  if (size === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const isContext = memory.indexOfClass(behavior) === ClassIndex.CONTEXT;
  const oop = memory.instantiate(behavior, isContext ? size + CONTEXT_SLACK : size);
  return oop === NO_OOP ? vm.fail(PrimitiveError.NO_MEMORY) : vm.answer(1, oop);
};

/** `newMethod: byteCount header: header`: nil literals, zero bytecodes. */
const newMethod: Primitive = (vm) => {
  const { memory } = vm;
  const behavior = vm.stackValue(2);
  if (!isBehavior(memory, behavior) || memory.instanceFormatOf(behavior) < Format.COMPILED_METHOD)
    return vm.fail(PrimitiveError.BAD_RECEIVER);
  const bytecodes = integerWithin(vm.stackValue(1), 0, 1 << 20);
  const header = vm.stackValue(0);
  if (bytecodes === undefined || !isSmallInteger(header)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const literals = smallIntegerValue(header) & 0x7fff;
  const byteCount = 4 * (literals + 1) + bytecodes;
  const slots = (byteCount + 3) >> 2;
  if (!memory.hasRoomFor(slots)) return vm.fail(PrimitiveError.NO_MEMORY);
  const format = Format.COMPILED_METHOD + (-byteCount & 3);
  const method = memory.allocateBits(memory.indexOfClass(behavior), format, slots);
  memory.storePointer(method, 0, header);
  for (let literal = 1; literal <= literals; literal++) memory.storePointer(method, literal, memory.nil);
  return vm.answer(2, method);
};

// become:

type Becoming = 'both ways' | 'one way' | 'one way, hashes stay';

/** One way, the hash goes along with the references unless an argument says otherwise. */
const become =
  (kind: Becoming): Primitive =>
  (vm, argumentCount) => {
    const { memory } = vm;
    const from = vm.stackValue(argumentCount);
    const to = vm.stackValue(argumentCount - 1);
    if (!isArray(memory, from)) return vm.fail(PrimitiveError.BAD_RECEIVER);
    if (!isArray(memory, to)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const twoWay = kind === 'both ways';
    const copyHash = kind === 'one way' && (argumentCount === 1 || vm.stackValue(0) === memory.true);
    let code = 0;
    vm.movingObjects(() => {
      code = becomeAll(memory, elementsOfArray(memory, from), elementsOfArray(memory, to), { twoWay, copyHash });
    });
    return code === 0 ? vm.answer(argumentCount, vm.stackValue(argumentCount)) : vm.fail(code);
  };

function elementsOfArray(memory: ObjectMemory, array: Oop): Oop[] {
  const first = (array >> 2) + 2;
  return Array.from(memory.i32.subarray(first, first + memory.slotCountOf(array))) as Oop[];
}

// Identity and class

const identityHash: Primitive = (vm, argumentCount) => {
  const oop = vm.stackValue(0);
  if (isSmallInteger(oop)) return vm.answer(argumentCount, oop);
  if (isCharacter(oop)) return vm.answer(argumentCount, smallIntegerOop(characterValue(oop)));
  return vm.answer(argumentCount, smallIntegerOop(vm.memory.identityHashOf(oop)));
};

/** A class's hash is its index in the class table, where it is entered if need be. */
const behaviorHash: Primitive = (vm, argumentCount) => {
  const behavior = vm.stackValue(0);
  if (!isBehavior(vm.memory, behavior)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  return vm.answer(argumentCount, smallIntegerOop(vm.memory.indexOfClass(behavior)));
};

const identical =
  (wanted: boolean): Primitive =>
  (vm, argumentCount) =>
    vm.answer(argumentCount, vm.memory.booleanOop((vm.stackValue(0) === vm.stackValue(1)) === wanted));

const classOf: Primitive = (vm, argumentCount) => vm.answer(argumentCount, vm.memory.classOf(vm.stackValue(0)));

const characterValueOf: Primitive = (vm, argumentCount) => {
  const codePoint = integerWithin(vm.stackValue(0), 0, MAX_CODE_POINT);
  if (codePoint === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  return vm.answer(argumentCount, characterOop(codePoint));
};

const immediateAsInteger: Primitive = (vm, argumentCount) => {
  const oop = vm.stackValue(0);
  if (isSmallInteger(oop)) return vm.answer(argumentCount, oop);
  if (isCharacter(oop)) return vm.answer(argumentCount, smallIntegerOop(characterValue(oop)));
  return vm.fail(PrimitiveError.BAD_RECEIVER);
};

/** Makes `object` an instance of `behavior` if their layouts agree: same kind of slots, and as many named ones. */
function changeClass(vm: Interpreter, object: Oop, behavior: Oop): boolean {
  const { memory } = vm;
  if (isImmediate(object) || !isBehavior(memory, behavior)) return false;
  const classIndex = memory.classIndexOfObject(object);
  const wanted = memory.instanceFormatOf(behavior);
  const format = memory.formatOf(object);
  if (classIndex === ClassIndex.CONTEXT || memory.isImmutable(object)) return false;
  if (memory.indexOfClass(behavior) === ClassIndex.CONTEXT) return false;
  if (memory.isPointers(object)) {
    const fixed = memory.fixedSlotsOf(behavior);
    if (wanted > Format.EPHEMERON || memory.slotCountOf(object) < fixed) return false;
    if (elementKindOf(wanted) === 'none' && memory.slotCountOf(object) !== fixed) return false;
    setFormat(memory, object, wanted);
  } else if (
    elementKindOf(wanted) !== elementKindOf(format) ||
    wanted >= Format.COMPILED_METHOD !== memory.isCompiledMethod(object)
  ) {
    return false;
  }
  memory.setClassIndex(object, memory.indexOfClass(behavior));
  return true;
}

function setFormat(memory: ObjectMemory, object: Oop, format: number): void {
  const word = object >> 2;
  memory.i32[word] = (memory.i32[word]! & ~(FORMAT_MASK << FORMAT_SHIFT)) | (format << FORMAT_SHIFT);
}

const changeClassTo: Primitive = (vm) => {
  const argument = vm.stackValue(0);
  if (!changeClass(vm, vm.stackValue(1), vm.memory.classOf(argument))) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  return vm.answer(1, vm.stackValue(1));
};

const adoptInstance: Primitive = (vm, argumentCount) => {
  if (!changeClass(vm, vm.stackValue(0), vm.stackValue(1))) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  return vm.answer(argumentCount, vm.stackValue(argumentCount));
};

// Method cache

const flushAll: Primitive = (vm, argumentCount) => {
  vm.cache.flush();
  return vm.answer(argumentCount, vm.stackValue(argumentCount));
};

const flushMethod: Primitive = (vm, argumentCount) => {
  if (!isCompiledCode(vm.memory, vm.stackValue(0))) return vm.fail(PrimitiveError.BAD_RECEIVER);
  vm.cache.flushMethod(vm.stackValue(0));
  return vm.answer(argumentCount, vm.stackValue(0));
};

const flushSelector: Primitive = (vm, argumentCount) => {
  vm.cache.flushSelector(vm.stackValue(0));
  return vm.answer(argumentCount, vm.stackValue(0));
};

const specialObjectsArray: Primitive = (vm, argumentCount) => vm.answer(argumentCount, vm.memory.specialObjects);

export const objectPrimitives = failing(
  ['BAD_RECEIVER', 'BAD_ARGUMENT', 'GENERIC', 'INAPPROPRIATE', 'NO_MODIFICATION', 'NO_MEMORY'],
  [
    { number: 248, name: 'primitiveArrayBecomeOneWayNoCopyHash', takes: 1, run: become('one way, hashes stay') },
    { number: 70, name: 'primitiveNew', selectors: 'basicNew', takes: 0, run: basicNew },
    { number: 71, name: 'primitiveNewWithArg', selectors: 'basicNew:', takes: 1, run: basicNewSized },
    {
      number: 72,
      name: 'primitiveArrayBecomeOneWay',
      selectors: 'elementsForwardIdentityTo:',
      takes: [1, 2],
      run: become('one way'),
    },
    { number: 75, name: 'primitiveIdentityHash', selectors: 'identityHash', takes: [0, 1], run: identityHash },
    { number: 79, name: 'primitiveNewMethod', selectors: 'newMethod:header:', takes: 2, run: newMethod },
    { number: 89, name: 'primitiveFlushCache', selectors: 'Behavior>>flushCache', takes: 0, run: flushAll },
    { number: 110, name: 'primitiveIdentical', selectors: '==', takes: [1, 2], run: identical(true) },
    { number: 111, name: 'primitiveClass', selectors: 'class', takes: [0, 1], run: classOf },
    { number: 115, name: 'primitiveChangeClass', selectors: 'primitiveChangeClassTo:', takes: 1, run: changeClassTo },
    {
      number: 116,
      name: 'primitiveFlushCacheByMethod',
      selectors: 'CompiledMethod>>flushCache',
      takes: [0, 1],
      run: flushMethod,
    },
    {
      number: 119,
      name: 'primitiveFlushCacheBySelector',
      selectors: 'Symbol>>flushCache',
      takes: [0, 1],
      run: flushSelector,
    },
    {
      number: 128,
      name: 'primitiveArrayBecome',
      selectors: 'elementsExchangeIdentityWith:',
      takes: 1,
      run: become('both ways'),
    },
    {
      number: 129,
      name: 'primitiveSpecialObjectsOop',
      selectors: 'specialObjectsArray',
      takes: [0, 1],
      run: specialObjectsArray,
    },
    { number: 160, name: 'primitiveAdoptInstance', selectors: 'adoptInstance:', takes: [1, 2], run: adoptInstance },
    { number: 169, name: 'primitiveNotIdentical', selectors: '~~', takes: [1, 2], run: identical(false) },
    { number: 170, name: 'primitiveAsCharacter', selectors: 'value:', takes: [0, 1], run: characterValueOf },
    {
      number: 171,
      name: 'primitiveImmediateAsInteger',
      selectors: 'asInteger',
      takes: [0, 1],
      run: immediateAsInteger,
    },
    { number: 175, name: 'primitiveBehaviorHash', selectors: 'identityHash', takes: [0, 1], run: behaviorHash },
    {
      number: 249,
      name: 'primitiveArrayBecomeOneWayCopyHashArg',
      selectors: 'elementsForwardIdentityTo:copyHash:',
      takes: [1, 2],
      run: become('one way'),
    },
  ],
);
