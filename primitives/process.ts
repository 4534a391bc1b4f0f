/**
 * Primitives 85 to 88, 167, and those of module SafeFFIProcess: semaphores and processes. Each puts its result onto the caller's stack before another process may
 * run, because the caller's context is what the switch puts away.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { Primitive } from '../vm/interpreter/primitive-table.ts';
import type { Oop } from '../vm/memory/oop.ts';
import { PrimitiveError, ProcessSlot } from '../vm/memory/well-known.ts';
import { failing } from './failing.ts';
import { integerWithin } from './operands.ts';

const signal: Primitive = (vm, argumentCount) => {
  const semaphore = vm.stackValue(argumentCount);
  if (!vm.scheduler.isSemaphore(semaphore)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  vm.answer(argumentCount, semaphore);
  vm.scheduler.signal(semaphore);
  return true;
};

const wait: Primitive = (vm, argumentCount) => {
  const semaphore = vm.stackValue(argumentCount);
  if (!vm.scheduler.isSemaphore(semaphore)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  vm.answer(argumentCount, semaphore);
  vm.scheduler.wait(semaphore, vm.memory.nil);
  return true;
};

/** Fails for a process that is active, stands in a list, has ended, or has no context to go on in. */
const resume: Primitive = (vm, argumentCount) => {
  const { memory, scheduler } = vm;
  const process = vm.stackValue(argumentCount);
  if (!scheduler.isProcess(process) || process === scheduler.activeProcess())
    return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (memory.fetchPointer(process, ProcessSlot.MY_LIST) !== memory.nil || scheduler.isTerminated(process))
    return vm.fail(PrimitiveError.INAPPROPRIATE);
  if (!vm.isResumable(memory.fetchPointer(process, ProcessSlot.SUSPENDED_CONTEXT)))
    return vm.fail(PrimitiveError.INAPPROPRIATE);
  vm.answer(argumentCount, process);
  scheduler.resumeWait(process);
  return true;
};

/** Answers the list in which the process stood, or nil. */
const suspend: Primitive = (vm, argumentCount) => {
  const { memory, scheduler } = vm;
  const process = vm.stackValue(argumentCount);
  if (!scheduler.isProcess(process)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (process !== scheduler.activeProcess()) return vm.answer(argumentCount, scheduler.suspend(process));
  vm.answer(argumentCount, memory.nil);
  vm.hostCalls.noteSuspended(process);
  scheduler.suspend(process);
  return true;
};

const yieldProcessor: Primitive = (vm, argumentCount) => {
  vm.answer(argumentCount, vm.stackValue(argumentCount));
  vm.scheduler.yield();
  return true;
};

/** `semaphore primitiveWait: token`: as `wait`; element 1 of the token becomes true when the signal comes. */
const waitWithToken: Primitive = (vm) => {
  const token = vm.stackValue(0);
  const semaphore = vm.stackValue(1);
  if (!vm.scheduler.isSemaphore(semaphore)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (!vm.scheduler.isWaitToken(token)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  if (!hasWaitSlots(vm, vm.scheduler.activeProcess())) return vm.fail(PrimitiveError.UNSUPPORTED);
  vm.answer(1, semaphore);
  vm.scheduler.wait(semaphore, token);
  return true;
};

/** As primitive 88, but the wait that a process is suspended in goes on when it is resumed. */
const suspendInWait: Primitive = (vm) => {
  const { scheduler } = vm;
  const process = vm.stackValue(0);
  if (!scheduler.isProcess(process) || !hasWaitSlots(vm, process)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (process !== scheduler.activeProcess()) return vm.answer(0, scheduler.suspendWait(process));
  return suspend(vm, 0);
};

/** `process primitiveLeaveWait: semaphore`: answers whether it did wait there, and now goes on without a signal. */
const leaveWait: Primitive = (vm) => {
  const { memory, scheduler } = vm;
  const semaphore = vm.stackValue(0);
  const process = vm.stackValue(1);
  if (!scheduler.isProcess(process) || !hasWaitSlots(vm, process)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (!scheduler.isSemaphore(semaphore)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  // The result lies on the stack before another process may run: it is set right when the wait was over already.
  const context = vm.context;
  vm.answer(1, memory.true);
  if (!scheduler.leaveWait(process, semaphore)) vm.replaceTop(context, memory.false);
  return true;
};

const setPriority: Primitive = (vm) => {
  const { scheduler } = vm;
  const process = vm.stackValue(1);
  const priority = integerWithin(vm.stackValue(0), 1, scheduler.highestPriority());
  if (!scheduler.isProcess(process)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (priority === undefined) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  vm.answer(1, process);
  scheduler.setPriority(process, priority);
  return true;
};

const hasWaitSlots = (vm: Interpreter, process: Oop): boolean =>
  vm.memory.slotCountOf(process) > ProcessSlot.SUSPENDED_WAIT;

const MODULE = 'SafeFFIProcess';

export const processPrimitives = failing(
  ['BAD_RECEIVER', 'BAD_ARGUMENT', 'INAPPROPRIATE'],
  [
    { number: 85, name: 'primitiveSignal', selectors: 'signal', takes: 0, run: signal },
    { number: 86, name: 'primitiveWait', selectors: 'wait', takes: 0, run: wait },
    { number: 87, name: 'primitiveResume', selectors: 'resume', takes: 0, run: resume },
    { number: 88, name: 'primitiveSuspend', selectors: 'suspend', takes: 0, run: suspend },
    { number: 167, name: 'primitiveYield', selectors: 'yield', takes: 0, run: yieldProcessor },
    { module: MODULE, name: 'primitiveWait', takes: 1, run: waitWithToken },
    { module: MODULE, name: 'primitiveSuspend', takes: 0, run: suspendInWait },
    { module: MODULE, name: 'primitiveLeaveWait', takes: 1, run: leaveWait },
    { module: MODULE, name: 'primitiveSetPriority', takes: 1, run: setPriority },
  ],
);
