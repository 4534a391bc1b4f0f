/**
 * Smalltalk processes: priorities, semaphores, and which process runs.
 *
 * The objects are the image's: `Processor` holds one LinkedList a priority and the active process; a process that waits
 * stands in the list of its priority or of a Semaphore, and its `myList` names it. Only the active process's context is in
 * the interpreter's registers; every other process has it in `suspendedContext`. A process that is preempted goes to the
 * front of its list, as in Pharo. When no process can run the VM idles: the active process is nil and the registers hold
 * no context. Source: Blue Book chapter 29, "Process Scheduling".
 */
import { isImmediate, NO_OOP, type Oop, smallIntegerOop, smallIntegerValue } from '../memory/oop.ts';
import {
  AssociationSlot,
  ClassIndex,
  LinkedListSlot,
  LinkSlot,
  ProcessSlot,
  SchedulerSlot,
  SemaphoreSlot,
  SpecialObject,
} from '../memory/well-known.ts';
import type { Interpreter } from './interpreter.ts';
import { StopReason } from './stop-reason.ts';

export class ProcessScheduler {
  private readonly vm: Interpreter;

  constructor(vm: Interpreter) {
    this.vm = vm;
  }

  /** The ProcessorScheduler. */
  scheduler(): Oop {
    const { memory } = this.vm;
    return memory.fetchPointer(memory.specialObject(SpecialObject.SCHEDULER_ASSOCIATION), AssociationSlot.VALUE);
  }

  /** The process that runs; nil while the VM idles. */
  activeProcess(): Oop {
    return this.vm.memory.fetchPointer(this.scheduler(), SchedulerSlot.ACTIVE_PROCESS);
  }

  priorityOf(process: Oop): number {
    return smallIntegerValue(this.vm.memory.fetchPointer(process, ProcessSlot.PRIORITY));
  }

  highestPriority(): number {
    return this.vm.memory.slotCountOf(this.lists());
  }

  private lists(): Oop {
    return this.vm.memory.fetchPointer(this.scheduler(), SchedulerSlot.QUIESCENT_LISTS);
  }

  private listFor(process: Oop): Oop {
    return this.vm.memory.fetchPointer(this.lists(), this.priorityOf(process) - 1);
  }

  isSemaphore(oop: Oop): boolean {
    const { memory } = this.vm;
    return !isImmediate(oop) && memory.classOf(oop) === memory.specialObject(SpecialObject.CLASS_SEMAPHORE);
  }

  /** True for an object that can be scheduled: a process shape, a valid priority, a context or nil to run. */
  isProcess(oop: Oop): boolean {
    const { memory } = this.vm;
    if (isImmediate(oop) || !memory.isPointers(oop) || memory.slotCountOf(oop) <= ProcessSlot.MY_LIST) return false;
    const priority = memory.fetchPointer(oop, ProcessSlot.PRIORITY);
    const value = smallIntegerValue(priority);
    return (priority & 1) !== 0 && value >= 1 && value <= this.highestPriority();
  }

  /** True for a process that has noted that it has ended. */
  isTerminated(process: Oop): boolean {
    const { memory } = this.vm;
    return (
      memory.slotCountOf(process) > ProcessSlot.TERMINATED &&
      memory.fetchPointer(process, ProcessSlot.TERMINATED) === memory.true
    );
  }

  // Lists

  isEmpty(list: Oop): boolean {
    return this.vm.memory.fetchPointer(list, LinkedListSlot.FIRST) === this.vm.memory.nil;
  }

  addLast(list: Oop, process: Oop): void {
    const { memory } = this.vm;
    memory.storePointer(process, LinkSlot.NEXT, memory.nil);
    if (this.isEmpty(list)) memory.storePointer(list, LinkedListSlot.FIRST, process);
    else memory.storePointer(memory.fetchPointer(list, LinkedListSlot.LAST), LinkSlot.NEXT, process);
    memory.storePointer(list, LinkedListSlot.LAST, process);
    memory.storePointer(process, ProcessSlot.MY_LIST, list);
  }

  private addFirst(list: Oop, process: Oop): void {
    const { memory } = this.vm;
    memory.storePointer(process, LinkSlot.NEXT, memory.fetchPointer(list, LinkedListSlot.FIRST));
    if (this.isEmpty(list)) memory.storePointer(list, LinkedListSlot.LAST, process);
    memory.storePointer(list, LinkedListSlot.FIRST, process);
    memory.storePointer(process, ProcessSlot.MY_LIST, list);
  }

  /** Contract: the list is not empty. */
  removeFirst(list: Oop): Oop {
    const { memory } = this.vm;
    const first = memory.fetchPointer(list, LinkedListSlot.FIRST);
    const next = memory.fetchPointer(first, LinkSlot.NEXT);
    memory.storePointer(list, LinkedListSlot.FIRST, next);
    if (next === memory.nil) memory.storePointer(list, LinkedListSlot.LAST, memory.nil);
    memory.storePointer(first, LinkSlot.NEXT, memory.nil);
    memory.storePointer(first, ProcessSlot.MY_LIST, memory.nil);
    return first;
  }

