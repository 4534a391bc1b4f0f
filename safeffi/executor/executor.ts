/**
 * An executor: where callouts run. Three kinds stand behind this interface, with one conformance suite: `native` (our
 * own process on shared memory), `portable` (a forked Node process with koffi), `direct` (koffi in this process).
 * Stable interface; a session (session.ts) is the usual way to one.
 */
import type { Address } from '../address.ts';
import type { Callback, CallbackFunction, CallbackOptions } from '../callbacks/callback.ts';
import type { CallbackRequest } from '../callbacks/callback-request.ts';
import type { Signature } from '../types/signature.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import type { Checkpoint } from './checkpoints.ts';
import type { ConfineChoice } from './confinement.ts';
import type { ExecutorLimits } from './limits.ts';
import type { BufferOptions } from './shared-buffers.ts';
import type { SpareChoice } from './spare-executor.ts';
import type { Taint } from './taint.ts';

export type ExecutorKind = 'native' | 'portable' | 'direct';

export interface ExecutorOptions {
  /** The longest that a callout may take; a later one ends in `CalloutTimeout`. Default: no limit. */
  readonly deadlineMs?: number;
  /** How a `char *` result comes back: decoded as UTF-8, or as its bytes. Default: text. */
  readonly strings?: 'text' | 'bytes';
  /**
   * The longest that `invoke` waits for a callout, in milliseconds: one that goes on throws CalloutGoesOn, as one does that
   * waits in a callback without a function. For a VM, which has other work. Native executor only. Default: no limit.
   */
  readonly pendAfterMs?: number;
  /** Spin before sleeping while a callout runs. Default: yes on more than one core. */
  readonly spin?: boolean;
  /**
   * Takes the errors of callbacks on threads that C made, which belong to no callout; C gets the callback's `onError` or
   * zero. Default: the error is thrown on the event loop.
   */
  readonly onCallbackError?: (error: unknown) => void;
  /**
   * Called when a callback without a function was called on a thread that C made: `takeRequests` has its request. From
   * `poll`, from a wait for any callout, or from the event loop.
   */
  readonly onCallbackRequest?: () => void;
  /** Environment variables to let through beside the few that a C library needs (HOME, LANG, LC_*, PATH, TZ, TMPDIR…). */
  readonly environment?: Readonly<Record<string, string>>;
  /** What C code may use. Native executor only. */
  readonly limits?: ExecutorLimits;
  /**
   * Keep C code from other processes: their signals, memory and descriptors (docs/library/security.md); those that it starts
   * itself stay within its reach. `'tracing'`, `'filter'`: as Linux before 6.12, or without Landlock, can. Default: true. Native executor only.
   */
  readonly confine?: ConfineChoice;
  /**
   * Keep an executor started ahead once a restart was needed: `true` with the libraries loaded, `'bare'` without. Default:
   * true. Native executor only.
   */
  readonly spare?: SpareChoice;
}

/** Per callout, over what the session has. */
export interface CalloutOptions {
  readonly deadlineMs?: number | undefined;
  /** Take a checkpoint before the call, so that a fault can be rolled back. Native executor only. */
  readonly checkpoint?: boolean | undefined;
  /** The open request of a callback that the callout is to nest in: it runs on the same thread, as C would call it. */
  readonly within?: CallbackRequest | undefined;
}

/** `callback`: C waits for the answer to a request. `abandoned`: by the request of one of its callbacks. */
export type PendingState = 'running' | 'done' | 'fault' | 'callback' | 'abandoned';

/** A callout under way: for a VM that runs other work meanwhile. */
export interface PendingCallout {
  /** True once the callout has returned or faulted, or waits in a callback that has no function: a look at a word. */
  poll(): boolean;
  /** What `poll` found out. */
  readonly state: PendingState;
  /** The callback that C waits in, in state `callback`; one that has a function is answered by `poll` and the waits. */
  callback(): CallbackRequest | undefined;
  /** Waits at most `timeoutMs`; answers `poll()`. */
  wait(timeoutMs: number): boolean;
  /** Stops it where it is: it becomes a fault of kind CalloutInterrupted, unless it is over by then or waits in a callback. */
  interrupt(): void;
  /** Waits as long as it takes and answers the result; throws FFIFault on a fault. Once only. */
  result(): ResultValue;
}

/** A function with its signature, ready to be called any number of times, across restarts of the executor. */
export interface PreparedCallout {
  readonly name: string;
  readonly library: string;
  readonly signature: Signature;
  /** The fast way: takes exactly as many arguments as the signature has, one by one, and allocates nothing for scalars. */
  readonly invoke: (...args: ArgumentValue[]) => ResultValue;
  /** `invoke` throws CalloutGoesOn rather than wait for long. */
  readonly pends?: boolean;
  /** Throws CalloutError when an argument does not fit, FFIFault on a fault. */
  call(args: readonly ArgumentValue[], options?: CalloutOptions): ResultValue;
  start(args: readonly ArgumentValue[], options?: CalloutOptions): PendingCallout;
  /** The call beside the event loop: rejects with what `call` throws. Arguments are copied when it starts. */
  async(args: readonly ArgumentValue[], options?: CalloutOptions): Promise<ResultValue>;
  /** C's errno as the last call of this callout left it. */
  errno(): number;
}

