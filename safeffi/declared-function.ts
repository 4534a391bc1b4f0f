/**
 * A declared C function as a JavaScript function. Where records are involved, plain objects and views become bytes before
 * the call and are brought up to date after it; a function that is passed is a callback for the length of the call. All
 * other functions are called straight.
 */
import { Address, CString } from './address.ts';
import { Callback } from './callbacks/callback.ts';
import { type DeclaredCallbackFunction, declaredCallback } from './callbacks/declared-callback.ts';
import { DeclaredRecord, type RecordHome } from './declared-record.ts';
import type { CFunction } from './session.ts';
import { type FunctionType, isComplete, isRecord, type RecordType } from './types/aggregate-types.ts';
import type { FieldValue } from './types/record-codec.ts';
import { RecordView } from './types/record-view.ts';
import type { CType } from './types/scalar-types.ts';
import { type ArgumentValue, type ResultValue, Unpassable } from './values.ts';

/**
 * For a record by value: an object of its fields, a view, or its bytes. For a pointer to one also an array of objects;
 * objects and views are brought up to date after the call, but for pointers to const. For a pointer to a function also a
 * function, which C may call until the call has returned; a `Callback` lives longer.
 */
export type DeclaredArgument = ArgumentValue | RecordView | object;

export interface DeclaredFunction {
  (...args: DeclaredArgument[]): FieldValue;
  /** The same call beside the event loop. Callbacks and records that are passed are in use until the promise is settled. */
  async(...args: DeclaredArgument[]): Promise<FieldValue>;
}

type Calling = (...args: DeclaredArgument[]) => FieldValue;

/** The value to pass, and what is to be done when the call has returned. */
interface Converted {
  readonly value: ArgumentValue;
  readonly after?: () => void;
  /** Also when the call failed. */
  readonly release?: () => void;
}

type Converter = (value: DeclaredArgument, where: string) => Converted;

const plain: Converter = (value) => ({ value: value as ArgumentValue });

export function declaredFunction(call: CFunction, home: RecordHome): DeclaredFunction {
  const { name, signature } = call.callout;
  const converters = signature.arguments.map((type, index) =>
    converterFor(type, signature.argumentNames?.[index], home),
  );
  const { returns } = signature;
  const result = isRecord(returns) ? new DeclaredRecord(returns, home) : undefined;
  if (result === undefined && converters.every((converter) => converter === plain)) return call as DeclaredFunction;
  const convert = (args: DeclaredArgument[], converted: Converted[]): ArgumentValue[] => {
    for (const [index, value] of args.entries())
      converted.push((converters[index] ?? plain)(value, `callout ${name}: argument ${index + 1}`));
    return converted.map((one) => one.value);
  };
  const finish = (value: ResultValue, converted: Converted[]): FieldValue => {
    for (const { after } of converted) after?.();
    return result !== undefined && value instanceof Uint8Array ? result.fromBytes(value) : value;
  };
  const general = (...args: DeclaredArgument[]): FieldValue => {
    const converted: Converted[] = [];
    try {
      return finish(call(...convert(args, converted)), converted);
    } finally {
      for (const { release } of converted) release?.();
    }
  };
  const async = async (...args: DeclaredArgument[]): Promise<FieldValue> => {
    const converted: Converted[] = [];
    try {
      return finish(await call.async(...convert(args, converted)), converted);
    } finally {
      for (const { release } of converted) release?.();
    }
  };
  const isUsual = signature.arguments.every((type, index) => isRecord(type) || converters[index] === plain);
  const declared = isUsual ? compileRecordCall(call.callout, home, result, general) : general;
  return Object.assign(declared, { async });
}

/**
 * A function whose records all go by value, as JavaScript that converts the usual objects (record-fast-path.ts) without
 * arrays or closures in between. Each argument's bytes are written over those of the last call: the frame has its copy before
 * anything else runs. Those of a call that failed stay as they are: a fault may be retried with them. A getter that calls the
 * function within its own arguments gets the general way.
 */
