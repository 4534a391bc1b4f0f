/**
 * One Smalltalk virtual machine: an object memory, an interpreter, and how a host program uses them.
 *
 * A host loads or builds an image into the memory, installs primitives, then calls into it: `call` sends a message and runs
 * until it has its outcome; `start` and `run` do the same in slices, for a host with an event loop of its own. Calls may
 * nest: a primitive may call, and the Smalltalk process it runs for waits meanwhile.
 *
 * Contract: an oop that a host holds is valid until the VM runs again; `retain` keeps it beyond.
 */
import type { Host } from './host.ts';
import { enableAssertions } from './interpreter/assertions.ts';
import { MAX_CALL_ARGUMENTS, makeBridgeMethod, makeCallMethod } from './interpreter/call-method.ts';
import { BASE_SELECTOR, type HostCall, type Outcome } from './interpreter/host-calls.ts';
import { interpret } from './interpreter/interpret.ts';
import { Interpreter } from './interpreter/interpreter.ts';
import { eachMethodOf } from './interpreter/method-lookup.ts';
import type { PrimitiveDefinition } from './interpreter/primitive-table.ts';
import { StopReason } from './interpreter/stop-reason.ts';
import type { ObjectMemory, RootHolder } from './memory/object-memory.ts';
import { forEachObject } from './memory/object-walk.ts';
import { NO_OOP, type Oop } from './memory/oop.ts';
import {
  BehaviorSlot,
  ContextSlot,
  MetaclassSlot,
  ProcessSlot,
  SchedulerSlot,
  SpecialObject,
} from './memory/well-known.ts';
import { VMBug } from './vm-bug.ts';

/** Priority of the processes that run the host's calls: the image's user scheduling priority. */
const USER_PRIORITY = 40;

/** How `run` left off. */
export type RunStatus =
  /** The slice is over, or a call has its outcome. */
  | { readonly kind: 'running' }
  /**
   * No process has anything to do until `until` (on the host's clock), or until a signal from outside where it is undefined. A process
   * that rests is active meanwhile.
   */
  | { readonly kind: 'idle'; readonly until: number | undefined }
  | { readonly kind: 'quit'; readonly exitCode: number };

/** An oop that the collector keeps and follows. */
export interface Retained {
  readonly oop: Oop;
  release(): void;
}

export class VM {
  readonly memory: ObjectMemory;
  readonly host: Host;
  readonly interpreter: Interpreter;
  /** Processes that wait for a nested call to end, the innermost last. */
  private readonly aside: { process: Oop; method: Oop }[] = [];
  private depth = 0;
  /** Symbols by text; the collector keeps them. */
  private readonly knownSymbols = new Map<string, Oop>();

  /** `memory` holds an image, or will before the first call. */
  constructor(memory: ObjectMemory, host: Host) {
    this.memory = memory;
    this.host = host;
    this.interpreter = new Interpreter(memory, host);
    this.interpreter.safepoint.lowSpace.findError = () => {
      const behavior = this.findClass('OutOfMemory');
      const selector = this.findSymbol('signal');
      return behavior === undefined || selector === undefined ? undefined : { behavior, selector };
    };
    const roots: RootHolder = {
      visitRoots: (visit) => {
        for (const frame of this.aside) {
          if (frame.process !== NO_OOP) frame.process = visit(frame.process);
          if (frame.method !== NO_OOP) frame.method = visit(frame.method);
        }
        for (const [text, symbol] of this.knownSymbols) this.knownSymbols.set(text, visit(symbol));
      },
    };
    memory.addRootHolder(roots);
    memory.openNewSpace();
  }

  addPrimitives(definitions: readonly PrimitiveDefinition[]): void {
    this.interpreter.primitives.add(definitions);
    this.interpreter.cache.flush();
  }

  /** Checks registers at every safepoint and the heap around every collection; throws VMBug at what is wrong. */
  enableAssertions(): void {
    enableAssertions(this.interpreter);
  }

  // Calls

  /** Sends a message in a new process and runs until it has its outcome. A selector given as text must exist as a symbol. */
  call(receiver: Oop, selector: Oop | string, values: readonly Oop[] = []): Outcome {
    return this.nested(() => this.finish(this.start(receiver, selector, values)));
  }

  /** Runs a method that takes no arguments, in a new process, until it has its outcome. */
  evaluateMethod(method: Oop, receiver: Oop): Outcome {
    return this.nested(() => this.finish(this.startMethod(method, receiver)));
  }

  /** Goes on after an `unhandled` outcome: the primitive that reported the exception answers `value`. */
  resume(process: Oop, value: Oop): Outcome {
    return this.nested(() => {
      const context = this.memory.fetchPointer(process, ProcessSlot.SUSPENDED_CONTEXT);
      if (!this.interpreter.isResumable(context))
        throw new VMBug('not-resumable', 'a process is to be resumed that has no context to go on in', { process });
      const call = this.interpreter.hostCalls.add(process);
      this.interpreter.scheduler.resume(process);
      this.interpreter.replaceTop(context, value);
      return this.finish(call);
    });
  }

