/**
 * A session: its executors, mostly one, and the libraries used through them. The face of safeffi for TypeScript and for the
 * VM's FFI primitives: `openSession({ ffi: 'safe' }).library('libc.so.6').function('abs', { returns: 'int', arguments: ['int'] })`.
 * Stable interface.
 */
import { Address, exact } from './address.ts';
import type { Callback, CallbackFunction, CallbackOptions } from './callbacks/callback.ts';
import type { CallbackRequest } from './callbacks/callback-request.ts';
import { parseCallbackType } from './callbacks/callback-type.ts';
import { checkAddressValue, checkFunction, checkName, inputError } from './check-input.ts';
import { checkLibraryOptions, checkSessionOptions } from './check-options.ts';
import type { DeclaredBy } from './declarations/declared-by.ts';
import { type DeclarationOptions, parseDeclarations } from './declarations/parse-declarations.ts';
import { type DeclaredRecords, declaredLibrary } from './declared-library.ts';
import { batchError, closedError } from './errors.ts';
import type { Checkpoint } from './executor/checkpoints.ts';
import { chooseExecutor, type ExecutorChoice } from './executor/choose-executor.ts';
import type { CalloutBatch, Executor, ExecutorMemory, ExecutorOptions, PreparedCallout } from './executor/executor.ts';
import { mainDomain, SessionParts } from './executor/session-parts.ts';
import type { BufferOptions } from './executor/shared-buffers.ts';
import { parseSignature, type Signature, type SignatureText } from './types/signature.ts';
import type { ArgumentValue, ResultValue } from './values.ts';

const shortWaitMs = 2;

export interface SessionOptions extends ExecutorOptions {
  /** Where callouts run; `safe` is native, or portable where there is no native executor. Default: `safe`. */
  readonly ffi?: ExecutorChoice;
  /** Take a checkpoint before every callout, so that each fault can be rolled back. Default: no. */
  readonly checkpoint?: boolean;
  /**
   * `one`: all libraries share an executor, as they share a process elsewhere. `each`: every library has its own, so that a
   * fault or a restart of one leaves the others as they are; addresses cannot be passed between them. Default: one.
   */
  readonly domains?: 'one' | 'each';
}

export interface LibraryOptions {
  /** The name of the executor that the library is loaded in; those with the same name share it. Native executor only. */
  readonly domain?: string;
  /** Take a checkpoint before every callout of this library. Default: what the session has. */
  readonly checkpoint?: boolean;
}

/** A C function that is called like a JavaScript function; `callout` is the whole surface. */
export interface CFunction {
  (...args: ArgumentValue[]): ResultValue;
  readonly callout: PreparedCallout;
  /** The same call, beside the event loop. */
  async(...args: ArgumentValue[]): Promise<ResultValue>;
}

export class Library {
  readonly name: string;
  readonly session: Session;
  readonly #callouts = new Map<string, PreparedCallout>();
  readonly #checkpoint: boolean;

  /** The executor that the library is loaded in. */
  readonly executor: Executor;

  constructor(session: Session, name: string, executor: Executor, options: LibraryOptions = {}) {
    this.session = session;
    this.name = name;
    this.executor = executor;
    this.#checkpoint = options.checkpoint ?? false;
  }

  /** The function as a callout; equal name and signature give the same object. */
  prepare(name: string, text: SignatureText): PreparedCallout {
    return this.#prepared(name, parseSignature(name, text));
  }

  #prepared(name: string, signature: Signature): PreparedCallout {
    checkName(`library ${this.name}: the name of the function`, name);
    const key = `${name} ${signature.key} ${signature.argumentNames?.join(',') ?? ''}`;
    let callout = this.#callouts.get(key);
    if (callout === undefined) {
      const { executor } = this;
      callout = executor.prepare(this.name, name, signature);
      if (this.#checkpoint) callout = executor.checkpointed(callout);
      this.#callouts.set(key, callout);
    }
    return callout;
  }

  /** The function as a JavaScript function. */
  function(name: string, text: SignatureText): CFunction {
    return this.bind(name, parseSignature(name, text));
  }

