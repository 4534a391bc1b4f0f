/**
 * Callbacks of the executors that use koffi. C calls a function that koffi made; its arguments come as plain values, here or
 * from the child, and are answered in kind. C frames cannot be abandoned there: after an error C goes on, with the value given
 * for errors or zero, and the callout throws the error when it has returned.
 *
 * A released callback stays registered for a while, so that a call of it can be told by its name.
 */
import { Address, CString, exact } from '../address.ts';
import { Callback, type CallbackFunction, type CallbackHome, type CallbackOptions } from '../callbacks/callback.ts';
import {
  badSignatureError,
  callbackResultError,
  closedError,
  noCallbackError,
  notAvailableError,
  releasedCallbackError,
} from '../errors.ts';
import { expectedText, fits } from '../types/check-argument.ts';
import { type CType, isCharPointer } from '../types/scalar-types.ts';
import type { Signature } from '../types/signature.ts';
import type { ResultValue } from '../values.ts';
import { checkDefault } from './callback-default.ts';
import type { ExecutorKind } from './executor.ts';
import type { PlainValue } from './koffi-functions.ts';
import { type PlainSignature, plainCallbackSignature } from './koffi-types.ts';

/** koffi has room for 8,192; some are left to the program's own use of it. */
const mostCallbacks = 8000;

/** What callbacks need of their executor. */
export interface PlainCallbackOwner {
  readonly kind: ExecutorKind;
  readonly generation: number;
  /** Makes the C function for callback `id` in the present process; answers its address. */
  register(id: number, signature: PlainSignature): bigint;
  /** Copies a string to C's memory. */
  keepText(bytes: Uint8Array): Address;
  free(address: Address): void;
  text(address: bigint): ResultValue;
  /** The fault of a released callback that was called. */
  released(callback: Callback): Error;
  /** An error that no callout is there to throw. */
  report(error: unknown): void;
}

interface Entry {
  readonly callback: Callback;
  readonly plain: PlainSignature;
  /** Its address, and the generation that it holds in. */
  address: bigint;
  generation: number;
  /** A string result of the last call; it lives until the next. */
  text: Address | undefined;
}

/** A callout under way, and the first error of the callbacks that came in it. */
export interface CallbackFrame {
  failed: boolean;
  error: unknown;
}

export class PlainCallbacks implements CallbackHome {
  readonly #owner: PlainCallbackOwner;
  readonly #entries: Entry[] = [];
  readonly #ids = new Map<Callback, number>();
  readonly #released: number[] = [];
  readonly #frames: CallbackFrame[] = [];
  readonly #loose: CallbackFrame = { failed: false, error: undefined };

  constructor(owner: PlainCallbackOwner) {
    this.#owner = owner;
  }

