/**
 * A batch of the native executor: generated code writes a frame for each call into shared memory, one callout of the
 * executor's own runs them all (batch-<arch>.S), and each result comes back in its frame. Nothing but the frames crosses, so a
 * call costs what its frame costs.
 *
 * The arguments are kept: a fault's report names them, a retry uses them, and a fresh executor gets the frames of the calls
 * that have not run written anew. What the executor tells of its progress is checked before it is used.
 */
import type { BatchWriter, Marshaller } from '../abi/marshaller.ts';
import { Address, CString } from '../address.ts';
import { argumentCountError, argumentTypeError, batchError, noMemoryError } from '../errors.ts';
import { FFIFault } from '../faults/ffi-fault.ts';
import { domainBase, state } from '../protocol/layout.ts';
import { argumentRefusal } from '../types/check-argument.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import { BatchFault, type FaultedBatch } from './batch-fault.ts';
import { type BatchLayout, layOutBatch } from './batch-frames.ts';
import type { CalloutBatch, CalloutOptions } from './executor.ts';
import { dead, type Lane } from './lane.ts';
import type { NativeExecutor } from './native.ts';
import type { NativeCallout, StoppedCallout } from './native-callout.ts';

const encoder = new TextEncoder();

export class NativeBatch implements CalloutBatch, FaultedBatch {
  readonly capacity: number;
  readonly add: BatchWriter;
  readonly #executor: NativeExecutor;
  readonly #callout: NativeCallout;
  readonly #marshaller: Marshaller;
  readonly #layout: BatchLayout;
  /** Of the room, in the domain. */
  readonly #start: number;
  readonly #textLimit: number;
  /** See BatchFrames. */
  readonly #at = new Int32Array(4);
  readonly #columns: readonly ArgumentValue[][];
  /** Results that do not stand in their frames: those of calls that faulted, and all before one. */
  readonly #kept = new Map<number, unknown>();
  #textEnd: number;
  #done = 0;
  #epoch: number;
  #closed = false;
  readonly #rooms: FinalizationRegistry<number>;

  /** Throws CalloutError `no-memory` where the shared memory has no room for as many. */
  constructor(executor: NativeExecutor, callout: NativeCallout, capacity: number, textBytes: number) {
    this.#executor = executor;
    this.#callout = callout;
    this.capacity = capacity;
    callout.bind();
    this.#epoch = executor.epoch;
    const { signature, name } = callout;
    const plan = executor.target.abi.plan(name, signature);
    this.#layout = layOutBatch(executor.target.abi, signature, plan, capacity, textBytes);
    const start = executor.batches.reserve(this.#layout.sizeBytes);
    if (start === undefined) throw noMemoryError(`batch of ${name}`, this.#layout.sizeBytes);
    this.#start = start;
    this.#rooms = executor.batchRooms;
    this.#rooms.register(this, start, this);
    this.#textEnd = start + this.#layout.textStart;
    this.#textLimit = start + this.#layout.sizeBytes;
    this.#columns = signature.arguments.map(() => new Array<ArgumentValue>(capacity));
    this.#marshaller = callout.marshaller({
      refuse: (index, value) => {
        throw argumentRefusal(name, index, signature.arguments[index]!, value);
      },
      pointer: (_, index, value) => this.#pointer(index, value),
      recordCopy: (lineWord, index, value) => {
        const offset = 4 * lineWord + this.#layout.copyOffsets.get(index)!;
        executor.domain.u8.set(callout.recordBytes(index, value), offset);
        return domainBase + offset;
      },
      resultRoom: (lineWord) => domainBase + 4 * lineWord + this.#layout.resultOffset,
      resultBytes: (lineWord) => {
        const offset = 4 * lineWord + this.#layout.resultOffset;
        return executor.domain.u8.slice(offset, offset + signature.returns.sizeBytes);
      },
    });
    this.#at[2] = capacity;
    this.#at[3] = this.#layout.strideBytes / 4;
    const full = (): never => {
      throw batchError(name, `it is full, its capacity is ${capacity}`);
    };
    const miscounted = (actual: number): never => {
      throw argumentCountError(name, actual, signature.arguments.length);
    };
    this.add = this.#marshaller.batchWriter({ at: this.#at, columns: this.#columns, full, miscounted });
    this.#rewind(0);
  }

  get size(): number {
    return this.#at[1]!;
  }

  get done(): number {
    return this.#done;
  }

