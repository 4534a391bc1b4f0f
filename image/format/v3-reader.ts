/**
 * Translates a V3 32-bit image (6502, 6504, 6505, either byte order) into a Spur 32-bit one: two sweeps over typed arrays, the
 * first for where each object goes, the second writes them.
 *
 * Characters become immediate; hashes of 12 bits stay; classes get class indices (v3-classes.ts). A method's header becomes Spur's,
 * and one with a primitive gets a `callPrimitive`, 3 bytes before its bytecodes, so program counters in it grow by 3. What the
 * image sees of all this is what it saw before (vm/memory/v3-objects.ts).
 */
import { FREE_LIST_SLOTS } from '../../vm/memory/foundation.ts';
import { FORMAT_SHIFT, Format } from '../../vm/memory/header.ts';
import { CLASS_TABLE_PAGE_ENTRIES, HEAP_BASE, HIDDEN_ROOTS_SLOTS } from '../../vm/memory/object-memory.ts';
import { liveContextSlots } from '../../vm/memory/object-parts.ts';
import { characterOop } from '../../vm/memory/oop.ts';
import {
  formatOfV3,
  HIDDEN_PRIMITIVE_BYTES,
  spurHeaderOfV3,
  V3_CALL_PRIMITIVE,
  V3_HASH_FOR_ZERO,
  v3PrimitiveNumber,
} from '../../vm/memory/v3-objects.ts';
import {
  BlockClosureSlot,
  BlockContextSlot,
  ClassIndex,
  ContextSlot,
  SpecialObject,
} from '../../vm/memory/well-known.ts';
import type { ImageFormat } from './detect-format.ts';
import { malformed } from './errors.ts';
import { SPUR32_MAGIC } from './spur32-header.ts';
import { objectWords, Spur32Output } from './spur32-output.ts';
import type { TranslatedImage } from './translated-image.ts';
import { v3ClassIndices } from './v3-classes.ts';
import { readV3Header } from './v3-header.ts';
import { V3Heap } from './v3-heap.ts';

const FIRST_CLOSURE_MAGIC = 6504;
const NATIVE_FLOATS_MAGIC = 6505;
const FIRST_METHOD_FORMAT = 12;
const FIRST_BITS_FORMAT = 6;
/** Slots that our VM reads; older images have fewer. */
const SPECIAL_OBJECT_SLOTS = SpecialObject.COUNT;

/** @throws ImageFormatError */
export function translateV3(bytes: Uint8Array, format: ImageFormat): TranslatedImage {
  const header = readV3Header(bytes, format);
  const little = format.endian === 'little';
  const dataOffset = format.headerOffset + header.headerBytes;
  // A copy even of a Buffer, whose own slice is none.
  const data = new Uint8Array(bytes.subarray(dataOffset, dataOffset + header.dataBytes));
  const heap = new V3Heap(data, header.baseAddress, dataOffset, little);
  const special = heap.wordOf(header.specialObjectsOop);
  const badSpecial = () =>
    malformed(
      'bad-header',
      'the oop of the special objects',
      format.headerOffset + 16,
      `0x${header.specialObjectsOop.toString(16)}`,
      'an array of about 50 slots in the image',
    );
  if (special < 0) throw badSpecial();
  const translation = new V3Translation(heap, special, {
    hasClosures: format.magic >= FIRST_CLOSURE_MAGIC,
    exchangesFloats: !(format.magic === NATIVE_FLOATS_MAGIC && little),
    badSpecial,
  });
  return {
    bytes: translation.write(header.lastHash, header.settings),
    originOf: (address) => translation.originOf(address),
  };
}

interface V3Options {
  readonly hasClosures: boolean;
  /** The high word of a Float comes first in the file. */
  readonly exchangesFloats: boolean;
  readonly badSpecial: () => Error;
}

class V3Translation {
  readonly #heap: V3Heap;
  readonly #options: V3Options;
  readonly #special: number;
  readonly #classIndices: Map<number, number>;
  /** By the word of an object's header in the source: its oop here; 0 where no object is. */
  readonly #oops: Int32Array;
  readonly #characterClass: number;
  readonly #pageCount: number;
  #specialSlots = -1;
  #size = 0;
  readonly #output: Spur32Output;

