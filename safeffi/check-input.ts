/**
 * What callers of the public face may get wrong and TypeScript cannot see, or could not because the caller wrote JavaScript:
 * checked where it comes in, before anything is done. Each check throws a CalloutError that says what was given to what, and
 * what was expected. Hot paths do not come here: generated marshallers check their arguments themselves.
 */
import { Address } from './address.ts';
import {
  argumentCountError,
  badOptionError,
  badSignatureError,
  CalloutError,
  describeValue,
  optionsError,
} from './errors.ts';
import type { CalloutOptions } from './executor/executor.ts';
import type { SignatureText } from './types/signature.ts';

const twoTo64 = 2n ** 64n;
/** The longest that an ArrayBuffer may be on every machine that Node 20 runs on. */
const mostBytes = 2 ** 33;

export function inputError(what: string, value: unknown, expected: string): CalloutError {
  return new CalloutError('argument-type', `${what} is ${describeValue(value)}, expected ${expected}`, {
    what,
    expected,
  });
}

/** A name that C takes as a string: a NUL in it would cut it short. */
export function checkName(what: string, name: unknown, allowEmpty = false): asserts name is string {
  if (typeof name !== 'string') throw inputError(what, name, 'a String');
  if (name.includes('\0')) throw inputError(what, name.replaceAll('\0', '\\0'), 'a String without a NUL');
  if (name === '' && !allowEmpty) throw inputError(what, name, 'a name');
}

export function checkAddress(what: string, address: unknown): asserts address is Address {
  if (!(address instanceof Address)) throw inputError(what, address, 'an Address');
}

/** 0 to 2^64 - 1, where an address can be. */
export function checkAddressValue(what: string, value: unknown): asserts value is number | bigint {
  const isInteger = typeof value === 'bigint' || Number.isSafeInteger(value);
  if (!isInteger || (value as number | bigint) < 0 || BigInt(value as number | bigint) >= twoTo64)
    throw inputError(what, value, 'an integer from 0 to 18446744073709551615, a bigint beyond 2^53 - 1');
}

export function checkSize(what: string, sizeBytes: unknown): asserts sizeBytes is number {
  if (!Number.isSafeInteger(sizeBytes) || (sizeBytes as number) < 0 || (sizeBytes as number) > mostBytes)
    throw inputError(what, sizeBytes, `a number of bytes from 0 to ${mostBytes}`);
}

/** Any view of bytes, as bytes. */
export function checkedBytes(what: string, bytes: unknown): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  throw inputError(what, bytes, 'bytes (a typed array or a DataView)');
}

export function checkFunction(what: string, fn: unknown): void {
  if (typeof fn !== 'function') throw inputError(what, fn, 'a function');
}

export function checkSignatureText(callout: string, text: unknown): asserts text is SignatureText {
  if (typeof text !== 'object' || text === null)
    throw badSignatureError(callout, `the signature is ${describeValue(text)}, expected { returns, arguments }`);
  const { returns, arguments: types, argumentNames } = text as Record<string, unknown>;
  if (typeof returns !== 'string')
    throw badSignatureError(callout, `returns is ${describeValue(returns)}, expected a C type as text`);
  if (!Array.isArray(types))
    throw badSignatureError(callout, `arguments is ${describeValue(types)}, expected an array of C types as text`);
  types.forEach((type: unknown, index) => {
    if (typeof type !== 'string')
      throw badSignatureError(
        callout,
        `the type of argument ${index + 1} is ${describeValue(type)}, expected a C type as text`,
      );
  });
  if (argumentNames !== undefined && (!Array.isArray(argumentNames) || argumentNames.length > types.length))
    throw badSignatureError(
      callout,
      `argumentNames is ${Array.isArray(argumentNames) ? `${argumentNames.length} names` : describeValue(argumentNames)}, expected at most ${types.length}, one an argument`,
    );
}

/** The arguments of a call as one array, and its options. */
export function checkCall(callout: string, args: unknown, count: number, options: CalloutOptions): void {
  if (!Array.isArray(args))
    throw new CalloutError(
      'argument-count',
      `callout ${callout}: the arguments are ${describeValue(args)}, expected an array of ${count}`,
      { callout, expected: count },
    );
  if (args.length !== count) throw argumentCountError(callout, args.length, count);
  if (typeof options !== 'object' || options === null) throw optionsError(options, 'an object of options');
  checkDuration('deadlineMs', options.deadlineMs);
}

/** Milliseconds to wait, which may be none. */
export function checkWait(callout: string, timeoutMs: unknown): void {
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0))
    throw inputError(`callout ${callout}: the time to wait`, timeoutMs, 'milliseconds from 0 on');
}

/** Milliseconds, more than none; undefined and Infinity are no limit. */
export function checkDuration(option: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== 'number' || !(value > 0)) throw badOptionError(option, value, 'milliseconds, more than 0');
}
