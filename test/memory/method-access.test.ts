import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Format } from '../../vm/memory/header.ts';
import {
  bytecodeEndOf,
  bytecodeOffsetOf,
  bytecodeStartOf,
  decodeMethodHeader,
  encodeMethodHeader,
  homeMethodOf,
  isCompiledBlock,
  methodClassOf,
  methodNameOf,
  methodPropertyOf,
  outerCodeOf,
  primitiveNumberOf,
  selectorOf,
  sourceOf,
} from '../../vm/memory/method-access.ts';
import { type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { type SmallHeap, smallHeap } from './small-heap.ts';

function association(heap: SmallHeap, key: Oop, value: Oop): Oop {
  const oop = heap.memory.instantiate(heap.classNamed('Association'));
  heap.memory.storePointer(oop, 0, key);
  heap.memory.storePointer(oop, 1, value);
  return oop;
}

/** `Point>>dist: ` with a method state that keeps its source, and a block two levels deep in it. */
function methodWithBlocks() {
  const heap = smallHeap();
  const { memory } = heap;
  const state = memory.allocatePointers(
    memory.indexOfClass(heap.classNamed('AdditionalMethodState')),
    Format.FIXED_AND_INDEXABLE,
    4,
  );
  const method = heap.newMethod({
    literals: [smallIntegerOop(1), state, association(heap, heap.newSymbol('Point'), heap.classNamed('Point'))],
    bytecodes: [0xf8, 0x75, 0x01, 0x58],
    hasPrimitive: true,
    argumentCount: 1,
    tempCount: 2,
  });
  memory.storePointer(state, 0, method);
  memory.storePointer(state, 1, heap.newSymbol('dist:'));
  memory.storePointer(state, 2, association(heap, heap.newSymbol('other'), smallIntegerOop(9)));
  memory.storePointer(state, 3, association(heap, heap.newSymbol('source'), memory.newByteString('dist: a ^[[a]]')));
  const outer = heap.newMethod({ literals: [method], bytecodes: [0x5e] });
  const inner = heap.newMethod({ literals: [smallIntegerOop(3), outer], bytecodes: [0x5e] });
  return { heap, memory, method, outer, inner };
}

describe('method access', () => {
  test('the header: every field comes back as it was encoded, and the header fits a SmallInteger', () => {
    const fields = fc.record({
      literalCount: fc.nat({ max: 0x7fff }),
      argumentCount: fc.nat({ max: 15 }),
      tempCount: fc.nat({ max: 63 }),
      hasPrimitive: fc.boolean(),
      needsLargeFrame: fc.boolean(),
      isSista: fc.boolean(),
    });
    fc.assert(
      fc.property(fields, (given) => {
        const header = encodeMethodHeader(given);
        expect(header | 0).toBe(header);
        expect(decodeMethodHeader(smallIntegerValue(header))).toEqual(given);
      }),
    );
  });

  test('the primitive is read from the first bytecode, low byte first, in both instruction sets', () => {
    const { newMethod, memory } = smallHeap();
    const sista = newMethod({ literals: [], bytecodes: [248, 0x75, 0x02, 0x58], hasPrimitive: true });
    const v3 = newMethod({ literals: [], bytecodes: [139, 60, 0, 0x7c], hasPrimitive: true, isSista: false });
    const unflagged = newMethod({ literals: [], bytecodes: [248, 0x75, 0x02, 0x58] });
    const foreign = newMethod({ literals: [], bytecodes: [139, 60, 0], hasPrimitive: true });
    const short = newMethod({ literals: [], bytecodes: [248, 1], hasPrimitive: true });
    expect([sista, v3, unflagged, foreign, short].map((code) => primitiveNumberOf(memory, code))).toEqual([
      0x275, 60, 0, 0, 0,
    ]);
  });

  test('the bytecodes lie between the literals and the end of the bytes', () => {
    const { newMethod, memory } = smallHeap();
    const method = newMethod({ literals: [smallIntegerOop(1), smallIntegerOop(2)], bytecodes: [10, 11, 12, 13, 14] });
    expect(bytecodeOffsetOf(memory, method)).toBe(12);
    expect([...memory.u8.subarray(bytecodeStartOf(memory, method), bytecodeEndOf(memory, method))]).toEqual([
      10, 11, 12, 13, 14,
    ]);
  });

  test('a method knows selector, class, source and properties through its method state', () => {
    const { heap, memory, method } = methodWithBlocks();
    expect(memory.stringValueOf(selectorOf(memory, method)!)).toBe('dist:');
    expect(methodClassOf(memory, method)).toBe(heap.classNamed('Point'));
    expect(sourceOf(memory, method)).toBe('dist: a ^[[a]]');
    expect(methodPropertyOf(memory, method, 'other')).toBe(smallIntegerOop(9));
    expect(methodPropertyOf(memory, method, 'none')).toBeUndefined();
    expect(methodNameOf(memory, method)).toBe('Point>>dist:');
    expect(isCompiledBlock(memory, method)).toBe(false);
    expect(primitiveNumberOf(memory, method)).toBe(0x175);
  });

  test('a block answers for its home method, however deep it lies', () => {
    const { memory, method, outer, inner } = methodWithBlocks();
    expect(isCompiledBlock(memory, inner)).toBe(true);
    expect(outerCodeOf(memory, inner)).toBe(outer);
    expect(homeMethodOf(memory, inner)).toBe(method);
    expect(methodNameOf(memory, inner)).toBe('[ ] in Point>>dist:');
    expect(sourceOf(memory, inner)).toBe('dist: a ^[[a]]');
  });

  test('a selector alone as the last but one literal, a metaclass as the class', () => {
    const heap = smallHeap();
    const { memory } = heap;
    const metaclass = memory.classOf(heap.classNamed('Point'));
    const method = heap.newMethod({
      literals: [heap.newSymbol('new'), association(heap, memory.nil, metaclass)],
      bytecodes: [0x58],
    });
    expect(methodNameOf(memory, method)).toBe('Point class>>new');
    expect(sourceOf(memory, method)).toBeUndefined();
  });

  test('code without selector and class has a name all the same', () => {
    const { newMethod, memory } = smallHeap();
    expect(methodNameOf(memory, newMethod({ literals: [], bytecodes: [0x58] }))).toBe('?>>?');
    expect(methodNameOf(memory, newMethod({ literals: [memory.nil, memory.nil], bytecodes: [0x58] }))).toBe('?>>?');
  });
});
