/**
 * The memory that this process shares with a native executor: one memfd, mapped here once for the life of the session,
 * so that compiled marshallers may hold the typed arrays. `clear` returns it to zeros before a new executor starts; the
 * old one is dead by then, and processes that C code forked never had the mapping. Layout: protocol/layout.ts.
 */
import { executorStartError } from '../errors.ts';
import {
  domainBytes,
  header,
  lane as laneLayout,
  laneOffset,
  protocolMagic,
  protocolVersion,
} from '../protocol/layout.ts';
import { linux } from './linux.ts';

/** Words of a frame line: state, sleepers and arguments. */
const lineWords = 16;

/** Unmaps a mapping when nothing can look at it any more: its ArrayBuffer is garbage. */
const unmapper = new FinalizationRegistry<bigint>((base) => void linux().unmap(base, domainBytes));

export class DomainMemory {
  readonly fd: number;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly #base: bigint;

  constructor() {
    const os = linux();
    this.fd = os.memfdCreate('safeffi');
    if (this.fd < 0) throw executorStartError(`memfd_create failed with ${os.errorName(os.errno())}`);
    const sized = os.ftruncate(this.fd, domainBytes);
    const base = sized === 0 ? os.mapShared(this.fd, domainBytes) : undefined;
    if (base === undefined) {
      const reason = os.errorName(os.errno());
      os.close(this.fd);
      throw executorStartError(`mapping ${domainBytes} bytes of shared memory failed with ${reason}`);
    }
    this.#base = base;
    const buffer = os.view(base, domainBytes);
    unmapper.register(buffer, base);
    this.i32 = new Int32Array(buffer);
    this.u8 = new Uint8Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }

  /** Zeros all of it and gives the pages back; then writes what the executor reads at its start. */
  clear(spinCount: number): void {
    const os = linux();
    if (os.ftruncate(this.fd, 0) !== 0 || os.ftruncate(this.fd, domainBytes) !== 0)
      throw executorStartError(`clearing the shared memory failed with ${os.errorName(os.errno())}`);
    this.i32[header.magic / 4] = protocolMagic;
    this.i32[header.version / 4] = protocolVersion;
    this.i32[header.spinCount / 4] = spinCount;
    this.i32[header.vmPid / 4] = process.pid;
    this.i32[header.lanesWanted / 4] = 1;
  }

  /** Sets a lane's words as they are while it is parked and asleep. */
  settleLane(laneIndex: number): void {
    const word = this.lineWord(laneIndex);
    this.i32.fill(0, word, word + lineWords);
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
   * Ends the use of the memory. Its pages go back at once; the mapping goes when its arrays are garbage, because
   * compiled marshallers may still hold them, and a look at an unmapped array would end this process.
   */
  release(): void {
    const os = linux();
    os.ftruncate(this.fd, 0);
    os.ftruncate(this.fd, domainBytes);
    os.close(this.fd);
  }
}
