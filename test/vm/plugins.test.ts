/** Modules of Squeak's and Pharo's VMs held against what JavaScript and Node know on their own: BigInt, zlib, crypto, single floats. */
import { createHash } from 'node:crypto';
import { constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { packWords, unpackWords } from '../../primitives/misc-plugin.ts';
import { type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { SpecialObject } from '../../vm/memory/well-known.ts';
import { huffmanTable, type SymbolOf } from './huffman-table.ts';
import { PrimitiveBench } from './primitive-bench.ts';

const int = smallIntegerOop;
const bench = new PrimitiveBench();
const { memory } = bench;
/** Oops of one property's run are garbage afterwards. */
const runs = (numRuns: number): { numRuns: number } => ({ numRuns });
const integer = (value: bigint): Oop => memory.integerOop(value);
const integerIn = (result: Oop | string): bigint | string =>
  typeof result === 'string' ? result : memory.integerValueOf(result)!;

const anyInteger = fc.oneof(
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
  fc.bigInt({ min: -70000n, max: 70000n }),
);
const bytes = fc.uint8Array({ maxLength: 400 });
const abs = (value: bigint): bigint => (value < 0n ? -value : value);
const signed = (value: bigint, isNegative: boolean): bigint => (isNegative ? -value : value);

function collectAfterwards(): void {
  bench.prepare([]);
  bench.machine.collectGarbage();
}

describe('LargeIntegers', () => {
  const meaning: Record<string, (a: bigint, b: bigint) => bigint | string> = {
    primDigitAdd: (a, b) => signed(abs(a) + abs(b), a < 0n),
    primDigitSubtract: (a, b) => signed(abs(a) - abs(b), a < 0n),
    primDigitCompare: (a, b) => (abs(a) < abs(b) ? -1n : abs(a) > abs(b) ? 1n : 0n),
    primDigitBitAnd: (a, b) => (a < 0n ? 'BAD_RECEIVER' : b < 0n ? 'BAD_ARGUMENT' : a & b),
    primDigitBitOr: (a, b) => (a < 0n ? 'BAD_RECEIVER' : b < 0n ? 'BAD_ARGUMENT' : a | b),
    primDigitBitXor: (a, b) => (a < 0n ? 'BAD_RECEIVER' : b < 0n ? 'BAD_ARGUMENT' : a ^ b),
  };
  for (const [name, operation] of Object.entries(meaning)) {
    test(`${name} does with magnitudes what BigInt does`, () => {
      fc.assert(
        fc.property(anyInteger, anyInteger, (a, b) => {
          expect(integerIn(bench.call(`LargeIntegers.${name}`, integer(a), integer(b)))).toBe(operation(a, b));
        }),
        runs(300),
      );
      collectAfterwards();
    });
  }

  test('a product has the sign that is asked for, a division gives quotient and rest', () => {
    fc.assert(
      fc.property(anyInteger, anyInteger, fc.boolean(), (a, b, isNegative) => {
        const flag = memory.booleanOop(isNegative);
        const product = bench.call('LargeIntegers.primDigitMultiplyNegative', integer(a), integer(b), flag);
        expect(integerIn(product)).toBe(signed(abs(a * b), isNegative));
        const both = bench.call('LargeIntegers.primDigitDivNegative', integer(a), integer(b), flag);
        if (b === 0n) return expect(both).toBe('BAD_ARGUMENT');
        expect(integerIn(memory.fetchPointer(both as Oop, 0))).toBe(signed(abs(a) / abs(b), isNegative));
        expect(integerIn(memory.fetchPointer(both as Oop, 1))).toBe(a % b);
      }),
      runs(300),
    );
    collectAfterwards();
  });

  test('magnitudes are shifted, and asked for bits', () => {
    fc.assert(
      fc.property(
        anyInteger,
        fc.integer({ min: -250, max: 250 }),
        fc.integer({ min: 1, max: 210 }),
        (a, count, bit) => {
          const shifted = count >= 0 ? abs(a) << BigInt(count) : abs(a) >> BigInt(-count);
          const result = bench.call('LargeIntegers.primDigitBitShiftMagnitude', integer(a), int(count));
          expect(integerIn(result)).toBe(signed(shifted, a < 0n));
          const isSet = (abs(a) >> BigInt(bit - 1)) % 2n === 1n;
          expect(bench.call('LargeIntegers.primAnyBitFromTo', integer(a), int(bit), int(bit))).toBe(
            memory.booleanOop(isSet),
          );
        },
      ),
      runs(300),
    );
    collectAfterwards();
  });

  test('a Montgomery product is the product times the inverse of a power of 2^32', () => {
    const odd = fc.bigInt({ min: 3n, max: 2n ** 120n }).map((value) => value | 1n);
    fc.assert(
      fc.property(odd, fc.bigInt({ min: 0n, max: 2n ** 120n }), fc.bigInt({ min: 0n, max: 2n ** 120n }), (m, x, y) => {
        const [a, b] = [x % m, y % m];
        const digits = Math.ceil(m.toString(2).length / 32);
        // -1 / m modulo 2^32, by Newton's iteration.
        let inverse = 1n;
        for (let i = 0; i < 5; i++) inverse = BigInt.asUintN(32, inverse * (2n - m * inverse));
        const result = bench.call(
          'LargeIntegers.primMontgomeryTimesModulo',
          integer(a),
          integer(b),
          integer(m),
          integer(BigInt.asUintN(32, -inverse)),
        );
        expect(((integerIn(result) as bigint) << BigInt(32 * digits)) % m).toBe((a * b) % m);
      }),
      runs(200),
    );
    collectAfterwards();
  });
});

describe('MiscPrimitivePlugin', () => {
  // Runs of equal words, of words of equal bytes, and of neither.
  const bitmap = fc
    .array(fc.tuple(fc.oneof(fc.integer(), fc.constantFrom(0, -1, 0x01010101, 0x7f7f7f7f)), fc.nat({ max: 700 })), {
      maxLength: 12,
    })
    .map((pieces) =>
      Int32Array.from(pieces.flatMap(([word, count]) => new Array<number>(count % 9 === 0 ? count : 1).fill(word))),
    );

  test('a packed bitmap unpacks to what it was, and packed bytes that were cut or changed never go past an end', () => {
    fc.assert(
      fc.property(bitmap, fc.nat(), fc.nat({ max: 255 }), (words, at, byte) => {
        const packed = packWords(words);
        const sizeBytes = packed[0]! < 224 ? 1 : packed[0]! < 255 ? 2 : 5;
        const unpacked = new Int32Array(words.length);
        expect(unpackWords(packed, sizeBytes, unpacked)).toBe(true);
        expect(unpacked).toEqual(words);
        const damaged = packed.slice(0, packed.length - (at % 3));
        if (damaged.length > 0) damaged[at % damaged.length] = byte;
        expect(typeof unpackWords(damaged, sizeBytes, new Int32Array(words.length))).toBe('boolean');
      }),
      runs(300),
    );
  });

  test('primitives pack and unpack, and refuse bytes that tell of more words than there are', () => {
    const source = bench.instance('Bitmap', 40);
    memory.i32.fill(0x12345678, (source >> 2) + 2, (source >> 2) + 42);
    const packed = bench.instance('ByteArray', 200);
    const receiver = memory.nil;
    const length = bench.answer('MiscPrimitivePlugin.primitiveCompressToByteArray', receiver, source, packed);
    // 40 words: one byte for the size, one for the run, four for the word.
    expect(smallIntegerValue(length)).toBe(6);
    const exact = bench.bytes(memory.bytesOf(packed).slice(0, 6));
    const target = bench.instance('Bitmap', 40);
    bench.answer('MiscPrimitivePlugin.primitiveDecompressFromByteArray', receiver, target, exact, int(2));
    expect(memory.i32.slice((target >> 2) + 2, (target >> 2) + 42)).toEqual(new Int32Array(40).fill(0x12345678));
    const small = bench.instance('Bitmap', 39);
    expect(bench.call(234, receiver, small, exact, int(2))).toBe('BAD_INDEX');
    expect(memory.i32[(small >> 2) + 2]).toBe(0);
    const tight = bench.instance('ByteArray', 5);
    expect(bench.call(237, receiver, source, tight)).toBe('LIMIT_EXCEEDED');
  });

  test('a substring is found where JavaScript finds it, through a table that folds case', () => {
    const table = bench.bytes(Uint8Array.from({ length: 256 }, (_, i) => (i >= 97 && i <= 122 ? i - 32 : i)));
    const held = bench.machine.retain(table);
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A', 'B', 'c'), maxLength: 20 });
    fc.assert(
      fc.property(text, text, fc.integer({ min: -2, max: 25 }), (body, key, start) => {
        const found = bench.answer(
          'MiscPrimitivePlugin.primitiveFindSubstring',
          memory.nil,
          memory.newByteString(key),
          memory.newByteString(body),
          int(start),
          held.oop,
        );
        const wanted = key === '' ? -1 : body.toUpperCase().indexOf(key.toUpperCase(), Math.max(0, start - 1));
        expect(smallIntegerValue(found)).toBe(wanted + 1);
      }),
      runs(300),
    );
    held.release();
  });

  test('numbers that mean clocks now mean the old ones to a method with their arguments', () => {
    const text = memory.newByteString('hello');
    const flags = bench.bytes(Uint8Array.from({ length: 256 }, (_, i) => (i === 108 ? 1 : 0)));
    expect(bench.call(244, memory.nil, text, flags, int(1))).toBe(int(3));
    expect(bench.call(245, memory.nil, int(111), text, int(1))).toBe(int(5));
    expect(memory.slotCountOf(bench.answer(244, memory.nil))).toBe(2);
    expect(integerIn(bench.call(245, memory.nil))).toBe(0n);
  });

  test('sound samples become the upper halves of 16-bit ones', () => {
    const source = bench.bytes(Uint8Array.of(0, 1, 127, 128, 255));
    const target = bench.instance('DoubleByteArray', 5);
    bench.answer('MiscPrimitivePlugin.primitiveConvert8BitSigned', memory.nil, source, target);
    const first = memory.bodyOf(target) >> 1;
    expect([...memory.u16.slice(first, first + 5)]).toEqual([0, 0x100, 0x7f00, 0x8000, 0xff00]);
  });
});

describe('ZipPlugin', () => {
  const checksum = (name: string, start: number, contents: Uint8Array): bigint | string =>
    integerIn(
      bench.call(
        `ZipPlugin.${name}`,
        memory.nil,
        integer(BigInt(start)),
        int(1),
        int(contents.length),
        bench.bytes(contents),
      ),
    );

  test('checksums are those in the trailers that zlib writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), (contents) => {
        const gzip = gzipSync(contents);
        const crc = gzip.readUInt32LE(gzip.length - 8);
        expect(checksum('primitiveUpdateGZipCrc32', 0xffffffff, contents)).toBe(BigInt((crc ^ 0xffffffff) >>> 0));
        const zlib = deflateSync(contents);
        expect(checksum('primitiveUpdateAdler32', 1, contents)).toBe(BigInt(zlib.readUInt32BE(zlib.length - 4)));
      }),
      runs(200),
    );
    expect(checksum('primitiveUpdateAdler32', 1, new Uint8Array(0))).toBe('BAD_INDEX');
    collectAfterwards();
  });

  /** RFC 1951, 3.2.6: the codes of a block with fixed ones. Lengths and distances with their extra bits, as InflateStream has them. */
  const LENGTHS = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
  ];
  const lengthSymbol: SymbolOf = (symbol) => {
    if (symbol <= 256) return symbol;
    const code = symbol - 257;
    const extra = code < 8 || code === 28 ? 0 : (code >> 2) - 1;
    return ((extra + 1) << 16) | (LENGTHS[code] ?? 0);
  };
  const distanceSymbol: SymbolOf = (symbol) => {
    const extra = symbol < 4 ? 0 : (symbol >> 1) - 1;
    const base = symbol < 4 ? symbol + 1 : (2 + (symbol & 1)) * 2 ** extra + 1;
    return (extra << 16) | base;
  };
  const fixedLengths = Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));

  const words = (values: readonly number[]): Oop => {
    const oop = bench.instance('WordArray', values.length);
    memory.i32.set(values, (oop >> 2) + 2);
    return oop;
  };

  test('a block that zlib deflated with fixed codes is inflated to what it was, whatever the room', () => {
    // A class of the shape of InflateStream: three slots of a stream, ten of its own.
    const behavior = bench.instance('Class');
    memory.storePointer(behavior, 0, bench.classNamed('ReadStream'));
    memory.storePointer(behavior, 2, int((1 << 16) | 13));
    const held = bench.machine.retain(behavior);
    const above = memory.fixedSlotsOf(bench.classNamed('ReadStream'));
    const contents = fc
      .array(fc.oneof(bytes, fc.constant(new Uint8Array(300).fill(7)), fc.constant(Uint8Array.from([1, 2, 3, 4]))), {
        minLength: 1,
        maxLength: 8,
      })
      .map((pieces) => Buffer.concat(pieces));
    fc.assert(
      fc.property(contents, fc.nat({ max: 300 }), (original, spare) => {
        const deflated = deflateRawSync(original, { strategy: constants.Z_FIXED });
        // The block's header, three bits, has been read: the last block, with fixed codes.
        expect(deflated[0]! & 7).toBe(3);
        const stream = memory.instantiate(held.oop);
        const source = bench.bytes(deflated);
        const collection = bench.instance('ByteArray', original.length + 1 + spare);
        const set = (slot: number, value: Oop): void => memory.storePointer(stream, slot, value);
        set(0, collection);
        set(2, int(0));
        set(above, int(2 + 1));
        set(above + 1, int(deflated[0]! >> 3));
        set(above + 2, int(5));
        set(above + 3, source);
        set(above + 4, int(1));
        set(above + 5, int(deflated.length));
        const literals = words(huffmanTable(fixedLengths, lengthSymbol));
        const distances = words(huffmanTable(new Array<number>(30).fill(5), distanceSymbol));
        bench.answer('ZipPlugin.primitiveInflateDecompressBlock', stream, literals, distances);
        const filled = smallIntegerValue(memory.fetchPointer(stream, 2));
        expect(Buffer.compare(memory.bytesOf(collection).slice(0, filled), original)).toBe(0);
        // The end of the block was read: only whether it was the last is left of the state.
        expect(memory.fetchPointer(stream, above)).toBe(int(1));
      }),
      runs(60),
    );
    held.release();
    collectAfterwards();
  });
});