  /** Takes a process out of a list; false when it does not stand there. */
  private remove(list: Oop, process: Oop): boolean {
    const { memory } = this.vm;
    let previous = memory.nil;
    let link = memory.fetchPointer(list, LinkedListSlot.FIRST);
    while (link !== memory.nil) {
      const next = memory.fetchPointer(link, LinkSlot.NEXT);
      if (link === process) {
        if (previous === memory.nil) memory.storePointer(list, LinkedListSlot.FIRST, next);
        else memory.storePointer(previous, LinkSlot.NEXT, next);
        if (next === memory.nil) memory.storePointer(list, LinkedListSlot.LAST, previous);
        memory.storePointer(process, LinkSlot.NEXT, memory.nil);
        memory.storePointer(process, ProcessSlot.MY_LIST, memory.nil);
        return true;
      }
      previous = link;
      link = next;
    }
    return false;
  }

  // Switching

  /** Puts the active process's context away and runs `process` (nil: none, the VM idles). */
  transferTo(process: Oop): void {
    const { vm } = this;
    const { memory } = vm;
    const old = this.activeProcess();
    if (old !== memory.nil && vm.context !== NO_OOP) {
      vm.writeRegisters();
      vm.contexts.keep(vm.context);
      memory.storePointer(old, ProcessSlot.SUSPENDED_CONTEXT, vm.context);
    }
    memory.storePointer(this.scheduler(), SchedulerSlot.ACTIVE_PROCESS, process);
    vm.registersChanged = true;
    if (process === memory.nil) {
      vm.context = NO_OOP;
      vm.stop = vm.stop === StopReason.NONE ? StopReason.IDLE : vm.stop;
      return;
    }
    vm.context = memory.fetchPointer(process, ProcessSlot.SUSPENDED_CONTEXT);
    memory.storePointer(process, ProcessSlot.SUSPENDED_CONTEXT, memory.nil);
    if (vm.stop === StopReason.IDLE) vm.stop = StopReason.NONE;
    vm.readRegisters();
  }

  /** Gives up the processor: the first process of the highest priority that is ready runs, or none. */
  runNext(): void {
    const { memory } = this.vm;
    const lists = this.lists();
    for (let priority = memory.slotCountOf(lists); priority >= 1; priority--) {
      const list = memory.fetchPointer(lists, priority - 1);
      while (!this.isEmpty(list)) {
        const process = this.removeFirst(list);
        if (this.vm.isResumable(memory.fetchPointer(process, ProcessSlot.SUSPENDED_CONTEXT))) {
          this.transferTo(process);
          return;
        }
      }
    }
    this.transferTo(memory.nil);
  }

  /** Makes a process ready, and runs it at once when it is more urgent than the active one. */
  resume(process: Oop): void {
    const active = this.activeProcess();
    if (active === this.vm.memory.nil) {
      this.transferTo(process);
    } else if (this.priorityOf(process) > this.priorityOf(active)) {
      this.addFirst(this.listFor(active), active);
      this.transferTo(process);
    } else {
      this.addLast(this.listFor(process), process);
    }
  }

  /** True when no other process of the active one's priority is ready: it gives way to nobody by yielding. */
  get isActiveAlone(): boolean {
    return this.isEmpty(this.listFor(this.activeProcess()));
  }

  /** Lets the others of the active process's priority run first. */
  yield(): void {
    const active = this.activeProcess();
    const list = this.listFor(active);
    if (this.isEmpty(list)) return;
    this.addLast(list, active);
    this.runNext();
  }

  /** Puts the active process, where there is one, back in front of its list; the VM idles. */
  putBackActive(): void {
    const active = this.activeProcess();
    if (active !== this.vm.memory.nil) this.addFirst(this.listFor(active), active);
    this.transferTo(this.vm.memory.nil);
  }

  /** Stops a process until it is resumed. Answers the list in which it waited, or nil. Contract: it has a context. */
  suspend(process: Oop): Oop {
    const { memory } = this.vm;
    if (process === this.activeProcess()) {
      this.runNext();
      return memory.nil;
    }
    const list = memory.fetchPointer(process, ProcessSlot.MY_LIST);
    if (list !== memory.nil && !isImmediate(list)) this.remove(list, process);
    memory.storePointer(process, ProcessSlot.MY_LIST, memory.nil);
    return list;
  }

  // Semaphores

  /**
   * Signals a semaphore. The process that it wakes owns the signal from this moment on, not from when it runs: its wait
   * token says so, and whoever unwinds the process can trust it.
   */
  signal(semaphore: Oop): void {
    const { memory } = this.vm;
    if (this.isEmpty(semaphore)) {
      const excess = smallIntegerValue(memory.fetchPointer(semaphore, SemaphoreSlot.EXCESS_SIGNALS));
      memory.storePointer(semaphore, SemaphoreSlot.EXCESS_SIGNALS, smallIntegerOop(excess + 1));
    } else {
      const process = this.removeFirst(semaphore);
      this.grant(process);
      this.resume(process);
    }
  }

