import { describe, expect, test } from '@jest/globals';
import { Collector } from '../../vm/memory/collector.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { forEachOldObject } from '../../vm/memory/object-walk.ts';
import { smallIntegerOop } from '../../vm/memory/oop.ts';
import { pin, unpin } from '../../vm/memory/pinning.ts';
import { ClassIndex } from '../../vm/memory/well-known.ts';
import { type SmallHeap, smallHeap } from './small-heap.ts';

function pinHeap(): SmallHeap & { collector: Collector } {
  const heap = smallHeap(16 << 20, 64 << 10);
  heap.memory.openNewSpace();
  return { ...heap, collector: new Collector(heap.memory) };
}

describe('pinned objects', () => {
  test('a young object is tenured when it is pinned, with its contents, and then stays', () => {
    const { memory, roots, collector } = pinHeap();
    roots.push(memory.newByteString('pinned'));
    expect(memory.isPinned(roots[0]!)).toBe(false);
    const pinned = pin(memory, collector, roots[0]!);
    expect(pinned).toBe(roots[0]);
    expect(memory.isYoung(pinned)).toBe(false);
    for (let i = 0; i < 3; i++) {
      collector.scavenge();
      collector.collect();
    }
    expect(roots[0]).toBe(pinned);
    expect(memory.isPinned(pinned)).toBe(true);
    expect(memory.stringValueOf(pinned)).toBe('pinned');
  });

  test('it stays when what lies before it dies; the gap becomes a free chunk, which later objects take', () => {
    const { memory, roots, collector } = pinHeap();
    for (let i = 0; i < 100; i++) roots.push(memory.newArray(20));
    collector.collect();
    const [first, last] = [roots[0]!, roots[99]!];
    pin(memory, collector, last);
    roots.splice(0, 99);
    collector.collect();
    expect(roots).toEqual([last]);
    expect(memory.freeLists.bytes).toBe(last - first);
    expect(new HeapVerifier(memory).verify()).toEqual([]);
    roots.push(memory.newArray(50));
    collector.collect();
    expect(roots[1]).toBeLessThan(last);
    expect(new HeapVerifier(memory).verify()).toEqual([]);
    unpin(memory, last);
    collector.collect();
    expect(memory.freeLists.bytes).toBe(0);
    expect(roots[0]).toBeLessThan(last);
    expect(new HeapVerifier(memory).verify()).toEqual([]);
  });

  test('a dead pinned object is gone like any other', () => {
    const { memory, roots, collector } = pinHeap();
    collector.collect();
    const end = memory.freeStart;
    roots.push(memory.newArray(10));
    pin(memory, collector, roots[0]!);
    roots.length = 0;
    collector.collect();
    expect(memory.freeStart).toBe(end);
  });

  test.each([1, 2, 3, 126, 127, 128, 129, 130, 131, 300])(
    'a gap of %i dead objects of 8 slots between pinned ones is walked over and filled',
    (count) => {
      const { memory, roots, collector } = pinHeap();
      const between = Array.from({ length: count }, () => memory.newArray(6));
      roots.push(memory.newArray(1), ...between, memory.newArray(300));
      collector.collect();
      pin(memory, collector, roots[0]!);
      pin(memory, collector, roots[count + 1]!);
      roots.splice(1, count);
      const [before, after] = [roots[0]!, roots[1]!];
      collector.collect();
      expect(roots).toEqual([before, after]);
      expect(memory.freeLists.bytes).toBe(32 * count);
      let freeBytes = 0;
      forEachOldObject(memory, (oop) => {
        if (memory.classIndexOfObject(oop) !== ClassIndex.FREE) return;
        const hasOverflow = memory.slotCountOf(oop) >= 255;
        freeBytes += (hasOverflow ? 16 : 8) + 4 * memory.slotCountOf(oop);
      });
      expect(freeBytes).toBe(32 * count);
      expect(new HeapVerifier(memory).verify()).toEqual([]);
      for (let i = 0; i < count; i++) {
        roots.push(memory.newArray(6));
        memory.storePointer(roots.at(-1)!, 5, smallIntegerOop(i));
      }
      collector.collect();
      expect(roots.slice(2).filter((oop) => oop < after).length).toBeGreaterThan(0);
      expect(roots.slice(2).map((oop) => memory.fetchPointer(oop, 5) >> 1)).toEqual(
        Array.from({ length: count }, (_, i) => i),
      );
      expect(new HeapVerifier(memory).verify()).toEqual([]);
    },
  );
});
