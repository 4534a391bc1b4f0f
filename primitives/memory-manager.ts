/**
 * Primitives of the memory manager: 172 hands out what finalization is to be told of, 183 and 184 pin objects, 254 reads and
 * sets parameters of the memory. Pinning a young object moves it, so the registers are written back first.
 */
import { CACHE_ENTRIES } from '../vm/interpreter/method-cache.ts';
import type { Primitive } from '../vm/interpreter/primitive-table.ts';
import { isImmediate, NO_OOP } from '../vm/memory/oop.ts';
import { pin, unpin } from '../vm/memory/pinning.ts';
import { memoryParameter, setMemoryParameter, VM_PARAMETER_COUNT } from '../vm/memory/vm-parameters.ts';
import { ClassIndex, PrimitiveError, SpecialObject } from '../vm/memory/well-known.ts';
import { failing } from './failing.ts';
import { floatOperand, integerWithin, safeIntegerValue } from './operands.ts';

/** The next ephemeron whose key only ephemerons hold, or weak array that lost elements; nil when there is none. */
const fetchMourner: Primitive = (vm, argumentCount) => {
  const mourner = vm.memory.mourners.fetch();
  return vm.answer(argumentCount, mourner === NO_OOP ? vm.memory.nil : mourner);
};

const isPinned: Primitive = (vm, argumentCount) => {
  const object = vm.stackValue(argumentCount);
  return vm.answer(argumentCount, vm.memory.booleanOop(!isImmediate(object) && vm.memory.isPinned(object)));
};

/** Answers whether the object was pinned. Contexts are recycled and cannot be pinned. */
const setPinned: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const object = vm.stackValue(argumentCount);
  const flag = vm.stackValue(0);
  if (argumentCount !== 1 || (flag !== memory.true && flag !== memory.false))
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (isImmediate(object) || memory.classIndexOfObject(object) === ClassIndex.CONTEXT)
    return vm.fail(PrimitiveError.BAD_RECEIVER);
  const before = memory.isPinned(object);
  if (flag === memory.false) unpin(memory, object);
  else if (!memory.isYoung(object)) pin(memory, vm.gc, object);
  else vm.movingObjects(() => void pin(memory, vm.gc, object));
  return vm.answer(argumentCount, memory.booleanOop(before));
};

const bytesLeft: Primitive = (vm, argumentCount) => {
  if (argumentCount > 1) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  return vm.answer(argumentCount, vm.memory.integerOop(BigInt(vm.memory.roomBytes)));
};

/** Makes sure that so many bytes more can be allocated; the heap grows where it has to. */
const growMemory: Primitive = (vm) => {
  const bytes = integerWithin(vm.stackValue(0), 0, 2 ** 30);
  if (bytes === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  return vm.memory.hasRoomFor(bytes >> 2) ? vm.answer(1, vm.stackValue(0)) : vm.fail(PrimitiveError.NO_MEMORY);
};

/** The semaphore to signal when room is low, nil for none. */
const lowSpaceSemaphore: Primitive = (vm) => {
  const { memory } = vm;
  const semaphore = vm.stackValue(0);
  if (semaphore !== memory.nil && !vm.scheduler.isSemaphore(semaphore)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  memory.storePointer(memory.specialObjects, SpecialObject.LOW_SPACE_SEMAPHORE, semaphore);
  return vm.answer(1, vm.stackValue(1));
};

/** Room below which it is signalled; the VM's own threshold is the least. */
const signalAtBytesLeft: Primitive = (vm) => {
  const bytes = integerWithin(vm.stackValue(0), 0, Number.MAX_SAFE_INTEGER);
  if (bytes === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  vm.safepoint.lowSpace.wantedBytes = bytes;
  return vm.answer(1, vm.stackValue(1));
};

/** Without arguments all parameters, in an Array; with one its value or nil; with two sets it and answers what it was. */
const parameter: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const valueAt = (index: number) => {
    const value = memoryParameter(memory, vm.gc.statistics, index);
    if (value === undefined) return memory.nil;
    return Number.isInteger(value) ? memory.integerOop(BigInt(value)) : memory.newFloat(value);
  };
  if (argumentCount === 0) {
    const array = memory.newArray(VM_PARAMETER_COUNT);
    for (let index = 1; index <= VM_PARAMETER_COUNT; index++) memory.storePointer(array, index - 1, valueAt(index));
    return vm.answer(0, array);
  }
  const index = integerWithin(vm.stackValue(argumentCount - 1), 1, VM_PARAMETER_COUNT);
  if (index === undefined) return vm.fail(PrimitiveError.BAD_INDEX);
  const before = valueAt(index);
  if (argumentCount === 1) return vm.answer(1, before);
  // Ratios are Floats.
  const value = safeIntegerValue(memory, vm.stackValue(0)) ?? floatOperand(memory, vm.stackValue(0));
  if (value === undefined || !(value >= 0)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (!setMemoryParameter(memory, index, value)) return vm.fail(PrimitiveError.INAPPROPRIATE);
  return vm.answer(2, before);
};

/** Entries, entries in use, misses, evictions, flushes of the method cache. */
const methodCacheStatistics: Primitive = (vm, argumentCount) => {
  const { memory, cache } = vm;
  const counts = [CACHE_ENTRIES, cache.entriesInUse, cache.misses, cache.evictions, cache.flushes];
  const array = memory.newArray(counts.length);
  for (const [i, count] of counts.entries()) memory.storePointer(array, i, memory.integerOop(BigInt(count)));
  return vm.answer(argumentCount, array);
};

export const memoryManagerPrimitives = failing(
  ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_INDEX', 'INAPPROPRIATE'],
  [
    {
      number: 112,
      name: 'primitiveBytesLeft',
      selectors: 'primBytesLeft bytesLeft:',
      takes: [0, 1],
      fails: ['BAD_NUMBER_OF_ARGUMENTS'],
      run: bytesLeft,
    },
    {
      number: 124,
      name: 'primitiveLowSpaceSemaphore',
      selectors: 'primLowSpaceSemaphore:',
      takes: 1,
      fails: ['BAD_ARGUMENT'],
      run: lowSpaceSemaphore,
    },
    {
      number: 125,
      name: 'primitiveSignalAtBytesLeft',
      selectors: 'primSignalAtBytesLeft:',
      takes: 1,
      fails: ['BAD_ARGUMENT'],
      run: signalAtBytesLeft,
    },
    {
      number: 180,
      name: 'primitiveGrowMemoryByAtLeast',
      selectors: 'growMemoryByAtLeast:',
      takes: 1,
      fails: ['BAD_ARGUMENT', 'NO_MEMORY'],
      run: growMemory,
    },
    { number: 172, name: 'primitiveFetchNextMourner', selectors: 'fetchMourner', takes: 0, run: fetchMourner },
    { number: 183, name: 'primitiveIsPinned', selectors: 'isPinned', takes: 0, run: isPinned },
    { number: 184, name: 'primitivePin', selectors: 'setPinnedInMemory:', takes: 1, run: setPinned },
    { number: 254, name: 'primitiveVMParameter', selectors: 'vmParameterAt:', takes: [0, 1, 2], run: parameter },
    { module: 'SafeFFIHost', name: 'primitiveMethodCacheStatistics', run: methodCacheStatistics },
  ],
);
