/**
 * Calls from the host into the image. Each runs in a process of its own and ends with one outcome.
 *
 * The process's base context is a small method made for the call, which sends the message and returns its value; a return
 * from the base of a host call's process ends the call. A call made from within a primitive (a callback from C) sets the
 * calling process aside until it is over: it stays out of every list, so that nothing resumes it in the middle.
 * Contract: oops in an outcome are valid until the VM runs again, unless they are retained.
 */

import { selectorOf } from '../memory/method-access.ts';
import type { RootHolder } from '../memory/object-memory.ts';
import { NO_OOP, type Oop } from '../memory/oop.ts';
import { ContextSlot, ProcessSlot } from '../memory/well-known.ts';
import type { Interpreter } from './interpreter.ts';
import { StopReason } from './stop-reason.ts';

export type Outcome =
  | { readonly kind: 'value'; readonly oop: Oop }
  /** `context` is where the exception stopped; its process waits there, and `resume` goes on. */
  | { readonly kind: 'unhandled'; readonly exception: Oop; readonly context: Oop; readonly process: Oop }
  | { readonly kind: 'quit'; readonly exitCode: number }
  | { readonly kind: 'interrupted' }
  /** The call's process ended itself. */
  | { readonly kind: 'terminated' }
  /** The call's process waits for what never comes: nothing can run and no timer is set. */
  | { readonly kind: 'stuck' };

/** The selector of the methods that host calls start from (`call-method.ts`). A base context of that name is a host's. */
export const BASE_SELECTOR = 'withArgs:executeMethod:';

/** A call under way. */
export interface HostCall {
  process: Oop;
  outcome: Outcome | undefined;
}

export class HostCalls implements RootHolder {
  private readonly vm: Interpreter;
  private readonly calls: HostCall[] = [];
  private result: Oop = NO_OOP;
  private resultContext: Oop = NO_OOP;
  private resultProcess: Oop = NO_OOP;
  quitCode: number | undefined = undefined;

  constructor(vm: Interpreter) {
    this.vm = vm;
    vm.memory.addRootHolder(this);
  }

  visitRoots(visit: (oop: Oop) => Oop): void {
    const moved = (oop: Oop): Oop => (oop === NO_OOP ? NO_OOP : visit(oop));
    for (const call of this.calls) call.process = moved(call.process);
    this.result = moved(this.result);
    this.resultContext = moved(this.resultContext);
    this.resultProcess = moved(this.resultProcess);
  }

  add(process: Oop): HostCall {
    const call: HostCall = { process, outcome: undefined };
    this.calls.push(call);
    return call;
  }

  /** The call whose process is active. */
  private activeCall(): HostCall | undefined {
    const active = this.vm.scheduler.activeProcess();
    return this.calls.findLast((call) => call.outcome === undefined && call.process === active);
  }

  /** True when a call of the host began the active process, and waits for it. */
  isHostProcess(): boolean {
    return this.activeCall() !== undefined;
  }

  /** The active process is about to suspend itself. When it says that it is terminated, that is the end of its call. */
  noteSuspended(process: Oop): void {
    const call = this.activeCall();
    if (call !== undefined && this.vm.scheduler.isTerminated(process)) this.finish(call, { kind: 'terminated' });
  }

  /** Ends the active process's call with a value; false when it belongs to none. */
  returnValue(value: Oop): boolean {
    const call = this.activeCall();
    if (call === undefined) return false;
    this.finish(call, { kind: 'value', oop: value });
    this.result = value;
    // The process is over: nothing resumes it, whatever list it may be put into.
    const { memory, scheduler } = this.vm;
    const process = call.process;
    scheduler.runNext();
    memory.storePointer(process, ProcessSlot.SUSPENDED_CONTEXT, memory.nil);
    return true;
  }

  /**
   * The active context returned to nobody. With a host's call that is its end; a process that a host began which does not wait
   * any more, because it gave up or the image was saved since, ends quietly. False for a base that no host made.
   */
  returnFromBase(value: Oop): boolean {
    if (this.returnValue(value)) return true;
    const { memory, scheduler, context } = this.vm;
    const selector = selectorOf(memory, memory.fetchPointer(context, ContextSlot.METHOD));
    if (selector === undefined || memory.stringValueOf(selector) !== BASE_SELECTOR) return false;
    const process = scheduler.activeProcess();
    scheduler.runNext();
    memory.storePointer(process, ProcessSlot.SUSPENDED_CONTEXT, memory.nil);
    return true;
  }

  /** Ends the active process's call with an exception; the process stays, suspended where it is. */
  unhandled(exception: Oop): boolean {
    const call = this.activeCall();
    if (call === undefined) return false;
    const context = this.vm.activeContext();
    this.finish(call, { kind: 'unhandled', exception, context, process: call.process });
    this.result = exception;
    this.resultContext = context;
    this.resultProcess = call.process;
    this.vm.scheduler.runNext();
    return true;
  }

  /** The image asked the whole VM to stop. */
  quit(exitCode: number): void {
    this.quitCode = exitCode;
    this.endAll({ kind: 'quit', exitCode }, StopReason.QUIT);
  }

  /** The user interrupted, and the image has no semaphore for it: the calls end, and their processes stop. */
  interrupt(): void {
    const { vm } = this;
    const active = vm.scheduler.activeProcess();
    const ofActive = this.calls.some((call) => call.process === active);
    this.endAll({ kind: 'interrupted' }, StopReason.CALL_ENDED);
    if (ofActive) vm.scheduler.runNext();
  }

  stuck(call: HostCall): Outcome {
    this.finish(call, { kind: 'stuck' });
    return { kind: 'stuck' };
  }

  private endAll(outcome: Outcome, stop: StopReason): void {
    for (const call of this.calls) call.outcome ??= outcome;
    this.calls.length = 0;
    this.vm.stop = stop;
    this.vm.registersChanged = true;
  }

  private finish(call: HostCall, outcome: Outcome): void {
    call.outcome = outcome;
    this.calls.splice(this.calls.indexOf(call), 1);
    this.vm.stop = StopReason.CALL_ENDED;
    this.vm.registersChanged = true;
  }
}
