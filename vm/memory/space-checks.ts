/**
 * Checks of what the collector keeps beside the objects: the remembered set and the free lists.
 *
 * The remembered set: an old object is in it exactly when its header says so; every old object that refers to a young one is
 * in it (complete); right after a scavenge nothing else is (minimal). Free lists: each chunk is one, lies in old
 * space, stands in the list of its size, and the sizes add up.
 */

import { FreeLists } from './free-lists.ts';
import { REMEMBERED_BIT } from './header.ts';
import type { HeapProblem } from './heap-verifier.ts';
import type { ObjectMemory } from './object-memory.ts';
import { refersToYoung } from './object-parts.ts';
import { forEachObject, objectStartingAt } from './object-walk.ts';
import { NO_OOP, type Oop } from './oop.ts';
import { ClassIndex } from './well-known.ts';

export type Report = (code: HeapProblem['code'], oop: Oop, sentence: string) => void;

/** `isObject` tells where objects start: a damaged set may hold anything. */
export function checkRememberedSet(memory: ObjectMemory, isObject: (oop: Oop) => boolean, report: Report): void {
  const members = new Set<Oop>();
  for (const oop of memory.remembered.toArray()) {
    if (!isObject(oop) || oop < memory.oldStart)
      report('bad-remembered', NO_OOP, `the remembered set holds 0x${oop.toString(16)}, which is no old object`);
    else if (members.has(oop)) report('bad-remembered', oop, 'it is in the remembered set twice');
    members.add(oop);
  }
  forEachObject(memory, (oop) => {
    if (!isObject(oop)) return;
    const isFlagged = (memory.i32[oop >> 2]! & REMEMBERED_BIT) !== 0;
    if (isFlagged !== members.has(oop))
      report(
        'bad-remembered',
        oop,
        isFlagged
          ? 'its header says that it is remembered, the set does not hold it'
          : 'the remembered set holds it, its header does not say so',
      );
    if (!isFlagged && oop >= memory.oldStart && refersToYoung(memory, oop))
      report('not-remembered', oop, 'it is old and refers to a young object, but is not remembered');
  });
}

/** The old objects that are remembered without need. Right after a scavenge there are none, but for the active context. */
export function needlesslyRemembered(memory: ObjectMemory): Oop[] {
  return memory.remembered.toArray().filter((oop) => !refersToYoung(memory, oop));
}

export function checkFreeLists(memory: ObjectMemory, report: Report): void {
  const { freeLists, i32, oldStart, freeStart } = memory;
  let bytes = 0;
  const most = (freeStart - oldStart) >> 4;
  const seen = new Set<number>();
  freeLists.forEach(i32, most, (list, start, chunkBytes) => {
    const where = `free list ${list} leads to 0x${start.toString(16)}`;
    if (start < oldStart || start + chunkBytes > freeStart || (start & 7) !== 0) {
      report('bad-chunk', NO_OOP, `${where}, which is outside old space [${oldStart}, ${freeStart})`);
      return false;
    }
    const chunk = objectStartingAt(memory, start);
    if (memory.classIndexOfObject(chunk) !== ClassIndex.FREE) {
      report('bad-chunk', chunk, `${where}, which is no free chunk`);
      return false;
    }
    if (seen.has(start)) {
      report('bad-chunk', chunk, `${where} a second time`);
      return false;
    }
    seen.add(start);
    if (FreeLists.listFor(chunkBytes) !== list) report('bad-chunk', chunk, `${where}, a chunk of ${chunkBytes} bytes`);
    bytes += chunkBytes;
    return true;
  });
  if (bytes !== freeLists.bytes)
    report('bad-chunk', NO_OOP, `the free lists hold ${bytes} bytes, expected ${freeLists.bytes}`);
}