  constructor(heap: V3Heap, special: number, options: V3Options) {
    this.#heap = heap;
    this.#special = special;
    this.#options = options;
    heap.forEach((header, slots) => {
      if (header === special) this.#specialSlots = slots;
    });
    if (this.#specialSlots < SpecialObject.CLASS_BYTE_ARRAY + 1) throw options.badSpecial();
    heap.findCompactClasses(special);
    this.#classIndices = v3ClassIndices(heap, special, this.#specialSlots, options.hasClosures);
    this.#characterClass = this.#specialWord(SpecialObject.CLASS_CHARACTER);
    this.#pageCount = 1 + Math.floor(Math.max(...this.#classIndices.values()) / CLASS_TABLE_PAGE_ENTRIES);
    this.#oops = new Int32Array(heap.words.length);
    this.#placeFoundation();
    heap.forEach((header, slots) => {
      this.#place(header, slots);
    });
    this.#output = new Spur32Output(4 * this.#size);
  }

  write(lastHash: number, settings: Parameters<Spur32Output['finish']>[3]): Uint8Array {
    this.#writeFoundation();
    this.#heap.forEach((header, slots) => {
      const oop = this.#oops[header]!;
      if ((oop & 3) === 0 && !this.#isSingleton(header)) this.#writeObject(header, slots);
    });
    return this.#output.finish(SPUR32_MAGIC, this.#oops[this.#special]!, lastHash, settings);
  }

