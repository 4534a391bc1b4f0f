/**
 * Values between Smalltalk and C. Going in, an object becomes what its argument's C type takes; coming out, a C value becomes
 * an object by the result's type.
 *
 * Going in: SmallInteger and LargeInteger, Character (its code), Float, true and false, nil (null); for pointers also
 * ExternalAddress, ByteArray and other objects of bits (C works on a copy that is copied back), String and Symbol (with a
 * zero byte behind; a String is copied back, a Symbol never). A view of an object's bytes is used before the next safepoint.
 */

import { Address, type ArgumentValue, CString, exact, type ResultValue, Unpassable } from '../../safeffi/index.ts';
import { Format } from '../../vm/memory/header.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import {
  characterOop,
  characterValue,
  fitsSmallInteger,
  isCharacter,
  isSmallInteger,
  type Oop,
  smallIntegerOop,
  smallIntegerValue,
} from '../../vm/memory/oop.ts';
import { ClassIndex } from '../../vm/memory/well-known.ts';

/** Bytes of an ExternalAddress: the address, least significant byte first, then the executor's generation. */
export const ADDRESS_BYTES = 8;
export const EXTERNAL_ADDRESS_BYTES = 12;

/** How results become objects. */
export type ResultKind = 'void' | 'integer' | 'float' | 'boolean' | 'character' | 'string' | 'address';

export class ValueConverter {
  private readonly memory: ObjectMemory;
  private readonly symbolIndex: number;
  private readonly addressIndex: number;

  /** Class indices of Symbol and ExternalAddress, which have no fixed one; -1 where the image lacks the class. */
  constructor(memory: ObjectMemory, symbolIndex: number, addressIndex: number) {
    this.memory = memory;
    this.symbolIndex = symbolIndex;
    this.addressIndex = addressIndex;
  }

  /** The object as a value for C. What no C type takes becomes something that the engine refuses by its description. */
  toC(oop: Oop): ArgumentValue {
    if (isSmallInteger(oop)) return smallIntegerValue(oop);
    const { memory } = this;
    if (isCharacter(oop)) return characterValue(oop);
    if (oop === memory.nil) return null;
    if (oop === memory.true) return true;
    if (oop === memory.false) return false;
    const classIndex = memory.classIndexOfObject(oop);
    if (classIndex === ClassIndex.FLOAT) return memory.floatValueOf(oop);
    if (classIndex === ClassIndex.BYTE_STRING) return new CString(memory.bytesOf(oop));
    if (classIndex === ClassIndex.LARGE_POSITIVE_INTEGER || classIndex === ClassIndex.LARGE_NEGATIVE_INTEGER)
      return memory.integerValueOf(oop) as bigint;
    if (classIndex === this.symbolIndex) return new CString(memory.bytesOf(oop).slice());
    if (classIndex === this.addressIndex && memory.byteSizeOf(oop) === EXTERNAL_ADDRESS_BYTES)
      return this.addressOf(oop);
    const format = memory.formatOf(oop);
    if (format >= Format.BYTES && format < Format.COMPILED_METHOD) return memory.bytesOf(oop);
    if (format >= Format.BITS_64 && format < Format.BYTES) {
      const unused = format >= Format.BITS_16 ? (format & 3) * 2 : 0;
      const start = memory.bodyOf(oop);
      return memory.u8.subarray(start, start + memory.slotCountOf(oop) * 4 - unused);
    }
    return new Unpassable(`an instance of ${memory.classNameOf(oop)}`);
  }

  /** The object that a literal of a signature stands for. */
  constant(value: number | bigint | boolean | null | { readonly text: string }): Oop {
    const { memory } = this;
    if (value === null) return memory.nil;
    if (typeof value === 'boolean') return memory.booleanOop(value);
    if (typeof value === 'object') return memory.newByteString(value.text);
    return typeof value === 'bigint' || Number.isInteger(value) ? this.integer(value) : memory.newFloat(value);
  }

  /** Contract: `oop` is an ExternalAddress of 12 bytes. */
  addressOf(oop: Oop): Address {
    const bytes = this.memory.bytesOf(oop);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new Address(exact(view.getBigUint64(0, true)), view.getUint32(ADDRESS_BYTES, true));
  }

  isAddress(oop: Oop): boolean {
    return (
      (oop & 3) === 0 &&
      this.memory.classIndexOfObject(oop) === this.addressIndex &&
      this.memory.byteSizeOf(oop) === EXTERNAL_ADDRESS_BYTES
    );
  }

  newAddress(address: Address): Oop {
    const { memory } = this;
    const oop = memory.allocateBytes(this.addressIndex, EXTERNAL_ADDRESS_BYTES);
    const bytes = memory.bytesOf(oop);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    view.setBigUint64(0, BigInt.asUintN(64, BigInt(address.value)), true);
    view.setUint32(ADDRESS_BYTES, address.generation, true);
    return oop;
  }

  /** The object that C's result stands for. `receiver` is the result of a void function, as in uFFI. */
  toObject(value: ResultValue, kind: ResultKind, receiver: Oop): Oop {
    const { memory } = this;
    if (value === null) return memory.nil;
    switch (kind) {
      case 'void':
        return receiver;
      case 'float':
        return memory.newFloat(value as number);
      case 'boolean':
        return memory.booleanOop(value === true || value === 1);
      case 'character':
        return characterOop((value as number) & 0xff);
      case 'string':
        return this.newString(value as Uint8Array);
      case 'address':
        return this.newAddress(value as Address);
      case 'integer':
        return this.integer(value as number | bigint);
    }
  }

  integer(value: number | bigint): Oop {
    if (typeof value === 'number' && fitsSmallInteger(value)) return smallIntegerOop(value);
    return this.memory.integerOop(BigInt(value));
  }

  newString(bytes: Uint8Array): Oop {
    const { memory } = this;
    const oop = memory.allocateBytes(ClassIndex.BYTE_STRING, bytes.length);
    memory.u8.set(bytes, memory.bodyOf(oop));
    return oop;
  }

  newByteArray(bytes: Uint8Array): Oop {
    const { memory } = this;
    const oop = memory.allocateBytes(ClassIndex.BYTE_ARRAY, bytes.length);
    memory.u8.set(bytes, memory.bodyOf(oop));
    return oop;
  }
}
