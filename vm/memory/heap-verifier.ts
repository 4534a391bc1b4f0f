/**
 * Checks every invariant of the heap and names what is wrong, where. Trusts nothing: it runs on images that were damaged on
 * purpose, and before and after collections in assert mode. Changes nothing.
 *
 * Headers: sizes lead from object to object up to the end of the heap; formats exist and agree with the class; class
 * indices lead to classes. Pointers: each slot holds an immediate or the start of an object that is neither free nor a
 * forwarder. Compiled methods: header and literal count. Contexts: stack pointer, pc, method, sender. Class table and roots.
 * Spaces: what lies where. What the collector keeps beside the objects, the remembered set and the free lists, is checked
 * by space-checks.ts.
 */

import { VMBug } from '../vm-bug.ts';
import { isContext } from './contexts.ts';
import { Format, LAST_POINTER_FORMAT, OVERFLOW_SLOTS, SLOT_COUNT_SHIFT } from './header.ts';
import { LiveMap } from './live-map.ts';
import { headerLiteralCount } from './method-access.ts';
import { CLASS_TABLE_PAGE_ENTRIES, CLASS_TABLE_PAGES, type ObjectMemory } from './object-memory.ts';
import { liveContextSlots } from './object-parts.ts';
import { isImmediate, isSmallInteger, NO_OOP, type Oop, smallIntegerValue } from './oop.ts';
import { checkFreeLists, checkRememberedSet, type Report } from './space-checks.ts';
import { BehaviorSlot, ClassIndex, ContextSlot } from './well-known.ts';

export interface HeapProblem {
  readonly code:
    | 'bad-size'
    | 'bad-format'
    | 'no-class'
    | 'bad-pointer'
    | 'bad-method'
    | 'bad-context'
    | 'bad-class'
    | 'bad-root'
    | 'not-remembered'
    | 'bad-remembered'
    | 'bad-chunk';
  /** The object at fault; NO_OOP for what is none. */
  readonly oop: Oop;
  readonly sentence: string;
}

const VALID_FORMATS = new Set([0, 1, 2, 3, 4, 5, 9, 10, 12, 13, 16, 17, 18, 19, 24, 25, 26, 27]);
/** The class table's entries below this are kept for the memory manager; some name a class a second time. */
const FIRST_CLASS_INDEX = 32;

export class HeapVerifier {
  private readonly memory: ObjectMemory;
  private readonly maxProblems: number;
  private readonly starts = new LiveMap();
  private problems: HeapProblem[] = [];

  /** Stops at `maxProblems`: one broken size makes many. */
  constructor(memory: ObjectMemory, maxProblems = 100) {
    this.memory = memory;
    this.maxProblems = maxProblems;
  }

  /** What is wrong, in address order; empty when all is well. */
  verify(): readonly HeapProblem[] {
    this.problems = [];
    const { memory } = this;
    this.starts.reset(memory.freeStart);
    const objects: Oop[] = [];
    this.walkSizes(memory.oldStart, memory.freeStart, objects);
    this.walkSizes(memory.pastStart, memory.pastFree, objects);
    this.walkSizes(memory.edenStart, memory.edenFree, objects);
    this.verifyRoots();
    this.verifyClassTable();
    const report: Report = (code, oop, sentence) => this.report(code, oop, sentence);
    checkRememberedSet(memory, (oop) => this.isObject(oop), report);
    checkFreeLists(memory, report);
    for (const oop of objects) {
      if (this.problems.length >= this.maxProblems) break;
      this.verifyObject(oop);
    }
    return this.problems;
  }

  private report(code: HeapProblem['code'], oop: Oop, sentence: string): void {
    if (this.problems.length >= this.maxProblems) return;
    this.problems.push({ code, oop, sentence: oop === NO_OOP ? sentence : `${this.describe(oop)}: ${sentence}` });
  }

  private describe(oop: Oop): string {
    const classIndex = this.memory.classIndexOfObject(oop);
    const behavior = this.memory.classAt(classIndex);
    const name = behavior === this.memory.nil ? '' : ` (${this.memory.nameOfClass(behavior)})`;
    return `object at 0x${oop.toString(16)}, class index ${classIndex}${name}`;
  }

