/**
 * Between the values of ref's types and the engine's. For each type: the engine's type, a JavaScript expression that is true
 * for the usual good value, which then goes as it is, and a function for all others. A type of ref whose `get` and `set` are its
 * own goes straight; any other is asked to `set` and `get` in memory that C sees.
 */
import { Address, type ArgumentValue, type CType, isRecord, type RecordType } from '../index.ts';
import { foreignMemory } from '../ref/foreign-home.ts';
import type { RefType, TypedBuffer } from '../ref/index.ts';
import ref from '../ref/index.ts';
import { fromExact, parse64 } from '../ref/integer64.ts';
import { valueBytes } from '../ref/ref-type.ts';
import { engineType, originOf, pointerWord, stringType } from './engine-types.ts';

/** How values come to C. */
export interface ToC {
  readonly type: CType;
  /** True for values that go as they are, of variable `a`; undefined where all go through `convert`. */
  readonly usual: ((a: string) => string) | undefined;
  /** Throws what the type's `set` throws. */
  readonly convert: (value: unknown) => ArgumentValue;
}

/** How values come from C; without `convert` as they are. */
export interface FromC {
  readonly type: CType;
  readonly convert: ((value: unknown) => unknown) | undefined;
}

/** Told apart before they are computed with: a bigint is refused by its type's `set`. */
const numberThat = (same: (a: string) => string) => (a: string) => `typeof ${a} === 'number' && ${same(a)} === ${a}`;

const usualInteger: Readonly<Record<string, (a: string) => string>> = {
  signed1: numberThat((a) => `(${a} << 24 >> 24)`),
  signed2: numberThat((a) => `(${a} << 16 >> 16)`),
  signed4: numberThat((a) => `(${a} | 0)`),
  signed8: numberThat((a) => `(${a} | 0)`),
  unsigned1: numberThat((a) => `(${a} & 255)`),
  unsigned2: numberThat((a) => `(${a} & 65535)`),
  unsigned4: numberThat((a) => `(${a} >>> 0)`),
  unsigned8: numberThat((a) => `(${a} >>> 0)`),
};

/** What ref's types came with: a program may change them, or derive from them. */
const original = new Map(Object.entries(ref.types).map(([name, { get, set }]) => [name, { get, set }]));

/** Name of the type of ref that this one behaves as. */
function behavesAs(type: RefType): string | undefined {
  if (type.indirection > 1) return undefined;
  const name = originOf(type);
  const own = name === undefined ? undefined : original.get(name);
  return own !== undefined && own.get === type.get && own.set === type.set ? name : undefined;
}

const scratch = Buffer.alloc(8);

function narrowToC(type: RefType, ctype: CType): ToC {
  const convert = (value: unknown) => {
    type.set(scratch, 0, value);
    return ctype.kind === 'unsigned' && ctype.sizeBytes === 1 ? scratch[0]! : (type.get(scratch, 0) as number);
  };
  const usual =
    ctype.kind === 'float' ? (a: string) => `typeof ${a} === 'number'` : usualInteger[ctype.kind + ctype.sizeBytes];
  return { type: ctype, usual, convert };
}

function longToC(ctype: CType): ToC {
  const signed = ctype.kind === 'signed';
  const operation = signed ? 'writeInt64' : 'writeUInt64';
  const convert = (value: unknown) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && (signed || value >= 0)) return value;
    const bits = parse64(operation, value, signed);
    return signed ? BigInt.asIntN(64, bits) : bits;
  };
  return { type: ctype, usual: usualInteger[ctype.kind + ctype.sizeBytes], convert };
}

const highestAddress = 2n ** 64n - 1n;

/** Addresses are numbers here, which are exact below 2^53; the only one above that is in use is -1, a constant of some libraries. */
function exactAddress(address: number): number | bigint {
  if (address <= Number.MAX_SAFE_INTEGER) return address;
  const rounded = BigInt(address);
  return rounded < highestAddress ? rounded : highestAddress;
}

/** Throws TypeError for what is neither a Buffer nor null. */
export function addressToPass(value: unknown): number | bigint {
  if (Buffer.isBuffer(value)) return exactAddress(foreignMemory().pass(value));
  if (value === null) return 0;
  throw new TypeError('writePointer: Buffer instance expected as third argument');
}

function textToPass(value: unknown): ArgumentValue {
  if (typeof value === 'string') return value;
  const buffer = Buffer.isBuffer(value) ? value : ref.allocCString(value);
  const address = foreignMemory().pass(buffer);
  return address === 0 ? null : new Address(address, 0);
}

function recordToC(type: RefType, ctype: RecordType): ToC {
  const pointsElsewhere = hasPointers(ctype);
  const convert = (value: unknown) => {
    const store = storeOf(type, value);
    if (store === undefined) {
      const bytes = Buffer.alloc(ctype.sizeBytes);
      type.set(bytes, 0, value);
      if (pointsElsewhere) foreignMemory().pass(bytes);
      return bytes;
    }
    if (pointsElsewhere) foreignMemory().pass(store);
    else foreignMemory().refresh(store, 0, ctype.sizeBytes);
    return store.length === ctype.sizeBytes ? store : store.subarray(0, ctype.sizeBytes);
  };
  return { type: ctype, usual: undefined, convert };
}

