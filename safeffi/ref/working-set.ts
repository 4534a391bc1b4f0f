/**
 * The ranges that are carried over round each call: those of its own arguments and what they point to, and the last few of the
 * calls before, because C may have kept their addresses. Memory of C's that the program asked the bytes of is among them for
 * longer; what changes stays. What is dropped here is carried over again when it takes part in a call, or is read or written through ref.
 */
import { Mirror, type TwoSided } from './two-sided.ts';

const mostTwins = 16;
const mostTwinBytes = 64 * 1024;
const mostMirrors = 64;

interface Range {
  readonly sides: TwoSided;
  readonly start: number;
  readonly end: number;
  /** Only while a call needs it: its reads and writes go through ref, which carries them over. */
  isPassing: boolean;
  /** Asynchronous calls that hold it. */
  pins: number;
  use: number;
}

export type MirrorRange = Range & { readonly sides: Mirror };

/** What C has in all of these, one behind the other; undefined where that cannot be read at once. */
export type ReadAll = (ranges: readonly MirrorRange[]) => Buffer | undefined;

export class WorkingSet {
  /** How many ranges there are. A field, because generated code looks at it before and after each call. */
  count = 0;
  /** JavaScript functions that C called and that have not returned. */
  callbackDepth = 0;
  /** Counts what was brought from C; while there are ranges, C has not run since the last. */
  turn = 0;
  #ranges: Range[] = [];
  #clock = 0;
  readonly #readAll: ReadAll;

  constructor(readAll: ReadAll) {
    this.#readAll = readAll;
  }

  /** Takes a range up. `isPassing`: for the call to come only. */
  take(sides: TwoSided, start: number, end: number, isPassing: boolean): void {
    this.#clock++;
    for (const range of this.#ranges) {
      if (range.sides !== sides || range.start !== start || range.end !== end) continue;
      range.use = this.#clock;
      range.isPassing &&= isPassing;
      return;
    }
    this.#ranges.push({ sides, start, end, isPassing, pins: 0, use: this.#clock });
    this.count = this.#ranges.length;
  }

  /** What is taken up from here on can be pinned. */
  mark(): number {
    return this.#clock;
  }

  /** Holds what was taken up since the mark; the function that is answered lets it go. */
  pin(mark: number): () => void {
    const pinned = this.#ranges.filter((range) => range.use > mark);
    for (const range of pinned) range.pins++;
    return () => {
      for (const range of pinned) range.pins--;
    };
  }

  toC(): void {
    this.turn++;
    this.flush();
  }

  /** Carries this side's changes over for a look at C's memory, where C does not run. */
  flush(): void {
    this.#each((range) => range.sides.toC(range.start, range.end));
  }

  fromC(): void {
    this.turn++;
    const mirrors = this.#ranges.filter(isOfMirror);
    const fresh = mirrors.length > 1 ? this.#readAll(mirrors) : undefined;
    let next = 0;
    this.#each(({ sides, start, end }) => {
      sides.fresh = this.turn;
      if (fresh === undefined || !(sides instanceof Mirror)) return sides.fromC(start, end);
      const at = next;
      next += end - start;
      return sides.take(fresh, at, start, end);
    });
    if (this.callbackDepth === 0) this.#trim();
  }

  /** Memory that C has given back meanwhile cannot be carried over: it is no matter of the call at hand. */
  #each(carry: (range: Range) => boolean): void {
    let lost: Set<Range> | undefined;
    for (const range of this.#ranges) {
      try {
        if (carry(range)) range.use = ++this.#clock;
      } catch (error) {
        if (!(range.sides instanceof Mirror)) throw error;
        range.sides.fresh = -1;
        lost ??= new Set();
        lost.add(range);
      }
    }
    if (lost === undefined) return;
    const gone = lost;
    this.#ranges = this.#ranges.filter((range) => !gone.has(range));
    this.count = this.#ranges.length;
  }

  /** Drops what was for the call that is over, and what is too much. */
  #trim(): void {
    const ranges = this.#ranges;
    let twins = 0;
    let twinBytes = 0;
    let mirrors = 0;
    let kept = 0;
    for (const range of ranges) {
      if (range.pins === 0 && range.isPassing) {
        range.sides.fresh = -1;
        continue;
      }
      ranges[kept++] = range;
      if (range.sides instanceof Mirror) mirrors++;
      else {
        twins++;
        twinBytes += range.end - range.start;
      }
    }
    ranges.length = this.count = kept;
    if (twins > mostTwins || twinBytes > mostTwinBytes || mirrors > mostMirrors) this.#dropOldest();
  }

  #dropOldest(): void {
    let twins = 0;
    let twinBytes = 0;
    let mirrors = 0;
    const kept: Range[] = [];
    for (const range of this.#ranges.sort((a, b) => b.use - a.use)) {
      const isMirror = range.sides instanceof Mirror;
      const size = range.end - range.start;
      const isTooMuch = isMirror ? mirrors >= mostMirrors : twins >= mostTwins || twinBytes + size > mostTwinBytes;
      if (range.pins === 0 && isTooMuch) {
        range.sides.fresh = -1;
        continue;
      }
      if (isMirror) mirrors++;
      else {
        twins++;
        twinBytes += size;
      }
      kept.push(range);
    }
    this.#ranges = kept;
    this.count = kept.length;
  }
}

function isOfMirror(range: Range): range is MirrorRange {
  return range.sides instanceof Mirror;
}
