/**
 * The native executor for AArch64, in an emulator: strings, buffers, errno, lanes, and faults with each resolution. Where
 * arguments go by brute force: abi.test.ts. Without the cross compiler and the emulator only the places are tested.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { planAapcs64 } from '../../safeffi/abi/aapcs64.ts';
import {
  type Address,
  type ArgumentValue,
  type CType,
  type Executor,
  type Fault,
  faultReport,
  makeSignature,
  type PreparedCallout,
  parseSignature,
  parseType,
  structOf,
  unionOf,
} from '../../safeffi/index.ts';
import { aarch64, openAarch64 } from './aarch64.ts';
import { aarch64Missing } from './abi-executors.ts';
import { faultOf } from './fault-of.ts';
import { compile } from './fixture.ts';

const text = `
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int answer(void) { return 42; }
int set_errno(int value) { errno = value; return -1; }
double half(double value) { return value / 2; }
void add_one(unsigned char *bytes, size_t count) { for (size_t i = 0; i < count; i++) bytes[i]++; }
const char *skip(const char *text, int count) { return text + count; }
static volatile int kept;
int read_at(volatile int *at) { return *at; }
void write_at(volatile int *at, int value) { *at = value; }
void write_vector(double *at) { __asm__ volatile("str q0, [%0]" : : "r"(at) : "memory"); }
void inner(int *at) { kept = *(volatile int *)at; kept++; }
void outer(int *at) { inner(at); kept++; }
void outermost(int *at) { outer(at); kept++; }
int jump_to(int (*there)(void)) { return there() + 1; }
void fill(char *bytes, int count) { for (int i = 0; i < count; i++) ((volatile char *)bytes)[i] = 1; }
int depth(int n) { volatile char frame[4096]; frame[0] = (char)n; return n == 0 ? frame[0] : depth(n - 1) + frame[0]; }
void illegal(void) { __builtin_trap(); }
void give_up(void) { abort(); }
void leave(int status) { exit(status); }
void leave_now(int status) { _exit(status); }
int nap(int microseconds) { usleep((useconds_t)microseconds); return microseconds; }
static int count;
int counter(void) { return ++count; }
`;

(aarch64Missing === undefined ? describe : describe.skip)('in the emulator', () => {
  let executor: Executor;
  let library: string;
  const prepare = (name: string, returns: string, ...types: string[]): PreparedCallout =>
    executor.prepare(library, name, parseSignature(name, { returns, arguments: types }));

  beforeAll(() => {
    executor = openAarch64();
    library = compile('aarch64', text, aarch64);
    executor.loadLibrary(library);
  });
  afterAll(() => executor.close());
  afterEach(() => expect(prepare('answer', 'int').invoke()).toBe(42));

  /** Expects a fault, answers it in place and looks whether the same process goes on. */
  function answered(name: string, types: string[], args: ArgumentValue[]): Fault {
    const { pid } = executor;
    const callout = prepare(name, 'int', ...types);
    const caught = faultOf(() => callout.call(args));
    expect(faultReport(caught.fault).split('\n')[0]).toBe(`${caught.fault.kind}: ${caught.fault.summary}`);
    expect(caught.answer(7)).toBe(7);
    expect(prepare('answer', 'int').invoke()).toBe(42);
    expect(executor.pid).toBe(pid);
    return caught.fault;
  }
  const names = (fault: Fault) => fault.cFrames.map((frame) => frame.symbol);

  test('integers, doubles, strings and buffers', () => {
    expect(prepare('half', 'double', 'double').invoke(3)).toBe(1.5);
    expect(prepare('skip', 'char *', 'const char *', 'int').invoke('grüße', 1)).toBe('rüße');
    for (const size of [0, 3, 64, 65, 5000, 300_000]) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => i);
      const expected = bytes.map((byte) => byte + 1);
      prepare('add_one', 'void', 'unsigned char *', 'size_t').call([bytes, size]);
      expect(Buffer.compare(bytes, expected)).toBe(0);
    }
  });

  test('errno', () => {
    const call = prepare('set_errno', 'int', 'int');
    expect(call.invoke(34)).toBe(-1);
    expect(call.errno()).toBe(34);
  });

  test('two callouts at once, and a sleeping side is woken', () => {
    const nap = prepare('nap', 'int', 'int');
    const [first, second] = [nap.start([20_000]), nap.start([1000])];
    expect([second.result(), first.result()]).toEqual([1000, 20_000]);
  });

  test('memory of the executor', () => {
    const address = executor.memory.allocate(100);
    executor.memory.write(address, Uint8Array.of(1, 2, 3));
    expect([...executor.memory.read(address, 3)]).toEqual([1, 2, 3]);
    prepare('add_one', 'void', 'void *', 'size_t').invoke(address, 2);
    expect([...executor.memory.read(address, 3)]).toEqual([2, 3, 3]);
    executor.memory.free(address);
  });

  test('a read, with address, registers and frame', () => {
    const fault = answered('read_at', ['void *'], [null]);
    expect(fault).toMatchObject({ kind: 'MemoryViolation', signal: 'SIGSEGV', address: 0, access: 'read' });
    expect(names(fault)).toEqual(['read_at']);
    expect(fault.registers).toMatchObject({ x0: 0 });
    expect(Object.keys(fault.registers!)).toHaveLength(34);
  });

  test.each([
    ['write_at', ['void *', 'int'], [null, 5]],
    ['write_vector', ['void *'], [null]],
  ])('%s is a write', (name, types, args) => {
    expect(answered(name, types, args)).toMatchObject({ access: 'write', address: 0 });
  });

  // The emulator maps C's code as data, so that only the callout's own name is known here.
  test('the frames between the fault and the callout', () => {
    expect(names(answered('outermost', ['void *'], [null]))).toEqual([undefined, undefined, 'outermost']);
  });

  test('a jump to an address that is no code', () => {
    const fault = answered('jump_to', ['void *'], [null]);
    expect(fault).toMatchObject({ access: 'execute', address: 0 });
  });

  test('one byte past the end of a buffer', () => {
    const fault = answered('fill', ['char *', 'int'], [new Uint8Array(10), 11]);
    expect(fault.summary).toMatch(/^write at 0x[0-9a-f]+, 0 bytes past the end of argument 1/);
  });

  test('a stack overflow', () => {
    expect(answered('depth', ['int'], [10_000]).summary).toMatch(/the C stack has overflowed$/);
  });

  test.each([
    ['illegal', [], [], 'IllegalInstruction'],
    ['give_up', [], [], 'CalloutAborted'],
    ['leave', ['int'], [3], 'CalloutAborted'],
    ['leave', ['int'], [4], 'CalloutAborted'],
    ['leave_now', ['int'], [3], 'CalloutAborted'],
  ] as [string, string[], ArgumentValue[], string][])('%s', (name, types, args, kind) => {
    expect(answered(name, types, args).kind).toBe(kind);
  });

  test('retry with other arguments, and restart', () => {
    const half = prepare('read_at', 'int', 'void *');
    const caught = faultOf(() => half.invoke(null));
    expect(caught.retryWith([Int32Array.of(5)])).toBe(5);
    const counter = prepare('counter', 'int');
    expect([counter.invoke(), counter.invoke()]).toEqual([1, 2]);
    executor.restart();
    expect(counter.invoke()).toBe(1);
  });

  test('a pointer is of the process that it came from', () => {
    const address = prepare('skip', 'void *', 'void *', 'int').invoke(executor.memory.allocate(8), 1) as Address;
    expect(address.generation).toBe(executor.generation);
  });
});

