/**
 * Messages of the portable executor as bytes: 32 bits of length, then a message. The messages of a call are written by hand,
 * because they are the hot path (a structured clone costs 5 µs); all others are structured clones (v8.serialize).
 *
 *   request   0, clone | 1, function id (32), how many arguments (16), values
 *   reply     its request's number (32), then 0, clone | 1, errno (32), the result, how many arguments (16), values; those that are no bytes come as undefined
 */
import { deserialize, serialize } from 'node:v8';
import type { PlainValue } from './koffi-functions.ts';
import type { PortableReply, PortableRequest } from './portable-messages.ts';

/** A function's number, told once; calls name the number. */
export interface Definition {
  readonly do: 'define';
  readonly id: number;
  readonly target: Omit<Extract<PortableRequest, { do: 'call' }>, 'do' | 'args'>;
}

export interface NumberedCall {
  readonly do: 'numbered';
  readonly id: number;
  readonly args: readonly PlainValue[];
}

/** What a callback answered; it has no reply. */
export interface CallbackAnswer {
  readonly do: 'answer';
  readonly serial: number;
  readonly value: PlainValue;
}

export type PipeRequest = Exclude<PortableRequest, { do: 'call' }> | Definition | NumberedCall | CallbackAnswer;

const clone = 0;
const compact = 1;
const headBytes = 4;
const tag = { undefined: 0, null: 1, false: 2, true: 3, number: 4, bigint: 5, unsigned: 6, bytes: 7 } as const;

/** Grows as needed; `finish` answers the message with its length in front, valid until the next `begin`. */
export class MessageWriter {
  #buffer = Buffer.alloc(64 * 1024);
  #view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset);
  #at = headBytes;

  request(request: PipeRequest): Uint8Array {
    this.#at = headBytes;
    if (request.do !== 'numbered') return this.#clone(request);
    this.#byte(compact);
    this.#word(request.id);
    this.#values(request.args);
    return this.#finish();
  }

  /** `number` counts the requests that are replied to. */
  reply(reply: PortableReply, number = 0): Uint8Array {
    this.#at = headBytes;
    this.#word(number);
    if (reply.is !== 'value') return this.#clone(reply);
    this.#byte(compact);
    this.#word(reply.errno);
    this.#value(reply.value);
    this.#values(reply.args.map((value) => (value instanceof Uint8Array ? value : undefined)));
    return this.#finish();
  }

  #clone(message: PipeRequest | PortableReply): Uint8Array {
    this.#byte(clone);
    this.#raw(serialize(message));
    return this.#finish();
  }

  #finish(): Uint8Array {
    this.#view.setUint32(0, this.#at - headBytes, true);
    return this.#buffer.subarray(0, this.#at);
  }

  #values(values: readonly PlainValue[]): void {
    this.#room(2);
    this.#view.setUint16(this.#at, values.length, true);
    this.#at += 2;
    for (const value of values) this.#value(value);
  }

  #value(value: PlainValue): void {
    this.#room(16);
    switch (typeof value) {
      case 'number':
        this.#byte(tag.number);
        this.#view.setFloat64(this.#at, value, true);
        this.#at += 8;
        return;
      case 'bigint':
        this.#byte(value < 0n ? tag.bigint : tag.unsigned);
        this.#view.setBigUint64(this.#at, BigInt.asUintN(64, value), true);
        this.#at += 8;
        return;
      case 'boolean':
        this.#byte(value ? tag.true : tag.false);
        return;
      case 'undefined':
        this.#byte(tag.undefined);
        return;
      default:
        if (value === null) {
          this.#byte(tag.null);
          return;
        }
        this.#byte(tag.bytes);
        this.#word(value.length);
        this.#raw(value);
    }
  }

  #byte(value: number): void {
    this.#room(1);
    this.#view.setUint8(this.#at++, value);
  }

  #word(value: number): void {
    this.#room(4);
    this.#view.setInt32(this.#at, value, true);
    this.#at += 4;
  }

  #raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.alloc(2 * (this.#at + bytes));
    larger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer, larger.byteOffset);
  }
}

/** Bytes as they come, cut into messages. Throws RangeError where a message does not hold together. */
export class MessageReader {
  #buffer = Buffer.alloc(64 * 1024);
  #start = 0;
  #end = 0;

  /** Where the next bytes are to be put; then tell `took`. */
  get space(): Uint8Array {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    if (this.#end === this.#buffer.length) this.#makeRoom();
    return this.#buffer.subarray(this.#end);
  }

  took(bytes: number): void {
    this.#end += bytes;
  }

  nextRequest(): PipeRequest | undefined {
    const message = this.#next();
    if (message === undefined) return undefined;
    message.beginBody();
    if (message.isClone) return message.clone() as PipeRequest;
    return { do: 'numbered', id: message.word(), args: message.values() };
  }

  /** The number of the request that the last `nextReply` answered. */
  number = 0;

  nextReply(): PortableReply | undefined {
    const message = this.#next();
    if (message === undefined) return undefined;
    this.number = message.word();
    message.beginBody();
    if (message.isClone) return message.clone() as PortableReply;
    const errno = message.word();
    return { is: 'value', value: message.value(), args: message.values(), errno };
  }

  #next(): Message | undefined {
    if (this.#end - this.#start < headBytes) return undefined;
    const size = this.#buffer.readUInt32LE(this.#start);
    if (this.#end - this.#start < headBytes + size) return undefined;
    const from = this.#start + headBytes;
    this.#start = from + size;
    return new Message(this.#buffer.subarray(from, this.#start));
  }

  #makeRoom(): void {
    const held = this.#end - this.#start;
    const target = this.#start > this.#buffer.length / 2 ? this.#buffer : Buffer.alloc(2 * this.#buffer.length);
    this.#buffer.copy(target, 0, this.#start, this.#end);
    this.#buffer = target;
    this.#start = 0;
    this.#end = held;
  }
}

class Message {
  readonly #bytes: Buffer;
  #at = 0;
  #kind = compact;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  beginBody(): void {
    this.#kind = this.#bytes.readUInt8(this.#at++);
  }

  get isClone(): boolean {
    return this.#kind === clone;
  }

  clone(): unknown {
    // A copy: arrays in what comes of it are views of the bytes that they were read from.
    return deserialize(Uint8Array.from(this.#bytes.subarray(this.#at))) as unknown;
  }

  word(): number {
    const value = this.#bytes.readInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  values(): PlainValue[] {
    const count = this.#bytes.readUInt16LE(this.#at);
    this.#at += 2;
    const values: PlainValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.value());
    return values;
  }

  value(): PlainValue {
    const kind = this.#bytes.readUInt8(this.#at++);
    switch (kind) {
      case tag.undefined:
        return undefined;
      case tag.null:
        return null;
      case tag.false:
        return false;
      case tag.true:
        return true;
      case tag.number:
        this.#at += 8;
        return this.#bytes.readDoubleLE(this.#at - 8);
      case tag.bigint:
        this.#at += 8;
        return this.#bytes.readBigInt64LE(this.#at - 8);
      case tag.unsigned:
        this.#at += 8;
        return this.#bytes.readBigUInt64LE(this.#at - 8);
      case tag.bytes: {
        const size = this.word() >>> 0;
        if (this.#at + size > this.#bytes.length) throw new RangeError('a message ends inside a value');
        this.#at += size;
        return Uint8Array.from(this.#bytes.subarray(this.#at - size, this.#at));
      }
      default:
        throw new RangeError(`a message has a value of kind ${kind}`);
    }
  }
}
