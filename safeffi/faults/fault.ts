/**
 * What is known of a fault in C, as plain data: the closed union of kinds and the facts of a report (DESIGN 5). A fact
 * that is not known is absent, never guessed. Built by native-fault.ts from a fault record, printed by fault-report.ts.
 * Stable interface.
 */
import type { ExactInteger } from '../address.ts';

export type FaultKind =
  | 'MemoryViolation'
  | 'BufferOverrun'
  | 'StaleAddress'
  | 'IllegalInstruction'
  | 'ArithmeticFault'
  | 'CalloutAborted'
  | 'CalloutTimeout'
  | 'CalloutInterrupted'
  | 'ReleasedCallback'
  | 'ExecutorDied';

export type FaultAccess = 'read' | 'write' | 'execute';

export type FaultChoice = 'answer' | 'retry' | 'continue' | 'rollback' | 'restart' | 'terminate';

export const everyChoice: readonly FaultChoice[] = ['answer', 'retry', 'continue', 'rollback', 'restart', 'terminate'];

/** A way on from a fault. `reason` says why it is not available. */
export interface Resolution {
  readonly choice: FaultChoice;
  readonly available: boolean;
  readonly reason?: string;
}

/** The way on that a fault suggests, where it is not `answer`. */
export interface FaultAdvice {
  readonly choice: FaultChoice;
  readonly reason: string;
}

/** One frame of the C backtrace, innermost first. `certain` is false for an address found by scanning the stack. */
export interface CFrame {
  readonly address: ExactInteger;
  readonly module?: string;
  readonly moduleOffset?: number;
  readonly symbol?: string;
  readonly symbolOffset?: number;
  /** The source, where there is debug information; looked up when it is first asked for. */
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  /** Functions that the compiler put in line there, innermost first. */
  readonly inlined?: readonly string[] | undefined;
  readonly certain: boolean;
}

/** The argument that a faulting address belongs to. `offset` counts from the argument's first byte, may be negative. */
export interface FaultArgument {
  /** From 1; 0 is the memory that a record comes back in. */
  readonly position: number;
  readonly kind: 'ByteArray' | 'String';
  readonly sizeBytes: number;
  readonly offset: number;
}

export interface Fault {
  readonly kind: FaultKind;
  /** What happened, in words, after the kind and before the facts: `write at 0x0`, `exit(3) was called`. */
  readonly summary: string;
  readonly signal?: string;
  /** The meaning of the signal's code: `SEGV_ACCERR`. */
  readonly code?: string;
  readonly address?: ExactInteger;
  readonly access?: FaultAccess;
  /** The mapping that holds the address, or where it lies: `the guard page of the stack`. */
  readonly mapping?: string | undefined;
  readonly function?: string;
  readonly library?: string;
  /** `strcpy(char *dest, char *src)`. */
  readonly declaration?: string;
  readonly argument?: FaultArgument;
  readonly cFrames: readonly CFrame[];
  readonly registers?: Readonly<Record<string, ExactInteger>> | undefined;
  /** The thread's id in the executor, where C made it; `function` is the callout that the fault was noticed in. */
  readonly thread?: number;
  readonly executor: {
    readonly pid?: number;
    readonly generation: number;
    readonly kind: 'native' | 'portable' | 'direct';
  };
  /** What was abandoned in this executor before, so that C's state was in doubt already. */
  readonly taint?: string | undefined;
  /** What can be chosen, as it was when the fault came; `continue` is left to `FFIFault.choices`. */
  readonly choices: readonly FaultChoice[];
  /** What to choose rather than `answer`, and why; found out when it is first asked for. */
  readonly advice?: FaultAdvice | undefined;
}

/** Every choice for a fault; `obstacles` says why one is not available. None is once the fault is resolved. */
export function resolutionsOf(
  isResolved: boolean,
  obstacles: { readonly [choice in FaultChoice]?: string | undefined },
): Resolution[] {
  return everyChoice.map((choice) => {
    const reason = isResolved ? 'the fault was resolved before' : obstacles[choice];
    return reason === undefined ? { choice, available: true } : { choice, available: false, reason };
  });
}
