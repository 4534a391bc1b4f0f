/**
 * Primitives of the memory manager: 172 hands out what finalization is to be told of, 183 and 184 pin objects, 254 reads and
 * sets parameters of the memory. Pinning a young object moves it, so the registers are written back first.
 */
import { CACHE_ENTRIES } from '../vm/interpreter/method-cache.ts';
import type { Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { isImmediate, NO_OOP } from '../vm/memory/oop.ts';
import { pin, unpin } from '../vm/memory/pinning.ts';
import { memoryParameter, setMemoryParameter, VM_PARAMETER_COUNT } from '../vm/memory/vm-parameters.ts';
import { ClassIndex, PrimitiveError } from '../vm/memory/well-known.ts';
import { integerWithin } from './operands.ts';

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

/** Without arguments all parameters, in an Array; with one its value or nil; with two sets it and answers what it was. */
const parameter: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const valueAt = (index: number) => {
    const value = memoryParameter(memory, vm.gc.statistics, index);
    return value === undefined ? memory.nil : memory.integerOop(BigInt(value));
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
  const value = integerWithin(vm.stackValue(0), 0, Number.MAX_SAFE_INTEGER);
  if (value === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
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

export const memoryManagerPrimitives: readonly PrimitiveDefinition[] = [
  { number: 172, name: 'fetchMourner', run: fetchMourner },
  { number: 183, name: 'isPinned', run: isPinned },
  { number: 184, name: 'setPinnedInMemory:', run: setPinned },
  { number: 254, name: 'vmParameterAt:', run: parameter },
  { module: 'SafeFFIHost', name: 'primitiveMethodCacheStatistics', run: methodCacheStatistics },
];
