/** A small heap with one object of every kind, for tests of the image formats; and ways to make odd files of it. */
import { writeSpur32 } from '../../image/format/spur32-writer.ts';
import { Collector } from '../../vm/memory/collector.ts';
import { CONTEXT_SLACK } from '../../vm/memory/contexts.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { allObjects } from '../../vm/memory/object-walk.ts';
import { characterOop, isImmediate, smallIntegerOop } from '../../vm/memory/oop.ts';
import { ClassIndex, SpecialObject } from '../../vm/memory/well-known.ts';
import { type SmallHeap, smallHeap } from '../memory/small-heap.ts';

/** Slot of the special objects array under which the sample hangs. */
export const SAMPLE_SLOT = SpecialObject.SMALLTALK;

export function sampleHeap(): SmallHeap {
  const heap = smallHeap();
  const { memory } = heap;
  const method = heap.newMethod({
    literals: [memory.newByteString('lit'), smallIntegerOop(4)],
    bytecodes: [1, 2, 3, 4, 5],
  });
  const wide = memory.instantiate(heap.classNamed('WideString'), 2);
  memory.i32.set([0x263a, 0x1f600], (wide >> 2) + 2);
  const halves = memory.instantiate(heap.classNamed('DoubleByteArray'), 3);
  memory.u16.set([0x0102, 0x0304, 0x0506], (halves >> 1) + 4);
  const longs = memory.instantiate(heap.classNamed('DoubleWordArray'), 2);
  memory.i32.set([1, 2, 3, 4], (longs >> 2) + 2);
  const weak = memory.instantiate(heap.classNamed('WeakArray'), 1);
  const large = memory.newArray(300);
  memory.storePointer(large, 299, weak);
  memory.storePointer(weak, 0, method);
  const contents = [
    large,
    method,
    wide,
    halves,
    longs,
    memory.newFloat(-1.5e300),
    memory.newByteString('a string'),
    memory.integerOop(-(2n ** 70n)),
    characterOop(0x1f600),
    smallIntegerOop(-5),
    memory.true,
    heap.newContext({ sender: memory.nil, method, receiver: memory.nil, pc: 13, stack: [large, smallIntegerOop(1)] }),
    heap.newMethod({ literals: [], bytecodes: [0x58], isSista: false }),
  ];
  const sample = memory.newArray(contents.length);
  contents.forEach((oop, i) => {
    memory.storePointer(sample, i, oop);
    if (!isImmediate(oop)) memory.identityHashOf(oop);
  });
  memory.storePointer(memory.specialObjects, SAMPLE_SLOT, sample);
  memory.storePointer(memory.specialObjects, SpecialObject.CLASS_ARRAY, heap.classNamed('Array'));
  new Collector(memory).collect();
  return heap;
}

export const sampleBytes = (): Uint8Array => writeSpur32(sampleHeap().memory);

/**
 * Everything that programs can see of a heap, with objects named by their position in it instead of by address, so that two
 * heaps are equal exactly when these are.
 */
export function shapeOf(memory: ObjectMemory): string[] {
  const objects = allObjects(memory);
  const position = new Map(objects.map((oop, i) => [oop, i]));
  return objects.map((oop) => {
    const format = memory.formatOf(oop);
    const pointers = memory.isPointers(oop)
      ? memory.slotCountOf(oop)
      : memory.isCompiledMethod(oop)
        ? 1 + ((memory.fetchPointer(oop, 0) >> 1) & 0x7fff)
        : 0;
    const slots = Array.from({ length: pointers }, (_, i) => {
      const value = memory.fetchPointer(oop, i);
      return isImmediate(value) ? `#${value}` : `@${position.get(value) ?? '?'}`;
    });
    const bytes = memory.bytesOf(oop).subarray(4 * pointers);
    return [memory.classIndexOf(oop), format, memory.hashBitsOf(oop), slots.join(','), bytes.join(',')].join(' ');
  });
}

