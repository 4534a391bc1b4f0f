import { describe, expect, test } from '@jest/globals';
import { readSpur32 } from '../../image/format/spur32-reader.ts';
import { writeSpur32 } from '../../image/format/spur32-writer.ts';
import { Collector } from '../../vm/memory/collector.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { NO_OOP, type Oop } from '../../vm/memory/oop.ts';
import { SpecialObject } from '../../vm/memory/well-known.ts';
import { type SmallHeap, smallHeap } from './small-heap.ts';

interface EphemeronHeap extends SmallHeap {
  readonly collector: Collector;
  /** A new ephemeron, held by the next root. */
  ephemeron(key: Oop, value: Oop): Oop;
  stringIn(holder: Oop, slot: number): string;
}

function ephemeronHeap(hasSemaphore = true): EphemeronHeap {
  const heap = smallHeap(16 << 20, 64 << 10);
  const { memory } = heap;
  if (hasSemaphore)
    memory.storePointer(memory.specialObjects, SpecialObject.FINALIZATION_SEMAPHORE, memory.newArray(3));
  memory.openNewSpace();
  return {
    ...heap,
    collector: new Collector(memory),
    ephemeron(key, value) {
      const oop = memory.instantiate(heap.classNamed('Ephemeron'));
      memory.storePointer(oop, 0, key);
      memory.storePointer(oop, 1, value);
      heap.roots.push(oop);
      return oop;
    },
    stringIn: (holder, slot) => memory.stringValueOf(memory.fetchPointer(holder, slot)),
  };
}

describe.each(['scavenge', 'collect'] as const)('ephemerons in a %s', (kind) => {
  test('one whose key nothing else holds is fired: queued once, with its key and value', () => {
    const { memory, roots, collector, ephemeron, stringIn } = ephemeronHeap();
    ephemeron(memory.newByteString('key'), memory.newByteString('value'));
    collector[kind]();
    expect(memory.mourners.isSignalWanted).toBe(true);
    expect(memory.mourners.length).toBe(1);
    const mourner = memory.mourners.fetch();
    expect(mourner).toBe(roots[0]);
    expect([stringIn(mourner, 0), stringIn(mourner, 1)]).toEqual(['key', 'value']);
    expect(memory.mourners.fetch()).toBe(NO_OOP);
    collector[kind]();
    expect(memory.mourners.length).toBe(0);
    expect(stringIn(roots[0]!, 0)).toBe('key');
    expect(new HeapVerifier(memory).verify()).toEqual([]);
  });

  test('one whose key is held elsewhere keeps its value and is not fired, until the key is let go', () => {
    const { memory, roots, collector, ephemeron, stringIn } = ephemeronHeap();
    const key = memory.newByteString('key');
    ephemeron(key, memory.newByteString('value'));
    roots.push(key);
    collector[kind]();
    expect(memory.mourners.length).toBe(0);
    expect(memory.fetchPointer(roots[0]!, 0)).toBe(roots[1]);
    expect(stringIn(roots[0]!, 1)).toBe('value');
    roots.pop();
    collector[kind]();
    expect(memory.mourners.length).toBe(1);
  });

  test('a value that leads back to its key does not hold it', () => {
    const { memory, collector, ephemeron } = ephemeronHeap();
    const key = memory.newByteString('key');
    const value = memory.newArray(1);
    memory.storePointer(value, 0, key);
    ephemeron(key, value);
    collector[kind]();
    expect(memory.mourners.length).toBe(1);
  });

  test('a key that a live ephemeron has for a value is held', () => {
    const { memory, roots, collector, ephemeron } = ephemeronHeap();
    const [first, second] = [memory.newByteString('first'), memory.newByteString('second')];
    ephemeron(second, memory.nil);
    ephemeron(first, second);
    roots.push(first);
    collector[kind]();
    expect(memory.mourners.length).toBe(0);
  });

  test('without a finalization semaphore nobody is told, and keys are held', () => {
    const { memory, roots, collector, ephemeron, stringIn } = ephemeronHeap(false);
    ephemeron(memory.newByteString('key'), memory.nil);
    collector[kind]();
    expect(memory.mourners.length).toBe(0);
    expect(stringIn(roots[0]!, 0)).toBe('key');
    expect(new HeapVerifier(memory).verify()).toEqual([]);
  });

  test('a weak array is queued when the image asks for it, once, and a dead ephemeron never', () => {
    const { memory, roots, collector, ephemeron, classNamed } = ephemeronHeap();
    ephemeron(memory.newByteString('key'), memory.nil);
    roots.length = 0;
    memory.mourners.queuesWeakArrays = true;
    const weak = memory.instantiate(classNamed('WeakArray'), 2);
    memory.storePointer(weak, 0, memory.newByteString('a'));
    memory.storePointer(weak, 1, memory.newByteString('b'));
    roots.push(weak);
    collector[kind]();
    expect(memory.mourners.length).toBe(1);
    expect(memory.mourners.fetch()).toBe(roots[0]);
  });
});

test('an old ephemeron with a young key is remembered, and fired by a scavenge', () => {
  const { memory, roots, collector, ephemeron } = ephemeronHeap();
  ephemeron(memory.nil, memory.nil);
  collector.collect();
  const old = roots[0]!;
  memory.storePointer(old, 0, memory.newByteString('key'));
  collector.scavenge();
  expect(memory.mourners.fetch()).toBe(old);
  expect(memory.remembered.toArray()).toEqual([old]);
  expect(new HeapVerifier(memory).verify()).toEqual([]);
});

test('an old ephemeron that is dead is not fired by a full collection, young as its key may be', () => {
  const { memory, roots, collector, ephemeron } = ephemeronHeap();
  ephemeron(memory.nil, memory.nil);
  collector.collect();
  memory.storePointer(roots[0]!, 0, memory.newByteString('key'));
  roots.length = 0;
  collector.collect();
  expect(memory.mourners.length).toBe(0);
});

test('an ephemeron that was fired and not fetched is fired again in the image that was written', () => {
  const { memory, roots, collector, ephemeron } = ephemeronHeap();
  ephemeron(memory.newByteString('key'), memory.nil);
  collector.collect();
  memory.storePointer(memory.specialObjects, SpecialObject.SMALLTALK, roots[0]!);
  expect(memory.mourners.length).toBe(1);
  const loaded = readSpur32(writeSpur32(memory), { maxBytes: 16 << 20 }).memory;
  expect(loaded.mourners.length).toBe(0);
  new Collector(loaded).collect();
  expect(loaded.mourners.fetch()).toBe(loaded.specialObject(SpecialObject.SMALLTALK));
  expect(new HeapVerifier(loaded).verify()).toEqual([]);
});
