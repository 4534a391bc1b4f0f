/**
 * Types as koffi has them, by way of plain data that can cross to another process: names of scalars, and records with
 * their members. A record by value is bytes on our side and an object on koffi's; members are integers of their width, so
 * that no bit is lost on the way.
 */
import { badSignatureError } from '../errors.ts';
import type { CType } from '../types/scalar-types.ts';
import type { Signature } from '../types/signature.ts';
import type { Koffi } from './koffi.ts';
import type { PlainValue } from './koffi-functions.ts';

export type PlainType =
  | string
  | PlainRecord
  | { readonly kind: 'array'; readonly element: PlainType; readonly length: number };

export interface PlainRecord {
  readonly kind: 'struct' | 'union';
  readonly sizeBytes: number;
  readonly members: readonly PlainType[];
}

export interface PlainSignature {
  readonly returns: PlainType;
  readonly arguments: readonly PlainType[];
  /** How many arguments stand in front of `...`. */
  readonly variadicFrom: number | undefined;
  /** Equal for equal signatures. */
  readonly key: string;
}

type KoffiType = Parameters<Koffi['sizeof']>[0];

/** Throws CalloutError `bad-signature` for what koffi has no type for. */
export function plainSignature(callout: string, signature: Signature): PlainSignature {
  const plain = (type: CType) => plainType(callout, type, false);
  const { variadicFrom, key } = signature;
  return { returns: plain(signature.returns), arguments: signature.arguments.map(plain), variadicFrom, key };
}

/** The same for a callback: pointers and booleans are integers, as they are in records. */
export function plainCallbackSignature(name: string, signature: Signature): PlainSignature {
  const plain = (type: CType) => plainType(name, type, true);
  const { key } = signature;
  return { returns: plain(signature.returns), arguments: signature.arguments.map(plain), variadicFrom: undefined, key };
}

function plainType(callout: string, type: CType, isMember: boolean): PlainType {
  switch (type.kind) {
    case 'void':
      return 'void';
    case 'bool':
      return isMember ? 'uint8_t' : 'bool';
    case 'signed':
      return `int${8 * type.sizeBytes}_t`;
    case 'unsigned':
      return `uint${8 * type.sizeBytes}_t`;
    case 'float':
      return type.sizeBytes === 4 ? 'float' : 'double';
    case 'pointer':
      return isMember ? 'uintptr_t' : 'void *';
    case 'array':
      return plainArray(callout, type.element, type.length);
    case 'struct':
    case 'union': {
      // koffi 3.3 passes a packed struct of up to 16 bytes in registers, where the ABI has it on the stack.
      if (type.packed)
        throw badSignatureError(callout, `${type.name} is packed, and only the native executor passes such by value`);
      if (type.hasBitFields)
        throw badSignatureError(
          callout,
          `${type.name} has bit-fields, and only the native executor passes such by value`,
        );
      const members = type.fields.map((field) => plainType(callout, field.type, true));
      return { kind: type.kind, sizeBytes: type.sizeBytes, members };
    }
    case 'function':
      throw new Error(`a value of type ${type.name} got past the signature`);
  }
}

function koffiType(koffi: Koffi, type: PlainType): KoffiType {
  if (typeof type === 'string') return type;
  if (type.kind === 'array') return koffi.array(koffiType(koffi, type.element), type.length);
  const members = Object.fromEntries(type.members.map((member, i) => [`m${i}`, koffiType(koffi, member)]));
  return type.kind === 'union' ? koffi.union(members) : koffi.struct(members);
}

/** An array of arrays becomes one array: it lies alike, and koffi 3.3 loses values of the other. */
function plainArray(callout: string, element: CType, length: number): PlainType {
  if (element.kind === 'array') return plainArray(callout, element.element, element.length * length);
  return { kind: 'array', element: plainType(callout, element, true), length };
}

/** A signature as koffi declares it, and what has to be done to each call's values. */
export interface KoffiSignature {
  readonly returns: KoffiType;
  /** Of the declared arguments, and `...`. */
  readonly arguments: readonly KoffiType[];
  /** undefined where koffi takes and answers the values as they are. */
  readonly conversion: ValueConversion | undefined;
}

export interface ValueConversion {
  in(args: readonly unknown[]): unknown[];
  out(value: unknown): unknown;
}

export function koffiSignature(koffi: Koffi, signature: PlainSignature): KoffiSignature {
  const { variadicFrom } = signature;
  const returns = koffiType(koffi, signature.returns);
  const types = signature.arguments.map((type) => koffiType(koffi, type));
  const declared = variadicFrom === undefined ? types : [...types.slice(0, variadicFrom), '...'];
  const isPlain = variadicFrom === undefined && ![signature.returns, ...signature.arguments].some(isPlainRecord);
  if (isPlain) return { returns, arguments: declared, conversion: undefined };
  const isRecordAt = signature.arguments.map(isPlainRecord);
  const conversion: ValueConversion = {
    // koffi wants the type in front of each variable argument.
    in: (args) =>
      args.flatMap((value, i) => {
        const passed: unknown = isRecordAt[i] ? koffi.decode(value as Uint8Array, types[i]!) : value;
        return i >= (variadicFrom ?? args.length) ? [types[i], passed] : [passed];
      }),
    out: (value) => {
      if (!isPlainRecord(signature.returns)) return value;
      const bytes = new Uint8Array(signature.returns.sizeBytes);
      koffi.encode(bytes, returns, value);
      return bytes;
    },
  };
  return { returns, arguments: declared, conversion };
}

/** A callback's type as koffi has it, and its plain function as koffi calls it. */
export function koffiCallback(
  koffi: Koffi,
  signature: PlainSignature,
  plain: (args: readonly PlainValue[]) => PlainValue,
): { readonly type: KoffiType; readonly fn: (...args: unknown[]) => unknown } {
  const { returns, arguments: plainTypes } = signature;
  const types = plainTypes.map((type) => koffiType(koffi, type));
  const result = koffiType(koffi, returns);
  const sizes = plainTypes.map((type) => (isPlainRecord(type) ? type.sizeBytes : undefined));
  const fn = (...args: unknown[]) => {
    const values = args.map((value, i): PlainValue => {
      const size = sizes[i];
      if (size === undefined) return value as PlainValue;
      const bytes = new Uint8Array(size);
      koffi.encode(bytes, types[i]!, value);
      return bytes;
    });
    const value = plain(values);
    return isPlainRecord(returns) ? koffi.decode(value as Uint8Array, result) : value;
  };
  return { type: koffi.pointer(koffi.proto(result, types)), fn };
}

function isPlainRecord(type: PlainType): type is PlainRecord {
  return typeof type !== 'string' && type.kind !== 'array';
}
