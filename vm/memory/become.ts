/**
 * `become:` in both forms: one walk over the heap and the roots that rewrites every reference. Objects do not move, so oops
 * in JavaScript locals stay valid, but they may now name an object that nothing refers to: whoever calls this reads
 * its locals anew. Why a walk and no forwarders: docs/decisions/0002-become-by-heap-walk.md.
 *
 * The identity hash belongs to the reference: after a two-way `become:`, what was reached through a variable has changed,
 * its hash has not. One way, the target gets the replaced object's hash when `copyHash` says so (`#becomeForward:`).
 * A class's place in the class table is a reference too, so instances of a replaced class become instances of the other.
 */
import {
  CLASS_INDEX_MASK,
  FORMAT_MASK,
  FORMAT_SHIFT,
  LAST_POINTER_FORMAT,
  OVERFLOW_SLOTS,
  SLOT_COUNT_SHIFT,
} from './header.ts';
import { LiveMap } from './live-map.ts';
import type { ObjectMemory } from './object-memory.ts';
import { holdsOops, liveSlotsOf } from './object-parts.ts';
import { isImmediate, NO_OOP, type Oop } from './oop.ts';
import { ClassIndex, PrimitiveError } from './well-known.ts';

export interface BecomeOptions {
  readonly twoWay: boolean;
  /** One way only: the target takes over the identity hash of the object that it replaces. */
  readonly copyHash: boolean;
}

/**
 * Exchanges (two-way) or replaces references to `from[i]` by references to `to[i]`, all at once. Answers 0, or a
 * `PrimitiveError` code with nothing changed: BAD_RECEIVER or BAD_ARGUMENT for an immediate or a singleton of the VM on a
 * side whose references are rewritten, INAPPROPRIATE for an object that occurs twice on such sides, GENERIC for lists of
 * different lengths.
 */
export function becomeAll(
  memory: ObjectMemory,
  from: readonly Oop[],
  to: readonly Oop[],
  { twoWay, copyHash }: BecomeOptions,
): number {
  if (from.length !== to.length) return PrimitiveError.GENERIC;
  const replacements = new Map<Oop, Oop>();
  for (let i = 0; i < from.length; i++) {
    const source = from[i]!;
    const target = to[i]!;
    if (!canBeReplaced(memory, source)) return PrimitiveError.BAD_RECEIVER;
    if (twoWay && !canBeReplaced(memory, target)) return PrimitiveError.BAD_ARGUMENT;
    if (source === target) continue;
    if (replacements.has(source) || (twoWay && replacements.has(target))) return PrimitiveError.INAPPROPRIATE;
    replacements.set(source, target);
    if (twoWay) replacements.set(target, source);
  }
  if (replacements.size === 0) return 0;
  settleHashes(memory, from, to, twoWay, copyHash);
  replaceReferences(memory, replacements);
  memory.noteObjectsMoved();
  return 0;
}

/** The VM compares with nil, true and false by their places, and finds its own tables by theirs. */
function canBeReplaced(memory: ObjectMemory, oop: Oop): boolean {
  return (
    !isImmediate(oop) &&
    oop !== memory.nil &&
    oop !== memory.true &&
    oop !== memory.false &&
    oop !== memory.hiddenRoots &&
    oop !== memory.freeListsObject
  );
}

function settleHashes(
  memory: ObjectMemory,
  from: readonly Oop[],
  to: readonly Oop[],
  twoWay: boolean,
  copyHash: boolean,
): void {
  for (let i = 0; i < from.length; i++) {
    const source = from[i]!;
    const target = to[i]!;
    const sourceHash = memory.hashBitsOf(source);
    if (twoWay) {
      memory.setIdentityHash(source, memory.hashBitsOf(target));
      memory.setIdentityHash(target, sourceHash);
    } else if (copyHash && !isImmediate(target) && sourceHash !== 0) {
      memory.setIdentityHash(target, sourceHash);
    }
  }
}

/**
 * Young objects are referred to by young ones, by remembered ones and by roots: when nothing else is replaced, old space is
 * not read. Cost then: that of reading new space, whatever the heap's size.
 */
function replaceReferences(memory: ObjectMemory, replacements: ReadonlyMap<Oop, Oop>): void {
  const sources = new LiveMap();
  sources.reset(memory.freeStart);
  let areYoung = true;
  for (const source of replacements.keys()) {
    sources.markRange(source, source + 8);
    areYoung &&= memory.isYoung(source);
  }
  const walk = new ReplacingWalk(memory, sources.bits, replacements);
  if (areYoung) for (const oop of memory.remembered.toArray()) walk.visitSlots(oop, liveSlotsOf(memory, oop));
  else walk.visitBetween(memory.oldStart, memory.freeStart);
  walk.visitBetween(memory.pastStart, memory.pastFree);
  walk.visitBetween(memory.edenStart, memory.edenFree);
  memory.visitRoots((oop) => (oop === NO_OOP ? oop : (replacements.get(oop) ?? oop)));
}

/** Reads what lies in a space as fast as it can: a `become:` of an old object reads the whole heap. */
class ReplacingWalk {
  private readonly memory: ObjectMemory;
  private readonly bits: Int32Array;
  private readonly replacements: ReadonlyMap<Oop, Oop>;

  /** `bits` has the bit of each replaced object's header set, as LiveMap places them. */
  constructor(memory: ObjectMemory, bits: Int32Array, replacements: ReadonlyMap<Oop, Oop>) {
    this.memory = memory;
    this.bits = bits;
    this.replacements = replacements;
  }

  visitBetween(start: number, end: number): void {
    const { i32 } = this.memory;
    for (let word = start >> 2; word < end >> 2; ) {
      let slotCount = i32[word + 1]! >>> SLOT_COUNT_SHIFT;
      if (slotCount === OVERFLOW_SLOTS) {
        slotCount = i32[word]!;
        word += 2;
      }
      const low = i32[word]!;
      if (holdsOops(low)) {
        const isPlain = (low & CLASS_INDEX_MASK) !== ClassIndex.CONTEXT && isPointerFormat(low);
        this.visitSlots((word << 2) as Oop, isPlain ? slotCount : liveSlotsOf(this.memory, (word << 2) as Oop));
      }
      word += 2 + (slotCount < 2 ? 2 : (slotCount + 1) & ~1);
    }
  }

  visitSlots(oop: Oop, count: number): void {
    const { memory, bits } = this;
    const { i32 } = memory;
    const first = (oop >> 2) + 2;
    for (let slot = first; slot < first + count; slot++) {
      const value = i32[slot]!;
      if ((value & 3) === 0 && ((bits[value >> 8]! >>> ((value >> 3) & 31)) & 1) !== 0)
        memory.storePointer(oop, slot - first, this.replacements.get(value as Oop)!);
    }
  }
}

const isPointerFormat = (low: number): boolean => ((low >> FORMAT_SHIFT) & FORMAT_MASK) <= LAST_POINTER_FORMAT;
