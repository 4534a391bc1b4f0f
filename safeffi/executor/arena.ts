/**
 * Memory that this process and the executors of a session share for buffers: one memfd that grows, mapped by each executor
 * at `arenaBase` (native/executor/main.c). It outlives executors: a buffer keeps its contents and its address over
 * restarts and rollbacks. The blocks that shared buffers lie in are given out here, by size.
 *
 * Block sizes are powers of two and the halves between, from 64 bytes up to a page, whole pages above. Blocks are taken
 * from the end of the file and kept by size when they are given back; those of pages go back to the system meanwhile.
 */
import { executorStartError, noMemoryError } from '../errors.ts';
import { arenaBytes, pageBytes } from '../protocol/layout.ts';
import { linux } from './linux.ts';

const leastBlockBytes = 64;
const growthBytes = 1024 * 1024;

/** Where a block lies. */
export interface Block {
  /** From the start of the arena, in the executors too. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** In this process. */
  readonly here: bigint;
}

interface Segment {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly base: bigint;
}

/** The size of the block for so many bytes. */
export function blockBytes(sizeBytes: number): number {
  if (sizeBytes > pageBytes) return Math.ceil(sizeBytes / pageBytes) * pageBytes;
  let size = leastBlockBytes;
  while (size < sizeBytes) size = (size & (size - 1)) === 0 ? size + size / 2 : (size / 3) * 4;
  return size;
}

export class Arena {
  readonly fd: number;
  readonly #segments: Segment[] = [];
  readonly #free = new Map<number, Block[]>();
  /** Where the last segment has room left. */
  #used = 0;
  #end = 0;
  #closed = false;

  constructor() {
    const os = linux();
    this.fd = os.memfdCreate('safeffi-buffers');
    if (this.fd < 0) throw executorStartError(`memfd_create failed with ${os.errorName(os.errno())}`);
    if (!os.seal(this.fd, true)) throw executorStartError(`sealing a memfd failed with ${os.errorName(os.errno())}`);
  }

  /** Bytes of the file. */
  get sizeBytes(): number {
    return this.#end;
  }

  /** A block of zeros of exactly `blockBytes`. Throws CalloutError `no-memory`. */
  take(sizeBytes: number): Block {
    const kept = this.#free.get(sizeBytes)?.pop();
    if (kept !== undefined) return kept;
    const isPages = sizeBytes >= pageBytes;
    if (isPages) this.#used = Math.ceil(this.#used / pageBytes) * pageBytes;
    if (this.#used + sizeBytes > this.#end) this.#grow(sizeBytes);
    const segment = this.#segments.at(-1)!;
    const offset = this.#used;
    this.#used += sizeBytes;
    return { offset, sizeBytes, here: segment.base + BigInt(offset - segment.offset) };
  }

  /** Gives a block back; it must hold zeros. */
  give(block: Block): void {
    if (this.#closed) return;
    const kept = this.#free.get(block.sizeBytes);
    if (kept === undefined) this.#free.set(block.sizeBytes, [block]);
    else kept.push(block);
  }

  /** Closes the file; the mappings stay, because buffers may still be looked at. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    linux().close(this.fd);
  }

  /** Ends the mappings, when no buffer is left that could be looked at. */
  unmap(): void {
    for (const { base, sizeBytes } of this.#segments.splice(0)) linux().unmap(base, sizeBytes);
  }

  #grow(sizeBytes: number): void {
    const os = linux();
    const more = Math.ceil(Math.max(sizeBytes, growthBytes) / pageBytes) * pageBytes;
    if (this.#end + more > arenaBytes) throw noMemoryError('buffer', sizeBytes);
    // It cannot shrink: where C code made it larger than this, that is refused and there is room.
    if (os.ftruncate(this.fd, this.#end + more) !== 0 && os.errorName(os.errno()) !== 'EPERM')
      throw noMemoryError('buffer', sizeBytes);
    const base = os.mapShared(this.fd, more, this.#end);
    if (base === undefined) throw noMemoryError('buffer', sizeBytes);
    this.#segments.push({ offset: this.#end, sizeBytes: more, base });
    this.#used = this.#end;
    this.#end += more;
  }
}
