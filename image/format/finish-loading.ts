/**
 * What all readers end with, whatever the format: the objects lie in old space, their pointers lead to objects there; now what the
 * VM has to find by its place is found and checked.
 *
 * Contract: objects end within old space, and pointers lie within it. A pointer that leads into the middle of an object is
 * the heap verifier's to find, so nothing here trusts what it reads.
 */
import {
  CLASS_TABLE_PAGE_ENTRIES,
  CLASS_TABLE_PAGES,
  HIDDEN_ROOTS_SLOTS,
  type ObjectMemory,
} from '../../vm/memory/object-memory.ts';
import { addressAfter, objectStartingAt } from '../../vm/memory/object-walk.ts';
import type { Oop } from '../../vm/memory/oop.ts';
import { ClassIndex, SpecialObject } from '../../vm/memory/well-known.ts';
import { ImageFormatError, malformed } from './errors.ts';
import { followForwarders } from './follow-forwarders.ts';

/** Where in the file that which was loaded to an address stands. */
export type OffsetOf = (address: number) => number;

const FEWEST_SPECIAL_OBJECTS: number = SpecialObject.CLASS_FULL_BLOCK_CLOSURE;
const MOST_SPECIAL_OBJECTS = 1000;

/** Makes room for objects at the start of old space, which then count as its contents. @throws ImageFormatError `too-large` */
export function reserveObjects(memory: ObjectMemory, objectBytes: number): void {
  const room = memory.heapLimit - memory.oldStart;
  if (objectBytes > room)
    throw new ImageFormatError(
      'too-large',
      `the image has ${objectBytes} bytes of objects, the heap is limited to ${room}`,
      { offset: 8, found: `${objectBytes} bytes`, expected: `at most ${room} bytes` },
    );
  memory.growFor(objectBytes);
  memory.freeStart = memory.oldStart + objectBytes;
}

/** The first five objects of the file, which no pointer names: nil, false, true, free lists, hidden roots. */
export function findFoundation(memory: ObjectMemory, offsetOf: OffsetOf): void {
  const found: Oop[] = [];
  const slotCounts = [0, 0, 0, undefined, HIDDEN_ROOTS_SLOTS];
  const names = ['nil', 'false', 'true', 'the free lists', 'the hidden roots'];
  let address = memory.oldStart;
  names.forEach((name, i) => {
    const bad = (what: string, actual: string | number, expected: string) =>
      malformed('bad-foundation', what, offsetOf(address), actual, expected);
    const oop = objectStartingAt(memory, address);
    if (address + 16 > memory.freeStart) throw bad(name, 'beyond the end of the data', 'an object');
    const slotCount = memory.slotCountOf(oop);
    const expected = slotCounts[i];
    if (expected !== undefined && slotCount !== expected)
      throw bad(`the slot count of ${name}`, slotCount, String(expected));
    if (slotCount < 0 || slotCount > (memory.freeStart - oop) >> 2)
      throw bad(`the slot count of ${name}`, slotCount, 'an object within the data');
    found.push(oop);
    address = addressAfter(memory, oop);
  });
  const [nil, no, yes, freeLists, hiddenRoots] = found as [Oop, Oop, Oop, Oop, Oop];
  memory.nil = nil;
  memory.false = no;
  memory.true = yes;
  memory.freeListsObject = freeLists;
  memory.hiddenRoots = hiddenRoots;
  const firstList = (freeLists >> 2) + 2;
  memory.i32.fill(0, firstList, firstList + memory.slotCountOf(freeLists));
}

/** `forwarders`: how many of the objects are forwarders. @throws ImageFormatError */
export function finishLoading(
  memory: ObjectMemory,
  offsetOf: OffsetOf,
  specialObjects: number,
  lastHash: number,
  forwarders: number,
): void {
  memory.specialObjects = specialObjects as Oop;
  if (forwarders > 0) followForwarders(memory, forwarders);
  openClassTable(memory, offsetOf);
  checkSpecialObjects(memory, offsetOf);
  memory.lastHash = lastHash;
  memory.noteLoaded();
}

/** Checks the pages of the class table. What the writing VM kept in the roots behind them (mark stacks, remembered set) is left out. */
function openClassTable(memory: ObjectMemory, offsetOf: OffsetOf): void {
  for (let slot = CLASS_TABLE_PAGES; slot < HIDDEN_ROOTS_SLOTS; slot++)
    memory.storePointer(memory.hiddenRoots, slot, memory.nil);
  for (let pageIndex = 0; pageIndex < CLASS_TABLE_PAGES; pageIndex++) {
    const page = memory.fetchPointer(memory.hiddenRoots, pageIndex);
    if (page === memory.nil && pageIndex > 0) continue;
    const isPage =
      (page & 3) === 0 &&
      memory.isPointers(page) &&
      memory.slotCountOf(page) === CLASS_TABLE_PAGE_ENTRIES &&
      page + 8 + 4 * CLASS_TABLE_PAGE_ENTRIES <= memory.freeStart;
    if (!isPage)
      throw malformed(
        'bad-foundation',
        `page ${pageIndex} of the class table`,
        offsetOf(memory.hiddenRoots + 8 + 4 * pageIndex),
        `0x${(page >>> 0).toString(16)}`,
        `an array of ${CLASS_TABLE_PAGE_ENTRIES} slots`,
      );
  }
}

/** The VM reads these by position, so they have to be there; what they hold the verifier checks. */
function checkSpecialObjects(memory: ObjectMemory, offsetOf: OffsetOf): void {
  const oop = memory.specialObjects;
  const slotCount = memory.slotCountOf(oop);
  const bad = (what: string, address: number, actual: string | number, expected: string) =>
    malformed('bad-object', what, offsetOf(address), actual, expected);
  if (!memory.isPointers(oop) || slotCount < FEWEST_SPECIAL_OBJECTS || slotCount > MOST_SPECIAL_OBJECTS)
    throw bad('the size of the special objects', oop, slotCount, 'an array of about 60 slots');
  const end = oop + 8 + 4 * slotCount;
  if (end > memory.freeStart) throw bad('the end of the special objects', oop, end, 'within the data');
  for (const [slot, expected] of [memory.nil, memory.false, memory.true].entries()) {
    const actual = memory.fetchPointer(oop, slot);
    if (actual === expected) continue;
    const name = ['nil', 'false', 'true'][slot]!;
    throw bad(`special object ${slot}`, oop + 8 + 4 * slot, `0x${(actual >>> 0).toString(16)}`, name);
  }
  if (memory.classIndexOfObject(oop) === ClassIndex.FREE)
    throw bad('the special objects', oop, 'a free chunk', 'an array');
}
