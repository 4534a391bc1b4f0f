/**
 * What is a live view and what a copy, where C is another process: each row of the table of decision 0068, and the bounds.
 */
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import ffi from '../../safeffi/napi/index.ts';
import { foreignHome } from '../../safeffi/ref/foreign-home.ts';
import type { TypedBuffer } from '../../safeffi/ref/index.ts';
import ref from '../../safeffi/ref/index.ts';
import { closeSession, collectUntil, faultOf, inC, thrownBy } from './in-c.ts';

const fill = inC('fill', 'void', ['pointer', 'int', 'int']);
const byteAt = inC('byte_at', 'int', ['pointer', 'int']);
const keep = inC('keep', 'void', ['pointer']);
const writeKept = inC('write_kept', 'void', ['int', 'int']);
const readKept = inC('read_kept', 'int', ['int']);
const same = inC('same', 'pointer', ['pointer']);
const numbersOfC = inC('numbers_of_c', 'pointer', []);
const numberAt = inC('number_at', 'int', ['int']);
const setNumber = inC('set_number', 'void', ['int', 'int']);

afterEach(() => {
  expect(inC('answer', 'int', [])()).toBe(42);
});
afterAll(closeSession);

describe('memory that ref made', () => {
  test("is C's memory: what one side writes the other sees without a call that gets it", () => {
    const buffer = ref.alloc('int64');
    keep(buffer);
    writeKept(3, 77);
    expect(buffer[3]).toBe(77);
    buffer[4] = 12;
    expect(readKept(4)).toBe(12);
  });

  test('starts as zeros, aligned to its size up to 16, and small ones share pages', () => {
    const buffers = Array.from({ length: 300 }, (_, i) =>
      ref.alloc(['char', 'short', 'int', 'double', 'Object'][i % 5]!),
    );
    for (const buffer of buffers) {
      expect(ref.address(buffer) % Math.min(16, 2 ** Math.floor(Math.log2(buffer.length)))).toBe(0);
      expect(buffer.every((byte) => byte === 0)).toBe(true);
    }
    expect(new Set(buffers.map((buffer) => ref.address(buffer))).size).toBe(300);
  });

  test('keeps its address and its bytes over a restart of the executor', () => {
    const buffer = ref.alloc('int', 5);
    const address = ref.address(buffer);
    foreignHome().session.restart();
    keep(buffer);
    expect(readKept(0)).toBe(5);
    expect(ref.address(buffer)).toBe(address);
  });

  test('of any size is shared', () => {
    for (const size of [1, 1024, 1025, 8176, 100_000]) {
      const type = { size, indirection: 1, get: () => null, set: () => {} };
      const buffer = ref.alloc(type);
      expect(buffer.length).toBe(size);
      fill(buffer, 7, size);
      expect(buffer.every((byte) => byte === 7)).toBe(true);
    }
  });

  test('is given back when nothing refers to it', async () => {
    const page = { size: 4096, indirection: 1, get: () => 0, set: () => {} };
    const made = () => Array.from({ length: 200 }, () => new WeakRef(ref.alloc(page).buffer));
    const gone = made();
    // A frame may still hold the last.
    await collectUntil(() => gone.filter((one) => one.deref() !== undefined).length <= 2);
  });
});

