/**
 * `continue`: registers or memory are mended while the thread stands in its handler, and the instruction runs again.
 */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type FFIFault, type Library, openSession, type Session } from '../../safeffi/index.ts';
import { eventually } from '../eventually.ts';
import { descriptorsOf, mappingsOf, threadsOf } from '../processes.ts';
import { faultOf } from './fault-of.ts';
import { fixture } from './fixture.ts';

let session: Session;
let library: Library;

const int = (name: string, ...types: string[]) => library.function(name, { returns: 'int', arguments: types });

beforeEach(() => {
  session = openSession({ ffi: 'native' });
  library = session.library(fixture('recovery'));
});
afterEach(() => {
  expect(int('answer')()).toBe(42);
  session.close();
});

const program = (caught: FFIFault) => BigInt(caught.fault.registers!.rip!);

test('a mended register: the instruction runs again and the callout returns', () => {
  const address = session.memory.allocate(8);
  session.memory.write(address, Uint8Array.of(77, 0, 0, 0));
  const caught = faultOf(() => int('load_rdi', 'void *')(null));
  expect(caught.choices).toContain('continue');
  expect(caught.continue({ rdi: address.value })).toBe(77);
  expect(session.tainted).toBe(false);
});

test('a skipped instruction: the program counter is set behind it', () => {
  const caught = faultOf(() => int('load_rdi', 'void *')(null));
  expect(caught.continue({ rip: program(caught) + 2n, rax: -5 })).toBe(-5);
});

test('mended memory: what was protected is made writable, and the access goes on', () => {
  const mmap = session.library('libc.so.6').function('mmap', {
    returns: 'void *',
    arguments: ['void *', 'size_t', 'int', 'int', 'int', 'long'],
  });
  const mprotect = session.library('libc.so.6').function('mprotect', {
    returns: 'int',
    arguments: ['void *', 'size_t', 'int'],
  });
  const page = mmap(null, 4096, 0, 0x22, -1, 0) as ReturnType<typeof session.memory.allocate>;
  const caught = faultOf(() => int('read_at', 'void *')(page));
  expect(mprotect(page, 4096, 3)).toBe(0);
  session.memory.write(page, Uint8Array.of(9, 1, 0, 0));
  expect(caught.continue()).toBe(0x0109);
});

test('unmended, the same fault comes again and can be answered', () => {
  const again = faultOf(() => faultOf(() => int('read_at', 'void *')(null)).continue());
  expect(again.fault.kind).toBe('MemoryViolation');
  again.answer(0);
});

test('a division goes on with another divisor in the register it is in', () => {
  const caught = faultOf(() => int('divide', 'int', 'int')(84, 0));
  expect(caught.continue({ rsi: 2 })).toBe(42);
});

test('a breakpoint is passed', () => {
  expect(faultOf(() => int('trap_then', 'int')(6)).continue()).toBe(6);
});

test('a callout that was stopped at its deadline is given more time', () => {
  const flag = session.memory.allocate(4);
  const callout = library.prepare('forever_until', { returns: 'void', arguments: ['void *'] });
  const first = faultOf(() => callout.call([flag], { deadlineMs: 5 }));
  expect(first.fault.kind).toBe('CalloutTimeout');
  const second = faultOf(() => first.continue());
  expect(second.fault.kind).toBe('CalloutTimeout');
  session.memory.write(flag, Uint8Array.of(1, 0, 0, 0));
  expect(second.continue()).toBeUndefined();
});

test('continue with a checkpoint before the call: the checkpoint goes with the return', () => {
  const callout = library.prepare('load_rdi', { returns: 'int', arguments: ['void *'] });
  const caught = faultOf(() => callout.call([null], { checkpoint: true }));
  const again = faultOf(() => caught.continue());
  expect(again.choices).toContain('rollback');
  expect(again.continue({ rip: program(again) + 2n, rax: 1 })).toBe(1);
  const other = faultOf(() => int('read_at', 'void *')(null));
  expect(other.choices).not.toContain('rollback');
  other.answer(0);
});

test('abort and exit cannot be continued, and say why', () => {
  const abort = faultOf(() => library.function('give_up', { returns: 'void', arguments: [] })());
  expect(() => abort.continue()).toThrow('callout give_up: continue is not available: abort does not return');
  abort.answer(0);
  const exit = faultOf(() => int('bump_and_exit', 'int')(1));
  expect(() => exit.continue()).toThrow(
    'callout bump_and_exit: continue is not available: it stopped in a function that does not return',
  );
  exit.answer(0);
});

test('after a resolution nothing is left to choose', () => {
  const caught = faultOf(() => int('read_at', 'void *')(null));
  caught.answer(0);
  expect(caught.choices).toEqual([]);
  expect(() => caught.continue()).toThrow('callout read_at: continue is not available: the fault was resolved before');
});

test('after a restart the thread that stopped is gone', () => {
  const caught = faultOf(() => int('read_at', 'void *')(null));
  caught.restart();
  expect(() => caught.continue()).toThrow(
    'callout read_at: continue is not available: the thread that stopped is gone',
  );
  caught.answer(0);
});

test.each([
  [{ zzz: 1 }, /^callout read_at: there is no register zzz, expected one of rax, rbx/],
  [{ rax: 1.5 }, /^callout read_at: register rax is 1.5, expected an integer$/],
  [{ rax: 1n << 64n }, /^callout read_at: register rax is 18446744073709551616, expected 64 bits$/],
])('bad registers %p are refused and the fault stands', (registers, message) => {
  const caught = faultOf(() => int('read_at', 'void *')(null));
  expect(() => caught.continue(registers as Record<string, number>)).toThrow(message);
  expect(caught.answer(4)).toBe(4);
});

test('1,000 continued faults leave nothing behind', () => {
  const load = int('load_rdi', 'void *');
  const step = (i: number) => {
    const caught = faultOf(() => load(null));
    expect(caught.continue({ rip: program(caught) + 2n, rax: i })).toBe(i);
  };
  const look = () => ({
    descriptors: descriptorsOf('self').length,
    threads: threadsOf(session.executor.pid!).length,
    mappings: mappingsOf(session.executor.pid!).length,
  });
  for (let i = 0; i < 20; i++) step(i);
  const { pid } = session.executor;
  const before = look();
  for (let i = 0; i < 980; i++) step(i);
  expect(eventually(look, before)).toEqual(before);
  expect(session.executor.pid).toBe(pid);
});