describe('places', () => {
  const wide = 64;
  const vector = (index: number) => wide + 32 + 8 * index;
  const [int, long, float, double] = ['int', 'long', 'float', 'double'].map((name) => parseType(name)) as [
    CType,
    CType,
    CType,
    CType,
  ];
  const record = (...types: CType[]) =>
    structOf(
      'struct s',
      types.map((type, i) => ({ name: `f${i}`, type })),
    );
  const plan = (returns: CType, ...types: CType[]) => planAapcs64('f', makeSignature('f', returns, types));

  test('five arguments of any mix fit the line', () => {
    expect(plan(int, int, double, int, double, int)).toEqual({ words: [[8], [40], [16], [32], [24]], control: 0 });
    expect(plan(int, int, int, int, int, int, int)).toEqual({
      words: [[8], [16], [24], [32], [40], [wide]],
      control: 0x100,
    });
  });

  test('each float of a record of up to four has a register; five go as the address of a copy', () => {
    expect(plan(int, record(float, float, float)).words).toEqual([[40, 32, 24]]);
    expect(plan(int, record(double, double, double, double)).words).toEqual([[40, 32, 24, 16]]);
    const five = plan(int, record(double, double, double, double, double));
    expect([five.words, [...five.copied!]]).toEqual([[[8]], [0]]);
  });

  test('a float beside an int goes into an integer register', () => {
    expect(plan(int, record(float, int)).words).toEqual([[8]]);
  });

  test('a record that finds too few integer registers closes them for what follows', () => {
    const two = record(long, long);
    const words = plan(int, long, long, long, long, long, long, long, two, int).words;
    expect(words[7]).toEqual([-1024, -1016]);
    expect(words[8]).toEqual([-1008]);
  });

  test('a record of floats that finds too few vector registers closes them', () => {
    const words = plan(int, double, double, double, double, double, double, record(float, float, float), float).words;
    expect(words[6]).toEqual([-1024, -1016]);
    expect(words[7]).toEqual([-1008]);
  });

  test('a result in memory takes x8, and no register of an argument', () => {
    const { words, resultPointer } = plan(record(long, long, long), int);
    expect([resultPointer, words]).toEqual([wide + 24, [[8]]]);
  });

  test('three floats come back in a register each', () => {
    expect(plan(record(float, float, float)).resultWords).toEqual([24, 32, vector(2)]);
  });

  test('a union of a float and two floats is two floats', () => {
    const union = unionOf('union u', [
      { name: 'one', type: float },
      { name: 'two', type: record(float, float) },
    ]);
    expect(plan(int, union).words).toEqual([[40, 32]]);
  });

  test('a copy that finds no register leaves its address on the stack', () => {
    const big = record(long, long, long);
    const words = plan(int, ...Array.from({ length: 8 }, () => int), big).words;
    expect(words[8]).toEqual([-1024]);
  });
});
