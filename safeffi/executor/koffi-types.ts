/**
 * Signatures as koffi has them, by way of plain data that can cross to another process: names of scalars, and carriers of
 * records (koffi-records.ts). A record by value is bytes on our side.
 */
import type { CType } from '../types/scalar-types.ts';
import type { Signature } from '../types/signature.ts';
import type { Koffi } from './koffi.ts';
import type { PlainValue } from './koffi-functions.ts';
import {
  compileFromParts,
  compileToParts,
  koffiPart,
  koffiRecord,
  type PlainRecord,
  plainRecord,
} from './koffi-records.ts';

export type PlainType = string | PlainRecord;

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

/** The same for a callback. */
export function plainCallbackSignature(name: string, signature: Signature): PlainSignature {
  const plain = (type: CType) => plainType(name, type, true);
  const { key } = signature;
  return { returns: plain(signature.returns), arguments: signature.arguments.map(plain), variadicFrom: undefined, key };
}

/** In callbacks pointers and booleans are integers. */
function plainType(callout: string, type: CType, inCallback: boolean): PlainType {
  switch (type.kind) {
    case 'void':
      return 'void';
    case 'bool':
      return inCallback ? 'uint8_t' : 'bool';
    case 'signed':
      return `int${8 * type.sizeBytes}_t`;
    case 'unsigned':
      return `uint${8 * type.sizeBytes}_t`;
    case 'float':
      return type.sizeBytes === 4 ? 'float' : 'double';
    case 'pointer':
      return inCallback ? 'uintptr_t' : 'void *';
    case 'struct':
    case 'union':
      return plainRecord(callout, type);
    case 'array':
    case 'function':
      throw new Error(`a value of type ${type.name} got past the signature`);
  }
}

/** Of an argument. */
function koffiType(koffi: Koffi, type: PlainType): KoffiType {
  return typeof type === 'string' ? type : koffiRecord(koffi, type.parts);
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
  /** `passed` is what `in` made. */
  out(value: unknown, passed: readonly unknown[]): unknown;
  /** Both around a function of koffi's, compiled for arguments one by one; undefined for variable ones. */
  readonly around: ((call: (...args: unknown[]) => unknown) => (...args: unknown[]) => unknown) | undefined;
}

export function koffiSignature(koffi: Koffi, signature: PlainSignature): KoffiSignature {
  const { variadicFrom } = signature;
  const types = signature.arguments.map((type) => koffiType(koffi, type));
  const declared = variadicFrom === undefined ? types : [...types.slice(0, variadicFrom), '...'];
  const result = koffiResult(koffi, signature.returns);
  const makers = signature.arguments.map((type) => (typeof type === 'string' ? undefined : compileToParts(type)));
  const hasRecords = [signature.returns, ...signature.arguments].some((type) => typeof type !== 'string');
  const isPlain = variadicFrom === undefined && !hasRecords;
  if (isPlain) return { returns: result.type, arguments: declared, conversion: undefined };
  const { roomBytes, out } = result;
  const conversion: ValueConversion = {
    // koffi wants the type in front of each variable argument.
    in: (args) => {
      const passed: unknown[] = roomBytes === undefined ? [] : [new Uint8Array(roomBytes)];
      args.forEach((value, i) => {
        if (i >= (variadicFrom ?? args.length)) passed.push(types[i]);
        passed.push(makers[i] === undefined ? value : makers[i](value as Uint8Array));
      });
      return passed;
    },
    out: (value, passed) => (roomBytes === undefined ? (out?.(value) ?? value) : passed[0]),
    around: variadicFrom === undefined ? (call) => compileAround(call, makers, result) : undefined,
  };
  return { returns: result.type, arguments: roomBytes === undefined ? declared : ['void *', ...declared], conversion };
}

function compileAround(
  call: (...args: unknown[]) => unknown,
  makers: readonly (((bytes: Uint8Array) => unknown) | undefined)[],
  { roomBytes, out }: KoffiResult,
): (...args: unknown[]) => unknown {
  const names = makers.map((_, i) => `a${i}`);
  const passed = names.map((name, i) => (makers[i] === undefined ? name : `m${i}(${name})`));
  const made = makers.map((_, i) => `m${i}`);
  const body =
    roomBytes === undefined
      ? `return ${out === undefined ? '' : 'out'}(call(${passed.join(', ')}));`
      : `const room = new Uint8Array(${roomBytes}); call(${['room', ...passed].join(', ')}); return room;`;
  const code = `'use strict'; const [${made.join(', ')}] = makers; return function (${names.join(', ')}) { ${body} };`;
  return new Function('call', 'out', 'makers', code)(call, out, makers) as (...args: unknown[]) => unknown;
}

interface KoffiResult {
  readonly type: KoffiType;
  /** The function takes the address of so much room as its first argument. */
  readonly roomBytes?: number;
  readonly out?: (value: unknown) => Uint8Array;
}

function koffiResult(koffi: Koffi, returns: PlainType): KoffiResult {
  if (typeof returns === 'string') return { type: returns };
  const { result, resultParts, sizeBytes } = returns;
  if (result === 'pointer') return { type: 'void', roomBytes: sizeBytes };
  const isScalar = result === 'scalar';
  const type = isScalar ? koffiPart(koffi, resultParts[0]!) : koffiRecord(koffi, resultParts);
  return { type, out: compileFromParts(sizeBytes, resultParts, isScalar) };
}

/** A callback's type as koffi has it, and its plain function as koffi calls it. */
export function koffiCallback(
  koffi: Koffi,
  signature: PlainSignature,
  plain: (args: readonly PlainValue[]) => PlainValue,
): { readonly type: KoffiType; readonly fn: (...args: unknown[]) => unknown } {
  const { returns, arguments: plainTypes } = signature;
  const types = plainTypes.map((type) => koffiType(koffi, type));
  const readers = plainTypes.map((type) =>
    typeof type === 'string' ? undefined : compileFromParts(type.sizeBytes, type.parts, false),
  );
  const answer = typeof returns === 'string' ? undefined : compileToParts(returns);
  const fn = (...args: unknown[]) => {
    const value = plain(args.map((each, i) => readers[i]?.(each) ?? (each as PlainValue)));
    return answer === undefined ? value : answer(value as Uint8Array);
  };
  return { type: koffi.pointer(koffi.proto(koffiType(koffi, returns), types)), fn };
}