  /** Goes on after a `quit` outcome: calls run again, and the process that asked to quit stays where it did so. */
  refuseQuit(): void {
    this.interpreter.hostCalls.quitCode = undefined;
    this.interpreter.scheduler.transferTo(this.memory.nil);
  }

  /** Begins a call; `run` carries it on. */
  start(receiver: Oop, selector: Oop | string, values: readonly Oop[] = []): HostCall {
    if (values.length > MAX_CALL_ARGUMENTS)
      throw new RangeError(`a call has ${values.length} arguments, at most ${MAX_CALL_ARGUMENTS} fit`);
    const symbol = typeof selector === 'string' ? this.symbolNamed(selector) : selector;
    const method = makeCallMethod(this.memory, symbol, receiver, values, this.bottomName(symbol));
    return this.startProcess(this.interpreter.newContext(this.allocated(method), this.memory.nil));
  }

  /**
   * Begins to run a method that takes no arguments. A context below it takes the value, so that the method has a sender, as
   * the image expects of what unwinds.
   */
  startMethod(method: Oop, receiver: Oop): HostCall {
    const { interpreter, memory } = this;
    const context = interpreter.newContext(method, receiver);
    const bottom = makeBridgeMethod(memory, this.bottomName(memory.nil));
    memory.storePointer(context, ContextSlot.SENDER, interpreter.newContext(this.allocated(bottom), memory.nil));
    return this.startProcess(context);
  }

  /** What stack printers show for the lowest context of a call. */
  private bottomName(otherwise: Oop): Oop {
    return this.findSymbol(BASE_SELECTOR) ?? otherwise;
  }

  private allocated(method: Oop): Oop {
    if (method === NO_OOP) throw new RangeError('there is no room in the heap for the method of a call');
    return method;
  }

  private startProcess(context: Oop): HostCall {
    const { scheduler, hostCalls } = this.interpreter;
    const process = scheduler.newProcess(context, USER_PRIORITY);
    const call = hostCalls.add(process);
    this.interpreter.stop = StopReason.NONE;
    scheduler.resume(process);
    return call;
  }

  /** Runs until the call has its outcome; sleeps where nothing can run before a timer goes off. */
  finish(call: HostCall): Outcome {
    while (call.outcome === undefined) {
      const status = this.run();
      if (status.kind === 'quit') return status;
      if (status.kind !== 'idle' || call.outcome !== undefined) continue;
      const outside = this.interpreter.safepoint.outsideWork;
      if (outside?.isAwaited === true) {
        outside.wait((status.until ?? Number.POSITIVE_INFINITY) - this.host.milliseconds());
        continue;
      }
      if (status.until === undefined) return this.interpreter.hostCalls.stuck(call);
      this.host.sleepUntil(status.until);
    }
    // A program that was stopped may have filled the heap; outcomes with oops in them keep theirs valid.
    if (this.memory.collectionWanted && call.outcome.kind === 'interrupted') this.interpreter.collect('wanted');
    return call.outcome;
  }

  /** Runs for at most `sliceMs` milliseconds, or until a call ends, nothing can run, or the image quits. */
  run(sliceMs = Number.POSITIVE_INFINITY): RunStatus {
    const { interpreter } = this;
    const { safepoint, hostCalls } = interpreter;
    if (hostCalls.quitCode !== undefined) return { kind: 'quit', exitCode: hostCalls.quitCode };
    interpreter.stop = StopReason.NONE;
    safepoint.sliceEnd = this.host.milliseconds() + sliceMs;
    if (interpreter.context === NO_OOP) safepoint.lookAround();
    this.depth++;
    try {
      if (interpreter.context !== NO_OOP) interpret(interpreter);
    } finally {
      this.depth--;
    }
    if (hostCalls.quitCode !== undefined) return { kind: 'quit', exitCode: hostCalls.quitCode };
    if (interpreter.context === NO_OOP) return { kind: 'idle', until: safepoint.wakeUpTime };
    if (safepoint.isResting)
      return { kind: 'idle', until: Math.min(safepoint.restEnd, safepoint.wakeUpTime ?? Number.POSITIVE_INFINITY) };
    return { kind: 'running' };
  }

  /** Sets the process of a primitive under way aside while `action` runs others. */
  private nested(action: () => Outcome): Outcome {
    const { interpreter, memory } = this;
    const { scheduler } = interpreter;
    if (this.depth === 0) return action();
    const frame = { process: scheduler.activeProcess(), method: interpreter.newMethod };
    this.aside.push(frame);
    const sliceEnd = interpreter.safepoint.sliceEnd;
    scheduler.transferTo(memory.nil);
    try {
      return action();
    } finally {
      this.aside.pop();
      scheduler.putBackActive();
      const quit = interpreter.hostCalls.quitCode !== undefined;
      interpreter.stop = quit ? StopReason.QUIT : StopReason.NONE;
      scheduler.transferTo(frame.process);
      interpreter.newMethod = frame.method;
      interpreter.safepoint.sliceEnd = sliceEnd;
    }
  }

