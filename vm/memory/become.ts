/**
 * `become:` in both forms: one walk over the heap and the roots that rewrites every reference. Objects do not move, so oops
 * in JavaScript locals stay valid, but they may now name an object that nothing refers to: whoever calls this reads
 * its locals anew. Why a walk and no forwarders: docs/decisions/0002-become-by-heap-walk.md.
 *
 * The identity hash belongs to the reference: after a two-way `become:`, what was reached through a variable has changed,
 * its hash has not. One way, the target gets the replaced object's hash when `copyHash` says so (`#becomeForward:`).
 * A class's place in the class table is a reference too, so instances of a replaced class become instances of the other.
 */
import { LiveMap } from './live-map.ts';
import type { ObjectMemory } from './object-memory.ts';
import { liveSlotsOf } from './object-parts.ts';
import { forEachOldObject, forEachYoungObject } from './object-walk.ts';
import { isImmediate, NO_OOP, type Oop } from './oop.ts';
import { PrimitiveError } from './well-known.ts';

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
  const { bits } = sources;
  const visit = (oop: Oop): void => {
    const { i32 } = memory;
    const first = (oop >> 2) + 2;
    const end = first + liveSlotsOf(memory, oop);
    for (let slot = first; slot < end; slot++) {
      const value = i32[slot]!;
      if ((value & 3) === 0 && ((bits[value >> 8]! >>> ((value >> 3) & 31)) & 1) !== 0)
        memory.storePointer(oop, slot - first, replacements.get(value as Oop)!);
    }
  };
  if (areYoung) for (const oop of memory.remembered.toArray()) visit(oop);
  else forEachOldObject(memory, visit);
  forEachYoungObject(memory, visit);
  memory.visitRoots((oop) => (oop === NO_OOP ? oop : (replacements.get(oop) ?? oop)));
}
