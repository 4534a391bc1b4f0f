/**
 * What happens between two bytecodes: collection, timer, interrupts, signals from the host, the end of a slice.
 *
 * The loop counts activations and backward jumps down and comes here when the count is used up, so the clock is read every
 * some thousand sends; a wanted collection it sees at once. Only here, and in primitives that say so, do objects move.
 */
import type { Oop } from '../memory/oop.ts';
import { SpecialObject } from '../memory/well-known.ts';
import type { Interpreter } from './interpreter.ts';
import { LowSpace } from './low-space.ts';
import type { OutsideWork } from './outside-work.ts';
import { StopReason } from './stop-reason.ts';

/** Activations and backward jumps between two looks at the clock: a fraction of a millisecond of running. */
export const EVENTS_BETWEEN_CHECKS = 10_000;

export class Safepoint {
  private readonly vm: Interpreter;
  /** When the timer semaphore is to be signalled, on the host's clock; undefined when no timer is set. */
  wakeUpTime: number | undefined = undefined;
  /** When the slice ends, on the host's clock. */
  sliceEnd = Number.POSITIVE_INFINITY;
  /** Events left until the next look at the clock; the loop counts a copy down. */
  countdown = EVENTS_BETWEEN_CHECKS;
  /** When the rest that a process asked for is over, on the host's clock. */
  restEnd = 0;
  private readonly pendingSignals: number[] = [];
  /** What goes on outside and processes may wait for; undefined where there is nothing such. */
  outsideWork: OutsideWork | undefined = undefined;
  readonly lowSpace: LowSpace;
  /** Checks of the heap and registers that `--assert` asks for; empty without it. */
  readonly assertions: (() => void)[] = [];

  constructor(vm: Interpreter) {
    this.vm = vm;
    this.lowSpace = new LowSpace(vm);
  }

  /** Signals the semaphore at `index` (from 1) of the external objects at the next safepoint. May be called at any time. */
  signalExternal(index: number): void {
    this.pendingSignals.push(index);
    this.countdown = 0;
  }

  /**
   * The active process has nothing to do for so long: the VM is idle, but for the timer and signals. Asked for by primitives; nothing
   * where a signal waits to be delivered, or another process of the same priority waits for its turn.
   */
  rest(milliseconds: number): void {
    const { vm } = this;
    this.countdown = 0;
    vm.registersChanged = true;
    if (this.pendingSignals.length > 0 || vm.stop !== StopReason.NONE || !vm.scheduler.isActiveAlone) return;
    this.restEnd = vm.host.milliseconds() + milliseconds;
    vm.stop = StopReason.REST;
  }

  /** The loop left off because of a rest. */
  get isResting(): boolean {
    return this.vm.stop === StopReason.REST;
  }

  /** Contract: the loop has stored its registers, and reads them anew afterwards. */
  pass(): void {
    const { vm } = this;
    for (const check of this.assertions) check();
    if (vm.memory.collectionWanted) {
      vm.collect('wanted');
      this.lowSpace.check();
    }
    if (vm.memory.mourners.isSignalWanted) {
      vm.memory.mourners.isSignalWanted = false;
      this.signalSpecial(SpecialObject.FINALIZATION_SEMAPHORE);
    }
    if (this.countdown <= 0) this.lookAround();
    vm.registersChanged = true;
  }

  /** Timer, interrupt and signals; wakes processes. Also called while the VM idles. */
  lookAround(): void {
    const { vm } = this;
    this.countdown = EVENTS_BETWEEN_CHECKS;
    const now = vm.host.milliseconds();
    if (this.wakeUpTime !== undefined && now >= this.wakeUpTime) {
      this.wakeUpTime = undefined;
      this.signalSpecial(SpecialObject.TIMER_SEMAPHORE);
    }
    this.signalPending();
    this.outsideWork?.poll();
    if (vm.host.interruptRequested() && !this.signalSpecial(SpecialObject.INTERRUPTION_SEMAPHORE))
      vm.hostCalls.interrupt();
    if (now >= this.sliceEnd && vm.stop === StopReason.NONE) vm.stop = StopReason.SLICE;
  }

  private signalPending(): void {
    const { memory, scheduler } = this.vm;
    for (let index = this.pendingSignals.shift(); index !== undefined; index = this.pendingSignals.shift()) {
      const table = memory.specialObject(SpecialObject.EXTERNAL_OBJECTS);
      if (table === memory.nil || index < 1 || index > memory.slotCountOf(table)) continue;
      const semaphore = memory.fetchPointer(table, index - 1);
      if (scheduler.isSemaphore(semaphore)) scheduler.signal(semaphore);
    }
  }

  private signalSpecial(which: number): boolean {
    const { memory, scheduler } = this.vm;
    const semaphore: Oop = memory.specialObject(which);
    if (!scheduler.isSemaphore(semaphore)) return false;
    scheduler.signal(semaphore);
    return true;
  }
}
