/**
 * Values through the shim: every type of ref both ways, functions of both sides, and what is refused, in the original's words.
 */
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import ffi from '../../safeffi/napi/index.ts';
import type { RefType } from '../../safeffi/ref/index.ts';
import ref from '../../safeffi/ref/index.ts';
import { closeSession, ended, inC, libraryPath, thrownBy } from './in-c.ts';

afterEach(() => {
  expect(inC('answer', 'int', [])()).toBe(42);
});
afterAll(closeSession);

describe('numbers', () => {
  test.each([
    ['negate8', 'char', 127, -127],
    ['negate8', 'int8', -5, 5],
    ['negate8', 'char', 'a', -97],
    ['twice16', 'ushort', 32767, 65534],
    ['negate', 'int', -2147483647, 2147483647],
    ['negate', 'int', '12', -12],
    ['negate', 'int', 1.9, -1],
    ['negate', 'int', true, -1],
    ['negate64', 'int64', '9223372036854775807', '-9223372036854775807'],
    ['negate64', 'longlong', 2 ** 53, -(2 ** 53)],
    ['negate64', 'long', -5, 5],
    ['same64', 'uint64', '0xffffffffffffffff', '18446744073709551615'],
    ['same64', 'size_t', -1, '18446744073709551615'],
    ['same64', 'ulong', 3, 3],
    ['half', 'float', 5, 2.5],
    ['half64', 'double', '5', 2.5],
    ['invert', 'bool', false, true],
    ['invert', 'bool', 'yes', false],
    ['as_number', 'bool', 255, 255],
  ])('%s(%s): %p is %p', (name, type, value, expected) => {
    const returns = name === 'as_number' ? 'int' : type;
    expect(inC(name, returns, [type])(value)).toBe(expected);
  });

  test.each([
    ['int', 2 ** 31, /^error setting argument 1 - The value of "value" is out of range/],
    ['uint8', -1, /^error setting argument 1 - The value of "value" is out of range/],
    ['long', 'x', /^error setting argument 1 - writeInt64: no digits we found in input String$/],
    [
      'ulong',
      '99999999999999999999',
      /^error setting argument 1 - writeUInt64: input String numerical value out of range$/,
    ],
    ['long', null, /^error setting argument 1 - writeInt64: Number\/String 64-bit value required$/],
    ['long', 5n, /^error setting argument 1 - writeInt64: Number\/String 64-bit value required$/],
    ['double', 5n, /^error setting argument 1 - /],
    ['pointer', 5, /^error setting argument 1 - writePointer: Buffer instance expected as third argument$/],
    ['pointer', undefined, /^error setting argument 1 - writePointer: Buffer instance expected as third argument$/],
    ['string', 5, /^error setting argument 1 - The "string" argument must be of type string/],
  ])('%s: %p is refused', (type, value, message) => {
    expect(thrownBy(() => inC('answer', 'int', [type])(value)).message).toMatch(message);
  });

  test('too few and too many arguments are refused', () => {
    const negate = inC('negate', 'int', ['int']);
    expect(thrownBy(() => negate()).message).toBe('Expected 1 arguments, got 0');
    expect(thrownBy(() => negate(1, 2)).message).toBe('Expected 1 arguments, got 2');
    expect(thrownBy(() => negate.async(1)).message).toBe('Expected 2 arguments, got 1');
    expect(thrownBy(() => negate.async(1, 2)).message).toBe('Expected a callback function as argument number: 1');
  });

  test('an argument that does not fit is the error of an asynchronous call, counted from 0', async () => {
    const { error } = await ended(inC('negate', 'int', ['int']), 2 ** 31);
    expect((error as Error).message).toMatch(/^error setting argument 0 - The value of "value"/);
  });
});

