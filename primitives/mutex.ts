/**
 * Primitives 185 to 187: critical sections, as Squeak's Mutex. One is laid out as a Semaphore is, with the process that owns it in the place of
 * the excess signals. `enter` answers true to the owner itself, else false once the section is its own; who leaves gives it to the
 * first that waits.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { Primitive, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';
import { isImmediate, type Oop } from '../vm/memory/oop.ts';
import { ClassIndex, LinkedListSlot, PrimitiveError, SemaphoreSlot } from '../vm/memory/well-known.ts';

const OWNER = SemaphoreSlot.EXCESS_SIGNALS;

/** List and owner are what they should be: nil or processes. */
function isSection(vm: Interpreter, oop: Oop): boolean {
  const { memory, scheduler } = vm;
  if (isImmediate(oop) || !memory.isPointers(oop) || memory.slotCountOf(oop) <= OWNER) return false;
  if (memory.classIndexOfObject(oop) === ClassIndex.CONTEXT) return false;
  const isNilOrProcess = (slot: number): boolean => {
    const value = memory.fetchPointer(oop, slot);
    return value === memory.nil || scheduler.isProcess(value);
  };
  return isNilOrProcess(LinkedListSlot.FIRST) && isNilOrProcess(LinkedListSlot.LAST) && isNilOrProcess(OWNER);
}

/** The process that acts: the argument, where there is one. */
const actorOf = (vm: Interpreter, argumentCount: number): Oop =>
  argumentCount > 0 ? vm.stackValue(0) : vm.scheduler.activeProcess();

/** Runs `act` on the section and who enters it, with the owner before. */
const entering =
  (act: (vm: Interpreter, argumentCount: number, section: Oop, process: Oop) => boolean): Primitive =>
  (vm, argumentCount) => {
    const { memory } = vm;
    const section = vm.stackValue(argumentCount);
    const process = actorOf(vm, argumentCount);
    if (!isSection(vm, section)) return vm.fail(PrimitiveError.BAD_RECEIVER);
    if (argumentCount > 1 || !vm.scheduler.isProcess(process)) return vm.fail(PrimitiveError.BAD_ARGUMENT);
    const owner = memory.fetchPointer(section, OWNER);
    if (owner === process) return vm.answer(argumentCount, memory.true);
    if (owner !== memory.nil) return act(vm, argumentCount, section, process);
    memory.storePointer(section, OWNER, process);
    return vm.answer(argumentCount, memory.false);
  };

/** Waits at the end of the list; the one that leaves makes it the owner, so that false is right when it goes on. */
const enter = entering((vm, argumentCount, section, process) => {
  const { memory, scheduler } = vm;
  if (process !== scheduler.activeProcess()) return vm.fail(PrimitiveError.BAD_ARGUMENT);
  vm.answer(argumentCount, memory.false);
  scheduler.addLast(section, process);
  scheduler.runNext();
  return true;
});

const testAndSet = entering((vm, argumentCount) => vm.answer(argumentCount, vm.memory.nil));

const exit: Primitive = (vm, argumentCount) => {
  const { memory, scheduler } = vm;
  const section = vm.stackValue(argumentCount);
  if (!isSection(vm, section)) return vm.fail(PrimitiveError.BAD_RECEIVER);
  vm.answer(argumentCount, section);
  if (scheduler.isEmpty(section)) {
    memory.storePointer(section, OWNER, memory.nil);
    return true;
  }
  const next = scheduler.removeFirst(section);
  memory.storePointer(section, OWNER, next);
  scheduler.resume(next);
  return true;
};

export const mutexPrimitives: readonly PrimitiveDefinition[] = [
  {
    number: 185,
    name: 'primitiveExitCriticalSection',
    selectors: 'primitiveExitCriticalSection',
    takes: 0,
    fails: ['BAD_RECEIVER'],
    run: exit,
  },
  {
    number: 186,
    name: 'primitiveEnterCriticalSection',
    selectors: 'primitiveEnterCriticalSection primitiveEnterCriticalSectionOnBehalfOf:',
    takes: [0, 1],
    fails: ['BAD_RECEIVER', 'BAD_ARGUMENT'],
    run: enter,
  },
  {
    number: 187,
    name: 'primitiveTestAndSetOwnershipOfCriticalSection',
    selectors: 'primitiveTestAndSetOwnershipOfCriticalSection',
    takes: [0, 1],
    fails: ['BAD_RECEIVER', 'BAD_ARGUMENT'],
    run: testAndSet,
  },
];