describe('a Buffer that Node made', () => {
  test('is carried over by the calls that get it, both ways', () => {
    const own = Buffer.from([1, 2, 3, 4]);
    expect(byteAt(own, 2)).toBe(3);
    own[2] = 9;
    expect(byteAt(own, 2)).toBe(9);
    fill(own, 5, 2);
    expect([...own]).toEqual([5, 5, 9, 4]);
  });

  test('has one address, and a pointer that C answers into it is its memory', () => {
    const own = Buffer.alloc(100);
    const address = ref.address(own);
    const answered = same(own.subarray(10)) as Buffer;
    expect(ref.address(answered)).toBe(address + 10);
    ref.reinterpret(answered, 4).writeInt32LE(77);
    expect(own.readInt32LE(10)).toBe(77);
  });

  test('what C keeps of it is carried over in the calls after', () => {
    const own = Buffer.alloc(16);
    keep(own);
    writeKept(2, 200);
    expect(own[2]).toBe(200);
    own[3] = 201;
    expect(readKept(3)).toBe(201);
  });

  test('what this side changed while C changed another byte stays', () => {
    const own = Buffer.alloc(8);
    const change = ffi.Callback('void', [], () => {
      expect(own[0]).toBe(1);
      own[1] = 2;
    });
    expect(inC('fill_and_call', 'int', ['pointer', 'pointer'])(own, change)).toBe(2);
    expect([...own.subarray(0, 2)]).toEqual([1, 2]);
  });

  test('is carried over when a Buffer that is passed points to it, however deep', () => {
    const target = Buffer.alloc(4);
    const fillThrough = inC('fill_through', 'int', ['pointer', 'int']);
    expect(fillThrough(ref.ref(target), 6)).toBe(6);
    expect(target[0]).toBe(6);
    const outer = Buffer.alloc(16);
    ref.writePointer(outer, 8, target);
    expect(fillThrough(outer.subarray(8), 7)).toBe(7);
    expect(target[0]).toBe(7);
    target[0] = 8;
    const chain = ref.ref(outer);
    expect(byteAt(ref.readPointer(ref.readPointer(same(chain) as Buffer, 0, 16), 8, 4), 0)).toBe(8);
  });

  test("of Node's pool has an address of its own, and its neighbours stay on this side", () => {
    const [first, second] = [Buffer.from('first'), Buffer.from('second')];
    expect(ref.address(second)).not.toBe(ref.address(first));
    fill(first, 65, 5);
    expect(first.toString()).toBe('AAAAA');
    expect(second.toString()).toBe('second');
  });

  test("a list of strings in Node's pool is carried over with the list", () => {
    const texts = ['one', 'two', 'three', 'four'].map((text) => Buffer.from(`${text}\0`));
    const list = Buffer.alloc(8 * texts.length);
    for (const [i, text] of texts.entries()) ref.writePointer(list, 8 * i, text);
    const textIn = inC('text_in', 'string', ['pointer', 'int']);
    expect(texts.map((_, i) => textIn(list, i))).toEqual(['one', 'two', 'three', 'four']);
    texts[2]!.write('THREE');
    expect(textIn(list, 2)).toBe('THREE');
  });

  test('read or written through ref is what C has, without a call', () => {
    const own: TypedBuffer = Buffer.alloc(4);
    own.type = ref.types.int;
    keep(own);
    // More than the last few.
    const others = Array.from({ length: 40 }, () => Buffer.alloc(4));
    for (const other of others) byteAt(other, 0);
    writeKept(0, 33);
    expect(ref.get(own)).toBe(33);
    ref.set(own, 0, 44);
    expect(readKept(0)).toBe(44);
  });

  test('too short is a fault that names the argument', () => {
    const fault = faultOf(() => fill(Buffer.alloc(24), 1, 25));
    expect(fault.message).toMatch(
      /^MemoryViolation: write .*0 bytes past the end of argument 1 \(ByteArray, 24 bytes\)/,
    );
  });

  test('passed large goes both ways', () => {
    const large = Buffer.alloc(3_000_000, 1);
    expect(byteAt(large, 2_999_999)).toBe(1);
    fill(large, 2, 3_000_000);
    expect(large.every((byte) => byte === 2)).toBe(true);
  });

  test('whose ArrayBuffer was transferred away meanwhile has no bytes any more', () => {
    const own = Buffer.from(new ArrayBuffer(64));
    keep(own);
    structuredClone(own.buffer, { transfer: [own.buffer as ArrayBuffer] });
    expect(own.length).toBe(0);
    writeKept(0, 1);
    expect(readKept(0)).toBe(1);
  });

  test('many at once keep their addresses apart', () => {
    const buffers = Array.from({ length: 1500 }, (_, i) => Buffer.alloc(8, i % 256));
    const addresses = buffers.map((buffer) => ref.address(buffer));
    expect(new Set(addresses).size).toBe(1500);
    for (const [i, buffer] of buffers.entries()) expect(byteAt(buffer, 3)).toBe(i % 256);
  });
});

