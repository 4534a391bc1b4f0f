/**
 * A signature: result and argument types of a C function, resolved. Made once per function from the plain-text form that
 * users write, `{ returns: 'int', arguments: ['const char *'] }`; immutable; `key` is equal for equal types.
 */
import { badSignatureError } from '../errors.ts';
import { parseType } from './parse-type.ts';
import type { CType } from './scalar-types.ts';

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
  readonly key: string;
}

/** More than C compilers must support (127, C17 5.2.4.1) is refused. */
export const maxArguments = 127;

export function parseSignature(callout: string, text: SignatureText): Signature {
  const types = text.arguments.length === 1 && text.arguments[0]!.trim() === 'void' ? [] : text.arguments;
  if (types.length > maxArguments) {
    throw badSignatureError(callout, `${types.length} arguments are declared, the most is ${maxArguments}`);
  }
  const argumentTypes = types.map((type, index) => {
    const parsed = parseType(type);
    if (parsed.kind === 'void') throw badSignatureError(callout, `argument ${index + 1} is declared ${parsed.name}`);
    return parsed;
  });
  const returns = parseType(text.returns);
  return {
    returns,
    arguments: argumentTypes,
    argumentNames: text.argumentNames,
    key: `${returns.name}(${argumentTypes.map((type) => type.name).join(',')})`,
  };
}

/** `strcpy(char *dest, char *src)`, as reports print it. */
export function declarationText(name: string, signature: Signature): string {
  const args = signature.arguments.map((type, index) => {
    const argument = signature.argumentNames?.[index];
    if (argument === undefined) return type.name;
    return type.name.endsWith('*') ? `${type.name}${argument}` : `${type.name} ${argument}`;
  });
  return `${name}(${args.join(', ')})`;
}
