/**
 * Primitives 85 to 88, 167, 230: semaphores and processes. Each puts its result onto the caller's stack before another process may
 * run, because the caller's context is what the switch puts away.
 */
import type { Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { PrimitiveError, ProcessSlot } from '../vm/memory/well-known.ts';

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
  vm.scheduler.wait(semaphore);
  return true;
};

/** Fails for the active process, for one that stands in a list, and for one without a context to go on in. */
const resume: Primitive = (vm, argumentCount) => {
  const { memory, scheduler } = vm;
  const process = vm.stackValue(argumentCount);
  if (!scheduler.isProcess(process) || process === scheduler.activeProcess())
    return vm.fail(PrimitiveError.BAD_RECEIVER);
  if (memory.fetchPointer(process, ProcessSlot.MY_LIST) !== memory.nil) return vm.fail(PrimitiveError.INAPPROPRIATE);
  if (!vm.isResumable(memory.fetchPointer(process, ProcessSlot.SUSPENDED_CONTEXT)))
    return vm.fail(PrimitiveError.INAPPROPRIATE);
  vm.answer(argumentCount, process);
  scheduler.resume(process);
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

/** For images that have an idle process: the VM itself knows how to wait, so it only looks for what is due. */
const relinquish: Primitive = (vm, argumentCount) => {
  vm.answer(argumentCount, vm.stackValue(argumentCount));
  vm.safepoint.countdown = 0;
  vm.registersChanged = true;
  return true;
};

export const processPrimitives: readonly PrimitiveDefinition[] = [
  { number: 85, name: 'signal', run: signal },
  { number: 86, name: 'wait', run: wait },
  { number: 87, name: 'resume', run: resume },
  { number: 88, name: 'suspend', run: suspend },
  { number: 167, name: 'yield', run: yieldProcessor },
  { number: 230, name: 'relinquishProcessorForMicroseconds:', run: relinquish },
];
