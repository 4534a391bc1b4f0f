/**
 * Primitives 65 to 67: the next element of a stream, the next put, and whether it is at its end. Squeak's VMs have them no more, but images up
 * to Pharo Candle call them. A stream's first slots are its collection, position, read limit and write limit; collections are Arrays,
 * ByteArrays and ByteStrings, exactly those, so that no class's own `at:` is passed over. All else is left to the image's code.
 *
 * Source: Blue Book chapter 28, "Array and Stream Primitives".
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
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
import { integerWithin } from './operands.ts';

const StreamSlot = { COLLECTION: 0, POSITION: 1, READ_LIMIT: 2, WRITE_LIMIT: 3 } as const;
const LARGEST = 0x3fffffff;

interface StreamState {
  readonly stream: Oop;
  readonly collection: Oop;
  /** Elements before it. */
  readonly position: number;
  readonly limit: number;
}

function streamState(vm: Interpreter, stream: Oop, limitSlot: number): StreamState | undefined {
  const { memory } = vm;
  if (isImmediate(stream) || !memory.isPointers(stream) || memory.slotCountOf(stream) <= limitSlot) return undefined;
  if (memory.classIndexOfObject(stream) === ClassIndex.CONTEXT) return undefined;
  const position = integerWithin(memory.fetchPointer(stream, StreamSlot.POSITION), 0, LARGEST);
  const limit = integerWithin(memory.fetchPointer(stream, limitSlot), 0, LARGEST);
  if (position === undefined || limit === undefined) return undefined;
  return { stream, collection: memory.fetchPointer(stream, StreamSlot.COLLECTION), position, limit };
}

/** How many elements a collection has whose elements are known by its class; -1 for any other. */
function sizeOf(memory: ObjectMemory, collection: Oop): number {
  if (isImmediate(collection)) return -1;
  switch (memory.classIndexOfObject(collection)) {
    case ClassIndex.ARRAY:
      return memory.slotCountOf(collection);
    case ClassIndex.BYTE_ARRAY:
    case ClassIndex.BYTE_STRING:
      return memory.byteSizeOf(collection);
    default:
      return -1;
  }
}

function elementAt(memory: ObjectMemory, collection: Oop, index: number): Oop {
  const classIndex = memory.classIndexOfObject(collection);
  if (classIndex === ClassIndex.ARRAY) return memory.fetchPointer(collection, index);
  const byte = memory.u8[memory.bodyOf(collection) + index]!;
  return classIndex === ClassIndex.BYTE_ARRAY ? smallIntegerOop(byte) : characterOop(byte);
}

/** The byte that a value is as an element of the collection; -1 when it is none. */
function byteFor(memory: ObjectMemory, collection: Oop, value: Oop): number {
  const isText = memory.classIndexOfObject(collection) === ClassIndex.BYTE_STRING;
  if (isText ? !isCharacter(value) : !isSmallInteger(value)) return -1;
  const byte = isText ? characterValue(value) : smallIntegerValue(value);
  return byte <= 255 ? byte : -1;
}

const next: Primitive = (vm) => {
  const state = streamState(vm, vm.stackValue(0), StreamSlot.READ_LIMIT);
  if (state === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const { stream, collection, position, limit } = state;
  if (position >= limit) return vm.fail(PrimitiveError.BAD_INDEX);
  if (position >= sizeOf(vm.memory, collection)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const element = elementAt(vm.memory, collection, position);
  if (element === NO_OOP) return vm.fail(PrimitiveError.BAD_RECEIVER);
  vm.memory.storePointer(stream, StreamSlot.POSITION, smallIntegerOop(position + 1));
  return vm.answer(0, element);
};

const nextPut: Primitive = (vm) => {
  const { memory } = vm;
  const value = vm.stackValue(0);
  const state = streamState(vm, vm.stackValue(1), StreamSlot.WRITE_LIMIT);
  if (state === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const { stream, collection, position, limit } = state;
  if (position >= limit) return vm.fail(PrimitiveError.BAD_INDEX);
  if (position >= sizeOf(memory, collection)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (memory.isImmutable(collection) || memory.isImmutable(stream)) return vm.fail(PrimitiveError.NO_MODIFICATION);
  if (memory.classIndexOfObject(collection) === ClassIndex.ARRAY) {
    memory.storePointer(collection, position, value);
  } else {
    const byte = byteFor(memory, collection, value);
    if (byte < 0) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    memory.u8[memory.bodyOf(collection) + position] = byte;
  }
  memory.storePointer(stream, StreamSlot.POSITION, smallIntegerOop(position + 1));
  return vm.answer(1, value);
};

const atEnd: Primitive = (vm) => {
  const state = streamState(vm, vm.stackValue(0), StreamSlot.READ_LIMIT);
  if (state === undefined || sizeOf(vm.memory, state.collection) < 0) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const size = sizeOf(vm.memory, state.collection);
  return vm.answer(0, vm.memory.booleanOop(state.position >= Math.min(state.limit, size)));
};

export const streamPrimitives: readonly PrimitiveDefinition[] = [
  { number: 65, name: 'primitiveNext', selectors: 'next', takes: 0, fails: ['BAD_RECEIVER', 'BAD_INDEX'], run: next },
  {
    number: 66,
    name: 'primitiveNextPut',
    selectors: 'nextPut:',
    takes: 1,
    fails: ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_INDEX', 'NO_MODIFICATION'],
    run: nextPut,
  },
  { number: 67, name: 'primitiveAtEnd', selectors: 'atEnd', takes: 0, fails: ['BAD_RECEIVER'], run: atEnd },
];
