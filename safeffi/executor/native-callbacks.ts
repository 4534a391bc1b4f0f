/**
 * Callbacks of a native executor: which thunk belongs to which callback, and what happens when C calls one. The thread
 * waits in its line's state `callback`; here the arguments are read, the function is called, its result is written into
 * the same line, and the state turns back to `request`. Callouts that the function makes nest on the same thread.
 *
 * What the thread tells is not trusted: the thunk's number must be one that was given out, the nested line must lie on the
 * lane's stack below the line that C runs on; else the executor is ended. All that is read is only ever data.
 */
import { type CallbackCode, type CallbackEnvironment, compileCallback, stackWords } from '../abi/callback-code.ts';
import { fitsInt64, fromSigned, fromUnsigned, storeInt64 } from '../abi/int64.ts';
import { Address, CString } from '../address.ts';
import { Callback, type CallbackFunction, type CallbackHome, type CallbackOptions } from '../callbacks/callback.ts';
import {
  callbackResultError,
  noCallbackError,
  openCallbackError,
  releasedCallbackError,
  unansweredCallbackError,
} from '../errors.ts';
import type { Fault } from '../faults/fault.ts';
import {
  callbackRecord,
  header,
  lane as laneLayout,
  laneOffset,
  line,
  nested,
  state,
  thunkBytes,
  thunkCount,
} from '../protocol/layout.ts';
import { expectedText, fits, takesStrings } from '../types/check-argument.ts';
import type { Signature } from '../types/signature.ts';
import { dead, type Lane, refused, thrown, unanswered } from './lane.ts';
import { linux } from './linux.ts';
import type { NativeExecutor } from './native.ts';
import { NativeRequest } from './native-pending.ts';

interface Entry {
  readonly callback: Callback;
  readonly code: CallbackCode;
  /** A string result of the last call; it lives until the next. */
  text: Address | undefined;
}

export class NativeCallbacks implements CallbackHome {
  readonly #executor: NativeExecutor;
  readonly #entries: Entry[] = [];
  readonly #numbers = new Map<Callback, number>();
  /** Numbers of released callbacks; the one that was released first is used again first, when all others are taken. */
  readonly #released: number[] = [];
  readonly #codes = new Map<string, CallbackCode>();
  readonly #stack = stackWords();
  /** The one whose arguments or result are being converted. */
  #serving: Entry | undefined;
  /** The lane in whose callback a function runs: callouts nest there. */
  current: Lane | undefined;
  /** What `thrown` and `refused` are about. */
  error: unknown;
  complaint: { readonly kind: Fault['kind']; readonly summary: string } | undefined;

  constructor(executor: NativeExecutor) {
    this.#executor = executor;
  }

  /** Throws CalloutError `no-callback` where all are in use. */
  create(name: string, signature: Signature, fn: CallbackFunction | undefined, options: CallbackOptions): Callback {
    const code = this.#codeFor(name, signature);
    this.#executor.listen();
    const callback = new Callback(this, name, signature, fn, options);
    const number = this.#entries.length < thunkCount ? this.#entries.length : this.#released.shift();
    if (number === undefined) throw noCallbackError(name, thunkCount);
    const former = this.#entries[number];
    if (former !== undefined) this.#numbers.delete(former.callback);
    this.#entries[number] = { callback, code, text: undefined };
    this.#numbers.set(callback, number);
    return callback;
  }

  addressOf(callback: Callback): Address {
    if (callback.released) throw releasedCallbackError(callback.name);
    this.#executor.ensureStarted();
    return new Address(this.#addressOf(callback), this.#executor.generation);
  }

  forget(callback: Callback): void {
    this.#released.push(this.#numbers.get(callback)!);
  }

  /** Where C finds the callback, for an argument. */
  #addressOf(callback: Callback): number {
    const { i32 } = this.#executor.domain;
    const word = header.thunks / 4;
    return Number(fromUnsigned(i32[word]!, i32[word + 1]!)) + thunkBytes * this.#numbers.get(callback)!;
  }

  /** Throws CalloutError for one of another session or a released one. */
  pointerTo(callback: Callback): number | undefined {
    return callback.released || !this.#numbers.has(callback) ? undefined : this.#addressOf(callback);
  }

  /**
   * Answers the callbacks of a lane, the first of which waits, until the callout is over, sleeps, or something else than a
   * result came of one. Answers the state then: `request` after `looks` looks without news.
   */
  serve(lane: Lane, looks: number): number {
    if (lane.serving) return state.request;
    const { i32 } = this.#executor.domain;
    const { word } = lane;
    for (;;) {
      const went = this.#tryServe(lane);
      if (went !== state.request) return went;
      let left = looks;
      let seen = Atomics.load(i32, word);
      while (seen === state.request && left-- > 0) seen = Atomics.load(i32, word);
      if (seen !== state.callback) return lane.look();
    }
  }

