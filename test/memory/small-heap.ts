/**
 * A heap with just what the memory itself needs: the foundation, a special objects array, and a few classes with names and
 * instance formats, entered in the class table. For tests of the memory, its collector, the image files and the printers.
 */
import { SMALL_CONTEXT_SLOTS } from '../../vm/memory/contexts.ts';
import { layFoundation } from '../../vm/memory/foundation.ts';
import { Format } from '../../vm/memory/header.ts';
import { encodeMethodHeader } from '../../vm/memory/method-access.ts';
import { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import {
  BehaviorSlot,
  ClassIndex,
  ClassSlot,
  ContextSlot,
  MetaclassSlot,
  SpecialObject,
} from '../../vm/memory/well-known.ts';

export interface SmallHeap {
  readonly memory: ObjectMemory;
  /** Oops that survive collections and follow their objects. */
  readonly roots: Oop[];
  classNamed(name: string): Oop;
  newSymbol(text: string): Oop;
  newMethod(parts: MethodParts): Oop;
  newContext(parts: ContextParts): Oop;
}

export interface MethodParts {
  readonly literals: readonly Oop[];
  readonly bytecodes: readonly number[];
  readonly argumentCount?: number;
  readonly tempCount?: number;
  readonly hasPrimitive?: boolean;
  readonly needsLargeFrame?: boolean;
  readonly isSista?: boolean;
}

export interface ContextParts {
  readonly sender: Oop;
  readonly method: Oop;
  readonly receiver: Oop;
  readonly pc: number;
  readonly stack: readonly Oop[];
}

const METACLASS_INDEX = 64;

const CLASSES: readonly (readonly [name: string, format: number, fixedSlots: number, classIndex?: number])[] = [
  ['SmallInteger', Format.FORWARDED, 0, ClassIndex.SMALL_INTEGER],
  ['Character', Format.FORWARDED, 0, ClassIndex.CHARACTER],
  ['LargeNegativeInteger', Format.BYTES, 0, ClassIndex.LARGE_NEGATIVE_INTEGER],
  ['LargePositiveInteger', Format.BYTES, 0, ClassIndex.LARGE_POSITIVE_INTEGER],
  ['Float', Format.BITS_32, 0, ClassIndex.FLOAT],
  ['Context', Format.FIXED_AND_INDEXABLE, ContextSlot.STACK, ClassIndex.CONTEXT],
  ['ByteArray', Format.BYTES, 0, ClassIndex.BYTE_ARRAY],
  ['Array', Format.INDEXABLE, 0, ClassIndex.ARRAY],
  ['ByteString', Format.BYTES, 0, ClassIndex.BYTE_STRING],
  ['Bitmap', Format.BITS_32, 0, ClassIndex.BITMAP],
  ['UndefinedObject', Format.ZERO_SIZED, 0, 61],
  ['False', Format.ZERO_SIZED, 0, 62],
  ['True', Format.ZERO_SIZED, 0, 63],
  ['Metaclass', Format.FIXED, MetaclassSlot.COUNT, METACLASS_INDEX],
  ['ByteSymbol', Format.BYTES, 0],
  ['WideString', Format.BITS_32, 0],
  ['CompiledMethod', Format.COMPILED_METHOD, 0],
  ['CompiledBlock', Format.COMPILED_METHOD, 0],
  ['AdditionalMethodState', Format.FIXED_AND_INDEXABLE, 2],
  ['Association', Format.FIXED, 2],
  ['Point', Format.FIXED, 2],
  ['WeakArray', Format.WEAK_INDEXABLE, 0],
  ['WeakPair', Format.WEAK_INDEXABLE, 1],
  ['Ephemeron', Format.EPHEMERON, 2],
  ['DoubleByteArray', Format.BITS_16, 0],
  ['DoubleWordArray', Format.BITS_64, 0],
];

/** Without `edenBytes` a heap that has no new space: everything lies where it was made, in one row. */
export function smallHeap(maxBytes = 16 << 20, edenBytes = 0): SmallHeap {
  const memory = new ObjectMemory({ maxBytes, collectionIntervalBytes: 1 << 20, edenBytes });
  layFoundation(memory, { nil: 61, false: 62, true: 63 });
  memory.specialObjects = memory.newArray(SpecialObject.COUNT);
  memory.storePointer(memory.specialObjects, SpecialObject.NIL, memory.nil);
  memory.storePointer(memory.specialObjects, SpecialObject.FALSE, memory.false);
  memory.storePointer(memory.specialObjects, SpecialObject.TRUE, memory.true);
  const indexOf = new Map<string, number>();
  for (const [name, format, fixedSlots, classIndex] of CLASSES) {
    const metaclass = memory.allocatePointers(METACLASS_INDEX, Format.FIXED, MetaclassSlot.COUNT);
    memory.storePointer(metaclass, BehaviorSlot.FORMAT, smallIntegerOop((Format.FIXED << 16) | ClassSlot.COUNT));
    const behavior = memory.allocatePointers(memory.indexOfClass(metaclass), Format.FIXED, ClassSlot.COUNT);
    memory.storePointer(metaclass, MetaclassSlot.THIS_CLASS, behavior);
    memory.storePointer(behavior, BehaviorSlot.FORMAT, smallIntegerOop((format << 16) | fixedSlots));
    memory.storePointer(behavior, ClassSlot.NAME, memory.newByteString(name));
    if (classIndex !== undefined) memory.enterClass(behavior, classIndex);
    indexOf.set(name, memory.indexOfClass(behavior));
  }
  const roots: Oop[] = [];
  memory.addRootHolder({
    visitRoots(visit) {
      for (let i = 0; i < roots.length; i++) roots[i] = visit(roots[i]!);
    },
  });
  const classNamed = (name: string): Oop => {
    const index = indexOf.get(name);
    if (index === undefined) throw new Error(`the small heap has no class ${name}`);
    return memory.classAt(index);
  };
  return {
    memory,
    roots,
    classNamed,
    newSymbol(text) {
      const oop = memory.instantiate(classNamed('ByteSymbol'), text.length);
      for (let i = 0; i < text.length; i++) memory.u8[memory.bodyOf(oop) + i] = text.charCodeAt(i);
      return oop;
    },
    newMethod(parts) {
      const literalBytes = 4 * (1 + parts.literals.length);
      const oop = memory.instantiate(classNamed('CompiledMethod'), literalBytes + parts.bytecodes.length);
      memory.storePointer(
        oop,
        0,
        encodeMethodHeader({
          literalCount: parts.literals.length,
          argumentCount: parts.argumentCount ?? 0,
          tempCount: parts.tempCount ?? 0,
          hasPrimitive: parts.hasPrimitive ?? false,
          needsLargeFrame: parts.needsLargeFrame ?? false,
          isSista: parts.isSista ?? true,
        }),
      );
      parts.literals.forEach((literal, i) => {
        memory.storePointer(oop, 1 + i, literal);
      });
      memory.u8.set(parts.bytecodes, memory.bodyOf(oop) + literalBytes);
      return oop;
    },
    newContext(parts) {
      const oop = memory.instantiate(classNamed('Context'), SMALL_CONTEXT_SLOTS - ContextSlot.STACK);
      memory.storePointer(oop, ContextSlot.SENDER, parts.sender);
      memory.storePointer(oop, ContextSlot.PC, smallIntegerOop(parts.pc));
      memory.storePointer(oop, ContextSlot.STACKP, smallIntegerOop(parts.stack.length));
      memory.storePointer(oop, ContextSlot.METHOD, parts.method);
      memory.storePointer(oop, ContextSlot.RECEIVER, parts.receiver);
      parts.stack.forEach((value, i) => {
        memory.storePointer(oop, ContextSlot.STACK + i, value);
      });
      return oop;
    },
  };
}
