/**
 * The types of `safeffi/ref`, which is ref-napi's interface. Programs that were written against @types/ref-napi compile against them: the
 * names are the same. `UnderlyingTypeOverrideRegistry` may be augmented, in the module `safeffi/ref`.
 */
/// <reference types="node" />

/** What each type name stands for in JavaScript. 64-bit integers are numbers where that is exact, else decimal strings. */
export interface UnderlyingTypeDefaultRegistry {
  void: void;
  bool: boolean;
  int8: number;
  uint8: number;
  int16: number;
  uint16: number;
  int32: number;
  uint32: number;
  int64: number | string;
  uint64: number | string;
  float: number;
  double: number;
  byte: number;
  char: number;
  uchar: number;
  short: number;
  ushort: number;
  int: number;
  uint: number;
  long: number | string;
  ulong: number | string;
  longlong: number | string;
  ulonglong: number | string;
  size_t: number | string;
  Object: unknown;
  CString: string | null;
  Utf8String: string | null;
  string: string | null;
  pointer: Pointer<unknown>;
}

/** For augmentation: names whose type is another in this program. */
export interface UnderlyingTypeOverrideRegistry {}

export interface UnderlyingTypeRegistry
  extends Omit<UnderlyingTypeDefaultRegistry, keyof UnderlyingTypeOverrideRegistry>,
    UnderlyingTypeOverrideRegistry {}

type TypeName = keyof UnderlyingTypeDefaultRegistry;

/** Names that every program can use. */
export type NamedType = TypeName | `${TypeName}${'*' | ' *' | '**' | ' **'}`;

export type NamedTypeLike = Type | NamedType;

/** A type, or a name that `coerceType` knows: `int`, `char *`, `void **`. */
export type TypeLike = Type | string;

/** How values of C lie in a Buffer. A program may bring its own. */
export interface Type<T = any> {
  /** Bytes. */
  size: number;
  /** 1 for the value itself, 2 for a pointer to it, and so on. */
  indirection: number;
  get(buffer: Buffer, offset: number): T;
  set(buffer: Buffer, offset: number, value: T): void;
  name?: string | undefined;
  /** Within a struct, in bytes. */
  alignment?: number | undefined;
  /** What libffi would make of it. */
  ffi_type?: Buffer | undefined;
}

/** A Buffer whose type is known. */
export interface Pointer<T> extends Buffer {
  ref(): Pointer<Pointer<T>>;
  deref(): T;
  type: Type<T>;
}

type Trimmed<S extends string> = S extends ` ${infer Rest}` | `${infer Rest} ` ? Trimmed<Rest> : S;

type PointerTo<Name extends string> =
  Trimmed<Name> extends 'char'
    ? string | null
    : Trimmed<Name> extends 'byte'
      ? Buffer | Pointer<number>
      : Trimmed<Name> extends 'void'
        ? Pointer<unknown>
        : Pointer<UnderlyingType<Trimmed<Name>>>;

/** What a type, or its name, stands for in JavaScript. */
export type UnderlyingType<T extends TypeLike> =
  T extends Type<infer Value>
    ? Value
    : T extends keyof UnderlyingTypeRegistry
      ? UnderlyingTypeRegistry[T]
      : T extends `${infer Name}*`
        ? PointerTo<Name>
        : unknown;

export type UnderlyingTypes<T extends readonly TypeLike[]> = {
  -readonly [P in keyof T]: UnderlyingType<T[P]>;
};

export type CoerceType<T extends TypeLike> = Type<UnderlyingType<T>>;

export type CoerceTypes<T extends readonly TypeLike[]> = {
  -readonly [P in keyof T]: CoerceType<T[P]>;
};

export type DerefType<T extends TypeLike> = UnderlyingType<T> extends Pointer<infer Value> ? Type<Value> : never;

export type DerefTypes<T extends readonly TypeLike[]> = {
  -readonly [P in keyof T]: DerefType<T[P]>;
};

type Allocated<T extends TypeLike> =
  UnderlyingType<T> extends Buffer ? UnderlyingType<T> : Pointer<UnderlyingType<T>>;

/** Zeroed memory for a value of a type, and the value in it where one is given. */
export declare function alloc<T extends NamedType>(type: T, value?: UnderlyingType<T>): Allocated<T>;
export declare function alloc<T extends TypeLike>(type: T, value?: UnderlyingType<T>): Allocated<T>;
/** The text with a NUL behind it. */
export declare function allocCString(text: string, encoding?: BufferEncoding): Pointer<string>;
export declare function allocCString(text: string | null, encoding?: BufferEncoding): Pointer<string | null>;

export declare function coerceType<T extends NamedType>(type: T): CoerceType<T>;
export declare function coerceType<T extends TypeLike>(type: T): CoerceType<T>;
/** The type of a pointer to it. */
export declare function refType<T extends NamedTypeLike>(type: T): Type<Pointer<UnderlyingType<T>>>;
export declare function refType<T extends TypeLike>(type: T): Type<Pointer<UnderlyingType<T>>>;
/** The type that it points to. Throws for one that is no pointer. */
export declare function derefType<T extends NamedType>(type: T): DerefType<T>;
export declare function derefType<T extends TypeLike>(type: T): DerefType<T>;
export declare function getType<T>(buffer: Pointer<T>): Type<T>;
export declare function getType(buffer: Buffer): Type;

