/**
 * Shared buffers: C and this side see the same bytes, nothing is copied, and contents and address outlive the executor.
 */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { blockBytes } from '../../safeffi/executor/arena.ts';
import type { NativeExecutor } from '../../safeffi/executor/native.ts';
import { Address, type Library, openSession, type Session } from '../../safeffi/index.ts';
import { faultOf } from './fault-of.ts';
import { fixture } from './fixture.ts';

let session: Session;
let library: Library;

const call = (name: string, returns: string, ...types: string[]) =>
  library.function(name, { returns, arguments: types });

beforeEach(() => {
  session = openSession({ ffi: 'native' });
  library = session.library(fixture('recovery'));
});
afterEach(() => {
  expect(call('answer', 'int')()).toBe(42);
  session.close();
});

test('what C writes is seen here and the other way round, after the call too', () => {
  const bytes = session.buffer(100);
  expect([...bytes].every((byte) => byte === 0)).toBe(true);
  call('keep_pointer', 'void', 'void *')(bytes);
  bytes[7] = 5;
  expect(call('read_kept', 'int', 'int')(7)).toBe(5);
  call('write_kept', 'void', 'int', 'int')(99, 250);
  expect(bytes[99]).toBe(250);
});

test('the address is that of the buffer, and of each part; views of other kinds too', () => {
  const bytes = session.buffer(64);
  const address = session.addressOf(bytes);
  const same = call('same_pointer', 'void *', 'void *');
  expect((same(bytes) as Address).value).toBe(address.value);
  expect((same(bytes.subarray(16)) as Address).value).toBe(address.plus(16).value);
  expect((same(new Int32Array(bytes.buffer, bytes.byteOffset, 4)) as Address).value).toBe(address.value);
  expect((same(Buffer.from(bytes.buffer, bytes.byteOffset, 8)) as Address).value).toBe(address.value);
  expect((same(address) as Address).value).toBe(address.value);
  expect(Number(address.value) % 16).toBe(0);
  expect(() => session.addressOf(new Uint8Array(8))).toThrow('a buffer of 8 bytes is not one that buffer() gave');
});

test('contents and address outlive a restart and a rollback; a rollback does not bring contents back', () => {
  const bytes = session.buffer(10);
  const address = session.addressOf(bytes);
  bytes[0] = 1;
  session.restart();
  expect(call('read_at', 'int', 'void *')(address)).toBe(1);
  const checkpoint = session.checkpoint();
  bytes[0] = 2;
  checkpoint.rollback();
  expect(call('read_at', 'int', 'void *')(bytes)).toBe(2);
  const later = session.buffer(10);
  later[1] = 3;
  session.restart();
  expect(call('read_at', 'int', 'void *')(later)).toBe(0x300);
});

test('one made after an executor has started, and large ones, are seen by it', () => {
  const megabytes = session.buffer(8 * 1024 * 1024);
  megabytes[megabytes.length - 4] = 9;
  const { value } = session.addressOf(megabytes);
  expect(call('read_at', 'int', 'void *')(new Address(Number(value) + megabytes.length - 4, 0))).toBe(9);
});

test('memory.read and memory.write take its address', () => {
  const bytes = session.buffer(8);
  session.memory.write(session.addressOf(bytes), Uint8Array.of(1, 2, 3));
  expect([...bytes.subarray(0, 3)]).toEqual([1, 2, 3]);
  expect([...session.memory.read(session.addressOf(bytes), 3)]).toEqual([1, 2, 3]);
});

