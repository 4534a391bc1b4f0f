/**
 * The memory that this process shares with a native executor: a memfd for each executor, mapped here at one place for the
 * life of the session, so that compiled marshallers may hold the typed arrays. A new executor's memory is mapped over that
 * of the one before, which may be dying still; processes that C code forked never had the mapping. Layout: layout.ts.
 */
import { executorStartError } from '../errors.ts';
import { domainBytes, lane as laneLayout, laneOffset } from '../protocol/layout.ts';
import { linux } from './linux.ts';

/** Words of a frame line: state, sleepers and arguments. */
const lineWords = 16;

/** Unmaps a mapping when nothing can look at it any more: its ArrayBuffer is garbage. */
const unmapper = new FinalizationRegistry<bigint>((base) => void linux().unmap(base, domainBytes));

export class DomainMemory {
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly #base: bigint;

  constructor() {
    const os = linux();
    const fd = os.memfdCreate('safeffi-none');
    if (fd < 0) throw executorStartError(`memfd_create failed with ${os.errorName(os.errno())}`);
    const base = os.ftruncate(fd, domainBytes) === 0 ? os.mapShared(fd, domainBytes) : undefined;
    const reason = os.errorName(os.errno());
    os.close(fd);
    if (base === undefined)
      throw executorStartError(`mapping ${domainBytes} bytes of shared memory failed with ${reason}`);
    this.#base = base;
    const buffer = os.view(base, domainBytes);
    unmapper.register(buffer, base);
    this.i32 = new Int32Array(buffer);
    this.u8 = new Uint8Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }

  /** Puts the memory behind `fd`, which is closed, in the place of what was mapped. */
  replace(fd: number): void {
    const os = linux();
    const isMapped = os.remapShared(this.#base, fd, domainBytes);
    const errno = isMapped ? 0 : os.errno();
    os.close(fd);
    if (!isMapped)
      throw executorStartError(`mapping ${domainBytes} bytes of shared memory failed with ${os.errorName(errno)}`);
  }

  /** Sets a lane's words as they are while it is parked and asleep. */
  settleLane(laneIndex: number): void {
    const word = this.lineWord(laneIndex);
    this.i32.fill(0, word, word + lineWords);
  }

  /** Where the memory lies in this process. */
  get base(): number {
    return Number(this.#base);
  }

  /** The address in this process of a 32-bit word, for futexes. */
  addressOfWord(word: number): bigint {
    return this.#base + BigInt(word * 4);
  }

  /** Index of the 32-bit word at the start of a lane's frame line. */
  lineWord(laneIndex: number): number {
    return (laneOffset(laneIndex) + laneLayout.line) / 4;
  }

  /**
   * Ends the use of the memory: its pages go back at once. The mapping goes when its arrays are garbage, because compiled
   * marshallers may still hold them, and a look at an unmapped array would end this process.
   */
  release(): void {
    const os = linux();
    const fd = os.memfdCreate('safeffi-none');
    if (fd < 0) return; // then the pages go with the mapping
    if (os.ftruncate(fd, domainBytes) === 0) os.remapShared(this.#base, fd, domainBytes);
    os.close(fd);
  }
}
