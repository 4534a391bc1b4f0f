/** Primitives by number, one by one: what they do, and what they refuse. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { knownNumbers } from '../../primitives/registry/known-numbers.ts';
import { Allocator } from '../../vm/memory/allocator.ts';
import { characterOop, type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { KernelImage } from './kernel-image.ts';
import { PrimitiveBench } from './primitive-bench.ts';

const int = smallIntegerOop;
const bench = new PrimitiveBench();
const { memory } = bench;

describe('the registry', () => {
  test('each number has a name under which one of the other VMs knows it', () => {
    const known = new Map(knownNumbers().map((each) => [each.number, each]));
    for (const definition of bench.definitions) {
      if (!('number' in definition)) continue;
      const names = known.get(definition.number);
      const wanted = [names?.squeak, names?.pharo, names?.beforeClosures];
      for (const name of definition.name.split(', '))
        expect([definition.number, wanted]).toEqual([definition.number, expect.arrayContaining([name])]);
    }
  });

  test('no two of one family stand for one number or name', () => {
    const seen = new Set<string>();
    const twice = bench.definitions.flatMap((each) => {
      const key = 'number' in each ? `${each.number} ${each.name}` : `${each.module}.${each.name}`;
      if (!seen.has(key)) {
        seen.add(key);
        return [];
      }
      return [key];
    });
    expect(twice).toEqual([]);
  });
});

describe('streams (65 to 67)', () => {
  const stream = (collection: Oop, position: number, limit: number): Oop => {
    const oop = bench.instance('WriteStream');
    [collection, int(position), int(limit), int(limit)].forEach((value, slot) => {
      memory.storePointer(oop, slot, value);
    });
    return oop;
  };
  const position = (oop: Oop): number => smallIntegerValue(memory.fetchPointer(oop, 1));

  test('next answers elements as their collection has them, up to the limit', () => {
    const text = stream(memory.newByteString('ab'), 0, 2);
    expect([0, 1].map(() => bench.call(65, text))).toEqual([97, 98].map(characterOop));
    expect(bench.call(67, text)).toBe(memory.true);
    expect(bench.call(65, text)).toBe('BAD_INDEX');
    const bytes = stream(bench.bytes(Uint8Array.of(200)), 0, 1);
    expect(bench.call(67, bytes)).toBe(memory.false);
    expect(bench.call(65, bytes)).toBe(int(200));
    expect(bench.call(65, stream(bench.array([memory.true]), 0, 1))).toBe(memory.true);
  });

  test('nextPut: stores what the collection can hold, and nothing beyond its end', () => {
    const collection = memory.newByteString('    ');
    const text = stream(collection, 1, 3);
    expect(bench.call(66, text, characterOop(120))).toBe(characterOop(120));
    expect(bench.call(66, text, int(120))).toBe('BAD_ARGUMENT');
    expect(bench.call(66, text, characterOop(0x3b1))).toBe('BAD_ARGUMENT');
    expect(bench.call(66, text, characterOop(121))).toBe(characterOop(121));
    expect(bench.call(66, text, characterOop(122))).toBe('BAD_INDEX');
    expect([memory.stringValueOf(collection), position(text)]).toEqual([' xy ', 3]);
  });

  test('a collection whose class may have an at: of its own is left to the image', () => {
    const symbol = bench.machine.findSymbol('value')!;
    for (const collection of [symbol, bench.instance('OrderedCollection'), int(3), memory.nil])
      expect(bench.call(65, stream(collection, 0, 2))).toBe('BAD_RECEIVER');
    expect(bench.call(65, stream(memory.newByteString('a'), 1, 9))).toBe('BAD_RECEIVER');
  });
});

describe('bits', () => {
  test('the halves of a Float are those of its IEEE 754 bits, the upper one first (38, 39)', () => {
    fc.assert(
      fc.property(fc.double(), fc.nat({ max: 0xffffffff }), (value, half) => {
        const view = new DataView(new ArrayBuffer(8));
        view.setFloat64(0, value);
        const float = memory.newFloat(value);
        const part = (index: number): bigint => memory.integerValueOf(bench.answer(38, float, int(index)))!;
        expect([part(1), part(2)]).toEqual([BigInt(view.getUint32(0)), BigInt(view.getUint32(4))]);
        bench.answer(39, float, int(2), memory.integerOop(BigInt(half)));
        expect(part(2)).toBe(BigInt(half));
      }),
      { numRuns: 100 },
    );
    expect(bench.call(38, memory.newFloat(1), int(3))).toBe('BAD_INDEX');
  });

  /** Types of C in the order of their numbers: how a DataView writes and reads them. */
  const types: readonly (readonly [
    name: string,
    bytes: number,
    get: (view: DataView, at: number) => number | bigint,
  ])[] = [
    ['uint8', 1, (view, at) => view.getUint8(at)],
    ['int8', 1, (view, at) => view.getInt8(at)],
    ['uint16', 2, (view, at) => view.getUint16(at, true)],
    ['int16', 2, (view, at) => view.getInt16(at, true)],
    ['uint32', 4, (view, at) => view.getUint32(at, true)],
    ['int32', 4, (view, at) => view.getInt32(at, true)],
    ['uint64', 8, (view, at) => view.getBigUint64(at, true)],
    ['int64', 8, (view, at) => view.getBigInt64(at, true)],
  ];
  types.forEach(([name, width, get], i) => {
    test(`a ${name} is read and written at any byte offset, and refused when it does not fit (${601 + i}, ${616 + i})`, () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ minLength: 12, maxLength: 12 }),
          fc.nat({ max: 14 }),
          fc.bigInt(),
          (contents, at, wild) => {
            const bytes = bench.bytes(contents);
            const read = bench.call(601 + i, bytes, int(at));
            if (at + width > 12) {
              expect(read).toBe('BAD_INDEX');
              return;
            }
            const value = get(new DataView(contents.buffer), at);
            expect(memory.integerValueOf(read as Oop)).toBe(BigInt(value));
            const target = bench.instance('ByteArray', 12);
            bench.answer(616 + i, target, int(at), read as Oop);
            expect(memory.bytesOf(target).slice(at, at + width)).toEqual(contents.slice(at, at + width));
            const fits = name.startsWith('u')
              ? BigInt.asUintN(8 * width, wild) === wild
              : BigInt.asIntN(8 * width, wild) === wild;
            const stored = bench.call(616 + i, target, int(at), memory.integerOop(wild));
            expect(stored === 'BAD_ARGUMENT').toBe(!fits);
          },
        ),
        { numRuns: 80 },
      );
    });
  });

  test('filling sets every element of an object of bits, and of no other (145)', () => {
    for (const [name, value] of [
      ['ByteArray', 200],
      ['DoubleByteArray', 60000],
      ['Bitmap', 0xfedcba98],
      ['DoubleWordArray', 2 ** 40],
    ] as const) {
      const object = bench.instance(name, 5);
      bench.answer(145, object, memory.integerOop(BigInt(value)));
      for (let index = 1; index <= 5; index++)
        expect(memory.integerValueOf(bench.answer(60, object, int(index)))).toBe(BigInt(value));
    }
    expect(bench.call(145, bench.instance('ByteArray', 2), int(256))).toBe('BAD_ARGUMENT');
    expect(bench.call(145, bench.array([memory.nil]), int(1))).toBe('BAD_RECEIVER');
  });
});

