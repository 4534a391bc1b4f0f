/**
 * The fault record as the handler of the native executor wrote it. Its head is copied out of shared memory at once; frames
 * and message when somebody first looks, or when the thread is about to go on (`keep`): the handler walks the stack while
 * this side makes an error of the fault. Decoded when asked for: a program that answers a fault and goes on needs few of its
 * words. Nothing in it is trusted: counts are cut to their limits, words are taken as they are and only named later.
 */
import { fromUnsigned } from '../abi/int64.ts';
import type { ExactInteger } from '../address.ts';
import { foreignSlot, lane as laneLayout, laneOffset, record, registerNamesOf } from '../protocol/layout.ts';

const headWords = record.frames / 4;
const headsInSlab = 16;

/** What the walk of the stack told. */
interface Walk {
  readonly complete: boolean;
  readonly frames: readonly ExactInteger[];
  readonly starts: readonly ExactInteger[];
  readonly exact: readonly [number, number];
}

/** Heads share an array: one of its own each would cost more than the copy. */
let slab = new Int32Array(0);
let slabUsed = 0;

export class RawFault {
  readonly #shared: Int32Array;
  readonly #start: number;
  readonly #awaitWalk: () => void;
  readonly #head: Int32Array;
  readonly #headStart: number;
  #walk: Walk | undefined;
  #message: string | undefined;

  /**
   * Reads the record that begins `offset` bytes into the shared memory. `awaitWalk` waits until the frames are there, or
   * cannot come any more; called where they are not yet.
   */
  constructor(i32: Int32Array, offset: number, awaitWalk: () => void) {
    this.#shared = i32;
    this.#start = offset / 4;
    this.#awaitWalk = awaitWalk;
    if (slabUsed === slab.length) {
      slab = new Int32Array(headsInSlab * headWords);
      slabUsed = 0;
    }
    this.#head = slab;
    this.#headStart = slabUsed;
    for (let i = 0; i < headWords; i++) slab[slabUsed + i] = i32[this.#start + i]!;
    slabUsed += headWords;
  }

  /** Copies frames and message; nothing is read from the shared memory any more. */
  keep(): void {
    void this.#walked;
    void this.message;
  }

  get kind(): number {
    return this.#word(record.kind);
  }
  get signal(): number {
    return this.#word(record.signal);
  }
  get code(): number {
    return this.#word(record.code);
  }
  get status(): number {
    return this.#word(record.status);
  }
  get senderPid(): number {
    return this.#word(record.senderPid);
  }
  get threadId(): number {
    return this.#word(record.threadId);
  }
  get address(): ExactInteger {
    return this.#long(record.address);
  }
  /** The low half: all bits that are known lie there. */
  get errorCode(): number {
    return this.#word(record.errorCode);
  }
  get trap(): number {
    return this.#word(record.trap);
  }
  /** The backtrace reached the callout. */
  get complete(): boolean {
    return this.#walked.complete;
  }

  get registers(): Readonly<Record<string, ExactInteger>> {
    const registers: Record<string, ExactInteger> = {};
    this.#registerNames.forEach((name, i) => {
      registers[name] = this.#long(record.registers + 8 * i);
    });
    return registers;
  }

  /** One register, or undefined where the record has none. */
  register(name: string): ExactInteger | undefined {
    const index = this.#registerNames.indexOf(name);
    return index >= 0 ? this.#long(record.registers + 8 * index) : undefined;
  }

  get programCounter(): ExactInteger | undefined {
    return this.register('rip') ?? this.register('pc');
  }

  get stackPointer(): ExactInteger | undefined {
    return this.register('rsp') ?? this.register('sp');
  }

  /** Where the last call returns to, on a machine that keeps it in a register. */
  get linkRegister(): ExactInteger | undefined {
    return this.register('x30');
  }

  /** Code addresses, innermost first. */
  get frames(): readonly ExactInteger[] {
    return this.#walked.frames;
  }

  /** Whether frame `index` is an instruction where a signal came, or else a return address. */
  isExact(index: number): boolean {
    return ((this.#walked.exact[index < 32 ? 0 : 1] >>> (index & 31)) & 1) === 1;
  }

  /** The start of the function of frame `index`; 0 where that is not known. */
  start(index: number): ExactInteger {
    return this.#walked.starts[index] ?? 0;
  }

  /** What C said before it aborted, or the program that it wanted to become; empty where it said nothing. */
  get message(): string {
    this.#message ??= this.#readMessage();
    return this.#message;
  }

  get #registerNames(): readonly string[] {
    return registerNamesOf(this.#word(record.registerCount));
  }

  /** Read once; the record is the next fault's when this thread has gone on. */
  get #walked(): Walk {
    this.#walk ??= this.#readWalk();
    return this.#walk;
  }

  #readWalk(): Walk {
    const words = this.#shared;
    const at = (offset: number) => words[this.#start + offset / 4]!;
    if (Atomics.load(words, this.#start + record.walked / 4) === 0) this.#awaitWalk();
    const count = Math.min(Math.max(at(record.frameCount), 0), record.frameLimit);
    const frames: ExactInteger[] = [];
    const starts: ExactInteger[] = [];
    for (let offset = 0; offset < 8 * count; offset += 8) {
      frames.push(fromUnsigned(at(record.frames + offset), at(record.frames + offset + 4)));
      starts.push(fromUnsigned(at(record.starts + offset), at(record.starts + offset + 4)));
    }
    const exact = [at(record.exactFrames), at(record.exactFrames + 4)] as const;
    return { complete: at(record.complete) === 1, frames, starts, exact };
  }

  #readMessage(): string {
    const length = Math.min(Math.max(this.#word(record.messageBytes), 0), record.messageLimit);
    if (length === 0) return '';
    const { buffer, byteOffset } = this.#shared;
    return Buffer.from(buffer, byteOffset + 4 * this.#start + record.message, length)
      .toString('utf8')
      .trimEnd();
  }

  #word(offset: number): number {
    return this.#head[this.#headStart + offset / 4]!;
  }

  #long(offset: number): ExactInteger {
    return fromUnsigned(this.#word(offset), this.#word(offset + 4));
  }
}

/** Where the record of a lane's thread lies in the shared memory, in bytes. */
export const laneRecord = (laneIndex: number): number => laneOffset(laneIndex) + laneLayout.record;

/** Where the record of a thread that C made lies. */
export const foreignRecord = (slotIndex: number): number => foreignSlot.base + slotIndex * foreignSlot.stride;