describe('strings and pointers', () => {
  test('a string goes with a NUL, as UTF-8', () => {
    const length = inC('length_of', 'size_t', ['string']);
    expect([length(''), length('abc'), length('é'), length('x'.repeat(5000))]).toEqual([0, 3, 2, 5000]);
    expect(length(Buffer.from('in a Buffer\0'))).toBe(11);
  });

  test('null and NULL are NULL', () => {
    const same = inC('same', 'pointer', ['pointer']);
    expect(ref.isNull(same(null) as Buffer)).toBe(true);
    expect(ref.isNull(same(ref.NULL) as Buffer)).toBe(true);
    expect(inC('same', 'string', ['string'])(null)).toBe(null);
    expect(inC('same', 'string', ['string'])(undefined)).toBe(null);
  });

  test('a pointer to a pointer leads to the Buffer that was written', () => {
    const [target, holder] = [ref.alloc('int', 9), ref.alloc('int *')];
    inC('store', 'void', ['pointer', 'pointer'])(holder, target);
    const found = ref.deref(holder) as Buffer;
    expect(ref.address(found)).toBe(ref.address(target));
    expect(ref.deref(found)).toBe(9);
  });

  test('a type that is declared as a pointer to a number gives a Buffer of one', () => {
    const answered = inC('same', 'int *', ['int *'])(ref.alloc('int', 7)) as Buffer;
    expect(answered.length).toBe(4);
    expect(ref.deref(answered)).toBe(7);
  });
});

describe('types of the program', () => {
  /** An enumeration, as programs write them. */
  const color: RefType = Object.assign(Object.create(ref.types.int!) as RefType, {
    get: (buffer: Buffer, offset: number) => ['red', 'green', 'blue'][-buffer.readInt32LE(offset)],
    set: (buffer: Buffer, offset: number, value: unknown) =>
      void buffer.writeInt32LE(['red', 'green', 'blue'].indexOf(value as string), offset),
  });

  test('read and write with their own functions', () => {
    const negate = ffi.ForeignFunction(new ffi.DynamicLibrary(libraryPath).get('negate'), color, [color]);
    expect(negate('blue')).toBe('blue');
    const seen: unknown[] = [];
    const callback = ffi.Callback(color, [color], (value: unknown) => {
      seen.push(value);
      return 'green';
    });
    const apply = ffi.ForeignFunction(new ffi.DynamicLibrary(libraryPath).get('apply'), 'int', ['pointer', 'int']);
    expect(apply(callback, -2)).toBe(1);
    expect(seen).toEqual(['blue']);
  });

  test('with an ffi_type of their own are passed as it says', () => {
    const described = new ffi.FFI_TYPE();
    Object.assign(described, { size: 4, alignment: 4, type: 10, elements: ref.NULL });
    const { get, set } = ref.types.int!;
    const own: RefType = { size: 4, indirection: 1, get, set, ffi_type: described.ref() };
    expect(ffi.ForeignFunction(new ffi.DynamicLibrary(libraryPath).get('negate'), own, [own])(5)).toBe(-5);
  });

  test('that cannot be passed are refused with the reason', () => {
    const unknown: RefType = { size: 4, indirection: 1, get: () => 0, set: () => {} };
    const error = thrownBy(() => ffi.CIF(unknown, [])) as Error & { code: string; errno: number };
    expect([error.code, error.errno]).toEqual(['FFI_BAD_TYPEDEF', ffi.FFI_BAD_TYPEDEF]);
    expect(error.message).toBe(
      "ffi_prep_cif() returned an error: FFI_BAD_TYPEDEF (a type without a name derives from none of ref's types and has no ffi_type)",
    );
    expect(thrownBy(() => ffi.CIF('int', [], 3)).message).toMatch(/FFI_BAD_ABI/);
  });
});

