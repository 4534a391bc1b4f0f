/**
 * Runs a VM on Node's event loop: in slices, so that timers, sockets, Ctrl-C and a debugger get their turn in between, and
 * without any CPU while no process can run. A host that has nothing else to do uses `vm.call` instead.
 *
 * While a call is under way SIGINT asks the VM to interrupt instead of ending the program.
 */
import type { HostCall, Outcome } from '../vm/interpreter/host-calls.ts';
import type { VM } from '../vm/vm.ts';

const DEFAULT_SLICE_MS = 20;
const INTERRUPTS_TO_END = 3;
/** How long an idle VM waits for a callout under way before the event loop gets its turn. */
const OUTSIDE_WAIT_MS = 5;
/** The longest timeout that Node takes. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export interface DriverOptions {
  /** How long the VM may hold up the event loop, in milliseconds. */
  readonly sliceMs?: number;
  /** True while something outside may still signal a semaphore; without it an idle VM without a timer is stuck. */
  readonly expectsSignals?: () => boolean;
  /** Asks the host to interrupt: the VM sees it at its next look around. */
  readonly requestInterrupt: () => void;
  /** Asked first: true when it stopped what the VM waits for outside, so that the program goes on to deal with it. */
  readonly interruptOutside?: () => boolean;
}

export class NodeDriver {
  private readonly vm: VM;
  private readonly options: DriverOptions;
  private wakeUp: (() => void) | undefined = undefined;
  /** Of the call under way: the second is not left to what the first stopped. */
  private interrupts = 0;
  /** No process had anything to do when the VM was left. */
  isIdle = false;

  constructor(vm: VM, options: DriverOptions) {
    this.vm = vm;
    this.options = options;
  }

  /** Runs until the call has its outcome. */
  async finish(call: HostCall): Promise<Outcome> {
    return (await this.finishBefore(call, Number.POSITIVE_INFINITY))!;
  }

  /** The same, but answers undefined when `time` on the host's clock has come first; the call stays under way. */
  async finishBefore(call: HostCall, time: number): Promise<Outcome | undefined> {
    const onInterrupt = (): void => this.interrupt();
    this.interrupts = 0;
    process.on('SIGINT', onInterrupt);
    try {
      while (call.outcome === undefined) {
        const sliceMs = Math.min(this.options.sliceMs ?? DEFAULT_SLICE_MS, time - this.vm.host.milliseconds());
        const status = this.vm.run(Math.max(0, sliceMs));
        this.isIdle = status.kind === 'idle';
        if (status.kind === 'quit') return status;
        if (call.outcome !== undefined) break;
        if (this.vm.host.milliseconds() >= time) return undefined;
        const outside = this.vm.interpreter.safepoint.outsideWork;
        if (status.kind === 'idle' && outside?.isAwaited === true) {
          const left = (status.until ?? Number.POSITIVE_INFINITY) - this.vm.host.milliseconds();
          outside.wait(Math.min(left, OUTSIDE_WAIT_MS));
          await this.pause(0);
          continue;
        }
        const isBounded = Number.isFinite(time) || this.options.expectsSignals?.() === true;
        if (status.kind === 'idle' && status.until === undefined && !isBounded)
          return this.vm.interpreter.hostCalls.stuck(call);
        await this.pause(status.kind === 'idle' ? Math.min(status.until ?? Number.POSITIVE_INFINITY, time) : 0);
        // Idle until the end: to run once more would be to leave it in the middle of something.
        if (this.isIdle && this.vm.host.milliseconds() >= time) return undefined;
      }
      return call.outcome;
    } finally {
      process.off('SIGINT', onInterrupt);
    }
  }

  /** Signals the semaphore at `index` of the image's external objects, and ends a wait. */
  signalExternal(index: number): void {
    this.vm.interpreter.safepoint.signalExternal(index);
    this.wakeUp?.();
  }

  /** The call under way, or the last one, was ended although the image dealt with interrupts itself. */
  get wasEnded(): boolean {
    return this.interrupts >= INTERRUPTS_TO_END;
  }

  /**
   * As Ctrl-C does: what the VM waits for outside is stopped; else, and the second time, the image is asked to interrupt. An image
   * that deals with that itself, as a desktop does, is ended by the third.
   */
  interrupt(): void {
    this.interrupts++;
    if (this.interrupts >= INTERRUPTS_TO_END) this.vm.interpreter.hostCalls.interrupt();
    else if (this.interrupts > 1 || this.options.interruptOutside?.() !== true) this.options.requestInterrupt();
    this.wakeUp?.();
  }

  /** Gives the event loop its turn: one round, or until `time` on the host's clock, or until something wakes the VM. */
  private pause(time: number): Promise<void> {
    return new Promise((resolve) => {
      if (time === 0) {
        setImmediate(resolve);
        return;
      }
      if (this.vm.host.skipTo !== undefined) {
        this.vm.host.skipTo(time);
        setImmediate(resolve);
        return;
      }
      const milliseconds = Math.ceil(time - this.vm.host.milliseconds());
      const timer = setTimeout(() => this.wakeUp?.(), Math.max(0, Math.min(MAX_TIMEOUT_MS, milliseconds)));
      this.wakeUp = () => {
        clearTimeout(timer);
        this.wakeUp = undefined;
        resolve();
      };
    });
  }
}