export declare function get<T>(buffer: Pointer<T>, offset?: 0): T;
export declare function get<T extends NamedType>(buffer: Buffer, offset: number | undefined, type: T): UnderlyingType<T>;
export declare function get<T extends TypeLike>(buffer: Buffer, offset: number | undefined, type: T): UnderlyingType<T>;
export declare function get(buffer: Buffer, offset?: number, type?: TypeLike): any;
export declare function set<T>(buffer: Pointer<T>, offset: 0, value: T): void;
export declare function set<T extends TypeLike>(buffer: Buffer, offset: number, value: UnderlyingType<T>, type: T): void;
export declare function set(buffer: Buffer, offset: number, value: any, type?: TypeLike): void;

/** A Buffer that holds the address of another, which it keeps alive. */
export declare function ref<T>(buffer: Pointer<T>): Pointer<Pointer<T>>;
export declare function ref(buffer: Buffer): Buffer;
export declare function deref<T>(buffer: Pointer<T>): T;
export declare function deref(buffer: Buffer): any;

/** Where C finds it. */
export declare function address(buffer: Buffer, offset?: number): number;
export declare function hexAddress(buffer: Buffer, offset?: number): string;
export declare function isNull(buffer: Buffer, offset?: number): boolean;

/** `length` bytes at the address that stands at `offset`. Default: 0. */
export declare function readPointer(buffer: Buffer, offset?: number, length?: number): Buffer;
/** Keeps `pointer` alive. */
export declare function writePointer(buffer: Buffer, offset: number, pointer: Buffer | null): void;
export declare function readObject<T>(buffer: Pointer<T>, offset?: 0): T;
export declare function readObject(buffer: Buffer, offset?: number): Object;
export declare function writeObject<T>(buffer: Pointer<T>, offset: 0, object: T): void;
export declare function writeObject(buffer: Buffer, offset: number, object: Object): void;
export declare function readCString(buffer: Buffer, offset?: number): string;
export declare function writeCString(buffer: Buffer, offset: number, text: string, encoding?: BufferEncoding): void;

export declare function readInt64LE(buffer: Buffer, offset?: number): number | string;
export declare function readInt64BE(buffer: Buffer, offset?: number): number | string;
export declare function readUInt64LE(buffer: Buffer, offset?: number): number | string;
export declare function readUInt64BE(buffer: Buffer, offset?: number): number | string;
export declare function writeInt64LE(buffer: Buffer, offset: number, value: number | string): void;
export declare function writeInt64BE(buffer: Buffer, offset: number, value: number | string): void;
export declare function writeUInt64LE(buffer: Buffer, offset: number, value: number | string): void;
export declare function writeUInt64BE(buffer: Buffer, offset: number, value: number | string): void;

/** `size` bytes at the same address, `offset` further on. */
export declare function reinterpret(buffer: Buffer, size: number, offset?: number): Buffer;
/** As many bytes as there are before `size` zeros in a row. */
export declare function reinterpretUntilZeros(buffer: Buffer, size: number, offset?: number): Buffer;

/** Keeps an object alive as long as the Buffer. */
export declare function _attach(buffer: Buffer, object: unknown): void;
export declare function _reinterpret(buffer: Buffer, size: number, offset?: number): Buffer;
export declare function _reinterpretUntilZeros(buffer: Buffer, size: number, offset?: number): Buffer;
export declare function _writePointer(buffer: Buffer, offset: number, pointer: Buffer): void;
export declare function _writeObject(buffer: Buffer, offset: number, object: Object): void;

export declare const endianness: 'LE' | 'BE';
/** At address 0, of no bytes. */
export declare const NULL: Pointer<null>;
/** Holds the address 0. */
export declare const NULL_POINTER: Pointer<Pointer<null>>;

export type TypesDefaultRegistry = {
  [Name in Exclude<TypeName, 'string' | 'pointer'>]: Type<UnderlyingTypeDefaultRegistry[Name]>;
};
/** For augmentation. */
export interface TypesOverrideRegistry {}
export interface TypesRegistry extends Omit<TypesDefaultRegistry, keyof TypesOverrideRegistry>, TypesOverrideRegistry {}
export declare const types: TypesRegistry;

type MeasuredName = Exclude<TypeName, 'void' | 'CString' | 'Utf8String' | 'string'>;
export type SizeofRegistry = { [Name in MeasuredName]: number };
export type AlignofRegistry = { [Name in MeasuredName]: number };
/** Bytes. */
export declare const sizeof: SizeofRegistry;
/** Bytes. */
export declare const alignof: AlignofRegistry;

/** Not the original's: where C runs, `safe` in another process or `direct` in this one. Throws once memory was used or something called. */
export declare function use(mode: 'safe' | 'direct'): void;

declare global {
  interface Buffer {
    address(): number;
    hexAddress(): string;
    isNull(): boolean;
    ref(): Buffer;
    deref(): any;
    readObject(offset?: number): Object;
    writeObject(object: Object, offset?: number): void;
    readPointer(offset?: number, length?: number): Buffer;
    writePointer(pointer: Buffer, offset?: number): void;
    readCString(offset?: number): string;
    writeCString(text: string, offset?: number, encoding?: BufferEncoding): void;
    readInt64BE(offset?: number): number | string;
    readInt64LE(offset?: number): number | string;
    readUInt64BE(offset?: number): number | string;
    readUInt64LE(offset?: number): number | string;
    writeInt64BE(value: number | string, offset?: number): void;
    writeInt64LE(value: number | string, offset?: number): void;
    writeUInt64BE(value: number | string, offset?: number): void;
    writeUInt64LE(value: number | string, offset?: number): void;
    reinterpret(size: number, offset?: number): Buffer;
    reinterpretUntilZeros(size: number, offset?: number): Buffer;
    type?: Type | undefined;
  }
}
