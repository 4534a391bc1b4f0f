import { describe, expect, test } from '@jest/globals';
import { Format, REMEMBERED_BIT } from '../../vm/memory/header.ts';
import { assertSoundHeap, HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import { NO_OOP, type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { BehaviorSlot, ClassIndex, ContextSlot } from '../../vm/memory/well-known.ts';
import { VMBug } from '../../vm/vm-bug.ts';
import { type SmallHeap, smallHeap } from './small-heap.ts';

/** What the verifier says of a heap after `damage` was done to it. */
function sentencesAfter(damage: (heap: SmallHeap) => void): string[] {
  const heap = smallHeap();
  expect(new HeapVerifier(heap.memory).verify()).toEqual([]);
  damage(heap);
  return new HeapVerifier(heap.memory).verify().map(({ code, sentence }) => `${code}: ${sentence}`);
}

const at = (oop: Oop): string => `object at 0x${oop.toString(16)}`;

describe('heap verifier', () => {
  test('a slot that holds no object is named with its object, class, position and value', () => {
    let array = NO_OOP;
    const found = sentencesAfter(({ memory }) => {
      array = memory.newArray(3);
      memory.storePointer(array, 1, (array + 16) as Oop);
    });
    expect(found).toEqual([
      `bad-pointer: ${at(array)}, class index 51 (Array): slot 1 is 0x${(array + 16).toString(16)}, which is no object`,
    ]);
  });

  test('an address that is not aligned, or beyond the heap, is no object', () => {
    const found = sentencesAfter(({ memory }) => {
      const array = memory.newArray(2);
      memory.storePointer(array, 0, (array + 4) as Oop);
      memory.storePointer(array, 1, 0x700000 as Oop);
    });
    expect(found).toHaveLength(2);
  });

  test('a pointer to a free chunk or to a forwarder is named', () => {
    const found = sentencesAfter(({ memory }) => {
      const array = memory.newArray(2);
      const free = memory.newArray(1);
      memory.setClassIndex(free, ClassIndex.FREE);
      memory.storePointer(array, 0, free);
      const forwarder = memory.allocateBits(ClassIndex.FORWARDER, Format.FORWARDED, 2);
      memory.storePointer(array, 1, forwarder);
    });
    expect(found.map((sentence) => sentence.split(':')[0])).toEqual(['bad-pointer', 'bad-pointer', 'bad-format']);
  });

  test('a size that leads out of the heap ends the walk', () => {
    let array = NO_OOP;
    const found = sentencesAfter(({ memory }) => {
      array = memory.newArray(2);
      memory.i32[(array >> 2) + 1] = 200 << 24;
    });
    expect(found).toContain(
      `bad-size: ${at(array)}, class index 51 (Array): it has 200 slots, but the heap ends 16 bytes later`,
    );
  });

  test('an overflow word without its header is named', () => {
    const found = sentencesAfter(({ memory }) => {
      const array = memory.newArray(300);
      memory.i32[(array >> 2) + 1] = 4 << 24;
    });
    expect(found[0]).toMatch(
      /^bad-size: .*its header counts 4 slots, its overflow word 300; expected 255 in the header$/,
    );
  });

  test('a class index without a class, and a format that the class does not make', () => {
    const found = sentencesAfter(({ memory }) => {
      memory.setClassIndex(memory.newArray(1), 900);
      memory.allocateBytes(ClassIndex.ARRAY, 3);
      memory.allocatePointers(ClassIndex.ARRAY, 6, 1);
    });
    expect(found).toEqual([
      expect.stringMatching(/^no-class: .*class index 900: the class table has no class at its class index$/),
      expect.stringMatching(/^bad-format: .*its format is 17, its class makes instances of format 2$/),
      expect.stringMatching(/^bad-format: .*its format is 6$/),
    ]);
  });

  test('an object that lacks named slots of its class', () => {
    const found = sentencesAfter(({ memory, classNamed }) => {
      memory.allocatePointers(memory.indexOfClass(classNamed('Point')), Format.FIXED, 1);
    });
    expect(found).toEqual([expect.stringMatching(/\(Point\): it has 1 slots, its class names 2$/)]);
  });

  test('a method whose header is no SmallInteger or counts too many literals', () => {
    const found = sentencesAfter(({ memory, newMethod }) => {
      memory.storePointer(newMethod({ literals: [], bytecodes: [1] }), 0, memory.nil);
      memory.storePointer(newMethod({ literals: [], bytecodes: [1] }), 0, smallIntegerOop(2));
    });
    expect(found).toEqual([
      expect.stringMatching(/its header is 0x1000, expected a SmallInteger$/),
      expect.stringMatching(/its header counts 2 literals, it has 2 slots$/),
    ]);
  });

  test('a context whose stack pointer, pc, method or sender is none', () => {
    const found = sentencesAfter(({ memory, newContext, newMethod }) => {
      const method = newMethod({ literals: [], bytecodes: [1] });
      const context = newContext({ sender: memory.nil, method, receiver: memory.nil, pc: 5, stack: [] });
      memory.storePointer(context, ContextSlot.STACKP, smallIntegerOop(21));
      memory.storePointer(context, ContextSlot.PC, memory.true);
      memory.storePointer(context, ContextSlot.METHOD, memory.true);
      memory.storePointer(context, ContextSlot.SENDER, memory.true);
    });
    expect(found.map((sentence) => sentence.replace(/^.*Context\): /, ''))).toEqual([
      'its stack pointer is 21, it has 20 stack slots',
      'its method is no compiled method',
      'its pc is neither a SmallInteger nor nil',
      'its sender is neither a context nor nil',
    ]);
  });

  test('a class table entry that is no class, and a class under a foreign index', () => {
    const found = sentencesAfter(({ memory, classNamed }) => {
      const page = memory.fetchPointer(memory.hiddenRoots, 0);
      memory.storePointer(page, 700, memory.newByteString('no class'));
      memory.setIdentityHash(classNamed('Point'), 701);
      memory.storePointer(classNamed('Float'), BehaviorSlot.FORMAT, memory.nil);
    });
    expect(found.filter((sentence) => sentence.startsWith('bad-class'))).toEqual([
      expect.stringMatching(/entry 34 of the class table has no SmallInteger as its format$/),
      expect.stringMatching(/entry 700 of the class table is 0x[0-9a-f]+, which is no class$/),
      expect.stringMatching(/entry 10\d\d of the class table has the identity hash 701, expected its index$/),
    ]);
  });

  test('a root that is no object', () => {
    expect(sentencesAfter(({ roots }) => void roots.push(0x700000 as Oop))).toEqual([
      'bad-root: root 6 is 0x700000, which is no object',
    ]);
  });

  test('the remembered set: a member that is none, one that is in twice, a flag without membership and the reverse', () => {
    const heap = smallHeap(16 << 20, 64 << 10);
    const { memory } = heap;
    const [twice, flagged, unflagged] = [memory.newArray(1), memory.newArray(1), memory.newArray(1)];
    memory.openNewSpace();
    memory.remember(twice);
    memory.remembered.add(memory.i32, twice);
    memory.i32[flagged >> 2]! |= REMEMBERED_BIT;
    memory.remember(unflagged);
    memory.i32[unflagged >> 2]! &= ~REMEMBERED_BIT;
    memory.remembered.members[memory.remembered.count++] = 0x1234;
    expect(new HeapVerifier(memory).verify().map(({ sentence }) => sentence)).toEqual([
      `${at(twice)}, class index 51 (Array): it is in the remembered set twice`,
      'the remembered set holds 0x1234, which is no old object',
      `${at(flagged)}, class index 51 (Array): its header says that it is remembered, the set does not hold it`,
      `${at(unflagged)}, class index 51 (Array): the remembered set holds it, its header does not say so`,
    ]);
  });

  test('the free lists: what is no chunk, a ring, a wrong sum', () => {
    const { memory } = smallHeap();
    const object = memory.newArray(2);
    const end = memory.freeStart;
    memory.newArray(8);
    memory.freeLists.add(memory.i32, end, 40);
    expect(new HeapVerifier(memory).verify()).toEqual([]);
    memory.i32[(end >> 2) + 2] = end;
    expect(new HeapVerifier(memory).verify().map(({ sentence }) => sentence)).toEqual([
      expect.stringMatching(/free list 5 leads to 0x[0-9a-f]+ a second time$/),
    ]);
    memory.i32[(end >> 2) + 2] = object;
    memory.freeLists.bytes += 8;
    expect(new HeapVerifier(memory).verify().map(({ sentence }) => sentence)).toEqual([
      expect.stringMatching(/\(Array\): free list 5 leads to 0x[0-9a-f]+, which is no free chunk$/),
      'the free lists hold 40 bytes, expected 48',
    ]);
  });

  test('assert mode stops the VM with the first problems in a sentence', () => {
    const { memory } = smallHeap();
    expect(() => assertSoundHeap(memory, 'here')).not.toThrow();
    const array = memory.newArray(1);
    memory.setClassIndex(array, 900);
    expect(() => assertSoundHeap(memory, 'before a collection')).toThrow(
      new VMBug(
        'damaged-heap',
        `the heap is damaged before a collection: ${at(array)}, class index 900: the class table has no class at its class index`,
      ),
    );
  });

  test('stops at the given count of problems', () => {
    const { memory } = smallHeap();
    for (let i = 0; i < 10; i++) memory.setClassIndex(memory.newArray(1), 900);
    expect(new HeapVerifier(memory, 3).verify()).toHaveLength(3);
  });
});