describe('memory that C made', () => {
  test('read by length has the bytes that are there, and the next call brings what C changed', () => {
    const bytes = ref.reinterpret(numbersOfC() as Buffer, 40);
    expect(bytes.readInt32LE(12)).toBe(3);
    setNumber(3, 99);
    expect(bytes.readInt32LE(12)).toBe(99);
  });

  test('written here is written there by the next call', () => {
    const bytes = ref.reinterpret(numbersOfC() as Buffer, 40);
    bytes.writeInt32LE(1234, 8);
    expect(numberAt(2)).toBe(1234);
  });

  test('a pointer to a value reads what C has now, and writes through', () => {
    const pointer = inC('numbers_of_c', 'int *', [])() as TypedBuffer;
    expect(pointer.length).toBe(4);
    expect(ref.deref(pointer)).toBe(0);
    setNumber(0, 5);
    expect(ref.deref(pointer)).toBe(5);
    ref.set(pointer, 0, 6);
    expect(numberAt(0)).toBe(6);
  });

  test("a function that C calls with a pointer fills C's memory", () => {
    const fillIt = ffi.Callback('int', ['pointer', 'int'], (at: Buffer, count: number) => {
      ref.reinterpret(at, count).fill(3);
      return 0;
    });
    expect(inC('with_bytes', 'int', ['pointer', 'int'])(fillIt, 10)).toBe(30);
  });

  test('pointers within it lead on', () => {
    const list = inC('list_of_pointers', 'pointer', [])() as Buffer;
    numbersOfC();
    expect(ref.readPointer(list, 8, 4).readInt32LE()).toBe(1);
    expect(ref.isNull(ref.readPointer(list, 16))).toBe(true);
  });

  test('an array read with a length that grows is read once for each doubling', () => {
    const start = numbersOfC() as Buffer;
    const read = jestCount(foreignHome().executor.memory);
    let sum = 0;
    for (let i = 0; i < 5000; i++) sum += ref.reinterpret(start, 4 * (i + 1)).readInt32LE(4 * i);
    expect(sum).toBe((5000 * 4999) / 2);
    expect(read.count).toBeLessThan(200);
    read.end();
  });

  test('the same address is the same memory', () => {
    const start = numbersOfC() as Buffer;
    const [first, second] = [ref.reinterpret(start, 40), ref.reinterpret(start, 40)];
    first[0] = 250;
    expect(second[0]).toBe(250);
  });

  test('in many places is brought at once; what C gave back meanwhile is left out', () => {
    const { malloc, mmap, munmap } = ffi.Library(null, {
      malloc: ['pointer', ['size_t']],
      mmap: ['pointer', ['pointer', 'size_t', 'int', 'int', 'int', 'long']],
      munmap: ['int', ['pointer', 'size_t']],
    }) as Record<string, (...args: unknown[]) => Buffer>;
    const places = Array.from({ length: 30 }, (_, i) => ref.reinterpret(malloc!(64), 64).fill(i));
    const [mapped, page] = [mmap!(null, 4096, 3, 0x22, -1, 0), 4096];
    const going = ref.reinterpret(mapped, page);
    going[0] = 1;
    expect(byteAt(going, 0)).toBe(1);
    munmap!(mapped, page);
    for (const [i, place] of places.entries()) {
      expect(byteAt(place, 63)).toBe(i);
      fill(ref.reinterpret(place, 64), 100 + i, 64);
    }
    for (const [i, place] of places.entries()) expect(place.every((byte) => byte === 100 + i)).toBe(true);
    expect(faultOf(() => ref.get(going, 0, 'int')).fault.kind).toBe('MemoryViolation');
  });

  test('a string of C is read when it is asked for', () => {
    expect(inC('text_of_c', 'string', [])()).toBe('text of C');
    expect(ref.readCString(inC('text_of_c', 'pointer', [])() as Buffer)).toBe('text of C');
    expect(inC('no_text', 'string', [])()).toBe(null);
    const last = inC('text_at_the_end', 'pointer', [])() as Buffer;
    expect(ref.reinterpretUntilZeros(last, 1).toString()).toBe('end');
    expect(ref.readCString(last)).toBe('end');
    expect(ref.reinterpretUntilZeros(inC('text_of_c', 'pointer', [])() as Buffer, 1).toString()).toBe('text of C');
  });
});