/**
 * Many independent calls of one function, handed over at once. `add` takes what the function takes, but buffers that C
 * writes into: nothing is copied back. Calls run in order. A call that faults ends `run` with a BatchFault that tells its
 * index: those before it are done, those behind it have not run, and answering or retrying it goes on with them.
 */
export interface CalloutBatch {
  readonly capacity: number;
  /** How many were added. */
  readonly size: number;
  /** How many have run. */
  readonly done: number;
  /** Adds a call; answers its index. Throws CalloutError when an argument does not fit, or the batch is full. */
  readonly add: (...args: ArgumentValue[]) => number;
  /** Runs what was added since the last run. A deadline is that of all of them together. */
  run(options?: CalloutOptions): void;
  /** The result of a call that has run. */
  result(index: number): ResultValue;
  /** Forgets the calls and their results. */
  clear(): void;
  /** Gives the room back; it is given back too when the batch is garbage. */
  close(): void;
}

export interface AllocateOptions {
  /** Free it when nothing refers to the Address any more; an Address made of it by `plus` does not count. Default: no. */
  readonly autoFree?: boolean;
}

/** Memory of the executor; every address is checked: a bad one ends in FFIFault (MemoryViolation), a stale one likewise. */
export interface ExecutorMemory {
  read(address: Address, sizeBytes: number): Uint8Array;
  write(address: Address, bytes: ArrayBufferView): void;
  /** C's `malloc`, zeroed. Throws CalloutError `no-memory`. */
  allocate(sizeBytes: number, options?: AllocateOptions): Address;
  /** C's `free` of what `allocate` gave; anything else is an FFIFault (MemoryViolation), and nothing is called. */
  free(address: Address, options?: FreeOptions): void;
  /** What `allocate` gave and was not freed. */
  readonly allocations: { readonly count: number; readonly bytes: number };
  /** The bytes of the C string at `address`, without its NUL. */
  readCString(address: Address, limitBytes?: number): Uint8Array;
}

export interface FreeOptions {
  /** What C's own `malloc`, `strdup` and so on gave may be freed too; a second free of ours is refused all the same. Default: no. */
  readonly givenByC?: boolean;
}

export interface Executor {
  readonly kind: ExecutorKind;
  /** Counts from 1; goes up with each restart. */
  readonly generation: number;
  /** The process that runs the C code; undefined while there is none. */
  readonly pid: number | undefined;
  /** A callout was abandoned in place: C's state may be half changed. A restart clears it. */
  readonly tainted: boolean;
  /** What was abandoned, and how often. */
  readonly taint: Taint;
  readonly memory: ExecutorMemory;
  /** Loads the library; throws CalloutError `library-not-found` with the loader's reason. */
  loadLibrary(library: string): void;
  /** The address of a symbol; throws CalloutError `symbol-not-found` with the loader's reason. */
  symbol(library: string, name: string): Address;
  /** Resolves the symbol and compiles the marshaller. */
  prepare(library: string, name: string, signature: Signature): PreparedCallout;
  /** A callout through a function pointer of this executor. */
  prepareAddress(address: Address, name: string, signature: Signature): PreparedCallout;
  /**
   * A function of this side as one that C can call. Throws CalloutError `no-callback` when there are too many,
   * `bad-signature` for variable arguments, `callback-result` when `onError` is no such result.
   */
  callback(name: string, signature: Signature, fn: CallbackFunction | undefined, options?: CallbackOptions): Callback;
  /** A state to go back to. Throws CalloutError `checkpoint-refused` with the reason, `not-available` where there are none. */
  checkpoint(): Checkpoint;
  /** Room for `capacity` calls of a function and for `textBytes` of their strings. Throws CalloutError `batch`, `no-memory`. */
  batch(callout: PreparedCallout, capacity: number, textBytes: number): CalloutBatch;
  /** The same callout with a checkpoint before each call. Throws CalloutError `not-available`. */
  checkpointed(callout: PreparedCallout): PreparedCallout;
  /** The requests of callbacks without a function on threads that C made, which came since this was asked last. */
  takeRequests(): CallbackRequest[];
  /**
   * Answers callbacks on threads that C made and settles asynchronous callouts, as the event loop does: for a program that
   * keeps it waiting. Answers whether there was something; where there is nothing, it was a look at a few words.
   */
  poll(): boolean;
  /** Sleeps until there may be something for `poll` or a started callout may have news, at most `timeoutMs`. */
  waitForNews(timeoutMs: number): void;
  /** Memory that C and this side see at once. Throws CalloutError `not-available`, `bad-option`, `no-memory`. */
  buffer(sizeBytes: number, options?: BufferOptions): Uint8Array;
  /** Another executor of the session made guarded buffers. */
  protectGuards?(): void;
  /** Where a shared buffer, or a part of one, lies for C. Throws CalloutError `argument-type`, `not-available`. */
  addressOf(view: ArrayBufferView): Address;
  /** Starts a process ahead for the next restart. Throws CalloutError `not-available`. */
  prepareSpare(): void;
  /** Ends the process and starts a fresh one with the same libraries; addresses of before are stale. */
  restart(): void;
  close(): void;
}
