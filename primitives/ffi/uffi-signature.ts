/**
 * The one typed door to the uFFI signature grammar: text in, signature out. Loads ohm-js, so it is imported only when a
 * callout is linked for the first time.
 *
 * Source of the notation: Pharo's UnifiedFFI, `FFIFunctionParser`.
 */
import type { IterationNode, Node } from 'ohm-js';
import { SignatureError } from './errors.ts';
import grammar from './uffi-signature.ohm-bundle.js';

/** A type as it is written: `unsigned long *` is { name: 'unsigned long', pointerDepth: 1, isConst: false }. */
export interface TypeReference {
  readonly name: string;
  readonly pointerDepth: number;
  /** What it points to is not written by C. */
  readonly isConst: boolean;
}

export type ArgumentLiteral =
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'character'; readonly codePoint: number };

/**
 * One argument. `name` stands for a variable, `self`, `nil`, `true` or `false`. With neither name nor literal the type
 * alone was written, or a name alone (`type` then holds it: which of the two it is only the type table can tell).
 */
export interface ArgumentSpecification {
  readonly type: TypeReference | undefined;
  readonly name: string | undefined;
  readonly literal: ArgumentLiteral | undefined;
  /** Of a pointer to a function, written `int (*name)(int, char *)`; the type is then what that function returns. */
  readonly pointedFunction?: UffiSignature;
}

export interface UffiSignature {
  readonly returns: TypeReference;
  /** Empty in the form without a name, which callbacks have: `#( int ( void *a , void *b ) )`. */
  readonly functionName: string;
  readonly arguments: readonly ArgumentSpecification[];
}

type Value = UffiSignature | ArgumentSpecification | readonly ArgumentSpecification[] | TypeReference | ArgumentLiteral;

const semantics = grammar.createSemantics().addOperation<Value>('value()', {
  Signature: (returns, name, parameters, _end): UffiSignature => {
    const written: readonly ArgumentSpecification[] = parameters.value();
    return { returns: returns.value(), functionName: name.sourceString.trim(), arguments: withoutVoid(written) };
  },
  Parameters_some: (_open, list, _close): readonly ArgumentSpecification[] => list.value(),
  Parameters_none: (_open, _close): readonly ArgumentSpecification[] => [],
  Arguments: (first, more: IterationNode): readonly ArgumentSpecification[] => [
    first.value(),
    ...more.children.map((node): ArgumentSpecification => node.value()),
  ],
  MoreArgument: (_comma, argument): ArgumentSpecification => argument.value(),
  Argument_cast: (_open, _hash, type, _close, literal): ArgumentSpecification => ({
    type: type.value(),
    name: undefined,
    literal: literal.value(),
  }),
  Argument_function: (returns, _open, _star, name, _close, parameters): ArgumentSpecification => {
    const written: readonly ArgumentSpecification[] = parameters.value();
    const functionName = name.sourceString.trim();
    return {
      type: returns.value(),
      name: functionName === '' ? undefined : functionName,
      literal: undefined,
      pointedFunction: { returns: returns.value(), functionName, arguments: withoutVoid(written) },
    };
  },
  Argument_typedLiteral: (type, literal): ArgumentSpecification => ({
    type: type.value(),
    name: undefined,
    literal: literal.value(),
  }),
  Argument_typedName: (type, name): ArgumentSpecification => ({
    type: type.value(),
    name: name.sourceString.trim(),
    literal: undefined,
  }),
  Argument_literal: (literal): ArgumentSpecification => ({
    type: undefined,
    name: undefined,
    literal: literal.value(),
  }),
  Argument_bare: (type): ArgumentSpecification => ({ type: type.value(), name: undefined, literal: undefined }),
  Type: (before: IterationNode, base, stars: IterationNode): TypeReference => ({
    name: words(base),
    pointerDepth: stars.children.length,
    isConst: before.children.some((word) => word.sourceString.trim() === 'const'),
  }),
  float: (sign, digits, tail): ArgumentLiteral => ({
    kind: 'float',
    value: Number(sign.sourceString + digits.sourceString + tail.sourceString),
  }),
  integer: (sign, digits): ArgumentLiteral => ({
    kind: 'integer',
    value: BigInt(sign.sourceString + digits.sourceString),
  }),
  radixInteger: (sign, radix, _r, digits): ArgumentLiteral => {
    const magnitude = inRadix(Number(radix.sourceString), digits.sourceString);
    return { kind: 'integer', value: sign.sourceString === '-' ? -magnitude : magnitude };
  },
  string: (_open, characters, _close): ArgumentLiteral => ({
    kind: 'string',
    value: characters.sourceString.replaceAll("''", "'"),
  }),
  character: (_dollar, character): ArgumentLiteral => ({
    kind: 'character',
    codePoint: character.sourceString.codePointAt(0) as number,
  }),
});

function words(node: Node): string {
  return node.sourceString.trim().replace(/\s+/g, ' ');
}

/** `(void)` means that there are no arguments. */
function withoutVoid(list: readonly ArgumentSpecification[]): readonly ArgumentSpecification[] {
  const [only] = list;
  const isVoid =
    list.length === 1 && only?.type?.name === 'void' && only.type.pointerDepth === 0 && !only.name && !only.literal;
  return isVoid ? [] : list;
}

function inRadix(radix: number, digits: string): bigint {
  let value = 0n;
  for (const digit of digits) {
    const weight = Number.parseInt(digit, 36);
    if (!(weight < radix)) throw new SignatureError(`${digit} is no digit of radix ${radix} in ${radix}r${digits}`);
    value = value * BigInt(radix) + BigInt(weight);
  }
  return value;
}

/** The signature that `text` writes. Throws `SignatureError` that shows where it does not parse. */
export function parseUffiSignature(text: string): UffiSignature {
  const match = grammar.match(text);
  if (match.failed()) {
    const offset = match.getInterval().startIdx;
    throw new SignatureError(
      `the signature ${text} does not parse at column ${offset + 1}: ${(match.shortMessage ?? '').replace(/^Line \d+, col \d+: /, '')}\n${text}\n${' '.repeat(offset)}^`,
    );
  }
  return semantics(match).value();
}
