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
} from '../../vm/memory/header.ts';
import { headerLiteralCount } from '../../vm/memory/method-access.ts';
import { HEAP_BASE, type ObjectMemory } from '../../vm/memory/object-memory.ts';
import { ClassIndex, ClosureSlot, ContextSlot } from '../../vm/memory/well-known.ts';
import { detectFormat } from './detect-format.ts';
import { putSmallFloat, Tag64 } from './immediates64.ts';
import {
  BRIDGE_BYTES,
  DEFAULT_SETTINGS,
  type ImageSettings,
  readSpur32Header,
  SPUR32_HEADER_BYTES,
  SPUR32_MAGIC,
} from './spur32-header.ts';
import { putBridge } from './spur32-output.ts';
import { writeSpur32 } from './spur32-writer.ts';
import { SPUR64_HEADER_BYTES, SPUR64_MAGIC, writeSpur64Header } from './spur64-header.ts';

/** Heads of the free lists: one a size up to 63 units of 8 bytes. */
const FREE_LIST_SLOTS_64 = 64;
/** Class index of SmallFloat64. */
const SMALL_FLOAT_INDEX = 4;
const FREE_LISTS_POSITION = 3;
const HIDDEN_ROOTS_POSITION = 4;

/** The bytes of the image file; the contract is that of writeSpur32. */
export function writeSpur64(memory: ObjectMemory, settings: ImageSettings = DEFAULT_SETTINGS): Uint8Array {
  return widen(writeSpur32(memory, settings));
}

function widen(narrow: Uint8Array): Uint8Array {
  const header = readSpur32Header(narrow, detectFormat(narrow));
  const objectBytes = header.dataBytes - BRIDGE_BYTES;
  const data = narrow.slice(SPUR32_HEADER_BYTES, SPUR32_HEADER_BYTES + objectBytes);
  const widening = new Widening(new Int32Array(data.buffer), data);
  const objects = widening.write();
  const dataBytes = objects.length + BRIDGE_BYTES;
  const bytes = new Uint8Array(SPUR64_HEADER_BYTES + dataBytes);
  bytes.set(objects, SPUR64_HEADER_BYTES);
  putBridge(bytes, SPUR64_HEADER_BYTES + objects.length);
  writeSpur64Header(bytes, {
    magic: SPUR64_MAGIC + (header.magic - SPUR32_MAGIC),
    dataBytes,
    baseAddress: HEAP_BASE,
    specialObjectsOop: widening.addressOf(header.specialObjectsOop),
    lastHash: header.lastHash,
    settings: header.settings,
    firstSegmentBytes: dataBytes,
  });
  return bytes;
}

class Widening {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  /** By the word of an object's header here: the long of its header there, plus 1. */
  readonly #longs: Int32Array;
  #size = 0;
  /** Two words before the place is decided: whether an object is an immediate is tried out on them. */
  #out = new Int32Array(2);
  #outBytes = new Uint8Array(0);
  #freeLists = -1;
  #hasSmallFloats = false;

  constructor(words: Int32Array, bytes: Uint8Array) {
    this.#words = words;
    this.#bytes = bytes;
    this.#longs = new Int32Array(words.length);
    this.#place();
  }

  addressOf(oop: number): number {
    return HEAP_BASE + 8 * (this.#longs[(oop - HEAP_BASE) >> 2]! - 1);
  }

  write(): Uint8Array {
    this.#out = new Int32Array(2 * this.#size);
    this.#outBytes = new Uint8Array(this.#out.buffer);
    this.#forEach((header, slotCount) => {
      if (this.#longs[header] !== 0) this.#writeObject(header, slotCount);
    });
    return this.#outBytes;
  }

