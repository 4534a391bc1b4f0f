/**
 * A callout with a checkpoint before each call. The checkpoint goes when the call has returned; a fault keeps it until it
 * is resolved, for `rollback`. Where no checkpoint can be taken (within a callback, beside threads of C's) the call is made
 * all the same, and a fault's resolutions tell why there is no rollback. Costs a fork a call (docs/measurements.md).
 */
import { notAvailableError } from '../errors.ts';
import { FFIFault } from '../faults/ffi-fault.ts';
import type { Signature } from '../types/signature.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import type { Checkpoint } from './checkpoints.ts';
import type { CalloutOptions, PendingCallout, PreparedCallout } from './executor.ts';

/** What a checkpointed callout needs of its executor. */
export interface Guarding {
  /** The checkpoint before a call, or undefined; the reason is kept. */
  guard(): Checkpoint | undefined;
  /** Runs with the checkpoint known to each fault that comes of it. */
  guarded<T>(checkpoint: Checkpoint | undefined, run: () => T): T;
}

/** Runs a call of which `checkpoint` is the start, and gives the checkpoint up unless a fault needs it. */
export function finishGuarded<T>(executor: Guarding, checkpoint: Checkpoint | undefined, run: () => T): T {
  let needed = false;
  try {
    return executor.guarded(checkpoint, run);
  } catch (error) {
    needed = error instanceof FFIFault;
    throw error;
  } finally {
    if (!needed) checkpoint?.discard();
  }
}

export class CheckpointedCallout implements PreparedCallout {
  readonly invoke: (...args: ArgumentValue[]) => ResultValue = (...args) => this.call(args);
  readonly #executor: Guarding;
  readonly #callout: PreparedCallout;

  constructor(executor: Guarding, callout: PreparedCallout) {
    this.#executor = executor;
    this.#callout = callout;
  }

  get name(): string {
    return this.#callout.name;
  }

  get library(): string {
    return this.#callout.library;
  }

  get signature(): Signature {
    return this.#callout.signature;
  }

  call(args: readonly ArgumentValue[], options: CalloutOptions = {}): ResultValue {
    const plain = { ...options, checkpoint: false };
    return finishGuarded(this.#executor, this.#executor.guard(), () => this.#callout.call(args, plain));
  }

  start(args: readonly ArgumentValue[], options: CalloutOptions = {}): PendingCallout {
    const checkpoint = this.#executor.guard();
    try {
      const pending = this.#callout.start(args, { ...options, checkpoint: false });
      return {
        poll: () => pending.poll(),
        get state() {
          return pending.state;
        },
        callback: () => pending.callback(),
        interrupt: () => pending.interrupt(),
        wait: (timeoutMs) => pending.wait(timeoutMs),
        result: () => finishGuarded(this.#executor, checkpoint, () => pending.result()),
      };
    } catch (error) {
      checkpoint?.discard();
      throw error;
    }
  }

  async(): Promise<ResultValue> {
    return Promise.reject(notAvailableError('an asynchronous callout with a checkpoint', 'native'));
  }

  errno(): number {
    return this.#callout.errno();
  }
}
