/**
 * The shim in direct mode: C is in this process, every Buffer is C's memory, and what can be told without a crash is told.
 */
import { afterEach, describe, expect, test } from '@jest/globals';
import ffi from '../../safeffi/napi/index.ts';
import { foreignHome, shimMode } from '../../safeffi/ref/foreign-home.ts';
import type { TypedBuffer } from '../../safeffi/ref/index.ts';
import ref from '../../safeffi/ref/index.ts';
import { ended, faultOf, inC, libraryPath, thrownBy } from './in-c.ts';

ffi.use('direct');

afterEach(() => {
  expect(inC('answer', 'int', [])()).toBe(42);
});

describe('direct mode', () => {
  test('is this process, and stays what it is', () => {
    expect(shimMode()).toBe('direct');
    expect(foreignHome().executor.pid).toBe(process.pid);
    expect(thrownBy(() => ref.use('safe')).message).toBe(
      "the mode is 'direct' since memory was first used; 'safe' must be chosen before",
    );
    expect(thrownBy(() => ref.use('fast' as 'safe')).message).toBe("the mode is \"fast\", expected 'safe' or 'direct'");
  });

  test("any Buffer is C's memory at once", () => {
    const own = Buffer.alloc(8);
    inC('keep', 'void', ['pointer'])(own);
    inC('write_kept', 'void', ['int', 'int'])(3, 200);
    expect(own[3]).toBe(200);
    own[4] = 7;
    expect(inC('read_kept', 'int', ['int'])(4)).toBe(7);
  });

  test("memory of C's is a live view, and one address is one memory", () => {
    const numbers = inC('numbers_of_c', 'pointer', [])() as Buffer;
    const view = ref.reinterpret(numbers, 40);
    inC('set_number', 'void', ['int', 'int'])(2, 77);
    expect(view.readInt32LE(8)).toBe(77);
    view.writeInt32LE(78, 8);
    expect(inC('number_at', 'int', ['int'])(2)).toBe(78);
    const longer = ref.reinterpret(numbers, 80);
    longer[0] = 9;
    expect([view[0], ref.reinterpret(numbers, 20)[0]]).toEqual([9, 9]);
    expect(inC('text_of_c', 'string', [])()).toBe('text of C');
  });

  test('a pointer that C answers into a Buffer is its memory', () => {
    const own = Buffer.alloc(64);
    const answered = inC('same', 'int *', ['pointer'])(own.subarray(12)) as TypedBuffer;
    expect(answered.buffer).toBe(own.buffer);
    ref.set(answered, 0, 5);
    expect(own.readInt32LE(12)).toBe(5);
  });

  test('a wild address throws when its bytes are asked for', () => {
    const wild = ref.readPointer(ref.alloc('size_t', 0x1230), 0);
    expect(ref.address(wild)).toBe(0x1230);
    for (const read of [() => ref.reinterpret(wild, 4), () => ref.readCString(wild), () => ref.readInt64(wild, 0)])
      expect(faultOf(read).fault.kind).toBe('MemoryViolation');
    expect(ref.isNull(ref.NULL)).toBe(true);
  });

  test('functions of both sides, errors and asynchronous calls are as in safe mode', async () => {
    const double = ffi.Callback('int', ['int'], (n: number) => 2 * n);
    expect(inC('apply', 'int', ['pointer', 'int'])(double, 21)).toBe(42);
    const refuse = ffi.Callback('int', ['int'], () => {
      throw new RangeError('not today');
    });
    expect(thrownBy(() => inC('apply', 'int', ['pointer', 'int'])(refuse, 1)).message).toBe('not today');
    expect((await ended(inC('negate', 'int', ['int']), 5)).result).toBe(-5);
    const shout = ffi.Callback('string', ['string'], (text: string) => text.toUpperCase());
    expect(inC('apply_text', 'string', ['pointer', 'string'])(shout, 'abc')).toBe('ABC');
    inC('set_errno', 'int', ['int'])(34);
    expect(ffi.errno()).toBe(34);
    const sum = ffi.VariadicForeignFunction(new ffi.DynamicLibrary(libraryPath).get('sum_of'), 'int', ['int']);
    expect(sum('int', 'int')(2, 3, 4)).toBe(7);
  });
});
