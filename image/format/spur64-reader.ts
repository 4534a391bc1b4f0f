/**
 * Reads a Spur 64-bit image (68021, 68533, either byte order) into an object memory, whose layout is 32-bit: two sweeps over typed
 * arrays, the first for where each object goes, the second writes them there.
 *
 * Slots become 4 bytes. SmallIntegers beyond 31 bits become LargeIntegers, SmallFloats become Floats (equal ones one object,
 * so that what was identical stays so). Program counters of contexts and closures count bytes from the method's start, so
 * they lose 4 for each literal. Hashes stay. Forwarders are followed once all is there.
 *
 * What cannot be translated: a collection that hashed a SmallInteger beyond 31 bits by its value, if the image hashes LargeIntegers
 * otherwise.
 */

import { CONTEXT_SLACK, isTightContext } from '../../vm/memory/contexts.ts';
import { FREE_LIST_SLOTS } from '../../vm/memory/foundation.ts';
import {
  CLASS_INDEX_MASK,
  FORMAT_MASK,
  FORMAT_SHIFT,
  Format,
  GREY_BIT,
  HASH_MASK,
  LAST_POINTER_FORMAT,
  REMEMBERED_BIT,
} from '../../vm/memory/header.ts';
import { ObjectMemory, type ObjectMemoryOptions } from '../../vm/memory/object-memory.ts';
import { liveContextSlots } from '../../vm/memory/object-parts.ts';
import { layCharacterValues } from '../../vm/memory/v3-objects.ts';
import { ClassIndex, ClosureSlot, ContextSlot } from '../../vm/memory/well-known.ts';
import { BoxedImmediates } from './boxed-immediates.ts';
import type { ImageFormat } from './detect-format.ts';
import { malformed } from './errors.ts';
import { findFoundation, finishLoading, reserveObjects } from './finish-loading.ts';
import { ImageFlag } from './image-settings.ts';
import { Tag64 } from './immediates64.ts';
import { readSegments } from './segments.ts';
import { readSpurHeader } from './spur-header.ts';
import { copyWords, headerWord, objectWords, putHeader } from './spur-layout.ts';
import type { LoadedImage } from './spur32-reader.ts';
import { Spur64Objects } from './spur64-objects.ts';
import { alignedData } from './words-of-file.ts';

/** The free lists are the fourth object of every image, and differ in size. */
const FREE_LISTS_POSITION = 3;

/** @throws ImageFormatError */
export function readSpur64(bytes: Uint8Array, format: ImageFormat, options: ObjectMemoryOptions): LoadedImage {
  const header = readSpurHeader(bytes, format, 8);
  const { settings } = header;
  const little = format.endian === 'little';
  const dataOffset = format.headerOffset + header.headerBytes;
  const segments = readSegments(bytes, header, dataOffset, 8, little, 0);
  const data = alignedData(bytes, dataOffset, header.dataBytes, 8, !little);
  const source = new Spur64Objects(data, segments, dataOffset, little);
  const translation = new Translation(source);
  const special = header.specialObjectsOop;
  const specialWord = translation.objectAt(special | 0, Math.floor(special / 2 ** 32));
  if (specialWord < 0)
    throw malformed(
      'bad-header',
      'the oop of the special objects',
      format.headerOffset + 24,
      `0x${special.toString(16)}`,
      'an object in the image',
    );
  const memory = translation.into(options, little && (settings.flags & ImageFlag.FLOATS_LITTLE_ENDIAN) === 0);
  memory.isV3 = (settings.flags & ImageFlag.V3_OBJECTS) !== 0;
  if (memory.isV3) layCharacterValues(memory);
  const offsetOf = (address: number) => translation.offsetOf(address);
  findFoundation(memory, offsetOf);
  finishLoading(memory, offsetOf, translation.oopAt(specialWord), header.lastHash, translation.forwarders);
  return { memory, settings, format };
}

class Translation {
  /** How many of the objects are forwarders. */
  forwarders = 0;
  private readonly source: Spur64Objects;
  /** By the word of an object's header in the source: its address, counted from the start of the objects, plus 8; 0 where none starts. */
  private readonly places: Int32Array;
  private readonly objectBytes: number;
  private oldStart = 0;
  private words = new Int32Array(0);
  private boxes = new BoxedImmediates(0);

  constructor(source: Spur64Objects) {
    this.source = source;
    this.places = new Int32Array(source.halves.length >> 1);
    this.objectBytes = 4 * this.placeObjects();
  }

  /** The word of the header of the object at an address of the writing VM; -1 where none starts. */
  objectAt(low: number, high: number): number {
    const word = this.source.wordAt(low, high);
    return word >= 0 && this.places[word] !== 0 ? word : -1;
  }

  /** The oop of the object whose header is word `header` of the source. */
  oopAt(header: number): number {
    return this.oldStart + this.places[header]! - 8;
  }

  /** Where in the file the object stands that lies at an address, or before it. */
  offsetOf(address: number): number {
    const { headers, count } = this.source;
    let nearest = 0;
    for (let i = 0; i < count && this.oopAt(headers[i]!) <= address; i++) nearest = headers[i]!;
    return this.source.offsetOf(nearest);
  }

