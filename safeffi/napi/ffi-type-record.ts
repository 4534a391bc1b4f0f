/**
 * FFI_TYPE: libffi's description of a type, as programs that make their own read and write it. A class in ref-struct's manner:
 * `new FFI_TYPE()`, fields, `ref()`; and a type of ref itself.
 *
 *   struct ffi_type { size_t size; unsigned short alignment, type; struct ffi_type **elements; }
 */

import type { RefType, TypedBuffer } from '../ref/index.ts';
import ref from '../ref/index.ts';

const offsets = { size: 0, alignment: 8, type: 10, elements: 16 } as const;
const bytes = 24;

export class FfiTypeRecord {
  static readonly size = bytes;
  static readonly alignment = 8;
  static readonly indirection = 1;
  static readonly fields = {
    size: { type: ref.types.size_t!, offset: offsets.size },
    alignment: { type: ref.types.ushort!, offset: offsets.alignment },
    type: { type: ref.types.ushort!, offset: offsets.type },
    elements: { type: ref.coerceType('pointer'), offset: offsets.elements },
  };

  static get(buffer: Buffer, offset: number): FfiTypeRecord {
    return new FfiTypeRecord(offset > 0 ? buffer.subarray(offset) : buffer);
  }

  static set(buffer: Buffer, offset: number, value: unknown): void {
    if (value instanceof FfiTypeRecord) value['ref.buffer'].copy(buffer, offset, 0, bytes);
    else Object.assign(new FfiTypeRecord(offset > 0 ? buffer.subarray(offset) : buffer), value);
  }

  readonly 'ref.buffer': TypedBuffer;

  constructor(store?: Buffer) {
    const buffer: TypedBuffer = store ?? ref.alloc(FfiTypeRecord as unknown as RefType);
    buffer.type = FfiTypeRecord as unknown as RefType;
    this['ref.buffer'] = buffer;
  }

  get size(): number {
    return Number(ref.readUInt64(this['ref.buffer'], offsets.size));
  }

  set size(value: number) {
    ref.writeUInt64(this['ref.buffer'], offsets.size, value);
  }

  get alignment(): number {
    return ref.get(this['ref.buffer'], offsets.alignment, 'ushort') as number;
  }

  set alignment(value: number) {
    ref.set(this['ref.buffer'], offsets.alignment, value, 'ushort');
  }

  get type(): number {
    return ref.get(this['ref.buffer'], offsets.type, 'ushort') as number;
  }

  set type(value: number) {
    ref.set(this['ref.buffer'], offsets.type, value, 'ushort');
  }

  /** Pointers to the members' types, the last is NULL; NULL for what has none. */
  get elements(): Buffer {
    return ref.readPointer(this['ref.buffer'], offsets.elements);
  }

  set elements(value: Buffer) {
    ref.writePointer(this['ref.buffer'], offsets.elements, value);
  }

  ref(): Buffer {
    return this['ref.buffer'];
  }
}
