/**
 * What a value becomes on the other side.
 *
 *     Smalltalk                     JavaScript
 *     Integer                       number, bigint beyond 2^53
 *     Float                         number that is no integer, NaN, infinities
 *     String, Symbol                string
 *     true, false, nil              true, false, null (undefined)
 *     ByteArray                     Uint8Array, a copy
 *     Array                         array, element by element
 *     HostObject                    the object or function that it stands for
 *     BlockClosure                  function
 *     anything else                 SmalltalkObject
 *
 * Contract: oops that `toSmalltalk` answers are valid until the VM runs again. It makes room first, by the collection that it is
 * given, and then makes the objects without one, so that those it has made do not move.
 */
import { Format } from '../vm/memory/header.ts';
import { isSmallInteger, type Oop, smallIntegerOop, smallIntegerValue } from '../vm/memory/oop.ts';
import { ClassIndex } from '../vm/memory/well-known.ts';
import type { VM } from '../vm/vm.ts';
import { VMBug } from '../vm/vm-bug.ts';
import { type HostObjects, hostIdOf } from './host-objects.ts';
import { SmalltalkObject } from './smalltalk-object.ts';

/** A function of JavaScript that stands for a block has its handle here. */
const BLOCK = Symbol('the block behind a function');
const SMALLEST = -0x40000000;
const LARGEST = 0x3fffffff;
/** Slots of a small object, header included, with room to spare. */
const SMALL_OBJECT_SLOTS = 8;

type BlockFunction = ((...values: unknown[]) => unknown) & { [BLOCK]?: SmalltalkObject };

export class Values {
  private readonly vm: VM;
  private readonly hostObjects: HostObjects;
  private readonly call: (receiver: SmalltalkObject, selector: string, values: readonly unknown[]) => unknown;

  constructor(vm: VM, hostObjects: HostObjects, call: Values['call']) {
    this.vm = vm;
    this.hostObjects = hostObjects;
    this.call = call;
  }

  /** True for an error that no handler in Smalltalk may catch. */
  isFatal(error: unknown): boolean {
    return error instanceof VMBug;
  }

  // From Smalltalk

  hostObject(oop: Oop): object | undefined {
    const hostClass = this.classNamed('HostObject');
    const id = hostIdOf(this.vm.memory, oop, hostClass);
    return id === undefined ? undefined : this.hostObjects.at(id);
  }

  /** `seen`: Arrays that are being copied, so that one that holds itself comes out as one that does. */
  fromSmalltalk(oop: Oop, seen = new Map<Oop, unknown[]>()): unknown {
    const { memory } = this.vm;
    if (isSmallInteger(oop)) return smallIntegerValue(oop);
    if (oop === memory.nil) return null;
    if (oop === memory.true) return true;
    if (oop === memory.false) return false;
    switch (memory.classIndexOf(oop)) {
      case ClassIndex.CHARACTER:
        return String.fromCodePoint(oop >>> 2);
      case ClassIndex.FLOAT:
        return memory.floatValueOf(oop);
      case ClassIndex.BYTE_STRING:
        return memory.stringValueOf(oop);
      case ClassIndex.BYTE_ARRAY:
        return memory.bytesOf(oop).slice();
      case ClassIndex.ARRAY:
        return this.array(oop, seen);
      case ClassIndex.LARGE_POSITIVE_INTEGER:
      case ClassIndex.LARGE_NEGATIVE_INTEGER:
        return exactly(memory.integerValueOf(oop)!);
      case ClassIndex.FULL_BLOCK_CLOSURE:
        return this.functionFor(this.handle(oop));
      default:
        return this.textOf(oop) ?? this.hostObject(oop) ?? this.handle(oop);
    }
  }

  private array(oop: Oop, seen: Map<Oop, unknown[]>): unknown[] {
    const known = seen.get(oop);
    if (known !== undefined) return known;
    const { memory } = this.vm;
    const elements: unknown[] = [];
    seen.set(oop, elements);
    for (let i = 0; i < memory.slotCountOf(oop); i++)
      elements.push(this.fromSmalltalk(memory.fetchPointer(oop, i), seen));
    return elements;
  }

  /** The text of a Symbol or WideString; undefined for what is neither. */
  private textOf(oop: Oop): string | undefined {
    const { memory } = this.vm;
    const name = memory.classNameOf(oop);
    return name === 'WideString' || name === 'Symbol' || name === 'ByteSymbol' || name === 'WideSymbol'
      ? memory.stringValueOf(oop)
      : undefined;
  }

