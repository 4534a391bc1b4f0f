/**
 * Arithmetic special sends where one operand is a Float and the other a Float or SmallInteger.
 *
 * Answers the result, or NO_OOP when the operands are of other kinds: then the message is sent. Operators are numbered as
 * the special sends are, from 0 for `+`. Division by zero is left to the image, which raises ZeroDivide.
 */
import type { ObjectMemory } from '../memory/object-memory.ts';
import { NO_OOP, type Oop } from '../memory/oop.ts';
import { ClassIndex } from '../memory/well-known.ts';

/** Positions of the arithmetic special sends after bytecode 96. */
export const ArithmeticSend = {
  ADD: 0,
  SUBTRACT: 1,
  LESS: 2,
  GREATER: 3,
  LESS_OR_EQUAL: 4,
  GREATER_OR_EQUAL: 5,
  EQUAL: 6,
  NOT_EQUAL: 7,
  MULTIPLY: 8,
  DIVIDE: 9,
} as const;

export function floatArithmetic(memory: ObjectMemory, operator: number, left: number, right: number): Oop {
  let a: number;
  let b: number;
  if ((left & 3) === 0 && memory.classIndexOfObject(left as Oop) === ClassIndex.FLOAT) {
    a = memory.floatValueOf(left as Oop);
    if ((right & 1) !== 0) b = right >> 1;
    else if ((right & 3) === 0 && memory.classIndexOfObject(right as Oop) === ClassIndex.FLOAT)
      b = memory.floatValueOf(right as Oop);
    else return NO_OOP;
  } else if ((left & 1) !== 0 && (right & 3) === 0 && memory.classIndexOfObject(right as Oop) === ClassIndex.FLOAT) {
    a = left >> 1;
    b = memory.floatValueOf(right as Oop);
  } else {
    return NO_OOP;
  }
  switch (operator) {
    case ArithmeticSend.ADD:
      return memory.newFloat(a + b);
    case ArithmeticSend.SUBTRACT:
      return memory.newFloat(a - b);
    case ArithmeticSend.LESS:
      return a < b ? memory.true : memory.false;
    case ArithmeticSend.GREATER:
      return a > b ? memory.true : memory.false;
    case ArithmeticSend.LESS_OR_EQUAL:
      return a <= b ? memory.true : memory.false;
    case ArithmeticSend.GREATER_OR_EQUAL:
      return a >= b ? memory.true : memory.false;
    case ArithmeticSend.EQUAL:
      return a === b ? memory.true : memory.false;
    case ArithmeticSend.NOT_EQUAL:
      return a !== b ? memory.true : memory.false;
    case ArithmeticSend.MULTIPLY:
      return memory.newFloat(a * b);
    case ArithmeticSend.DIVIDE:
      return b === 0 ? NO_OOP : memory.newFloat(a / b);
    default:
      return NO_OOP;
  }
}
