/**
 * Translates a Spur 64-bit image (68021, 68533, either byte order) into a 32-bit one: two sweeps over typed arrays, the first
 * for where each object goes, the second writes them.
 *
 * Slots become 4 bytes. SmallIntegers beyond 31 bits become LargeIntegers, SmallFloats become Floats (equal ones one object,
 * so that what was identical stays so). Program counters of contexts and closures count bytes from the method's start, so
 * they lose 4 for each literal. Hashes stay. Forwarders are left for the 32-bit reader to follow.
 *
 * What cannot be translated: a collection that hashed a SmallInteger beyond 31 bits by its value, if the image hashes LargeIntegers
 * otherwise.
 */

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
import { HEAP_BASE } from '../../vm/memory/object-memory.ts';
import { ClassIndex, ClosureSlot, ContextSlot } from '../../vm/memory/well-known.ts';
import type { ImageFormat } from './detect-format.ts';
import { malformed } from './errors.ts';
import { approximateSmallInteger, exactSmallInteger, fits31, smallFloatValue, Tag64 } from './immediates64.ts';
import { readSegments } from './segments.ts';
import { MULTIPLE_BYTECODE_SETS_BIT, SPUR32_MAGIC } from './spur32-header.ts';
import { objectWords, Spur32Output } from './spur32-output.ts';
import { readSpur64Header, SPUR64_MAGIC } from './spur64-header.ts';
import { Spur64Objects } from './spur64-objects.ts';
import type { TranslatedImage } from './translated-image.ts';

/** The free lists are the fourth object of every image, and differ in size. */
const FREE_LISTS_POSITION = 3;
const LARGE_INTEGER_SLOTS = 2;

/** @throws ImageFormatError */
export function translateSpur64(bytes: Uint8Array, format: ImageFormat): TranslatedImage {
  const header = readSpur64Header(bytes, format);
  const little = format.endian === 'little';
  const dataOffset = format.headerOffset + header.headerBytes;
  const segments = readSegments(bytes, header, dataOffset, 8, little, HEAP_BASE);
  // A copy even of a Buffer, whose own slice is none.
  const data = new Uint8Array(bytes.subarray(dataOffset, dataOffset + header.dataBytes - (header.dataBytes % 8)));
  const source = new Spur64Objects(data, segments, dataOffset, little);
  const translation = new Translation(source);
  const special = header.specialObjectsOop;
  const specialObjects = translation.addressOf(special | 0, Math.floor(special / 2 ** 32));
  if (specialObjects === 0)
    throw malformed(
      'bad-header',
      'the oop of the special objects',
      format.headerOffset + 24,
      `0x${special.toString(16)}`,
      'an object in the image',
    );
  translation.write();
  const magic = SPUR32_MAGIC + (header.magic === SPUR64_MAGIC ? 0 : MULTIPLE_BYTECODE_SETS_BIT);
  return {
    bytes: translation.output.finish(magic, specialObjects, header.lastHash, header.settings),
    originOf: (address) => translation.originOf(address),
  };
}

class Translation {
  readonly output: Spur32Output;
  readonly #source: Spur64Objects;
  /** By the word of an object's header in the source: the word of its header in the output, plus 2; 0 where no object starts. */
  readonly #firstSlots: Int32Array;
  /** Immediate floats and integers that become objects, and the word of their header. */
  readonly #floats = new Map<number, number>();
  readonly #integers = new Map<bigint, number>();
  #negativeZero = -1;
  #freeListsHeader = -1;

