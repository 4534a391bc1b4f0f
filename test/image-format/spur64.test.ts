import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ImageFormatError } from '../../image/format/errors.ts';
import { putSmallFloat, smallFloatValue } from '../../image/format/immediates64.ts';
import { readImage } from '../../image/format/read-image.ts';
import { writeSpur32 } from '../../image/format/spur32-writer.ts';
import { writeSpur64 } from '../../image/format/spur64-writer.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { SAMPLE_SLOT, sampleHeap, shapeOf } from './sample-image.ts';

const SMALL = { maxBytes: 8 << 20 };

/** A word of a 64-bit file as a number: header words and addresses are below 2^53 here. */
const longAt = (bytes: Uint8Array, offset: number) =>
  Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(offset, true));

/** The literal count of the method at `header`: the lowest 15 bits of its first slot's value. */
const literalsAt = (bytes: Uint8Array, header: number) =>
  (new DataView(bytes.buffer, bytes.byteOffset).getUint32(header + 8, true) >>> 3) & 0x7fff;

interface FileObject {
  readonly header: number;
  readonly slotCount: number;
  readonly format: number;
  readonly classIndex: number;
}

/** The objects of a little-endian 64-bit file of one segment, found by the layout's description alone. */
function objectsOf(bytes: Uint8Array): FileObject[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const found: FileObject[] = [];
  for (let at = 128; at < bytes.length - 16; ) {
    let header = at;
    let slotCount = bytes[header + 7]!;
    if (slotCount === 255) {
      slotCount = view.getUint32(header, true);
      header += 8;
    }
    const low = view.getUint32(header, true);
    found.push({ header, slotCount, format: (low >>> 24) & 31, classIndex: low & 0x3fffff });
    at = header + 8 + 8 * Math.max(1, slotCount);
  }
  return found;
}

/** The file as a big-endian machine would have written it. */
function bigEndianCopy(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const reverse = (from: number, length: number) => copy.subarray(from, from + length).reverse();
  for (const [offset, length] of [
    [0, 4],
    [4, 4],
    [8, 8],
    [16, 8],
    [24, 8],
    [32, 8],
    [40, 8],
    [48, 8],
    [56, 4],
    [60, 2],
    [62, 2],
    [64, 4],
    [68, 2],
    [72, 8],
  ] as const)
    reverse(offset, length);
  const unitOf = (format: number, isFloat: boolean): number => {
    if (format >= 16) return 1;
    if (format >= 12) return 2;
    return format >= 10 && !isFloat ? 4 : 8;
  };
  for (const { header, slotCount, format, classIndex } of objectsOf(bytes)) {
    if (slotCount >= 255) reverse(header - 8, 8);
    reverse(header, 8);
    const literals = format >= 24 ? 1 + literalsAt(bytes, header) : 0;
    for (let slot = 0; slot < Math.max(1, slotCount); slot++) {
      const unit = slot < literals ? 8 : unitOf(format, classIndex === 34);
      for (let part = 0; part < 8; part += unit) reverse(header + 8 + 8 * slot + part, unit);
    }
  }
  reverse(copy.length - 16, 8);
  return copy;
}

/** The file cut into two segments before the object at `cut`, the second one `gap` bytes further on in the address space. */
function twoSegmentCopy(bytes: Uint8Array, cut: number, gap: number): Uint8Array {
  const copy = new Uint8Array(bytes.length + 16);
  copy.set(bytes.subarray(0, cut), 0);
  copy.set(bytes.subarray(cut), cut + 16);
  const view = new DataView(copy.buffer);
  const long = (offset: number, value: number) => view.setBigUint64(offset, BigInt(value), true);
  const firstBytes = cut - 128 + 16;
  long(8, copy.length - 128);
  long(72, firstBytes);
  long(cut, gap / 8);
  copy[cut + 7] = 255;
  long(cut + 8, copy.length - 128 - firstBytes);
  const base = longAt(bytes, 16);
  const moved = (oop: number) => (oop % 8 === 0 && oop >= base + cut - 128 ? oop + 16 + gap : oop);
  long(24, moved(longAt(bytes, 24)));
  for (const { header, slotCount, format } of objectsOf(bytes)) {
    const pointers = format >= 24 ? 1 + literalsAt(bytes, header) : format <= 5 ? slotCount : 0;
    for (let slot = 0; slot < pointers; slot++) {
      const offset = header + 8 + 8 * slot;
      const oop = view.getBigUint64(offset + (header >= cut ? 16 : 0), true);
      if ((oop & 7n) === 0n) long(offset + (header >= cut ? 16 : 0), moved(Number(oop)));
    }
  }
  return copy;
}

