/**
 * A signature: result and argument types of a C function, resolved. Made once per function from the plain-text form that
 * users write, `{ returns: 'int', arguments: ['const char *'] }`; immutable; `key` is equal for equal types.
 */
import { badSignatureError } from '../errors.ts';
import { isComplete } from './aggregate-types.ts';
import { parseType } from './parse-type.ts';
import type { CType } from './scalar-types.ts';
import { typeText } from './type-text.ts';

/** As users write it. `argumentNames` only serves the reports. */
export interface SignatureText {
  readonly returns: string;
  readonly arguments: readonly string[];
  readonly argumentNames?: readonly string[];
}

export interface Signature {
  readonly returns: CType;
  readonly arguments: readonly CType[];
  readonly argumentNames: readonly string[] | undefined;
  /** Declared with `...` behind the arguments. */
  readonly variadic: boolean;
  readonly key: string;
}

/** More than C compilers must support (127, C17 5.2.4.1) is refused. */
export const maxArguments = 127;

export function parseSignature(callout: string, text: SignatureText): Signature {
  const types = text.arguments.length === 1 && text.arguments[0]!.trim() === 'void' ? [] : text.arguments;
  return makeSignature(
    callout,
    parseType(text.returns),
    types.map((type) => parseType(type)),
    text.argumentNames,
  );
}

/** From resolved types. Throws CalloutError `bad-signature` for what no C function takes or answers. */
export function makeSignature(
  callout: string,
  returns: CType,
  types: readonly CType[],
  argumentNames?: readonly string[] | undefined,
  variadic = false,
): Signature {
  if (types.length > maxArguments)
    throw badSignatureError(callout, `${types.length} arguments are declared, the most is ${maxArguments}`);
  types.forEach((type, index) => {
    if (type.kind === 'void') throw badSignatureError(callout, `argument ${index + 1} is declared ${type.name}`);
    if (!isComplete(type) || type.kind === 'array')
      throw badSignatureError(
        callout,
        `argument ${index + 1} is declared ${type.name}, which is passed by pointer only`,
      );
  });
  if (returns.kind !== 'void' && (!isComplete(returns) || returns.kind === 'array'))
    throw badSignatureError(callout, `the result is declared ${returns.name}, which is returned by pointer only`);
  const keys = types.map(typeKey);
  if (variadic) keys.push('...');
  return { returns, arguments: types, argumentNames, variadic, key: `${typeKey(returns)}(${keys.join(',')})` };
}

/** Equal for types that are passed alike: names may be used again for other structs. */
function typeKey(type: CType): string {
  switch (type.kind) {
    case 'struct':
    case 'union':
      return `${type.name}{${type.fields.map((field) => `${field.offsetBytes}:${typeKey(field.type)}`).join(',')}}`;
    case 'array':
      return `${typeKey(type.element)}[${type.length}]`;
    default:
      return type.name;
  }
}

/** `strcpy(char *dest, char *src)`, as reports print it. */
export function declarationText(name: string, signature: Signature): string {
  const args = signature.arguments.map((type, index) => typeText(type, signature.argumentNames?.[index]));
  if (signature.variadic) args.push('...');
  return `${name}(${args.join(', ')})`;
}
