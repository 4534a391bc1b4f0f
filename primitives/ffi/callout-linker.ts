/**
 * Links a callout: from the signature and library that stand in Smalltalk code to a prepared call and to where its
 * arguments are found. Done once a call site, and again after objects moved; signatures and prepared calls are kept by
 * content, so that the second time is cheap.
 *
 * This module loads the signature grammar, and so ohm-js: it is imported when the first callout is linked.
 */
import { type Executor, type Library, makeSignature, type PreparedCallout, type Session } from '../../safeffi/index.ts';
import type { Oop } from '../../vm/memory/oop.ts';
import { LinkError, SignatureError } from './errors.ts';
import { type Adaptation, type FfiType, ffiTypeOf } from './ffi-type.ts';
import type { CallbackShape } from './image-callbacks.ts';
import { TypeResolver, type TypeScope } from './type-resolver.ts';
import {
  type ArgumentLiteral,
  type ArgumentSpecification,
  parseUffiSignature,
  type TypeReference,
  type UffiSignature,
} from './uffi-signature.ts';
import type { NameResolver, ValueLocation } from './value-location.ts';
import type { ResultConversion } from './values.ts';

/** One argument: a place to read it from, or a value that never changes. */
export type ArgumentSource =
  | {
      readonly kind: 'location';
      readonly location: ValueLocation;
      /** What the value goes through first, where its type asks for it. */
      readonly adaptation: Adaptation | undefined;
    }
  | { readonly kind: 'constant'; readonly value: ArgumentConstant };

/** nil, true and false are null and booleans; a text is a C string. */
export type ArgumentConstant = number | bigint | boolean | null | { readonly text: string };

export interface LinkedCallout {
  readonly prepared: PreparedCallout;
  readonly sources: readonly ArgumentSource[];
  readonly result: ResultConversion;
  /** Some argument is an address that C writes. */
  readonly hasOutPointers: boolean;
  /** Some argument is a pointer to a function, for which a block may be given. */
  readonly takesCallbacks: boolean;
  /** Where the function lives. */
  readonly executor: Executor;
  /** Those that arguments are read from. */
  readonly associations: readonly Oop[];
}

/** What stands at a call site. `context` is asked for anew whenever objects may have moved. */
export interface CallSiteText {
  readonly signature: string;
  readonly library: { readonly name: string; readonly checkpoint: boolean; readonly domain?: string | undefined };
  /** Arguments in front of the variable ones, of a function that takes such. */
  readonly fixedArgumentCount: number | undefined;
  readonly types: TypeScope;
  context(): Oop;
}

const PSEUDO_VARIABLES: Readonly<Record<string, ArgumentConstant>> = { nil: null, true: true, false: false };

export class CalloutLinker {
  private readonly session: Session;
  private readonly parsed = new Map<string, UffiSignature>();
  readonly types = new TypeResolver();

  constructor(session: Session) {
    this.session = session;
  }

  /** Throws SignatureError, LinkError, or the engine's CalloutError. `names` is asked once all types are known. */
  link(site: CallSiteText, names: () => NameResolver): LinkedCallout {
    const signature = this.parse(site.signature);
    const name = signature.functionName;
    if (name === '') throw new SignatureError(`the signature ${site.signature} names no function`);
    const given = signature.arguments.map((argument) => this.normalized(argument));
    const types = given.map((argument) => this.typeOf(argument, site.types));
    const returns = this.resolved(signature.returns, site.types);
    const context = site.context();
    const resolver = names();
    const sources = given.map((argument, i) =>
      this.sourceOf(argument, i, signature, types[i]!.adaptation, context, resolver),
    );
    const completed = makeSignature(
      name,
      returns.cType,
      types.map(({ cType }) => cType),
      given.map((argument, i) => argument.name ?? `argument${i + 1}`),
      fixedArguments(name, site.fixedArgumentCount, given.length),
    );
    const library = this.library(site.library);
    const prepared = library.bind(name, completed).callout;
    const hasOutPointers = types.some(({ adaptation }) => adaptation?.kind === 'outPointer');
    const takesCallbacks = types.some(({ adaptation }) => adaptation?.kind === 'callback');
    const associations = sources.flatMap((source) =>
      source.kind === 'location' && source.location.kind === 'binding' ? [source.location.association] : [],
    );
    return {
      prepared,
      sources,
      result: returns.result,
      hasOutPointers,
      takesCallbacks,
      associations,
      executor: library.executor,
    };
  }

  private library({ name, checkpoint, domain }: CallSiteText['library']): Library {
    return this.session.library(name, {
      ...(checkpoint ? { checkpoint } : {}),
      ...(domain === undefined ? {} : { domain }),
    });
  }

  private parse(text: string): UffiSignature {
    let signature = this.parsed.get(text);
    if (signature === undefined) {
      signature = parseUffiSignature(text);
      this.parsed.set(text, signature);
    }
    return signature;
  }

