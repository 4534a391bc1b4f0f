/**
 * Reads a V3 32-bit image (6502, 6504, 6505, either byte order) into an object memory, whose layout is Spur's: two sweeps over typed
 * arrays, the first for where each object goes, the second writes them there.
 *
 * Characters become immediate; hashes of 12 bits stay; classes get class indices (v3-classes.ts). A method's header becomes Spur's,
 * and one with a primitive gets a `callPrimitive`, 3 bytes before its bytecodes, so program counters in it grow by 3. What the
 * image sees of all this is what it saw before (vm/memory/v3-objects.ts).
 */
import { CONTEXT_SLACK, isTightContext } from '../../vm/memory/contexts.ts';
import { FREE_LIST_SLOTS } from '../../vm/memory/foundation.ts';
import { FORMAT_SHIFT, Format } from '../../vm/memory/header.ts';
import {
  CLASS_TABLE_PAGE_ENTRIES,
  HIDDEN_ROOTS_SLOTS,
  ObjectMemory,
  type ObjectMemoryOptions,
} from '../../vm/memory/object-memory.ts';
import { liveContextSlots } from '../../vm/memory/object-parts.ts';
import { characterOop } from '../../vm/memory/oop.ts';
import {
  formatOfV3,
  HIDDEN_PRIMITIVE_BYTES,
  layCharacterValues,
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
import { findFoundation, finishLoading, reserveObjects } from './finish-loading.ts';
import { copyWords, headerWord, objectWords, putHeader } from './spur-layout.ts';
import type { LoadedImage } from './spur32-reader.ts';
import { V3Classes } from './v3-classes.ts';
import { readV3Header } from './v3-header.ts';
import { V3_FIRST_METHOD_FORMAT, V3Heap } from './v3-heap.ts';
import { alignedData } from './words-of-file.ts';

const FIRST_CLOSURE_MAGIC = 6504;
const NATIVE_FLOATS_MAGIC = 6505;
const FIRST_BITS_FORMAT = 6;
/** Slots that our VM reads; older images have fewer. */
const SPECIAL_OBJECT_SLOTS = SpecialObject.COUNT;
const SINGLETONS = [SpecialObject.NIL, SpecialObject.FALSE, SpecialObject.TRUE] as const;
const ARRAY_PUN_HEADER = (Format.INDEXABLE << FORMAT_SHIFT) | ClassIndex.ARRAY_PUN;

/** @throws ImageFormatError */
export function readV3(bytes: Uint8Array, format: ImageFormat, options: ObjectMemoryOptions): LoadedImage {
  const header = readV3Header(bytes, format);
  const little = format.endian === 'little';
  const dataOffset = format.headerOffset + header.headerBytes;
  const data = alignedData(bytes, dataOffset, header.dataBytes, 4, !little);
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
  const memory = translation.into(options);
  const offsetOf = (address: number) => translation.offsetOf(address);
  memory.isV3 = true;
  layCharacterValues(memory);
  findFoundation(memory, offsetOf);
  finishLoading(memory, offsetOf, translation.oopAt(special), header.lastHash, 0);
  return { memory, settings: header.settings, format };
}

interface V3Options {
  readonly hasClosures: boolean;
  /** The high word of a Float comes first in the file. */
  readonly exchangesFloats: boolean;
  readonly badSpecial: () => Error;
}

class V3Translation {
  private readonly heap: V3Heap;
  private readonly options: V3Options;
  private readonly special: number;
  private readonly classes: V3Classes;
  private readonly characterClass: number;
  private readonly pageCount: number;
  /**
   * By the word of an object's header in the source: its address, counted from the start of the objects, plus 8, which leaves 0 for
   * where no object is; or the Character that it is.
   */
  private readonly places: Int32Array;
  private readonly objectBytes: number;
  private oldStart = 0;
  private words = new Int32Array(0);
  private u8 = new Uint8Array(0);

  constructor(heap: V3Heap, special: number, options: V3Options) {
    this.heap = heap;
    this.special = special;
    this.options = options;
    const number = heap.headers.subarray(0, heap.count).indexOf(special);
    const slots = number < 0 ? 0 : heap.slotCounts[number]!;
    if (slots < SpecialObject.CLASS_BYTE_ARRAY + 1) throw options.badSpecial();
    heap.findCompactClasses(special);
    this.classes = new V3Classes(heap, special, slots, options.hasClosures);
    this.characterClass = this.specialWord(SpecialObject.CLASS_CHARACTER);
    this.pageCount = 1 + Math.floor(this.classes.highestIndex / CLASS_TABLE_PAGE_ENTRIES);
    this.places = new Int32Array(heap.words.length);
    this.objectBytes = 4 * this.placeObjects(this.placeFoundation());
  }

  into(options: ObjectMemoryOptions): ObjectMemory {
    const memory = new ObjectMemory({ ...options, expectedOldBytes: this.objectBytes });
    reserveObjects(memory, this.objectBytes);
    this.oldStart = memory.oldStart;
    this.words = memory.i32;
    this.u8 = memory.u8;
    this.writeFoundation();
    this.writeObjects();
    return memory;
  }

  /** The oop of the object whose header is word `header` of the source. */
  oopAt(header: number): number {
    const place = this.places[header]!;
    return (place & 3) === 0 ? this.oldStart + place - 8 : place;
  }

  /** Where in the file the object stands that lies at an address, or before it. */
  offsetOf(address: number): number {
    const { headers, count } = this.heap;
    let nearest = 0;
    let nearestOop = 0;
    for (let i = 0; i < count; i++) {
      const oop = this.oopAt(headers[i]!);
      if ((oop & 3) !== 0 || oop > address || oop < nearestOop) continue;
      nearest = headers[i]!;
      nearestOop = oop;
    }
    return this.heap.offsetOf(nearest);
  }

  private specialWord(slot: number): number {
    return this.heap.wordOf(this.heap.words[this.special + 1 + slot]!);
  }

  /** Places what every Spur heap starts with; answers the words that it takes. */
  private placeFoundation(): number {
    let size = 0;
    const { headers, count } = this.heap;
    for (const slot of SINGLETONS) {
      const header = this.specialWord(slot);
      if (header < 0 || !headers.subarray(0, count).includes(header)) throw this.options.badSpecial();
      this.places[header] = 4 * size + 8;
      size += objectWords(0);
    }
    size += objectWords(FREE_LIST_SLOTS) + objectWords(HIDDEN_ROOTS_SLOTS);
    return size + this.pageCount * objectWords(CLASS_TABLE_PAGE_ENTRIES);
  }

  /** Decides where each object goes, from word `size` on; answers the size of all. */
  private placeObjects(start: number): number {
    const { heap, places, characterClass } = this;
    const { headers, slotCounts, count, words } = heap;
    let size = start;
    for (let i = 0; i < count; i++) {
      const header = headers[i]!;
      if (places[header] !== 0) continue;
      const slots = slotCounts[i]!;
      if (slots === 1 && heap.classAt(header) === characterClass) {
        places[header] = characterOop(words[header + 1]! >> 1);
        continue;
      }
      const newSlots = this.slotsInSpur(header, slots);
      places[header] = 4 * headerWord(size, newSlots) + 8;
      size += objectWords(newSlots);
      if (size > MAX_WORDS)
        throw malformed('too-large', 'the size of the objects', heap.offsetOf(header), 4 * size, 'less than 2 GiB');
    }
    return size;
  }

  private slotsInSpur(header: number, slots: number): number {
    if (header === this.special) return Math.max(slots, SPECIAL_OBJECT_SLOTS);
    const format = this.heap.formatAt(header);
    if (format < V3_FIRST_METHOD_FORMAT)
      return isTightContext(slots) && this.isContext(header) ? slots + CONTEXT_SLACK : slots;
    return (4 * slots - (format & 3) + this.hiddenBytes(header, slots) + 3) >> 2;
  }

  private isContext(header: number): boolean {
    const index = this.classes.indexOfClassOf(header);
    return index === ClassIndex.CONTEXT || index === ClassIndex.BLOCK_CONTEXT;
  }

  private hiddenBytes(method: number, slots: number): number {
    this.heap.literalCountAt(method, slots);
    return v3PrimitiveNumber(this.heap.words[method + 1]! >> 1) === 0 ? 0 : HIDDEN_PRIMITIVE_BYTES;
  }

  private writeFoundation(): void {
    const { words, oldStart, classes } = this;
    const nil = oldStart;
    let at = oldStart >> 2;
    /** An object of the memory manager, filled with nil; answers the word of its first slot. */
    const put = (low: number, hash: number, slots: number, filling: number): number => {
      const header = headerWord(at, slots);
      putHeader(words, header, low, hash, slots);
      at += objectWords(slots);
      words.fill(filling, header + 2, at);
      return header + 2;
    };
    for (const slot of SINGLETONS) {
      const header = this.specialWord(slot);
      put(this.classIndexOf(header), this.heap.hashAt(header) || V3_HASH_FOR_ZERO, 0, nil);
    }
    put((Format.BITS_32 << FORMAT_SHIFT) | ClassIndex.BITS_32_PUN, 0, FREE_LIST_SLOTS, 0);
    const roots = put(ARRAY_PUN_HEADER, 0, HIDDEN_ROOTS_SLOTS, nil);
    const pages: number[] = [];
    for (let page = 0; page < this.pageCount; page++) {
      const first = put(ARRAY_PUN_HEADER, 0, CLASS_TABLE_PAGE_ENTRIES, nil);
      words[roots + page] = 4 * (first - 2);
      pages.push(first);
    }
    const enter = (index: number, header: number) => {
      if (header < 0) throw this.options.badSpecial();
      words[pages[Math.floor(index / CLASS_TABLE_PAGE_ENTRIES)]! + (index % CLASS_TABLE_PAGE_ENTRIES)] =
        this.oopAt(header);
    };
    for (let number = 1; number < classes.headers.length; number++)
      enter(classes.indices[number]!, classes.headers[number]!);
    enter(ClassIndex.SMALL_INTEGER_ODD, this.specialWord(SpecialObject.CLASS_SMALL_INTEGER));
    enter(ClassIndex.ARRAY_PUN, this.specialWord(SpecialObject.CLASS_ARRAY));
  }

  /** @throws ImageFormatError where the object names no class */
  private classIndexOf(header: number): number {
    const index = this.classes.indexOfClassOf(header);
    if (index !== 0) return index;
    throw malformed(
      'bad-object',
      'the class of an object',
      this.heap.offsetOf(header),
      this.heap.classAt(header) < 0 ? 'none' : 'no object of the image',
      'a class',
    );
  }

  private writeObjects(): void {
    const { headers, slotCounts, count } = this.heap;
    const { places } = this;
    const [nil, no, yes] = SINGLETONS.map((slot) => this.specialWord(slot));
    for (let i = 0; i < count; i++) {
      const header = headers[i]!;
      if ((places[header]! & 3) !== 0 || header === nil || header === no || header === yes) continue;
      this.writeObject(header, slotCounts[i]!);
    }
  }

  private writeObject(header: number, slots: number): void {
    const { heap, words } = this;
    const classIndex = this.classIndexOf(header);
    const v3Format = heap.formatAt(header);
    const newSlots = this.slotsInSpur(header, slots);
    const hash = this.classes.indexOf(header) || heap.hashAt(header) || V3_HASH_FOR_ZERO;
    const first = (this.oopAt(header) >> 2) + 2;
    let format = formatOfV3(v3Format);
    if (v3Format >= V3_FIRST_METHOD_FORMAT)
      format += 4 * newSlots - (4 * slots - (v3Format & 3) + this.hiddenBytes(header, slots));
    else if (format === Format.BYTES) format += v3Format & 3;
    putHeader(words, first - 2, (format << FORMAT_SHIFT) | classIndex, hash, newSlots);
    if (v3Format >= V3_FIRST_METHOD_FORMAT) {
      this.writeMethod(header, slots, first);
      return;
    }
    if (v3Format >= FIRST_BITS_FORMAT) {
      const source = heap.words;
      copyWords(source, header + 1, words, first, slots);
      if (classIndex === ClassIndex.FLOAT && slots === 2 && this.options.exchangesFloats) {
        words[first] = source[header + 2]!;
        words[first + 1] = source[header + 1]!;
      }
      return;
    }
    const isContext =
      (classIndex === ClassIndex.CONTEXT || classIndex === ClassIndex.BLOCK_CONTEXT) && slots >= ContextSlot.STACK;
    const live = isContext ? liveContextSlots(heap.words[header + 1 + ContextSlot.STACKP]!, slots) : slots;
    this.writeOops(header + 1, first, live);
    const end = first + Math.max(newSlots, 2);
    for (let i = first + live; i < end; i++) words[i] = this.oldStart;
    if (isContext || classIndex === ClassIndex.BLOCK_CLOSURE)
      this.adjustProgramCounters(header, slots, classIndex, first);
  }

  private writeMethod(header: number, slots: number, first: number): void {
    const { heap, words } = this;
    const pointers = 1 + heap.literalCountAt(header, slots);
    const v3Header = heap.words[header + 1]! >> 1;
    words[first] = (spurHeaderOfV3(v3Header) << 1) | 1;
    this.writeOops(header + 2, first + 1, pointers - 1);
    const primitive = v3PrimitiveNumber(v3Header);
    if (primitive === 0) copyWords(heap.words, header + 1 + pointers, words, first + pointers, slots - pointers);
    else this.writePrimitiveAndCode(header, slots, pointers, primitive, 4 * (first + pointers));
  }

  private writePrimitiveAndCode(header: number, slots: number, pointers: number, primitive: number, to: number): void {
    const { heap, u8 } = this;
    u8[to] = V3_CALL_PRIMITIVE;
    u8[to + 1] = primitive & 255;
    u8[to + 2] = primitive >> 8;
    const start = 4 * (header + 1 + pointers);
    const end = 4 * (header + 1 + slots) - (heap.formatAt(header) & 3);
    if (end > start) u8.set(heap.bytes.subarray(start, end), to + HIDDEN_PRIMITIVE_BYTES);
  }

  /** Writes the oops from word `from` of the source on. */
  private writeOops(from: number, to: number, count: number): void {
    const { words, places, oldStart } = this;
    const source = this.heap.words;
    const base = this.heap.baseAddress | 0;
    const shift = oldStart - 8;
    const limit = source.length;
    for (let i = 0; i < count; i++) {
      const oop = source[from + i]!;
      if ((oop & 1) !== 0) {
        words[to + i] = oop;
        continue;
      }
      const distance = (oop - base) | 0;
      const place = distance >= 0 && (distance & 3) === 0 && distance >> 2 < limit ? places[distance >> 2]! : 0;
      if (place === 0) throw this.badPointer(from + i);
      words[to + i] = (place & 3) === 0 ? place + shift : place;
    }
  }

  private badPointer(word: number): Error {
    return malformed(
      'bad-pointer',
      'a pointer',
      this.heap.offsetOf(word),
      `0x${(this.heap.words[word]! >>> 0).toString(16)}`,
      'the address of an object in the image',
    );
  }

  /** Program counters in methods that got hidden bytes count them. */
  private adjustProgramCounters(header: number, slots: number, classIndex: number, first: number): void {
    const { words, heap } = this;
    const add = (slot: number, bytes: number) => {
      if ((words[first + slot]! & 1) !== 0) words[first + slot]! += 2 * bytes;
    };
    const objectIn = (slot: number) => heap.wordOf(heap.words[header + 1 + slot]!);
    if (classIndex === ClassIndex.CONTEXT) add(ContextSlot.PC, this.hiddenBytesOfContext(header));
    else if (classIndex === ClassIndex.BLOCK_CONTEXT) {
      const hidden = this.hiddenBytesOfContext(objectIn(BlockContextSlot.HOME));
      add(ContextSlot.PC, hidden);
      add(BlockContextSlot.START_PC, hidden);
    } else if (slots >= BlockClosureSlot.FIRST_COPIED)
      add(BlockClosureSlot.START_PC, this.hiddenBytesOfContext(objectIn(BlockClosureSlot.OUTER_CONTEXT)));
  }

  /** Of the method that a method context runs; 0 where there is none. */
  private hiddenBytesOfContext(context: number): number {
    const { heap } = this;
    if (context < 0 || context + ContextSlot.METHOD + 1 >= heap.words.length) return 0;
    const method = heap.wordOf(heap.words[context + 1 + ContextSlot.METHOD]!);
    if (method < 0 || (this.places[method]! & 3) !== 0 || this.places[method] === 0) return 0;
    if (heap.formatAt(method) < V3_FIRST_METHOD_FORMAT) return 0;
    return v3PrimitiveNumber(heap.words[method + 1]! >> 1) === 0 ? 0 : HIDDEN_PRIMITIVE_BYTES;
  }
}

/** Oops are below 2 GiB. */
const MAX_WORDS = 0x7fff_0000 / 4;
