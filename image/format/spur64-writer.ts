/**
 * Writes an object memory as a Spur 64-bit image file, by way of the 32-bit one: two sweeps, as the reader's.
 *
 * Slots become 8 bytes. LargeIntegers of at most 61 bits become SmallIntegers, as a 64-bit VM wants them, and Floats become
 * SmallFloats where they fit and the image has that class. Program counters gain 4 for each literal. Hashes stay.
 */
import {
  CLASS_INDEX_MASK,
  FORMAT_MASK,
  FORMAT_SHIFT,
  Format,
  HASH_MASK,
  LAST_POINTER_FORMAT,
  OVERFLOW_SLOTS,
  SLOT_COUNT_SHIFT,
} from '../../vm/memory/header.ts';
import { headerLiteralCount } from '../../vm/memory/method-access.ts';
import { HEAP_BASE, type ObjectMemory } from '../../vm/memory/object-memory.ts';
import { ClassIndex, ClosureSlot, ContextSlot } from '../../vm/memory/well-known.ts';
import { detectFormat } from './detect-format.ts';
import { DEFAULT_SETTINGS, type ImageSettings } from './image-settings.ts';
import { putSmallFloat, Tag64 } from './immediates64.ts';
import { BRIDGE_BYTES, headerBytesOf, readSpurHeader, writeSpurHeader } from './spur-header.ts';
import { copyWords, putBridge } from './spur-layout.ts';
import { writeSpur32 } from './spur32-writer.ts';

/** Heads of the free lists: one a size up to 63 units of 8 bytes. */
const FREE_LIST_SLOTS_64 = 64;
/** Class index of SmallFloat64. */
const SMALL_FLOAT_INDEX = 4;
const FREE_LISTS_POSITION = 3;
const HIDDEN_ROOTS_POSITION = 4;

/** The bytes of the image file; the contract is that of writeSpur32. */
export function writeSpur64(memory: ObjectMemory, settings: ImageSettings = DEFAULT_SETTINGS): Uint8Array {
  const narrow = writeSpur32(memory, settings);
  const header = readSpurHeader(narrow, detectFormat(narrow), 4);
  const widening = new Widening(narrow.subarray(headerBytesOf(4), narrow.length - BRIDGE_BYTES));
  const headerBytes = headerBytesOf(8);
  const dataBytes = widening.byteCount + BRIDGE_BYTES;
  const bytes = new Uint8Array(headerBytes + dataBytes);
  widening.writeTo(bytes.subarray(headerBytes, headerBytes + widening.byteCount));
  putBridge(bytes, headerBytes + widening.byteCount);
  writeSpurHeader(bytes, 8, {
    usesSista: widening.usesSista,
    dataBytes,
    baseAddress: HEAP_BASE,
    specialObjectsOop: widening.addressOf(header.specialObjectsOop),
    lastHash: header.lastHash,
    settings: header.settings,
  });
  return bytes;
}

class Widening {
  usesSista = false;
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly doubles: Float64Array;
  /** By the word of an object's header here: the long of its header there, plus 1; 0 where none is. */
  private readonly longs: Int32Array;
  /** In longs. */
  private size = 0;
  /** Two words before the place is decided: whether an object is an immediate is tried out on them. */
  private out: Int32Array = new Int32Array(2);
  private freeLists = -1;
  private hasSmallFloats = false;

  /** `objects`: those of a 32-bit file whose heap starts at HEAP_BASE, at a multiple of 8 in their buffer. */
  constructor(objects: Uint8Array) {
    this.bytes = objects;
    this.words = new Int32Array(objects.buffer, objects.byteOffset, objects.length >> 2);
    this.doubles = new Float64Array(objects.buffer, objects.byteOffset, objects.length >> 3);
    this.longs = new Int32Array(this.words.length);
    this.placeObjects();
  }

  get byteCount(): number {
    return 8 * this.size;
  }

  addressOf(oop: number): number {
    return HEAP_BASE + 8 * (this.longs[(oop - HEAP_BASE) >> 2]! - 1);
  }

  writeTo(target: Uint8Array): void {
    this.out = new Int32Array(target.buffer, target.byteOffset, target.length >> 2);
    const { words, longs } = this;
    for (let at = 0; at < words.length; ) {
      let header = at;
      let slotCount = words[header + 1]! >>> SLOT_COUNT_SHIFT;
      if (slotCount === OVERFLOW_SLOTS) {
        slotCount = words[header]!;
        header += 2;
      }
      if (longs[header] !== 0) this.writeObject(header, slotCount);
      at = header + 2 + (slotCount < 2 ? 2 : slotCount + (slotCount & 1));
    }
  }

