/**
 * Turns what the compiler made into objects: literals, compiled methods and blocks. Works on an image in the making and on
 * one that runs, between two safepoints.
 *
 * An installed method: header, the compiler's literals, an AdditionalMethodState (method, selector, pragmas, and the
 * association #source -> text), the association of its class, bytecodes. A block's last literal is its outer code.
 */
import { Format } from '../../vm/memory/header.ts';
import { encodeMethodHeader, MAX_LITERALS, MAX_TEMPS, MethodStateSlot } from '../../vm/memory/method-access.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { characterOop, NO_OOP, type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { SMALL_CONTEXT_STACK } from '../../vm/memory/well-known.ts';
import type { CompiledBlockCode, CompiledMethodCode, Literal, Pragma } from '../compiler/compiled-code.ts';
import { InstallError } from './errors.ts';
import type { SymbolSource } from './symbols.ts';

/** Where names and classes of the image are found. */
export interface InstallEnvironment {
  /** The association of a class variable, pool variable or global as seen from `behavior`; undefined when there is none. */
  bindingOf(name: string, behavior: Oop): Oop | undefined;
  /** A class by name; the builder and every image of ours have those that are asked for here. */
  classNamed(name: string): Oop;
}

export class CodeInstaller {
  private readonly memory: ObjectMemory;
  private readonly symbols: SymbolSource;
  private readonly environment: InstallEnvironment;
  /** Of the method that is being made. Nothing moves meanwhile. */
  private classBinding: Oop = NO_OOP;

  constructor(memory: ObjectMemory, symbols: SymbolSource, environment: InstallEnvironment) {
    this.memory = memory;
    this.symbols = symbols;
    this.environment = environment;
  }

  /** The compiled method object. `classBinding` is the association that its last literal refers to. */
  method(code: CompiledMethodCode, behavior: Oop, classBinding: Oop): Oop {
    const { memory } = this;
    const literals = code.literals;
    this.classBinding = classBinding;
    const method = this.allocateCode(code, literals.length + 2, 'CompiledMethod', code.primitiveNumber !== 0);
    for (let i = 0; i < literals.length; i++)
      memory.storePointer(method, 1 + i, this.literal(literals[i]!, behavior, method));
    memory.storePointer(method, 1 + literals.length, this.methodState(code, behavior, method));
    memory.storePointer(method, 2 + literals.length, classBinding);
    return method;
  }

  private block(code: CompiledBlockCode, behavior: Oop, outerCode: Oop): Oop {
    const { memory } = this;
    const literals = code.literals;
    const block = this.allocateCode(code, literals.length + 1, 'CompiledBlock', false);
    for (let i = 0; i < literals.length; i++)
      memory.storePointer(block, 1 + i, this.literal(literals[i]!, behavior, block));
    memory.storePointer(block, 1 + literals.length, outerCode);
    return block;
  }

  private allocateCode(
    code: CompiledMethodCode | CompiledBlockCode,
    literalCount: number,
    className: string,
    hasPrimitive: boolean,
  ): Oop {
    const { memory } = this;
    const name = code.kind === 'method' ? code.selector : 'a block';
    if (literalCount > MAX_LITERALS)
      throw new InstallError('too-many-literals', `${name} has ${literalCount} literals, at most ${MAX_LITERALS} fit`);
    if (code.tempCount > MAX_TEMPS)
      throw new InstallError(
        'too-many-temps',
        `${name} has ${code.tempCount} arguments and temps, at most ${MAX_TEMPS} fit`,
      );
    const byteCount = (1 + literalCount) * 4 + code.bytecodes.length;
    const slotCount = (byteCount + 3) >> 2;
    if (!memory.hasRoomFor(slotCount))
      throw new InstallError('no-memory', `no room for the ${byteCount} bytes of ${name}`);
    const oop = memory.allocateBits(
      memory.indexOfClass(this.environment.classNamed(className)),
      Format.COMPILED_METHOD + (-byteCount & 3),
      slotCount,
    );
    const header = encodeMethodHeader({
      literalCount,
      argumentCount: code.argumentCount,
      tempCount: code.tempCount,
      hasPrimitive,
      needsLargeFrame: code.frameSize > SMALL_CONTEXT_STACK,
      isSista: true,
    });
    memory.storePointer(oop, 0, header);
    for (let i = 0; i < literalCount; i++) memory.storePointer(oop, 1 + i, memory.nil);
    memory.u8.set(code.bytecodes, memory.bodyOf(oop) + (1 + literalCount) * 4);
    return oop;
  }

