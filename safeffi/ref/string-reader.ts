/**
 * C's strings, read by a callout: C copies the string to shared memory up to its NUL (`memccpy`), which takes a fraction of a look from
 * outside. Where C would fault there, and for what is longer, the engine looks from outside, and its error says what was wrong.
 */
import {
  Address,
  type CType,
  FFIFault,
  makeSignature,
  type PreparedCallout,
  parseType,
  type Session,
} from '../index.ts';
import { textOf } from './bytes-as-text.ts';

const longestBytes = 4096;
const word: CType = { name: 'void *', kind: 'unsigned', sizeBytes: 8 };

export class StringReader {
  readonly #session: Session;
  #copy: PreparedCallout | undefined;
  #room = Buffer.alloc(0);
  #roomAddress = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Throws FFIFault. */
  at(address: number): string {
    const end = this.#copied(address);
    if (end !== 0) return this.#room.toString('utf8', 0, end - this.#roomAddress - 1);
    const { executor } = this.#session;
    return textOf(executor.memory.readCString(new Address(address, executor.generation)));
  }

  /** The end of the copy; 0 where there is none. */
  #copied(address: number): number {
    this.#copy ??= this.#prepare();
    try {
      return Number(this.#copy.invoke(this.#roomAddress, address, 0, longestBytes));
    } catch (error) {
      if (!(error instanceof FFIFault)) throw error;
      error.answer(undefined);
      return 0;
    }
  }

  #prepare(): PreparedCallout {
    const room = this.#session.buffer(longestBytes);
    this.#room = Buffer.from(room.buffer as ArrayBuffer, room.byteOffset, room.byteLength);
    this.#roomAddress = Number(this.#session.addressOf(room).value);
    const signature = makeSignature('memccpy', word, [word, word, parseType('int'), parseType('size_t')]);
    return this.#session.executor.prepare('', 'memccpy', signature);
  }
}