  /** The same for a signature that is resolved already. */
  bind(name: string, signature: Signature): CFunction {
    const callout = this.#prepared(name, signature);
    const count = callout.signature.arguments.length;
    const { invoke } = callout;
    const call = (...args: ArgumentValue[]): ResultValue =>
      args.length === count ? invoke(...args) : callout.call(args);
    return Object.assign(call, { callout, async: (...args: ArgumentValue[]) => callout.async(args) });
  }

  /**
   * C declarations as text; answers an object with the functions and enum constants as properties, and `struct(name)` and
   * `union(name)` for the records. TypeScript reads a text that is a literal (declarations/declared-by.ts); a type parameter
   * tells it more. Throws CalloutError `bad-declaration`; reading a function that the library lacks throws
   * `symbol-not-found`.
   */
  declare<Text extends string>(text: Text, options?: DeclarationOptions): DeclaredBy<Text> & DeclaredRecords;
  declare<Declared extends object>(text: string, options?: DeclarationOptions): Declared & DeclaredRecords;
  declare(text: string, options?: DeclarationOptions): object {
    const { executor } = this;
    const home = {
      get generation() {
        return executor.generation;
      },
      get memory() {
        return executor.memory;
      },
      callback: (signature: Signature, fn: CallbackFunction, name: string) =>
        executor.callback(name, signature, fn, {}),
    };
    return declaredLibrary(this, parseDeclarations(text, options), home);
  }

  symbol(name: string): Address {
    checkName(`library ${this.name}: the name of the symbol`, name);
    return this.executor.symbol(this.name, name);
  }

  /** As `session.callback`, for C code of this library's domain. */
  callback(
    type: string | SignatureText | Signature,
    fn?: CallbackFunction | undefined,
    options: CallbackOptions = {},
  ): Callback {
    return callbackOf(this.executor, type, fn, options);
  }
}

function callbackOf(
  executor: Executor,
  type: string | SignatureText | Signature,
  fn: CallbackFunction | undefined,
  options: CallbackOptions,
): Callback {
  const { name, signature } = parseCallbackType(type);
  if (fn !== undefined) checkFunction(`callback ${options.name ?? name ?? 'callback'}: its function`, fn);
  return executor.callback(options.name ?? name ?? 'callback', signature, fn, options);
}

export class Session {
  readonly #libraries = new Map<string, Library>();
  readonly #options: SessionOptions;
  /** By domain. */
  readonly #executors = new Map<string, Executor>();
  readonly #parts = new SessionParts();
  #closed = false;

  constructor(options: SessionOptions) {
    checkSessionOptions(options);
    this.#options = options;
  }

  /** That of the main domain; started by the first use. */
  get executor(): Executor {
    return this.executorOf(mainDomain);
  }

