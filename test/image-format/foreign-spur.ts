/**
 * Lays a world (foreign-world.ts) into a Spur image file as another VM would have written it, of either word size and byte order, in as many
 * segments as wanted. Nothing here uses our readers or writers; the layout is that of VMMaker's SpurMemoryManager:
 *
 *     object header, 64 bits   63..56 slot count   45..32 hash   30 pinned   28..24 format   23 immutable   21..0 class index
 *     255 slots and more       a word before it, 63..56 are 255, the count below
 */
import { type Body, PC_OF_SAMPLE, type Ref, SAMPLE_LITERALS, type World, type WorldObject } from './foreign-world.ts';

export interface SpurLayout {
  readonly wordBytes: 4 | 8;
  readonly endian: 'little' | 'big';
  /** Address of the first segment in the VM that wrote the file. */
  readonly base: number;
  readonly segmentCount: number;
  /** Bytes of address space between segments. */
  readonly gapBytes: number;
  readonly headerBytes: number;
}

const PAGE_SLOTS = 1024;
const ROOT_SLOTS = 4096 + 8;
const ARRAY_PUN = 16;
const LONGS_PUN = 19;

interface Placed {
  readonly object: WorldObject;
  /** In the file's data, and in the other VM, of its header. */
  offset: number;
  address: number;
}

export function spurFile(world: World, layout: SpurLayout): Uint8Array {
  return new SpurFile(world, layout).bytes();
}

class SpurFile {
  private readonly world: World;
  private readonly layout: SpurLayout;
  private readonly word: 4 | 8;
  private readonly placed: Placed[] = [];
  private readonly addresses = new Map<WorldObject, number>();
  /** Where each segment starts in the data, and ends, its bridge included; where it lay. */
  private readonly segments: { start: number; end: number; address: number }[] = [];
  private view = new DataView(new ArrayBuffer(0));

  constructor(world: World, layout: SpurLayout) {
    this.world = world;
    this.layout = layout;
    this.word = layout.wordBytes;
    this.place([...world.objects.slice(0, 3), ...this.managersObjects(), ...world.objects.slice(3)]);
  }

  bytes(): Uint8Array {
    const { headerBytes } = this.layout;
    const dataBytes = this.segments.at(-1)!.end;
    const file = new Uint8Array(headerBytes + dataBytes);
    this.writeHeader(new DataView(file.buffer), dataBytes);
    this.view = new DataView(file.buffer, headerBytes);
    for (const each of this.placed) this.writeObject(each);
    this.segments.forEach((segment, i) => {
      const next = this.segments[i + 1];
      const at = segment.end - 16;
      const end = segment.address + (segment.end - segment.start);
      this.writeLong(at, next === undefined ? 0n : (255n << 56n) | BigInt((next.address - end) / this.word));
      this.writeLong(at + 8, next === undefined ? 0n : BigInt(next.end - next.start));
    });
    return file;
  }

  /** Free lists with heads that mean something to their VM, hidden roots, and the class table's pages. */
  private managersObjects(): WorldObject[] {
    const nil = this.world.objects[0]!;
    const garbage = Array.from({ length: 8 * this.word }, (_, i) => 0x1000 + 8 * i);
    const freeLists: WorldObject =
      this.word === 4
        ? { classIndex: 18, hash: 0, body: { kind: 'words', elements: garbage } }
        : { classIndex: LONGS_PUN, hash: 0, body: { kind: 'longs', elements: garbage.map(BigInt) } };
    const pages: WorldObject[] = [];
    const roots: Ref[] = Array.from({ length: ROOT_SLOTS }, () => nil);
    for (const [index, behavior] of this.world.classes) {
      const number = Math.floor(index / PAGE_SLOTS);
      let page = pages[number];
      if (page === undefined) {
        const slots = Array.from({ length: PAGE_SLOTS }, (): Ref => nil);
        page = { classIndex: ARRAY_PUN, hash: 0, body: { kind: 'pointers', format: 2, slots } };
        pages[number] = page;
        roots[number] = page;
      }
      (page.body as { slots: Ref[] }).slots[index % PAGE_SLOTS] = behavior;
    }
    // A page of a mark stack: longs that are no oops.
    const stack: WorldObject = { classIndex: LONGS_PUN, hash: 0, body: { kind: 'longs', elements: [3n, 0xdeadbeefn] } };
    roots[4096] = stack;
    const hidden: WorldObject = { classIndex: ARRAY_PUN, hash: 0, body: { kind: 'pointers', format: 2, slots: roots } };
    return [freeLists, hidden, ...pages.filter((each) => each !== undefined), stack];
  }

