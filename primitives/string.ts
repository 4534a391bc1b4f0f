/**
 * Byte and word moves between objects (105), and what strings do often: compare, hash, find, translate (module
 * MiscPrimitivePlugin). Indices count from 1 and stops are inclusive, as in the image.
 */
import type { Primitive } from '../vm/interpreter/primitive-table.ts';
import type { ObjectMemory } from '../vm/memory/object-memory.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerOop, smallIntegerValue } from '../vm/memory/oop.ts';
import { stringHash } from '../vm/memory/string-hash.ts';
import { PrimitiveError } from '../vm/memory/well-known.ts';
import { elementsOf } from './array-and-stream.ts';
import { failing } from './failing.ts';
import { isByteObject } from './operands.ts';

/** `replaceFrom: start to: stop with: source startingAt: sourceStart`; copies as if through a copy when both are one. */
const replaceFrom: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  if (argumentCount !== 4) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  const target = vm.stackValue(4);
  const source = vm.stackValue(1);
  const [startOop, stopOop, sourceStartOop] = [vm.stackValue(3), vm.stackValue(2), vm.stackValue(0)];
  if (!isSmallInteger(startOop) || !isSmallInteger(stopOop) || !isSmallInteger(sourceStartOop))
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const to = elementsOf(memory, target);
  if (to === undefined) return vm.fail(PrimitiveError.BAD_RECEIVER);
  const from = elementsOf(memory, source);
  if (from === undefined || from.kind !== to.kind) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (memory.isImmutable(target)) return vm.fail(PrimitiveError.NO_MODIFICATION);
  const start = smallIntegerValue(startOop) - 1;
  const count = smallIntegerValue(stopOop) - start;
  const sourceStart = smallIntegerValue(sourceStartOop) - 1;
  if (count <= 0) return count === 0 && start >= 0 ? vm.answer(4, target) : vm.fail(PrimitiveError.BAD_INDEX);
  if (start < 0 || start + count > to.count || sourceStart < 0 || sourceStart + count > from.count)
    return vm.fail(PrimitiveError.BAD_INDEX);
  const targetBody = memory.bodyOf(target);
  const sourceBody = memory.bodyOf(source);
  switch (to.kind) {
    case 'bytes':
      memory.u8.copyWithin(targetBody + start, sourceBody + sourceStart, sourceBody + sourceStart + count);
      break;
    case 'shorts': {
      const first = (sourceBody >> 1) + sourceStart;
      memory.u16.copyWithin((targetBody >> 1) + start, first, first + count);
      break;
    }
    case 'pointers':
      movePointers(memory, target, to.fixed + start, source, from.fixed + sourceStart, count);
      break;
    default: {
      const width = to.kind === 'longs' ? 2 : 1;
      const first = (sourceBody >> 2) + sourceStart * width;
      memory.i32.copyWithin((targetBody >> 2) + start * width, first, first + count * width);
    }
  }
  return vm.answer(4, target);
};

function movePointers(memory: ObjectMemory, target: Oop, to: number, source: Oop, from: number, count: number): void {
  if (target === source && from < to) {
    for (let i = count - 1; i >= 0; i--) memory.storePointer(target, to + i, memory.fetchPointer(source, from + i));
  } else {
    for (let i = 0; i < count; i++) memory.storePointer(target, to + i, memory.fetchPointer(source, from + i));
  }
}

/** A table of 256 bytes. */
const isTable = (memory: ObjectMemory, oop: Oop): boolean => isByteObject(memory, oop) && memory.byteSizeOf(oop) >= 256;

