/**
 * A prepared callout of the native executor: the marshaller compiled for its signature, bound to the function's address
 * of the present generation. `invoke` is the generated hot path on lane 0; everything that is not plain (another lane, a
 * fresh executor, a deadline, a fault) goes through `begin` and `end` here.
 */
import { fitsInt64, fromSigned, fromUnsigned, storeInt64 } from '../abi/int64.ts';
import { compileMarshaller, type MarshalEnvironment, type Marshaller } from '../abi/marshaller.ts';
import { Address, CString, type ExactInteger } from '../address.ts';
import { Callback } from '../callbacks/callback.ts';
import type { CallbackRequest } from '../callbacks/callback-request.ts';
import { checkCall } from '../check-input.ts';
import { argumentCountError, argumentTypeError, notAvailableError, openCallbackError } from '../errors.ts';
import { line, state } from '../protocol/layout.ts';
import { argumentRefusal, fits, takesStrings } from '../types/check-argument.ts';
import type { Signature } from '../types/signature.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import { CalloutGoesOn } from './callout-goes-on.ts';
import type { CalloutOptions, PendingCallout, PreparedCallout } from './executor.ts';
import { dead, type Lane } from './lane.ts';
import type { NativeExecutor } from './native.ts';
import { NativePendingCallout, NativeRequest } from './native-pending.ts';

/** A function that runs on for this long after both sides have looked for long is not worth looking at. */
const longCallMs = 0.1;
const looksAtLongCalls = 64;
const lookAgainAfter = 8;

/** Finds the function's address in the present executor. */
export type Resolve = () => number;

/** What a fault needs to know of the callout that stopped. */
export interface StoppedCallout extends PreparedCallout {
  /** Where the function starts in the present executor. */
  readonly address: ExactInteger;
  /** Waits for a callout that was let go on. */
  resume(lane: Lane, args: readonly ArgumentValue[]): ResultValue;
}

export class NativeCallout implements StoppedCallout {
  readonly name: string;
  readonly library: string;
  readonly signature: Signature;
  readonly invoke: (...args: ArgumentValue[]) => ResultValue;
  /** One of the engine's own, such as dlsym: it goes on beside whatever stands. */
  isOwn = false;
  readonly #executor: NativeExecutor;
  readonly #marshaller: Marshaller;
  readonly #resolve: Resolve;
  /** See MarshalEnvironment. */
  readonly #cell = new Int32Array(3);
  /** For each argument whether a string may be passed. */
  readonly #takesStrings: readonly boolean[];
  #lastLine: number;

  constructor(executor: NativeExecutor, library: string, name: string, signature: Signature, resolve: Resolve) {
    this.#executor = executor;
    this.library = library;
    this.name = name;
    this.signature = signature;
    this.#resolve = resolve;
    this.#takesStrings = signature.arguments.map(takesStrings);
    this.#lastLine = executor.domain.lineWord(0);
    this.#marshaller = this.marshaller();
    this.invoke = this.#marshaller.invoke;
  }

