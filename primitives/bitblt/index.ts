/**
 * The primitives of graphics: BitBlt by its numbers and as a plugin, and what an image tells the VM of its screen. There is no screen: the Form
 * that the image calls its Display is kept, and can be looked at (cli: `--screenshot`).
 */
import type { Interpreter } from '../../vm/interpreter/interpreter.ts';
import type { Primitive, PrimitiveDefinition } from '../../vm/interpreter/primitive-table.ts';
import { isImmediate, isSmallInteger, NO_OOP, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { PrimitiveError, SpecialObject } from '../../vm/memory/well-known.ts';
import { copyBits, copyBitsAt } from './copy-bits.ts';
import { Form, wholeNumber } from './form.ts';

const BITBLT_SLOTS = 14;
const DESTINATION_X = 4;
const DESTINATION_Y = 5;
/** Steps of a line: more than any form has pixels on a side. */
const LONGEST_LINE = 1 << 17;

const copy: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  const bitBlt = vm.stackValue(argumentCount);
  if (isImmediate(bitBlt) || !memory.isPointers(bitBlt) || memory.slotCountOf(bitBlt) < BITBLT_SLOTS)
    return vm.fail(PrimitiveError.BAD_RECEIVER);
  const alpha = argumentCount === 0 ? smallIntegerOop(255) : vm.stackValue(0);
  if (!isSmallInteger(alpha) || !copyBits(memory, bitBlt, smallIntegerValue(alpha)))
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  return vm.answer(argumentCount, bitBlt);
};

/** `drawLoopX: dx Y: dy`: copies the source at each step of a line (Bresenham's), the start left out. */
const drawLoop: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  if (argumentCount !== 2) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
  const bitBlt = vm.stackValue(2);
  if (isImmediate(bitBlt) || !memory.isPointers(bitBlt) || memory.slotCountOf(bitBlt) < BITBLT_SLOTS)
    return vm.fail(PrimitiveError.BAD_RECEIVER);
  const dx = wholeNumber(memory, vm.stackValue(1));
  const dy = wholeNumber(memory, vm.stackValue(0));
  let x = wholeNumber(memory, memory.fetchPointer(bitBlt, DESTINATION_X));
  let y = wholeNumber(memory, memory.fetchPointer(bitBlt, DESTINATION_Y));
  if (dx === undefined || dy === undefined || x === undefined || y === undefined)
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const [stepX, stepY] = [Math.sign(dx), Math.sign(dy)];
  const [width, height] = [Math.abs(dx), Math.abs(dy)];
  if (Math.max(width, height) > LONGEST_LINE) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  const isSteep = height >= width;
  const [long, short] = isSteep ? [height, width] : [width, height];
  let rest = long >> 1;
  for (let i = 0; i < long; i++) {
    rest -= short;
    const turns = rest < 0;
    if (turns) rest += long;
    if (isSteep || turns) y += stepY;
    if (!isSteep || turns) x += stepX;
    if (!copyBitsAt(memory, bitBlt, x, y)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  }
  memory.storePointer(bitBlt, DESTINATION_X, smallIntegerOop(x));
  memory.storePointer(bitBlt, DESTINATION_Y, smallIntegerOop(y));
  return vm.answer(2, bitBlt);
};

const beDisplay: Primitive = (vm, argumentCount) => {
  const { memory } = vm;
  memory.storePointer(memory.specialObjects, SpecialObject.DISPLAY, vm.stackValue(argumentCount));
  return vm.answer(argumentCount, vm.stackValue(argumentCount));
};

/** The cursor's shape, rectangles to bring to a screen, drawing to hold back: heard, and there is nothing to do. */
const heard: Primitive = (vm, argumentCount) => vm.answer(argumentCount, vm.stackValue(argumentCount));

/** A Point for the receiver and arguments; fails where there is no room. */
function answerPoint(vm: Interpreter, argumentCount: number, x: number, y: number): boolean {
  const { memory } = vm;
  const point = memory.instantiate(memory.specialObject(SpecialObject.CLASS_POINT));
  if (point === NO_OOP) return vm.fail(PrimitiveError.NO_MEMORY);
  memory.storePointer(point, 0, smallIntegerOop(x));
  memory.storePointer(point, 1, smallIntegerOop(y));
  return vm.answer(argumentCount, point);
}

/** As large as the Display is; before there is one, as screens were when these images were made. */
const screenSize: Primitive = (vm, argumentCount) => {
  const display = Form.read(vm.memory, vm.memory.specialObject(SpecialObject.DISPLAY));
  return answerPoint(vm, argumentCount, display?.width ?? 640, display?.height ?? 480);
};

/** Nobody moves the mouse, presses a button or a key. */
const mousePoint: Primitive = (vm, argumentCount) => answerPoint(vm, argumentCount, 0, 0);
const noButton: Primitive = (vm, argumentCount) => vm.answer(argumentCount, smallIntegerOop(0));
const noKey: Primitive = (vm, argumentCount) => vm.answer(argumentCount, vm.memory.nil);

const MODULE = 'BitBltPlugin';

export const bitBltPrimitives: readonly PrimitiveDefinition[] = [
  { number: 96, name: 'copyBits', run: copy },
  { module: MODULE, name: 'primitiveCopyBits', run: copy },
  { number: 104, name: 'drawLoop', run: drawLoop },
  { module: MODULE, name: 'primitiveDrawLoop', run: drawLoop },
  { number: 90, name: 'mousePoint', run: mousePoint },
  { number: 106, name: 'screenSize', run: screenSize },
  { number: 107, name: 'mouseButtons', run: noButton },
  { number: 108, name: 'kbdNext', run: noKey },
  { number: 109, name: 'kbdPeek', run: noKey },
  { number: 101, name: 'beCursor', run: heard },
  { number: 102, name: 'beDisplay', run: beDisplay },
  { number: 126, name: 'deferDisplayUpdates', run: heard },
  { number: 127, name: 'showDisplayRect', run: heard },
  { number: 231, name: 'forceDisplayUpdate', run: heard },
];