describe('DSAPrims', () => {
  test('SHA-1 in the two steps of the plugin is what node:crypto computes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 150 }), (message) => {
        const padded = new Uint8Array((((message.length + 8) >> 6) + 1) << 6);
        padded.set(message);
        padded[message.length] = 0x80;
        new DataView(padded.buffer).setUint32(padded.length - 4, message.length * 8);
        const hash = bench.instance('WordArray', 5);
        const start = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
        memory.i32.set(start, (hash >> 2) + 2);
        const expanded = bench.instance('WordArray', 80);
        for (let at = 0; at < padded.length; at += 64) {
          const block = bench.bytes(padded.subarray(at, at + 64));
          bench.answer('DSAPrims.primitiveExpandBlock', memory.nil, block, expanded);
          bench.answer('DSAPrims.primitiveHashBlock', memory.nil, expanded, hash);
        }
        const digest = Array.from({ length: 5 }, (_, i) =>
          (memory.i32[(hash >> 2) + 2 + i]! >>> 0).toString(16).padStart(8, '0'),
        ).join('');
        expect(digest).toBe(createHash('sha1').update(message).digest('hex'));
      }),
      runs(100),
    );
    collectAfterwards();
  });
});

describe('arrays of floats', () => {
  const singles = (values: readonly number[]): Oop => {
    const oop = bench.instance('Float32Array', values.length);
    new Float32Array(memory.buffer, memory.bodyOf(oop), values.length).set(values);
    return oop;
  };
  const contentsOf = (oop: Oop): number[] => [
    ...new Float32Array(memory.buffer, memory.bodyOf(oop), memory.slotCountOf(oop)),
  ];
  const value = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 });
  const pair = fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 30 });
  const meaning: Record<string, (a: number, b: number) => number> = {
    Add: (a, b) => a + b,
    Sub: (a, b) => a - b,
    Mul: (a, b) => a * b,
    Div: (a, b) => a / b,
  };

  test('each operation is that of doubles, rounded to single precision', () => {
    fc.assert(
      fc.property(pair, fc.constantFrom(...Object.keys(meaning)), (values, name) => {
        const a = values.map(([first]) => first);
        const b = values.map(([, second]) => second);
        const receiver = singles(a);
        const result = bench.call(`FloatArrayPlugin.primitive${name}FloatArray`, receiver, singles(b));
        if (name === 'Div' && b.includes(0)) {
          expect(result).toBe('BAD_ARGUMENT');
          expect(contentsOf(receiver)).toEqual(a);
        } else {
          expect(contentsOf(result as Oop)).toEqual(a.map((each, i) => Math.fround(meaning[name]!(each, b[i]!))));
        }
      }),
      runs(200),
    );
    collectAfterwards();
  });

  test('sum, dot product and length are taken in double precision', () => {
    fc.assert(
      fc.property(pair, (values) => {
        const a = values.map(([first]) => first);
        const b = values.map(([, second]) => second);
        const number = (name: string, ...operands: Oop[]): number =>
          memory.floatValueOf(bench.answer(`FloatArrayPlugin.${name}`, ...operands));
        expect(number('primitiveSum', singles(a))).toBe(a.reduce((sum, each) => sum + each, 0));
        expect(number('primitiveDotProduct', singles(a), singles(b))).toBe(
          a.reduce((sum, each, i) => sum + each * b[i]!, 0),
        );
        const squares = a.reduce((sum, each) => sum + each * each, 0);
        const length = bench.call('FloatArrayPlugin.primitiveLength', singles(a));
        if (squares === 0) expect(length).toBe('BAD_RECEIVER');
        else expect(memory.floatValueOf(length as Oop)).toBe(Math.sqrt(squares));
      }),
      runs(200),
    );
    collectAfterwards();
  });
});

