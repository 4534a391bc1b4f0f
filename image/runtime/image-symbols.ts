/**
 * Symbols of a running image, found and made in the image's own table, so that Smalltalk and the compiler see one world.
 * The table's layout is told in the class comment of `Symbol` (image/kernel/Collections-Strings/Symbol.class.st): an Array of
 * buckets, each nil or an Array of Symbols; `String hashOf:` modulo the table's size chooses the bucket.
 *
 * Valid until the next safepoint: it holds oops.
 */
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { forEachObject } from '../../vm/memory/object-walk.ts';
import { isSmallInteger, type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { stringHash } from '../../vm/memory/string-hash.ts';
import { AssociationSlot } from '../../vm/memory/well-known.ts';
import { type SymbolSource, Symbols } from '../builder/symbols.ts';
import type { ImageEnvironment } from './image-environment.ts';

/** The symbols of the image: by its table, or by a walk over the heap while it has none yet. */
export function imageSymbols(memory: ObjectMemory, environment: ImageEnvironment): SymbolSource {
  const symbolClass = environment.classNamed('Symbol');
  const classIndex = memory.indexOfClass(symbolClass);
  const table = environment.bindingOf('SymbolTable', symbolClass);
  const count = environment.bindingOf('SymbolCount', symbolClass);
  if (table !== undefined && count !== undefined) {
    const buckets = memory.fetchPointer(table, AssociationSlot.VALUE);
    if (buckets !== memory.nil && isSmallInteger(memory.fetchPointer(count, AssociationSlot.VALUE)))
      return new SymbolTable(memory, classIndex, buckets, count);
  }
  const existing: Oop[] = [];
  forEachObject(memory, (oop) => {
    if (memory.classIndexOfObject(oop) === classIndex) existing.push(oop);
  });
  return new Symbols(memory, classIndex, existing);
}

class SymbolTable implements SymbolSource {
  private readonly memory: ObjectMemory;
  private readonly classIndex: number;
  private readonly buckets: Oop;
  private readonly count: Oop;

  constructor(memory: ObjectMemory, classIndex: number, buckets: Oop, count: Oop) {
    this.memory = memory;
    this.classIndex = classIndex;
    this.buckets = buckets;
    this.count = count;
  }

  intern(text: string): Oop {
    const { memory, buckets } = this;
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const slot = stringHash(bytes) % memory.slotCountOf(buckets);
    const bucket = memory.fetchPointer(buckets, slot);
    const size = bucket === memory.nil ? 0 : memory.slotCountOf(bucket);
    for (let i = 0; i < size; i++) {
      const symbol = memory.fetchPointer(bucket, i);
      if (memory.byteSizeOf(symbol) === bytes.length && memory.stringValueOf(symbol) === text) return symbol;
    }
    const symbol = memory.newByteString(text);
    memory.setClassIndex(symbol, this.classIndex);
    const grown = memory.newArray(size + 1);
    for (let i = 0; i < size; i++) memory.storePointer(grown, i, memory.fetchPointer(bucket, i));
    memory.storePointer(grown, size, symbol);
    memory.storePointer(buckets, slot, grown);
    const count = smallIntegerValue(memory.fetchPointer(this.count, AssociationSlot.VALUE));
    memory.storePointer(this.count, AssociationSlot.VALUE, smallIntegerOop(count + 1));
    return symbol;
  }
}
