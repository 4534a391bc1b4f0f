import { describe, expect, test } from '@jest/globals';
import { becomeAll } from '../../vm/memory/become.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { smallIntegerOop } from '../../vm/memory/oop.ts';
import { PrimitiveError } from '../../vm/memory/well-known.ts';
import { smallHeap } from './small-heap.ts';

const TWO_WAY = { twoWay: true, copyHash: false };
const FORWARD = { twoWay: false, copyHash: true };

describe('become:', () => {
  test('two-way: references in objects, methods and roots are exchanged, hashes stay with the reference', () => {
    const { memory, roots, newMethod } = smallHeap();
    const [a, b, holder] = [memory.newByteString('a'), memory.newArray(3), memory.newArray(2)];
    memory.storePointer(holder, 0, a);
    memory.storePointer(holder, 1, b);
    memory.storePointer(b, 0, a);
    const method = newMethod({ literals: [a], bytecodes: [1] });
    const [hashOfA, hashOfB] = [memory.identityHashOf(a), memory.identityHashOf(b)];
    roots.push(a, b, holder);
    expect(becomeAll(memory, [a], [b], TWO_WAY)).toBe(0);
    expect(roots).toEqual([b, a, holder]);
    expect([memory.fetchPointer(holder, 0), memory.fetchPointer(holder, 1)]).toEqual([b, a]);
    expect(memory.fetchPointer(b, 0)).toBe(b);
    expect(memory.fetchPointer(method, 1)).toBe(b);
    expect([memory.identityHashOf(roots[0]!), memory.identityHashOf(roots[1]!)]).toEqual([hashOfA, hashOfB]);
    expect(new HeapVerifier(memory).verify()).toEqual([]);
  });

  test('one way: the target takes the place and, when asked, the hash', () => {
    const { memory, roots } = smallHeap();
    const [a, b, c] = [memory.newArray(1), memory.newArray(2), memory.newArray(3)];
    const [hashOfA, hashOfC] = [memory.identityHashOf(a), memory.identityHashOf(c)];
    roots.push(a, b, c);
    expect(becomeAll(memory, [a], [b], FORWARD)).toBe(0);
    expect(roots).toEqual([b, b, c]);
    expect(memory.identityHashOf(b)).toBe(hashOfA);
    expect(becomeAll(memory, [b], [c], { twoWay: false, copyHash: false })).toBe(0);
    expect(roots).toEqual([c, c, c]);
    expect(memory.identityHashOf(c)).toBe(hashOfC);
  });

  test('instances of a class that another replaces become instances of the other', () => {
    const { memory, roots, classNamed } = smallHeap();
    const [point, association] = [classNamed('Point'), classNamed('Association')];
    const instance = memory.instantiate(point);
    const newer = memory.instantiate(association);
    roots.push(instance);
    expect(becomeAll(memory, [point], [association], FORWARD)).toBe(0);
    expect(memory.classNameOf(instance)).toBe('Association');
    expect(memory.classNameOf(newer)).toBe('Association');
    expect(memory.classOf(memory.instantiate(association))).toBe(association);
    expect(new HeapVerifier(memory).verify()).toEqual([]);
  });

  test('exchanged classes exchange their instances', () => {
    const { memory, classNamed } = smallHeap();
    const [point, association] = [classNamed('Point'), classNamed('Association')];
    const [aPoint, anAssociation] = [memory.instantiate(point), memory.instantiate(association)];
    expect(becomeAll(memory, [point], [association], TWO_WAY)).toBe(0);
    expect([memory.classOf(aPoint), memory.classOf(anAssociation)]).toEqual([association, point]);
    expect(memory.classIndexOf(memory.instantiate(association))).toBe(memory.classIndexOf(aPoint));
    expect(new HeapVerifier(memory).verify()).toEqual([]);
  });

  test('what cannot be replaced changes nothing: immediates, singletons, an object twice, lists of unequal length', () => {
    const { memory, roots } = smallHeap();
    const [a, b] = [memory.newArray(1), memory.newArray(2)];
    roots.push(a, b);
    const codes = [
      becomeAll(memory, [smallIntegerOop(1)], [a], TWO_WAY),
      becomeAll(memory, [a], [smallIntegerOop(1)], TWO_WAY),
      becomeAll(memory, [memory.nil], [a], FORWARD),
      becomeAll(memory, [a, a], [b, memory.true], FORWARD),
      becomeAll(memory, [a, b], [b, a], TWO_WAY),
      becomeAll(memory, [a], [], FORWARD),
    ];
    expect(codes).toEqual([
      PrimitiveError.BAD_RECEIVER,
      PrimitiveError.BAD_ARGUMENT,
      PrimitiveError.BAD_RECEIVER,
      PrimitiveError.INAPPROPRIATE,
      PrimitiveError.INAPPROPRIATE,
      PrimitiveError.GENERIC,
    ]);
    expect(roots).toEqual([a, b]);
    expect(becomeAll(memory, [a], [a], TWO_WAY)).toBe(0);
    expect(becomeAll(memory, [a], [smallIntegerOop(7)], FORWARD)).toBe(0);
    expect(roots[0]).toBe(smallIntegerOop(7));
  });
});