  /** Finds all objects of a space, free chunks left out; stops where a size leads out of it. */
  private walkSizes(start: number, end: number, objects: Oop[]): void {
    const { i32 } = this.memory;
    for (let address = start; address < end; ) {
      let oop = address;
      let slotCount = i32[(oop >> 2) + 1]! >>> SLOT_COUNT_SHIFT;
      if (slotCount === OVERFLOW_SLOTS) {
        slotCount = i32[oop >> 2]!;
        oop += 8;
        const inHeader = oop < end ? i32[(oop >> 2) + 1]! >>> SLOT_COUNT_SHIFT : 0;
        if (inHeader !== OVERFLOW_SLOTS) {
          this.report(
            'bad-size',
            oop as Oop,
            `its header counts ${inHeader} slots, its overflow word ${slotCount}; expected ${OVERFLOW_SLOTS} in the header`,
          );
          break;
        }
      }
      const bytes = 8 + (slotCount < 2 ? 8 : 4 * (slotCount + (slotCount & 1)));
      if (slotCount < 0 || bytes > end - oop) {
        this.report('bad-size', oop as Oop, `it has ${slotCount} slots, but the heap ends ${end - oop} bytes later`);
        break;
      }
      if (this.memory.classIndexOfObject(oop as Oop) !== ClassIndex.FREE) {
        objects.push(oop as Oop);
        this.starts.markRange(oop, oop + 8);
      }
      address = oop + bytes;
    }
  }

  /** True for the start of an object. Only then may anything be read through the oop. */
  private isObject(oop: Oop): boolean {
    return (oop & 7) === 0 && oop > 0 && oop < this.memory.freeStart && this.starts.isMarked(oop);
  }

  private isValue(oop: Oop): boolean {
    return isImmediate(oop) || (this.isObject(oop) && this.memory.formatOf(oop) !== Format.FORWARDED);
  }

  private verifyRoots(): void {
    let position = 0;
    this.memory.visitRoots((oop) => {
      if (oop !== NO_OOP && !this.isValue(oop))
        this.report('bad-root', NO_OOP, `root ${position} is 0x${(oop >>> 0).toString(16)}, which is no object`);
      position++;
      return oop;
    });
  }

  private verifyClassTable(): void {
    const { memory } = this;
    if (!this.isObject(memory.hiddenRoots)) return;
    for (let pageIndex = 0; pageIndex < CLASS_TABLE_PAGES; pageIndex++) {
      const page = memory.fetchPointer(memory.hiddenRoots, pageIndex);
      if (page === memory.nil) continue;
      if (!this.isObject(page) || memory.slotCountOf(page) !== CLASS_TABLE_PAGE_ENTRIES) {
        this.report('bad-class', memory.hiddenRoots, `page ${pageIndex} of the class table is no array of 1024 slots`);
        continue;
      }
      for (let entry = 0; entry < CLASS_TABLE_PAGE_ENTRIES; entry++) {
        const behavior = memory.fetchPointer(page, entry);
        if (behavior !== memory.nil) this.verifyClass(behavior, pageIndex * CLASS_TABLE_PAGE_ENTRIES + entry);
      }
    }
  }

  private verifyClass(behavior: Oop, classIndex: number): void {
    const { memory } = this;
    const where = `entry ${classIndex} of the class table`;
    if (!this.isObject(behavior) || !memory.isPointers(behavior)) {
      this.report('bad-class', memory.hiddenRoots, `${where} is 0x${(behavior >>> 0).toString(16)}, which is no class`);
      return;
    }
    if (memory.slotCountOf(behavior) <= BehaviorSlot.FORMAT) {
      this.report('bad-class', behavior, `${where} has ${memory.slotCountOf(behavior)} slots, a class has more than 2`);
      return;
    }
    if (!isSmallInteger(memory.fetchPointer(behavior, BehaviorSlot.FORMAT)))
      this.report('bad-class', behavior, `${where} has no SmallInteger as its format`);
    const hash = memory.hashBitsOf(behavior);
    if (classIndex >= FIRST_CLASS_INDEX && hash !== classIndex && memory.classAt(hash) !== behavior)
      this.report('bad-class', behavior, `${where} has the identity hash ${hash}, expected its index`);
  }

  private verifyObject(oop: Oop): void {
    const { memory } = this;
    const format = memory.formatOf(oop);
    const slotCount = memory.slotCountOf(oop);
    if (!VALID_FORMATS.has(format)) {
      this.report('bad-format', oop, `its format is ${format}${format === Format.FORWARDED ? ', a forwarder' : ''}`);
      return;
    }
    if (format === Format.ZERO_SIZED && slotCount !== 0)
      this.report('bad-format', oop, `its format is 0, of objects without slots, but it has ${slotCount}`);
    this.verifyClassOf(oop, format, slotCount);
    if (format >= Format.COMPILED_METHOD) this.verifyMethod(oop, slotCount);
    else if (memory.classIndexOfObject(oop) === ClassIndex.CONTEXT) this.verifyContext(oop, slotCount);
    else if (format <= LAST_POINTER_FORMAT) this.verifySlots(oop, slotCount);
    else if (format >= Format.BITS_16 && memory.byteSizeOf(oop) < 0)
      this.report('bad-format', oop, `its format ${format} leaves out more bytes than its ${slotCount} slots have`);
  }

