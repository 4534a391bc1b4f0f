/** Counts what is in the heap, in all and by class, and shows it as a table. Runs no Smalltalk code. */
import { headerIsSista, methodHeaderOf } from '../memory/method-access.ts';
import { ObjectMemory } from '../memory/object-memory.ts';
import { forEachObject, isProgramObject } from '../memory/object-walk.ts';
import { metaclassClassOf } from './object-printer.ts';

export interface ClassStatistics {
  readonly className: string;
  readonly count: number;
  /** Headers included. */
  readonly bytes: number;
}

export interface HeapStatistics {
  /** Objects that programs see: no free chunks, no tables of the memory manager. */
  readonly objects: number;
  /** Compiled methods and blocks. */
  readonly methods: number;
  /** How many of those are Sista V1 code; the others are V3. */
  readonly sistaMethods: number;
  /** Classes, metaclasses not counted. */
  readonly classes: number;
  /** All of the heap in use. */
  readonly bytes: number;
  /** Most bytes first. */
  readonly byClass: readonly ClassStatistics[];
}

export function heapStatistics(memory: ObjectMemory): HeapStatistics {
  const counts = new Map<number, { count: number; bytes: number }>();
  const metaclass = metaclassClassOf(memory);
  let objects = 0;
  let methods = 0;
  let sistaMethods = 0;
  let classes = 0;
  forEachObject(memory, (oop) => {
    if (!isProgramObject(memory, oop)) return;
    objects++;
    if (memory.isCompiledMethod(oop)) {
      methods++;
      if (headerIsSista(methodHeaderOf(memory, oop))) sistaMethods++;
    }
    const classIndex = memory.classIndexOfObject(oop);
    if (metaclass !== memory.nil && memory.classOf(memory.classAt(classIndex)) === metaclass) classes++;
    const entry = counts.get(classIndex) ?? { count: 0, bytes: 0 };
    entry.count++;
    entry.bytes += ObjectMemory.bytesFor(memory.slotCountOf(oop));
    counts.set(classIndex, entry);
  });
  const byClass = Array.from(counts, ([classIndex, entry]) => ({
    className: memory.nameOfClass(memory.classAt(classIndex)),
    ...entry,
  })).sort((a, b) => b.bytes - a.bytes || (a.className < b.className ? -1 : 1));
  return { objects, methods, sistaMethods, classes, bytes: memory.oldBytes + memory.youngBytes, byClass };
}

/** A table of the `maxClasses` classes that use most, and a line for the rest. */
export function printHeapStatistics(statistics: HeapStatistics, maxClasses = 20): string {
  const shown = statistics.byClass.slice(0, maxClasses);
  const rest = statistics.byClass.slice(maxClasses);
  const rows = shown.map(({ className, count, bytes }) => [className, String(count), String(bytes)] as const);
  if (rest.length > 0) {
    const sum = (pick: (entry: ClassStatistics) => number) => rest.reduce((total, entry) => total + pick(entry), 0);
    rows.push([`${rest.length} more classes`, String(sum((e) => e.count)), String(sum((e) => e.bytes))]);
  }
  rows.push(['all', String(statistics.objects), String(statistics.bytes)]);
  const table = [['class', 'objects', 'bytes'] as const, ...rows];
  const nameWidth = Math.max(...table.map(([name]) => name.length));
  const countWidth = Math.max(...table.map(([, count]) => count.length));
  const bytesWidth = Math.max(...table.map(([, , bytes]) => bytes.length));
  return table
    .map(
      ([name, count, bytes]) =>
        `${name.padEnd(nameWidth)}  ${count.padStart(countWidth)}  ${bytes.padStart(bytesWidth)}`,
    )
    .join('\n');
}