  private place(objects: readonly WorldObject[]): void {
    const { base, segmentCount, gapBytes } = this.layout;
    const perSegment = Math.ceil(objects.length / segmentCount);
    let offset = 0;
    let address = base;
    for (let first = 0; first < objects.length; first += perSegment) {
      const start = offset;
      const startAddress = address;
      for (const object of objects.slice(first, first + perSegment)) {
        if (this.slotsOf(object.body) >= 255) {
          offset += 8;
          address += 8;
        }
        this.placed.push({ object, offset, address });
        this.addresses.set(object, address);
        const size = 8 + this.roundUp(this.word * Math.max(8 / this.word, this.slotsOf(object.body)));
        offset += size;
        address += size;
      }
      offset += 16;
      this.segments.push({ start, end: offset, address: startAddress });
      address += 16 + gapBytes;
    }
  }

  private roundUp = (bytes: number): number => (bytes + 7) & ~7;

  private slotsOf(body: Body): number {
    const { word } = this;
    switch (body.kind) {
      case 'pointers':
        return body.slots.length;
      case 'bytes':
        return Math.ceil(body.bytes.length / word);
      case 'halves':
        return Math.ceil((2 * body.elements.length) / word);
      case 'words':
        return Math.ceil((4 * body.elements.length) / word);
      case 'longs':
        return (8 * body.elements.length) / word;
      case 'float':
        return 8 / word;
      case 'method':
        return 1 + body.literals.length + Math.ceil(body.bytecodes.length / word);
      case 'free':
        return (8 * body.units) / word;
      case 'forwarder':
        return 8 / word;
    }
  }

  private formatOf(body: Body): number {
    const { word } = this;
    const unused = (bytes: number) => (word - (bytes % word)) % word;
    switch (body.kind) {
      case 'pointers':
        return body.format;
      case 'bytes':
        return 16 + unused(body.bytes.length);
      case 'halves':
        return 12 + unused(2 * body.elements.length) / 2;
      case 'words':
        return 10 + unused(4 * body.elements.length) / 4;
      case 'longs':
        return 9;
      case 'float':
      case 'free':
        return 10;
      case 'method':
        return 24 + unused(body.bytecodes.length);
      case 'forwarder':
        return 7;
    }
  }

  private writeHeader(view: DataView, dataBytes: number): void {
    const little = this.layout.endian === 'little';
    const isWide = this.word === 8;
    const word = (offset: number, value: number) => view.setUint32(offset, value, little);
    const field = (narrow: number, wide: number, value: number) => {
      if (isWide) view.setBigUint64(wide, BigInt(value), little);
      else word(narrow, value);
    };
    word(0, isWide ? 68533 : 7033);
    word(4, this.layout.headerBytes);
    field(8, 8, dataBytes);
    field(12, 16, this.layout.base);
    field(16, 24, this.addresses.get(this.world.specialObjects)!);
    field(20, 32, 12345);
    field(24, 40, 0x02800200);
    field(28, 48, little ? 2 : 0);
    field(48, 72, this.segments[0]!.end);
  }

  private writeObject({ object, offset }: Placed): void {
    const { body, classIndex, hash } = object;
    const slots = this.slotsOf(body);
    if (slots >= 255) this.writeLong(offset - 8, (255n << 56n) | BigInt(slots));
    // Bits of their collector are left in some headers: grey, remembered, marked.
    const dirt = hash % 5 === 0 ? (1n << 31n) | (1n << 29n) | (1n << 55n) : 0n;
    const flags = (object.isPinned === true ? 1n << 30n : 0n) | (object.isImmutable === true ? 1n << 23n : 0n);
    const high = (BigInt(Math.min(slots, 255)) << 56n) | (BigInt(hash) << 32n);
    this.writeLong(offset, high | dirt | flags | (BigInt(this.formatOf(body)) << 24n) | BigInt(classIndex));
    this.writeBody(offset + 8, body);
  }

