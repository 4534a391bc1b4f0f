/**
 * A JavaScript function where a declared function takes a pointer to one: a callback for the length of the call. Records by
 * value are objects of their fields on its side, as they are for declared functions.
 */
import { DeclaredRecord, type RecordHome } from '../declared-record.ts';
import type { FunctionType } from '../types/aggregate-types.ts';
import { isRecord } from '../types/aggregate-types.ts';
import type { FieldValue } from '../types/record-codec.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import type { Callback, CallbackFunction } from './callback.ts';

/** Takes and answers what a declared function answers and takes. */
export type DeclaredCallbackFunction = (...args: FieldValue[]) => unknown;

/** Makes the callback; whoever called releases it. `name` is for reports. */
export function declaredCallback(
  type: FunctionType,
  fn: DeclaredCallbackFunction,
  name: string,
  home: RecordHome,
): Callback {
  const { arguments: types, returns } = type.signature;
  const records = types.map((one) => (isRecord(one) ? new DeclaredRecord(one, home) : undefined));
  const result = isRecord(returns) ? new DeclaredRecord(returns, home) : undefined;
  if (result === undefined && records.every((record) => record === undefined))
    return home.callback(type.signature, fn as CallbackFunction, name);
  const adapted = (...args: ResultValue[]) => {
    const fields = args.map((value, i) => records[i]?.fromBytes(value as Uint8Array) ?? value);
    const value = fn(...fields);
    return (result === undefined ? value : result.toBytes(value, `callback ${name}: the result`)) as ArgumentValue;
  };
  return home.callback(type.signature, adapted, name);
}
