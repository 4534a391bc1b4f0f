/**
 * Primitives 134 to 137, 240 to 242: clocks and the timer. Microseconds count from 1 January 1901, as in Squeak; the
 * millisecond clock is monotonic, starts anywhere and wraps within SmallInteger range.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { type Oop, smallIntegerOop } from '../vm/memory/oop.ts';
import { PrimitiveError, SpecialObject } from '../vm/memory/well-known.ts';
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

export const clockPrimitives: readonly PrimitiveDefinition[] = [
  { number: 134, name: 'interruptSemaphore:', run: interruptSemaphore },
  {
    number: 135,
    name: 'millisecondClock',
    run: (vm, argumentCount) => vm.answer(argumentCount, smallIntegerOop(millisecondClock(vm))),
  },
  { number: 136, name: 'signal:atMilliseconds:', run: signalAtMilliseconds },
  {
    number: 137,
    name: 'secondsClock',
    run: answerInteger((vm) => Math.floor(localMicroseconds(vm) / MICROSECONDS_PER_SECOND)),
  },
  { number: 240, name: 'utcMicrosecondClock', run: answerInteger((vm) => Math.floor(vm.host.utcMicroseconds())) },
  { number: 241, name: 'localMicrosecondClock', run: answerInteger((vm) => Math.floor(localMicroseconds(vm))) },
  { number: 242, name: 'signal:atUTCMicroseconds:', run: signalAtMicroseconds },
];
