/**
 * One suite for the three executors: what does not fault behaves the same in each.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Address, CalloutError, CString, type Library, openSession, type Session } from '../../safeffi/index.ts';
import { fixture } from './fixture.ts';

const integers: [string, string, number][] = [
  ['char', 'char', 8],
  ['signed char', 'schar', 8],
  ['unsigned char', 'uchar', -8],
  ['short', 'short', 16],
  ['unsigned short', 'ushort', -16],
  ['int', 'int', 32],
  ['unsigned int', 'uint', -32],
  ['long', 'long', 64],
  ['unsigned long', 'ulong', -64],
  ['long long', 'longlong', 64],
  ['unsigned long long', 'ulonglong', -64],
  ['int8_t', 'int8', 8],
  ['uint8_t', 'uint8', -8],
  ['int16_t', 'int16', 16],
  ['uint16_t', 'uint16', -16],
  ['int32_t', 'int32', 32],
  ['uint32_t', 'uint32', -32],
  ['int64_t', 'int64', 64],
  ['uint64_t', 'uint64', -64],
  ['size_t', 'size', -64],
  ['ptrdiff_t', 'ptrdiff', 64],
  ['intptr_t', 'intptr', 64],
];

function limits(bits: number): { low: bigint; high: bigint } {
  return bits > 0
    ? { low: -(1n << BigInt(bits - 1)), high: (1n << BigInt(bits - 1)) - 1n }
    : { low: 0n, high: (1n << BigInt(-bits)) - 1n };
}

function refusal(run: () => unknown): CalloutError {
  try {
    run();
  } catch (error) {
    if (error instanceof CalloutError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe.each(['native', 'portable', 'direct'] as const)('%s', (ffi) => {
  let session: Session;
  let library: Library;
  const echo = (type: string, name: string) => library.function(`echo_${name}`, { returns: type, arguments: [type] });

  beforeAll(() => {
    session = openSession({ ffi });
    library = session.library(fixture('values'));
  });
  afterAll(() => session.close());

  test.each(integers)('%s: limits come back, one past a limit is refused', (type, name, bits) => {
    const call = echo(type, name);
    const { low, high } = limits(bits);
    for (const value of [low, low + 1n, 0n, 1n, high - 1n, high]) {
      expect(BigInt(call(value) as number | bigint)).toBe(value);
      const number = Number(value);
      if (Number.isSafeInteger(number)) expect(call(number)).toBe(number);
    }
    for (const value of [low - 1n, high + 1n]) {
      expect(refusal(() => call(value)).message).toBe(
        `callout echo_${name}: argument 1 is ${value}, expected ${type} (${low} to ${high})`,
      );
    }
    expect(refusal(() => call(1.5)).message).toBe(
      `callout echo_${name}: argument 1 is 1.5, expected ${type} (${low} to ${high})`,
    );
    expect(refusal(() => call(null)).code).toBe('argument-type');
  });

  test('64-bit results are numbers where that is exact, else bigints', () => {
    const call = echo('long', 'long');
    expect(call(2n ** 53n - 1n)).toBe(Number.MAX_SAFE_INTEGER);
    expect(call(-(2n ** 53n) + 1n)).toBe(Number.MIN_SAFE_INTEGER);
    expect(call(2n ** 53n)).toBe(2n ** 53n);
    expect(call(-(2n ** 53n))).toBe(-(2n ** 53n));
    expect(echo('unsigned long', 'ulong')(2n ** 53n)).toBe(2n ** 53n);
  });

  test('bool, float, double', () => {
    const bool = echo('bool', 'bool');
    expect([bool(true), bool(false), bool(1), bool(0)]).toEqual([true, false, true, false]);
    expect(refusal(() => bool(2)).code).toBe('argument-range');
    const double = echo('double', 'double');
    for (const value of [0, -0, 1.5, Number.MIN_VALUE, Number.MAX_VALUE, Number.POSITIVE_INFINITY, Number.NaN])
      expect(double(value)).toBe(value);
    expect(echo('float', 'float')(0.1)).toBe(Math.fround(0.1));
    expect(refusal(() => double('1')).message).toBe(
      "callout echo_double: argument 1 is '1', expected double (a Float)",
    );
  });

  test('void answers undefined; a wrong count is refused', () => {
    const nothing = library.function('nothing', { returns: 'void', arguments: ['void'] });
    expect(nothing()).toBeUndefined();
    expect(refusal(() => nothing(1)).message).toBe('callout nothing: 1 given, expected 0 arguments');
  });

  test('24 arguments of mixed kinds reach their places', () => {
    const kinds =
      'int,double,long,float,short,double,unsigned char,double,long long,float,int,double,unsigned,double,long,double,int,double,int8_t,double,uint16_t,float,int64_t,double';
    const call = library.function('mixed24', { returns: 'double', arguments: kinds.split(',') });
    const args = Array.from({ length: 24 }, (_, i) => i + 1);
    expect(call(...args)).toBe(args.reduce((sum, value, i) => sum + value * (i + 1), 0));
    const ints = library.function('ints8', { returns: 'long', arguments: Array(8).fill('long') });
    expect(ints(1, 2, 3, 4, 5, 6, 7, 8)).toBe(204);
  });

  test('pointers: null, addresses, all ones', () => {
    const pointer = echo('void *', 'pointer');
    expect((pointer(null) as Address).isNull).toBe(true);
    const address = session.address(0x1234);
    expect((pointer(address) as Address).equals(address)).toBe(true);
    const allOnes = library.function('all_ones', { returns: 'void *', arguments: [] })() as Address;
    expect(allOnes.value).toBe(2n ** 64n - 1n);
    expect(refusal(() => pointer(7)).message).toBe(
      'callout echo_pointer: argument 1 is 7, expected void * (an address, a String, a ByteArray or nil)',
    );
  });

  test('strings go in as UTF-8 with a NUL and come back', () => {
    const libc = session.library('libc.so.6');
    const strlen = libc.function('strlen', { returns: 'size_t', arguments: ['const char *'] });
    expect(strlen('')).toBe(0);
    expect(strlen('grüße')).toBe(7);
    expect(strlen('x'.repeat(5000))).toBe(5000);
    expect(strlen(new CString(Uint8Array.of(65, 66)))).toBe(2);
    expect(echo('char *', 'string')('grüße')).toBe('grüße');
    expect(echo('char *', 'string')(null)).toBeNull();
  });

  test.each([0, 1, 3, 8, 64, 65, 4060, 4061, 4096, 65536, 69500, 69601, 300_000])(
    'a buffer of %d bytes goes in and comes back',
    (size) => {
      const bytes = Uint8Array.from({ length: size }, (_, i) => i);
      const expected = bytes.map((byte) => byte + 1);
      library.function('add_one', { returns: 'void', arguments: ['unsigned char *', 'size_t'] })(bytes, size);
      expect(Buffer.compare(bytes, expected)).toBe(0);
    },
  );

  test('more buffers than there are slots', () => {
    const call = library.function('ints8', { returns: 'long', arguments: Array(8).fill('void *') });
    const buffers = Array.from({ length: 8 }, () => new Uint8Array(5000));
    expect(typeof call(...buffers)).not.toBe('undefined');
    expect(buffers.every((buffer) => buffer.every((byte) => byte === 0))).toBe(true);
  });

  test('a typed array other than Uint8Array passes its bytes', () => {
    const doubles = Float64Array.of(1, 2);
    library.function('add_one', { returns: 'void', arguments: ['void *', 'size_t'] })(doubles, 1);
    expect(doubles[0]).toBe(1 + Number.EPSILON);
  });

  test('errno is what the callout left', () => {
    const call = library.prepare('set_errno', { returns: 'int', arguments: ['int'] });
    expect(call.call([34])).toBe(-1);
    expect(call.errno()).toBe(34);
    call.invoke(12);
    expect(call.errno()).toBe(12);
  });

  test('a function pointer can be called', () => {
    const address = library.function('get_twice', { returns: 'void *', arguments: [] })() as Address;
    const { signature } = library.prepare('twice', { returns: 'int', arguments: ['int'] });
    expect(session.executor.prepareAddress(address, 'twice', signature).call([21])).toBe(42);
  });

  test('memory: allocate, write, read, free', () => {
    const { memory } = session;
    const address = memory.allocate(10_000);
    expect(memory.read(address, 10_000).every((byte) => byte === 0)).toBe(true);
    memory.write(address.plus(1), Uint8Array.of(104, 105, 0));
    expect(Buffer.from(memory.readCString(address.plus(1))).toString()).toBe('hi');
    expect([...memory.readCString(address.plus(1), 1)]).toEqual([104]);
    memory.free(address);
  });

  test('state of a library lasts from call to call', () => {
    const counter = library.function('counter', { returns: 'int', arguments: [] });
    expect([counter(), counter(), counter()]).toEqual([1, 2, 3]);
  });

  test('a started callout is polled, waited for and answered once', () => {
    const pending = library.prepare('twice', { returns: 'int', arguments: ['int'] }).start([4]);
    while (!pending.wait(1000));
    expect(pending.poll()).toBe(true);
    expect(pending.result()).toBe(8);
  });

  test('a missing library and a missing symbol are told with the reason', () => {
    const noLibrary = refusal(() => session.library('libnope.so.1'));
    expect(noLibrary.code).toBe('library-not-found');
    expect(noLibrary.message).toMatch(/^library libnope\.so\.1 could not be loaded: .*No such file/);
    const noSymbol = refusal(() => library.function('nope', { returns: 'int', arguments: [] }));
    expect(noSymbol.code).toBe('symbol-not-found');
    expect(noSymbol.message).toMatch(/^nope was not found in .*libvalues.*: .*nope/);
  });

  test('the environment is scrubbed, what is given comes through', () => {
    if (ffi === 'direct') return expect(process.env.PATH).toBeDefined();
    process.env.SAFEFFI_TEST_SECRET = 'secret';
    const other = openSession({ ffi, environment: { GIVEN: 'yes' } });
    const getenv = other.library('libc.so.6').function('getenv', { returns: 'char *', arguments: ['const char *'] });
    const found = [getenv('SAFEFFI_TEST_SECRET'), getenv('GIVEN'), getenv('PATH')];
    other.close();
    delete process.env.SAFEFFI_TEST_SECRET;
    expect(found).toEqual([null, 'yes', process.env.PATH]);
  });
});
