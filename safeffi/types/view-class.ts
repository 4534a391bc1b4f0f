/**
 * Bytes seen as a record: an object whose properties read and write its fields in place. A field that is a record is a
 * view of its own part; an array is read as a copy and written whole. Passed where a pointer to the record is expected, a
 * view's bytes go to C and come back.
 */
import { CalloutError } from '../errors.ts';
import { type Field, isRecord, type RecordType } from './aggregate-types.ts';
import { type AddressSpace, type FieldValue, readField, readValue, writeField, writeValue } from './record-codec.ts';
import { RecordView } from './record-view.ts';

/** Fields by name. */
export type ViewFields = { [field: string]: FieldValue };

export type ViewClass = new (bytes: Uint8Array) => RecordView;

/** A class of views of that record. Throws CalloutError `argument-type` where a value does not fit. */
export function viewClassOf(type: RecordType, space: AddressSpace): ViewClass {
  class View extends RecordView {
    constructor(bytes: Uint8Array) {
      if (bytes.length !== type.sizeBytes) {
        const sentence = `a view of ${type.name} needs ${type.sizeBytes} bytes, ${bytes.length} were given`;
        throw new CalloutError('argument-type', sentence, { actual: bytes.length, expected: type.sizeBytes });
      }
      super(bytes);
    }
  }
  for (const field of type.allFields) Object.defineProperty(View.prototype, field.name, accessors(type, field, space));
  return View;
}

function accessors(record: RecordType, field: Field, space: AddressSpace): PropertyDescriptor {
  const { type, offsetBytes } = field;
  if (field.bits !== undefined) return bitAccessors(record, field, space);
  const Inner = isRecord(type) ? viewClassOf(type, space) : undefined;
  const partOf = (view: RecordView) => RecordView.bytesOf(view)!.subarray(offsetBytes, offsetBytes + type.sizeBytes);
  const dataOf = (part: Uint8Array) => new DataView(part.buffer, part.byteOffset, part.byteLength);
  return {
    enumerable: true,
    get(this: RecordView) {
      const part = partOf(this);
      return Inner === undefined ? readValue(type, dataOf(part), 0, space) : new Inner(part);
    },
    set(this: RecordView, value: unknown) {
      // Written aside first: a value that is refused half-way changes nothing.
      const fresh = new Uint8Array(type.sizeBytes);
      writeValue(type, dataOf(fresh), 0, value, space, `${record.name}.${field.name}`);
      partOf(this).set(fresh);
    },
  };
}

function bitAccessors(record: RecordType, field: Field, space: AddressSpace): PropertyDescriptor {
  const dataOf = (view: RecordView) => {
    const bytes = RecordView.bytesOf(view)!;
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
  return {
    enumerable: true,
    get(this: RecordView) {
      return readField(field, dataOf(this), 0, space);
    },
    set(this: RecordView, value: unknown) {
      writeField(field, dataOf(this), 0, value, space, `${record.name}.${field.name}`);
    },
  };
}
