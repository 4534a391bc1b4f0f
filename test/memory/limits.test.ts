import { describe, expect, test } from '@jest/globals';
import { Collector } from '../../vm/memory/collector.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { smallIntegerOop } from '../../vm/memory/oop.ts';
import { type SmallHeap, smallHeap } from './small-heap.ts';

const MEGABYTE = 1 << 20;

/** Links a list in front of root 0 until the memory has no room for programs; collects when asked to. Answers its length. */
function fillWithList({ memory, roots }: SmallHeap, collector: Collector): number {
  let length = 0;
  roots[0] = memory.nil;
  while (memory.roomBytes > 0) {
    const link = memory.newArray(6);
    memory.storePointer(link, 0, roots[0]!);
    memory.storePointer(link, 1, smallIntegerOop(length++));
    roots[0] = link;
    if (memory.collectionWanted) collector.collectWanted();
  }
  return length;
}

/** True when the list counts down from `length` - 1 to 0. */
function isWhole({ memory, roots }: SmallHeap, length: number): boolean {
  let next = length;
  for (let link = roots[0]!; link !== memory.nil; link = memory.fetchPointer(link, 0))
    if (memory.fetchPointer(link, 1) >> 1 !== --next) return false;
  return next === 0;
}

describe('limits of the heap', () => {
  test('the buffer grows with what lives, stays below the limit, and shrinks when it is gone', () => {
    const heap = smallHeap(64 * MEGABYTE, 256 << 10);
    const { memory, roots } = heap;
    memory.openNewSpace();
    const collector = new Collector(memory);
    const small = memory.buffer.byteLength;
    expect(small).toBeLessThan(24 * MEGABYTE);
    const length = fillWithList(heap, collector);
    expect(memory.buffer.byteLength).toBe(64 * MEGABYTE);
    expect(isWhole(heap, length)).toBe(true);
    roots.length = 0;
    collector.collect();
    expect(memory.buffer.byteLength).toBe(small);
    expect(memory.nil).toBe(memory.oldStart);
    expect(new HeapVerifier(memory).verify()).toEqual([]);
  });

  test('a size that does not fit the buffer fits after the collection that it asks for; one beyond the limit never', () => {
    const heap = smallHeap(64 * MEGABYTE, 256 << 10);
    const { memory } = heap;
    memory.openNewSpace();
    const collector = new Collector(memory);
    expect(memory.hasRoomFor(7 * MEGABYTE)).toBe(false);
    collector.collectWanted();
    expect(memory.hasRoomFor(7 * MEGABYTE)).toBe(true);
    expect(memory.slotCountOf(memory.newArray(7 * MEGABYTE))).toBe(7 * MEGABYTE);
    expect(memory.hasRoomFor(20 * MEGABYTE)).toBe(false);
    collector.collectWanted();
    expect(memory.hasRoomFor(20 * MEGABYTE)).toBe(false);
    expect(memory.buffer.byteLength).toBeLessThan(64 * MEGABYTE);
  });

  test('a heap filled to the brim is collected with new space left in place, and loses nothing', () => {
    const heap = smallHeap(8 * MEGABYTE, 512 << 10);
    const { memory, roots } = heap;
    memory.openNewSpace();
    const collector = new Collector(memory);
    let length = fillWithList(heap, collector);
    // Beyond the limit, as small objects may be made, until old space could not take what is young.
    let isFull = false;
    while (!isFull) {
      const link = memory.newArray(6);
      memory.storePointer(link, 0, roots[0]!);
      memory.storePointer(link, 1, smallIntegerOop(length++));
      roots[0] = link;
      isFull = memory.freeStart + memory.youngBytes > memory.buffer.byteLength;
    }
    const { youngBytes } = memory;
    collector.collectWanted();
    expect(memory.youngBytes).toBe(youngBytes);
    expect(new HeapVerifier(memory).verify()).toEqual([]);
    expect(isWhole(heap, length)).toBe(true);
    // Half of it let go: there is room again, and new space is emptied as always.
    let link = roots[0]!;
    for (let i = 0; i < length / 2; i++) link = memory.fetchPointer(link, 0);
    memory.storePointer(link, 0, memory.nil);
    collector.collectWanted();
    expect(memory.youngBytes).toBe(0);
    expect(new HeapVerifier(memory).verify()).toEqual([]);
    expect(memory.fetchPointer(roots[0]!, 1)).toBe(smallIntegerOop(length - 1));
  });
});