/** `compare: string1 with: string2 collated: order`: 1 less, 2 equal, 3 greater. */
const compareString: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const [first, second, table] = [vm.stackValue(2), vm.stackValue(1), vm.stackValue(0)];
  if (!isByteObject(memory, first) || !isByteObject(memory, second) || !isTable(memory, table))
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const a = memory.bytesOf(first);
  const b = memory.bytesOf(second);
  const order = memory.bytesOf(table);
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = order[a[i]!]! - order[b[i]!]!;
    if (difference !== 0) return vm.answer(argumentCount, smallIntegerOop(difference < 0 ? 1 : 3));
  }
  return vm.answer(argumentCount, smallIntegerOop(a.length === b.length ? 2 : a.length < b.length ? 1 : 3));
};

const hashString: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const [text, initial] = [vm.stackValue(1), vm.stackValue(0)];
  if (!isByteObject(memory, text) || !isSmallInteger(initial)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  return vm.answer(argumentCount, smallIntegerOop(stringHash(memory.bytesOf(text), smallIntegerValue(initial))));
};

/** `findFirstInString: string inSet: flags startingAt: start`; 0 for none. */
const findFirstInString: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const [text, flags, start] = [vm.stackValue(2), vm.stackValue(1), vm.stackValue(0)];
  if (!isByteObject(memory, text) || !isTable(memory, flags) || !isSmallInteger(start) || smallIntegerValue(start) < 1)
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const bytes = memory.bytesOf(text);
  const wanted = memory.bytesOf(flags);
  for (let i = smallIntegerValue(start) - 1; i < bytes.length; i++)
    if (wanted[bytes[i]!] !== 0) return vm.answer(argumentCount, smallIntegerOop(i + 1));
  return vm.answer(argumentCount, smallIntegerOop(0));
};

/** `indexOfAscii: byte inString: string startingAt: start`; 0 for none. */
const indexOfAscii: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const [byte, text, start] = [vm.stackValue(2), vm.stackValue(1), vm.stackValue(0)];
  if (!isSmallInteger(byte) || !isByteObject(memory, text) || !isSmallInteger(start) || smallIntegerValue(start) < 1)
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const found = memory.bytesOf(text).indexOf(smallIntegerValue(byte), smallIntegerValue(start) - 1);
  return vm.answer(argumentCount, smallIntegerOop(found + 1));
};

/** `translate: string from: start to: stop table: table`, in place. */
const translate: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const [text, startOop, stopOop, table] = [vm.stackValue(3), vm.stackValue(2), vm.stackValue(1), vm.stackValue(0)];
  if (!isByteObject(memory, text) || !isTable(memory, table)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (!isSmallInteger(startOop) || !isSmallInteger(stopOop)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (isImmediate(text) || memory.isImmutable(text)) return vm.fail(PrimitiveError.NO_MODIFICATION);
  const bytes = memory.bytesOf(text);
  const map = memory.bytesOf(table);
  const start = smallIntegerValue(startOop) - 1;
  const stop = smallIntegerValue(stopOop);
  if (start < 0 || stop > bytes.length) return vm.fail(PrimitiveError.BAD_INDEX);
  for (let i = start; i < stop; i++) bytes[i] = map[bytes[i]!]!;
  return vm.answer(argumentCount, vm.stackValue(argumentCount));
};

const MODULE = 'MiscPrimitivePlugin';

export const stringPrimitives = failing(
  ['BAD_RECEIVER', 'BAD_ARGUMENT', 'BAD_INDEX', 'NO_MODIFICATION'],
  [
    {
      number: 105,
      name: 'primitiveStringReplace',
      selectors: 'replaceFrom:to:with:startingAt:',
      takes: 4,
      run: replaceFrom,
    },
    { module: MODULE, name: 'primitiveCompareString', takes: 3, run: compareString },
    { module: MODULE, name: 'primitiveStringHash', takes: 2, run: hashString },
    { module: MODULE, name: 'primitiveFindFirstInString', takes: 3, run: findFirstInString },
    { module: MODULE, name: 'primitiveIndexOfAsciiInString', takes: 3, run: indexOfAscii },
    { module: MODULE, name: 'primitiveTranslateStringWithTable', takes: 4, run: translate },
  ],
);