  into(options: ObjectMemoryOptions, exchangesFloats: boolean): ObjectMemory {
    const memory = new ObjectMemory({ ...options, expectedOldBytes: this.objectBytes });
    reserveObjects(memory, this.objectBytes);
    this.oldStart = memory.oldStart;
    this.words = memory.i32;
    this.boxes = new BoxedImmediates(memory.freeStart);
    const { headers, slotCounts, count } = this.source;
    for (let i = 0; i < count; i++) this.writeObject(i, headers[i]!, slotCounts[i]!, exchangesFloats);
    reserveObjects(memory, this.objectBytes + this.boxes.byteCount);
    this.boxes.write(memory);
    return memory;
  }

  /** Decides where each object goes; answers the words that they take. */
  private placeObjects(): number {
    const { headers, slotCounts, count } = this.source;
    let size = 0;
    for (let i = 0; i < count; i++) {
      const header = headers[i]!;
      const slots = i === FREE_LISTS_POSITION ? FREE_LIST_SLOTS : this.slotsIn32(header, slotCounts[i]!);
      this.places[header] = 4 * headerWord(size, slots) + 8;
      size += objectWords(slots);
      if (size > MAX_WORDS)
        throw malformed(
          'too-large',
          'the size of the objects',
          this.source.offsetOf(header),
          4 * size,
          'less than 2 GiB',
        );
    }
    return size;
  }

  private slotsIn32(header: number, slotCount: number): number {
    const format = this.source.formatAt(header);
    if (format < Format.BITS_64) {
      const isTight = isTightContext(slotCount) && this.source.classIndexAt(header) === ClassIndex.CONTEXT;
      return isTight ? slotCount + CONTEXT_SLACK : slotCount;
    }
    if (format < Format.BITS_32) return 2 * slotCount;
    if (format < Format.BITS_16) return Math.max(0, 2 * slotCount - (format & 1));
    if (format < Format.BYTES) return Math.max(0, Math.ceil((4 * slotCount - (format & 3)) / 2));
    if (format < Format.COMPILED_METHOD) return Math.max(0, Math.ceil((8 * slotCount - (format & 7)) / 4));
    const pointers = 1 + this.source.literalCountAt(header, slotCount);
    return pointers + Math.max(0, Math.ceil((8 * (slotCount - pointers) - (format & 7)) / 4));
  }

  /** The format number in 32-bit words: its low bits count the elements that are unused in the last word. */
  private formatIn32(format: number, slotCount: number, slots: number, pointers: number): number {
    if (format < Format.BITS_32) return format;
    if (format < Format.BITS_16) return Format.BITS_32;
    if (format < Format.BYTES) return Format.BITS_16 + 2 * slots - Math.max(0, 4 * slotCount - (format & 3));
    if (format < Format.COMPILED_METHOD) return Format.BYTES + 4 * slots - Math.max(0, 8 * slotCount - (format & 7));
    return Format.COMPILED_METHOD + 4 * (slots - pointers) - Math.max(0, 8 * (slotCount - pointers) - (format & 7));
  }

  private writeObject(position: number, header: number, slotCount: number, exchangesFloats: boolean): void {
    const { words, source } = this;
    const { halves } = source;
    const first = (this.oopAt(header) >> 2) + 2;
    const format = source.formatAt(header);
    const classIndex = halves[2 * header]! & CLASS_INDEX_MASK;
    const isFreeLists = position === FREE_LISTS_POSITION;
    const slots = isFreeLists ? FREE_LIST_SLOTS : this.slotsIn32(header, slotCount);
    const isMethod = format >= Format.COMPILED_METHOD;
    const pointers = isMethod ? 1 + source.literalCountAt(header, slotCount) : 0;
    let low = halves[2 * header]! & ~(REMEMBERED_BIT | GREY_BIT | (FORMAT_MASK << FORMAT_SHIFT));
    if (isFreeLists) low = (low & ~CLASS_INDEX_MASK) | ClassIndex.BITS_32_PUN | (Format.BITS_32 << FORMAT_SHIFT);
    else if (classIndex === ClassIndex.FLOAT && slots === 2) low |= Format.BITS_32 << FORMAT_SHIFT;
    else low |= this.formatIn32(format, slotCount, slots, pointers) << FORMAT_SHIFT;
    putHeader(words, first - 2, low, halves[2 * header + 1]! & HASH_MASK, slots);
    if (isFreeLists) return;
    if (format <= LAST_POINTER_FORMAT) {
      const isContext = classIndex === ClassIndex.CONTEXT && slotCount >= ContextSlot.STACK;
      const live = isContext ? this.liveSlots(header, slotCount) : slotCount;
      this.writeOops(header + 1, first, live);
      for (let i = live; i < slots; i++) words[first + i] = this.oldStart;
      if (isContext || classIndex === ClassIndex.BLOCK_CLOSURE) this.adjustProgramCounter(header, first, slotCount);
    } else if (format === Format.FORWARDED) {
      this.forwarders++;
      this.writeOops(header + 1, first, slotCount === 0 ? 0 : 1);
    } else {
      if (isMethod) {
        this.writeMethodHeader(header, first);
        this.writeOops(header + 2, first + 1, pointers - 1);
      }
      const from = 2 * (header + 1 + pointers);
      copyWords(halves, from, words, first + pointers, slots - pointers);
      if (exchangesFloats && classIndex === ClassIndex.FLOAT && slots === 2) {
        words[first] = halves[from + 1]!;
        words[first + 1] = halves[from]!;
      }
    }
  }

