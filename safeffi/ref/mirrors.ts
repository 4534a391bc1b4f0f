/**
 * Memory that C made, as it is seen here: a mirror for each address that somebody asked the bytes of, strings, and runs of zeros. All of
 * it belongs to one process: once that is gone, each access throws the FFIFault StaleAddress.
 */
import { Address, type Executor, FFIFault, type Session } from '../index.ts';
import { textOf } from './bytes-as-text.ts';
import { CReader } from './c-reader.ts';
import { Mirror, type RemoteMemory } from './two-sided.ts';
import { type MirrorRange, WorkingSet } from './working-set.ts';

const pageBytes = 4096;

export class Mirrors {
  /** What is carried over round each call. */
  readonly watch = new WorkingSet((ranges) => this.#readAll(ranges));
  readonly #executor: Executor;
  readonly #reader: CReader;
  readonly #known = new Map<number, WeakRef<Mirror>>();
  readonly #gone = new FinalizationRegistry<number>((address) => {
    if (this.#known.get(address)?.deref() === undefined) this.#known.delete(address);
  });
  #present: { readonly generation: number; readonly remote: RemoteMemory } | undefined;

  constructor(session: Session) {
    this.#executor = session.executor;
    this.#reader = new CReader(session);
  }

  /**
   * A mirror of `length` bytes or more. `wanted`: throws where they cannot be read, and they are carried over from now on; else the
   * mirror is made all the same.
   */
  at(address: number, length: number, wanted: boolean): Mirror {
    const { generation } = this.#executor;
    const former = this.#known.get(address)?.deref();
    const known = former?.generation === generation ? former : undefined;
    if (known !== undefined && known.here.length >= length) {
      this.#look(known, wanted);
      return known;
    }
    const room = this.#roomFor(address, known?.here.length ?? 0, length);
    const mirror = new Mirror(address, Buffer.from(new ArrayBuffer(room)), this.#remote(), generation);
    this.#look(mirror, wanted);
    this.#known.set(address, new WeakRef(mirror));
    this.#gone.register(mirror, address);
    return mirror;
  }

  /** The C string at an address, as UTF-8. Throws FFIFault. */
  textAt(address: number): string {
    const text = this.#reader.text(address);
    if (text !== undefined) return text;
    const { memory, generation } = this.#executor;
    return textOf(memory.readCString(new Address(address, generation)));
  }

  /** The bytes from an address on, up to a page's end and on from there, until `found` answers something. Throws FFIFault. */
  search<T>(address: number, found: (bytes: Buffer) => T | undefined): T {
    let bytes = Buffer.alloc(0);
    for (;;) {
      const at = address + bytes.length;
      bytes = Buffer.concat([bytes, this.#remote().read(at, pageBytes - (at % pageBytes))]);
      const answer = found(bytes);
      if (answer !== undefined) return answer;
    }
  }

  #readAll(ranges: readonly MirrorRange[]): Buffer | undefined {
    const { generation } = this.#executor;
    if (!ranges.every(({ sides }) => sides.wasRead && sides.generation === generation)) return undefined;
    return this.#reader.allBytes(
      ranges.map(({ sides, start, end }) => ({ address: sides.address + start, sizeBytes: end - start })),
    );
  }

  /** An array is read element by element: what is made anew for each must not be all that came before. */
  #roomFor(address: number, knownBytes: number, length: number): number {
    const more = 2 * knownBytes;
    if (more <= length) return length;
    try {
      this.#remote().read(address, more);
      return more;
    } catch (error) {
      if (error instanceof FFIFault) return length; // as much is not there
      throw error;
    }
  }

  #look(mirror: Mirror, wanted: boolean): void {
    if (mirror.fresh === this.watch.turn) return;
    this.watch.flush(); // another mirror may overlap
    try {
      mirror.fromC(0, mirror.here.length);
      if (!wanted) return;
      this.watch.take(mirror, 0, mirror.here.length, false);
      mirror.fresh = this.watch.turn;
    } catch (error) {
      if (wanted) throw error;
    }
  }

  #remote(): RemoteMemory {
    const { generation } = this.#executor;
    if (this.#present?.generation !== generation) this.#present = { generation, remote: this.#remoteOf(generation) };
    return this.#present.remote;
  }

  #remoteOf(generation: number): RemoteMemory {
    const { memory } = this.#executor;
    const read = (address: number, sizeBytes: number) => {
      const { buffer, byteOffset } = memory.read(new Address(address, generation), sizeBytes);
      return Buffer.from(buffer as ArrayBuffer, byteOffset, sizeBytes);
    };
    return {
      read,
      readAgain: (address, sizeBytes) => {
        const isPresent = generation === this.#executor.generation;
        return (isPresent ? this.#reader.bytes(address, sizeBytes) : undefined) ?? read(address, sizeBytes);
      },
      write: (address, bytes) => memory.write(new Address(address, generation), bytes),
    };
  }
}