/** The memory of an instance of ref-struct-di's and ref-union-di's types. */
function storeOf(type: RefType, value: unknown): Buffer | undefined {
  if (typeof type !== 'function' || !((value as object) instanceof (type as new () => object))) return undefined;
  const store = (value as { 'ref.buffer'?: unknown })['ref.buffer'];
  return Buffer.isBuffer(store) ? store : undefined;
}

function hasPointers(type: CType): boolean {
  if (type.kind === 'array') return hasPointers(type.element);
  return isRecord(type) ? type.fields.some((field) => hasPointers(field.type)) : type === pointerWord;
}

/** Any other type: it writes its value, and what it has written goes. */
function otherToC(type: RefType, ctype: CType): ToC {
  const convert = (value: unknown): ArgumentValue => {
    const room = ref.alloc(type, value);
    if (ctype.kind === 'struct' || ctype.kind === 'union' || ctype === pointerWord) foreignMemory().pass(room);
    return valueAt(room, ctype);
  };
  return { type: ctype === stringType ? pointerWord : ctype, usual: undefined, convert };
}

/** The value of the engine's type that the bytes are. */
function valueAt(bytes: Buffer, type: CType): ArgumentValue {
  switch (type.kind) {
    case 'signed':
      return type.sizeBytes === 8 ? bytes.readBigInt64LE() : bytes.readIntLE(0, type.sizeBytes);
    case 'unsigned':
      return type.sizeBytes === 8 ? bytes.readBigUInt64LE() : bytes.readUIntLE(0, type.sizeBytes);
    case 'float':
      return type.sizeBytes === 8 ? bytes.readDoubleLE() : bytes.readFloatLE();
    case 'pointer':
      return bytes.readBigUInt64LE();
    default:
      return bytes.subarray(0, type.sizeBytes);
  }
}

/** Throws Error FFI_BAD_TYPEDEF. */
export function toC(type: RefType): ToC {
  const ctype = engineType(type);
  if (type.indirection > 1) return { type: pointerWord, usual: undefined, convert: addressToPass };
  const name = behavesAs(type);
  if (name === 'CString') return { type: stringType, usual: (a) => `typeof ${a} === 'string'`, convert: textToPass };
  if (name === 'void' || name === 'Object' || name === undefined)
    return isRecord(ctype) ? recordToC(type, ctype) : otherToC(type, ctype);
  return ctype.sizeBytes === 8 && ctype.kind !== 'float' ? longToC(ctype) : narrowToC(type, ctype);
}

/** The same for what a callback answers: a string's address, which must live on. */
export function resultToC(type: RefType): ToC {
  const plan = toC(type);
  if (plan.type !== stringType) return plan;
  let last: Buffer[] = [];
  const convert = (value: unknown) => {
    const buffer = Buffer.isBuffer(value) ? value : ref.allocCString(value);
    last = [buffer, ...last.slice(0, stringsKept - 1)];
    return foreignMemory().pass(buffer);
  };
  return { type: pointerWord, usual: undefined, convert };
}

/** The last so many strings that a callback answered are kept. */
const stringsKept = 16;

export function fromC(type: RefType): FromC {
  const ctype = engineType(type);
  if (type.indirection > 1) return { type: pointerWord, convert: pointerFromC(type) };
  const name = behavesAs(type);
  switch (name) {
    case 'void':
      return { type: ctype, convert: () => null };
    case 'bool':
      return { type: ctype, convert: (value) => value !== 0 };
    case 'CString':
      return { type: pointerWord, convert: (value) => (value === 0 ? null : foreignMemory().textAt(Number(value))) };
    case 'Object':
    case undefined:
      return { type: ctype === stringType ? pointerWord : ctype, convert: otherFromC(type, ctype) };
    default:
      return {
        type: ctype,
        convert:
          ctype.sizeBytes === 8 && ctype.kind !== 'float' ? (value) => fromExact(value as number | bigint) : undefined,
      };
  }
}

function pointerFromC(type: RefType): (value: unknown) => TypedBuffer {
  const target = ref.derefType(type);
  const length = valueBytes(target);
  return (value) => {
    const buffer: TypedBuffer = foreignMemory().at(Number(value), length, false);
    buffer.type = target;
    return buffer;
  };
}

function otherFromC(type: RefType, ctype: CType): (value: unknown) => unknown {
  return (value) => {
    const room: TypedBuffer = foreignMemory().allocate(Math.max(8, ctype.sizeBytes));
    room.type = type;
    if (isRecord(ctype)) room.set(value as Uint8Array);
    else writeAt(room, ctype, value as number | bigint);
    return ref.get(room, 0, type);
  };
}

function writeAt(bytes: Buffer, type: CType, value: number | bigint): void {
  if (type.kind === 'float') {
    if (type.sizeBytes === 8) bytes.writeDoubleLE(Number(value));
    else bytes.writeFloatLE(Number(value));
  } else if (type.kind !== 'void') bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
}