  private liveSlots(context: number, slotCount: number): number {
    const stackp = 2 * (context + 1 + ContextSlot.STACKP);
    const low = this.source.halves[stackp]!;
    const isValid = (low & Tag64.MASK) === Tag64.SMALL_INTEGER && this.source.halves[stackp + 1] === 0;
    return liveContextSlots(isValid ? ((low >>> 3) << 1) | 1 : 1, slotCount);
  }

  /** Sign (the instruction set) and the lower 30 bits are what a header has in both. */
  private writeMethodHeader(header: number, first: number): void {
    const { halves } = this.source;
    const low = halves[2 * header + 2]!;
    const high = halves[2 * header + 3]!;
    const fields = ((low >>> 3) | (high << 29)) & 0x3fff_ffff;
    this.words[first] = ((high < 0 ? fields - 0x4000_0000 : fields) << 1) | 1;
  }

  /** Writes the oops from word `from` of the source on. */
  private writeOops(from: number, to: number, count: number): void {
    const { words, places, source } = this;
    const { halves } = source;
    const shift = this.oldStart - 8;
    for (let i = 0; i < count; i++) {
      const low = halves[2 * (from + i)]!;
      const high = halves[2 * (from + i) + 1]!;
      let oop = 0;
      switch (low & Tag64.MASK) {
        case 0: {
          const word = source.wordAt(low, high);
          const place = word < 0 ? 0 : places[word]!;
          if (place !== 0) oop = place + shift;
          break;
        }
        case Tag64.SMALL_INTEGER:
          oop = this.smallIntegerOop(low, high);
          break;
        case Tag64.CHARACTER:
          oop = (((low >>> 3) | (high << 29)) << 2) | 2;
          break;
        case Tag64.SMALL_FLOAT:
          oop = this.boxes.floatOop(low, high);
          break;
      }
      if (oop === 0) throw this.badPointer(from + i);
      words[to + i] = oop;
    }
  }

  private smallIntegerOop(low: number, high: number): number {
    const value = (low >>> 3) | (high << 29);
    const has31Bits = (value << 1) >> 1 === value && high >> 3 === value >> 31;
    return has31Bits ? (value << 1) | 1 : this.boxes.integerOop(low, high);
  }

  private badPointer(word: number): Error {
    const { halves } = this.source;
    const [low, high] = [halves[2 * word]! >>> 0, halves[2 * word + 1]! >>> 0];
    return malformed(
      'bad-pointer',
      'a pointer',
      this.source.offsetOf(word),
      `0x${high.toString(16)}${low.toString(16).padStart(8, '0')}`,
      'the address of an object in the image, or an immediate',
    );
  }

  private adjustProgramCounter(header: number, first: number, slotCount: number): void {
    if (this.source.classIndexAt(header) === ClassIndex.CONTEXT)
      this.takeOffLiterals(header, first, ContextSlot.PC, this.literalsOfContext(header));
    else if (slotCount > ClosureSlot.CODE) {
      const outer = this.objectIn(header + 1 + ClosureSlot.OUTER_CONTEXT);
      if (outer >= 0 && this.source.classIndexAt(outer) === ClassIndex.CONTEXT)
        this.takeOffLiterals(header, first, ClosureSlot.CODE, this.literalsOfContext(outer));
    }
  }

  private takeOffLiterals(header: number, first: number, slot: number, literals: number): void {
    if ((this.source.halves[2 * (header + 1 + slot)]! & Tag64.MASK) !== Tag64.SMALL_INTEGER) return;
    this.words[first + slot]! -= 2 * 4 * literals;
  }

  /** The words before the bytecodes of a context's method; 0 where it has none. */
  private literalsOfContext(context: number): number {
    const method = this.objectIn(context + 1 + ContextSlot.METHOD);
    if (method < 0 || this.source.formatAt(method) < Format.COMPILED_METHOD) return 0;
    return 1 + ((this.source.halves[2 * method + 2]! >>> 3) & 0x7fff);
  }

  /** The word of the header of the object that slot word `word` points to, or -1. */
  private objectIn(word: number): number {
    const low = this.source.halves[2 * word]!;
    return (low & Tag64.MASK) === 0 ? this.objectAt(low, this.source.halves[2 * word + 1]!) : -1;
  }
}

/** Oops are below 2 GiB. */
const MAX_WORDS = 0x7fff_0000 / 4;
