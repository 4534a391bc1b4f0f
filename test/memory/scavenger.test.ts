import { describe, expect, test } from '@jest/globals';
import { Collector } from '../../vm/memory/collector.ts';
import { Format } from '../../vm/memory/header.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { allInstancesOf, allObjects, firstObject, nextObject } from '../../vm/memory/object-walk.ts';
import { NO_OOP, type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { needlesslyRemembered } from '../../vm/memory/space-checks.ts';
import { ClassIndex, ContextSlot } from '../../vm/memory/well-known.ts';
import { type SmallHeap, smallHeap } from './small-heap.ts';

const EDEN_BYTES = 64 << 10;

interface YoungHeap extends SmallHeap {
  readonly collector: Collector;
}

/** A heap whose new space is open, and empty. */
function youngHeap(): YoungHeap {
  const heap = smallHeap(16 << 20, EDEN_BYTES);
  heap.memory.openNewSpace();
  return { ...heap, collector: new Collector(heap.memory) };
}

/** Makes objects that nothing holds until eden is full. */
function fillEden({ memory }: SmallHeap): void {
  while (!memory.collectionWanted) memory.newArray(10);
}

describe('scavenger', () => {
  test('what roots reach is copied out of eden with contents and hash, and eden is empty', () => {
    const heap = youngHeap();
    const { memory, roots, collector } = heap;
    const array = memory.newArray(3);
    memory.storePointer(array, 0, memory.newByteString('kept'));
    memory.storePointer(array, 1, array);
    memory.storePointer(array, 2, smallIntegerOop(-7));
    const hash = memory.identityHashOf(array);
    roots.push(array);
    fillEden(heap);
    collector.collectWanted();
    expect(memory.edenFree).toBe(memory.edenStart);
    expect(memory.collectionWanted).toBe(false);
    const moved = roots[0]!;
    expect(moved).not.toBe(array);
    expect(memory.isYoung(moved)).toBe(true);
    expect(memory.stringValueOf(memory.fetchPointer(moved, 0))).toBe('kept');
    expect(memory.fetchPointer(moved, 1)).toBe(moved);
    expect(memory.fetchPointer(moved, 2)).toBe(smallIntegerOop(-7));
    expect(memory.identityHashOf(moved)).toBe(hash);
    expect(memory.youngBytes).toBe(8 + 16 + 16);
    expect(new HeapVerifier(memory).verify()).toEqual([]);
    expect(collector.statistics).toMatchObject({ scavenges: 1, fullCollections: 0, tenuredObjects: 0 });
  });

  test('an old object that refers to a young one is remembered by the store, once, and forgotten when it does so no more', () => {
    const { memory, roots, collector } = youngHeap();
    roots.push(memory.newArray(2));
    collector.collect();
    const old = roots[0]!;
    expect(memory.isYoung(old)).toBe(false);
    memory.storePointer(old, 0, memory.newByteString('young'));
    memory.storePointer(old, 1, memory.newByteString('young too'));
    expect(memory.remembered.toArray()).toEqual([old]);
    collector.scavenge();
    expect(memory.stringValueOf(memory.fetchPointer(old, 1))).toBe('young too');
    expect(memory.remembered.toArray()).toEqual([old]);
    memory.storePointer(old, 0, memory.nil);
    memory.storePointer(old, 1, smallIntegerOop(1));
    collector.scavenge();
    expect(memory.remembered.toArray()).toEqual([]);
    expect(memory.youngBytes).toBe(0);
    expect(new HeapVerifier(memory).verify()).toEqual([]);
  });

  test('a store without the barrier is found by the verifier, with the object', () => {
    const { memory, roots, collector } = youngHeap();
    roots.push(memory.newArray(1));
    collector.collect();
    const old = roots[0]!;
    memory.i32[(old >> 2) + 2] = memory.newArray(0);
    expect(new HeapVerifier(memory).verify()).toEqual([
      {
        code: 'not-remembered',
        oop: old,
        sentence: `object at 0x${old.toString(16)}, class index 51 (Array): it is old and refers to a young object, but is not remembered`,
      },
    ]);
  });

  test('an object made while eden is full is old, and remembered from the start', () => {
    const heap = youngHeap();
    const { memory, roots, collector } = heap;
    const young = memory.newByteString('young');
    fillEden(heap);
    while (memory.edenFree < memory.edenEnd) memory.newFloat(1);
    const old = memory.newArray(1);
    expect(memory.isYoung(old)).toBe(false);
    memory.i32[(old >> 2) + 2] = young;
    roots.push(old);
    collector.scavenge();
    expect(memory.stringValueOf(memory.fetchPointer(old, 0))).toBe('young');
    expect(needlesslyRemembered(memory)).toEqual([]);
  });

  test('a large object that finds no room in eden is made in old space, and is no reason for a scavenge', () => {
    const { memory } = youngHeap();
    const slots = EDEN_BYTES / 8;
    expect(memory.isYoung(memory.newArray(slots))).toBe(true);
    expect(memory.isYoung(memory.newArray(slots))).toBe(false);
    expect(memory.collectionWanted).toBe(false);
  });

  test('what survived before is tenured when survivors were more than half full; a tenured object is remembered as it needs', () => {
    const { memory, roots, collector } = youngHeap();
    const first = memory.newArray(memory.survivorBytes / 8);
    roots.push(first);
    collector.scavenge();
    expect(memory.isYoung(roots[0]!)).toBe(true);
    const late = memory.newByteString('late');
    memory.storePointer(roots[0]!, 0, late);
    collector.scavenge();
    expect(memory.isYoung(roots[0]!)).toBe(false);
    expect(memory.isYoung(memory.fetchPointer(roots[0]!, 0))).toBe(true);
    expect(memory.remembered.toArray()).toEqual([roots[0]]);
    expect(collector.statistics.tenuredObjects).toBe(1);
    expect(new HeapVerifier(memory).verify()).toEqual([]);
  });

  test('more survivors than there is room for are tenured, none is lost', () => {
    const heap = youngHeap();
    const { memory, roots, collector } = heap;
    let list: Oop = memory.nil;
    let made = 0;
    while (!memory.collectionWanted) {
      const link = memory.newArray(2);
      memory.storePointer(link, 0, list);
      memory.storePointer(link, 1, smallIntegerOop(made++));
      list = link;
    }
    roots.push(list);
    collector.collectWanted();
    for (let link = roots[0]!; link !== memory.nil; link = memory.fetchPointer(link, 0))
      expect(memory.fetchPointer(link, 1)).toBe(smallIntegerOop(--made));
    expect(made).toBe(0);
    expect(collector.statistics.tenuredObjects).toBeGreaterThan(0);
    expect(new HeapVerifier(memory).verify()).toEqual([]);
  });

  test.each([0, 1, 2, 253, 254, 255, 256, 400])('an object of %i slots is copied whole', (slotCount) => {
    const { memory, roots, collector } = youngHeap();
    const array = memory.newArray(slotCount);
    for (let i = 0; i < slotCount; i++) memory.storePointer(array, i, smallIntegerOop(i));
    const bits = memory.allocateBits(ClassIndex.BITMAP, Format.BITS_32, slotCount);
    for (let i = 0; i < slotCount; i++) memory.i32[(bits >> 2) + 2 + i] = i * 0x01010101;
    roots.push(array, bits);
    collector.scavenge();
    const [movedArray, movedBits] = roots as [Oop, Oop];
    expect([memory.slotCountOf(movedArray), memory.slotCountOf(movedBits)]).toEqual([slotCount, slotCount]);
    for (let i = 0; i < slotCount; i++) {
      expect(memory.fetchPointer(movedArray, i)).toBe(smallIntegerOop(i));
      expect(memory.i32[(movedBits >> 2) + 2 + i]).toBe((i * 0x01010101) | 0);
    }
    expect(new HeapVerifier(memory).verify()).toEqual([]);
  });

  test('a context holds what is below its stack pointer; what lies above is not looked at', () => {
    const { memory, roots, collector, newContext, newMethod } = youngHeap();
    const method = newMethod({ literals: [], bytecodes: [0x58] });
    const context = newContext({ sender: memory.nil, method, receiver: memory.nil, pc: 5, stack: [memory.nil] });
    memory.storePointer(context, ContextSlot.STACK, memory.newByteString('live'));
    memory.i32[(context >> 2) + 2 + ContextSlot.STACK + 1] = 0x7ffffff8;
    roots.push(context);
    collector.scavenge();
    expect(memory.stringValueOf(memory.fetchPointer(roots[0]!, ContextSlot.STACK))).toBe('live');
  });

  test('weak slots of young and of old arrays follow what lives and forget what does not', () => {
    const { memory, roots, collector, classNamed } = youngHeap();
    roots.push(memory.instantiate(classNamed('WeakArray'), 3));
    collector.collect();
    roots.push(memory.instantiate(classNamed('WeakPair'), 2), memory.newByteString('held'));
    const [old, young, held] = roots as [Oop, Oop, Oop];
    memory.storePointer(old, 0, memory.newByteString('dead'));
    memory.storePointer(old, 1, held);
    memory.storePointer(young, 0, memory.newByteString('named'));
    memory.storePointer(young, 1, memory.newByteString('dead'));
    memory.storePointer(young, 2, held);
    collector.scavenge();
    const [, movedYoung, movedHeld] = roots as [Oop, Oop, Oop];
    expect([0, 1, 2].map((slot) => memory.fetchPointer(old, slot))).toEqual([memory.nil, movedHeld, memory.nil]);
    expect(memory.stringValueOf(memory.fetchPointer(movedYoung, 0))).toBe('named');
    expect(memory.fetchPointer(movedYoung, 1)).toBe(memory.nil);
    expect(memory.fetchPointer(movedYoung, 2)).toBe(movedHeld);
    expect(memory.remembered.toArray()).toEqual([old]);
    roots.pop();
    collector.scavenge();
    expect(memory.fetchPointer(old, 1)).toBe(memory.nil);
    expect(memory.remembered.toArray()).toEqual([]);
    expect(memory.mourners.isSignalWanted).toBe(true);
  });

  test('a young class is found by its instances wherever it goes', () => {
    const { memory, roots, collector, classNamed } = youngHeap();
    const metaclassIndex = memory.classIndexOfObject(classNamed('Point'));
    const behavior = memory.allocatePointers(metaclassIndex, Format.FIXED, 11);
    memory.storePointer(behavior, 2, smallIntegerOop(Format.FIXED << 16));
    const index = memory.indexOfClass(behavior);
    roots.push(memory.instantiate(behavior));
    collector.scavenge();
    const moved = memory.classOf(roots[0]!);
    expect(moved).not.toBe(behavior);
    expect(memory.indexOfClass(moved)).toBe(index);
    collector.collect();
    expect(memory.indexOfClass(memory.classOf(roots[0]!))).toBe(index);
    expect(new HeapVerifier(memory).verify()).toEqual([]);
  });

  test('walks meet old objects, survivors and what is in eden, in this order, each once', () => {
    const { memory, roots, collector, classNamed } = youngHeap();
    const point = classNamed('Point');
    roots.push(memory.instantiate(point));
    collector.collect();
    roots.push(memory.instantiate(point));
    collector.scavenge();
    roots.push(memory.instantiate(point));
    expect(allInstancesOf(memory, point)).toEqual(roots);
    const walked: Oop[] = [];
    for (let oop = firstObject(memory); oop !== NO_OOP; oop = nextObject(memory, oop)) walked.push(oop);
    expect(walked).toEqual(allObjects(memory));
    expect(walked.slice(-2)).toEqual(roots.slice(1));
    expect(walked[0]).toBe(memory.nil);
  });

  test('holders are told that only young objects moved; a root that is none stays', () => {
    const { memory, collector } = youngHeap();
    const told: string[] = [];
    memory.addRootHolder({
      visitRoots(visit) {
        expect(visit(NO_OOP)).toBe(NO_OOP);
        expect(visit(memory.true)).toBe(memory.true);
      },
      objectsMoved: (scope) => told.push(scope),
    });
    collector.scavenge();
    collector.collect();
    expect(told).toEqual(['young', 'all']);
  });
});