describe('hashes', () => {
  test('hashMultiply keeps 28 bits of the product, of integers of any size (159)', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: -(2 ** 30), max: 2 ** 30 - 1 }), fc.bigInt({ min: 2n ** 30n, max: 2n ** 90n })),
        (value) => {
          const product = BigInt.asUintN(28, BigInt(value) * 1664525n);
          expect(memory.integerValueOf(bench.answer(159, memory.integerOop(BigInt(value))))).toBe(product);
        },
      ),
      { numRuns: 200 },
    );
    expect(bench.call(159, memory.integerOop(-(2n ** 40n)))).toBe('BAD_RECEIVER');
  });
});

describe('allocation', () => {
  test('an object made in old space is there, pinned where that was asked for, and works as any other (596 to 599)', () => {
    for (const [number, isPinned] of [
      [596, false],
      [598, true],
    ] as const) {
      const object = bench.answer(number, bench.classNamed('Point'));
      expect([memory.isYoung(object), memory.isPinned(object)]).toEqual([false, isPinned]);
    }
    for (const [number, isPinned] of [
      [597, false],
      [599, true],
    ] as const) {
      const object = bench.answer(number, bench.classNamed('ByteArray'), int(100));
      expect([memory.isYoung(object), memory.isPinned(object), memory.byteSizeOf(object)]).toEqual([
        false,
        isPinned,
        100,
      ]);
    }
    expect(bench.call(598, int(3))).toBe('BAD_RECEIVER');
  });

  test('sizes are the bytes that objects take (181, 182)', () => {
    for (const [name, size] of [
      ['ByteArray', 1001],
      ['Array', 300],
      ['Point', 0],
      ['DoubleWordArray', 7],
    ] as const) {
      const object = bench.instance(name, size);
      const bytes = Allocator.bytesFor(memory.slotCountOf(object));
      expect(bench.call(182, object)).toBe(int(bytes));
      expect(bench.call(181, bench.classNamed(name), int(size))).toBe(int(bytes));
    }
    expect(bench.call(182, int(5))).toBe(int(0));
    expect(bench.call(181, bench.classNamed('Point'), int(1))).toBe('BAD_RECEIVER');
  });

  test('a hash can be set and asked for without making one up, but not that of a class (161)', () => {
    const object = bench.instance('Point');
    expect(bench.call(161, object)).toBe(memory.false);
    expect(bench.call(161, object, int(4711))).toBe(int(0));
    expect([bench.call(161, object), bench.call(75, object)]).toEqual([memory.true, int(4711)]);
    expect(bench.call(161, bench.classNamed('Point'), int(5))).toBe('BAD_RECEIVER');
    expect(bench.call(161, object, int(0))).toBe('BAD_ARGUMENT');
  });
});

