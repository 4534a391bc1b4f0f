/**
 * A signature: result and argument types of a C function, resolved. Made once per function from the plain-text form that
 * users write, `{ returns: 'int', arguments: ['const char *'] }`; immutable; `key` is equal for equal types.
 */
import { checkSignatureText } from '../check-input.ts';
import { badSignatureError } from '../errors.ts';
import { type Field, isComplete } from './aggregate-types.ts';
import { parseType } from './parse-type.ts';
import { type CType, scalarTypes } from './scalar-types.ts';
import { typeText } from './type-text.ts';

/** As users write it; what stands behind an argument `...` is passed as variable arguments. Names only serve the reports. */
export interface SignatureText {
  readonly returns: string;
  readonly arguments: readonly string[];
  readonly argumentNames?: readonly string[];
}

export interface Signature {
  readonly returns: CType;
  readonly arguments: readonly CType[];
  readonly argumentNames: readonly string[] | undefined;
  /** How many arguments stand in front of `...`; undefined where there is none. */
  readonly variadicFrom: number | undefined;
  readonly key: string;
}

/** More than C compilers must support (127, C17 5.2.4.1) is refused. */
export const maxArguments = 127;

/** Throws CalloutError `bad-signature`, `bad-type`. */
export function parseSignature(callout: string, text: SignatureText): Signature {
  checkSignatureText(callout, text);
  const types = text.arguments.length === 1 && text.arguments[0]!.trim() === 'void' ? [] : text.arguments;
  const dots = types.findIndex((type) => type.trim() === '...');
  const all = types.filter((_, index) => index !== dots).map((type) => parseType(type));
  const variadicFrom = dots < 0 ? undefined : dots;
  return makeSignature(callout, parseType(text.returns), all, text.argumentNames, variadicFrom);
}

/**
 * From resolved types; those from `variadicFrom` on are promoted as C promotes variable arguments. Throws CalloutError `bad-signature` for what no C function takes or answers.
 */
export function makeSignature(
  callout: string,
  returns: CType,
  given: readonly CType[],
  argumentNames?: readonly string[] | undefined,
  variadicFrom?: number | undefined,
): Signature {
  const types = given.map((type, index) => (index >= (variadicFrom ?? given.length) ? promoted(type) : type));
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
  if (variadicFrom !== undefined) keys.splice(variadicFrom, 0, '...');
  return { returns, arguments: types, argumentNames, variadicFrom, key: `${typeKey(returns)}(${keys.join(',')})` };
}

/** The default argument promotions (C17 6.5.2.2): float becomes double, what is shorter than int becomes int. */
function promoted(type: CType): CType {
  if (type.kind === 'float') return scalarTypes.get('double')!;
  const isShort = type.kind === 'bool' || ((type.kind === 'signed' || type.kind === 'unsigned') && type.sizeBytes < 4);
  return isShort ? scalarTypes.get('int')! : type;
}

const bitsKey = ({ bits }: Field) => (bits === undefined ? '' : `.${bits.shift}+${bits.width}`);

/** Equal for types that are passed alike: names may be used again for other structs. */
function typeKey(type: CType): string {
  switch (type.kind) {
    case 'struct':
    case 'union':
      return `${type.name}${type.hasBitFields ? `:${type.sizeBytes}` : ''}{${type.fields.map((field) => `${field.offsetBytes}${bitsKey(field)}:${typeKey(field.type)}`).join(',')}}`;
    case 'array':
      return `${typeKey(type.element)}[${type.length}]`;
    default:
      return type.name;
  }
}

/** `strcpy(char *dest, char *src)`, as reports print it. */
export function declarationText(name: string, signature: Signature): string {
  const args = signature.arguments.map((type, index) => typeText(type, signature.argumentNames?.[index]));
  if (signature.variadicFrom !== undefined) args.splice(signature.variadicFrom, 0, '...');
  return `${name}(${args.join(', ')})`;
}
