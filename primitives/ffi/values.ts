/**
 * Values between Smalltalk and C. Going in, an object becomes what its argument's C type takes; coming out, a C value becomes
 * an object by the result's type.
 *
 * Going in: SmallInteger and LargeInteger, Character (its code), Float, true and false, nil (null); for pointers also
 * ExternalAddress, ByteArray and other objects of bits (C works on a copy that is copied back), String and Symbol (with a
 * zero byte behind; a String is copied back, a Symbol never). A view of an object's bytes is used before the next safepoint.
 */

import {
  Address,
  type ArgumentValue,
  type Callback,
  CString,
  exact,
  type ResultValue,
  Unpassable,
} from '../../safeffi/index.ts';
import { Format } from '../../vm/memory/header.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import {
  characterOop,
  characterValue,
  fitsSmallInteger,
  isCharacter,
  isImmediate,
  isSmallInteger,
  NO_OOP,
  type Oop,
  smallIntegerOop,
  smallIntegerValue,
} from '../../vm/memory/oop.ts';
import { BehaviorSlot, ClassIndex } from '../../vm/memory/well-known.ts';
import { LinkError } from './errors.ts';

/** Bytes of an ExternalAddress: the address, least significant byte first, then the executor's generation. */
export const ADDRESS_BYTES = 8;
export const EXTERNAL_ADDRESS_BYTES = 12;

/** How results become objects. */
export type ResultConversion =
  | { readonly kind: 'void' | 'integer' | 'float' | 'boolean' | 'character' | 'string' | 'address' }
  /**
   * An instance of the class, whose first variable holds what C answered: the record's bytes, the address, the
   * enumeration's value.
   */
  | { readonly kind: 'record' | 'reference' | 'enum'; readonly classIndex: number };

/** Classes whose instances stand for what their first instance variable holds: bytes, an address, an integer. */
const WRAPPERS: ReadonlySet<string> = new Set([
  'ExternalObject',
  'FFIExternalArray',
  'FFIExternalEnumeration',
  'FFIExternalValueHolder',
]);

/** Those of them that may be passed for any pointer. */
const UNTYPED: ReadonlySet<string> = new Set(['FFIExternalArray', 'FFIExternalValueHolder']);

/** Has its number in its first variable. */
const CALLBACK = 'FFICallback';

type StandIn = 'wrapper' | 'part' | 'callback' | 'none';

/** A part of other bytes: handle, start (from 1), size. */
const PART_OF_RECORD = 'FFIExternalStructureReferenceHandle';
const PartSlot = { HANDLE: 0, START: 1, SIZE: 2 } as const;

export class ValueConverter {
  private readonly memory: ObjectMemory;
  private readonly symbolIndex: number;
  private readonly addressIndex: number;
  /** By class index: an instance stands for its first variable, or for a part of bytes, or for itself. */
  private readonly standIns = new Map<number, StandIn>();
  private readonly callbackAt: (id: number) => Callback | undefined;

  /** Class indices of Symbol and ExternalAddress, which have no fixed one; -1 where the image lacks the class. */
  constructor(
    memory: ObjectMemory,
    symbolIndex: number,
    addressIndex: number,
    callbackAt: (id: number) => Callback | undefined,
  ) {
    this.memory = memory;
    this.callbackAt = callbackAt;
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
    return this.standInValue(oop, classIndex) ?? new Unpassable(`an instance of ${memory.classNameOf(oop)}`);
  }

  /** Class indices may be those of other classes now. */
  forgetClasses(): void {
    this.standIns.clear();
  }

  private standInValue(oop: Oop, classIndex: number): ArgumentValue | undefined {
    const { memory } = this;
    switch (this.standIn(oop, classIndex)) {
      case 'wrapper':
        return this.toC(memory.fetchPointer(oop, 0));
      case 'part': {
        const whole = this.toC(memory.fetchPointer(oop, PartSlot.HANDLE));
        const start = smallIntegerValue(memory.fetchPointer(oop, PartSlot.START)) - 1;
        const size = smallIntegerValue(memory.fetchPointer(oop, PartSlot.SIZE));
        if (whole instanceof Address) return whole.plus(start);
        return whole instanceof Uint8Array ? whole.subarray(start, start + size) : undefined;
      }
      case 'callback': {
        const id = memory.fetchPointer(oop, 0);
        const callback = isSmallInteger(id) ? this.callbackAt(smallIntegerValue(id)) : undefined;
        return callback ?? new Unpassable('a callback that was released');
      }
      case 'none':
        return undefined;
    }
  }

  private standIn(oop: Oop, classIndex: number): StandIn {
    let known = this.standIns.get(classIndex);
    if (known === undefined) {
      known = 'none';
      const { memory } = this;
      for (let at = memory.classOf(oop); at !== memory.nil; at = memory.fetchPointer(at, BehaviorSlot.SUPERCLASS)) {
        const name = memory.nameOfClass(at);
        if (WRAPPERS.has(name)) known = 'wrapper';
        else if (name === PART_OF_RECORD) known = 'part';
        else if (name === CALLBACK) known = 'callback';
      }
      this.standIns.set(classIndex, known);
    }
    return known;
  }

  /** What an object stands for: its first variable where it wraps one, else itself. */
  heldBy(oop: Oop): Oop {
    const isWrapper = !isImmediate(oop) && this.standIn(oop, this.memory.classIndexOfObject(oop)) === 'wrapper';
    return isWrapper ? this.memory.fetchPointer(oop, 0) : oop;
  }

  /** True for what holds memory without saying of which type: arrays, value holders, parts of records. */
  isReference(oop: Oop): boolean {
    const { memory } = this;
    if (this.standIn(oop, memory.classIndexOfObject(oop)) === 'none') return false;
    for (let at = memory.classOf(oop); at !== memory.nil; at = memory.fetchPointer(at, BehaviorSlot.SUPERCLASS))
      if (UNTYPED.has(memory.nameOfClass(at))) return true;
    return false;
  }

  /** True for an instance of the class of that index, or of one below it. */
  isKindOf(oop: Oop, classIndex: number): boolean {
    const { memory } = this;
    for (let at = memory.classOf(oop); at !== memory.nil; at = memory.fetchPointer(at, BehaviorSlot.SUPERCLASS))
      if (memory.indexOfClass(at) === classIndex) return true;
    return false;
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

  /** The address was written by C of that generation; null belongs to none. */
  stampGeneration(oop: Oop, generation: number): void {
    const bytes = this.memory.bytesOf(oop);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    view.setUint32(ADDRESS_BYTES, view.getBigUint64(0, true) === 0n ? 0 : generation, true);
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
  toObject(value: ResultValue, conversion: ResultConversion, receiver: Oop): Oop {
    const { memory } = this;
    if (value === null) return memory.nil;
    switch (conversion.kind) {
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
      case 'record':
        return this.instanceHolding(conversion.classIndex, this.newByteArray(value as Uint8Array));
      case 'reference':
        return this.instanceHolding(conversion.classIndex, this.newAddress(value as Address));
      case 'enum':
        return this.instanceHolding(conversion.classIndex, this.integer(value as number | bigint));
    }
  }

  /** Contract: instances of the class have a variable, and the heap has room, which `hasRoomFor` said of the value. */
  private instanceHolding(classIndex: number, value: Oop): Oop {
    const { memory } = this;
    const oop = memory.instantiate(memory.classAt(classIndex));
    if (oop === NO_OOP) throw new LinkError('there is no room for the result in the object memory');
    memory.storePointer(oop, 0, value);
    return oop;
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
