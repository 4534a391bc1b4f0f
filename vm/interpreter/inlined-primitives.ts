/**
 * The primitives that an optimising compiler puts in line (`callPrimitive` with its top bit set, unsafe set 0): arithmetic,
 * comparison and access on operands that the compiler has proven to be right.
 *
 * Here they check all the same, because code comes from anywhere: where an operand is not what was promised, or the number is
 * none of these, the stack stays as it is, the answer is false, and the image is told as of an unknown bytecode. Numbers go by
 * arity: 1000 unary, 2000 binary, 3000 ternary; indices count from 1. Source: class comment of EncoderForSistaV1.
 * Left out: allocation (1010, 1011, 2011 to 2015), elements of 16 to 64 bits, Lowcode's set.
 */
import { Format, IMMUTABLE_BIT, LAST_POINTER_FORMAT } from '../memory/header.ts';
import { isImmediate, isSmallInteger, NO_OOP, type Oop, smallIntegerOop, smallIntegerValue } from '../memory/oop.ts';
import { ClassIndex } from '../memory/well-known.ts';
import type { Interpreter } from './interpreter.ts';

const UNARY = 1000;
const BINARY = 2000;
const TERNARY = 3000;
const QUATERNARY = 4000;
const SMALLEST = -0x40000000;
const LARGEST = 0x3fffffff;

/** Runs inlined primitive `number` on the top of the stack. Which checks may be left out (extension B) is not asked: none is. */
export function runInlinedPrimitive(vm: Interpreter, number: number): boolean {
  const top = vm.stackValue(0);
  let result: Oop = NO_OOP;
  if (number >= UNARY && number < BINARY) result = unary(vm, number, top);
  else if (number >= BINARY && number < TERNARY) result = binary(vm, number, vm.stackValue(1), top);
  else if (number >= TERNARY && number < QUATERNARY)
    result = ternary(vm, number, vm.stackValue(2), vm.stackValue(1), top);
  if (result === NO_OOP) return false;
  return vm.answer(Math.floor(number / UNARY) - 1, result);
}

function unary({ memory }: Interpreter, number: number, receiver: Oop): Oop {
  if (number === 1000) return memory.classOf(receiver);
  if (number === 1021) return isSmallInteger(receiver) ? receiver : NO_OOP;
  if (number === 1022 || number === 1030) return (receiver & 3) === 2 ? smallIntegerOop(receiver >>> 2) : NO_OOP;
  if (number === 1035) return isSmallInteger(receiver) ? memory.newFloat(smallIntegerValue(receiver)) : NO_OOP;
  if (isImmediate(receiver)) return NO_OOP;
  const format = memory.formatOf(receiver);
  switch (number) {
    case 1001:
      return format <= LAST_POINTER_FORMAT ? smallIntegerOop(memory.slotCountOf(receiver)) : NO_OOP;
    case 1003:
      return format >= Format.BYTES ? smallIntegerOop(memory.byteSizeOf(receiver)) : NO_OOP;
    case 1005:
      return format === Format.BITS_32 ? smallIntegerOop(memory.slotCountOf(receiver)) : NO_OOP;
    case 1020:
    case 1024:
      return smallIntegerOop(memory.identityHashOf(receiver));
    default:
      return NO_OOP;
  }
}

function binary(vm: Interpreter, number: number, left: Oop, right: Oop): Oop {
  if (!isSmallInteger(right)) return NO_OOP;
  if (number === 2064 || number === 2065) return elementAt(vm, number === 2064, left, smallIntegerValue(right));
  if (!isSmallInteger(left)) return NO_OOP;
  const a = smallIntegerValue(left);
  const b = smallIntegerValue(right);
  const { memory } = vm;
  const truth = (is: boolean): Oop => (is ? memory.true : memory.false);
  switch (number) {
    case 2000:
      return fitting(a + b);
    case 2001:
      return fitting(a - b);
    case 2002:
      return fitting(a * b);
    case 2003:
      return b !== 0 && a % b === 0 ? fitting(a / b) : NO_OOP;
    case 2004:
      return b === 0 ? NO_OOP : fitting(Math.floor(a / b));
    case 2005:
      return b === 0 ? NO_OOP : fitting(a - Math.floor(a / b) * b);
    case 2006:
      return b === 0 ? NO_OOP : fitting(Math.trunc(a / b));
    case 2016:
      return smallIntegerOop(a & b);
    case 2017:
      return smallIntegerOop(a | b);
    case 2018:
      return smallIntegerOop(a ^ b);
    case 2019:
      return b >= 0 && b < 31 ? fitting(a * 2 ** b) : NO_OOP;
    case 2020:
      return b >= 0 ? smallIntegerOop(a >> Math.min(b, 31)) : NO_OOP;
    case 2032:
      return truth(a > b);
    case 2033:
      return truth(a < b);
    case 2034:
      return truth(a >= b);
    case 2035:
      return truth(a <= b);
    case 2036:
      return truth(a === b);
    case 2037:
      return truth(a !== b);
    default:
      return NO_OOP;
  }
}

const fitting = (value: number): Oop => (value >= SMALLEST && value <= LARGEST ? smallIntegerOop(value) : NO_OOP);

/** True when `index`, from 1, is a slot of a pointer object that is no context, or else a byte of a byte object. */
function holds({ memory }: Interpreter, pointers: boolean, object: Oop, index: number): boolean {
  if (isImmediate(object) || memory.classIndexOfObject(object) === ClassIndex.CONTEXT) return false;
  const format = memory.formatOf(object);
  if (pointers) return format <= LAST_POINTER_FORMAT && index >= 1 && index <= memory.slotCountOf(object);
  return format >= Format.BYTES && format < Format.COMPILED_METHOD && index >= 1 && index <= memory.byteSizeOf(object);
}

function elementAt(vm: Interpreter, pointers: boolean, object: Oop, index: number): Oop {
  if (!holds(vm, pointers, object, index)) return NO_OOP;
  const { memory } = vm;
  return pointers
    ? memory.fetchPointer(object, index - 1)
    : smallIntegerOop(memory.u8[memory.bodyOf(object) + index - 1]!);
}

function ternary(vm: Interpreter, number: number, object: Oop, index: Oop, value: Oop): Oop {
  const { memory } = vm;
  const pointers = number === 3000;
  if ((!pointers && number !== 3001) || !isSmallInteger(index)) return NO_OOP;
  if (!holds(vm, pointers, object, smallIntegerValue(index))) return NO_OOP;
  if ((memory.i32[object >> 2]! & IMMUTABLE_BIT) !== 0) return NO_OOP;
  if (pointers) memory.storePointer(object, smallIntegerValue(index) - 1, value);
  else if (isSmallInteger(value))
    memory.u8[memory.bodyOf(object) + smallIntegerValue(index) - 1] = smallIntegerValue(value);
  else return NO_OOP;
  return value;
}