  /** The executor of a domain; started by the first use. Throws CalloutError `not-available`, `executor-start`, `closed`. */
  executorOf(domain: string): Executor {
    if (this.#closed) throw closedError('the session');
    let executor = this.#executors.get(domain);
    if (executor === undefined) {
      executor = chooseExecutor(this.#options.ffi ?? 'safe', this.#options, this.#parts, domain);
      this.#executors.set(domain, executor);
    }
    return executor;
  }

  /** The domains that were used so far. */
  get domains(): readonly string[] {
    return [...this.#executors.keys()];
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** True once something was called in the main domain: the process exists. */
  get started(): boolean {
    return this.#executors.has(mainDomain);
  }

  get memory(): ExecutorMemory {
    return this.executor.memory;
  }

  /** A library by file name or path, as the loader finds it; loaded by this call, so a missing one is known at once. */
  library(name: string, options: LibraryOptions = {}): Library {
    checkName('the name of the library', name, true);
    checkLibraryOptions(options);
    const checkpoint = options.checkpoint ?? this.#options.checkpoint ?? false;
    const domain = options.domain ?? (this.#options.domains === 'each' ? name : mainDomain);
    const key = `${checkpoint} ${domain} ${name}`;
    const known = this.#libraries.get(key);
    if (known !== undefined) return known;
    const executor = this.executorOf(domain);
    executor.loadLibrary(name);
    const library = new Library(this, name, executor, { checkpoint });
    this.#libraries.set(key, library);
    return library;
  }

  /**
   * A state of C's memory to go back to, with `rollback()` of the answer or of a fault. Throws CalloutError
   * `checkpoint-refused` with the reason, `not-available` where the executor has no checkpoints.
   */
  checkpoint(): Checkpoint {
    return this.executor.checkpoint();
  }

  /** A callout was abandoned in place since the executor started: C's state may be half changed. `executor.taint` says which. */
  get tainted(): boolean {
    return [...this.#executors.values()].some((executor) => executor.tainted);
  }

  /**
   * Memory that C and this side see at once: passed to a callout it is not copied. It lives as long as any view of it, over
   * restarts and rollbacks. Throws CalloutError `bad-option`, `no-memory`; `not-available` with the portable executor.
   */
  buffer(sizeBytes: number, options: BufferOptions = {}): Uint8Array {
    const { executor } = this;
    const bytes = executor.buffer(sizeBytes, options);
    if (options.guard === true)
      for (const other of this.#executors.values()) if (other !== executor) other.protectGuards?.();
    return bytes;
  }

  /** Where a shared buffer lies for C, in every domain. Throws CalloutError `argument-type` for other bytes. */
  addressOf(view: ArrayBufferView): Address {
    return this.executor.addressOf(view);
  }

  /** An address of the present executor from an integer. */
  address(value: number | bigint): Address {
    checkAddressValue('the address', value);
    return new Address(typeof value === 'bigint' ? exact(value) : value, this.executor.generation);
  }

  /**
   * A function of this side as one that C can call: `session.callback('int (*)(const void *, const void *)', (a, b) => …)`. It
   * lives until `release()`. Without a function its requests are answered by whoever started the callout.
   * Throws CalloutError `bad-type`, `bad-declaration`, `bad-signature`, `no-callback`; `callback-result` for an `onError`
   * that is no such result.
   */
  callback(
    type: string | SignatureText | Signature,
    fn?: CallbackFunction | undefined,
    options: CallbackOptions = {},
  ): Callback {
    return callbackOf(this.executor, type, fn, options);
  }

  /**
   * Room for `capacity` calls of a function that are handed over at once, and for `textBytes` of the strings and constant
   * buffers of all of them. Throws CalloutError `batch` or `no-memory`.
   */
  batch(callout: PreparedCallout | CFunction, capacity: number, textBytes = 0): CalloutBatch {
    const one = typeof callout === 'function' ? callout.callout : callout;
    if (typeof one?.invoke !== 'function')
      throw inputError('the function of the batch', callout, 'a function of a library, or a prepared callout');
    for (const [what, count, least] of [
      ['capacity', capacity, 1],
      ['room for text', textBytes, 0],
    ] as const)
      if (!Number.isSafeInteger(count) || count < least)
        throw batchError(one.name, `its ${what} is ${count}, expected an integer from ${least} on`);
    return this.executor.batch(one, capacity, textBytes);
  }

  /** See `Executor.takeRequests`, `poll` and `waitForNews`. They start nothing. */
  takeRequests(): CallbackRequest[] {
    return [...this.#executors.values()].flatMap((executor) => executor.takeRequests());
  }

  poll(): boolean {
    let served = false;
    for (const executor of this.#executors.values()) served = executor.poll() || served;
    return served;
  }

  waitForNews(timeoutMs: number): void {
    // One executor can be slept over; of several each gets a look after a short while.
    this.executor.waitForNews(this.#executors.size > 1 ? Math.min(timeoutMs, shortWaitMs) : timeoutMs);
  }

  /**
   * Starts a process ahead, so that the next restart finds it; it boots meanwhile. Throws CalloutError `not-available` with
   * the option `spare: false`, and with executors that have none.
   */
  prepareSpare(domain = mainDomain): void {
    this.executorOf(domain).prepareSpare();
  }

  /** Restarts the executor of a domain; the others go on as they are. */
  restart(domain = mainDomain): void {
    this.executorOf(domain).restart();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const executor of this.#executors.values()) executor.close();
    this.#executors.clear();
    this.#parts.close();
  }
}

export function openSession(options: SessionOptions = {}): Session {
  return new Session(options);
}