  private writeBody(at: number, body: Body): void {
    const { view } = this;
    const little = this.layout.endian === 'little';
    const refs = (from: number, slots: readonly Ref[]) => {
      slots.forEach((each, i) => {
        this.writeWord(from + this.word * i, this.wordOf(each));
      });
    };
    switch (body.kind) {
      case 'pointers':
        refs(at, body.slots);
        break;
      case 'forwarder':
        refs(at, [body.target]);
        break;
      case 'bytes':
        new Uint8Array(view.buffer, view.byteOffset + at).set(body.bytes);
        break;
      case 'halves':
        body.elements.forEach((each, i) => {
          view.setUint16(at + 2 * i, each, little);
        });
        break;
      case 'words':
        body.elements.forEach((each, i) => {
          view.setUint32(at + 4 * i, each, little);
        });
        break;
      case 'longs':
        body.elements.forEach((each, i) => {
          view.setBigUint64(at + 8 * i, each, little);
        });
        break;
      case 'float':
        view.setFloat64(at, body.value, little);
        break;
      case 'free':
        // Links to other chunks, as their free lists have them.
        for (let i = 0; i < body.units; i++) view.setBigUint64(at + 8 * i, 0x7ffffff0n, little);
        break;
      case 'method': {
        const temps = 3n;
        const fields = BigInt(body.literals.length) | (1n << 17n) | (temps << 18n) | (2n << 24n);
        const sign = body.isSista ? -(1n << (this.word === 8 ? 60n : 30n)) : 0n;
        this.writeWord(at, this.wordOf({ integer: fields + sign }));
        refs(at + this.word, body.literals);
        const code = at + this.word * (1 + body.literals.length);
        new Uint8Array(view.buffer, view.byteOffset + code).set(body.bytecodes);
        break;
      }
    }
  }

  private writeWord(offset: number, value: bigint): void {
    if (this.word === 8) this.writeLong(offset, value);
    else this.view.setUint32(offset, Number(BigInt.asUintN(32, value)), this.layout.endian === 'little');
  }

  /** 8 bytes of headers and bridges: in a 32-bit image two words, the lower first in either byte order. */
  private writeLong(offset: number, value: bigint): void {
    const little = this.layout.endian === 'little';
    const bits = BigInt.asUintN(64, value);
    if (this.word === 8) {
      this.view.setBigUint64(offset, bits, little);
      return;
    }
    this.view.setUint32(offset, Number(bits & 0xffff_ffffn), little);
    this.view.setUint32(offset + 4, Number(bits >> 32n), little);
  }

  /** Numbers that are no immediates in 32 bits have been made objects by `boxed`. */
  private wordOf(ref: Ref): bigint {
    if ('classIndex' in ref) return BigInt(this.addresses.get(ref)!);
    if ('character' in ref) return (BigInt(ref.character) << (this.word === 8 ? 3n : 2n)) | 2n;
    if ('float' in ref) return smallFloat(ref.float);
    const value = ref.integer === PC_OF_SAMPLE ? BigInt(this.word * (1 + SAMPLE_LITERALS) + 1) : ref.integer;
    return this.word === 8 ? (value << 3n) | 1n : (value << 1n) | 1n;
  }
}

/** Tag 4: the double rotated left by one, its exponent less 896, three bits up. Source: `rotatedFloatBitsOf:` in VMMaker. */
function smallFloat(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const rotated = BigInt.asUintN(64, (bits << 1n) | (bits >> 63n));
  return ((rotated > 1n ? rotated - (896n << 53n) : rotated) << 3n) | 4n;
}

const isNarrowInteger = (value: bigint): boolean => value >= -(2n ** 30n) && value < 2n ** 30n;
const isSmallFloat = (value: number): boolean =>
  value === 0 || (Math.abs(value) > 2 ** -126 && Math.abs(value) < 2 ** 127);

/** The world with objects in place of numbers that are no immediates in words of that size. */
export function boxed(world: World, wordBytes: 4 | 8): World {
  const added: WorldObject[] = [];
  const box = (ref: Ref): Ref => {
    let object: WorldObject | undefined;
    if ('float' in ref && (wordBytes === 4 || !isSmallFloat(ref.float)))
      object = { classIndex: 34, hash: 0, body: { kind: 'float', value: ref.float } };
    else if ('integer' in ref && wordBytes === 4 && !isNarrowInteger(ref.integer)) {
      const magnitude = ref.integer < 0n ? -ref.integer : ref.integer;
      const digits = magnitude.toString(16);
      const bytes = Uint8Array.from((digits.length % 2 === 0 ? digits : `0${digits}`).match(/../g)!.reverse(), (each) =>
        Number.parseInt(each, 16),
      );
      object = { classIndex: ref.integer < 0n ? 32 : 33, hash: 0, body: { kind: 'bytes', bytes } };
    }
    if (object === undefined) return ref;
    added.push(object);
    return object;
  };
  for (const { body } of world.objects) {
    const refs = body.kind === 'pointers' ? body.slots : body.kind === 'method' ? body.literals : [];
    refs.forEach((each, i) => {
      refs[i] = box(each);
    });
  }
  world.objects.push(...added);
  return world;
}
