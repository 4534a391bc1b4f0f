/**
 * Where the calls of the direct and the portable executor run, as plain-executor.ts sees it: values are plain (plain-values.ts),
 * what does not return is a PlainFailure, what is not found a NotFound.
 */
import type { Fault } from '../faults/fault.ts';
import type { ExecutorKind, PreparedCallout } from './executor.ts';
import type { PlainValue } from './koffi-functions.ts';
import type { PlainSignature } from './koffi-types.ts';
import type { FaultOrigin } from './plain-fault.ts';

/** What a call left behind. `args` are the buffers as C left them. */
export interface PlainOutcome {
  readonly value: PlainValue;
  readonly args: readonly PlainValue[];
  readonly errno: number;
}

/** The way in which a call did not return. */
export class PlainFailure extends Error {
  readonly kind: Fault['kind'];
  readonly signal: string | undefined;

  constructor(kind: Fault['kind'], summary: string, signal?: string) {
    super(summary);
    this.kind = kind;
    this.signal = signal;
  }
}

/** A call under way. */
export interface PlainPending {
  poll(): boolean;
  wait(timeoutMs: number): boolean;
  /** Throws PlainFailure. */
  outcome(deadlineMs: number | undefined): PlainOutcome;
}

/** Where the calls run. Each may throw PlainFailure, and NotFound where something is looked up. */
export interface PlainBackend {
  readonly kind: Exclude<ExecutorKind, 'native'>;
  readonly generation: number;
  readonly pid: number | undefined;
  load(library: string): void;
  symbol(library: string, name: string): bigint;
  /** A faster `invoke` for the function, where there is one; it tells errno after each call. */
  compileInvoke?(
    origin: FaultOrigin,
    tookErrno: (errno: number) => void,
    general: PreparedCallout['invoke'],
  ): PreparedCallout['invoke'] | undefined;
  /** Starts a fresh process where the last has died, so that `generation` is that of the next call. */
  revive(): void;
  start(origin: FaultOrigin, address: bigint | undefined, args: readonly PlainValue[]): PlainPending;
  /** The call beside the event loop; undefined where it is to be polled for. */
  async?(
    origin: FaultOrigin,
    address: bigint | undefined,
    args: readonly PlainValue[],
  ): Promise<PlainOutcome> | undefined;
  /** Whoever answers callbacks; it never throws. */
  attach(answer: (id: number, args: readonly PlainValue[]) => PlainValue): void;
  /** The address of a C function that calls back with `id`. */
  register(id: number, signature: PlainSignature): bigint;
  /** Answers how many bytes were copied. */
  read(address: bigint, into: Uint8Array): number;
  write(address: bigint, from: Uint8Array): number;
  restart(): void;
  close(): void;
}
