/**
 * The fault record as the handler of the native executor wrote it, copied out of shared memory once and decoded when it is
 * asked for: a program that answers a fault and goes on needs few of its words. Nothing in it is trusted: counts are cut
 * to their limits, words are taken as they are and only named later.
 */
import { fromUnsigned } from '../abi/int64.ts';
import type { ExactInteger } from '../address.ts';
import { foreignSlot, lane as laneLayout, laneOffset, record, registerNamesOf } from '../protocol/layout.ts';

const recordWords = (record.exactFrames + 8) / 4;

export class RawFault {
  readonly #words: Int32Array;
  #frames: readonly ExactInteger[] | undefined;

  /** Copies the record that begins `offset` bytes into the shared memory. */
  constructor(i32: Int32Array, offset: number) {
    this.#words = i32.slice(offset / 4, offset / 4 + recordWords);
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
    return this.#word(record.complete) === 1;
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
    this.#frames ??= Array.from({ length: this.#frameCount }, (_, i) => this.#long(record.frames + 8 * i));
    return this.#frames;
  }

  /** Whether frame `index` is an instruction where a signal came, or else a return address. */
  isExact(index: number): boolean {
    return ((this.#word(record.exactFrames + (index < 32 ? 0 : 4)) >>> (index & 31)) & 1) === 1;
  }

  /** The start of the function of frame `index`; 0 where that is not known. */
  start(index: number): ExactInteger {
    return index < this.#frameCount ? this.#long(record.starts + 8 * index) : 0;
  }

  /** What C said before it aborted, or the program that it wanted to become; empty where it said nothing. */
  get message(): string {
    const length = Math.min(Math.max(this.#word(record.messageBytes), 0), record.messageLimit);
    return Buffer.from(this.#words.buffer, record.message, length).toString('utf8').trimEnd();
  }

  get #registerNames(): readonly string[] {
    return registerNamesOf(this.#word(record.registerCount));
  }

  get #frameCount(): number {
    return Math.min(Math.max(this.#word(record.frameCount), 0), record.frameLimit);
  }

  #word(offset: number): number {
    return this.#words[offset / 4]!;
  }

  #long(offset: number): ExactInteger {
    return fromUnsigned(this.#word(offset), this.#word(offset + 4));
  }
}

/** Where the record of a lane's thread lies in the shared memory, in bytes. */
export const laneRecord = (laneIndex: number): number => laneOffset(laneIndex) + laneLayout.record;

/** Where the record of a thread that C made lies. */
export const foreignRecord = (slotIndex: number): number => foreignSlot.base + slotIndex * foreignSlot.stride;
