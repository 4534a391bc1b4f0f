/**
 * Primitives 134 to 137, 240 to 246: clocks and the timer. Microseconds count from 1 January 1901, as in Squeak; the
 * millisecond clock is monotonic, starts anywhere and wraps within SmallInteger range.
 */
import { SQUEAK_EPOCH_MICROSECONDS } from '../vm/host.ts';
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { FailureName, Primitive } from '../vm/interpreter/primitive-table.ts';
import { isImmediate, type Oop, smallIntegerOop } from '../vm/memory/oop.ts';
import { ClassIndex, PrimitiveError, SpecialObject } from '../vm/memory/well-known.ts';
import { failing } from './failing.ts';
import { visibleSlots } from './object-access.ts';
import { safeIntegerValue } from './operands.ts';

const MILLISECOND_MASK = 0x1fffffff;
const MICROSECONDS_PER_SECOND = 1_000_000;

const millisecondClock = (vm: Interpreter): number => Math.floor(vm.host.milliseconds()) & MILLISECOND_MASK;

const answerInteger =
  (value: (vm: Interpreter) => number): Primitive =>
  (vm, argumentCount) =>
    vm.answer(argumentCount, vm.memory.integerOop(BigInt(value(vm))));

const localMicroseconds = (vm: Interpreter): number =>
  vm.host.utcMicroseconds() + vm.host.utcOffsetSeconds() * MICROSECONDS_PER_SECOND;

/** Takes a semaphore, or nil for none, as the one to signal; false when it is neither. */
function setSpecialSemaphore(vm: Interpreter, which: number, semaphore: Oop): boolean {
  const { memory } = vm;
  if (semaphore !== memory.nil && !vm.scheduler.isSemaphore(semaphore)) return false;
  memory.storePointer(memory.specialObjects, which, semaphore);
  return true;
}

/** `signal: semaphore atMilliseconds: time` on the millisecond clock. */
const signalAtMilliseconds: Primitive = (vm, argumentCount) => {
  const time = safeIntegerValue(vm.memory, vm.stackValue(0));
  if (time === undefined || !setSpecialSemaphore(vm, SpecialObject.TIMER_SEMAPHORE, vm.stackValue(1)))
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  // The clock wraps: a time up to half its range behind is past, and due at once.
  let ahead = (time - millisecondClock(vm)) & MILLISECOND_MASK;
  if (ahead > MILLISECOND_MASK >> 1) ahead = 0;
  setTimer(vm, ahead);
  return vm.answer(argumentCount, vm.stackValue(argumentCount));
};

const signalAtMicroseconds: Primitive = (vm, argumentCount) => {
  const time = safeIntegerValue(vm.memory, vm.stackValue(0));
  if (time === undefined || !setSpecialSemaphore(vm, SpecialObject.TIMER_SEMAPHORE, vm.stackValue(1)))
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  setTimer(vm, Math.max(0, (time - vm.host.utcMicroseconds()) / 1000));
  return vm.answer(argumentCount, vm.stackValue(argumentCount));
};

function setTimer(vm: Interpreter, aheadMs: number): void {
  const noTimer = vm.memory.specialObject(SpecialObject.TIMER_SEMAPHORE) === vm.memory.nil;
  vm.safepoint.wakeUpTime = noTimer ? undefined : vm.host.milliseconds() + aheadMs;
}

const interruptSemaphore: Primitive = (vm, argumentCount) => {
  if (!setSpecialSemaphore(vm, SpecialObject.INTERRUPTION_SEMAPHORE, vm.stackValue(0)))
    return vm.fail(PrimitiveError.BAD_ARGUMENT);
  return vm.answer(argumentCount, vm.stackValue(argumentCount));
};

/**
 * Microseconds since `epoch` (counted from Squeak's own) and the seconds that local time is ahead of UTC, in a new Array or in the first slots
 * of the object given.
 */