  handle(oop: Oop): SmalltalkObject {
    return new SmalltalkObject(this.vm, oop, this.call);
  }

  private functionFor(block: SmalltalkObject): BlockFunction {
    const run: BlockFunction = (...values) => this.call(block, 'valueWithArguments:', [values]);
    run[BLOCK] = block;
    return run;
  }

  // To Smalltalk

  /** `collect` makes room; it may move objects. Throws RangeError when there is none. */
  toSmalltalk(value: unknown, collect: () => void): Oop {
    this.makeRoom(slotsFor(value), collect);
    return this.make(value);
  }

  allToSmalltalk(values: readonly unknown[], collect: () => void): Oop[] {
    this.makeRoom(slotsFor(values), collect);
    return values.map((value) => this.make(value));
  }

  text(text: string, collect: () => void): Oop {
    return this.toSmalltalk(text, collect);
  }

  private makeRoom(slots: number, collect: () => void): void {
    const { memory } = this.vm;
    if (memory.hasRoomFor(slots)) return;
    collect();
    if (!memory.hasRoomFor(slots))
      throw new RangeError(`there is no room in the heap for a value of ${4 * slots} bytes`);
  }

  private make(value: unknown): Oop {
    const { memory } = this.vm;
    switch (typeof value) {
      case 'undefined':
        return memory.nil;
      case 'boolean':
        return memory.booleanOop(value);
      case 'number':
        if (!Number.isSafeInteger(value) || Object.is(value, -0)) return memory.newFloat(value);
        return value >= SMALLEST && value <= LARGEST ? smallIntegerOop(value) : memory.integerOop(BigInt(value));
      case 'bigint':
        return memory.integerOop(value);
      case 'string':
        return this.makeString(value);
      case 'symbol':
        return this.makeString(value.description ?? '');
      default:
        return value === null ? memory.nil : this.makeObject(value as object);
    }
  }

  private makeObject(value: object): Oop {
    const { memory } = this.vm;
    if (value instanceof SmalltalkObject) return value.oopIn(this.vm);
    const block = (value as BlockFunction)[BLOCK];
    if (block !== undefined) return block.oopIn(this.vm);
    if (value instanceof Uint8Array) {
      const oop = memory.allocateBytes(ClassIndex.BYTE_ARRAY, value.length);
      memory.bytesOf(oop).set(value);
      return oop;
    }
    if (Array.isArray(value)) {
      const oop = memory.newArray(value.length);
      value.forEach((element, i) => {
        memory.storePointer(oop, i, this.make(element));
      });
      return oop;
    }
    const oop = memory.instantiate(this.classNamed('HostObject'));
    memory.storePointer(oop, 0, smallIntegerOop(this.hostObjects.idOf(value)));
    return oop;
  }

  private makeString(text: string): Oop {
    const { memory } = this.vm;
    const codePoints = Array.from(text, (character) => character.codePointAt(0)!);
    if (codePoints.every((codePoint) => codePoint < 256)) return memory.newByteString(text);
    const classIndex = memory.indexOfClass(this.classNamed('WideString'));
    const oop = memory.allocateBits(classIndex, Format.BITS_32, codePoints.length);
    memory.i32.set(codePoints, memory.bodyOf(oop) >> 2);
    return oop;
  }

  private classNamed(name: string): Oop {
    const found = this.classes.get(name)?.oop ?? this.vm.findClass(name);
    if (found === undefined) throw new RangeError(`the image has no class ${name}: it is not one that can be embedded`);
    if (!this.classes.has(name)) this.classes.set(name, this.vm.retain(found));
    return found;
  }
  private readonly classes = new Map<string, { readonly oop: Oop }>();
}

const exactly = (value: bigint): number | bigint => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

/** At least as many slots as the objects for a value take together. An array that holds itself has no end, and is refused. */
function slotsFor(value: unknown, within = new Set<unknown>()): number {
  if (typeof value === 'string') return value.length + SMALL_OBJECT_SLOTS;
  if (typeof value === 'bigint') return Math.ceil(value.toString(16).length / 8) + SMALL_OBJECT_SLOTS;
  if (value instanceof Uint8Array) return Math.ceil(value.length / 4) + SMALL_OBJECT_SLOTS;
  if (!Array.isArray(value)) return SMALL_OBJECT_SLOTS;
  if (within.has(value)) throw new RangeError('an array that holds itself cannot be handed to Smalltalk');
  within.add(value);
  let slots = value.length + SMALL_OBJECT_SLOTS;
  for (const element of value) slots += slotsFor(element, within);
  within.delete(value);
  return slots;
}
