/**
 * Which objects of a V3 image are classes, and the class index that each gets. Those that the VM knows by index get theirs; any
 * other gets one whose lower 12 bits are the hash that it had, so that what the image hashed by class stays where it is.
 */
import { CLASS_INDEX_MASK } from '../../vm/memory/header.ts';
import { ClassIndex, SpecialObject } from '../../vm/memory/well-known.ts';
import { malformed } from './errors.ts';
import type { V3Heap } from './v3-heap.ts';

/** Special objects of V3 that name classes with fixed indices; the last two are in images with closures only, or none. */
const FIXED: readonly (readonly [slot: number, classIndex: number])[] = [
  [SpecialObject.CLASS_SMALL_INTEGER, ClassIndex.SMALL_INTEGER],
  [SpecialObject.CLASS_CHARACTER, ClassIndex.CHARACTER],
  [SpecialObject.CLASS_LARGE_NEGATIVE_INTEGER, ClassIndex.LARGE_NEGATIVE_INTEGER],
  [SpecialObject.CLASS_LARGE_POSITIVE_INTEGER, ClassIndex.LARGE_POSITIVE_INTEGER],
  [SpecialObject.CLASS_FLOAT, ClassIndex.FLOAT],
  [SpecialObject.CLASS_MESSAGE, ClassIndex.MESSAGE],
  [SpecialObject.CLASS_CONTEXT, ClassIndex.CONTEXT],
  [SpecialObject.V3_CLASS_BLOCK_CONTEXT, ClassIndex.BLOCK_CONTEXT],
  [SpecialObject.CLASS_BYTE_ARRAY, ClassIndex.BYTE_ARRAY],
  [SpecialObject.CLASS_ARRAY, ClassIndex.ARRAY],
  [SpecialObject.CLASS_BYTE_STRING, ClassIndex.BYTE_STRING],
  [SpecialObject.CLASS_BITMAP, ClassIndex.BITMAP],
  [SpecialObject.CLASS_BLOCK_CLOSURE, ClassIndex.BLOCK_CLOSURE],
];
const HASH_BITS = 12;

const NO_CLASS = -1;
const MOST_CLASSES = 0xffff;

export class V3Classes {
  /** By the number of a class, from 1: the word of its header, and its class index. */
  readonly headers: number[] = [NO_CLASS];
  readonly indices: number[] = [0];
  highestIndex = 0;
  private readonly heap: V3Heap;
  /** By the word of a class's header: its number; 0 for anything else. */
  private readonly numbers: Uint16Array;

  /** `specialObjects` is the word of that array's header. @throws ImageFormatError */
  constructor(heap: V3Heap, specialObjects: number, specialSlots: number, hasClosures: boolean) {
    this.heap = heap;
    this.numbers = new Uint16Array(heap.words.length);
    const special = (slot: number) =>
      slot < specialSlots ? heap.wordOf(heap.words[specialObjects + 1 + slot]!) : NO_CLASS;
    const nil = special(SpecialObject.NIL);
    for (const [slot, index] of FIXED) {
      const header = special(slot);
      const isThere = header > 0 && header !== nil && (slot !== SpecialObject.CLASS_BLOCK_CLOSURE || hasClosures);
      if (isThere && this.numbers[header] === 0) this.indices[this.enter(header)] = index;
    }
    this.findClasses(this.classOf(this.classOf(special(SpecialObject.CLASS_ARRAY))));
    this.giveIndices();
  }

  /** The class index of the class whose header is at that word; 0 for what is no class. */
  indexOf(header: number): number {
    return header < 0 ? 0 : this.indices[this.numbers[header]!]!;
  }

  /** The class index of an object; 0 where it names no class. */
  indexOfClassOf(header: number): number {
    return this.indexOf(this.heap.classAt(header));
  }

  private classOf(header: number): number {
    return header < 0 ? NO_CLASS : this.heap.classAt(header);
  }

  private enter(header: number): number {
    const number = this.headers.push(header) - 1;
    if (number > MOST_CLASSES)
      throw malformed(
        'bad-object',
        'the number of classes',
        this.heap.offsetOf(header),
        number,
        `at most ${MOST_CLASSES}`,
      );
    this.numbers[header] = number;
    this.indices.push(0);
    return number;
  }

  /** Enters all objects that have instances, the instances of Metaclass, and theirs. */
  private findClasses(metaclass: number): void {
    const { heap, numbers } = this;
    const { headers, count } = heap;
    /** By the number of a class: whether its instances are classes; undefined before the first one is met. */
    const hasClasses: (boolean | undefined)[] = [];
    for (let i = 0; i < count; i++) {
      const header = headers[i]!;
      const behavior = heap.classAt(header);
      if (behavior < 0) continue;
      const number = numbers[behavior]! || this.enter(behavior);
      let isClass = hasClasses[number];
      if (isClass === undefined) {
        isClass = behavior === metaclass || this.classOf(behavior) === metaclass;
        hasClasses[number] = isClass;
      }
      if (isClass && numbers[header] === 0) this.enter(header);
    }
  }

  private giveIndices(): void {
    const { headers, indices, heap } = this;
    const taken = new Set(indices);
    for (let number = 1; number < headers.length; number++) {
      if (indices[number] === 0) {
        const header = headers[number]!;
        const hash = heap.hashAt(header);
        let index = hash;
        while (index < ClassIndex.FIRST_FREE || taken.has(index)) index += 1 << HASH_BITS;
        if (index > CLASS_INDEX_MASK)
          throw malformed(
            'bad-object',
            'the identity hash of a class',
            heap.offsetOf(header),
            hash,
            `one that fewer than ${CLASS_INDEX_MASK >> HASH_BITS} other classes have`,
          );
        indices[number] = index;
        taken.add(index);
      }
      this.highestIndex = Math.max(this.highestIndex, indices[number]!);
    }
  }
}
