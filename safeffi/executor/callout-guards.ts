/**
 * Which callouts have a checkpoint before them, and which checkpoint the faults of the call at hand go back to.
 * Invariant: `current` is set only while a guarded call is begun or finished, so that a fault raised meanwhile keeps it.
 */
import { CheckpointedCallout, type Guarding } from './checkpointed-callout.ts';
import type { Checkpoint, Checkpoints } from './checkpoints.ts';
import type { PreparedCallout } from './executor.ts';

export class CalloutGuards implements Guarding {
  readonly #checkpoints: Checkpoints;
  readonly #callouts = new WeakMap<PreparedCallout, PreparedCallout>();
  #current: Checkpoint | undefined;
  /** Why the last callout that should have had a checkpoint has none. */
  #obstacle: string | undefined;

  constructor(checkpoints: Checkpoints) {
    this.#checkpoints = checkpoints;
  }

  /** The checkpoint before the call that is being begun or finished: each of its faults keeps it. */
  get current(): Checkpoint | undefined {
    return this.#current;
  }

  /** The same callout with a checkpoint before each call; one object for each callout. */
  checkpointed(callout: PreparedCallout): PreparedCallout {
    let guarded = this.#callouts.get(callout);
    if (guarded === undefined) {
      guarded = new CheckpointedCallout(this, callout);
      this.#callouts.set(callout, guarded);
    }
    return guarded;
  }

  guard(): Checkpoint | undefined {
    const taken = this.#checkpoints.tryTake();
    this.#obstacle = typeof taken === 'string' ? taken : undefined;
    return typeof taken === 'string' ? undefined : taken;
  }

  guarded<T>(checkpoint: Checkpoint | undefined, run: () => T): T {
    const outer = this.#current;
    this.#current = checkpoint ?? outer;
    try {
      return run();
    } finally {
      this.#current = outer;
    }
  }

  /** Why a fault cannot go back to `checkpoint`, or else to the last one, or undefined. */
  rollbackObstacle(checkpoint: Checkpoint | undefined): string | undefined {
    if (checkpoint !== undefined) return checkpoint.stands ? undefined : 'its checkpoint is gone';
    return this.#checkpoints.latest === undefined ? (this.#obstacle ?? 'no checkpoint stands') : undefined;
  }
}
