/**
 * `allocate` and `free`: a wrong free is a fault before C is called, and names what is known of the address.
 */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Address, openSession, type Session } from '../../safeffi/index.ts';
import { faultOf } from './fault-of.ts';

const kinds = ['native', 'portable', 'direct'] as const;
const open: Session[] = [];
const use = (ffi: (typeof kinds)[number]): Session => {
  const session = openSession({ ffi });
  open.push(session);
  return session;
};
let session: Session;

beforeEach(() => {
  session = use('native');
});
afterEach(() => {
  for (const one of open.splice(0)) {
    expect(one.library('libc.so.6').function('abs', { returns: 'int', arguments: ['int'] })(-2)).toBe(2);
    one.close();
  }
});

test.each(kinds)('%s: a second free is a fault that tells the size, and nothing is called', (ffi) => {
  const { memory } = use(ffi);
  const address = memory.allocate(24);
  expect(memory.allocations).toEqual({ count: 1, bytes: 24 });
  memory.free(address);
  expect(memory.allocations).toEqual({ count: 0, bytes: 0 });
  const caught = faultOf(() => memory.free(address));
  expect(caught.fault.kind).toBe('MemoryViolation');
  expect(caught.fault.summary).toBe(`free of ${address}, which was freed before (an allocation of 24 bytes)`);
  caught.answer(0);
});

test.each(kinds)('%s: a free of what allocate did not give', (ffi) => {
  const { memory } = use(ffi);
  const address = memory.allocate(100);
  const inside = faultOf(() => memory.free(address.plus(1)));
  expect(inside.fault.summary).toBe(
    `free of ${address.plus(1)}, which is 1 byte into an allocation of 100 bytes at ${address}`,
  );
  inside.answer(0);
  const foreign = faultOf(() => memory.free(new Address(0x1234, address.generation)));
  expect(foreign.fault.summary).toBe('free of 0x1234, which allocate did not give');
  foreign.answer(0);
  memory.free(address);
});

test('memory of C at an address that was freed here is freed as what it is', () => {
  const { memory } = session;
  const address = memory.allocate(64);
  memory.free(address);
  const malloc = session.library('libc.so.6').function('malloc', { returns: 'void *', arguments: ['size_t'] });
  const given = Array.from({ length: 100 }, () => malloc(64) as Address);
  expect(given.some((each) => each.value === address.value)).toBe(true);
  for (const each of given) memory.free(each, { givenByC: true });
  expect(memory.allocations.count).toBe(0);
});

test("a second free of C's own memory is found by C, and is a fault", () => {
  const malloc = session.library('libc.so.6').function('malloc', { returns: 'void *', arguments: ['size_t'] });
  const given = malloc(64) as Address;
  session.memory.free(given, { givenByC: true });
  const caught = faultOf(() => session.memory.free(given, { givenByC: true }));
  expect(caught.fault.summary).toMatch(/^abort was called: free\(\): double free detected/);
  caught.answer(0);
});

test('free of null does nothing, as in C', () => {
  session.memory.free(new Address(0, 0));
});

test('an address of before a restart is stale, and its allocation is forgotten', () => {
  const address = session.memory.allocate(8);
  session.restart();
  expect(session.memory.allocations.count).toBe(0);
  expect(faultOf(() => session.memory.free(address)).fault.kind).toBe('StaleAddress');
});

test('a rollback undoes what was allocated and freed after the checkpoint', () => {
  const { memory } = session;
  const before = memory.allocate(10);
  const checkpoint = session.checkpoint();
  memory.free(before);
  const after = memory.allocate(20);
  const inner = session.checkpoint();
  memory.allocate(30);
  inner.discard();
  checkpoint.rollback();
  expect(memory.allocations).toEqual({ count: 1, bytes: 10 });
  expect(after.equals(before) || faultOf(() => memory.free(after)).fault.kind === 'MemoryViolation').toBe(true);
  memory.free(before);
});

test('thousands of allocations: each is known, and an address that C gives out again can be freed again', () => {
  const { memory } = session;
  for (let round = 0; round < 3; round++) {
    const all = Array.from({ length: 2000 }, (_, i) => memory.allocate(1 + (i % 64)));
    expect(memory.allocations.count).toBe(2000);
    for (const address of all) memory.free(address);
  }
  expect(memory.allocations.count).toBe(0);
});

const collect = () => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
};

test.each(kinds)('%s: autoFree frees what nothing refers to, and nothing else', async (ffi) => {
  const { memory } = use(ffi);
  const kept = memory.allocate(8, { autoFree: true });
  (() => {
    for (let i = 0; i < 100; i++) memory.allocate(8, { autoFree: true });
  })();
  while (memory.allocations.count > 1) {
    collect();
    await setImmediate();
  }
  expect(memory.read(kept, 8)).toHaveLength(8);
  memory.free(kept);
  expect(memory.allocations.count).toBe(0);
});
