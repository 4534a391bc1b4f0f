/**
 * A heap with just the objects that the VM itself needs, and methods put together by hand: for tests of the interpreter that
 * want neither compiler nor kernel. Classes get the indices that the VM knows; all others come in order.
 */

import { SPECIAL_SELECTORS } from '../../vm/bytecode/special-selectors.ts';
import type { Host } from '../../vm/host.ts';
import { layFoundation } from '../../vm/memory/foundation.ts';
import { Format } from '../../vm/memory/header.ts';
import { encodeMethodHeader } from '../../vm/memory/method-access.ts';
import { ObjectMemory, type ObjectMemoryOptions } from '../../vm/memory/object-memory.ts';
import { type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { BehaviorSlot, ClassIndex, ClassSlot, MetaclassSlot, SpecialObject } from '../../vm/memory/well-known.ts';
import { VM } from '../../vm/vm.ts';

/** A host whose clock a test moves, and that keeps what is written. */
export class TestHost implements Host {
  now = 0;
  interrupts = 0;
  readonly written: string[] = [];
  milliseconds(): number {
    return this.now;
  }
  utcMicroseconds(): number {
    return this.now * 1000;
  }
  utcOffsetSeconds(): number {
    return 0;
  }
  writeConsole(_stream: 1 | 2, bytes: Uint8Array): void {
    this.written.push(String.fromCharCode(...bytes));
  }
  interruptRequested(): boolean {
    if (this.interrupts === 0) return false;
    this.interrupts--;
    return true;
  }
  sleepUntil(time: number): void {
    this.now = Math.max(this.now, time);
  }
}

export interface MethodParts {
  readonly arguments?: number;
  /** Arguments included. */
  readonly temps?: number;
  readonly literals?: readonly Oop[];
  readonly code: readonly number[];
  readonly primitive?: number;
  readonly large?: boolean;
}

/** Selectors of one class; more than any test defines. */
const DICTIONARY_CAPACITY = 256;

const SINGLETONS = { nil: 1024, false: 1025, true: 1026 };

export class TinyImage {
  readonly memory: ObjectMemory;
  readonly host = new TestHost();
  readonly vm: VM;
  private readonly symbols = new Map<string, Oop>();
  private readonly classes = new Map<string, Oop>();
  private readonly symbolIndex = 1040;

  constructor(options: ObjectMemoryOptions = {}) {
    this.memory = new ObjectMemory({ maxBytes: 64 << 20, ...options });
    const { memory } = this;
    layFoundation(memory, SINGLETONS);
    memory.specialObjects = memory.newArray(SpecialObject.COUNT);
    this.defineClass('Object', undefined);
    this.defineClass('Metaclass', 'Object', { slots: MetaclassSlot.COUNT });
    this.defineClass('Symbol', 'Object', { format: Format.BYTES, index: this.symbolIndex });
    this.defineClass('UndefinedObject', 'Object', { index: SINGLETONS.nil });
    this.defineClass('False', 'Object', { index: SINGLETONS.false });
    this.defineClass('True', 'Object', { index: SINGLETONS.true });
    this.defineClass('SmallInteger', 'Object', { index: ClassIndex.SMALL_INTEGER });
    this.defineClass('Character', 'Object', { index: ClassIndex.CHARACTER });
    this.defineClass('Array', 'Object', { index: ClassIndex.ARRAY, format: Format.INDEXABLE });
    this.defineClass('ByteString', 'Object', { index: ClassIndex.BYTE_STRING, format: Format.BYTES });
    this.defineClass('ByteArray', 'Object', { index: ClassIndex.BYTE_ARRAY, format: Format.BYTES });
    this.defineClass('Float', 'Object', { index: ClassIndex.FLOAT, format: Format.BITS_32 });
    this.defineClass('LargePositiveInteger', 'Object', {
      index: ClassIndex.LARGE_POSITIVE_INTEGER,
      format: Format.BYTES,
    });
    this.defineClass('LargeNegativeInteger', 'Object', {
      index: ClassIndex.LARGE_NEGATIVE_INTEGER,
      format: Format.BYTES,
    });
    this.defineClass('Message', 'Object', { index: ClassIndex.MESSAGE, slots: 3 });
    this.defineClass('Context', 'Object', { index: ClassIndex.CONTEXT, slots: 6, format: Format.FIXED_AND_INDEXABLE });
    this.defineClass('FullBlockClosure', 'Object', {
      index: ClassIndex.FULL_BLOCK_CLOSURE,
      slots: 4,
      format: Format.FIXED_AND_INDEXABLE,
    });
    this.defineClass('CompiledMethod', 'Object', { format: Format.COMPILED_METHOD });
    this.defineClass('Process', 'Object', { slots: 5 });
    this.defineClass('Semaphore', 'Object', { slots: 3 });
    this.defineClass('Point', 'Object', { slots: 2 });
    this.fillSpecialObjects();
    this.vm = new VM(memory, this.host);
    memory.addRootHolder({
      visitRoots: (visit) => {
        for (const map of [this.symbols, this.classes]) for (const [key, oop] of map) map.set(key, visit(oop));
      },
    });
  }

  private fillSpecialObjects(): void {
    const { memory } = this;
    const special = (index: number, oop: Oop): void => memory.storePointer(memory.specialObjects, index, oop);
    special(SpecialObject.NIL, memory.nil);
    special(SpecialObject.FALSE, memory.false);
    special(SpecialObject.TRUE, memory.true);
    special(SpecialObject.CLASS_MESSAGE, this.classNamed('Message'));
    special(SpecialObject.CLASS_COMPILED_METHOD, this.classNamed('CompiledMethod'));
    special(SpecialObject.CLASS_PROCESS, this.classNamed('Process'));
    special(SpecialObject.CLASS_SEMAPHORE, this.classNamed('Semaphore'));
    special(SpecialObject.CLASS_POINT, this.classNamed('Point'));
    special(SpecialObject.SELECTOR_DOES_NOT_UNDERSTAND, this.symbol('doesNotUnderstand:'));
    special(SpecialObject.SELECTOR_CANNOT_RETURN, this.symbol('cannotReturn:'));
    special(SpecialObject.SELECTOR_MUST_BE_BOOLEAN, this.symbol('mustBeBoolean'));
    special(SpecialObject.SELECTOR_ABOUT_TO_RETURN, this.symbol('aboutToReturn:through:'));
    const selectors = memory.newArray(64);
    SPECIAL_SELECTORS.forEach(({ selector, argumentCount }, index) => {
      memory.storePointer(selectors, 2 * index, this.symbol(selector));
      memory.storePointer(selectors, 2 * index + 1, smallIntegerOop(argumentCount));
    });
    special(SpecialObject.SPECIAL_SELECTORS, selectors);
    const lists = memory.newArray(80);
    for (let priority = 0; priority < 80; priority++)
      memory.storePointer(lists, priority, memory.allocatePointers(ClassIndex.ARRAY, Format.FIXED, 2));
    const scheduler = memory.newArray(2);
    memory.storePointer(scheduler, 0, lists);
    const association = memory.newArray(2);
    memory.storePointer(association, 1, scheduler);
    special(SpecialObject.SCHEDULER_ASSOCIATION, association);
  }

  defineClass(
    name: string,
    superclass: string | undefined,
    options: { index?: number; slots?: number; format?: number } = {},
  ): Oop {
    const { memory } = this;
    const metaclass = memory.allocatePointers(ClassIndex.ARRAY, Format.FIXED, MetaclassSlot.COUNT);
    const behavior = memory.allocatePointers(memory.indexOfClass(metaclass), Format.FIXED, ClassSlot.COUNT);
    memory.storePointer(metaclass, MetaclassSlot.THIS_CLASS, behavior);
    const slots = options.slots ?? 0;
    const format = options.format ?? (slots === 0 ? Format.ZERO_SIZED : Format.FIXED);
    if (superclass !== undefined) memory.storePointer(behavior, BehaviorSlot.SUPERCLASS, this.classNamed(superclass));
    memory.storePointer(behavior, BehaviorSlot.FORMAT, smallIntegerOop((format << 16) | slots));
    memory.storePointer(behavior, ClassSlot.NAME, memory.newByteString(name));
    if (options.index !== undefined) memory.enterClass(behavior, options.index);
    else memory.indexOfClass(behavior);
    this.classes.set(name, behavior);
    return behavior;
  }

  classNamed(name: string): Oop {
    const behavior = this.classes.get(name);
    if (behavior === undefined) throw new Error(`the tiny image has no class ${name}`);
    return behavior;
  }

  symbol(text: string): Oop {
    let symbol = this.symbols.get(text);
    if (symbol === undefined) {
      symbol = this.memory.newByteString(text);
      this.memory.setClassIndex(symbol, this.symbolIndex);
      this.symbols.set(text, symbol);
    }
    return symbol;
  }

  /** Code without a place: literals, then two more as a method has them (or `outer` for a block), then bytecodes. */
  code(name: Oop, last: Oop, parts: MethodParts): Oop {
    const { memory } = this;
    const bytes =
      parts.primitive === undefined ? parts.code : [248, parts.primitive & 255, parts.primitive >> 8, ...parts.code];
    const literals = [...(parts.literals ?? []), name, last];
    const byteCount = 4 * (literals.length + 1) + bytes.length;
    const method = memory.allocateBits(
      memory.indexOfClass(this.classNamed('CompiledMethod')),
      Format.COMPILED_METHOD + (-byteCount & 3),
      (byteCount + 3) >> 2,
    );
    const header = encodeMethodHeader({
      literalCount: literals.length,
      argumentCount: parts.arguments ?? 0,
      tempCount: parts.temps ?? parts.arguments ?? 0,
      hasPrimitive: parts.primitive !== undefined,
      needsLargeFrame: parts.large ?? false,
      isSista: true,
    });
    memory.storePointer(method, 0, header);
    literals.forEach((literal, index) => {
      memory.storePointer(method, 1 + index, literal);
    });
    memory.u8.set(bytes, memory.bodyOf(method) + 4 * (literals.length + 1));
    return method;
  }

  /** Puts a method into a class's dictionary. */
  method(className: string, selector: string, parts: MethodParts): Oop {
    const { memory } = this;
    const behavior = this.classNamed(className);
    const association = memory.newArray(2);
    memory.storePointer(association, 1, behavior);
    const method = this.code(this.symbol(selector), association, parts);
    let dictionary = memory.fetchPointer(behavior, BehaviorSlot.METHOD_DICTIONARY);
    if (dictionary === memory.nil) {
      dictionary = memory.newArray(2 + DICTIONARY_CAPACITY);
      memory.storePointer(dictionary, 1, memory.newArray(DICTIONARY_CAPACITY));
      memory.storePointer(behavior, BehaviorSlot.METHOD_DICTIONARY, dictionary);
    }
    const symbol = this.symbol(selector);
    let index = memory.identityHashOf(symbol) & (DICTIONARY_CAPACITY - 1);
    while (memory.fetchPointer(dictionary, 2 + index) !== memory.nil) index = (index + 1) & (DICTIONARY_CAPACITY - 1);
    memory.storePointer(dictionary, 2 + index, symbol);
    memory.storePointer(memory.fetchPointer(dictionary, 1), index, method);
    return method;
  }

  block(outer: Oop, parts: MethodParts): Oop {
    return this.code(this.memory.nil, outer, parts);
  }
}