  private placeObjects(): void {
    const { words, longs } = this;
    let position = 0;
    let size = 0;
    for (let at = 0; at < words.length; ) {
      let header = at;
      let slotCount = words[header + 1]! >>> SLOT_COUNT_SHIFT;
      if (slotCount === OVERFLOW_SLOTS) {
        slotCount = words[header]!;
        header += 2;
      }
      at = header + 2 + (slotCount < 2 ? 2 : slotCount + (slotCount & 1));
      const classIndex = words[header]! & CLASS_INDEX_MASK;
      if (classIndex === ClassIndex.FREE) continue;
      const mayBeImmediate = classIndex >= ClassIndex.LARGE_NEGATIVE_INTEGER && classIndex <= ClassIndex.FLOAT;
      if (mayBeImmediate && this.putImmediate(0, header)) continue;
      if (position === FREE_LISTS_POSITION) this.freeLists = header;
      if (position === HIDDEN_ROOTS_POSITION) this.hasSmallFloats = this.hasClass(header, SMALL_FLOAT_INDEX);
      position++;
      const slots = this.slotsIn64(header, slotCount);
      if (slots >= OVERFLOW_SLOTS) size++;
      longs[header] = size + 1;
      size += 1 + (slots === 0 ? 1 : slots);
    }
    this.size = size;
  }

  /** Whether the first page of the class table has a class there. */
  private hasClass(hiddenRoots: number, index: number): boolean {
    const nil = HEAP_BASE;
    const page = (this.words[hiddenRoots + 2]! - HEAP_BASE) >> 2;
    return this.words[page + 2 + index] !== nil;
  }

  private formatAt(header: number): number {
    return (this.words[header]! >> FORMAT_SHIFT) & FORMAT_MASK;
  }

  private classIndexAt(header: number): number {
    return this.words[header]! & CLASS_INDEX_MASK;
  }

  /** The words of a method before its bytecodes. */
  private pointersOfMethod(header: number): number {
    return 1 + headerLiteralCount(this.words[header + 2]! >> 1);
  }

  private slotsIn64(header: number, slotCount: number): number {
    if (header === this.freeLists) return FREE_LIST_SLOTS_64;
    const format = this.formatAt(header);
    if (format < Format.BITS_64) return slotCount;
    if (format < Format.BITS_16) return (slotCount + 1) >> 1;
    if (format < Format.BYTES) return (2 * slotCount - (format & 1) + 3) >> 2;
    if (format < Format.COMPILED_METHOD) return (4 * slotCount - (format & 3) + 7) >> 3;
    const pointers = this.pointersOfMethod(header);
    return pointers + ((4 * (slotCount - pointers) - (format & 3) + 7) >> 3);
  }

  private formatIn64(header: number, format: number, slotCount: number, slots: number): number {
    if (format < Format.BITS_32) return format;
    if (format < Format.BITS_16) return Format.BITS_32 + 2 * slots - slotCount;
    if (format < Format.BYTES) return Format.BITS_16 + 4 * slots - (2 * slotCount - (format & 1));
    if (format < Format.COMPILED_METHOD) return Format.BYTES + 8 * slots - (4 * slotCount - (format & 3));
    const pointers = this.pointersOfMethod(header);
    const byteCount = 4 * (slotCount - pointers) - (format & 3);
    return Format.COMPILED_METHOD + 8 * (slots - pointers) - byteCount;
  }

  private writeObject(header: number, slotCount: number): void {
    const { words, out } = this;
    const long = this.longs[header]! - 1;
    const slots = this.slotsIn64(header, slotCount);
    const format = this.formatAt(header);
    if (slots >= OVERFLOW_SLOTS) {
      out[2 * long - 2] = slots;
      out[2 * long - 1] = OVERFLOW_SLOTS << SLOT_COUNT_SHIFT;
    }
    let low = words[header]! & ~(FORMAT_MASK << FORMAT_SHIFT);
    if (header === this.freeLists)
      low = (low & ~CLASS_INDEX_MASK) | ClassIndex.BITS_64_PUN | (Format.BITS_64 << FORMAT_SHIFT);
    else low |= this.formatIn64(header, format, slotCount, slots) << FORMAT_SHIFT;
    out[2 * long] = low;
    out[2 * long + 1] = (Math.min(slots, OVERFLOW_SLOTS) << SLOT_COUNT_SHIFT) | (words[header + 1]! & HASH_MASK);
    if (header === this.freeLists) return;
    if (format <= LAST_POINTER_FORMAT) {
      this.writeOops(header + 2, long + 1, slotCount);
      this.adjustProgramCounter(header, long, slotCount);
      return;
    }
    let pointers = 0;
    if (format >= Format.COMPILED_METHOD) {
      pointers = this.pointersOfMethod(header);
      this.writeMethodHeader(long + 1, words[header + 2]! >> 1);
      this.writeOops(header + 3, long + 2, pointers - 1);
    }
    const from = header + 2 + pointers;
    const to = 2 * (long + 1 + pointers);
    copyWords(words, from, out, to, slotCount - pointers);
  }

