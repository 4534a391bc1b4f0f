/**
 * A small Smalltalk world as other VMs have it, described without any code of ours: objects with classes, slots and elements, which
 * foreign-spur.ts lays into image files. Class indices, formats and special objects are those of Squeak's VMMaker (SpurMemoryManager).
 */

/** What a slot holds: an object, a SmallInteger, a Character, or a number that is an immediate where the word has room for it. */
export type Ref =
  | WorldObject
  | { readonly integer: bigint }
  | { readonly character: number }
  | { readonly float: number };

export type Body =
  /** Format 0 to 5: fixed, indexable, weak, ephemeron. */
  | { readonly kind: 'pointers'; readonly format: number; readonly slots: Ref[] }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'halves' | 'words'; readonly elements: readonly number[] }
  | { readonly kind: 'longs'; readonly elements: readonly bigint[] }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'method'; readonly literals: Ref[]; readonly bytecodes: Uint8Array; readonly isSista: boolean }
  /** A free chunk of that many 8-byte units beyond its header, with garbage in it. */
  | { readonly kind: 'free'; readonly units: number }
  | { readonly kind: 'forwarder'; target: Ref };

export interface WorldObject {
  readonly classIndex: number;
  readonly hash: number;
  readonly body: Body;
  readonly isPinned?: boolean;
  readonly isImmutable?: boolean;
}

export interface World {
  /** In the order of the file, from nil on, without free lists, hidden roots and class table. */
  readonly objects: WorldObject[];
  readonly specialObjects: WorldObject;
  /** By class index. */
  readonly classes: ReadonlyMap<number, WorldObject>;
  /** An Array of one object of every kind. */
  readonly sample: WorldObject;
}

const Index = {
  SMALL_INTEGER: 1,
  CHARACTER: 2,
  SMALL_FLOAT: 4,
  LARGE_NEGATIVE: 32,
  LARGE_POSITIVE: 33,
  FLOAT: 34,
  MESSAGE: 35,
  CONTEXT: 36,
  CLOSURE: 37,
  BYTE_ARRAY: 50,
  ARRAY: 51,
  STRING: 52,
  BITMAP: 53,
} as const;

/** Class indices of a world's other classes: some on later pages of the class table, with empty pages between. */
const OTHER = {
  undefinedObject: 1030,
  false: 1031,
  true: 1032,
  method: 1040,
  symbol: 1041,
  association: 1042,
  weakArray: 1043,
  ephemeron: 1044,
  halves: 2047,
  longs: 2048,
  wideString: 5000,
  metaclass: 5001,
} as const;
const FIRST_METACLASS = 6000;

/** name, class index, instance format, named slots. */
const CLASSES: readonly (readonly [string, number, number, number])[] = [
  ['SmallInteger', Index.SMALL_INTEGER, 7, 0],
  ['Character', Index.CHARACTER, 7, 0],
  ['SmallFloat64', Index.SMALL_FLOAT, 7, 0],
  ['LargeNegativeInteger', Index.LARGE_NEGATIVE, 16, 0],
  ['LargePositiveInteger', Index.LARGE_POSITIVE, 16, 0],
  ['BoxedFloat64', Index.FLOAT, 10, 0],
  ['Message', Index.MESSAGE, 1, 3],
  ['Context', Index.CONTEXT, 3, 6],
  ['BlockClosure', Index.CLOSURE, 3, 3],
  ['ByteArray', Index.BYTE_ARRAY, 16, 0],
  ['Array', Index.ARRAY, 2, 0],
  ['ByteString', Index.STRING, 16, 0],
  ['Bitmap', Index.BITMAP, 10, 0],
  ['UndefinedObject', OTHER.undefinedObject, 0, 0],
  ['False', OTHER.false, 0, 0],
  ['True', OTHER.true, 0, 0],
  ['CompiledMethod', OTHER.method, 24, 0],
  ['ByteSymbol', OTHER.symbol, 16, 0],
  ['Association', OTHER.association, 1, 2],
  ['WeakArray', OTHER.weakArray, 4, 0],
  ['Ephemeron', OTHER.ephemeron, 5, 2],
  ['DoubleByteArray', OTHER.halves, 12, 0],
  ['DoubleWordArray', OTHER.longs, 9, 0],
  ['WideString', OTHER.wideString, 10, 0],
  ['Metaclass', OTHER.metaclass, 1, 6],
];

export const integer = (value: bigint | number): Ref => ({ integer: BigInt(value) });
const textBytes = (text: string): Uint8Array => Uint8Array.from(text, (each) => each.charCodeAt(0));

