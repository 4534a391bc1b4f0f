/**
 * A module of named primitives (`<primitive: 'name' module: 'module'>`) written over JavaScript values, for a program that gives its image something of its
 * own:
 *
 *     vm.addPrimitives(primitiveModule('Greeter', {
 *       'primitiveGreet:': (call) => `hello, ${call.text(1)}`,
 *     }));
 *
 * Position 0 is the receiver, arguments count from 1. What an operand is not makes the primitive fail with the code that says so, and the method's
 * Smalltalk code runs; so does a function that throws `PrimitiveRefusal`. Any other error is the program's own, and goes to whoever runs the VM.
 */
import type { Interpreter } from './interpreter/interpreter.ts';
import type { FailureName, PrimitiveDefinition } from './interpreter/primitive-table.ts';
import { isImmediate, isSmallInteger, NO_OOP, type Oop, smallIntegerValue } from './memory/oop.ts';
import { ClassIndex, PrimitiveError } from './memory/well-known.ts';

/** Makes the primitive fail with a code of its own. */
export class PrimitiveRefusal extends Error {
  override readonly name = 'PrimitiveRefusal';
  readonly code: FailureName;
  constructor(code: FailureName) {
    super(`the primitive fails with ${code}`);
    this.code = code;
  }
}

/** An object of the image, handed back as it is. Valid until the primitive has answered. */
export class ImageObject {
  readonly oop: Oop;
  constructor(oop: Oop) {
    this.oop = oop;
  }
}

/**
 * What a function answers: nothing for the receiver, null for nil; a string becomes a ByteString of its Latin-1 characters, bytes a ByteArray, an array
 * an Array; a number that is whole an integer, any other a Float.
 */
export type ModuleAnswer =
  | undefined
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | ImageObject
  | readonly ModuleAnswer[];

/** One call, while it lasts. */
export class ModuleCall {
  /** For what this class does not offer: see `Primitive`. */
  readonly vm: Interpreter;
  readonly argumentCount: number;

  constructor(vm: Interpreter, argumentCount: number) {
    this.vm = vm;
    this.argumentCount = argumentCount;
  }

  private refuse(position: number): never {
    throw new PrimitiveRefusal(position === 0 ? 'BAD_RECEIVER' : 'BAD_ARGUMENT');
  }

  /** The operand as it is in the image. */
  oop(position: number): Oop {
    if (position < 0 || position > this.argumentCount) throw new PrimitiveRefusal('BAD_NUMBER_OF_ARGUMENTS');
    return this.vm.stackValue(this.argumentCount - position);
  }

  object(position: number): ImageObject {
    return new ImageObject(this.oop(position));
  }

  isNil(position: number): boolean {
    return this.oop(position) === this.vm.memory.nil;
  }

  /** Characters of a string, symbol or byte array; of one with 32 bits a character too. */
  text(position: number): string {
    const { memory } = this.vm;
    const oop = this.oop(position);
    if (isImmediate(oop) || memory.isPointers(oop) || memory.isCompiledMethod(oop)) return this.refuse(position);
    return memory.stringValueOf(oop);
  }

  /** A copy of a byte object's bytes. */
  bytes(position: number): Uint8Array {
    const oop = this.oop(position);
    if (isImmediate(oop) || !this.vm.memory.isBytes(oop)) return this.refuse(position);
    return this.vm.memory.bytesOf(oop).slice();
  }

  truth(position: number): boolean {
    const oop = this.oop(position);
    if (oop === this.vm.memory.true) return true;
    return oop === this.vm.memory.false ? false : this.refuse(position);
  }

  integer(position: number): bigint {
    return this.vm.memory.integerValueOf(this.oop(position)) ?? this.refuse(position);
  }

  /** A Float or an integer; one of many digits as the nearest double. */
  number(position: number): number {
    const { memory } = this.vm;
    const oop = this.oop(position);
    if (isSmallInteger(oop)) return smallIntegerValue(oop);
    if (!isImmediate(oop) && memory.classIndexOfObject(oop) === ClassIndex.FLOAT) return memory.floatValueOf(oop);
    return Number(this.integer(position));
  }

  /** The object for an answer. */
  oopFor(answer: ModuleAnswer): Oop {
    const { memory } = this.vm;
    if (answer === undefined) return this.oop(0);
    if (answer === null) return memory.nil;
    if (answer instanceof ImageObject) return answer.oop;
    switch (typeof answer) {
      case 'boolean':
        return memory.booleanOop(answer);
      case 'bigint':
        return this.made(memory.integerOop(answer));
      case 'number':
        return Number.isSafeInteger(answer) && !Object.is(answer, -0)
          ? this.made(memory.integerOop(BigInt(answer)))
          : memory.newFloat(answer);
      case 'string':
        return this.textOop(answer);
      default:
        return answer instanceof Uint8Array ? this.bytesOop(answer) : this.arrayOop(answer as readonly ModuleAnswer[]);
    }
  }

  private made(oop: Oop): Oop {
    if (oop === NO_OOP) throw new PrimitiveRefusal('NO_MEMORY');
    return oop;
  }

  private room(slots: number): void {
    if (!this.vm.memory.hasRoomFor(slots)) throw new PrimitiveRefusal('NO_MEMORY');
  }

  private textOop(text: string): Oop {
    for (let i = 0; i < text.length; i++)
      if (text.charCodeAt(i) > 0xff)
        throw new RangeError(
          `a primitive answers a text with the character ${JSON.stringify(text[i])}, expected Latin-1; bytes are handed over as a Uint8Array`,
        );
    this.room((text.length + 3) >> 2);
    return this.vm.memory.newByteString(text);
  }

  private bytesOop(bytes: Uint8Array): Oop {
    this.room((bytes.length + 3) >> 2);
    const oop = this.vm.memory.allocateBytes(ClassIndex.BYTE_ARRAY, bytes.length);
    this.vm.memory.bytesOf(oop).set(bytes);
    return oop;
  }

  private arrayOop(answers: readonly ModuleAnswer[]): Oop {
    this.room(answers.length);
    const array = this.vm.memory.newArray(answers.length);
    answers.forEach((each, i) => {
      this.vm.memory.storePointer(array, i, this.oopFor(each ?? null));
    });
    return array;
  }
}

export type ModulePrimitive = (call: ModuleCall) => ModuleAnswer;

/** The definitions of a module, for `VM.addPrimitives`. A name that stands there already is replaced. */
export function primitiveModule(
  module: string,
  primitives: Readonly<Record<string, ModulePrimitive>>,
): readonly PrimitiveDefinition[] {
  return Object.entries(primitives).map(([name, primitive]) => ({
    module,
    name,
    run: (vm: Interpreter, argumentCount: number): boolean => {
      const call = new ModuleCall(vm, argumentCount);
      try {
        return vm.answer(argumentCount, call.oopFor(primitive(call)));
      } catch (error) {
        if (error instanceof PrimitiveRefusal) return vm.fail(PrimitiveError[error.code]);
        throw error;
      }
    },
  }));
}
