/**
 * Between the values of callers and the plain ones that koffi takes, for the executors that use it: checks arguments,
 * makes strings bytes with a NUL, refuses stale addresses, copies back, and wraps results.
 */
import { Address, CString, exact } from '../address.ts';
import { Callback } from '../callbacks/callback.ts';
import { argumentCountError, argumentTypeError } from '../errors.ts';
import { argumentRefusal, fits } from '../types/check-argument.ts';
import { isCharPointer } from '../types/scalar-types.ts';
import type { Signature } from '../types/signature.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import type { PlainValue } from './koffi-functions.ts';

export interface PlainContext {
  readonly generation: number;
  /** The error for an address of an executor that is gone. */
  stale(position: number, address: Address): Error;
  /** Where C finds a callback. */
  pointerTo(callback: Callback): bigint | undefined;
  /** The string at an address, in the form that the session wants. */
  text(address: bigint): ResultValue;
}

export function toPlain(
  callout: string,
  signature: Signature,
  args: readonly ArgumentValue[],
  context: PlainContext,
): PlainValue[] {
  if (args.length !== signature.arguments.length)
    throw argumentCountError(callout, args.length, signature.arguments.length);
  return args.map((value, index) => {
    const type = signature.arguments[index]!;
    if (!fits(type, value)) throw argumentRefusal(callout, index, type, value);
    if (type.kind === 'bool') return value === true || value === 1;
    if (typeof value === 'string') return new TextEncoder().encode(`${value}\0`);
    if (value instanceof CString) return withNul(value.bytes);
    if (value instanceof Callback) {
      const pointer = context.pointerTo(value);
      if (pointer === undefined)
        throw argumentTypeError(callout, index + 1, value, 'a callback of the same session and domain');
      return pointer;
    }
    if (value instanceof Address) {
      if (value.generation !== 0 && value.generation !== context.generation) throw context.stale(index + 1, value);
      if (typeof value.value === 'bigint')
        throw argumentTypeError(callout, index + 1, value.toString(), 'an address below 2^53');
      return value.value === 0 ? null : BigInt(value.value);
    }
    return ArrayBuffer.isView(value) ? bytesOf(value) : (value as PlainValue);
  });
}

/** After a call: writes what C left in the buffers back into the caller's. `plain` holds the buffers as C left them. */
export function copyBack(signature: Signature, args: readonly ArgumentValue[], plain: readonly PlainValue[]): void {
  args.forEach((value, index) => {
    const after = plain[index];
    const type = signature.arguments[index]!;
    if (type.kind !== 'pointer' || type.readOnly === true || !(after instanceof Uint8Array)) return;
    if (value instanceof CString) value.bytes.set(after.subarray(0, value.bytes.length));
    else if (ArrayBuffer.isView(value)) {
      const target = bytesOf(value);
      if (target !== after) target.set(after.subarray(0, target.length));
    }
  });
}

export function fromPlain(signature: Signature, value: PlainValue, context: PlainContext): ResultValue {
  const type = signature.returns;
  switch (type.kind) {
    case 'void':
      return undefined;
    case 'bool':
      return value === true || value === 1;
    case 'pointer': {
      const address = typeof value === 'bigint' ? BigInt.asUintN(64, value) : 0n;
      if (!isCharPointer(type)) return new Address(exact(address), context.generation);
      return address === 0n ? null : context.text(address);
    }
    case 'struct':
    case 'union':
      return value as Uint8Array;
    case 'float':
      return value as number;
    default: // koffi answers a number for 2^53 itself too
      return typeof value === 'number' && Number.isSafeInteger(value) ? value : exact(BigInt(value as number | bigint));
  }
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function withNul(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length + 1);
  result.set(bytes);
  return result;
}
