/**
 * What an address in the oops of a Spur 32-bit file means in the heap that it was loaded to: segments lie together here, and contexts
 * that other VMs wrote have got the room that ours have (vm/memory/contexts.ts), so that what lies behind them has moved up.
 */
import { CONTEXT_SLACK } from '../../vm/memory/contexts.ts';
import { HEADER_BYTES, OVERFLOW_SLOTS, SLOT_COUNT_SHIFT } from '../../vm/memory/header.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import type { Oop } from '../../vm/memory/oop.ts';
import { ClassIndex } from '../../vm/memory/well-known.ts';
import { reserveObjects } from './finish-loading.ts';
import { fileOffsetOf, newAddressOf, type Segment } from './segments.ts';

const SLACK_BYTES = 4 * CONTEXT_SLACK;
const NOWHERE = -1;

export class LoadedAddresses {
  /** What is to be added to an address of the file, where that is the same for all. */
  readonly onlyShift: number | undefined;
  private readonly segments: readonly Segment[];
  private readonly start: number;
  /** Where contexts ended that got more room, as the addresses were before that; ascending. */
  private readonly grownEnds: readonly number[];
  /** By 8 bytes of the heap as it was: how far they moved up. */
  private readonly moves: Int32Array;

  private constructor(segments: readonly Segment[], start: number, end: number, grownEnds: readonly number[]) {
    this.segments = segments;
    this.start = start;
    this.grownEnds = grownEnds;
    const isPlain = segments.length === 1 && grownEnds.length === 0;
    this.onlyShift = isPlain ? start - segments[0]!.oldStart : undefined;
    this.moves = new Int32Array(isPlain ? 0 : (end - start) >> 3);
    grownEnds.forEach((from, i) => {
      this.moves.fill(SLACK_BYTES * (i + 1), (from - start) >> 3, ((grownEnds[i + 1] ?? end) - start) >> 3);
    });
  }

  /** `tightContexts` are the addresses, ascending, of contexts without slack; they are given it. @throws ImageFormatError `too-large` */
  static withRoomyContexts(
    memory: ObjectMemory,
    segments: readonly Segment[],
    tightContexts: readonly number[],
  ): LoadedAddresses {
    const end = memory.freeStart;
    const moving = tightContexts.filter((context) => !isBeforeSmallChunk(memory, context));
    const grownEnds = moving.map((context) => endOf(memory, context));
    if (moving.length > 0) reserveObjects(memory, end - memory.oldStart + SLACK_BYTES * moving.length);
    const { i32, u8 } = memory;
    for (const context of tightContexts) i32[(context >> 2) + 1]! += CONTEXT_SLACK << SLOT_COUNT_SHIFT;
    for (let i = grownEnds.length - 1; i >= 0; i--)
      u8.copyWithin(grownEnds[i]! + SLACK_BYTES * (i + 1), grownEnds[i]!, grownEnds[i + 1] ?? end);
    return new LoadedAddresses(segments, memory.oldStart, end, grownEnds);
  }

  /** Where an address of the writing VM lies here; no address where it is in no segment. */
  newAddressOf(oop: number): number {
    const address = newAddressOf(this.segments, oop >>> 0);
    return address === undefined ? NOWHERE : address + (this.moves[(address - this.start) >> 3] ?? 0);
  }

  /** Where in the file that stands which lies at an address. */
  offsetOf(address: number): number {
    let before = address;
    for (let i = this.grownEnds.length - 1; i >= 0; i--) {
      if (address < this.grownEnds[i]! + SLACK_BYTES * i) continue;
      before = Math.max(this.grownEnds[i]!, address - SLACK_BYTES * (i + 1));
      break;
    }
    return fileOffsetOf(this.segments, before);
  }
}

const endOf = (memory: ObjectMemory, context: number): number =>
  context + HEADER_BYTES + 4 * memory.slotCountOf(context as Oop);

/** Whether a context is followed by a free chunk of just its slack: so it is in the files that we write. */
function isBeforeSmallChunk(memory: ObjectMemory, context: number): boolean {
  const { i32 } = memory;
  const next = endOf(memory, context) >> 2;
  if (4 * next >= memory.freeStart) return false;
  const slotCount = i32[next + 1]! >>> SLOT_COUNT_SHIFT;
  return (
    slotCount < OVERFLOW_SLOTS &&
    memory.classIndexOfObject((4 * next) as Oop) === ClassIndex.FREE &&
    HEADER_BYTES + 4 * Math.max(2, slotCount + (slotCount & 1)) === SLACK_BYTES
  );
}
