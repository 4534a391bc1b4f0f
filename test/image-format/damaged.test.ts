import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { detectFormat } from '../../image/format/detect-format.ts';
import { ImageFormatError } from '../../image/format/errors.ts';
import { inspectImage } from '../../image/format/inspect-image.ts';
import { readSpur32 } from '../../image/format/spur32-reader.ts';
import { heapStatistics } from '../../vm/debug/heap-printer.ts';
import { ObjectPrinter } from '../../vm/debug/object-printer.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { allObjects } from '../../vm/memory/object-walk.ts';
import { sampleBytes } from './sample-image.ts';

const SMALL = { maxBytes: 4 << 20, edenBytes: 0 };
const good = sampleBytes();

/** The sentence with which a copy of the sample, damaged so, is refused. */
function refusal(damage: (view: DataView) => void, length = good.length): string {
  const bytes = good.slice(0, length);
  damage(new DataView(bytes.buffer));
  try {
    readSpur32(bytes, SMALL);
  } catch (error) {
    if (error instanceof ImageFormatError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'loaded';
}

const word = (offset: number, value: number) => (view: DataView) => view.setUint32(offset, value, true);

describe('a damaged or foreign image file', () => {
  test('is refused with offset, found and expected', () => {
    expect(refusal(() => {}, 2)).toBe('truncated: the file ends at 2 bytes, the format number needs 4');
    expect(refusal(() => {}, 40)).toBe('truncated: the file ends at 40 bytes, the header needs 64');
    expect(refusal(() => {}, 1000)).toBe(
      `truncated: the file ends at 1000 bytes, the data that its header announces needs ${good.length}`,
    );
    expect(refusal(word(0, 0x7f454c46))).toBe(
      'foreign-magic: at offset 0: the first word is 0x464c457f, expected the format number of a Smalltalk image ' +
        '(6521, 7033, 68021, 68533, 6502, 6504 or 6505, in either byte order)',
    );
    expect(refusal(word(0, 68021))).toBe(
      'unsupported-format: at offset 0: format 68021 is Spur 64-bit, which is recognised but not read; ' +
        'expected Spur 32-bit (6521 or 7033)',
    );
    expect(refusal(word(4, 12))).toBe('bad-header: at offset 4: the header size is 12, expected 64 bytes');
    expect(refusal(word(12, 4098))).toBe(
      'bad-header: at offset 12: the base address is 0x1002, expected a multiple of 8',
    );
    expect(refusal(word(16, 8))).toBe(
      'bad-header: at offset 16: the oop of the special objects is 0x8, expected an object in the image',
    );
    expect(refusal(word(48, 20))).toBe(
      `bad-header: at offset 48: the size of the first segment is 20, expected a multiple of 8 from 16 to the ${good.length - 64} bytes of data`,
    );
  });

  test('a wrong foundation, object size, pointer or next segment is named with its offset', () => {
    expect(refusal(word(64 + 4, 3 << 24))).toBe('bad-foundation: at offset 64: the slot count of nil is 3, expected 0');
    expect(refusal(word(good.length - 8, 64))).toMatch(
      /^bad-segment: at offset \d+: the size of segment 2 is 64, expected a multiple of 8 from 16 to the 0 bytes left$/,
    );
    const firstPage = 64 + 48 + 136 + 16 + 4 * 4104;
    expect(refusal(word(firstPage + 16, 0x10000000))).toBe(
      `bad-pointer: at offset ${firstPage + 16}: a pointer is 0x10000000, expected the address of an object in the image, a multiple of 8`,
    );
    expect(refusal(word(firstPage, 1 << 28))).toMatch(
      /^bad-object: at offset \d+: the slot count is 268435456, expected /,
    );
  });

  test('an image larger than the heap limit is refused with both sizes', () => {
    const bytes = new Uint8Array((3 << 20) + 64);
    bytes.set(good.subarray(0, 64));
    new DataView(bytes.buffer).setUint32(8, 3 << 20, true);
    new DataView(bytes.buffer).setUint32(48, 3 << 20, true);
    expect(() => readSpur32(bytes, { maxBytes: 2 << 20, edenBytes: 0 })).toThrow(
      'the image has 3145712 bytes of objects, the heap is limited to 1044480',
    );
  });

  test.each([
    [6502, 'v3'],
    [6504, 'v3'],
    [6505, 'v3'],
    [6521, 'spur32'],
    [7033, 'spur32'],
    [68000, 'v3-64'],
    [68021, 'spur64'],
    [68533, 'spur64'],
  ])('format %i is recognised as %s in both byte orders, and behind a line for the shell', (magic, format) => {
    for (const little of [true, false]) {
      const bytes = new Uint8Array(600);
      new DataView(bytes.buffer).setUint32(0, magic, little);
      expect(detectFormat(bytes)).toMatchObject({ format, magic, endian: little ? 'little' : 'big', headerOffset: 0 });
      const script = new Uint8Array(600);
      script.set([0x23, 0x21]);
      new DataView(script.buffer).setUint32(512, magic, little);
      expect(detectFormat(script)).toMatchObject({ format, magic, headerOffset: 512 });
    }
  });

  test('fuzz: cut anywhere it is refused', () => {
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), (length) => {
        expect(() => readSpur32(good.slice(0, length), SMALL)).toThrow(ImageFormatError);
      }),
      { numRuns: 200 },
    );
  });

  test('fuzz: with bits flipped it is refused, or loads into a heap that can be verified, counted and printed', () => {
    const flips = fc.array(fc.record({ offset: fc.nat({ max: good.length - 1 }), bit: fc.nat({ max: 7 }) }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(flips, (each) => examine(damaged(each))),
      { numRuns: 300 },
    );
  });

  test('fuzz: with bits flipped where the structure is densest, in header, foundation and sample, likewise', () => {
    const offset = fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: good.length - 6000, max: good.length - 1 }));
    const flips = fc.array(fc.record({ offset, bit: fc.nat({ max: 7 }) }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(flips, (each) => examine(damaged(each))),
      { numRuns: 600 },
    );
  });

  test('inspectImage describes what cannot be loaded as far as it goes, and refuses what is no image', () => {
    const cut = inspectImage(good.slice(0, 5000));
    expect(cut).toMatchObject({
      schema: 1,
      format: 'spur32',
      magic: 7033,
      endian: 'little',
      bytecodes: 'unknown',
      bytes: 5000,
    });
    expect(cut.problems).toEqual([
      `the file ends at 5000 bytes, the data that its header announces needs ${good.length}`,
    ]);
    expect(() => inspectImage(new Uint8Array(100))).toThrow(ImageFormatError);
  });
});

function damaged(flips: readonly { offset: number; bit: number }[]): Uint8Array {
  const bytes = good.slice();
  for (const { offset, bit } of flips) bytes[offset]! ^= 1 << bit;
  return bytes;
}

/** Loads and looks at everything; throws whatever is no ImageFormatError. */
function examine(bytes: Uint8Array): void {
  let memory: ReturnType<typeof readSpur32>['memory'];
  try {
    memory = readSpur32(bytes, SMALL).memory;
  } catch (error) {
    expect(error).toBeInstanceOf(ImageFormatError);
    return;
  }
  const problems = new HeapVerifier(memory).verify();
  for (const { sentence } of problems) expect(sentence).not.toBe('');
  if (problems.length > 0) return;
  expect(heapStatistics(memory).objects).toBe(allObjects(memory).length);
  const printer = new ObjectPrinter(memory);
  for (const oop of allObjects(memory).slice(-40)) expect(printer.describe(oop, 2)).not.toBe('');
}