  originOf(address: number): number | undefined {
    let nearest: number | undefined;
    let nearestOop = 0;
    this.#heap.forEach((header) => {
      const oop = this.#oops[header]!;
      if ((oop & 3) !== 0 || oop > address || oop < nearestOop) return;
      nearest = header;
      nearestOop = oop;
    });
    return nearest === undefined ? undefined : this.#heap.offsetOf(nearest);
  }

  #specialWord(slot: number): number {
    return this.#heap.wordOf(this.#heap.words[this.#special + 1 + slot]!);
  }

  #isSingleton(header: number): boolean {
    return (
      header === this.#specialWord(SpecialObject.NIL) ||
      header === this.#specialWord(SpecialObject.FALSE) ||
      header === this.#specialWord(SpecialObject.TRUE)
    );
  }

  /** The oop of an object with that many slots, placed next. */
  #allocate(slots: number): number {
    const words = objectWords(slots);
    const oop = HEAP_BASE + 4 * (this.#size + words - (slots < 2 ? 2 : slots + (slots & 1)) - 2);
    this.#size += words;
    return oop;
  }

  #placeFoundation(): void {
    for (const slot of [SpecialObject.NIL, SpecialObject.FALSE, SpecialObject.TRUE]) {
      const header = this.#specialWord(slot);
      if (header < 0 || header >= this.#oops.length) throw this.#options.badSpecial();
      this.#oops[header] = this.#allocate(0);
    }
    this.#allocate(FREE_LIST_SLOTS);
    this.#allocate(HIDDEN_ROOTS_SLOTS);
    for (let page = 0; page < this.#pageCount; page++) this.#allocate(CLASS_TABLE_PAGE_ENTRIES);
  }

  #place(header: number, slots: number): void {
    if (this.#isSingleton(header)) return;
    const heap = this.#heap;
    if (heap.classAt(header) === this.#characterClass && slots === 1) {
      this.#oops[header] = characterOop(heap.words[header + 1]! >> 1);
      return;
    }
    this.#oops[header] = this.#allocate(this.#slotsInSpur(header, slots));
  }

  #slotsInSpur(header: number, slots: number): number {
    if (header === this.#special) return Math.max(slots, SPECIAL_OBJECT_SLOTS);
    if (this.#heap.formatAt(header) < FIRST_METHOD_FORMAT) return slots;
    const unused = this.#heap.formatAt(header) & 3;
    return Math.ceil((4 * slots - unused + this.#hiddenBytes(header, slots)) / 4);
  }

  #hiddenBytes(method: number, slots: number): number {
    this.#heap.literalCountAt(method, slots);
    return v3PrimitiveNumber(this.#heap.words[method + 1]! >> 1) === 0 ? 0 : HIDDEN_PRIMITIVE_BYTES;
  }

  #writeFoundation(): void {
    const output = this.#output;
    const nil = HEAP_BASE;
    let at = 0;
    for (const slot of [SpecialObject.NIL, SpecialObject.FALSE, SpecialObject.TRUE]) {
      const header = this.#specialWord(slot);
      const first = output.putHeader(at, this.#classIndexOf(header), this.#heap.hashAt(header) || V3_HASH_FOR_ZERO, 0);
      output.words.fill(nil, first, first + 2);
      at = first + 2;
    }
    at =
      output.putHeader(at, (Format.BITS_32 << FORMAT_SHIFT) | ClassIndex.BITS_32_PUN, 0, FREE_LIST_SLOTS) +
      FREE_LIST_SLOTS;
    const arrayPun = (Format.INDEXABLE << FORMAT_SHIFT) | ClassIndex.ARRAY_PUN;
    const roots = output.putHeader(at, arrayPun, 0, HIDDEN_ROOTS_SLOTS);
    output.words.fill(nil, roots, roots + HIDDEN_ROOTS_SLOTS);
    at = roots + HIDDEN_ROOTS_SLOTS;
    const pages: number[] = [];
    for (let page = 0; page < this.#pageCount; page++) {
      const first = output.putHeader(at, arrayPun, 0, CLASS_TABLE_PAGE_ENTRIES);
      output.words[roots + page] = HEAP_BASE + 4 * (first - 2);
      output.words.fill(nil, first, first + CLASS_TABLE_PAGE_ENTRIES);
      pages.push(first);
      at = first + CLASS_TABLE_PAGE_ENTRIES;
    }
    const enter = (index: number, oop: number) => {
      output.words[pages[Math.floor(index / CLASS_TABLE_PAGE_ENTRIES)]! + (index % CLASS_TABLE_PAGE_ENTRIES)] = oop;
    };
    for (const [header, index] of this.#classIndices) enter(index, this.#oops[header]!);
    enter(ClassIndex.SMALL_INTEGER_ODD, this.#oops[this.#specialWord(SpecialObject.CLASS_SMALL_INTEGER)]!);
    enter(ClassIndex.ARRAY_PUN, this.#oops[this.#specialWord(SpecialObject.CLASS_ARRAY)]!);
  }

  /** @throws ImageFormatError where the object names no class */
  #classIndexOf(header: number): number {
    const index = this.#classIndices.get(this.#heap.classAt(header));
    if (index !== undefined) return index;
    throw malformed(
      'bad-object',
      'the class of an object',
      this.#heap.offsetOf(header),
      this.#heap.classAt(header) < 0 ? 'none' : 'no object of the image',
      'a class',
    );
  }

  #writeObject(header: number, slots: number): void {
    const heap = this.#heap;
    const output = this.#output;
    const classIndex = this.#classIndexOf(header);
    const v3Format = heap.formatAt(header);
    const newSlots = this.#slotsInSpur(header, slots);
    const hash = this.#classIndices.get(header) ?? (heap.hashAt(header) || V3_HASH_FOR_ZERO);
    const isMethod = v3Format >= FIRST_METHOD_FORMAT;
    let format = formatOfV3(v3Format);
    if (isMethod) format += 4 * newSlots - (4 * slots - (v3Format & 3) + this.#hiddenBytes(header, slots));
    else if (format === Format.BYTES) format += v3Format & 3;
    const first = ((this.#oops[header]! - HEAP_BASE) >> 2) + 2;
    output.putHeader(first - 2 - (newSlots >= 255 ? 2 : 0), (format << FORMAT_SHIFT) | classIndex, hash, newSlots);
    if (isMethod) {
      this.#writeMethod(header, slots, first);
      return;
    }
    if (v3Format >= FIRST_BITS_FORMAT) {
      output.words.set(heap.words.subarray(header + 1, header + 1 + slots), first);
      if (classIndex === ClassIndex.FLOAT && slots === 2 && this.#options.exchangesFloats) {
        output.words[first] = heap.words[header + 2]!;
        output.words[first + 1] = heap.words[header + 1]!;
      }
      return;
    }
    const isContext = classIndex === ClassIndex.CONTEXT || classIndex === ClassIndex.BLOCK_CONTEXT;
    const live =
      isContext && slots >= ContextSlot.STACK
        ? liveContextSlots(heap.words[header + 1 + ContextSlot.STACKP]!, slots)
        : slots;
    for (let i = 0; i < live; i++) output.words[first + i] = this.#oopIn(header + 1 + i);
    output.words.fill(HEAP_BASE, first + live, first + Math.max(2, newSlots));
    this.#adjustProgramCounters(header, slots, classIndex, first);
  }

  #writeMethod(header: number, slots: number, first: number): void {
    const heap = this.#heap;
    const output = this.#output;
    const pointers = 1 + heap.literalCountAt(header, slots);
    const v3Header = heap.words[header + 1]! >> 1;
    output.words[first] = (spurHeaderOfV3(v3Header) << 1) | 1;
    for (let i = 1; i < pointers; i++) output.words[first + i] = this.#oopIn(header + 1 + i);
    let at = 4 * (first + pointers);
    const primitive = v3PrimitiveNumber(v3Header);
    if (primitive !== 0) {
      output.objects.set([V3_CALL_PRIMITIVE, primitive & 255, primitive >> 8], at);
      at += HIDDEN_PRIMITIVE_BYTES;
    }
    const from = 4 * (header + 1 + pointers);
    const size = 4 * (slots - pointers) - (heap.formatAt(header) & 3);
    output.objects.set(heap.bytes.subarray(from, from + Math.max(0, size)), at);
  }

  #oopIn(word: number): number {
    const oop = this.#heap.words[word]!;
    if ((oop & 1) !== 0) return oop;
    const header = this.#heap.wordOf(oop);
    const moved = header < 0 ? 0 : this.#oops[header]!;
    if (moved !== 0) return moved;
    throw malformed(
      'bad-pointer',
      'a pointer',
      this.#heap.offsetOf(word),
      `0x${(oop >>> 0).toString(16)}`,
      'the address of an object in the image',
    );
  }

  /** Program counters in methods that got hidden bytes count them. */
  #adjustProgramCounters(header: number, slots: number, classIndex: number, first: number): void {
    const { words } = this.#output;
    const add = (slot: number, bytes: number) => {
      if ((words[first + slot]! & 1) !== 0) words[first + slot]! += 2 * bytes;
    };
    if (classIndex === ClassIndex.CONTEXT && slots >= ContextSlot.STACK)
      add(ContextSlot.PC, this.#hiddenBytesOfContext(header));
    else if (classIndex === ClassIndex.BLOCK_CONTEXT && slots >= ContextSlot.STACK) {
      const hidden = this.#hiddenBytesOfContext(
        this.#heap.wordOf(this.#heap.words[header + 1 + BlockContextSlot.HOME]!),
      );
      add(ContextSlot.PC, hidden);
      add(BlockContextSlot.START_PC, hidden);
    } else if (classIndex === ClassIndex.BLOCK_CLOSURE && slots >= BlockClosureSlot.FIRST_COPIED) {
      const outer = this.#heap.wordOf(this.#heap.words[header + 1 + BlockClosureSlot.OUTER_CONTEXT]!);
      add(BlockClosureSlot.START_PC, this.#hiddenBytesOfContext(outer));
    }
  }

  /** Of the method that a method context runs; 0 where there is none. */
  #hiddenBytesOfContext(context: number): number {
    const heap = this.#heap;
    if (context < 0 || context + ContextSlot.METHOD + 1 >= heap.words.length) return 0;
    const method = heap.wordOf(heap.words[context + 1 + ContextSlot.METHOD]!);
    if (method < 0 || (this.#oops[method]! & 3) !== 0 || this.#oops[method] === 0) return 0;
    if (heap.formatAt(method) < FIRST_METHOD_FORMAT) return 0;
    return v3PrimitiveNumber(heap.words[method + 1]! >> 1) === 0 ? 0 : HIDDEN_PRIMITIVE_BYTES;
  }
}