  run(options: CalloutOptions = {}): void {
    this.#refuseClosed();
    const executor = this.#executor;
    this.#callout.bind();
    if (this.#epoch !== executor.epoch) this.#writeAgain();
    if (this.#done === this.size) return;
    const { strideBytes, stackBytes } = this.#layout;
    const [first, end] = [this.#line(this.#done), this.#line(this.size)];
    const progress = domainBase + this.#start;
    const runner = executor.loader.system('batch');
    const args = [domainBase + first, domainBase + end, strideBytes, stackBytes, progress];
    storeProgress(executor.domain.i32, this.#start / 4, domainBase + first);
    const lane = runner.begin(args);
    const { epoch } = executor;
    const deadlineMs = options.deadlineMs ?? executor.deadlineMs;
    this.#settle(lane, executor.ends.waitFor(lane, executor.looks, deadlineMs), epoch);
  }

  result(index: number): ResultValue {
    if (!Number.isInteger(index) || index < 0 || index >= this.size)
      throw batchError(this.#callout.name, `there is no call ${index}, it has ${this.size}`);
    if (index >= this.#done) throw batchError(this.#callout.name, `call ${index} has not run`);
    if (this.#kept.has(index)) return this.#kept.get(index) as ResultValue;
    if (this.#epoch !== this.#executor.epoch)
      throw batchError(this.#callout.name, `the result of call ${index} went with the executor that it stood in`);
    return this.#marshaller.result(this.#line(index) / 4);
  }

  clear(): void {
    this.#kept.clear();
    this.#done = 0;
    this.#textEnd = this.#start + this.#layout.textStart;
    this.#rewind(0);
    this.#callout.bind();
    this.#epoch = this.#executor.epoch;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rooms.unregister(this);
    this.#executor.batches.release(this.#start);
    this.#at[2] = 0;
  }

  goOn(index: number, value: unknown): void {
    this.#kept.set(index, value);
    this.#done = Math.max(this.#done, index + 1);
    this.run();
  }

  /** Takes what came of the run: all are done, or throws the fault of the call that stopped. */
  #settle(lane: Lane, seen: number, epoch: number): void {
    const executor = this.#executor;
    if (seen === state.done) {
      executor.loader.system('batch').end(lane, seen, [], epoch);
      this.#done = this.size;
      return;
    }
    const index = this.#progress();
    this.#keep(index, seen);
    const args = this.#columns.map((column) => column[index]!);
    const one: StoppedCallout = {
      name: this.#callout.name,
      library: this.#callout.library,
      signature: this.#callout.signature,
      address: this.#callout.address,
      call: (others) => this.#callout.call(others),
      invoke: this.#callout.invoke,
      start: (others, options) => this.#callout.start(others, options),
      async: (others, options) => this.#callout.async(others, options),
      errno: () => this.#callout.errno(),
      resume: (stopped) => {
        const { epoch: present } = executor;
        this.#settle(stopped, executor.ends.waitFor(stopped, executor.looks, stopped.deadlineMs), present);
        return this.result(index);
      },
    };
    const error = executor.ends.faulted(one, lane, seen, args, epoch);
    throw error instanceof FFIFault ? new BatchFault(error, this, index) : error;
  }

  /** The call that runs, as the executor tells it; the first that has not run where that makes no sense. */
  #progress(): number {
    const { i32 } = this.#executor.domain;
    const word = this.#start / 4;
    const told =
      (i32[word + 1]! * 2 ** 32 + (i32[word]! >>> 0) - domainBase - this.#line(0)) / this.#layout.strideBytes;
    return Number.isInteger(told) && told >= this.#done && told < this.size ? told : this.#done;
  }

  /** Reads the results of calls before `index`, which a fresh executor would not have. */
  #keep(index: number, seen: number): void {
    const start = this.#done;
    this.#done = index;
    for (let i = start; i < index; i++) {
      try {
        this.#kept.set(i, seen === dead && this.#isText ? undefined : this.#marshaller.result(this.#line(i) / 4));
      } catch (error) {
        if (!(error instanceof FFIFault)) throw error;
        this.#kept.set(i, error.answer(undefined)); // a text that cannot be read
      }
    }
  }

  get #isText(): boolean {
    return this.#callout.signature.returns.kind === 'pointer';
  }

  /** The frames of the calls that have not run, for a fresh executor. */
  #writeAgain(): void {
    const { size } = this;
    const from = this.#done;
    this.#epoch = this.#executor.epoch;
    this.#textEnd = this.#start + this.#layout.textStart;
    this.#rewind(from);
    try {
      for (let i = from; i < size; i++) this.add(...this.#columns.map((column) => column[i]!));
    } catch (error) {
      this.#at[1] = size;
      this.#epoch = -1;
      throw error;
    }
  }

  /** The next frame to write is that of call `index`. */
  #rewind(index: number): void {
    this.#at[0] = this.#line(index) / 4;
    this.#at[1] = index;
  }

  /** Offset in the domain. */
  #line(index: number): number {
    return this.#start + this.#layout.firstLine + index * this.#layout.strideBytes;
  }

  #pointer(index: number, value: unknown): number {
    const type = this.#callout.signature.arguments[index]!;
    if (value instanceof Address) return this.#callout.addressOf(index, value);
    const takesStrings = this.#callout.takesStringAt(index);
    if (takesStrings && typeof value === 'string') return this.#place(encoder.encode(value));
    if (takesStrings && value instanceof CString) return this.#place(value.bytes);
    if (!ArrayBuffer.isView(value)) throw argumentRefusal(this.#callout.name, index, type, value);
    if (type.readOnly !== true) {
      const expected = 'an address or a pointer to const: a batch copies nothing back';
      throw argumentTypeError(this.#callout.name, index + 1, value, expected);
    }
    return this.#place(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }

  /** Copies bytes and a NUL to the room for texts; answers their address. */
  #place(bytes: Uint8Array): number {
    const offset = this.#textEnd;
    if (offset + bytes.length + 1 > this.#textLimit) {
      const left = this.#textLimit - offset;
      throw batchError(
        this.#callout.name,
        `${bytes.length + 1} bytes of text are given, there is room for ${left} more`,
      );
    }
    const { u8 } = this.#executor.domain;
    u8.set(bytes, offset);
    u8[offset + bytes.length] = 0;
    this.#textEnd = (offset + bytes.length + 8) & ~7;
    return domainBase + offset;
  }

  #refuseClosed(): void {
    if (this.#closed) throw batchError(this.#callout.name, 'it is closed');
  }
}

function storeProgress(i32: Int32Array, word: number, address: number): void {
  i32[word] = address | 0;
  i32[word + 1] = Math.floor(address / 2 ** 32);
}
