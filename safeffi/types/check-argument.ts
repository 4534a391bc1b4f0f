/**
 * Whether a value fits an argument's type, and the error when it does not: the same sentences for every executor. The
 * native executor's generated marshallers check for themselves and come here only to refuse.
 */
import { fitsInt64 } from '../abi/int64.ts';
import { Address, CString } from '../address.ts';
import { Callback } from '../callbacks/callback.ts';
import { checkCall } from '../check-input.ts';
import { argumentRangeError, argumentTypeError, type CalloutError } from '../errors.ts';
import { isRecord } from './aggregate-types.ts';
import { type CType, integerRange, isCharPointer, isOneByte } from './scalar-types.ts';

const isInteger = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));

/** True for pointers that a string may be passed to: to char, void and one-byte integers. */
export function takesStrings(type: CType): boolean {
  return isCharPointer(type) || type.target?.kind === 'void' || (type.target !== undefined && isOneByte(type.target));
}

/** What an error says was expected: `int (-2147483648 to 2147483647)`. */
export function expectedText(type: CType): string {
  if (type.kind === 'signed' || type.kind === 'unsigned') {
    const { low, high } = integerRange(type);
    return `${type.name} (${low} to ${high})`;
  }
  if (type.kind === 'bool') return 'bool (true or false)';
  if (type.kind === 'float') return `${type.name} (a Float)`;
  if (isRecord(type)) return `${type.name} (a ByteArray of ${type.sizeBytes} bytes)`;
  if (type.target?.kind === 'function') return `${type.name} (a function, a Callback, an address or nil)`;
  return takesStrings(type)
    ? `${type.name} (an address, a String, a ByteArray or nil)`
    : `${type.name} (an address, a ByteArray or nil)`;
}

/** The error for argument `index` (from 0). */
export function argumentRefusal(callout: string, index: number, type: CType, value: unknown): CalloutError {
  if ((type.kind === 'signed' || type.kind === 'unsigned' || type.kind === 'bool') && isInteger(value)) {
    const { low, high } = integerRange(type);
    return argumentRangeError(callout, index + 1, value, type.name, low, high);
  }
  return argumentTypeError(callout, index + 1, value, expectedText(type));
}

/** All arguments of a call that is yet to be made, so that nothing else is done when one is refused. */
export function checkArguments(callout: string, types: readonly CType[], args: unknown): void {
  checkCall(callout, args, types.length, {});
  (args as readonly unknown[]).forEach((value, index) => {
    const type = types[index]!;
    if (!fits(type, value)) throw argumentRefusal(callout, index, type, value);
  });
}

/** True when the value can be passed as that type. */
export function fits(type: CType, value: unknown): boolean {
  switch (type.kind) {
    case 'bool':
      return value === true || value === false || value === 0 || value === 1;
    case 'signed':
    case 'unsigned': {
      if (!isInteger(value)) return false;
      if (type.sizeBytes === 8) return fitsInt64(value, type.kind === 'signed');
      const { low, high } = integerRange(type);
      return value >= low && value <= high;
    }
    case 'float':
      return typeof value === 'number';
    case 'pointer':
      if (typeof value === 'string' || value instanceof CString) return takesStrings(type);
      if (value instanceof Callback) return !value.released;
      return value === null || value instanceof Address || ArrayBuffer.isView(value);
    case 'struct':
    case 'union':
      return ArrayBuffer.isView(value) && value.byteLength === type.sizeBytes;
    default:
      return false;
  }
}
