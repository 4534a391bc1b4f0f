/**
 * The primitives by which an image makes a Form its Display and asks what the screen can do: 91, 92, 101, 102, 106, 126, 127, 231, 233.
 * All depths of a Form can be shown; a cursor is taken and not drawn, as pictures of a screen leave it out.
 */
import type { Interpreter } from '../../vm/interpreter/interpreter.ts';
import type { Primitive, PrimitiveDefinition } from '../../vm/interpreter/primitive-table.ts';
import { isImmediate, isSmallInteger, NO_OOP, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { PrimitiveError, SpecialObject } from '../../vm/memory/well-known.ts';
import { DEPTHS, Form } from '../bitblt/form.ts';
import { integerWithin } from '../operands.ts';
import type { Display } from './display.ts';

const LARGEST_SIDE = 0xffff;
const FORM_SLOTS = 4;

/** A Point for the receiver and arguments; fails where there is no room. */
export function answerPoint(vm: Interpreter, argumentCount: number, x: number, y: number): boolean {
  const { memory } = vm;
  const point = memory.instantiate(memory.specialObject(SpecialObject.CLASS_POINT));
  if (point === NO_OOP) return vm.fail(PrimitiveError.NO_MEMORY);
  memory.storePointer(point, 0, smallIntegerOop(x));
  memory.storePointer(point, 1, smallIntegerOop(y));
  return vm.answer(argumentCount, point);
}

const answerReceiver = (vm: Interpreter, argumentCount: number): boolean =>
  vm.answer(argumentCount, vm.stackValue(argumentCount));

export function displayPrimitives(display: Display): readonly PrimitiveDefinition[] {
  const beDisplay: Primitive = (vm, argumentCount) => {
    const { memory } = vm;
    const form = vm.stackValue(argumentCount);
    if (isImmediate(form) || !memory.isPointers(form) || memory.slotCountOf(form) < FORM_SLOTS)
      return vm.fail(PrimitiveError.BAD_RECEIVER);
    memory.storePointer(memory.specialObjects, SpecialObject.DISPLAY, form);
    display.drawings++;
    return answerReceiver(vm, argumentCount);
  };

  const screenSize: Primitive = (vm, argumentCount) => {
    const { width, height } = display.sizeFor(Form.read(vm.memory, display.form(vm.memory)));
    return answerPoint(vm, argumentCount, width, height);
  };

  const testDepth: Primitive = (vm, argumentCount) => {
    const depth = vm.stackValue(0);
    if (!isSmallInteger(depth)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    return vm.answer(argumentCount, vm.memory.booleanOop(DEPTHS.has(Math.abs(smallIntegerValue(depth)))));
  };

  /** `depth: d width: w height: h fullscreen: aBoolean`: there is no screen to change, so only what it is already can be had. */
  const setMode: Primitive = (vm, argumentCount) => {
    const { memory } = vm;
    const depth = vm.stackValue(3);
    const width = integerWithin(vm.stackValue(2), 1, LARGEST_SIDE);
    const height = integerWithin(vm.stackValue(1), 1, LARGEST_SIDE);
    if (!isSmallInteger(depth) || width === undefined || height === undefined)
      return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const size = display.sizeFor(Form.read(memory, display.form(memory)));
    const isKnown = DEPTHS.has(Math.abs(smallIntegerValue(depth)));
    return vm.answer(argumentCount, memory.booleanOop(isKnown && width === size.width && height === size.height));
  };

  const setFullScreen: Primitive = (vm, argumentCount) => {
    const flag = vm.stackValue(0);
    if (flag !== vm.memory.true && flag !== vm.memory.false) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    display.isFullScreen = flag === vm.memory.true;
    return answerReceiver(vm, argumentCount);
  };

  const deferUpdates: Primitive = (vm, argumentCount) => {
    const flag = vm.stackValue(0);
    if (flag !== vm.memory.true && flag !== vm.memory.false) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    display.isDeferred = flag === vm.memory.true;
    return answerReceiver(vm, argumentCount);
  };

  /** `primShowRectLeft: l right: r top: t bottom: b`: the Form is the screen, so it is there already. */
  const showRectangle: Primitive = (vm, argumentCount) => {
    for (let i = 0; i < argumentCount; i++)
      if (!isSmallInteger(vm.stackValue(i))) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    return answerReceiver(vm, argumentCount);
  };

  return [
    {
      number: 91,
      name: 'primitiveTestDisplayDepth',
      selectors: 'supportsDisplayDepth:',
      takes: 1,
      fails: ['BAD_ARGUMENT'],
      run: testDepth,
    },
    {
      number: 92,
      name: 'primitiveSetDisplayMode',
      takes: 4,
      fails: ['BAD_ARGUMENT'],
      run: setMode,
    },
    {
      number: 101,
      name: 'primitiveBeCursor',
      selectors: 'beCursor beCursorWithMask:',
      takes: [0, 1],
      fails: [],
      run: answerReceiver,
    },
    {
      number: 102,
      name: 'primitiveBeDisplay',
      selectors: 'beDisplay',
      takes: 0,
      fails: ['BAD_RECEIVER'],
      run: beDisplay,
    },
    {
      number: 106,
      name: 'primitiveScreenSize',
      selectors: 'actualScreenSize',
      takes: 0,
      fails: ['NO_MEMORY'],
      run: screenSize,
    },
    {
      number: 126,
      name: 'primitiveDeferDisplayUpdates',
      selectors: 'primitiveDeferUpdates:',
      takes: 1,
      fails: ['BAD_ARGUMENT'],
      run: deferUpdates,
    },
    {
      number: 127,
      name: 'primitiveShowDisplayRect',
      selectors: 'primShowRectLeft:right:top:bottom:',
      takes: 4,
      fails: ['BAD_ARGUMENT'],
      run: showRectangle,
    },
    {
      number: 231,
      name: 'primitiveForceDisplayUpdate',
      selectors: 'forceDisplayUpdate',
      takes: 0,
      fails: [],
      run: answerReceiver,
    },
    {
      number: 233,
      name: 'primitiveSetFullScreen',
      selectors: 'fullScreenMode:',
      takes: 1,
      fails: ['BAD_ARGUMENT'],
      run: setFullScreen,
    },
  ];
}