/** Counts the reads of C's memory. */
function jestCount(memory: { read(...args: never[]): unknown }): { count: number; end(): void } {
  const own = memory.read;
  const counter = {
    count: 0,
    end() {
      memory.read = own;
    },
  };
  memory.read = (...args) => {
    counter.count++;
    return own.apply(memory, args);
  };
  return counter;
}

describe('addresses that lead nowhere', () => {
  const wild = () => {
    const pointer = ref.alloc('size_t', 0x1230);
    return ref.readPointer(pointer, 0);
  };

  test('are told as they are and throw when their bytes are asked for', () => {
    expect(ref.address(wild())).toBe(0x1230);
    for (const read of [
      () => ref.reinterpret(wild(), 4),
      () => ref.readCString(wild()),
      () => ref.readInt64(wild(), 0),
      () => ref.readPointer(wild(), 0),
      () => ref.reinterpretUntilZeros(wild(), 1),
      () => ref.writeInt64(wild(), 0, 5),
      () => ref.readObject(wild()),
    ])
      expect(faultOf(read).fault.kind).toBe('MemoryViolation');
  });

  test('a pointer to a value can be had, and throws when it is followed', () => {
    const pointer = ref.alloc('size_t', 0x1230);
    pointer.type = ref.coerceType('int *');
    const target = ref.deref(pointer) as TypedBuffer;
    expect(target.length).toBe(4);
    expect(faultOf(() => ref.deref(target)).fault.kind).toBe('MemoryViolation');
  });

  test('NULL is an error in the words of the original', () => {
    expect(thrownBy(() => ref.readPointer(ref.NULL)).message).toBe('readPointer: Cannot read from nullptr pointer');
    expect(thrownBy(() => ref.reinterpret(ref.NULL, 4)).message).toBe(
      'reinterpret: Cannot reinterpret from nullptr pointer',
    );
    expect(thrownBy(() => ref.readCString(ref.NULL)).message).toBe('readCString: Cannot read from nullptr pointer');
    expect(thrownBy(() => ref.readInt64(ref.NULL))).toBeInstanceOf(TypeError);
  });

  test('beyond the end of a Buffer of this side there is an error that tells its size', () => {
    const own = Buffer.alloc(16);
    expect(thrownBy(() => ref.reinterpret(own, 17)).message).toMatch(
      /^17 bytes at 0x6b0[0-9a-f]+ go beyond the memory of 16 bytes that lies there$/,
    );
    expect(thrownBy(() => ref.readInt64(own, 12)).message).toMatch(/^8 bytes at 0x[0-9a-f]+ go beyond/);
  });

  test('of an executor that is gone are stale, whatever is done with them', () => {
    const start = numbersOfC() as Buffer;
    const bytes = ref.reinterpret(start, 8);
    foreignHome().session.restart();
    expect(faultOf(() => byteAt(start, 0)).fault.kind).toBe('StaleAddress');
    expect(faultOf(() => byteAt(bytes, 0)).fault.kind).toBe('StaleAddress');
    expect(faultOf(() => ref.get(bytes, 0, 'int')).fault.kind).toBe('StaleAddress');
    expect(numberAt(1)).toBe(0);
  });
});