  #forEach(visit: (header: number, slotCount: number) => void): void {
    const words = this.#words;
    for (let at = 0; at < words.length; ) {
      let header = at;
      let slotCount = words[header + 1]! >>> 24;
      if (slotCount === OVERFLOW_SLOTS) {
        slotCount = words[header]!;
        header += 2;
      }
      if ((words[header]! & CLASS_INDEX_MASK) !== ClassIndex.FREE) visit(header, slotCount);
      at = header + 2 + (slotCount < 2 ? 2 : slotCount + (slotCount & 1));
    }
  }

  #place(): void {
    let position = 0;
    this.#forEach((header, slotCount) => {
      if (position > HIDDEN_ROOTS_POSITION && this.#writeImmediate(0, header)) return;
      if (position === FREE_LISTS_POSITION) this.#freeLists = header;
      if (position === HIDDEN_ROOTS_POSITION) this.#hasSmallFloats = this.#hasClass(header, SMALL_FLOAT_INDEX);
      position++;
      const slots = this.#slotsIn64(header, slotCount);
      if (slots >= OVERFLOW_SLOTS) this.#size++;
      this.#longs[header] = this.#size + 1;
      this.#size += 1 + Math.max(1, slots);
    });
  }

  /** Whether the first page of the class table has a class there. */
  #hasClass(hiddenRoots: number, index: number): boolean {
    const nil = HEAP_BASE;
    const page = (this.#words[hiddenRoots + 2]! - HEAP_BASE) >> 2;
    return this.#words[page + 2 + index] !== nil;
  }

  #formatAt(header: number): number {
    return (this.#words[header]! >> FORMAT_SHIFT) & FORMAT_MASK;
  }

  #classIndexAt(header: number): number {
    return this.#words[header]! & CLASS_INDEX_MASK;
  }

  #literals(header: number): number {
    return 1 + headerLiteralCount(this.#words[header + 2]! >> 1);
  }

  /** Elements of an object's last word that it does not use, by its format, in a word of `perWord` elements. */
  #unused(format: number): number {
    return format >= Format.BYTES ? format & 3 : format & 1;
  }

  #slotsIn64(header: number, slotCount: number): number {
    if (header === this.#freeLists) return FREE_LIST_SLOTS_64;
    const format = this.#formatAt(header);
    if (format < Format.BITS_64) return slotCount;
    if (format < Format.BITS_16) return Math.ceil(slotCount / 2);
    if (format < Format.BYTES) return Math.ceil((2 * slotCount - this.#unused(format)) / 4);
    if (format < Format.COMPILED_METHOD) return Math.ceil((4 * slotCount - this.#unused(format)) / 8);
    const pointers = this.#literals(header);
    return pointers + Math.ceil((4 * (slotCount - pointers) - this.#unused(format)) / 8);
  }

  #formatIn64(header: number, slotCount: number, slots: number): number {
    const format = this.#formatAt(header);
    if (format < Format.BITS_32) return format;
    if (format < Format.BITS_16) return Format.BITS_32 + 2 * slots - slotCount;
    if (format < Format.BYTES) return Format.BITS_16 + 4 * slots - (2 * slotCount - this.#unused(format));
    if (format < Format.COMPILED_METHOD) return Format.BYTES + 8 * slots - (4 * slotCount - this.#unused(format));
    const pointers = this.#literals(header);
    const byteCount = 4 * (slotCount - pointers) - this.#unused(format);
    return Format.COMPILED_METHOD + 8 * (slots - pointers) - byteCount;
  }

  #writeObject(header: number, slotCount: number): void {
    const words = this.#words;
    const out = this.#out;
    const long = this.#longs[header]! - 1;
    const slots = this.#slotsIn64(header, slotCount);
    const format = this.#formatAt(header);
    if (slots >= OVERFLOW_SLOTS) {
      out[2 * long - 2] = slots;
      out[2 * long - 1] = OVERFLOW_SLOTS << 24;
    }
    let low = words[header]! & ~(FORMAT_MASK << FORMAT_SHIFT);
    if (header === this.#freeLists)
      low = (low & ~CLASS_INDEX_MASK) | ClassIndex.BITS_64_PUN | (Format.BITS_64 << FORMAT_SHIFT);
    else low |= this.#formatIn64(header, slotCount, slots) << FORMAT_SHIFT;
    out[2 * long] = low;
    out[2 * long + 1] = (Math.min(slots, OVERFLOW_SLOTS) << 24) | (words[header + 1]! & HASH_MASK);
    if (header === this.#freeLists) return;
    const isMethod = format >= Format.COMPILED_METHOD;
    const pointers = isMethod ? this.#literals(header) : format <= LAST_POINTER_FORMAT ? slotCount : 0;
    for (let i = 0; i < pointers; i++) this.#writeOop(long + 1 + i, words[header + 2 + i]!);
    if (isMethod) this.#writeMethodHeader(long + 1, words[header + 2]! >> 1);
    if (format >= Format.BITS_64) {
      const from = 4 * (header + 2 + pointers);
      this.#outBytes.set(this.#bytes.subarray(from, from + 4 * (slotCount - pointers)), 8 * (long + 1 + pointers));
    }
    this.#adjustProgramCounter(header, long, slotCount);
  }

  #writeOop(long: number, oop: number): void {
    if ((oop & 1) !== 0) this.#writeSmallInteger(long, BigInt(oop >> 1));
    else if ((oop & 2) !== 0) this.#writeLong(long, (BigInt(oop >>> 2) << 3n) | BigInt(Tag64.CHARACTER));
    else if (!this.#writeImmediate(long, (oop - HEAP_BASE) >> 2)) this.#writeLong(long, BigInt(this.addressOf(oop)));
  }

  #writeLong(long: number, value: bigint): void {
    this.#out[2 * long] = Number(BigInt.asIntN(32, value));
    this.#out[2 * long + 1] = Number(BigInt.asIntN(32, value >> 32n));
  }

  #writeSmallInteger(long: number, value: bigint): void {
    this.#writeLong(long, (value << 3n) | BigInt(Tag64.SMALL_INTEGER));
  }

  /** True where the object at `header` is an immediate in 64 bits, which it is written as. */
  #writeImmediate(long: number, header: number): boolean {
    const words = this.#words;
    const slotCount = words[header + 1]! >>> 24;
    const classIndex = this.#classIndexAt(header);
    if (classIndex === ClassIndex.FLOAT && slotCount === 2 && this.#hasSmallFloats) {
      const value = new DataView(this.#bytes.buffer, 4 * (header + 2), 8).getFloat64(0, true);
      return putSmallFloat(value, this.#out, 2 * long);
    }
    const isNegative = classIndex === ClassIndex.LARGE_NEGATIVE_INTEGER;
    if (!isNegative && classIndex !== ClassIndex.LARGE_POSITIVE_INTEGER) return false;
    const byteCount = 4 * slotCount - this.#unused(this.#formatAt(header));
    if (slotCount === 0 || slotCount > 2 || this.#bytes[4 * (header + 2) + byteCount - 1] === 0) return false;
    const low = BigInt(words[header + 2]! >>> 0);
    const magnitude = slotCount === 1 ? low : low | (BigInt(words[header + 3]! >>> 0) << 32n);
    const value = isNegative ? -magnitude : magnitude;
    // One that fits 31 bits is a number in the making: nobody made it normal yet.
    if (BigInt.asIntN(61, value) !== value || BigInt.asIntN(31, value) === value) return false;
    this.#writeSmallInteger(long, value);
    return true;
  }

  #writeMethodHeader(long: number, header: number): void {
    const fields = BigInt(header & 0x3fff_ffff);
    this.#writeSmallInteger(long, header < 0 ? fields - (1n << 60n) : fields);
  }

  #adjustProgramCounter(header: number, long: number, slotCount: number): void {
    const classIndex = this.#classIndexAt(header);
    if (classIndex === ClassIndex.CONTEXT && slotCount > ContextSlot.METHOD)
      this.#addLiterals(header, long, ContextSlot.PC, this.#literalsOfContext(header));
    else if (classIndex === ClassIndex.BLOCK_CLOSURE && slotCount > ClosureSlot.CODE) {
      const outer = this.#objectIn(header + 2 + ClosureSlot.OUTER_CONTEXT);
      if (outer >= 0 && this.#classIndexAt(outer) === ClassIndex.CONTEXT)
        this.#addLiterals(header, long, ClosureSlot.CODE, this.#literalsOfContext(outer));
    }
  }

  #addLiterals(header: number, long: number, slot: number, literals: number): void {
    const oop = this.#words[header + 2 + slot]!;
    if ((oop & 1) !== 0) this.#writeSmallInteger(long + 1 + slot, BigInt((oop >> 1) + 4 * literals));
  }

  #literalsOfContext(context: number): number {
    const method = this.#objectIn(context + 2 + ContextSlot.METHOD);
    return method >= 0 && this.#formatAt(method) >= Format.COMPILED_METHOD ? this.#literals(method) : 0;
  }

  #objectIn(word: number): number {
    const oop = this.#words[word]!;
    return (oop & 3) === 0 ? (oop - HEAP_BASE) >> 2 : -1;
  }
}
