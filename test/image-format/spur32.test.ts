import { describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../image/format/image-settings.ts';
import { readSpur32 } from '../../image/format/spur32-reader.ts';
import { writeSpur32 } from '../../image/format/spur32-writer.ts';
import { Collector } from '../../vm/memory/collector.ts';
import { Format } from '../../vm/memory/header.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { allObjects } from '../../vm/memory/object-walk.ts';
import { type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { ClassIndex, ContextSlot } from '../../vm/memory/well-known.ts';
import { VMBug } from '../../vm/vm-bug.ts';
import { bigEndianCopy, forEachPointer, SAMPLE_SLOT, sampleHeap, shapeOf, twoSegmentCopy } from './sample-image.ts';

const SMALL = { maxBytes: 4 << 20, edenBytes: 0 };

describe('Spur 32 image files', () => {
  test('what was written is read back, and written again byte for byte', () => {
    const { memory } = sampleHeap();
    const bytes = writeSpur32(memory);
    const loaded = readSpur32(bytes, SMALL);
    expect(new HeapVerifier(loaded.memory).verify()).toEqual([]);
    expect(shapeOf(loaded.memory)).toEqual(shapeOf(memory));
    expect(loaded.memory.lastHash).toBe(memory.lastHash);
    const sample = loaded.memory.specialObject(SAMPLE_SLOT);
    expect(loaded.memory.floatValueOf(loaded.memory.fetchPointer(sample, 5))).toBe(-1.5e300);
    expect(loaded.memory.integerValueOf(loaded.memory.fetchPointer(sample, 7))).toBe(-(2n ** 70n));
    expect(Buffer.compare(writeSpur32(loaded.memory, loaded.settings), bytes)).toBe(0);
  });

  test('the header and the bridge are those that other VMs expect', () => {
    const { memory } = sampleHeap();
    const bytes = writeSpur32(memory, {
      ...DEFAULT_SETTINGS,
      windowSize: 0x03200258,
      stackPages: 50,
      maxExternalSemaphores: 9,
    });
    const view = new DataView(bytes.buffer);
    const words = Array.from({ length: 16 }, (_, i) => view.getUint32(4 * i, true));
    const data = bytes.length - 64;
    expect(words).toEqual([
      7033,
      64,
      data,
      4096,
      memory.specialObjects,
      memory.lastHash,
      0x03200258,
      2,
      0,
      50,
      0,
      9,
      data,
      0,
      0,
      0,
    ]);
    expect(Array.from({ length: 4 }, (_, i) => view.getUint32(bytes.length - 16 + 4 * i, true))).toEqual([
      0x4a000003, 0x00800000, 0, 0,
    ]);
    // nil, false, true: no slots; free lists: 32 words; hidden roots: 4104 slots behind an overflow word.
    expect([4, 20, 36, 52].map((offset) => view.getUint32(64 + offset, true) >>> 24)).toEqual([0, 0, 0, 32]);
    expect(view.getUint32(64 + 48 + 136, true)).toBe(4104);
    expect(readSpur32(bytes, SMALL).settings).toEqual({
      ...DEFAULT_SETTINGS,
      windowSize: 0x03200258,
      stackPages: 50,
      maxExternalSemaphores: 9,
    });
  });

  test('an image without Sista methods has the format number 6521', () => {
    const { memory } = sampleHeap();
    for (const oop of allObjects(memory))
      if (memory.isCompiledMethod(oop)) memory.storePointer(oop, 0, ((memory.fetchPointer(oop, 0) << 1) >>> 1) as Oop);
    expect(new DataView(writeSpur32(memory).buffer).getUint32(0, true)).toBe(6521);
  });

  test('a base address of another VM is relocated, in the upper half of 32 bits too', () => {
    const { memory } = sampleHeap();
    for (const base of [0x03204000, 0x80001000, 0xf0000000, 0]) {
      const bytes = rebased(writeSpur32(memory), memory, base - 4096);
      const loaded = readSpur32(bytes, SMALL);
      expect(shapeOf(loaded.memory)).toEqual(shapeOf(memory));
      expect(new HeapVerifier(loaded.memory).verify()).toEqual([]);
    }
  });

  test('a big-endian file is read; bytes, 16-bit and 64-bit elements and floats come out right', () => {
    const { memory } = sampleHeap();
    const bytes = bigEndianCopy(writeSpur32(memory), memory);
    const loaded = readSpur32(bytes, SMALL);
    expect(loaded.format).toMatchObject({ magic: 7033, endian: 'big' });
    expect(shapeOf(loaded.memory)).toEqual(shapeOf(memory));
  });

  test('floats with their high word first, as the flags say, are turned', () => {
    const { memory } = sampleHeap();
    const float = memory.fetchPointer(memory.specialObject(SAMPLE_SLOT), 5);
    const bytes = writeSpur32(memory);
    const view = new DataView(bytes.buffer);
    view.setUint32(28, 0, true);
    view.setFloat64(float - 4096 + 64 + 8, -1.5e300, false);
    const words = [0, 4].map((offset) => view.getUint32(float - 4096 + 64 + 8 + offset, false));
    words.forEach((word, i) => {
      view.setUint32(float - 4096 + 64 + 8 + 4 * i, word, true);
    });
    const loaded = readSpur32(bytes, SMALL);
    expect(loaded.memory.floatValueOf(loaded.memory.fetchPointer(loaded.memory.specialObject(SAMPLE_SLOT), 5))).toBe(
      -1.5e300,
    );
  });

  test.each([0, 1 << 20])('two segments with a gap of %i bytes become one heap', (gapBytes) => {
    const { memory } = sampleHeap();
    const objects = allObjects(memory);
    const cut = objects[Math.floor(objects.length / 2)]!;
    const bytes = twoSegmentCopy(writeSpur32(memory), memory, cut, gapBytes);
    const loaded = readSpur32(bytes, SMALL);
    expect(shapeOf(loaded.memory)).toEqual(shapeOf(memory));
    expect(new HeapVerifier(loaded.memory).verify()).toEqual([]);
  });

  test('forwarders are followed, chains too, and free chunks are left to the next collection', () => {
    const { memory, classNamed } = sampleHeap();
    const [target, middle, first, freed] = [
      memory.newArray(1),
      memory.newArray(1),
      memory.newArray(1),
      memory.newArray(5),
    ];
    const holder = memory.specialObject(SAMPLE_SLOT);
    memory.storePointer(target, 0, smallIntegerOop(42));
    for (const [forwarder, to] of [
      [first, middle],
      [middle, target],
    ] as const) {
      memory.storePointer(forwarder, 0, to);
      memory.i32[forwarder >> 2] = (Format.FORWARDED << 24) | ClassIndex.FORWARDER;
    }
    memory.storePointer(holder, 0, first);
    memory.i32[freed >> 2] = 0;
    memory.storePointer(freed, 0, 0x7ffffff0 as Oop);
    const loaded = readSpur32(writeSpur32(memory), SMALL).memory;
    expect(new HeapVerifier(loaded).verify()).toEqual([]);
    const followed = loaded.fetchPointer(loaded.specialObject(SAMPLE_SLOT), 0);
    expect(loaded.fetchPointer(followed, 0)).toBe(smallIntegerOop(42));
    expect(loaded.classNameOf(followed)).toBe(memory.nameOfClass(classNamed('Array')));
    const { bytesBefore, bytesAfter } = new Collector(loaded).collect();
    expect(bytesBefore - bytesAfter).toBe(16 + 16 + 32);
    expect(new HeapVerifier(loaded).verify()).toEqual([]);
  });

  test('a forwarder that leads back to itself leads to nil', () => {
    const { memory } = sampleHeap();
    const forwarder = memory.newArray(1);
    memory.storePointer(forwarder, 0, forwarder);
    memory.i32[forwarder >> 2] = (Format.FORWARDED << 24) | ClassIndex.FORWARDER;
    memory.storePointer(memory.specialObject(SAMPLE_SLOT), 0, forwarder);
    const loaded = readSpur32(writeSpur32(memory), SMALL).memory;
    expect(loaded.fetchPointer(loaded.specialObject(SAMPLE_SLOT), 0)).toBe(loaded.nil);
  });

  test('what lies above the stack pointer of a context is nil, in the file and when read from one', () => {
    const { memory } = sampleHeap();
    const context = memory.fetchPointer(memory.specialObject(SAMPLE_SLOT), 11);
    memory.storePointer(context, ContextSlot.STACK + 3, 0x7ffffff0 as Oop);
    const bytes = writeSpur32(memory);
    const offset = context - 4096 + 64 + 8 + 4 * (ContextSlot.STACK + 3);
    expect(new DataView(bytes.buffer).getInt32(offset, true)).toBe(memory.nil);
    new DataView(bytes.buffer).setInt32(offset, 0x7ffffff0, true);
    memory.storePointer(context, ContextSlot.STACK + 3, memory.nil);
    expect(shapeOf(readSpur32(bytes, SMALL).memory)).toEqual(shapeOf(memory));
  });

  test('contexts have the size in the file that other VMs know, and ours when read, also without the gap that we leave', () => {
    const { memory } = sampleHeap();
    const context = memory.fetchPointer(memory.specialObject(SAMPLE_SLOT), 11);
    const bytes = writeSpur32(memory);
    const view = new DataView(bytes.buffer);
    const header = context - 4096 + 64;
    const end = header + 8 + 4 * 22;
    expect([memory.slotCountOf(context), bytes[header + 7]]).toEqual([26, 22]);
    // A free chunk: class index 0, format 10, two slots.
    expect([view.getUint32(end, true), bytes[end + 7]]).toEqual([0x0a000000, 2]);
    const tight = withoutBytes(bytes, memory, end, 16);
    const loaded = readSpur32(tight, SMALL).memory;
    expect(shapeOf(loaded)).toEqual(shapeOf(memory));
    expect(new HeapVerifier(loaded).verify()).toEqual([]);
    expect(Buffer.compare(writeSpur32(loaded), bytes)).toBe(0);
    // Damage behind the context is told with its place in the file.
    const array = memory.specialObject(SAMPLE_SLOT) - 4096 + 64 - 16;
    new DataView(tight.buffer).setUint32(array + 8, 0x7ffffff0, true);
    expect(() => readSpur32(tight, SMALL)).toThrow(`at offset ${array + 8}: a pointer is 0x7ffffff0, expected `);
  });

  test('a heap whose first objects are not the foundation is not written', () => {
    const { memory } = sampleHeap();
    memory.true = memory.false;
    expect(() => writeSpur32(memory)).toThrow(VMBug);
  });
});

/** The file without `count` bytes at `from`, which no pointer leads to: what lies behind has moved down. */
function withoutBytes(bytes: Uint8Array, memory: ObjectMemory, from: number, count: number): Uint8Array {
  const moved = rebased(bytes.slice(), memory, -count, from - 64 + 4096);
  const shorter = new Uint8Array(bytes.length - count);
  shorter.set(moved.subarray(0, from));
  shorter.set(moved.subarray(from + count), from);
  const view = new DataView(shorter.buffer);
  for (const offset of [8, 48]) view.setUint32(offset, view.getUint32(offset, true) - count, true);
  return shorter;
}

/** The file as if the heap, or what lies from `first` on, had started `shift` bytes further on. */
function rebased(bytes: Uint8Array, memory: ObjectMemory, shift: number, first = 0): Uint8Array {
  const view = new DataView(bytes.buffer);
  const moved = (value: number) => ((value & 3) === 0 && value >= first ? value + shift : value);
  if (first === 0) view.setUint32(12, 4096 + shift, true);
  view.setUint32(16, moved(view.getUint32(16, true)), true);
  forEachPointer(memory, (offset) => {
    view.setUint32(offset, moved(view.getUint32(offset, true)), true);
  });
  return bytes;
}