describe('VM parameters (254)', () => {
  test('what images tune is read back, ratios as Floats; what describes the VM cannot be set', () => {
    const receiver = memory.nil;
    const read = (index: number): Oop => bench.answer(254, receiver, int(index));
    bench.answer(254, receiver, int(55), memory.newFloat(0.25));
    expect(memory.floatValueOf(read(55))).toBe(0.25);
    bench.answer(254, receiver, int(25), int(8 << 20));
    expect(read(25)).toBe(int(8 << 20));
    expect([40, 41, 46, 65].map((index) => smallIntegerValue(read(index)))).toEqual([4, 6521, 0, 3]);
    expect(bench.call(254, receiver, int(40), int(8))).toBe('INAPPROPRIATE');
    expect(bench.call(254, receiver, int(25), memory.newFloat(Number.NaN))).toBe('BAD_ARGUMENT');
    expect(bench.call(254, receiver, int(76))).toBe('BAD_INDEX');
    expect(memory.slotCountOf(bench.answer(254, receiver))).toBe(75);
  });
});

describe('mirror forms', () => {
  test('an argument more names the receiver', () => {
    const array = bench.array([int(7), int(8)]);
    const mirror = memory.nil;
    expect(bench.call(60, mirror, array, int(2))).toBe(int(8));
    expect(bench.call(61, mirror, array, int(1), memory.true)).toBe(memory.true);
    expect(bench.call(73, mirror, array, int(1))).toBe(memory.true);
    expect(bench.call(62, mirror, array)).toBe(int(2));
    expect(bench.call(111, mirror, array)).toBe(bench.classNamed('Array'));
    expect(bench.call(164, mirror, array, memory.true)).toBe(memory.false);
    expect(bench.call(163, mirror, array)).toBe(memory.true);
  });
});