  call(args: readonly ArgumentValue[], options: CalloutOptions = {}): ResultValue {
    checkCall(this.name, args, this.signature.arguments.length, options);
    if (options.checkpoint === true) return this.#executor.checkpointed(this).call(args, options);
    const lane = this.begin(args, this.#laneOf(options.within));
    const { epoch } = this.#executor;
    const deadlineMs = options.deadlineMs ?? this.#executor.deadlineMs;
    return this.end(lane, this.#executor.ends.waitFor(lane, this.#executor.looks, deadlineMs), args, epoch);
  }

  start(args: readonly ArgumentValue[], options: CalloutOptions = {}): PendingCallout {
    checkCall(this.name, args, this.signature.arguments.length, options);
    if (options.checkpoint === true) return this.#executor.checkpointed(this).start(args, options);
    const lane = this.begin(args, this.#laneOf(options.within), false);
    return new NativePendingCallout(this, this.#executor, lane, args, options.deadlineMs ?? this.#executor.deadlineMs);
  }

  async(args: readonly ArgumentValue[], options: CalloutOptions = {}): Promise<ResultValue> {
    checkCall(this.name, args, this.signature.arguments.length, options);
    const deadlineMs = options.deadlineMs ?? this.#executor.deadlineMs;
    return this.#executor.news.asyncs.run((a, o) => this.#startRinging(a, o), args, { ...options, deadlineMs });
  }

  /** The executor that the callout belongs to. */
  get home(): NativeExecutor {
    return this.#executor;
  }

  errno(): number {
    return this.#executor.domain.i32[this.#lastLine + line.errno / 4]!;
  }

  /** Where the function starts in the present executor; 0 while it is not looked up. */
  get address(): ExactInteger {
    return fromUnsigned(this.#cell[0]!, this.#cell[1]!);
  }

  /** Looks the function up in the present executor unless that was done. */
  bind(): void {
    this.#executor.ensureStarted();
    if (this.#cell[0] === 0) storeInt64(this.#cell, 0, this.#resolve());
  }

  /** The executor has ended: the address is to be looked up again. */
  unbind(): void {
    this.#cell.fill(0);
  }

  /**
   * Checks and writes the frame on a lane and hands it over: on the lane that nests in the callback of `within`, in that of
   * the function that runs just now if `nests`, else on a free one.
   */
  begin(args: readonly ArgumentValue[], within?: Lane, nests = true, rings = false): Lane {
    if (args.length !== this.signature.arguments.length)
      throw argumentCountError(this.name, args.length, this.signature.arguments.length);
    this.bind();
    const told = this.isOwn ? undefined : this.#executor.ends.foreignFault(this, args);
    if (told !== undefined) throw told;
    const lane = this.#executor.lanes.take(this.name, within, nests, rings ? 1 : 0);
    lane.rings = rings;
    try {
      this.#marshaller.write(lane.word, ...args);
    } catch (error) {
      lane.buffers.reset();
      this.#executor.lanes.release(lane);
      throw error;
    }
    lane.post();
    return lane;
  }

  /** Waits for a callout that was let go on after a fault, as `call` does. */
  resume(lane: Lane, args: readonly ArgumentValue[]): ResultValue {
    const { epoch } = this.#executor;
    return this.end(lane, this.#executor.ends.waitFor(lane, this.#executor.looks, lane.deadlineMs), args, epoch);
  }

  /** A marshaller of its own, for frames that stand elsewhere than on a lane. */
  marshaller(elsewhere: Partial<MarshalEnvironment> = {}): Marshaller {
    const plan = this.#executor.target.abi.plan(this.name, this.signature);
    return compileMarshaller(this.signature, plan, { ...this.#environment(), ...elsewhere });
  }

  /** Whether a string may be passed for argument `index`. */
  takesStringAt(index: number): boolean {
    return this.#takesStrings[index] === true;
  }

  /** Takes what came of a callout: its result, or throws the fault. */
  end(lane: Lane, seen: number, args: readonly ArgumentValue[], epoch: number): ResultValue {
    this.#lastLine = lane.word;
    if (seen !== state.done) throw this.#executor.ends.faulted(this, lane, seen, args, epoch);
    // The result is read before the lane is given up: reading a string makes no callout, but a big buffer does.
    let value: ResultValue;
    try {
      value = this.#marshaller.result(lane.word);
      if (this.#marshaller.hasPointers && !lane.buffers.finish()) throw this.#executor.faults.overrun(this, lane, args);
    } finally {
      lane.buffers.reset();
      this.#executor.lanes.release(lane);
    }
    return value;
  }

  #environment(): MarshalEnvironment {
    const executor = this.#executor;
    const { i32, f32, f64, u8 } = executor.domain;
    const lane0 = executor.lanes.first;
    const types = this.signature.arguments;
    const { pendAfterMs } = executor;
    /** A refused argument leaves nothing placed; a busy lane 0 is not the one that was being written. */
    const clean = () => {
      if (!lane0.busy) lane0.buffers.reset();
    };
    const recordBytes = (index: number, value: unknown) => this.recordBytes(index, value, clean);
    /** The epoch in which the hot path's last wait began. */
    let waitedFor = executor.epoch;
    let longCalls = 0;
    const wait = () => {
      const start = performance.now();
      waitedFor = executor.epoch;
      executor.lanes.occupy(lane0);
      const seen =
        pendAfterMs === undefined
          ? executor.ends.waitFor(lane0, Math.min(executor.looks, 1), executor.deadlineMs)
          : lane0.wait(Math.min(executor.looks, 1), pendAfterMs);
      if (seen === state.done) executor.lanes.release(lane0);
      // What took long will take long again: the next calls go to sleep almost at once. A busy machine makes any call long,
      // so now and then one is looked at as before.
      const isLong = performance.now() - start > longCallMs;
      longCalls = isLong ? longCalls + 1 : 0;
      this.#cell[2] = isLong && longCalls % lookAgainAfter !== 0 ? looksAtLongCalls : 0;
      return seen;
    };
    return {
      i32,
      f32,
      f64,
      u8,
      gate: executor.lanes.gate,
      cell: this.#cell,
      weaklyOrdered: executor.target.abi.weaklyOrdered,
      line0: lane0.word,
      refuse: (index, value) => {
        clean();
        throw this.#refusal(index, value);
      },
      wide64: (word, index, value) => {
        const isInteger = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
        if (!isInteger || !fitsInt64(value, types[index]!.kind === 'signed')) {
          clean();
          throw this.#refusal(index, value);
        }
        storeInt64(i32, word, value);
      },
      pointer: (lineWord, index, value) => this.#pointer(executor.lanes.at(lineWord), index, value, clean),
      record: recordBytes,
      recordCopy: (lineWord, index, value) =>
        executor.lanes.at(lineWord).buffers.placeBytes(index + 1, recordBytes(index, value), 'ByteArray', false, false),
      resultRoom: (lineWord) => executor.lanes.at(lineWord).buffers.placeResult(this.signature.returns.sizeBytes),
      resultBytes: (lineWord) => executor.lanes.at(lineWord).buffers.resultBytes(),
      slow: (args) => (pendAfterMs === undefined ? this.call(args) : this.#callOrGoOn(args, pendAfterMs)),
      wake: () => lane0.wake(),
      handOver: () => {
        // Where others may need an answer meanwhile, the thread is only woken here; `wait` looks for them.
        const limitMs = executor.news.mayCome ? 0 : (pendAfterMs ?? Number.POSITIVE_INFINITY);
        const seen = lane0.handOver(limitMs);
        return seen === state.done ? seen : wait();
      },
      wait,
      trouble: (seen, args) => {
        // A callback may have restarted the executor in the wait: then lane 0 is another's.
        const isWord = seen < dead;
        const epoch = isWord ? executor.epoch : waitedFor;
        if (epoch === executor.epoch) executor.lanes.occupy(lane0);
        if (pendAfterMs !== undefined && (seen === state.request || seen === state.callback))
          throw this.#goesOn(lane0, args);
        const over = isWord ? executor.ends.waitFor(lane0, executor.looks, executor.deadlineMs) : seen;
        return this.end(lane0, over, args, epoch);
      },
      finish: () => lane0.buffers.finish(),
      overrun: (args) => {
        try {
          throw executor.faults.overrun(this, lane0, args);
        } finally {
          lane0.buffers.reset();
        }
      },
      signed64: fromSigned,
      unsigned64: fromUnsigned,
      address: (low, high) => new Address(fromUnsigned(low, high), executor.generation),
      text: (low, high) => executor.readResultString(this, fromUnsigned(low, high)),
    };
  }

  #callOrGoOn(args: readonly ArgumentValue[], pendAfterMs: number): ResultValue {
    const lane = this.begin(args);
    const { epoch } = this.#executor;
    const seen = lane.wait(this.#executor.looks, pendAfterMs);
    if (seen === state.request || seen === state.callback) throw this.#goesOn(lane, args);
    return this.end(lane, seen, args, epoch);
  }

  #goesOn(lane: Lane, args: readonly ArgumentValue[]): CalloutGoesOn {
    const buffers = lane.buffers.detach();
    return new CalloutGoesOn(
      new NativePendingCallout(this, this.#executor, lane, args, this.#executor.deadlineMs),
      buffers,
    );
  }

  get pends(): boolean {
    return this.#executor.pendAfterMs !== undefined;
  }

  #startRinging(args: readonly ArgumentValue[], options: CalloutOptions): PendingCallout {
    const lane = this.begin(args, undefined, false, true);
    return new NativePendingCallout(this, this.#executor, lane, args, options.deadlineMs);
  }

  #laneOf(within: CallbackRequest | undefined): Lane | undefined {
    if (within === undefined) return undefined;
    if (!(within instanceof NativeRequest) || within.executor !== this.#executor)
      throw notAvailableError(`a callout within a callback of another session`, 'native');
    if (!within.isOpen) throw openCallbackError(within.callback.name, `callout ${this.name} comes too late within it`);
    return within.lane;
  }

  /** The bytes of a record by value; `clean` runs before it is refused. */
  recordBytes(index: number, value: unknown, clean?: () => void): Uint8Array {
    if (fits(this.signature.arguments[index]!, value)) {
      const { buffer, byteOffset, byteLength } = value as ArrayBufferView;
      return value instanceof Uint8Array ? value : new Uint8Array(buffer, byteOffset, byteLength);
    }
    clean?.();
    throw this.#refusal(index, value);
  }

  /** The number of an address argument of the present executor; `clean` runs before it is refused. */
  addressOf(index: number, value: Address, clean?: () => void): number {
    if (value.generation !== 0 && value.generation !== this.#executor.generation) {
      clean?.();
      throw this.#executor.faults.stale(this, index + 1, value);
    }
    const number = Number(value.value);
    if (Number.isSafeInteger(number) && number >= 0) return number;
    clean?.();
    throw argumentTypeError(this.name, index + 1, value.toString(), 'an address below 2^53');
  }

  #pointer(lane: Lane, index: number, value: unknown, clean: () => void): number {
    const type = this.signature.arguments[index]!;
    if (typeof value === 'string' && this.#takesStrings[index] === true)
      return lane.buffers.placeString(index + 1, value);
    if (value instanceof Uint8Array) {
      const shared = this.#executor.sharedAddress(value);
      if (shared !== 0) return shared;
      return lane.buffers.placeBytes(index + 1, value, 'ByteArray', false, type.readOnly !== true);
    }
    if (value instanceof Address) return this.addressOf(index, value, clean);
    if (value instanceof Callback) {
      const pointer = this.#executor.callbacks.pointerTo(value);
      if (pointer !== undefined) return pointer;
      clean();
      if (!value.released)
        throw argumentTypeError(this.name, index + 1, value, 'a callback of the same session and domain');
    }
    if (value instanceof CString && this.#takesStrings[index] === true) {
      return lane.buffers.placeBytes(index + 1, value.bytes, 'String', true, type.readOnly !== true);
    }
    if (ArrayBuffer.isView(value)) {
      const shared = this.#executor.sharedAddress(value);
      if (shared !== 0) return shared;
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      return lane.buffers.placeBytes(index + 1, bytes, 'ByteArray', false, type.readOnly !== true);
    }
    clean();
    throw this.#refusal(index, value);
  }

  #refusal(index: number, value: unknown): Error {
    return argumentRefusal(this.name, index, this.signature.arguments[index]!, value);
  }
}