const reload = (bytes: Uint8Array): ObjectMemory => readImage(bytes, SMALL).memory;

describe('a Spur 64-bit image', () => {
  test('written and read again has the same objects; what is immediate in 64 bits is one again', () => {
    const { memory } = sampleHeap();
    const wide = writeSpur64(memory);
    const loaded = reload(wide);
    expect(new HeapVerifier(loaded).verify()).toEqual([]);
    expect(shapeOf(loaded)).toEqual(shapeOf(memory));
    expect(writeSpur64(loaded)).toEqual(wide);
    expect(readImage(wide, SMALL).format).toMatchObject({ format: 'spur64', magic: 68533, endian: 'little' });
  });

  test('keeps the settings of the image', () => {
    const settings = {
      windowSize: 0x02800200,
      flags: 3,
      extraVMMemory: 7,
      stackPages: 50,
      codeKilobytes: 9,
      edenBytes: 1 << 22,
      maxExternalSemaphores: 300,
    };
    expect(readImage(writeSpur64(sampleHeap().memory, settings), SMALL).settings).toEqual(settings);
  });

  test('has every object where its layout says, and program counters that count 8 bytes a literal', () => {
    const { memory } = sampleHeap();
    const wide = writeSpur64(memory);
    const context = objectsOf(wide).find(({ classIndex }) => classIndex === 36)!;
    // The sample's context stands at pc 13: behind three words in 32 bits, so behind 24 bytes here.
    expect(longAt(wide, context.header + 16)).toBe(25 * 8 + 1);
    expect(objectsOf(wide).at(-1)!.header).toBeLessThan(wide.length - 16);
  });

  test('of a big-endian machine is the same image', () => {
    const { memory } = sampleHeap();
    const swapped = bigEndianCopy(writeSpur64(memory));
    expect(readImage(swapped, SMALL).format.endian).toBe('big');
    expect(shapeOf(reload(swapped))).toEqual(shapeOf(memory));
  });

  test.each([0, 8, 1 << 20, 2 ** 40])('in two segments %d bytes apart is the same image', (gap) => {
    const { memory } = sampleHeap();
    const wide = writeSpur64(memory);
    const objects = objectsOf(wide);
    const cut = objects[objects.length - 9]!;
    const at = cut.header - (cut.slotCount >= 255 ? 8 : 0);
    expect(shapeOf(reload(twoSegmentCopy(wide, at, gap)))).toEqual(shapeOf(memory));
  });

  test('has integers of up to 61 bits as SmallIntegers, and larger ones as objects', () => {
    const values = [
      2n ** 30n,
      -(2n ** 30n) - 1n,
      2n ** 60n - 1n,
      -(2n ** 60n),
      2n ** 60n,
      -(2n ** 60n) - 1n,
      2n ** 32n,
    ];
    const { memory } = sampleHeap();
    const array = memory.newArray(values.length);
    values.forEach((value, i) => {
      memory.storePointer(array, i, memory.integerOop(value));
    });
    memory.storePointer(memory.specialObjects, SAMPLE_SLOT, array);
    const wide = writeSpur64(memory);
    const immediate = objectsOf(wide)
      .filter(({ slotCount }) => slotCount === values.length)
      .map(({ header }) => values.map((_, i) => (wide[header + 8 + 8 * i]! & 7) === 1))
      .find((each) => each.some(Boolean));
    expect(immediate).toEqual([true, true, true, true, false, false, true]);
    const loaded = reload(wide);
    const again = loaded.fetchPointer(loaded.specialObjects, SAMPLE_SLOT);
    expect(values.map((_, i) => loaded.integerValueOf(loaded.fetchPointer(again, i)))).toEqual(values);
  });

  test('property: a double that is a SmallFloat comes back bit by bit, any other is refused', () => {
    const words = new Int32Array(2);
    fc.assert(
      fc.property(fc.double(), (value) => {
        const exponent = Math.floor(Math.log2(Math.abs(value)));
        const isSmall = putSmallFloat(value, words, 0);
        if (isSmall) expect(Object.is(smallFloatValue(words[0]!, words[1]!), value)).toBe(true);
        if (value === 0 || (exponent > -127 && exponent < 128)) expect(isSmall).toBe(true);
        if (Number.isNaN(value) || Math.abs(value) > 1e39 || (value !== 0 && Math.abs(value) < 1e-39))
          expect(isSmall).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a damaged Spur 64-bit image', () => {
  const good = writeSpur64(sampleHeap().memory);

  const examine = (bytes: Uint8Array): void => {
    let memory: ObjectMemory;
    try {
      memory = reload(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(ImageFormatError);
      return;
    }
    for (const { sentence } of new HeapVerifier(memory).verify()) expect(sentence).not.toBe('');
  };

  const refusal = (damage: (view: DataView) => void, length = good.length): string => {
    const bytes = good.slice(0, length);
    damage(new DataView(bytes.buffer));
    try {
      reload(bytes);
    } catch (error) {
      if (error instanceof ImageFormatError) return `${error.code}: ${error.message}`;
      throw error;
    }
    return 'loaded';
  };

  test('is refused with the offset in the 64-bit file', () => {
    expect(refusal(() => {}, 100)).toBe('truncated: the file ends at 100 bytes, the header needs 128');
    expect(refusal((view) => view.setUint32(24, 12, true))).toMatch(
      /^bad-header: at offset 24: the oop of the special objects is 0xc, /,
    );
    expect(refusal((view) => view.setUint8(128 + 7, 1))).toBe(
      'bad-pointer: at offset 136: a pointer is 0x000000000, expected the address of an object in the image, or an immediate',
    );
    const special = longAt(good, 24) - longAt(good, 16) + 128;
    expect(refusal((view) => view.setUint32(special + 8, Number(longAt(good, special + 16)), true))).toMatch(
      new RegExp(`^bad-object: at offset ${special}: special object 0 is 0x[0-9a-f]+, expected nil$`),
    );
    const roots = objectsOf(good)[4]!;
    expect(refusal((view) => view.setUint32(roots.header + 8, 0x1000_0000, true))).toMatch(
      new RegExp(`^bad-pointer: at offset ${roots.header + 8}: a pointer is 0x010000000, `),
    );
  });

  test('fuzz: cut anywhere it is refused', () => {
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), (length) => {
        expect(() => reload(good.slice(0, length))).toThrow(ImageFormatError);
      }),
      { numRuns: 100 },
    );
  });

  test('fuzz: with bits flipped it is refused, or loads into a heap that can be verified', () => {
    const offset = fc.oneof(
      fc.nat({ max: good.length - 1 }),
      fc.nat({ max: 500 }),
      fc.integer({ min: good.length - 9000, max: good.length - 1 }),
    );
    const flips = fc.array(fc.record({ offset, bit: fc.nat({ max: 7 }) }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(flips, (each) => {
        const bytes = good.slice();
        for (const flip of each) bytes[flip.offset]! ^= 1 << flip.bit;
        examine(bytes);
      }),
      { numRuns: 500 },
    );
  });

  test('and a 32-bit file of the same heap is smaller', () => {
    expect(writeSpur32(sampleHeap().memory).length).toBeLessThan(good.length);
  });
});
