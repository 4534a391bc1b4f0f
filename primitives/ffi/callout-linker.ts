/**
 * Links a callout: from the signature and library that stand in Smalltalk code to a prepared call and to where its
 * arguments are found. Done once a call site, and again after objects moved; signatures and prepared calls are kept by
 * content, so that the second time is cheap.
 *
 * This module loads the signature grammar, and so ohm-js: it is imported when the first callout is linked.
 */
import type { PreparedCallout, Session } from '../../safeffi/index.ts';
import type { Oop } from '../../vm/memory/oop.ts';
import { LinkError } from './errors.ts';
import { cTypeText, resultKindOf } from './type-names.ts';
import {
  type ArgumentLiteral,
  type ArgumentSpecification,
  parseUffiSignature,
  type UffiSignature,
} from './uffi-signature.ts';
import type { NameResolver, ValueLocation } from './value-location.ts';
import type { ResultKind } from './values.ts';

/** One argument: a place to read it from, or a value that never changes. */
export type ArgumentSource =
  | { readonly kind: 'location'; readonly location: ValueLocation }
  | { readonly kind: 'constant'; readonly value: ArgumentConstant };

/** nil, true and false are null and booleans; a text is a C string. */
export type ArgumentConstant = number | bigint | boolean | null | { readonly text: string };

export interface LinkedCallout {
  readonly prepared: PreparedCallout;
  readonly sources: readonly ArgumentSource[];
  readonly resultKind: ResultKind;
}

const PSEUDO_VARIABLES: Readonly<Record<string, ArgumentConstant>> = { nil: null, true: true, false: false };

export class CalloutLinker {
  private readonly session: Session;
  private readonly parsed = new Map<string, UffiSignature>();

  constructor(session: Session) {
    this.session = session;
  }

  /** Throws SignatureError, LinkError, or the engine's CalloutError. */
  link(signatureText: string, library: string, context: Oop, names: NameResolver): LinkedCallout {
    const signature = this.parse(signatureText);
    const given = signature.arguments.map((argument) => this.normalized(argument));
    const sources = given.map((argument, i) => this.sourceOf(argument, i, signature, context, names));
    const prepared = this.session.library(library).prepare(signature.functionName, {
      returns: cTypeText(signature.returns),
      arguments: given.map((argument) => this.typeText(argument)),
      argumentNames: given.map((argument, i) => argument.name ?? `argument${i + 1}`),
    });
    return { prepared, sources, resultKind: resultKindOf(signature.returns) };
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

  private typeText(argument: ArgumentSpecification): string {
    if (argument.type !== undefined) return cTypeText(argument.type);
    if (argument.name === 'true' || argument.name === 'false') return 'bool';
    if (argument.name !== undefined) return 'void *';
    switch (argument.literal?.kind) {
      case 'float':
        return 'double';
      case 'string':
        return 'char *';
      case 'character':
        return 'char';
      default:
        return 'int';
    }
  }

  private sourceOf(
    argument: ArgumentSpecification,
    index: number,
    signature: UffiSignature,
    context: Oop,
    names: NameResolver,
  ): ArgumentSource {
    if (argument.literal !== undefined) return { kind: 'constant', value: constantOf(argument.literal) };
    if (argument.name === undefined) return this.positionalSource(index, signature, context, names);
    const constant = PSEUDO_VARIABLES[argument.name];
    if (constant !== undefined) return { kind: 'constant', value: constant };
    if (argument.name === 'self') return { kind: 'location', location: { kind: 'receiver' } };
    const location = names.locate(context, argument.name);
    if (location === undefined)
      throw new LinkError(
        `callout ${signature.functionName}: argument ${index + 1} is named ${argument.name}, which is no argument, temp, instance variable or class variable here`,
      );
    return { kind: 'location', location };
  }

  /**
   * A parameter that has a type alone, as in a C prototype, takes the argument of the method at its position. A doit has no
   * arguments: there it takes zero, so that a prototype can be tried as it was pasted.
   */
  private positionalSource(index: number, signature: UffiSignature, context: Oop, names: NameResolver): ArgumentSource {
    const available = names.argumentCount(context);
    if (available === undefined) {
      const type = signature.arguments[index]?.type;
      return { kind: 'constant', value: type !== undefined && cTypeText(type).endsWith('*') ? null : 0 };
    }
    if (index >= available)
      throw new LinkError(
        `callout ${signature.functionName}: argument ${index + 1} has no name, and the method has ${available} arguments, expected at least ${index + 1}`,
      );
    return { kind: 'location', location: { kind: 'temp', hops: 0, index } };
  }
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