  /** Writes the oops from word `from` on as longs. */
  private writeOops(from: number, to: number, count: number): void {
    const { words, longs, out } = this;
    for (let i = 0; i < count; i++) {
      const oop = words[from + i]!;
      const at = 2 * (to + i);
      if ((oop & 1) !== 0) {
        out[at] = ((oop >> 1) << 3) | Tag64.SMALL_INTEGER;
        out[at + 1] = oop >> 30;
      } else if ((oop & 2) !== 0) {
        out[at] = ((oop >>> 2) << 3) | Tag64.CHARACTER;
        out[at + 1] = oop >>> 31;
      } else {
        const header = (oop - HEAP_BASE) >> 2;
        const long = longs[header]!;
        if (long === 0) this.putImmediate(at, header);
        else {
          // HEAP_BASE and 8 bytes a long, which together may need more than 32 bits.
          const unit = HEAP_BASE / 8 + long - 1;
          out[at] = unit << 3;
          out[at + 1] = unit >>> 29;
        }
      }
    }
  }

  private putSmallInteger(at: number, value: number): void {
    this.out[at] = (value << 3) | Tag64.SMALL_INTEGER;
    this.out[at + 1] = Math.floor(value / 2 ** 29);
  }

  /** True where the object at `header` is an immediate in 64 bits, which is then put into words `at` and the next. */
  private putImmediate(at: number, header: number): boolean {
    const { words, out } = this;
    const slotCount = words[header + 1]! >>> SLOT_COUNT_SHIFT;
    const classIndex = this.classIndexAt(header);
    if (classIndex === ClassIndex.FLOAT)
      return slotCount === 2 && this.hasSmallFloats && putSmallFloat(this.doubles[(header + 2) >> 1]!, out, at);
    const isNegative = classIndex === ClassIndex.LARGE_NEGATIVE_INTEGER;
    if (!isNegative && classIndex !== ClassIndex.LARGE_POSITIVE_INTEGER) return false;
    const byteCount = 4 * slotCount - (this.formatAt(header) & 3);
    if (slotCount === 0 || slotCount > 2 || this.bytes[4 * (header + 2) + byteCount - 1] === 0) return false;
    const low = words[header + 2]! >>> 0;
    const high = slotCount === 1 ? 0 : words[header + 3]! >>> 0;
    // Of 61 bits: -2^60 has a magnitude that 2^60 has not.
    if (high > 2 ** 28 || (high === 2 ** 28 && (low !== 0 || !isNegative))) return false;
    // One that fits 31 bits is a number in the making: nobody made it normal yet.
    if (high === 0 && (low < 2 ** 30 || (low === 2 ** 30 && isNegative))) return false;
    const signedLow = isNegative ? -low | 0 : low | 0;
    const signedHigh = isNegative ? ~high + (low === 0 ? 1 : 0) : high;
    out[at] = (signedLow << 3) | Tag64.SMALL_INTEGER;
    out[at + 1] = (signedHigh << 3) | (signedLow >>> 29);
    return true;
  }

  private writeMethodHeader(long: number, header: number): void {
    if (header < 0) this.usesSista = true;
    this.putSmallInteger(2 * long, header & 0x3fff_ffff);
    // The sign, which says that the code is Sista V1, is the highest bit of either size.
    if (header < 0) this.out[2 * long + 1]! |= 1 << 31;
  }

  private adjustProgramCounter(header: number, long: number, slotCount: number): void {
    const classIndex = this.classIndexAt(header);
    if (classIndex === ClassIndex.CONTEXT && slotCount > ContextSlot.METHOD)
      this.addLiterals(header, long, ContextSlot.PC, this.literalsOfContext(header));
    else if (classIndex === ClassIndex.BLOCK_CLOSURE && slotCount > ClosureSlot.CODE) {
      const outer = this.objectIn(header + 2 + ClosureSlot.OUTER_CONTEXT);
      if (outer >= 0 && this.classIndexAt(outer) === ClassIndex.CONTEXT)
        this.addLiterals(header, long, ClosureSlot.CODE, this.literalsOfContext(outer));
    }
  }

  private addLiterals(header: number, long: number, slot: number, literals: number): void {
    const oop = this.words[header + 2 + slot]!;
    if ((oop & 1) !== 0) this.putSmallInteger(2 * (long + 1 + slot), (oop >> 1) + 4 * literals);
  }

  private literalsOfContext(context: number): number {
    const method = this.objectIn(context + 2 + ContextSlot.METHOD);
    return method >= 0 && this.formatAt(method) >= Format.COMPILED_METHOD ? this.pointersOfMethod(method) : 0;
  }

  private objectIn(word: number): number {
    const oop = this.words[word]!;
    return (oop & 3) === 0 ? (oop - HEAP_BASE) >> 2 : -1;
  }
}