  constructor(source: Spur64Objects) {
    this.#source = source;
    this.#firstSlots = new Int32Array(source.halves.length >> 1);
    this.output = new Spur32Output(4 * this.#placeImmediates(this.#placeObjects()));
  }

  /** The address in the output of the object at an address of the writing VM; 0 where none starts. */
  addressOf(low: number, high: number): number {
    const word = this.#source.wordAt(low, high);
    const first = word < 0 ? 0 : (this.#firstSlots[word] ?? 0);
    return first === 0 ? 0 : HEAP_BASE + 4 * (first - 2);
  }

  originOf(address: number): number | undefined {
    const first = ((address - HEAP_BASE) >> 2) + 2;
    let nearest: number | undefined;
    this.#source.forEach((header) => {
      if (this.#firstSlots[header]! <= first) nearest = header;
    });
    return nearest === undefined ? undefined : this.#source.offsetOf(nearest);
  }

  write(): void {
    this.#source.forEach((header, slotCount) => {
      this.#writeObject(header, slotCount);
    });
    for (const [value, at] of this.#floats) this.#writeFloat(at, value);
    if (this.#negativeZero >= 0) this.#writeFloat(this.#negativeZero, -0);
    for (const [value, at] of this.#integers) this.#writeInteger(at, value);
  }

  /** Decides where each object goes; answers the words that they take. */
  #placeObjects(): number {
    let at = 0;
    let position = 0;
    this.#source.forEach((header, slotCount) => {
      if (position++ === FREE_LISTS_POSITION) this.#freeListsHeader = header;
      const slots = header === this.#freeListsHeader ? FREE_LIST_SLOTS : this.#slotsIn32(header, slotCount);
      const words = objectWords(slots);
      this.#firstSlots[header] = at + words - (slots < 2 ? 2 : slots + (slots & 1));
      at += words;
      if (4 * at > 0x7fff_0000 - HEAP_BASE)
        throw malformed(
          'too-large',
          'the size of the objects',
          this.#source.offsetOf(header),
          4 * at,
          'less than 2 GiB',
        );
    });
    return at;
  }

  /** The same for the immediates that become objects. */
  #placeImmediates(start: number): number {
    let at = start;
    const { halves } = this.#source;
    this.#source.forEach((header, slotCount) => {
      const from = this.#source.formatAt(header) >= Format.COMPILED_METHOD ? 1 : 0;
      const end = 2 * (header + 1 + this.#pointerCount(header, slotCount));
      for (let i = 2 * (header + 1 + from); i < end; i += 2) {
        const low = halves[i]!;
        const tag = low & Tag64.MASK;
        if (tag === Tag64.SMALL_FLOAT) {
          const value = smallFloatValue(low, halves[i + 1]!);
          if (Object.is(value, -0)) {
            if (this.#negativeZero >= 0) continue;
            this.#negativeZero = at;
          } else {
            if (this.#floats.has(value)) continue;
            this.#floats.set(value, at);
          }
          at += 4;
        } else if (tag === Tag64.SMALL_INTEGER && !fits31(approximateSmallInteger(low, halves[i + 1]!))) {
          const value = exactSmallInteger(low, halves[i + 1]!);
          if (this.#integers.has(value)) continue;
          this.#integers.set(value, at);
          at += 2 + LARGE_INTEGER_SLOTS;
        }
      }
    });
    return at;
  }

  /** How many of an object's slots hold oops; a method's header does not count as one. */
  #pointerCount(header: number, slotCount: number): number {
    const format = this.#source.formatAt(header);
    if (format <= LAST_POINTER_FORMAT) return slotCount;
    if (format === Format.FORWARDED) return Math.min(1, slotCount);
    return format >= Format.COMPILED_METHOD ? 1 + this.#source.literalCountAt(header, slotCount) : 0;
  }

  #slotsIn32(header: number, slotCount: number): number {
    const format = this.#source.formatAt(header);
    if (format < Format.BITS_64) return slotCount;
    if (format < Format.BITS_32) return 2 * slotCount;
    if (format < Format.BITS_16) return 2 * slotCount - (format & 1);
    if (format < Format.BYTES) return Math.ceil((4 * slotCount - (format & 3)) / 2);
    if (format < Format.COMPILED_METHOD) return Math.ceil((8 * slotCount - (format & 7)) / 4);
    const pointers = 1 + this.#source.literalCountAt(header, slotCount);
    return pointers + Math.max(0, Math.ceil((8 * (slotCount - pointers) - (format & 7)) / 4));
  }

  /** The format number in 32-bit words: its low bits count the elements that are unused in the last word. */
  #formatIn32(header: number, slotCount: number, slots: number): number {
    const format = this.#source.formatAt(header);
    if (format < Format.BITS_32) return format;
    if (format < Format.BITS_16) return Format.BITS_32;
    if (format < Format.BYTES) return Format.BITS_16 + 2 * slots - Math.max(0, 4 * slotCount - (format & 3));
    if (format < Format.COMPILED_METHOD) return Format.BYTES + 4 * slots - Math.max(0, 8 * slotCount - (format & 7));
    const pointers = 1 + this.#source.literalCountAt(header, slotCount);
    return Format.COMPILED_METHOD + 4 * (slots - pointers) - Math.max(0, 8 * (slotCount - pointers) - (format & 7));
  }

  #writeObject(header: number, slotCount: number): void {
    const { halves } = this.#source;
    const first = this.#firstSlots[header]!;
    const format = this.#source.formatAt(header);
    const isFreeLists = header === this.#freeListsHeader;
    const slots = isFreeLists ? FREE_LIST_SLOTS : this.#slotsIn32(header, slotCount);
    let low = halves[2 * header]! & ~(REMEMBERED_BIT | GREY_BIT | (FORMAT_MASK << FORMAT_SHIFT));
    if (isFreeLists) low = (low & ~CLASS_INDEX_MASK) | ClassIndex.BITS_32_PUN | (Format.BITS_32 << FORMAT_SHIFT);
    else if ((low & CLASS_INDEX_MASK) === ClassIndex.FLOAT && slots === 2) low |= Format.BITS_32 << FORMAT_SHIFT;
    else low |= this.#formatIn32(header, slotCount, slots) << FORMAT_SHIFT;
    const start = first - 2 - (slots >= 255 ? 2 : 0);
    this.output.putHeader(start, low, halves[2 * header + 1]! & HASH_MASK, slots);
    if (isFreeLists) return;
    const pointers = this.#pointerCount(header, slotCount);
    if (format >= Format.COMPILED_METHOD) this.#writeMethodHeader(header, first);
    for (let i = format >= Format.COMPILED_METHOD ? 1 : 0; i < pointers; i++)
      this.output.words[first + i] = this.#oopIn32(header + 1 + i);
    if (format >= Format.BITS_64) {
      const from = 8 * (header + 1 + pointers);
      const size = 4 * (slots - pointers);
      this.output.objects.set(this.#source.bytes.subarray(from, from + size), 4 * (first + pointers));
    }
    this.#adjustProgramCounter(header, first, slotCount);
  }

  /** Sign (the instruction set) and the lower 30 bits are what a header has in both. */
  #writeMethodHeader(header: number, first: number): void {
    const { halves } = this.#source;
    const low = halves[2 * header + 2]!;
    const high = halves[2 * header + 3]!;
    const fields = ((low >>> 3) | (high << 29)) & 0x3fff_ffff;
    this.output.words[first] = ((high < 0 ? fields - 0x4000_0000 : fields) << 1) | 1;
  }

  #oopIn32(word: number): number {
    const low = this.#source.halves[2 * word]!;
    const high = this.#source.halves[2 * word + 1]!;
    switch (low & Tag64.MASK) {
      case 0: {
        const address = this.addressOf(low, high);
        if (address !== 0) return address;
        break;
      }
      case Tag64.SMALL_INTEGER: {
        const value = approximateSmallInteger(low, high);
        if (fits31(value)) return (value << 1) | 1;
        return HEAP_BASE + 4 * this.#integers.get(exactSmallInteger(low, high))!;
      }
      case Tag64.CHARACTER:
        return (((low >>> 3) | (high << 29)) << 2) | 2;
      case Tag64.SMALL_FLOAT: {
        const value = smallFloatValue(low, high);
        return HEAP_BASE + 4 * (Object.is(value, -0) ? this.#negativeZero : this.#floats.get(value)!);
      }
    }
    throw malformed(
      'bad-pointer',
      'a pointer',
      this.#source.offsetOf(word),
      `0x${(high >>> 0).toString(16)}${(low >>> 0).toString(16).padStart(8, '0')}`,
      'the address of an object in the image, or an immediate',
    );
  }

  #adjustProgramCounter(header: number, first: number, slotCount: number): void {
    const classIndex = this.#source.classIndexAt(header);
    if (classIndex === ClassIndex.CONTEXT && slotCount > ContextSlot.METHOD)
      this.#takeOffLiterals(header, first, ContextSlot.PC, this.#literalsOfContext(header));
    else if (classIndex === ClassIndex.BLOCK_CLOSURE && slotCount > ClosureSlot.CODE) {
      const outer = this.#objectIn(header + 1 + ClosureSlot.OUTER_CONTEXT);
      if (outer >= 0 && this.#source.classIndexAt(outer) === ClassIndex.CONTEXT)
        this.#takeOffLiterals(header, first, ClosureSlot.CODE, this.#literalsOfContext(outer));
    }
  }

  #takeOffLiterals(header: number, first: number, slot: number, literals: number): void {
    if ((this.#source.halves[2 * (header + 1 + slot)]! & Tag64.MASK) !== Tag64.SMALL_INTEGER) return;
    this.output.words[first + slot]! -= 2 * 4 * literals;
  }

  /** The words before the bytecodes of a context's method; 0 where it has none. */
  #literalsOfContext(context: number): number {
    const method = this.#objectIn(context + 1 + ContextSlot.METHOD);
    if (method < 0 || this.#source.formatAt(method) < Format.COMPILED_METHOD) return 0;
    return 1 + ((this.#source.halves[2 * method + 2]! >>> 3) & 0x7fff);
  }

  /** The word of the header of the object that slot word `word` points to, or -1. */
  #objectIn(word: number): number {
    const low = this.#source.halves[2 * word]!;
    if ((low & Tag64.MASK) !== 0) return -1;
    const found = this.#source.wordAt(low, this.#source.halves[2 * word + 1]!);
    return found >= 0 && this.#firstSlots[found] !== 0 ? found : -1;
  }

  #writeFloat(at: number, value: number): void {
    const first = this.output.putHeader(at, (Format.BITS_32 << FORMAT_SHIFT) | ClassIndex.FLOAT, 0, 2);
    new DataView(this.output.objects.buffer, this.output.objects.byteOffset + 4 * first).setFloat64(0, value, true);
  }

  #writeInteger(at: number, value: bigint): void {
    const isNegative = value < 0n;
    const classIndex = isNegative ? ClassIndex.LARGE_NEGATIVE_INTEGER : ClassIndex.LARGE_POSITIVE_INTEGER;
    const magnitude = isNegative ? -value : value;
    const byteCount = Math.ceil(magnitude.toString(16).length / 2);
    const format = Format.BYTES + ((4 - (byteCount & 3)) & 3);
    const slots = Math.ceil(byteCount / 4);
    const first = this.output.putHeader(at, (format << FORMAT_SHIFT) | classIndex, 0, slots);
    this.output.words[first] = Number(BigInt.asIntN(32, magnitude));
    this.output.words[first + 1] = Number(BigInt.asIntN(32, magnitude >> 32n));
  }
}