test('with guard the first byte beyond faults, over restarts and rollbacks, in each domain', () => {
  const first = session.library(fixture('faults'), { domain: 'other' });
  const bytes = session.buffer(5, { guard: true });
  const check = (from: Library) => {
    const fill = from.function('fill', { returns: 'void', arguments: ['void *', 'int', 'int', 'int'] });
    fill(bytes, 0, 5, 7);
    expect([...bytes]).toEqual([7, 7, 7, 7, 7]);
    const caught = faultOf(() => fill(bytes, 0, 6, 8));
    expect(caught.fault.kind).toBe('MemoryViolation');
    expect(caught.fault.address).toBe(session.addressOf(bytes).plus(5).value);
    caught.answer(0);
  };
  const here = session.library(fixture('faults'));
  check(here);
  check(first);
  session.restart();
  check(here);
  session.checkpoint().rollback();
  check(here);
  first.executor.restart();
  check(first);
});

test('what was written before its start is told', () => {
  const bytes = session.buffer(8);
  const { buffers } = (session.executor as NativeExecutor).parts;
  expect(buffers.isIntact(bytes)).toBe(true);
  call('keep_pointer', 'void', 'void *')(bytes);
  call('write_kept', 'void', 'int', 'int')(-3, 1);
  expect(buffers.isIntact(bytes)).toBe(false);
});

test('sizes: blocks are powers of two and the halves between, then pages', () => {
  expect([1, 64, 65, 96, 97, 129, 193, 3073, 4096, 4097].map(blockBytes)).toEqual([
    64, 64, 96, 96, 128, 192, 256, 4096, 4096, 8192,
  ]);
});

test.each([-1, 1.5, 2 ** 31, Number.NaN])('a size of %p is refused', (size) => {
  expect(() => session.buffer(size)).toThrow(
    /^option sizeBytes of a buffer is .*, expected an integer from 0 to 1073741824$/,
  );
});

test('an empty buffer has an address', () => {
  expect(session.addressOf(session.buffer(0)).isNull).toBe(false);
});

/** What a program prints that runs in a process of its own: in it nothing but the program holds objects. */
function output(program: string): string {
  const source = `import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { openSession } from '${new URL('../../safeffi/index.js', import.meta.url).href}';
const session = openSession({ ffi: 'native' });
const until = async (isOver) => { while (!isOver()) { gc(); await setImmediate(); } };
${program}`;
  const options = ['--expose-gc', '--input-type=module', '-e', source];
  return execFileSync(process.execPath, options, { encoding: 'utf8', timeout: 100_000 });
}

test('thousands of buffers that nobody holds are used again, zeroed; a part keeps the whole', () => {
  const program = `const { buffers } = session.executor.parts;
const part = session.buffer(64).fill(77).subarray(10, 20);
const make = () => { for (let i = 0; i < 2000; i++) session.buffer(200).fill(1); };
for (let round = 0; round < 5; round++) { make(); await until(() => buffers.standing.count === 1); }
const zeroed = Array.from({ length: 100 }, () => session.buffer(200)).every((one) => one.every((byte) => byte === 0));
console.log(buffers.standing.arenaBytes <= 2 * 1024 * 1024, part.every((byte) => byte === 77), zeroed);
session.close();`;
  expect(output(program)).toBe('true true true\n');
});

test('a buffer can be looked at after its session was closed, and its memory goes with it', () => {
  const program = `const mappings = () => readFileSync('/proc/self/maps', 'latin1').match(/memfd:safeffi-buffers/g)?.length ?? 0;
const look = () => { const bytes = session.buffer(10); bytes[1] = 4; session.close(); return [bytes[1], mappings()]; };
console.log(...look());
await until(() => mappings() === 0);
console.log('gone');`;
  expect(output(program)).toBe('4 1\ngone\n');
});

test('direct: a buffer has an address in this process; portable: there is none to share', () => {
  const direct = openSession({ ffi: 'direct' });
  const bytes = direct.buffer(8);
  const strlen = direct.library('libc.so.6').function('strlen', { returns: 'size_t', arguments: ['const void *'] });
  bytes.set([65, 66]);
  expect(strlen(direct.addressOf(bytes))).toBe(2);
  direct.close();
  const portable = openSession({ ffi: 'portable' });
  expect(() => portable.buffer(8)).toThrow('a shared buffer is not available with the portable executor');
  portable.close();
});