  /** An error from here itself, such as a stack of this side that is full, ends the callout as one of the function does. */
  #tryServe(lane: Lane): number {
    try {
      return this.#serveOne(lane);
    } catch (error) {
      this.error = error;
      return thrown;
    }
  }

  /** The callback that waits on a lane, checked; undefined after condemning the executor or noting a complaint. */
  #waiting(lane: Lane): Entry | undefined {
    const { i32 } = this.#executor.domain;
    const number = i32[lane.word + line.control / 4]!;
    const offset = i32[lane.word + line.function / 4]! >>> 0;
    const lowest = laneOffset(lane.index) + laneLayout.stackGuard + laneLayout.stackGuardBytes + nested.belowLine;
    const highest = 4 * lane.word - nested.belowLine - nested.record - this.#executor.target.abi.callbackRecordBytes;
    const entry = this.#entries[number];
    if (entry === undefined || offset % 64 !== 0 || offset < lowest || offset > highest) {
      const what = entry === undefined ? `callback ${number}` : `callback ${entry.callback.name} at offset ${offset}`;
      this.#executor.condemn(`told of ${what}, which cannot be`);
      return undefined;
    }
    lane.nestedWord = offset / 4;
    return entry;
  }

  #serveOne(lane: Lane): number {
    const entry = this.#waiting(lane);
    if (entry === undefined) return dead;
    const { callback, code } = entry;
    const { fn } = callback;
    if (callback.released) {
      const summary = `callback ${callback.name} was released, and C called it`;
      this.complaint = { kind: 'ReleasedCallback', summary };
      return refused;
    }
    if (fn === undefined) return unanswered;
    const executor = this.#executor;
    const { epoch } = executor;
    const outside = this.current;
    const R = this.recordOf(lane);
    this.current = lane;
    lane.serving = true;
    executor.lanes.openGate();
    try {
      this.#prepare(entry, lane);
      const value = code.call(fn, lane.word, R);
      if (executor.epoch !== epoch) return dead;
      if (lane.left) return this.#wentOn(lane);
      this.#answer(entry, lane, value);
    } catch (error) {
      if (executor.epoch !== epoch) return dead;
      if (lane.left) return this.#wentOn(lane);
      if (!this.#answerDefault(entry, lane, error)) return thrown;
    } finally {
      if (executor.epoch === epoch) {
        this.current = outside;
        lane.serving = false;
      }
      executor.lanes.openGate();
    }
    lane.answer();
    return state.request;
  }

  /** C has jumped out of the callback: whatever its function answered or threw, the callout goes on. */
  #wentOn(lane: Lane): number {
    lane.left = false;
    const seen = lane.look();
    return seen === state.callback ? state.request : seen;
  }

  /** Answers the callback that waits on a foreign lane; an error of its function is reported, and C gets zero. */
  serveForeign(lane: Lane): number {
    const executor = this.#executor;
    const { epoch } = executor;
    const went = this.#serveOne(lane);
    if (went !== thrown) return went;
    executor.news.report(this.error);
    if (lane.hasInner) executor.ends.abandon(lane.inner, 'a callout in a callback was abandoned after an error');
    if (executor.epoch !== epoch) return dead;
    this.answerZero(lane);
    return state.request;
  }

  /** All bits of the result are zero; one in memory is left as it is. */
  answerZero(lane: Lane): void {
    const { i32 } = this.#executor.domain;
    const first = lane.word + line.result / 4;
    const entry = this.#entries[i32[lane.word + line.control / 4]!];
    const isInMemory = entry?.code.isInMemory === true;
    i32.fill(0, isInMemory ? first + 2 : first, lane.word + line.floatResult2 / 4 + 2);
    lane.answer();
  }

  /** The callback that waits on a lane, for whoever answers it; undefined where the executor told nonsense. */
  open(lane: Lane, isForeign: boolean): NativeRequest | undefined {
    const entry = this.#waiting(lane);
    if (entry === undefined) return undefined;
    this.#prepare(entry, lane);
    const args = entry.code.args(lane.word, this.recordOf(lane));
    return new NativeRequest(this.#executor, lane, entry.callback, args, isForeign);
  }

  /** Answers an open request. Throws CalloutError `callback-result`, `callback-open`. */
  close(lane: Lane, callback: Callback, value: unknown): void {
    this.#answer(this.#entries[this.#numbers.get(callback)!]!, lane, value);
    lane.answer();
  }

  unansweredError(lane: Lane, callout: string): Error {
    const entry = this.#waiting(lane);
    return unansweredCallbackError(entry?.callback.name ?? '?', callout);
  }

  /** The process has ended: texts that it held are gone. */
  reset(): void {
    this.current = undefined;
    for (const entry of this.#entries) entry.text = undefined;
  }

  recordOf(lane: Lane): number {
    return lane.nestedWord + nested.record / 4;
  }

  #answer(entry: Entry, lane: Lane, value: unknown): void {
    if (lane.hasInner) throw openCallbackError(entry.callback.name, 'a callout that it made is not over');
    this.#serving = entry;
    entry.code.answer(lane.word, this.recordOf(lane), value);
  }

  /** The value that was given for errors; false where there is none. An open callout within is abandoned. */
  #answerDefault(entry: Entry, lane: Lane, error: unknown): boolean {
    this.error = error;
    if (!entry.callback.hasDefault) return false;
    if (lane.hasInner)
      this.#executor.ends.abandon(
        lane.inner,
        `a callout in callback ${entry.callback.name} was abandoned after an error`,
      );
    if (this.#executor.pid === undefined) return false;
    this.#answer(entry, lane, entry.callback.options.onError);
    return true;
  }

  /** Copies the stack arguments to where generated code reads them. */
  #prepare(entry: Entry, lane: Lane): void {
    this.#serving = entry;
    const { stackWords: count } = entry.code;
    if (count === 0) return;
    const { i32 } = this.#executor.domain;
    const word = this.recordOf(lane) + callbackRecord.entry / 4;
    const from = Number(fromUnsigned(i32[word]!, i32[word + 1]!)) + this.#executor.target.abi.stackArguments;
    this.#read(from, this.#stack.u8.subarray(0, 8 * count));
  }

  /** Bytes that C's caller wrote for the callback; zeros where it told an address of nothing. */
  #read(from: number, into: Uint8Array): void {
    const { u8 } = this.#executor.domain;
    const start = from - this.#executor.domainBase;
    if (start >= 0 && start + into.length <= u8.length) into.set(u8.subarray(start, start + into.length));
    else if (linux().readMemory(this.#executor.pid!, BigInt(from), into) !== into.length) into.fill(0);
  }

  #codeFor(name: string, signature: Signature): CallbackCode {
    let code = this.#codes.get(signature.key);
    if (code === undefined) {
      code = compileCallback(this.#executor.target.abi, name, signature, this.#environment(signature));
      this.#codes.set(signature.key, code);
    }
    return code;
  }

  #environment(signature: Signature): CallbackEnvironment {
    const executor = this.#executor;
    const { i32, f32, f64, u8 } = executor.domain;
    const { returns } = signature;
    const refuse = (_index: number, value: unknown): never => {
      throw callbackResultError(this.#serving!.callback.name, value, expectedText(returns));
    };
    return {
      i32,
      f32,
      f64,
      u8,
      stack: this.#stack,
      refuse,
      wide64: (word, index, value) => {
        const isInteger = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
        if (!isInteger || !fitsInt64(value, returns.kind === 'signed')) refuse(index, value);
        else storeInt64(i32, word, value);
      },
      pointer: (_lineWord, index, value) => this.#pointer(returns, value) ?? refuse(index, value),
      record: (index, value) => {
        if (!fits(returns, value)) return refuse(index, value);
        const { buffer, byteOffset, byteLength } = value as ArrayBufferView;
        return new Uint8Array(buffer, byteOffset, byteLength);
      },
      copied: (low, high, sizeBytes) => {
        const bytes = new Uint8Array(sizeBytes);
        this.#read(Number(fromUnsigned(low, high)), bytes);
        return bytes;
      },
      storeResult: (low, high, bytes) => executor.memory.writeFrom(Number(fromUnsigned(low, high)), bytes),
      signed64: fromSigned,
      unsigned64: fromUnsigned,
      address: (low, high) => new Address(fromUnsigned(low, high), executor.generation),
      text: (low, high) => executor.readString(fromUnsigned(low, high), 'the string that a callback was called with'),
    };
  }

  /** The address for a pointer result; undefined for what none can be made of. */
  #pointer(type: Signature['returns'], value: unknown): number | undefined {
    if (value instanceof Callback) return this.pointerTo(value);
    if (value instanceof Address) {
      const stale = value.generation !== 0 && value.generation !== this.#executor.generation;
      return stale || typeof value.value === 'bigint' ? undefined : value.value;
    }
    if ((typeof value !== 'string' && !(value instanceof CString)) || !takesStrings(type)) return undefined;
    return this.#keepText(this.#serving!, typeof value === 'string' ? new TextEncoder().encode(value) : value.bytes);
  }

  /** A string result is copied to C's memory, where it lives until the callback's next result. */
  #keepText(entry: Entry, bytes: Uint8Array): number {
    const { memory } = this.#executor;
    if (entry.text !== undefined) memory.free(entry.text);
    entry.text = memory.allocate(bytes.length + 1);
    memory.write(entry.text, bytes);
    this.#serving = entry;
    return Number(entry.text.value);
  }
}
