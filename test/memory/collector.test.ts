import { describe, expect, test } from '@jest/globals';
import { Collector } from '../../vm/memory/collector.ts';
import { Format } from '../../vm/memory/header.ts';
import { NO_OOP, type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { ClassIndex, ContextSlot } from '../../vm/memory/well-known.ts';
import { VMBug } from '../../vm/vm-bug.ts';
import { smallHeap } from './small-heap.ts';

describe('collector', () => {
  test('what no root reaches is gone, and what a root reaches keeps its contents and its identity hash', () => {
    const { memory, roots } = smallHeap();
    const collector = new Collector(memory);
    const { bytesAfter } = collector.collect();
    memory.newByteString('garbage before');
    const kept = memory.newArray(2);
    roots.push(kept);
    memory.storePointer(kept, 0, memory.newByteString('kept'));
    memory.storePointer(kept, 1, kept);
    const hash = memory.identityHashOf(kept);
    memory.newByteString('garbage after');
    const statistics = collector.collect();
    const moved = roots[0]!;
    expect(moved).toBeLessThan(kept);
    expect(memory.identityHashOf(moved)).toBe(hash);
    expect(memory.stringValueOf(memory.fetchPointer(moved, 0))).toBe('kept');
    expect(memory.fetchPointer(moved, 1)).toBe(moved);
    expect(statistics.bytesAfter - bytesAfter).toBe(16 + 16);
    expect(statistics.bytesBefore - statistics.bytesAfter).toBe(24 + 24);
    expect(memory.classNameOf(moved)).toBe('Array');
  });

  test('a list of a million links is marked without overflowing any stack', () => {
    const { memory, roots } = smallHeap(64 << 20);
    let list: Oop = memory.nil;
    for (let i = 0; i < 1_000_000; i++) {
      const link = memory.allocateUnfilled(ClassIndex.ARRAY, Format.INDEXABLE, 2);
      memory.storePointer(link, 0, list);
      memory.storePointer(link, 1, smallIntegerOop(i));
      list = link;
    }
    roots.push(list);
    new Collector(memory).collect();
    let length = 0;
    for (let link = roots[0]!; link !== memory.nil; link = memory.fetchPointer(link, 0)) length++;
    expect(length).toBe(1_000_000);
  });

  test('a context holds what is below its stack pointer; the slots above become nil', () => {
    const { memory, roots, newContext, newMethod } = smallHeap();
    const method = newMethod({ literals: [], bytecodes: [0x58] });
    const context = newContext({
      sender: memory.nil,
      method,
      receiver: memory.nil,
      pc: 5,
      stack: [smallIntegerOop(1)],
    });
    memory.storePointer(context, ContextSlot.STACK, memory.newByteString('live'));
    memory.storePointer(context, ContextSlot.STACK + 1, memory.newByteString('dead'));
    // Garbage that is no oop at all is allowed there too.
    memory.storePointer(context, ContextSlot.STACK + 2, 0x7ffffff8 as Oop);
    roots.push(context);
    new Collector(memory).collect();
    const moved = roots[0]!;
    expect(memory.stringValueOf(memory.fetchPointer(moved, ContextSlot.STACK))).toBe('live');
    expect(memory.fetchPointer(moved, ContextSlot.STACK + 1)).toBe(memory.nil);
    expect(memory.fetchPointer(moved, ContextSlot.STACK + 2)).toBe(memory.nil);
  });

  test('a context without a stack pointer holds none of its stack slots', () => {
    const { memory, roots, newContext, newMethod } = smallHeap();
    const method = newMethod({ literals: [], bytecodes: [0x58] });
    const context = newContext({
      sender: memory.nil,
      method,
      receiver: memory.nil,
      pc: 5,
      stack: [smallIntegerOop(1)],
    });
    memory.storePointer(context, ContextSlot.STACKP, memory.nil);
    roots.push(context);
    new Collector(memory).collect();
    expect(memory.fetchPointer(roots[0]!, ContextSlot.STACK)).toBe(memory.nil);
  });

  test('a compiled method holds its literals, and bytecodes that look like pointers are left alone', () => {
    const { memory, roots, newMethod } = smallHeap();
    memory.newByteString('garbage');
    const literal = memory.newByteString('literal');
    const victim = memory.newByteString('not a literal');
    const bytes = [victim & 0xff, (victim >> 8) & 0xff, (victim >> 16) & 0xff, victim >> 24, 1, 2, 3];
    roots.push(newMethod({ literals: [literal, smallIntegerOop(7)], bytecodes: bytes }));
    const { bytesBefore, bytesAfter } = new Collector(memory).collect();
    expect(bytesBefore - bytesAfter).toBe(16 + 24);
    const method = roots[0]!;
    expect(memory.stringValueOf(memory.fetchPointer(method, 1))).toBe('literal');
    expect([...memory.bytesOf(method).subarray(12)]).toEqual(bytes);
  });

  test('a weak array forgets what nothing else holds, keeps the rest, and holds its named slots', () => {
    const { memory, roots, classNamed } = smallHeap();
    const weak = memory.instantiate(classNamed('WeakPair'), 3);
    const held = memory.newByteString('held');
    memory.storePointer(weak, 0, memory.newByteString('named'));
    memory.storePointer(weak, 1, memory.newByteString('dead'));
    memory.storePointer(weak, 2, held);
    memory.storePointer(weak, 3, smallIntegerOop(5));
    roots.push(weak, held);
    new Collector(memory).collect();
    const moved = roots[0]!;
    expect(memory.stringValueOf(memory.fetchPointer(moved, 0))).toBe('named');
    expect(memory.fetchPointer(moved, 1)).toBe(memory.nil);
    expect(memory.fetchPointer(moved, 2)).toBe(roots[1]);
    expect(smallIntegerValue(memory.fetchPointer(moved, 3))).toBe(5);
  });

  test.each([0, 1, 2, 3, 254, 255, 256, 5000])('an object of %i slots moves whole', (slotCount) => {
    const { memory, roots } = smallHeap();
    const collector = new Collector(memory);
    collector.collect();
    const start = memory.freeStart;
    memory.newArray(1);
    const array = memory.newArray(slotCount);
    for (let i = 0; i < slotCount; i++) memory.storePointer(array, i, smallIntegerOop(i));
    const bits = memory.allocateBits(ClassIndex.BITMAP, Format.BITS_32, slotCount);
    for (let i = 0; i < slotCount; i++) memory.i32[(bits >> 2) + 2 + i] = i * 0x01010101;
    roots.push(array, bits);
    collector.collect();
    const [movedArray, movedBits] = roots as [Oop, Oop];
    expect(movedArray).toBe(start + (slotCount >= 255 ? 8 : 0));
    expect(memory.slotCountOf(movedArray)).toBe(slotCount);
    expect(memory.slotCountOf(movedBits)).toBe(slotCount);
    for (let i = 0; i < slotCount; i++) {
      expect(smallIntegerValue(memory.fetchPointer(movedArray, i))).toBe(i);
      expect(memory.i32[(movedBits >> 2) + 2 + i]).toBe((i * 0x01010101) | 0);
    }
  });

  test('classes move and are found by index, and by the index that they gave to new instances', () => {
    const { memory, roots, classNamed } = smallHeap();
    memory.newArray(100);
    const metaclassIndex = memory.classIndexOfObject(classNamed('Point'));
    const late = memory.allocatePointers(metaclassIndex, Format.FIXED, 11);
    memory.storePointer(late, 2, smallIntegerOop(Format.FIXED << 16));
    const index = memory.indexOfClass(late);
    roots.push(memory.instantiate(late));
    new Collector(memory).collect();
    expect(memory.classAt(index)).toBe(memory.classOf(roots[0]!));
    expect(memory.indexOfClass(memory.classAt(index))).toBe(index);
    expect(memory.classOf(memory.classAt(index))).toBe(memory.classAt(metaclassIndex));
  });

  test('root holders are told once that objects moved, and may hold no object', () => {
    const { memory } = smallHeap();
    let told = 0;
    const empty = NO_OOP;
    memory.addRootHolder({
      visitRoots(visit) {
        expect(visit(empty)).toBe(NO_OOP);
      },
      objectsMoved() {
        told++;
      },
    });
    memory.collectionWanted = true;
    new Collector(memory).collect();
    expect(told).toBe(1);
    expect(memory.collectionWanted).toBe(false);
    expect(memory.collectionThreshold).toBe(memory.freeStart + memory.collectionIntervalBytes);
  });

  test('limits: in a heap filled beyond its limit the next collection is a part of the reserve away', () => {
    const { memory, roots } = smallHeap(4 << 20);
    let list: Oop = memory.nil;
    while (memory.freeStart <= memory.allocationLimit) {
      const link = memory.newArray(2);
      memory.storePointer(link, 0, list);
      list = link;
    }
    roots.push(list);
    new Collector(memory).collect();
    expect(memory.collectionThreshold).toBe(memory.freeStart + (1 << 18));
    memory.newArray(2);
    expect(memory.collectionWanted).toBe(false);
  });

  test('a slot that refers to nothing in the heap stops the VM, named by its holder', () => {
    const { memory, roots } = smallHeap();
    const array = memory.newArray(1);
    memory.storePointer(array, 0, 0x1000000 as Oop);
    roots.push(array);
    expect(() => new Collector(memory).collect()).toThrow(
      new VMBug(
        'wild-pointer',
        `an object of Array at ${array} refers to 16777216, which is outside the heap [4096, ${memory.freeStart})`,
      ),
    );
  });
});