/** `methodCount` methods beside those of the sample, and `fillerBytes` in ByteArrays. */
export function foreignWorld(methodCount: number, fillerBytes: number): World {
  const objects: WorldObject[] = [];
  let nextHash = 1;
  const add = (classIndex: number, body: Body, more: Partial<WorldObject> = {}): WorldObject => {
    nextHash = (nextHash * 75) % 65537;
    const object = { classIndex, hash: nextHash, body, ...more };
    objects.push(object);
    return object;
  };
  const pointers = (classIndex: number, format: number, slots: Ref[], more?: Partial<WorldObject>) =>
    add(classIndex, { kind: 'pointers', format, slots }, more);
  const nil = pointers(OTHER.undefinedObject, 0, []);
  const no = pointers(OTHER.false, 0, []);
  const yes = pointers(OTHER.true, 0, []);
  const bytes = (classIndex: number, text: string) => add(classIndex, { kind: 'bytes', bytes: textBytes(text) });

  const classes = new Map<number, WorldObject>();
  CLASSES.forEach(([name, index, format, fixed], i) => {
    const metaclass = pointers(OTHER.metaclass, 1, [nil, nil, integer((1 << 16) | 11), nil, nil, nil], {
      hash: FIRST_METACLASS + i,
    });
    classes.set(FIRST_METACLASS + i, metaclass);
    const slots: Ref[] = [
      nil,
      nil,
      integer((format << 16) | fixed),
      nil,
      nil,
      nil,
      bytes(OTHER.symbol, name),
      nil,
      nil,
      nil,
      nil,
    ];
    const behavior = pointers(FIRST_METACLASS + i, 1, slots, { hash: index });
    (metaclass.body as { slots: Ref[] }).slots[5] = behavior;
    classes.set(index, behavior);
  });
  const classNamed = (name: string) => classes.get(CLASSES.find(([each]) => each === name)![1])!;

  const association = pointers(OTHER.association, 1, [bytes(OTHER.symbol, 'Array'), classNamed('Array')]);
  const method = (selector: string, literals: Ref[], isSista: boolean, code: number[]) =>
    add(OTHER.method, {
      kind: 'method',
      literals: [...literals, bytes(OTHER.symbol, selector), association],
      bytecodes: Uint8Array.from(code),
      isSista,
    });
  for (let i = 0; i < methodCount; i++) {
    method(`method${i}`, [integer(i), ...(i % 7 === 0 ? [bytes(Index.STRING, `literal ${i}`)] : [])], i % 3 === 0, [
      ...Array.from({ length: i % 23 }, (_, at) => (at * 37 + i) & 255),
      0x5c,
    ]);
    if (i % 40 === 0) add(0, { kind: 'free', units: 1 + (i % 300) });
  }
  for (let left = fillerBytes, i = 0; left > 0; i++) {
    const size = Math.min(left, 1000 + ((i * 7919) % 60_000));
    add(Index.BYTE_ARRAY, { kind: 'bytes', bytes: new Uint8Array(size).fill(i & 255) });
    left -= size;
  }

  const target = bytes(Index.STRING, 'what a forwarder leads to');
  const second = add(8, { kind: 'forwarder', target });
  const first = add(8, { kind: 'forwarder', target: second });
  const aMethod = method('sample', [first, integer(-3)], false, [0x10, 0x7c]);
  const sista = method('sistaSample', [{ float: 2.5 }], true, [0x4c, 0x5c, 0xff]);
  const slots = (count: number, ...given: Ref[]): Ref[] => [
    ...given,
    ...Array.from({ length: count - given.length }, () => nil),
  ];
  // sender, pc (behind header and four literals, counted from 1), stackp, method, closure, receiver, two values; dead slots behind.
  const context = pointers(
    Index.CONTEXT,
    3,
    slots(22, nil, { integer: PC_OF_SAMPLE }, integer(2), aMethod, nil, nil, integer(7), target),
  );
  const closure = pointers(Index.CLOSURE, 3, [context, { integer: PC_OF_SAMPLE }, integer(1), integer(99)]);
  const weak = pointers(OTHER.weakArray, 4, [target, nil, integer(5)]);
  const ephemeron = pointers(OTHER.ephemeron, 5, [target, integer(6)]);
  const pinned = pointers(Index.ARRAY, 2, [integer(8)], { isPinned: true });
  const immutable = add(
    Index.BYTE_ARRAY,
    { kind: 'bytes', bytes: Uint8Array.of(1, 2, 3, 4, 5) },
    { isImmutable: true },
  );
  const long = pointers(
    Index.ARRAY,
    2,
    Array.from({ length: 300 }, (_, i) => integer(i)),
  );
  const sample = pointers(Index.ARRAY, 2, [
    integer(-(2n ** 30n)),
    integer(2n ** 40n + 3n),
    integer(-(2n ** 60n)),
    integer(2n ** 60n - 1n),
    { character: 0x1f600 },
    { float: 0.1 },
    { float: -0 },
    { float: 1e300 },
    { float: -2.5 },
    add(Index.FLOAT, { kind: 'float', value: Math.PI * 1e200 }),
    first,
    aMethod,
    sista,
    context,
    closure,
    weak,
    ephemeron,
    pinned,
    immutable,
    long,
    add(OTHER.halves, { kind: 'halves', elements: [1, 2, 0xffff] }),
    add(Index.BITMAP, { kind: 'words', elements: [1, 0xdeadbeef, 3] }),
    add(OTHER.longs, { kind: 'longs', elements: [1n, 0x123456789abcdefn] }),
    add(OTHER.wideString, { kind: 'words', elements: [0x65e5, 0x672c] }),
    pointers(Index.ARRAY, 2, []),
    no,
    yes,
  ]);
  const special = Array.from({ length: 60 }, (): Ref => nil);
  special[1] = no;
  special[2] = yes;
  for (const [slot, name] of [
    [4, 'Bitmap'],
    [5, 'SmallInteger'],
    [6, 'ByteString'],
    [7, 'Array'],
    [9, 'BoxedFloat64'],
    [10, 'Context'],
    [13, 'LargePositiveInteger'],
    [15, 'Message'],
    [16, 'CompiledMethod'],
    [19, 'Character'],
    [26, 'ByteArray'],
    [36, 'BlockClosure'],
    [42, 'LargeNegativeInteger'],
  ] as const)
    special[slot] = classNamed(name);
  special[SAMPLE_SLOT] = sample;
  return { objects, specialObjects: pointers(Index.ARRAY, 2, special), classes, sample };
}

/** The special object that tests find the sample by: Smalltalk. */
export const SAMPLE_SLOT = 8;

/** Stands for the program counter of the sample method's first bytecode, which depends on the size of words. */
export const PC_OF_SAMPLE = -77_777n;
export const SAMPLE_LITERALS = 4;
