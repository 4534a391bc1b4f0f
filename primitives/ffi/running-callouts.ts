/**
 * Callouts that went on while the VM does other things: each belongs to a Smalltalk process that waits for it, in
 * `FFIRunningCallout` of the image. They are looked at between bytecodes; news of one signals its process's semaphore.
 *
 * C works on copies of the objects that it was given, because objects move while it runs; what it wrote is copied back when it
 * is over. Invariant: the objects are held here (`values`), and nothing here holds a view of the heap.
 */
import {
  type CallbackRequest,
  type CalloutGoesOn,
  FFIFault,
  type OwnedBuffer,
  type PendingCallout,
  type ResultValue,
} from '../../safeffi/index.ts';
import type { OutsideWork } from '../../vm/interpreter/outside-work.ts';
import type { RootHolder } from '../../vm/memory/object-memory.ts';
import { NO_OOP, type Oop } from '../../vm/memory/oop.ts';
import type { LinkedCallout } from './callout-linker.ts';
import type { FfiBridge } from './ffi-bridge.ts';

export interface RunningCallout {
  readonly id: number;
  readonly pending: PendingCallout;
  readonly callout: LinkedCallout;
  readonly copies: readonly OwnedBuffer[];
  /** Numbers of blocks that are C's for as long as it runs. */
  readonly temporaries: readonly number[];
  /** The process that made it. */
  process: Oop;
  /** What a function without a result answers. */
  receiver: Oop;
  /** An Array of the arguments as objects. */
  values: Oop;
  /** Signalled at the next news; NO_OOP while nobody waits. */
  semaphore: Oop;
  /** The request that the process is answering. */
  request: CallbackRequest | undefined;
}

/** As `FFIRunningCallout` reads it. */
export const RunningState = { RUNNING: 0, OVER: 1, CALLBACK: 2, ABANDONED: 3 } as const;

/** The longest that a wait holds up whoever waits. */
const LONGEST_WAIT_MS = 20;

export class RunningCallouts implements RootHolder, OutsideWork {
  private readonly bridge: FfiBridge;
  private readonly running = new Map<number, RunningCallout>();
  private nextId = 1;

  constructor(bridge: FfiBridge) {
    this.bridge = bridge;
    bridge.interpreter.memory.addRootHolder(this);
    bridge.interpreter.safepoint.outsideWork = this;
  }

  visitRoots(visit: (oop: Oop) => Oop): void {
    for (const one of this.running.values()) {
      one.process = visit(one.process);
      one.receiver = visit(one.receiver);
      one.values = visit(one.values);
      if (one.semaphore !== NO_OOP) one.semaphore = visit(one.semaphore);
    }
  }

  get count(): number {
    return this.running.size;
  }

  /** The names of the functions that run. */
  get names(): readonly string[] {
    return [...this.running.values()].map(({ callout }) => callout.prepared.name);
  }

  /** `temporaries` are blocks that C may call for as long as it runs. */
  add(
    { pending, buffers }: CalloutGoesOn,
    callout: LinkedCallout,
    objects: { readonly process: Oop; readonly receiver: Oop; readonly values: Oop },
    temporaries: readonly number[],
  ): number {
    const id = this.nextId++;
    const started = { id, pending, callout, copies: buffers, temporaries, ...objects };
    this.running.set(id, { ...started, semaphore: NO_OOP, request: undefined });
    return id;
  }

  at(id: number): RunningCallout | undefined {
    return this.running.get(id);
  }

  stateOf(one: RunningCallout): number {
    switch (one.pending.state) {
      case 'running':
        return RunningState.RUNNING;
      case 'callback':
        return RunningState.CALLBACK;
      case 'abandoned':
        return RunningState.ABANDONED;
      default:
        return RunningState.OVER;
    }
  }

  /** The innermost open request of those that the process answers and that `accepts`: its callouts nest there. */
  requestOf(process: Oop, accepts: (request: CallbackRequest) => boolean): CallbackRequest | undefined {
    if (this.running.size === 0) return undefined;
    let found: CallbackRequest | undefined;
    for (const { process: owner, request } of this.running.values())
      if (owner === process && request?.isOpen && accepts(request)) found = request;
    return found;
  }

  /** Takes what it came to, objects written back; throws FFIFault on a fault. It is under way no more. */
  take(one: RunningCallout): ResultValue {
    try {
      const result = one.pending.result();
      this.writeBack(one);
      return result;
    } finally {
      this.forget(one);
    }
  }

  /** What C wrote to copies goes to the objects. */
  private writeBack({ copies, values, callout }: RunningCallout): void {
    const { memory } = this.bridge.interpreter;
    for (const { position, bytes } of copies) {
      const oop = memory.fetchPointer(values, position - 1);
      const source = callout.sources[position - 1];
      if (source?.kind !== 'location') continue;
      const target = this.bridge.bytesBehind(oop, source.adaptation);
      if (target !== undefined) target.set(bytes.subarray(0, target.length));
    }
    if (callout.hasOutPointers) this.bridge.stampOutPointers(callout, (i) => memory.fetchPointer(values, i));
  }

  /** Leaves it where it is: C is stopped and its frames are dropped. */
  abandon(one: RunningCallout): void {
    this.forget(one);
    const { pending } = one;
    if (pending.state === 'running') pending.interrupt();
    if (pending.state === 'callback') {
      pending.callback()?.abandon();
    } else if (pending.state !== 'abandoned') {
      try {
        pending.result();
      } catch (error) {
        if (!(error instanceof FFIFault)) throw error;
        error.answer(undefined);
      }
    }
  }

  private forget(one: RunningCallout): void {
    this.running.delete(one.id);
    this.bridge.releaseTemporaries(one.temporaries);
  }

  /** Stops those that a process waits for: each becomes a fault there. Answers whether there were any. */
  interruptAwaited(): boolean {
    let any = false;
    for (const { pending, semaphore } of this.running.values()) {
      if (semaphore === NO_OOP || pending.state !== 'running') continue;
      pending.interrupt();
      any = true;
    }
    return any;
  }

  // While the VM runs and idles

  poll(): void {
    this.bridge.foreign.poll();
    if (this.running.size === 0) return;
    const { scheduler } = this.bridge.interpreter;
    for (const one of this.running.values()) {
      if (one.semaphore === NO_OOP || !one.pending.poll()) continue;
      const { semaphore } = one;
      one.semaphore = NO_OOP;
      scheduler.signal(semaphore);
    }
  }

  get isAwaited(): boolean {
    for (const one of this.running.values()) if (one.semaphore !== NO_OOP) return true;
    return this.bridge.foreign.isAwaited;
  }

  wait(milliseconds: number): void {
    const awaited = [...this.running.values()].filter(({ semaphore }) => semaphore !== NO_OOP);
    const share = Math.max(1, Math.min(milliseconds, LONGEST_WAIT_MS) / Math.max(1, awaited.length));
    if (awaited.length === 0) this.bridge.session.waitForNews(share);
    for (const { pending } of awaited) if (pending.wait(share)) return;
  }
}
