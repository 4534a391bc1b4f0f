/**
 * The primitives by which an image asks what its user does: 90 mousePoint, 93 inputSemaphore, 94 getNextEvent, 107 mouseButtons, 108 kbdNext,
 * 109 kbdPeek, 133 interrupt key; and 230, by which it says that it has nothing to do. Without
 * a user nothing ever happens.
 */
import type { Primitive, PrimitiveDefinition } from '../../vm/interpreter/primitive-table.ts';
import { smallIntegerOop } from '../../vm/memory/oop.ts';
import { PrimitiveError } from '../../vm/memory/well-known.ts';
import type { Display } from '../display/display.ts';
import { answerPoint } from '../display/index.ts';
import { integerWithin, isArray } from '../operands.ts';
import { Polls } from './polls.ts';
import { EVENT_WORDS, type UserInput } from './user-input.ts';

const MOST_SEMAPHORES = 0xffff;
const LARGEST_KEY = 0xffff;
const MICROSECONDS_PER_MILLISECOND = 1000;
const LONGEST_RELINQUISH = 0x3fff_ffff;
/** Modifiers stand above the three buttons. */
const MODIFIER_SHIFT = 3;

export function inputPrimitives(input: UserInput, display: Display): readonly PrimitiveDefinition[] {
  const polls = new Polls(input, display);

  const inputSemaphore: Primitive = (vm, argumentCount) => {
    const argument = vm.stackValue(0);
    const index = argument === vm.memory.nil ? 0 : integerWithin(argument, 0, MOST_SEMAPHORES);
    if (index === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    input.semaphoreIndex = index;
    return vm.answer(argumentCount, vm.stackValue(argumentCount));
  };

  /** Fills the Array with the next event; its first element is 0 where there is none. */
  const getNextEvent: Primitive = (vm, argumentCount) => {
    const { memory } = vm;
    const buffer = vm.stackValue(0);
    if (!isArray(memory, buffer) || memory.slotCountOf(buffer) < EVENT_WORDS)
      return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const event = input.nextEvent();
    for (let i = 0; i < EVENT_WORDS; i++) memory.storePointer(buffer, i, smallIntegerOop(event?.[i] ?? 0));
    vm.answer(argumentCount, vm.stackValue(argumentCount));
    if (event === undefined) polls.note(vm);
    return true;
  };

  const mousePoint: Primitive = (vm, argumentCount) => {
    if (!answerPoint(vm, argumentCount, input.x, input.y)) return false;
    polls.note(vm);
    return true;
  };

  const mouseButtons: Primitive = (vm, argumentCount) => {
    vm.answer(argumentCount, smallIntegerOop(input.buttons | (input.modifiers << MODIFIER_SHIFT)));
    polls.note(vm);
    return true;
  };

  const key =
    (next: () => number | undefined): Primitive =>
    (vm, argumentCount) => {
      const code = next();
      vm.answer(argumentCount, code === undefined ? vm.memory.nil : smallIntegerOop(code));
      if (code === undefined) polls.note(vm);
      return true;
    };

  const setInterruptKey: Primitive = (vm, argumentCount) => {
    const code = integerWithin(vm.stackValue(0), 0, LARGEST_KEY);
    if (code === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    input.interruptKey = code;
    return vm.answer(argumentCount, vm.stackValue(argumentCount));
  };

  const relinquish: Primitive = (vm, argumentCount) => {
    const microseconds = argumentCount === 0 ? 0 : integerWithin(vm.stackValue(0), 0, LONGEST_RELINQUISH);
    if (microseconds === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    vm.answer(argumentCount, vm.stackValue(argumentCount));
    polls.relinquish(vm, microseconds / MICROSECONDS_PER_MILLISECOND);
    return true;
  };

  return [
    {
      number: 90,
      name: 'primitiveMousePoint',
      selectors: 'primMousePt',
      takes: 0,
      fails: ['NO_MEMORY'],
      run: mousePoint,
    },
    {
      number: 93,
      name: 'primitiveInputSemaphore',
      selectors: 'primSetInputSemaphore:',
      takes: 1,
      fails: ['BAD_ARGUMENT'],
      run: inputSemaphore,
    },
    {
      number: 94,
      name: 'primitiveGetNextEvent',
      selectors: 'primGetNextEvent:',
      takes: 1,
      fails: ['BAD_ARGUMENT'],
      run: getNextEvent,
    },
    {
      number: 107,
      name: 'primitiveMouseButtons',
      selectors: 'primMouseButtons',
      takes: 0,
      fails: [],
      run: mouseButtons,
    },
    {
      number: 108,
      name: 'primitiveKbdNext',
      selectors: 'primKbdNext',
      takes: 0,
      fails: [],
      run: key(() => input.nextKey()),
    },
    {
      number: 109,
      name: 'primitiveKbdPeek',
      selectors: 'primKbdPeek',
      takes: 0,
      fails: [],
      run: key(() => input.peekKey()),
    },
    {
      number: 133,
      name: 'primitiveSetInterruptKey',
      selectors: 'primSetInterruptKey:',
      takes: 1,
      fails: ['BAD_ARGUMENT'],
      run: setInterruptKey,
    },
    {
      number: 230,
      name: 'primitiveRelinquishProcessor',
      selectors: 'relinquishProcessorForMicroseconds:',
      takes: [0, 1],
      fails: ['BAD_ARGUMENT'],
      run: relinquish,
    },
  ];
}