const utcAndOffset =
  (epoch: number): Primitive =>
  (vm, argumentCount) => {
    const { memory } = vm;
    if (argumentCount > 1) return vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);
    const given = vm.stackValue(0);
    if (argumentCount === 1) {
      if (isImmediate(given) || !memory.isPointers(given) || visibleSlots(vm, given) < 2)
        return vm.fail(PrimitiveError.BAD_ARGUMENT);
      if (memory.isImmutable(given) || memory.classIndexOfObject(given) === ClassIndex.CONTEXT)
        return vm.fail(PrimitiveError.NO_MODIFICATION);
    }
    const result = argumentCount === 1 ? given : memory.newArray(2);
    memory.storePointer(result, 0, memory.integerOop(BigInt(Math.floor(vm.host.utcMicroseconds() - epoch))));
    memory.storePointer(result, 1, smallIntegerOop(vm.host.utcOffsetSeconds()));
    return vm.answer(argumentCount, result);
  };

/** The host's clock follows the time zone by itself. */
const updateTimezone: Primitive = (vm, argumentCount) => vm.answer(argumentCount, vm.stackValue(argumentCount));
const utcMicroseconds = answerInteger((vm) => Math.floor(vm.host.utcMicroseconds()));
const localClock = answerInteger((vm) => Math.floor(localMicroseconds(vm)));
const UTC_FAILS: readonly FailureName[] = ['BAD_ARGUMENT', 'BAD_NUMBER_OF_ARGUMENTS', 'NO_MODIFICATION'];

export const clockPrimitives = failing(
  ['BAD_ARGUMENT'],
  [
    {
      number: 243,
      name: 'primitiveUpdateTimezone',
      selectors: 'updateTimezone',
      takes: 0,
      fails: [],
      run: updateTimezone,
    },
    {
      number: 244,
      name: 'primitiveUtcAndTimezoneOffset',
      selectors: 'utcMicrosecondsAndOffset',
      takes: [0, 1],
      fails: UTC_FAILS,
      run: utcAndOffset(0),
    },
    { number: 245, name: 'primitiveCoarseUTCMicrosecondClock', takes: 0, fails: [], run: utcMicroseconds },
    { number: 246, name: 'primitiveCoarseLocalMicrosecondClock', takes: 0, fails: [], run: localClock },
    { module: '', name: 'primitiveUtcWithOffset', fails: UTC_FAILS, run: utcAndOffset(SQUEAK_EPOCH_MICROSECONDS) },
    {
      number: 134,
      name: 'primitiveInterruptSemaphore',
      selectors: 'interruptSemaphore:',
      takes: 1,
      run: interruptSemaphore,
    },
    {
      number: 135,
      name: 'primitiveMillisecondClock',
      selectors: 'millisecondClock',
      takes: 0,
      run: (vm, argumentCount) => vm.answer(argumentCount, smallIntegerOop(millisecondClock(vm))),
    },
    {
      number: 136,
      name: 'primitiveSignalAtMilliseconds',
      selectors: 'signal:atMilliseconds:',
      takes: 2,
      run: signalAtMilliseconds,
    },
    {
      number: 137,
      name: 'primitiveSecondsClock',
      selectors: 'secondsClock',
      takes: 0,
      run: answerInteger((vm) => Math.floor(localMicroseconds(vm) / MICROSECONDS_PER_SECOND)),
    },
    {
      number: 240,
      name: 'primitiveUTCMicrosecondClock',
      selectors: 'utcMicrosecondClock',
      takes: 0,
      run: answerInteger((vm) => Math.floor(vm.host.utcMicroseconds())),
    },
    {
      number: 241,
      name: 'primitiveLocalMicrosecondClock',
      selectors: 'localMicrosecondClock',
      takes: 0,
      run: answerInteger((vm) => Math.floor(localMicroseconds(vm))),
    },
    {
      number: 242,
      name: 'primitiveSignalAtUTCMicroseconds',
      selectors: 'signal:atUTCMicroseconds:',
      takes: 2,
      run: signalAtMicroseconds,
    },
  ],
);
