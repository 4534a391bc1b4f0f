/**
 * Domains: libraries in executors of their own. A fault or a restart in one leaves the state of the others as it is, and an
 * address of one that is passed to another is refused before anything is called.
 */
import { afterEach, expect, test } from '@jest/globals';
import { CalloutError, type Library, openSession, type Session } from '../../safeffi/index.ts';
import { faultOf } from './fault-of.ts';
import { fixture } from './fixture.ts';

let session: Session;

afterEach(() => session.close());

const call = (library: Library, name: string, returns: string, ...types: string[]) =>
  library.function(name, { returns, arguments: types });

test('a library in a domain of its own has its own process and state', () => {
  session = openSession({ ffi: 'native' });
  const here = session.library(fixture('recovery'));
  const there = session.library(fixture('recovery'), { domain: 'own' });
  expect(there.executor.pid).not.toBe(here.executor.pid);
  expect(call(here, 'bump', 'int', 'int')(1)).toBe(1);
  expect(call(there, 'bump', 'int', 'int')(10)).toBe(10);
  expect(call(here, 'bump', 'int', 'int')(1)).toBe(2);
  expect(session.domains).toEqual(['main', 'own']);
});

test('a fault and a restart in one leave the other as it is', () => {
  session = openSession({ ffi: 'native' });
  const here = session.library(fixture('recovery'));
  const there = session.library(fixture('recovery'), { domain: 'own' });
  call(here, 'bump', 'int', 'int')(5);
  call(there, 'bump', 'int', 'int')(7);
  const address = here.executor.memory.allocate(4);
  const caught = faultOf(() => call(there, 'bump_and_crash', 'int', 'int')(1));
  expect(call(here, 'bump', 'int', 'int')(0)).toBe(5);
  caught.restart();
  caught.answer(0);
  expect(call(there, 'bump', 'int', 'int')(0)).toBe(0);
  expect(call(here, 'bump', 'int', 'int')(0)).toBe(5);
  expect(call(here, 'read_at', 'int', 'void *')(address)).toBe(0);
  session.restart('own');
  expect(call(here, 'bump', 'int', 'int')(0)).toBe(5);
  session.restart();
  expect(call(here, 'bump', 'int', 'int')(0)).toBe(0);
});

test('a rollback in one leaves the other as it is', () => {
  session = openSession({ ffi: 'native' });
  const here = session.library(fixture('recovery'));
  const there = session.library(fixture('recovery'), { domain: 'own' });
  const checkpoint = there.executor.checkpoint();
  call(here, 'bump', 'int', 'int')(5);
  call(there, 'bump', 'int', 'int')(7);
  checkpoint.rollback();
  expect(call(there, 'bump', 'int', 'int')(0)).toBe(0);
  expect(call(here, 'bump', 'int', 'int')(0)).toBe(5);
});

test('an address of one domain is refused in another, with both named', () => {
  session = openSession({ ffi: 'native' });
  const here = session.library(fixture('recovery'));
  const there = session.library(fixture('recovery'), { domain: 'own' });
  const address = there.executor.memory.allocate(4);
  expect(() => call(here, 'read_at', 'int', 'void *')(address)).toThrow(
    new CalloutError(
      'other-domain',
      `callout read_at: argument 1 is ${address}, an address of domain 'own', passed to domain 'main'`,
    ),
  );
  expect(() => session.memory.read(address, 4)).toThrow(
    `callout read: argument 1 is ${address}, an address of domain 'own', passed to domain 'main'`,
  );
  there.executor.restart();
  expect(() => call(here, 'read_at', 'int', 'void *')(address)).toThrow("an address of domain 'own'");
  expect(faultOf(() => call(there, 'read_at', 'int', 'void *')(address)).fault.kind).toBe('StaleAddress');
});

test('shared buffers are the same in every domain', () => {
  session = openSession({ ffi: 'native' });
  const there = session.library(fixture('recovery'), { domain: 'own' });
  const here = session.library(fixture('recovery'));
  const bytes = session.buffer(16);
  call(there, 'keep_pointer', 'void', 'void *')(bytes);
  call(there, 'write_kept', 'void', 'int', 'int')(0, 33);
  expect(call(here, 'read_at', 'int', 'void *')(bytes)).toBe(33);
});

test("domains: 'each' gives every library its own, and an option still names one", () => {
  session = openSession({ ffi: 'native', domains: 'each' });
  const first = session.library(fixture('recovery'));
  const second = session.library(fixture('faults'));
  const third = session.library(fixture('values'), { domain: fixture('faults') });
  expect(first.executor.pid).not.toBe(second.executor.pid);
  expect(third.executor.pid).toBe(second.executor.pid);
  expect(session.library(fixture('recovery'))).toBe(first);
});

test('declared functions, records and callbacks belong to the domain of their library', () => {
  session = openSession({ ffi: 'native' });
  const libc = session.library('libc.so.6', { domain: 'own' });
  const { qsort } = libc.declare(
    'void qsort(void *base, size_t n, size_t size, int (*by)(const void *, const void *));',
  );
  const numbers = Uint8Array.of(3, 1, 2);
  const byteAt = (address: unknown) => libc.executor.memory.read(address as never, 1)[0]!;
  qsort!(numbers, 3, 1, (a: unknown, b: unknown) => byteAt(a) - byteAt(b));
  expect([...numbers]).toEqual([1, 2, 3]);
});

test.each(['portable', 'direct'] as const)('%s: a domain of its own is not available', (ffi) => {
  session = openSession({ ffi });
  expect(() => session.library('libc.so.6', { domain: 'own' })).toThrow(
    `domain 'own' beside the one for all libraries is not available with the ${ffi} executor`,
  );
});