function compileRecordCall(
  callout: CFunction['callout'],
  home: RecordHome,
  result: DeclaredRecord | undefined,
  general: Calling,
): Calling {
  const types = callout.signature.arguments;
  const records = types.map((type) => (isRecord(type) ? new DeclaredRecord(type, home) : undefined));
  const scratch = types.map((type) => (isRecord(type) ? new Uint8Array(type.sizeBytes) : undefined));
  const names = types.map((_, index) => `a${index}`);
  const at = [...records.keys()].filter((index) => records[index] !== undefined);
  const usual = at.map((index) => `r${index}.writeUsual(a${index}, b${index})`).join(' && ') || 'true';
  const list = names.map((name, index) => (records[index] === undefined ? name : `b${index}`)).join(', ');
  const code = `'use strict';
const { records, scratch, invoke, general, result } = tools;
${at.map((index) => `const r${index} = records[${index}]; let b${index} = scratch[${index}];\n`).join('')}let converting = false;
return function call(${names.join(', ')}) {
  if (converting || arguments.length !== ${names.length}) return general(...arguments);
  converting = true;
  let isUsual;
  try { isUsual = ${usual}; } finally { converting = false; }
  if (!isUsual) {
${at.map((index) => `    b${index}.fill(0);\n`).join('')}    return general(...arguments);
  }
  try {
    return ${result === undefined ? `invoke(${list})` : `result.fromBytes(invoke(${list}))`};
  } catch (error) {
${at.map((index) => `    b${index} = new Uint8Array(b${index}.length);\n`).join('')}    throw error;
  }
};`;
  return new Function('tools', code)({ records, scratch, invoke: callout.invoke, general, result }) as Calling;
}

function converterFor(type: CType, argumentName: string | undefined, home: RecordHome): Converter {
  if (isRecord(type)) {
    const record = new DeclaredRecord(type, home);
    return (value, where) => ({ value: record.toBytes(value, where) });
  }
  const { target } = type;
  if (target?.kind === 'function') return functionConverter(target, argumentName, home);
  if (target === undefined || !isRecord(target)) return plain;
  return pointerConverter(target, type.readOnly === true, home);
}

function functionConverter(target: FunctionType, argumentName: string | undefined, home: RecordHome): Converter {
  return (value) => {
    if (typeof value !== 'function') return { value: value as ArgumentValue };
    const fn = value as DeclaredCallbackFunction;
    const callback = declaredCallback(target, fn, argumentName || fn.name || 'callback', home);
    return { value: callback, release: () => callback.release() };
  };
}

function pointerConverter(target: RecordType, readOnly: boolean, home: RecordHome): Converter {
  if (!isComplete(target)) return plain;
  const record = new DeclaredRecord(target, home);
  const { sizeBytes } = target;
  return (value, where) => {
    const seen = RecordView.bytesOf(value);
    if (seen !== undefined) return { value: seen };
    if (!isPlainObject(value)) return { value: value as ArgumentValue };
    const objects = Array.isArray(value) ? (value as unknown[]) : [value];
    const bytes = new Uint8Array(objects.length * sizeBytes);
    objects.forEach((object, i) => {
      bytes.set(record.toBytes(object, Array.isArray(value) ? `${where}[${i}]` : where), i * sizeBytes);
    });
    if (readOnly) return { value: bytes };
    const after = () => {
      objects.forEach((object, i) => {
        const part = bytes.subarray(i * sizeBytes, (i + 1) * sizeBytes);
        const view = RecordView.bytesOf(object);
        if (view !== undefined) view.set(part);
        else if (ArrayBuffer.isView(object)) new Uint8Array(object.buffer, object.byteOffset, sizeBytes).set(part);
        else Object.assign(object as object, record.fromBytes(part));
      });
    };
    return { value: bytes, after };
  };
}

function isPlainObject(value: DeclaredArgument): value is object {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  return !(
    value instanceof Address ||
    value instanceof CString ||
    value instanceof Callback ||
    value instanceof Unpassable
  );
}