  /** `nil`, `true`, `false` and `self` alone are values without a type; any other word alone is a type without a value. */
  private normalized(argument: ArgumentSpecification): ArgumentSpecification {
    const alone = argument.type;
    if (alone === undefined || argument.name !== undefined || argument.literal !== undefined) return argument;
    const isWord = alone.pointerDepth === 0 && (alone.name in PSEUDO_VARIABLES || alone.name === 'self');
    return isWord ? { type: undefined, name: alone.name, literal: undefined } : argument;
  }

  private typeOf(argument: ArgumentSpecification, scope: TypeScope): FfiType {
    const { pointedFunction } = argument;
    if (pointedFunction === undefined) return this.resolved(argument.type ?? this.impliedType(argument), scope);
    return ffiTypeOf({ kind: 'callback', signature: '' }, 0, false, () => this.shapeOf(pointedFunction, scope));
  }

  private resolved(reference: TypeReference, scope: TypeScope): FfiType {
    return this.types.resolve(reference, scope, (text) => this.callbackShape(text, scope));
  }

  /** What converts between C and a block of that signature, `#( int ( void *a , void *b ) )`. */
  callbackShape(text: string, scope: TypeScope): CallbackShape {
    return this.shapeOf(this.parse(text), scope);
  }

  private shapeOf(signature: UffiSignature, scope: TypeScope): CallbackShape {
    const types = signature.arguments.map((argument) => this.typeOf(argument, scope));
    const returns = this.resolved(signature.returns, scope);
    const names = signature.arguments.map((argument, i) => argument.name ?? `argument${i + 1}`);
    const name = signature.functionName === '' ? 'callback' : signature.functionName;
    const completed = makeSignature(
      name,
      returns.cType,
      types.map(({ cType }) => cType),
      names,
    );
    return { signature: completed, returns, arguments: types };
  }

  /** The type of a value that is written without one. */
  private impliedType(argument: ArgumentSpecification): TypeReference {
    const plain = (name: string, pointerDepth = 0): TypeReference => ({ name, pointerDepth, isConst: false });
    if (argument.name === 'true' || argument.name === 'false') return plain('bool');
    if (argument.name !== undefined) return plain('void', 1);
    switch (argument.literal?.kind) {
      case 'float':
        return plain('double');
      case 'string':
        return plain('char', 1);
      case 'character':
        return plain('char');
      default:
        return plain('int');
    }
  }

  private sourceOf(
    argument: ArgumentSpecification,
    index: number,
    signature: UffiSignature,
    adaptation: Adaptation | undefined,
    context: Oop,
    names: NameResolver,
  ): ArgumentSource {
    if (argument.literal !== undefined) return { kind: 'constant', value: constantOf(argument.literal) };
    if (argument.name === undefined) return this.positionalSource(index, signature, adaptation, context, names);
    const constant = PSEUDO_VARIABLES[argument.name];
    if (constant !== undefined) return { kind: 'constant', value: constant };
    if (argument.name === 'self') return { kind: 'location', location: { kind: 'receiver' }, adaptation };
    const location = names.locate(context, argument.name);
    if (location === undefined)
      throw new LinkError(
        `callout ${signature.functionName}: argument ${index + 1} is named ${argument.name}, which is no argument, temp, instance variable or class variable here`,
      );
    return { kind: 'location', location, adaptation };
  }

  /**
   * A parameter that has a type alone, as in a C prototype, takes the argument of the method at its position. A doit has no
   * arguments: there it takes zero, so that a prototype can be tried as it was pasted.
   */
  private positionalSource(
    index: number,
    signature: UffiSignature,
    adaptation: Adaptation | undefined,
    context: Oop,
    names: NameResolver,
  ): ArgumentSource {
    const available = names.argumentCount(context);
    if (available === undefined) {
      const type = signature.arguments[index]?.type;
      return { kind: 'constant', value: type !== undefined && type.pointerDepth > 0 ? null : 0 };
    }
    if (index >= available)
      throw new LinkError(
        `callout ${signature.functionName}: argument ${index + 1} has no name, and the method has ${available} arguments, expected at least ${index + 1}`,
      );
    return { kind: 'location', location: { kind: 'temp', hops: 0, index }, adaptation };
  }
}

function fixedArguments(name: string, count: number | undefined, given: number): number | undefined {
  if (count === undefined || (count >= 0 && count <= given)) return count;
  throw new LinkError(`callout ${name}: ${count} fixed arguments are named, the signature has ${given}`);
}

function constantOf(literal: ArgumentLiteral): ArgumentConstant {
  switch (literal.kind) {
    case 'string':
      return { text: literal.value };
    case 'character':
      return literal.codePoint;
    case 'float':
      return literal.value;
    case 'integer': {
      const small = Number(literal.value);
      return Number.isSafeInteger(small) ? small : literal.value;
    }
  }
}
