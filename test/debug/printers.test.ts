import { describe, expect, test } from '@jest/globals';
import { ContextPrinter } from '../../vm/debug/context-printer.ts';
import { heapStatistics, printHeapStatistics } from '../../vm/debug/heap-printer.ts';
import { ObjectPrinter } from '../../vm/debug/object-printer.ts';
import { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { allObjects } from '../../vm/memory/object-walk.ts';
import { characterOop, type Oop, smallIntegerOop } from '../../vm/memory/oop.ts';
import { ClassSlot, ContextSlot, SpecialObject } from '../../vm/memory/well-known.ts';
import { type SmallHeap, smallHeap } from '../memory/small-heap.ts';

/** The small heap, with what the printers look for: the class Array by position, and Point's variables by name. */
function printableHeap(): SmallHeap {
  const heap = smallHeap();
  const { memory, classNamed } = heap;
  memory.storePointer(memory.specialObjects, SpecialObject.CLASS_ARRAY, classNamed('Array'));
  const names = memory.newArray(2);
  memory.storePointer(names, 0, heap.newSymbol('x'));
  memory.storePointer(names, 1, heap.newSymbol('y'));
  memory.storePointer(classNamed('Point'), ClassSlot.INSTANCE_VARIABLES, names);
  return heap;
}

function methodNamed(heap: SmallHeap, className: string, selector: string): Oop {
  const { memory } = heap;
  const association = memory.instantiate(heap.classNamed('Association'));
  memory.storePointer(association, 1, heap.classNamed(className));
  return heap.newMethod({ literals: [heap.newSymbol(selector), association], bytecodes: [1, 2, 3, 4, 5, 6] });
}

describe('object printer', () => {
  test('one line is what a programmer would write, or class and size', () => {
    const heap = printableHeap();
    const { memory, classNamed, newSymbol } = heap;
    const wide = memory.instantiate(classNamed('WideString'), 2);
    memory.i32.set([0x263a, 0x27], (wide >> 2) + 2);
    const lines: readonly (readonly [Oop, string])[] = [
      [memory.nil, 'nil'],
      [memory.true, 'true'],
      [memory.false, 'false'],
      [smallIntegerOop(-7), '-7'],
      [memory.integerOop(2n ** 64n), '18446744073709551616'],
      [characterOop(97), '$a'],
      [characterOop(10), 'Character value: 10'],
      [memory.newFloat(1), '1.0'],
      [memory.newFloat(0.1), '0.1'],
      [memory.newFloat(1e100), '1e100'],
      [memory.newFloat(-0), '-0.0'],
      [memory.newFloat(Number.NaN), 'nan'],
      [memory.newFloat(Number.NEGATIVE_INFINITY), '-inf'],
      [memory.newByteString("it's\n"), "'it''s\\n'"],
      [wide, "'☺'''"],
      [newSymbol('at:put:'), '#at:put:'],
      [newSymbol('+'), '#+'],
      [newSymbol('two words'), "#'two words'"],
      [memory.newArray(3), 'an Array(3)'],
      [memory.instantiate(classNamed('ByteArray'), 5), 'a ByteArray(5)'],
      [memory.instantiate(classNamed('DoubleByteArray'), 3), 'a DoubleByteArray(3)'],
      [memory.instantiate(classNamed('DoubleWordArray'), 3), 'a DoubleWordArray(3)'],
      [memory.instantiate(classNamed('WeakPair'), 3), 'a WeakPair(3)'],
      [memory.instantiate(classNamed('Point')), 'a Point'],
      [classNamed('Point'), 'Point'],
      [memory.classOf(classNamed('Point')), 'Point class'],
      [methodNamed(heap, 'Point', 'dist:'), 'Point>>dist:'],
    ];
    const printer = new ObjectPrinter(memory);
    expect(lines.map(([oop]) => printer.line(oop))).toEqual(lines.map(([, line]) => line));
  });

  test('a long text is cut, and it is said that it is', () => {
    const { memory } = printableHeap();
    expect(new ObjectPrinter(memory, { maxCharacters: 4 }).line(memory.newByteString('abcdefg'))).toBe(
      "'abcd…' (7 characters)",
    );
  });

  test('a description names the slots, goes down to its depth, and shows an object once', () => {
    const { memory, classNamed } = printableHeap();
    const point = memory.instantiate(classNamed('Point'));
    const array = memory.newArray(3);
    memory.storePointer(point, 0, smallIntegerOop(3));
    memory.storePointer(point, 1, array);
    memory.storePointer(array, 0, point);
    memory.storePointer(array, 1, memory.newByteString('ab'));
    const printer = new ObjectPrinter(memory);
    const hex = (oop: Oop): string => `0x${oop.toString(16)}`;
    expect(printer.describe(point)).toBe(
      [`a Point  [class Point, 2 slots, at ${hex(point)}]`, '  x: 3', '  y: an Array(3)'].join('\n'),
    );
    expect(printer.describe(point, 3).split('\n')).toEqual([
      `a Point  [class Point, 2 slots, at ${hex(point)}]`,
      '  x: 3',
      `  y: an Array(3)  [class Array, 3 slots, at ${hex(array)}]`,
      `    1: a Point  [class Point, 2 slots, at ${hex(point)}]`,
      "    2: 'ab'",
      '    3: nil',
    ]);
  });

  test('bytes are shown in hexadecimal, many slots are cut', () => {
    const { memory } = printableHeap();
    const printer = new ObjectPrinter(memory, { maxSlots: 2 });
    expect(printer.describe(memory.newByteString('abc')).split('\n')[1]).toBe('  bytes: 61 62 … 1 more');
    expect(printer.describe(memory.newArray(5)).split('\n').slice(1)).toEqual(['  1: nil', '  2: nil', '  … 3 more']);
  });
});

describe('context printer', () => {
  test('frames are named by receiver, class and selector, with the line that the look-up gives for the last byte run', () => {
    const heap = printableHeap();
    const { memory, newContext } = heap;
    const asked: number[] = [];
    const inner = methodNamed(heap, 'Point', 'dist:');
    const block = heap.newMethod({ literals: [inner], bytecodes: [1] });
    const base = newContext({ sender: memory.nil, method: inner, receiver: smallIntegerOop(1), pc: 13, stack: [] });
    const middle = newContext({ sender: base, method: block, receiver: memory.nil, pc: 11, stack: [] });
    const point = memory.instantiate(heap.classNamed('Point'));
    const top = newContext({
      sender: middle,
      method: inner,
      receiver: point,
      pc: 16,
      stack: [smallIntegerOop(5), point],
    });
    const printer = new ContextPrinter(memory, (code, pc) => {
      if (code !== inner) return undefined;
      asked.push(pc);
      return pc + 1;
    });
    expect(printer.printStack(top)).toEqual([
      'Point>>dist: (line 3)',
      '[ ] in UndefinedObject(Point)>>dist:',
      'SmallInteger(Point)>>dist: (line 1)',
    ]);
    // Literals take 12 bytes, pc counts from 1 and names the byte to come: 16 means that bytes 0 to 2 were run.
    expect(asked).toEqual([2, 0]);
    expect(printer.printStack(top, 1)).toEqual(['Point>>dist: (line 3)', '… 2 more frames']);
    expect(printer.describe(top)).toBe(
      ['Point>>dist: (line 3)', '  receiver: a Point', '  stack 0: 5', '  stack 1: a Point'].join('\n'),
    );
    expect(printer.frame(middle)).toMatchObject({ isBlock: true, line: undefined, code: block });
  });

  test('a context without a method, and senders that form a ring, are printed all the same', () => {
    const { memory, newContext } = printableHeap();
    const context = newContext({ sender: memory.nil, method: memory.nil, receiver: memory.nil, pc: 1, stack: [] });
    memory.storePointer(context, ContextSlot.SENDER, context);
    const lines = new ContextPrinter(memory).printStack(context, 3);
    expect(lines.slice(0, 3)).toEqual(Array(3).fill('a context without a method'));
    expect(lines[3]).toMatch(/^… \d+ more frames$/);
  });
});

describe('heap printer', () => {
  test('counts and bytes add up to all the objects of the heap', () => {
    const { memory, newMethod } = printableHeap();
    newMethod({ literals: [], bytecodes: [1] });
    newMethod({ literals: [], bytecodes: [1], isSista: false });
    const statistics = heapStatistics(memory);
    expect(statistics.objects).toBe(allObjects(memory).length);
    expect(statistics).toMatchObject({
      methods: 2,
      sistaMethods: 1,
      classes: 26,
      bytes: memory.freeStart - memory.oldStart,
    });
    const sum = (pick: (entry: { count: number; bytes: number }) => number) =>
      statistics.byClass.reduce((total, entry) => total + pick(entry), 0);
    expect(sum(({ count }) => count)).toBe(statistics.objects);
    const bytes = allObjects(memory).map((oop) => ObjectMemory.bytesFor(memory.slotCountOf(oop)));
    expect(sum((entry) => entry.bytes)).toBe(bytes.reduce((total, each) => total + each, 0));
    expect(statistics.byClass.find(({ className }) => className === 'CompiledMethod')).toEqual({
      className: 'CompiledMethod',
      count: 2,
      bytes: 32,
    });
  });

  test('the table has the classes that use most, a line for the rest, and the sum', () => {
    const statistics = {
      objects: 111,
      methods: 0,
      sistaMethods: 0,
      classes: 0,
      bytes: 5000,
      byClass: [
        { className: 'Array', count: 100, bytes: 4000 },
        { className: 'Point', count: 10, bytes: 160 },
        { className: 'Float', count: 1, bytes: 16 },
      ],
    };
    expect(printHeapStatistics(statistics, 1)).toBe(
      [
        'class           objects  bytes',
        'Array               100   4000',
        '2 more classes       11    176',
        'all                 111   5000',
      ].join('\n'),
    );
  });
});
