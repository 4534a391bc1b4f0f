/**
 * Reads C's memory by letting C copy it to shared memory: `memcpy` for bytes, `memccpy` for a string up to its NUL. That takes a fraction of
 * a look from outside (process_vm_readv). Where C would fault there, and for what is larger, the answer is undefined: then the
 * caller looks from outside, and that error says what was wrong.
 */
import {
  type CalloutBatch,
  type CType,
  FFIFault,
  makeSignature,
  type PreparedCallout,
  parseType,
  type Session,
} from '../index.ts';

const roomBytes = 16_384;
const mostPlaces = 64;
const word: CType = { name: 'void *', kind: 'unsigned', sizeBytes: 8 };

export interface ReadPlace {
  readonly address: number;
  readonly sizeBytes: number;
}

export class CReader {
  readonly #session: Session;
  #room = Buffer.alloc(0);
  #roomAddress = 0;
  #memcpy: PreparedCallout | undefined;
  #memccpy: PreparedCallout | undefined;
  #batch: CalloutBatch | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** A Buffer that begins with the bytes at an address, until the next read. */
  bytes(address: number, sizeBytes: number): Buffer | undefined {
    if (sizeBytes > roomBytes) return undefined;
    this.#memcpy ??= this.#prepare('memcpy', [word, word, parseType('size_t')]);
    try {
      this.#memcpy.invoke(this.#roomAddress, address, sizeBytes);
      return this.#room;
    } catch (error) {
      return given(error);
    }
  }

  /** A Buffer that begins with the bytes of all places, one behind the other: handed over at once. */
  allBytes(places: readonly ReadPlace[]): Buffer | undefined {
    if (places.length > mostPlaces || places.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) > roomBytes)
      return undefined;
    this.#memcpy ??= this.#prepare('memcpy', [word, word, parseType('size_t')]);
    this.#batch ??= this.#session.batch(this.#memcpy, mostPlaces);
    let to = this.#roomAddress;
    this.#batch.clear();
    for (const { address, sizeBytes } of places) {
      this.#batch.add(to, address, sizeBytes);
      to += sizeBytes;
    }
    try {
      this.#batch.run();
      return this.#room;
    } catch (error) {
      return giveUp(error);
    }
  }

  /** The string at an address, as UTF-8. */
  text(address: number): string | undefined {
    this.#memccpy ??= this.#prepare('memccpy', [word, word, parseType('int'), parseType('size_t')]);
    try {
      const end = this.#memccpy.invoke(this.#roomAddress, address, 0, roomBytes) as number;
      return end === 0 ? undefined : this.#room.toString('utf8', 0, end - this.#roomAddress - 1);
    } catch (error) {
      return given(error);
    }
  }

  #prepare(name: string, types: CType[]): PreparedCallout {
    if (this.#roomAddress === 0) {
      const room = this.#session.buffer(roomBytes);
      this.#room = Buffer.from(room.buffer as ArrayBuffer, room.byteOffset, room.byteLength);
      this.#roomAddress = Number(this.#session.addressOf(room).value);
    }
    return this.#session.executor.prepare('', name, makeSignature(name, word, types));
  }
}

/** Settles the fault of a read. One of a thread that C made is told by whatever is called next: it is none of this. */
function given(error: unknown): undefined {
  if (!(error instanceof FFIFault) || error.fault.thread !== undefined) throw error;
  error.answer(undefined);
}

/** The same for a batch, which goes on with what is behind a fault. */
function giveUp(error: unknown): undefined {
  for (let fault = error; ; ) {
    try {
      return given(fault);
    } catch (next) {
      if (next === fault) throw next;
      fault = next;
    }
  }
}
