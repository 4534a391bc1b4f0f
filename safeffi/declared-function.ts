/**
 * A declared C function as a JavaScript function. Where records are involved, plain objects and views become bytes before
 * the call and are brought up to date after it; all other functions are called straight.
 */
import { Address, CString } from './address.ts';
import { DeclaredRecord, type RecordHome } from './declared-record.ts';
import type { CFunction } from './session.ts';
import { isComplete, isRecord, type RecordType } from './types/aggregate-types.ts';
import type { FieldValue } from './types/record-codec.ts';
import { RecordView } from './types/record-view.ts';
import type { CType } from './types/scalar-types.ts';
import { type ArgumentValue, Unpassable } from './values.ts';

/**
 * For a record by value: an object of its fields, a view, or its bytes. For a pointer to one also an array of objects;
 * objects and views are brought up to date after the call, but for pointers to const.
 */
export type DeclaredArgument = ArgumentValue | RecordView | object;

export type DeclaredFunction = (...args: DeclaredArgument[]) => FieldValue;

/** The value to pass, and what is to be done when the call has returned. */
interface Converted {
  readonly value: ArgumentValue;
  readonly after?: () => void;
}

type Converter = (value: DeclaredArgument, where: string) => Converted;

const plain: Converter = (value) => ({ value: value as ArgumentValue });

export function declaredFunction(call: CFunction, home: RecordHome): DeclaredFunction {
  const { name, signature } = call.callout;
  const converters = signature.arguments.map((type) => converterFor(type, home));
  const { returns } = signature;
  const result = isRecord(returns) ? new DeclaredRecord(returns, home) : undefined;
  if (result === undefined && converters.every((converter) => converter === plain)) return call as DeclaredFunction;
  return (...args) => {
    const converted = args.map((value, index) =>
      (converters[index] ?? plain)(value, `callout ${name}: argument ${index + 1}`),
    );
    const value = call(...converted.map((one) => one.value));
    for (const { after } of converted) after?.();
    return result !== undefined && value instanceof Uint8Array ? result.fromBytes(value) : value;
  };
}

function converterFor(type: CType, home: RecordHome): Converter {
  if (isRecord(type)) {
    const record = new DeclaredRecord(type, home);
    return (value, where) => ({ value: record.toBytes(value, where) });
  }
  const { target } = type;
  if (target === undefined || !isRecord(target)) return plain;
  return pointerConverter(target, type.readOnly === true, home);
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
  return !(value instanceof Address || value instanceof CString || value instanceof Unpassable);
}