describe('primitives that are data (118, 189, 218)', () => {
  const image = new KernelImage();
  image.install('Object', 'try: number with: values <primitive: 118 error: code> ^ code');
  image.install('Object', 'on: receiver try: number with: values <primitive: 118 error: code> ^ code');
  image.install('Object', 'tryNamed: method on: receiver with: values <primitive: 218 error: code> ^ code');
  image.install('Object', 'run: a method: method <primitive: 189 error: code> ^ code');

  test('one is run by its number on an Array of arguments; its failure code comes through', () => {
    expect(
      image.print("{ 3 try: 1 with: #( 4 ). 'abc' try: 63 with: #( 2 ). nil on: #( 1 2 3 ) try: 62 with: #() }"),
    ).toBe('#(7 $b 3)');
    expect(image.print("{ 3 try: 1 with: #( $a ). 3 try: 1 with: #(). 'abc' try: 63 with: #( 9 ) }")).toBe(
      "#(#'bad argument' #'bad number of arguments' #'bad index')",
    );
    expect(image.print('{ 3 try: 257 with: #(). ( 5 @ 6 ) try: 265 with: #(). 3 try: 265 with: #() }')).toBe(
      "#(true 6 #'bad receiver')",
    );
  });

  test('a block is run by its primitive, and collections and itself are refused', () => {
    expect(image.print('[ :a | a * 2 ] try: 202 with: #( 21 )')).toBe('42');
    expect(image.print('{ nil try: 130 with: #(). nil try: 118 with: #( 1 2 ). nil try: 5000 with: #() }')).toBe(
      "#(#'inappropriate operation' #'inappropriate operation' #'bad argument')",
    );
  });

  test('a method is run on arguments, and the named primitive of a method alone', () => {
    expect(image.print('3 run: 4 method: SmallInteger >> #+')).toBe('7');
    expect(image.print('3 run: 4 method: Object >> #yourself')).toBe("#'bad number of arguments'");
    image.install(
      'Object',
      "hash: bytes from: start <primitive: 'primitiveStringHash' module: 'MiscPrimitivePlugin'> ^ #failed",
    );
    expect(
      image.print("( nil tryNamed: Object >> #hash:from: on: nil with: #( 'abc' 0 ) ) = ( nil hash: 'abc' from: 0 )"),
    ).toBe('true');
    expect(image.print('nil tryNamed: Object >> #hash:from: on: nil with: #( 7 0 )')).toBe("#'bad argument'");
    expect(image.print('nil tryNamed: Object >> #yourself on: nil with: #()')).toBe("#'bad method'");
  });

  test('the image is as it was', () => {
    expect(image.damage()).toEqual([]);
  });
});

describe('critical sections (185 to 187)', () => {
  test('processes enter one after the other, in the order in which they came; the owner may enter again', () => {
    const image = new KernelImage();
    image.install('Semaphore', 'enterSection <primitive: 186> ^ #failed');
    image.install('Semaphore', 'leaveSection <primitive: 185> ^ #failed');
    image.install('Semaphore', 'tryEnterSection <primitive: 187> ^ #failed');
    expect(
      image.print(`
        | section log done |
        section := Semaphore basicNew.
        log := OrderedCollection new.
        done := Semaphore new.
        log add: section enterSection; add: section enterSection; add: section tryEnterSection.
        #( first second ) do: [ :name |
          [ log add: section enterSection.
            log add: name.
            Processor yield.
            section leaveSection.
            done signal ] fork ].
        Processor yield.
        log add: #outer.
        section leaveSection.
        2 timesRepeat: [ done wait ].
        log add: section tryEnterSection.
        [ log add: section tryEnterSection. done signal ] fork.
        done wait.
        log asArray`),
    ).toBe('#(false true true #outer false #first false #second false nil)');
    expect(image.damage()).toEqual([]);
  });
});
