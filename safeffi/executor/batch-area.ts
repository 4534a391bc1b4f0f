/**
 * Room for the frames of batches in the shared memory, behind the lanes: ranges, given out first fit and given back. What
 * was never touched costs no memory.
 */
import { batchArea } from '../protocol/layout.ts';

const alignment = 64;

interface Range {
  readonly start: number;
  readonly end: number;
}

export class BatchArea {
  /** In order. */
  readonly #taken: Range[] = [];

  /** The offset in the domain of `sizeBytes` bytes on a cache line's start; undefined where there is no room. */
  reserve(sizeBytes: number): number | undefined {
    const wanted = Math.ceil(sizeBytes / alignment) * alignment;
    let start: number = batchArea.base;
    let index = 0;
    for (; index < this.#taken.length && this.#taken[index]!.start - start < wanted; index++)
      start = this.#taken[index]!.end;
    if (start + wanted > batchArea.base + batchArea.bytes) return undefined;
    this.#taken.splice(index, 0, { start, end: start + wanted });
    return start;
  }

  release(start: number): void {
    const index = this.#taken.findIndex((range) => range.start === start);
    if (index >= 0) this.#taken.splice(index, 1);
  }
}
