/** Methods whose whole code is a primitive's number, reached by another way than a send. */
import { describe, expect, test } from '@jest/globals';
import { smallIntegerOop } from '../../vm/memory/oop.ts';
import { TinyImage } from './tiny-image.ts';

describe('a method that is a quick primitive', () => {
  // primitive, and what it answers to a receiver whose instance variable 0 is 7
  const answers = [
    [257, 'true'],
    [259, 'nil'],
    [262, '1'],
    [264, '7'],
  ] as const;
  for (const [primitive, expected] of answers)
    test(`answers ${expected} when a host runs primitive ${primitive} itself`, () => {
      const image = new TinyImage();
      const { memory, vm } = image;
      const receiver = memory.newArray(1);
      memory.storePointer(receiver, 0, smallIntegerOop(7));
      const { interpreter } = vm;
      const context = memory.newArray(40);
      interpreter.sp = (context >> 2) + 10;
      memory.i32[interpreter.sp] = receiver;
      expect(interpreter.runPrimitive(primitive, 0)).toBe(true);
      const answer = interpreter.stackValue(0);
      const names = new Map([
        [memory.nil, 'nil'],
        [memory.true, 'true'],
      ]);
      expect(names.get(answer) ?? String(answer >> 1)).toBe(expected);
      expect(interpreter.primitives.missingPrimitives()).toEqual([]);
    });
});