  /** The active process waits. `token` is nil, or an Array of one in which true is stored when the signal comes. */
  wait(semaphore: Oop, token: Oop): void {
    const { memory } = this.vm;
    const process = this.activeProcess();
    if (this.takeExcess(semaphore)) {
      if (token !== memory.nil) memory.storePointer(token, 0, memory.true);
      return;
    }
    this.setWaitToken(process, token);
    this.addLast(semaphore, process);
    this.runNext();
  }

  private setWaitToken(process: Oop, token: Oop): void {
    const { memory } = this.vm;
    if (memory.slotCountOf(process) <= ProcessSlot.WAIT_TOKEN) return;
    // A token that is left from before is not this wait's; in images of others the slot is not ours to write.
    if (token !== memory.nil || this.isWaitToken(memory.fetchPointer(process, ProcessSlot.WAIT_TOKEN)))
      memory.storePointer(process, ProcessSlot.WAIT_TOKEN, token);
  }

  private takeExcess(semaphore: Oop): boolean {
    const { memory } = this.vm;
    const excess = smallIntegerValue(memory.fetchPointer(semaphore, SemaphoreSlot.EXCESS_SIGNALS));
    if (excess <= 0) return false;
    memory.storePointer(semaphore, SemaphoreSlot.EXCESS_SIGNALS, smallIntegerOop(excess - 1));
    return true;
  }

  /** The process has got the signal that it waited for. Processes of images without wait tokens have something else there. */
  private grant(process: Oop): void {
    const { memory } = this.vm;
    if (memory.slotCountOf(process) <= ProcessSlot.WAIT_TOKEN) return;
    const token = memory.fetchPointer(process, ProcessSlot.WAIT_TOKEN);
    if (!this.isWaitToken(token)) return;
    memory.storePointer(token, 0, memory.true);
    memory.storePointer(process, ProcessSlot.WAIT_TOKEN, memory.nil);
  }

  isWaitToken(oop: Oop): boolean {
    const { memory } = this.vm;
    return !isImmediate(oop) && memory.classIndexOfObject(oop) === ClassIndex.ARRAY && memory.slotCountOf(oop) === 1;
  }

  /**
   * Stops a process; one that waits for a semaphore will wait for it again when it is resumed, at the end of the queue.
   * Answers the list in which it stood, or nil.
   */
  suspendWait(process: Oop): Oop {
    const list = this.suspend(process);
    if (this.isSemaphore(list)) this.vm.memory.storePointer(process, ProcessSlot.SUSPENDED_WAIT, list);
    return list;
  }

  /** Resumes a process that may have been suspended in a wait. Contract: it stands in no list. */
  resumeWait(process: Oop): void {
    const { memory } = this.vm;
    if (memory.slotCountOf(process) > ProcessSlot.SUSPENDED_WAIT) {
      const semaphore = memory.fetchPointer(process, ProcessSlot.SUSPENDED_WAIT);
      if (this.isSemaphore(semaphore)) {
        memory.storePointer(process, ProcessSlot.SUSPENDED_WAIT, memory.nil);
        if (!this.takeExcess(semaphore)) {
          this.addLast(semaphore, process);
          return;
        }
        this.grant(process);
      }
    }
    this.resume(process);
  }

  /** Ends a process's wait for `semaphore` without a signal; false when it does not wait there (any more). */
  leaveWait(process: Oop, semaphore: Oop): boolean {
    const { memory } = this.vm;
    if (memory.fetchPointer(process, ProcessSlot.MY_LIST) !== semaphore || !this.remove(semaphore, process))
      return false;
    memory.storePointer(process, ProcessSlot.WAIT_TOKEN, memory.nil);
    this.resume(process);
    return true;
  }

  /** Changes a priority, moves a process that is ready to its new list, and lets run who has to run now. */
  setPriority(process: Oop, priority: number): void {
    const { memory } = this.vm;
    const list = memory.fetchPointer(process, ProcessSlot.MY_LIST);
    const isReady = list !== memory.nil && list === this.listFor(process);
    if (isReady) this.remove(list, process);
    memory.storePointer(process, ProcessSlot.PRIORITY, smallIntegerOop(priority));
    if (isReady) this.resume(process);
    else if (process === this.activeProcess()) this.giveWayToHigher(priority);
  }

  /** Lets a process run that is more urgent than the active one, which then goes on as soon as it can. */
  private giveWayToHigher(priority: number): void {
    const { memory } = this.vm;
    const lists = this.lists();
    for (let above = memory.slotCountOf(lists); above > priority; above--) {
      if (this.isEmpty(memory.fetchPointer(lists, above - 1))) continue;
      const active = this.activeProcess();
      this.addFirst(this.listFor(active), active);
      this.runNext();
      return;
    }
  }

  /** A new process that will run `context`; it is not yet ready. */
  newProcess(context: Oop, priority: number): Oop {
    const { memory } = this.vm;
    const process = memory.instantiate(memory.specialObject(SpecialObject.CLASS_PROCESS));
    memory.storePointer(process, ProcessSlot.SUSPENDED_CONTEXT, context);
    memory.storePointer(process, ProcessSlot.PRIORITY, smallIntegerOop(priority));
    this.vm.contexts.keep(context);
    return process;
  }
}