  // Images

  /** Takes up an image that was just loaded into the memory. Its saved process waits for `resumeImage`. */
  loadRoots(): void {
    const { interpreter, memory } = this;
    interpreter.context = NO_OOP;
    interpreter.cache.flush();
    this.knownSymbols.clear();
    interpreter.contexts.forgetFreeContexts();
    const process = interpreter.scheduler.activeProcess();
    this.savedProcess?.release();
    this.savedProcess = process === memory.nil ? undefined : this.retain(process);
    memory.storePointer(interpreter.scheduler.scheduler(), SchedulerSlot.ACTIVE_PROCESS, memory.nil);
    // A timer that was set when the image was saved is due at once: the image sets it anew.
    const timer = memory.specialObject(SpecialObject.TIMER_SEMAPHORE);
    interpreter.safepoint.wakeUpTime = interpreter.scheduler.isSemaphore(timer) ? this.host.milliseconds() : undefined;
  }
  private savedProcess: Retained | undefined = undefined;

  /** Goes on with the process that was active when the image was saved; undefined where the image has none. */
  resumeImage(): HostCall | undefined {
    const saved = this.savedProcess;
    if (saved === undefined) return undefined;
    this.savedProcess = undefined;
    const process = saved.oop;
    saved.release();
    if (!this.interpreter.isResumable(this.memory.fetchPointer(process, ProcessSlot.SUSPENDED_CONTEXT)))
      return undefined;
    const call = this.interpreter.hostCalls.add(process);
    this.interpreter.stop = StopReason.NONE;
    this.interpreter.scheduler.resume(process);
    return call;
  }

  /** Collects now. Oops that the host holds are valid no more, unless retained. */
  collectGarbage(): void {
    this.interpreter.collect();
  }

  /** Keeps an object, and its oop right, until released. */
  retain(oop: Oop): Retained {
    const { memory } = this;
    let current = oop;
    const holder: RootHolder = {
      visitRoots: (visit) => {
        current = visit(current);
      },
    };
    memory.addRootHolder(holder);
    return {
      get oop() {
        return current;
      },
      release: () => memory.removeRootHolder(holder),
    };
  }

  // Looking things up by name, by a walk over the heap: for hosts, not for hot paths

  /** The symbol with that text, or undefined where the image has none. Those that were found once are remembered. */
  findSymbol(text: string): Oop | undefined {
    const known = this.knownSymbols.get(text);
    if (known !== undefined) return known;
    const symbol = this.searchSymbol(text);
    if (symbol !== undefined) this.knownSymbols.set(text, symbol);
    return symbol;
  }

  private searchSymbol(text: string): Oop | undefined {
    const { memory } = this;
    const symbolIndex = memory.classIndexOf(memory.specialObject(SpecialObject.SELECTOR_DOES_NOT_UNDERSTAND));
    let found: Oop | undefined;
    forEachObject(memory, (oop) => {
      if (found !== undefined || memory.classIndexOfObject(oop) !== symbolIndex) return;
      if (memory.byteSizeOf(oop) === text.length && memory.stringValueOf(oop) === text) found = oop;
    });
    return found;
  }

  private symbolNamed(text: string): Oop {
    const symbol = this.findSymbol(text);
    if (symbol === undefined) throw new RangeError(`the image has no symbol #${text}, so nothing in it understands it`);
    return symbol;
  }

  /** The class of that name, or undefined. */
  findClass(name: string): Oop | undefined {
    const { memory } = this;
    const metaclassIndex = memory.classIndexOf(memory.classOf(memory.classOf(memory.nil)));
    let found: Oop | undefined;
    forEachObject(memory, (oop) => {
      if (found !== undefined || memory.classIndexOfObject(oop) !== metaclassIndex) return;
      const behavior = memory.fetchPointer(oop, MetaclassSlot.THIS_CLASS);
      if (behavior !== memory.nil && memory.nameOfClass(behavior) === name) found = behavior;
    });
    // Metaclasses of an unusual shape: classes that have instances stand in the class table.
    return found ?? memory.classNamed(name);
  }

  /** The method that a class itself has under that selector, or undefined. */
  findMethod(behavior: Oop, selector: string): Oop | undefined {
    let found: Oop | undefined;
    eachMethodOf(this.memory, behavior, (symbol, method) => {
      if (this.memory.stringValueOf(symbol) === selector) found = method;
    });
    return found;
  }

  /** The contexts of a process or a chain that starts at a context, the innermost first. */
  stackOf(context: Oop): Oop[] {
    const { memory } = this;
    const stack: Oop[] = [];
    for (let current = context; current !== memory.nil; current = memory.fetchPointer(current, ContextSlot.SENDER))
      stack.push(current);
    return stack;
  }

  superclassOf(behavior: Oop): Oop {
    return this.memory.fetchPointer(behavior, BehaviorSlot.SUPERCLASS);
  }
}