/** The file as a machine of the other byte order would have written it: each word reversed, bytes in objects in order. */
export function bigEndianCopy(bytes: Uint8Array, memory: ObjectMemory): Uint8Array {
  const copy = bytes.slice();
  const reverse = (offset: number) => copy.subarray(offset, offset + 4).reverse();
  for (let offset = 0; offset < copy.length; offset += 4) reverse(offset);
  for (const [offset, halves] of [
    [36, [0, 2]],
    [44, [0, 2]],
  ] as const) {
    reverse(offset);
    for (const half of halves) copy.subarray(offset + half, offset + half + 2).reverse();
  }
  for (const oop of allObjects(memory)) {
    const body = oop - 4096 + 64 + 8;
    const format = memory.formatOf(oop);
    const slotCount = memory.slotCountOf(oop);
    const literals = memory.isCompiledMethod(oop) ? 1 + ((memory.fetchPointer(oop, 0) >> 1) & 0x7fff) : 0;
    for (let word = literals; word < slotCount; word++) {
      const offset = body + 4 * word;
      if (format >= 16) reverse(offset);
      else if (format >= 12) {
        reverse(offset);
        copy.subarray(offset, offset + 2).reverse();
        copy.subarray(offset + 2, offset + 4).reverse();
      } else if (format === 9 && word % 2 === 0) copy.subarray(offset, offset + 8).set(swapHalves(copy, offset));
    }
  }
  return copy;
}

function swapHalves(bytes: Uint8Array, offset: number): Uint8Array {
  const swapped = new Uint8Array(8);
  swapped.set(bytes.subarray(offset + 4, offset + 8), 0);
  swapped.set(bytes.subarray(offset, offset + 4), 4);
  return swapped;
}

/** The file with its heap in two segments whose addresses lie `gapBytes` apart, cut before the object at `cutAddress`. */
export function twoSegmentCopy(
  bytes: Uint8Array,
  memory: ObjectMemory,
  cutAddress: number,
  gapBytes: number,
): Uint8Array {
  const cut = cutAddress - 4096 + 64;
  const copy = new Uint8Array(bytes.length + 16);
  copy.set(bytes.subarray(0, cut), 0);
  copy.set(bytes.subarray(cut), cut + 16);
  const view = new DataView(copy.buffer);
  const firstBytes = cut - 64 + 16;
  view.setUint32(8, copy.length - 64, true);
  view.setUint32(48, firstBytes, true);
  view.setUint32(cut, gapBytes / 4, true);
  view.setUint32(cut + 4, 255 << 24, true);
  view.setUint32(cut + 8, copy.length - 64 - firstBytes, true);
  const shift = 16 + gapBytes;
  const moved = (oop: number): number => ((oop & 3) === 0 && oop >= cutAddress ? oop + shift : oop);
  view.setUint32(16, moved(view.getUint32(16, true)), true);
  forEachPointer(memory, (offset) => {
    const at = offset + (offset >= cut ? 16 : 0);
    view.setInt32(at, moved(view.getInt32(at, true)), true);
  });
  return copy;
}

/** Visits the offset in the file, as writeSpur32 makes it, of each slot that holds an oop, the class table's included. */
export function forEachPointer(memory: ObjectMemory, visit: (offset: number) => void): void {
  const visitSlots = (oop: number, count: number) => {
    for (let slot = 0; slot < count; slot++) visit(oop - 4096 + 64 + 8 + 4 * slot);
  };
  visitSlots(memory.hiddenRoots, memory.slotCountOf(memory.hiddenRoots));
  for (let i = 0; i < 4096; i++) {
    const page = memory.fetchPointer(memory.hiddenRoots, i);
    if (page !== memory.nil) visitSlots(page, 1024);
  }
  for (const oop of allObjects(memory)) {
    // In the file a context has four slots less.
    if (memory.classIndexOf(oop) === ClassIndex.CONTEXT) visitSlots(oop, memory.slotCountOf(oop) - CONTEXT_SLACK);
    else if (memory.isPointers(oop)) visitSlots(oop, memory.slotCountOf(oop));
    else if (memory.isCompiledMethod(oop)) visitSlots(oop, 1 + ((memory.fetchPointer(oop, 0) >> 1) & 0x7fff));
  }
}
