/**
 * What was done to an executor that leaves C's state in doubt: a callout that was abandoned in place may have left data
 * half changed, locks held and memory unfreed; a thread that was ended likewise. A restart makes a clean executor; a
 * rollback brings back the taint of its checkpoint. Immutable, so that a checkpoint can keep it.
 */

export interface Taint {
  /** How often a callout or a thread was abandoned in place. */
  readonly count: number;
  /** What happened last, at most `taintLimit`, oldest first: `strlen was abandoned after a MemoryViolation`. */
  readonly causes: readonly string[];
}

const taintLimit = 4;
export const untainted: Taint = { count: 0, causes: [] };

export function withCause(taint: Taint, cause: string): Taint {
  return { count: taint.count + 1, causes: [...taint.causes, cause].slice(-taintLimit) };
}

/** For a report: `strlen was abandoned after a MemoryViolation, and 2 before`; undefined where nothing was. */
export function taintText({ count, causes }: Taint): string | undefined {
  const last = causes.at(-1);
  if (last === undefined) return undefined;
  return count === 1 ? last : `${last}, and ${count - 1} before`;
}
