/**
 * A declared struct or union in use: plain objects to bytes and back, views on bytes, and records in C's memory.
 */
import type { Address } from './address.ts';
import type { Callback, CallbackFunction } from './callbacks/callback.ts';
import { checkedBytes, inputError } from './check-input.ts';
import { badTypeError } from './errors.ts';
import type { ExecutorMemory } from './executor/executor.ts';
import { isComplete, type RecordType } from './types/aggregate-types.ts';
import { type AddressSpace, type FieldValue, readValue, writeValue } from './types/record-codec.ts';
import { compileRecordFastPath, type RecordFastPath } from './types/record-fast-path.ts';
import type { RecordView } from './types/record-view.ts';
import type { Signature } from './types/signature.ts';
import { type ViewClass, type ViewFields, viewClassOf } from './types/view-class.ts';

/** The executor that a record's addresses belong to. */
export interface RecordHome extends AddressSpace {
  readonly memory: ExecutorMemory;
  callback(signature: Signature, fn: CallbackFunction, name: string): Callback;
}

export class DeclaredRecord {
  readonly type: RecordType;
  readonly #home: RecordHome;
  readonly #fast: RecordFastPath | undefined;
  #viewClass: ViewClass | undefined;

  constructor(type: RecordType, home: RecordHome) {
    if (!isComplete(type)) throw badTypeError(type.name, 'its fields are not declared, only pointers to it can be had');
    this.type = type;
    this.#home = home;
    this.#fast = compileRecordFastPath(type);
  }

  get sizeBytes(): number {
    return this.type.sizeBytes;
  }

  /** An object whose properties are the fields in `bytes`; fresh bytes of zero where none are given. */
  view(bytes: Uint8Array = new Uint8Array(this.type.sizeBytes)): RecordView & ViewFields {
    this.#viewClass ??= viewClassOf(this.type, this.#home);
    return new this.#viewClass(bytes) as RecordView & ViewFields;
  }

  /**
   * Writes an object of exactly the record's fields, plain values all, over bytes that hold zeros or such an object. False for
   * anything else: the bytes are anything then, and `toBytes` does it or refuses it.
   */
  writeUsual(value: unknown, bytes: Uint8Array): boolean {
    return this.#fast?.write(value, bytes, this.#home.generation) === true;
  }

  /** Fields that the object lacks are zero. `where` begins the sentence of a refusal. */
  toBytes(value: unknown, where = this.type.name): Uint8Array {
    const bytes = new Uint8Array(this.type.sizeBytes);
    if (this.writeUsual(value, bytes)) return bytes;
    bytes.fill(0);
    writeValue(this.type, new DataView(bytes.buffer), 0, value, this.#home, where);
    return bytes;
  }

  fromBytes(given: Uint8Array): ViewFields {
    const bytes = checkedBytes(`the bytes of ${this.type.name}`, given);
    if (bytes.length < this.type.sizeBytes)
      throw inputError(`the bytes of ${this.type.name}`, given, `at least ${this.type.sizeBytes} bytes`);
    if (this.#fast !== undefined && bytes.length === this.type.sizeBytes)
      return this.#fast.read(bytes, this.#home.generation);
    return readValue(
      this.type,
      new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
      0,
      this.#home,
    ) as ViewFields;
  }

  /** The record that lies at an address of C's memory. A bad address ends in FFIFault. */
  read(address: Address): ViewFields {
    return this.fromBytes(this.#home.memory.read(address, this.type.sizeBytes));
  }

  /** Where a field begins, in bytes; of an array of unknown length at the end too. Throws CalloutError `bad-type`. */
  offsetOf(name: string): number {
    const { allFields, flexible } = this.type;
    const field = flexible?.name === name ? flexible : allFields.find((one) => one.name === name);
    if (field === undefined) throw badTypeError(`${this.type.name}.${name}`, 'the record has no such field');
    return field.offsetBytes;
  }

  /** The first `count` elements of the array of unknown length at the end of the record that lies at an address. */
  readElements(address: Address, count: number): FieldValue[] {
    const { flexible } = this.type;
    if (flexible === undefined) throw badTypeError(this.type.name, 'it has no array of unknown length at its end');
    if (count === 0) return [];
    const { sizeBytes } = flexible.type;
    const bytes = this.#home.memory.read(address.plus(flexible.offsetBytes), count * sizeBytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: count }, (_, i) => readValue(flexible.type, view, i * sizeBytes, this.#home));
  }

  write(address: Address, value: unknown): void {
    this.#home.memory.write(address, this.toBytes(value));
  }
}