describe('functions', () => {
  test("of this side are C's, with a type or by hand", () => {
    const type = ffi.Function('int', ['int']);
    const apply = ffi.ForeignFunction(new ffi.DynamicLibrary(libraryPath).get('apply'), 'int', [type, 'int']);
    expect(apply((n: number) => n * n, 7)).toBe(49);
    expect(
      apply(
        ffi.Callback('int', ['int'], (n: number) => n + 1),
        7,
      ),
    ).toBe(8);
  });

  test("of C are this side's", () => {
    const negatePointer = ffi.ForeignFunction(
      new ffi.DynamicLibrary(libraryPath).get('negate_pointer'),
      ffi.Function('int', ['int']),
      [],
    );
    expect((negatePointer() as (n: number) => number)(11)).toBe(-11);
  });

  test('that answer strings: each lives until later answers', () => {
    const shout = ffi.Callback('string', ['string'], (text: string) => (text === '' ? null : text.toUpperCase()));
    const applyText = inC('apply_text', 'string', ['pointer', 'string']);
    expect([applyText(shout, 'a'), applyText(shout, 'bc'), applyText(shout, '')]).toEqual(['A', 'BC', null]);
  });

  test('with variable arguments are made for their types, once for each', () => {
    const sum = ffi.VariadicForeignFunction(new ffi.DynamicLibrary(libraryPath).get('sum_of'), 'int', ['int']);
    expect(sum('int', 'int')(2, 3, 4)).toBe(7);
    expect(sum('int', 'short')(2, 3, -4)).toBe(-1);
    expect(sum('int', 'int')).toBe(sum(ref.types.int!, 'int'));
    expect(sum('int *')).toBe(sum('int *'));
    const doubles = ffi.VariadicForeignFunction(new ffi.DynamicLibrary(libraryPath).get('sum_of_doubles'), 'double', [
      'int',
    ]);
    expect(doubles('double', 'float')(2, 1.5, 2.25)).toBe(3.75);
    expect(thrownBy(() => ffi.VariadicForeignFunction(ref.NULL, 'int', [])).message).toMatch(
      /at least one fixed argument/,
    );
  });

  test('leave errno for ffi.errno, whatever else goes on', () => {
    inC('set_errno', 'int', ['int'])(34);
    ref.address(Buffer.alloc(64));
    new ffi.DynamicLibrary(libraryPath).get('answer');
    expect(ffi.errno()).toBe(34);
  });
});

describe('libraries', () => {
  test('give their functions, asynchronous and variadic ones too', async () => {
    const library = ffi.Library(libraryPath, {
      negate: ['int', ['int']],
      answer: ['int', [], { async: true }],
      sum_of: ['int', ['int'], { varargs: true }],
    }) as {
      negate(n: number): number;
      answer(done: unknown): void;
      sum_of(...types: string[]): (...n: number[]) => number;
    };
    expect(library.negate(5)).toBe(-5);
    expect(library.sum_of('int')(1, 9)).toBe(9);
    expect(await new Promise((resolve) => library.answer((_: unknown, value: unknown) => resolve(value)))).toBe(42);
  });

  test('put them where they are told', () => {
    const into = { own: 1 };
    expect(ffi.Library(libraryPath, { answer: ['int', []] }, into)).toBe(into);
    expect(Object.keys(into)).toEqual(['own', 'answer']);
  });

  test("that are not there, and functions that are not, are errors in the loader's words", () => {
    expect(thrownBy(() => ffi.Library('libnothere', {})).message).toBe(
      'Dynamic Linking Error: libnothere.so: cannot open shared object file: No such file or directory',
    );
    expect(thrownBy(() => ffi.Library(libraryPath, { nothere: ['int', []] })).message).toMatch(
      /^Dynamic Symbol Retrieval Error: .*undefined symbol: nothere$/,
    );
    const library = new ffi.DynamicLibrary(libraryPath);
    expect([library.path(), library.error(), library.close()]).toEqual([libraryPath, null, 0]);
    expect(thrownBy(() => library.get('answer')).message).toMatch(/the library was closed$/);
    expect(library.error()).toMatch(/the library was closed$/);
    expect(library.error()).toBe(null);
  });

  test('without a name are the process, with the libraries that Node has', () => {
    const { ceil, abs } = ffi.Library(null, { ceil: ['double', ['double']], abs: ['int', ['int']] }) as Record<
      string,
      (n: number) => number
    >;
    expect([ceil!(1.5), abs!(-3)]).toEqual([2, 3]);
  });
});