describe('FloatMathPlugin', () => {
  test('functions are those of JavaScript, and refuse what is out of their domain', () => {
    const apply = (name: string, ...values: readonly number[]): number | string => {
      const result = bench.call(`FloatMathPlugin.primitive${name}`, ...values.map((value) => memory.newFloat(value)));
      return typeof result === 'string' ? result : memory.floatValueOf(result);
    };
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (a, b) => {
        expect(apply('Sin', a)).toBe(Math.sin(a));
        expect(apply('ArcTan2', a, b)).toBe(Math.atan2(a, b));
        expect(apply('LogN', a)).toBe(a >= 0 ? Math.log(a) : 'BAD_RECEIVER');
        expect(apply('ArcCos', a)).toBe(Math.abs(a) <= 1 ? Math.acos(a) : 'BAD_RECEIVER');
        expect(apply('FMod', a, b)).toBe(b === 0 ? 'BAD_ARGUMENT' : a % b);
      }),
      runs(200),
    );
    collectAfterwards();
  });
});

describe('Matrix2x3Plugin', () => {
  const matrix = (values: readonly number[]): Oop => {
    const oop = bench.instance('Float32Array', 6);
    new Float32Array(memory.buffer, memory.bodyOf(oop), 6).set(values);
    return oop;
  };
  const point = (x: number, y: number): Oop => {
    const oop = memory.instantiate(memory.specialObject(SpecialObject.CLASS_POINT));
    memory.storePointer(oop, 0, int(x));
    memory.storePointer(oop, 1, int(y));
    return oop;
  };
  const coordinates = (oop: Oop): number[] => [0, 1].map((slot) => smallIntegerValue(memory.fetchPointer(oop, slot)));

  test('a point that was transformed comes back by the inverse', () => {
    const small = fc.integer({ min: -20, max: 20 });
    const place = fc.integer({ min: -1000, max: 1000 });
    fc.assert(
      fc.property(fc.array(small, { minLength: 6, maxLength: 6 }), place, place, (m, x, y) => {
        const there = bench.answer('Matrix2x3Plugin.primitiveTransformPoint', matrix(m), point(x, y));
        expect(coordinates(there)).toEqual([m[0]! * x + m[1]! * y + m[2]!, m[3]! * x + m[4]! * y + m[5]!]);
        const back = bench.call(
          'Matrix2x3Plugin.primitiveInvertPoint',
          matrix(m),
          point(...(coordinates(there) as [number, number])),
        );
        if (m[0]! * m[4]! === m[1]! * m[3]!) expect(back).toBe('BAD_RECEIVER');
        else expect(coordinates(back as Oop)).toEqual([x, y]);
      }),
      runs(200),
    );
    collectAfterwards();
  });

  test('a composed matrix does what its parts do one after the other; the identity is known as such', () => {
    const first = matrix([0, -1, 10, 1, 0, 20]);
    const second = matrix([2, 0, 3, 0, 2, 4]);
    const both = bench.answer('Matrix2x3Plugin.primitiveComposeMatrix', first, second, matrix([0, 0, 0, 0, 0, 0]));
    const inner = bench.answer('Matrix2x3Plugin.primitiveTransformPoint', second, point(5, 6));
    const outer = bench.answer('Matrix2x3Plugin.primitiveTransformPoint', first, inner);
    expect(coordinates(bench.answer('Matrix2x3Plugin.primitiveTransformPoint', both, point(5, 6)))).toEqual(
      coordinates(outer),
    );
    expect(bench.call('Matrix2x3Plugin.primitiveIsIdentity', matrix([1, 0, 0, 0, 1, 0]))).toBe(memory.true);
    expect(bench.call('Matrix2x3Plugin.primitiveIsIdentity', matrix([1, 0, 9, 0, 1, 0]))).toBe(memory.false);
    expect(bench.call('Matrix2x3Plugin.primitiveIsPureTranslation', matrix([1, 0, 9, 0, 1, 8]))).toBe(memory.true);
  });

  test('a rectangle becomes the smallest one around its transformed corners', () => {
    const rectangle = (origin: Oop, corner: Oop): Oop => bench.array([origin, corner]);
    const quarterTurn = matrix([0, -1, 0, 1, 0, 0]);
    const target = rectangle(memory.nil, memory.nil);
    const source = rectangle(point(1, 2), point(5, 10));
    bench.answer('Matrix2x3Plugin.primitiveTransformRectInto', quarterTurn, source, target);
    expect([0, 1].map((slot) => coordinates(memory.fetchPointer(target, slot)))).toEqual([
      [-10, 1],
      [-2, 5],
    ]);
  });
});
