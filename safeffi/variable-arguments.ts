/**
 * Arguments behind `...`: the prototype says nothing of their types, so the values must. C reads there what its format
 * string says; a number may be meant as int or as double, and a wrong guess is memory read wrongly: it is refused unless
 * `typed` tells.
 */
import { fitsInt64 } from './abi/int64.ts';
import { Address, CString } from './address.ts';
import { CalloutError, describeValue } from './errors.ts';
import { parseType } from './types/parse-type.ts';
import type { CType } from './types/scalar-types.ts';
import type { ArgumentValue } from './values.ts';

/** A value with the C type that it is passed as. */
export class TypedValue {
  readonly type: CType;
  readonly value: ArgumentValue | object;

  constructor(type: CType, value: ArgumentValue | object) {
    this.type = type;
    this.value = value;
  }
}

/** `printf('%d %f', typed('int', 1), typed('double', 1))`. Throws CalloutError `bad-type`. */
export function typed(type: string | CType, value: ArgumentValue | object): TypedValue {
  if (typeof type === 'object' && type !== null) return new TypedValue(type, value);
  return new TypedValue(parseType(type), value);
}

/** The argument at `position` (from 1) with its type: pointers, strings, booleans and bigints say it themselves. */
export function variableArgument(callout: string, position: number, value: unknown): TypedValue {
  if (value instanceof TypedValue) return value;
  if (typeof value === 'string' || value instanceof CString) return typed('const char *', value);
  if (typeof value === 'boolean') return typed('int', value ? 1 : 0);
  if (typeof value === 'bigint') return typed(fitsInt64(value, true) ? 'long long' : 'unsigned long long', value);
  if (value === null || value instanceof Address || ArrayBuffer.isView(value)) return typed('void *', value);
  const what = describeValue(value);
  const expected =
    typeof value === 'number' ? `typed('int', ${what}) or typed('double', ${what})` : 'typed(type, value)';
  throw new CalloutError(
    'argument-type',
    `callout ${callout}: argument ${position} is ${what}, expected ${expected}: its type is not declared`,
    { callout, position },
  );
}