  private verifyClassOf(oop: Oop, format: number, slotCount: number): void {
    const { memory } = this;
    const classIndex = memory.classIndexOfObject(oop);
    if (classIndex >= ClassIndex.ARRAY_PUN && classIndex <= ClassIndex.BITS_64_PUN) return;
    const behavior = memory.classAt(classIndex);
    if (behavior === memory.nil || !this.isObject(behavior)) {
      this.report('no-class', oop, 'the class table has no class at its class index');
      return;
    }
    if (memory.slotCountOf(behavior) <= BehaviorSlot.FORMAT || !memory.isPointers(behavior)) return;
    const family = formatFamily(format);
    const expected = formatFamily(memory.instanceFormatOf(behavior));
    // A fired ephemeron is an ordinary object of its class.
    const isFired = expected === Format.EPHEMERON && family === Format.FIXED;
    // V3's own classes of methods may say that their instances are bytes.
    const isV3Method = memory.isV3 && expected === Format.BYTES && family === Format.COMPILED_METHOD;
    if (family !== expected && !isFired && !isV3Method)
      this.report('bad-format', oop, `its format is ${format}, its class makes instances of format ${expected}`);
    else if (format <= LAST_POINTER_FORMAT && slotCount < memory.fixedSlotsOf(behavior))
      this.report('bad-format', oop, `it has ${slotCount} slots, its class names ${memory.fixedSlotsOf(behavior)}`);
  }

  private verifySlots(oop: Oop, slotCount: number): void {
    for (let slot = 0; slot < slotCount; slot++) {
      const value = this.memory.fetchPointer(oop, slot);
      if (!this.isValue(value))
        this.report('bad-pointer', oop, `slot ${slot} is 0x${(value >>> 0).toString(16)}, which is no object`);
    }
  }

  private verifyMethod(oop: Oop, slotCount: number): void {
    const header = this.memory.fetchPointer(oop, 0);
    const literals = headerLiteralCount(smallIntegerValue(header));
    if (slotCount === 0 || !isSmallInteger(header))
      this.report('bad-method', oop, `its header is 0x${(header >>> 0).toString(16)}, expected a SmallInteger`);
    else if (literals >= slotCount)
      this.report('bad-method', oop, `its header counts ${literals} literals, it has ${slotCount} slots`);
    else this.verifySlots(oop, 1 + literals);
  }

  private verifyContext(oop: Oop, slotCount: number): void {
    const { memory } = this;
    if (slotCount < ContextSlot.STACK || memory.formatOf(oop) > LAST_POINTER_FORMAT) {
      this.report('bad-context', oop, `a context has at least ${ContextSlot.STACK} pointer slots, it has ${slotCount}`);
      return;
    }
    const stackp = memory.fetchPointer(oop, ContextSlot.STACKP);
    const depth = isSmallInteger(stackp) ? smallIntegerValue(stackp) : 0;
    if (depth < 0 || depth > slotCount - ContextSlot.STACK)
      this.report(
        'bad-context',
        oop,
        `its stack pointer is ${depth}, it has ${slotCount - ContextSlot.STACK} stack slots`,
      );
    this.verifySlots(oop, liveContextSlots(stackp, slotCount));
    const method = memory.fetchPointer(oop, ContextSlot.METHOD);
    if (method !== memory.nil && (isImmediate(method) || !this.isObject(method) || !memory.isCompiledMethod(method)))
      this.report('bad-context', oop, 'its method is no compiled method');
    const pc = memory.fetchPointer(oop, ContextSlot.PC);
    if (!isSmallInteger(pc) && pc !== memory.nil)
      this.report('bad-context', oop, 'its pc is neither a SmallInteger nor nil');
    const sender = memory.fetchPointer(oop, ContextSlot.SENDER);
    if (sender !== memory.nil && (!this.isObject(sender) || !isContext(memory, sender)))
      this.report('bad-context', oop, 'its sender is neither a context nor nil');
  }
}

/** For assert mode: a VMBug that lists the first problems, when there are any. `when` completes "the heap is damaged …". */
export function assertSoundHeap(memory: ObjectMemory, when: string): void {
  const problems = new HeapVerifier(memory, 10).verify();
  if (problems.length === 0) return;
  const sentences = problems.map(({ sentence }) => sentence);
  throw new VMBug('damaged-heap', `the heap is damaged ${when}: ${sentences.join('; ')}`, { problems: sentences });
}

/** The format without the count of unused bytes. */
function formatFamily(format: number): number {
  if (format >= Format.BYTES) return format & ~7;
  if (format >= Format.BITS_16) return Format.BITS_16;
  return format;
}
