import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { layFoundation } from '../../vm/memory/foundation.ts';
import { Format } from '../../vm/memory/header.ts';
import { HEAP_BASE, ObjectMemory } from '../../vm/memory/object-memory.ts';
import { allInstancesOf, allObjects, firstObject, forEachObject, nextObject } from '../../vm/memory/object-walk.ts';
import { isSmallInteger, NO_OOP, type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { ClassIndex } from '../../vm/memory/well-known.ts';
import { VMBug } from '../../vm/vm-bug.ts';
import { smallHeap } from './small-heap.ts';

describe('object memory', () => {
  test('integers of any size come back, and fit a SmallInteger exactly when they can', () => {
    const { memory } = smallHeap();
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), (value) => {
        const oop = memory.integerOop(value);
        expect(memory.integerValueOf(oop)).toBe(value);
        expect(isSmallInteger(oop)).toBe(value >= -(2n ** 30n) && value < 2n ** 30n);
      }),
    );
    for (const value of [2n ** 30n - 1n, 2n ** 30n, -(2n ** 30n), -(2n ** 30n) - 1n, 2n ** 32n, 0n, 255n, -256n])
      expect(memory.integerValueOf(memory.integerOop(value))).toBe(value);
    expect(memory.integerValueOf(memory.newArray(1))).toBeUndefined();
    expect(memory.integerValueOf(memory.nil)).toBeUndefined();
  });

  test('floats come back bit by bit', () => {
    const { memory } = smallHeap();
    fc.assert(fc.property(fc.double(), (value) => expect(memory.floatValueOf(memory.newFloat(value))).toBe(value)));
  });

  test('strings of bytes and of wide characters are read; what is no code point is shown as the replacement character', () => {
    const { memory, classNamed } = smallHeap();
    expect(memory.stringValueOf(memory.newByteString('aé'))).toBe('aé');
    const wide = memory.instantiate(classNamed('WideString'), 3);
    memory.i32.set([0x1f600, 0x41, -1], (wide >> 2) + 2);
    expect(memory.stringValueOf(wide)).toBe('😀A\ufffd');
  });

  test.each([
    ['ByteArray', 5, Format.BYTES + 3, 2],
    ['Bitmap', 5, Format.BITS_32, 5],
    ['DoubleByteArray', 5, Format.BITS_16 + 1, 3],
    ['DoubleWordArray', 5, Format.BITS_64, 10],
    ['Array', 5, Format.INDEXABLE, 5],
    ['Point', 0, Format.FIXED, 2],
    ['WeakPair', 3, Format.WEAK_INDEXABLE, 4],
  ])('instances of %s with %i elements have format %i and %i slots', (name, size, format, slotCount) => {
    const { memory, classNamed } = smallHeap();
    const oop = memory.instantiate(classNamed(name), size);
    expect([memory.formatOf(oop), memory.slotCountOf(oop)]).toEqual([format, slotCount]);
    expect(memory.classNameOf(oop)).toBe(name);
    expect(oop % 8).toBe(0);
  });

  test('a size that does not fit answers no object and asks for a collection', () => {
    const { memory, classNamed } = smallHeap(4 << 20);
    expect(memory.collectionWanted).toBe(false);
    expect(memory.instantiate(classNamed('Array'), 1_000_000)).toBe(NO_OOP);
    expect(memory.collectionWanted).toBe(true);
    expect(memory.instantiate(classNamed('ByteArray'), 2 ** 31)).toBe(NO_OOP);
  });

  test('limits: small allocations succeed beyond the limit until the reserve is used up, which is a bug', () => {
    const { memory } = smallHeap(4 << 20);
    while (memory.hasRoomFor(2)) memory.newArray(2);
    for (let bytes = 0; bytes <= (1 << 20) - 16; bytes += 16) memory.newArray(2);
    expect(memory.collectionWanted).toBe(true);
    expect(() => memory.newArray(2)).toThrow(VMBug);
  });

  test('limits: a heap smaller than two reserves or larger than 2 GiB - 8 is refused with its size', () => {
    expect(() => new ObjectMemory({ maxBytes: 1000, edenBytes: 0 })).toThrow(
      'heap limit is 1000 bytes, expected 2097152 to 2147483640',
    );
    expect(() => new ObjectMemory({ maxBytes: 2 ** 31 })).toThrow(RangeError);
  });

  test('the foundation goes into an empty heap only', () => {
    const memory = new ObjectMemory({ maxBytes: 4 << 20, edenBytes: 0 });
    layFoundation(memory, { nil: 61, false: 62, true: 63 });
    expect([memory.nil, memory.false, memory.true]).toEqual([HEAP_BASE, HEAP_BASE + 16, HEAP_BASE + 32]);
    expect(() => layFoundation(memory, { nil: 61, false: 62, true: 63 })).toThrow(VMBug);
  });

  test('the class table grows by pages, and finds classes on all of them', () => {
    const { memory, classNamed } = smallHeap();
    const metaclassIndex = memory.classIndexOfObject(classNamed('Point'));
    const classes: Oop[] = [];
    for (let i = 0; i < 3000; i++) {
      const behavior = memory.allocatePointers(metaclassIndex, Format.FIXED, 11);
      memory.storePointer(behavior, 2, smallIntegerOop(Format.FIXED << 16));
      memory.indexOfClass(behavior);
      classes.push(behavior);
    }
    const indices = classes.map((behavior) => memory.indexOfClass(behavior));
    expect(new Set(indices).size).toBe(3000);
    expect(Math.max(...indices)).toBeGreaterThan(4000);
    expect(indices.map((index) => memory.classAt(index))).toEqual(classes);
    expect(memory.classAt(0x3fffff)).toBe(memory.nil);
  });

  test('identity hashes are 22 bits, not 0, stay, and differ', () => {
    const { memory } = smallHeap();
    const hashes = Array.from({ length: 1000 }, () => {
      const oop = memory.newArray(1);
      const hash = memory.identityHashOf(oop);
      expect(memory.identityHashOf(oop)).toBe(hash);
      expect(hash > 0 && hash < 2 ** 22).toBe(true);
      return hash;
    });
    expect(new Set(hashes).size).toBeGreaterThan(990);
  });
});

describe('walks', () => {
  test('every object is met once, in order; tables of the memory manager only when asked for', () => {
    const { memory } = smallHeap();
    const added = [memory.newArray(0), memory.newArray(300), memory.newByteString('abc'), memory.newFloat(1.5)];
    const all: Oop[] = [];
    forEachObject(memory, (oop) => all.push(oop));
    const seen = allObjects(memory);
    expect(seen.slice(-4)).toEqual(added);
    expect(all.slice(-4)).toEqual(added);
    expect(all.length - seen.length).toBe(4);
    expect(firstObject(memory)).toBe(memory.nil);
    const walked: Oop[] = [];
    for (let oop = firstObject(memory); oop !== NO_OOP; oop = nextObject(memory, oop)) walked.push(oop);
    expect(walked).toEqual(seen);
  });

  test('all instances of a class are direct ones; free chunks are none', () => {
    const { memory, classNamed } = smallHeap();
    const first = memory.newArray(1);
    const freed = memory.newArray(300);
    const second = memory.newArray(2);
    memory.setClassIndex(freed, ClassIndex.FREE);
    const arrays = allInstancesOf(memory, classNamed('Array'));
    expect(arrays.slice(-2)).toEqual([first, second]);
    expect(arrays).not.toContain(freed);
    expect(allInstancesOf(memory, classNamed('SmallInteger'))).toEqual([]);
  });
});