  create(
    name: string,
    signature: Signature,
    fn: CallbackFunction | undefined,
    options: CallbackOptions = {},
  ): Callback {
    checkDefault(name, signature, options);
    if (signature.variadicFrom !== undefined)
      throw badSignatureError(name, 'a callback cannot have variable arguments: nothing tells how many came');
    if (fn === undefined) throw notAvailableError(`callback ${name} without a function`, this.#owner.kind);
    const plain = plainCallbackSignature(name, signature);
    const callback = new Callback(this, name, signature, fn, options);
    // An id is a C function of a signature: that of a released callback serves another of equal signature only.
    const reused = this.#entries.length < mostCallbacks ? -1 : this.#reusable(plain);
    const id = reused < 0 ? this.#entries.length : this.#released.splice(reused, 1)[0]!;
    if (id >= mostCallbacks) throw noCallbackError(name, mostCallbacks);
    const former = this.#entries[id];
    if (former !== undefined) this.#ids.delete(former.callback);
    const { address, generation } = former ?? { address: 0n, generation: 0 };
    this.#entries[id] = { callback, plain, address, generation, text: undefined };
    this.#ids.set(callback, id);
    return callback;
  }

  addressOf(callback: Callback): Address {
    if (callback.released) throw releasedCallbackError(callback.name);
    const address = this.pointerTo(callback);
    if (address === undefined) throw closedError(`the session of callback ${callback.name}`);
    return new Address(exact(address), this.#owner.generation);
  }

  forget(callback: Callback): void {
    this.#released.push(this.#ids.get(callback)!);
  }

  /** Where C finds it; undefined for one of another session or a released one. */
  pointerTo(callback: Callback): bigint | undefined {
    const id = this.#ids.get(callback);
    if (id === undefined || callback.released) return undefined;
    const entry = this.#entries[id]!;
    if (entry.generation !== this.#owner.generation) {
      entry.address = this.#owner.register(id, entry.plain);
      entry.generation = this.#owner.generation;
      entry.text = undefined;
    }
    return entry.address;
  }

  /** Runs part of a callout: errors of callbacks that come meanwhile go to its frame. */
  within<T>(frame: CallbackFrame, run: () => T): T {
    this.#frames.push(frame);
    try {
      return run();
    } finally {
      this.#frames.pop();
    }
  }

  /** C called callback `id`; never throws. */
  answer(id: number, args: readonly PlainValue[]): PlainValue {
    const entry = this.#entries[id];
    if (entry === undefined) return 0;
    const { callback } = entry;
    try {
      if (callback.released) throw this.#owner.released(callback);
      const value = callback.fn!(...args.map((arg, i) => this.#argument(callback.signature.arguments[i]!, arg)));
      return this.#result(entry, value);
    } catch (error) {
      this.#note(error);
      return this.#default(entry);
    }
  }

  /** Throws the error of a callback that came in a callout without a frame, which has just returned. */
  throwLoose(): void {
    if (!this.#loose.failed) return;
    this.#loose.failed = false;
    throw this.#loose.error;
  }

  /** No callout has thrown it: the callback came from the event loop. */
  #reportLoose(): void {
    if (!this.#loose.failed) return;
    this.#loose.failed = false;
    this.#owner.report(this.#loose.error);
  }

  #reusable(plain: PlainSignature): number {
    return this.#released.findIndex((id) => this.#entries[id]!.plain.key === plain.key);
  }

  #note(error: unknown): void {
    const frame = this.#frames.at(-1) ?? this.#loose;
    if (!frame.failed) Object.assign(frame, { failed: true, error });
    if (frame === this.#loose) setImmediate(() => this.#reportLoose());
  }

  #default(entry: Entry): PlainValue {
    const { callback } = entry;
    const { returns } = callback.signature;
    if (callback.hasDefault && !callback.released) return this.#result(entry, callback.options.onError);
    if (returns.kind === 'void') return undefined;
    return returns.kind === 'struct' || returns.kind === 'union' ? new Uint8Array(returns.sizeBytes) : 0;
  }

  #argument(type: CType, value: PlainValue): ResultValue {
    switch (type.kind) {
      case 'bool':
        return value === true || value === 1;
      case 'pointer': {
        const address = BigInt.asUintN(64, BigInt(value as number | bigint));
        if (!isCharPointer(type) || type.readOnly !== true) return new Address(exact(address), this.#owner.generation);
        return address === 0n ? null : this.#owner.text(address);
      }
      case 'struct':
      case 'union':
        return value as Uint8Array;
      case 'float':
        return value as number;
      case 'unsigned': // koffi takes a callback's 64 bits for signed
        return exact(BigInt.asUintN(8 * type.sizeBytes, BigInt(value as number | bigint)));
      default:
        return exact(BigInt(value as number | bigint));
    }
  }

  #result(entry: Entry, value: unknown): PlainValue {
    const { callback } = entry;
    const { returns } = callback.signature;
    if (returns.kind === 'void') return undefined;
    const isText = typeof value === 'string' || value instanceof CString;
    const isBuffer = returns.kind === 'pointer' && ArrayBuffer.isView(value);
    if (isBuffer || !fits(returns, value)) throw callbackResultError(callback.name, value, expectedText(returns));
    if (isText) return this.#keepText(entry, typeof value === 'string' ? new TextEncoder().encode(value) : value.bytes);
    if (value === null) return 0;
    if (value instanceof Callback) return this.pointerTo(value) ?? 0;
    if (value instanceof Address) {
      if (value.generation !== 0 && value.generation !== this.#owner.generation)
        throw callbackResultError(callback.name, value, `an address of executor generation ${this.#owner.generation}`);
      return BigInt(value.value);
    }
    if (typeof value === 'boolean') return value ? 1 : 0;
    if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return value as PlainValue;
  }

  #keepText(entry: Entry, bytes: Uint8Array): bigint {
    if (entry.text !== undefined) this.#owner.free(entry.text);
    entry.text = this.#owner.keepText(bytes);
    return BigInt(entry.text.value);
  }
}