  private methodState(code: CompiledMethodCode, behavior: Oop, method: Oop): Oop {
    const { memory } = this;
    const stateIndex = memory.indexOfClass(this.environment.classNamed('AdditionalMethodState'));
    const state = memory.allocatePointers(stateIndex, Format.FIXED_AND_INDEXABLE, 3 + code.pragmas.length);
    memory.storePointer(state, MethodStateSlot.METHOD, method);
    memory.storePointer(state, MethodStateSlot.SELECTOR, this.symbols.intern(code.selector));
    code.pragmas.forEach((pragma, i) => {
      memory.storePointer(state, MethodStateSlot.FIRST_PROPERTY + i, this.pragma(pragma, behavior, method));
    });
    memory.storePointer(
      state,
      MethodStateSlot.FIRST_PROPERTY + code.pragmas.length,
      this.association(this.symbols.intern('source'), this.string(code.source)),
    );
    return state;
  }

  private pragma(pragma: Pragma, behavior: Oop, method: Oop): Oop {
    const { memory } = this;
    const oop = memory.instantiate(this.environment.classNamed('Pragma'));
    const values = memory.newArray(pragma.arguments.length);
    pragma.arguments.forEach((argument, i) => {
      memory.storePointer(values, i, this.literal(argument, behavior, method));
    });
    memory.storePointer(oop, 0, method);
    memory.storePointer(oop, 1, this.symbols.intern(pragma.selector));
    memory.storePointer(oop, 2, values);
    return oop;
  }

  association(key: Oop, value: Oop): Oop {
    const { memory } = this;
    const oop = memory.instantiate(this.environment.classNamed('Association'));
    memory.storePointer(oop, 0, key);
    memory.storePointer(oop, 1, value);
    return oop;
  }

  /** A ByteString where all characters fit a byte, else a WideString. */
  string(text: string): Oop {
    const { memory } = this;
    const codePoints = Array.from(text, (character) => character.codePointAt(0)!);
    if (!memory.hasRoomFor(codePoints.length))
      throw new InstallError('no-memory', `no room for a string of ${codePoints.length}`);
    if (codePoints.every((codePoint) => codePoint < 256)) return memory.newByteString(text);
    const oop = memory.instantiate(this.environment.classNamed('WideString'), codePoints.length);
    memory.i32.set(codePoints, (oop >> 2) + 2);
    return oop;
  }

  /** The object that a literal stands for. */
  literal(literal: Literal, behavior: Oop, owner: Oop): Oop {
    const { memory } = this;
    switch (literal.kind) {
      case 'nil':
        return memory.nil;
      case 'true':
        return memory.true;
      case 'false':
        return memory.false;
      case 'integer':
        return memory.integerOop(literal.value);
      case 'float':
        return memory.newFloat(literal.value);
      case 'character':
        return characterOop(literal.codePoint);
      case 'string':
        return this.string(literal.value);
      case 'symbol':
        return this.symbols.intern(literal.value);
      case 'byteArray': {
        const oop = memory.allocateBytes(
          memory.indexOfClass(this.environment.classNamed('ByteArray')),
          literal.bytes.length,
        );
        memory.u8.set(literal.bytes, memory.bodyOf(oop));
        return oop;
      }
      case 'array': {
        const oop = memory.newArray(literal.elements.length);
        literal.elements.forEach((element, i) => {
          memory.storePointer(oop, i, this.literal(element, behavior, owner));
        });
        return oop;
      }
      case 'fraction':
        return this.exactNumber(literal.numerator, literal.denominator);
      case 'scaledDecimal': {
        const fraction = memory.instantiate(this.environment.classNamed('ScaledDecimal'));
        memory.storePointer(fraction, 0, this.exactNumber(literal.numerator, literal.denominator));
        memory.storePointer(fraction, 1, smallIntegerOop(literal.scale));
        return fraction;
      }
      case 'binding': {
        const binding = this.environment.bindingOf(literal.name, behavior);
        if (binding === undefined)
          throw new InstallError('unknown-binding', `${literal.name} is no class variable, pool variable or global`);
        return binding;
      }
      case 'methodClass':
        return this.classBinding;
      case 'block':
        return this.block(literal.code, behavior, owner);
    }
  }

  private exactNumber(numerator: bigint, denominator: bigint): Oop {
    const { memory } = this;
    if (denominator === 1n) return memory.integerOop(numerator);
    const fraction = memory.instantiate(this.environment.classNamed('Fraction'));
    memory.storePointer(fraction, 0, memory.integerOop(numerator));
    memory.storePointer(fraction, 1, memory.integerOop(denominator));
    return fraction;
  }
}
