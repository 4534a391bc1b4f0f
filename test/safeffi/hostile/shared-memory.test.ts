/**
 * A library that does its worst: whatever it writes into the shared memory, ends, closes, unmaps or forges, every callout
 * ends in a result, an FFIFault or a CalloutError, and a fresh executor works. Seeds are printed with a failure.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CalloutError, FFIFault, type Library, openSession, type Session } from '../../../safeffi/index.ts';
import { headerBytes, lane, laneOffset } from '../../../safeffi/protocol/layout.ts';
import { eventually } from '../../eventually.ts';
import { descriptorsOf, isGone, ownLiveExecutors } from '../../processes.ts';
import { faultOf } from '../fault-of.ts';
import { fixture } from '../fixture.ts';

let session: Session;
let library: Library;

beforeEach(() => open());
afterEach(() => {
  session.restart();
  expect(calls(library)[0]!()).toBe(42);
  session.close();
});

function open(): void {
  session = openSession({ ffi: 'native' });
  library = session.library(fixture('hostile'));
}

/** One of each kind of callout. */
function calls(from: Library): (() => unknown)[] {
  const c = from.declare(`
    struct eight { int a, b; };
    struct big { long words[8]; };
    int answer(void); int add(int a, int b); double half(double value); const char *text(void);
    unsigned long length(const char *s); void fill(unsigned char *bytes, int count, int value);
    struct eight swap(struct eight pair); struct big make_big(long start); int read_null(void);`);
  return [
    () => c.answer!(),
    () => c.add!(20, 22),
    () => c.half!(3),
    () => c.text!(),
    () => c.length!('a string'),
    () => c.fill!(new Uint8Array(5000), 5000, 1),
    () => c.fill!(new Uint8Array(100_000), 100_000, 1),
    () => c.swap!({ a: 1, b: 2 }),
    () => c.make_big!(3),
    () => c.read_null!(),
    () => session.memory.free(session.memory.allocate(100)),
  ];
}

/** Runs it, however it ends; an error of another kind than ours is a failure. */
function endure(run: () => unknown, seed: number): string {
  try {
    run();
    return 'returned';
  } catch (error) {
    if (error instanceof FFIFault) {
      const { kind } = error.fault;
      expect(typeof error.report).toBe('string');
      JSON.stringify(error.fault);
      error.answer(0);
      return kind;
    }
    if (error instanceof CalloutError) return error.code;
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

/** What C code may write of the shared memory, but for stacks: header, lines, control words, records, slots. */
function setRegions(from: Library): void {
  const set = from.function('set_region', { returns: 'void', arguments: ['int', 'uint64_t', 'uint64_t'] });
  let index = 0;
  set(index++, 0, headerBytes);
  for (let i = 0; i < 3; i++) {
    set(index++, laneOffset(i) + lane.line, lane.record + 4096 - lane.line);
    set(index++, laneOffset(i) + lane.line, 256);
    set(index++, laneOffset(i) + lane.smallSlots, 4096);
  }
}

const seeds = Array.from({ length: Number(process.env.SAFEFFI_HOSTILE_SEEDS ?? 12) }, (_, i) => 1000 + i);

describe('scribbling over the shared memory', () => {
  test.each(seeds)('while a callout runs, seed %d', (seed) => {
    setRegions(library);
    const scribble = library.function('scribble_now', { returns: 'void', arguments: ['uint64_t', 'int'] });
    const all = calls(library);
    for (let round = 0; round < 8; round++) {
      endure(() => scribble(seed * 100 + round, 1 + ((seed * round) % 50)), seed);
      for (const call of all) endure(call, seed);
    }
  });

  test.each(seeds)('by a thread, all the time, seed %d', (seed) => {
    setRegions(library);
    const all = calls(library);
    const always = library.function('scribble_always', { returns: 'int', arguments: ['uint64_t', 'int'] });
    for (let round = 0; round < 4; round++) {
      endure(() => always(seed * 100 + round, [0, 30, 1000][seed % 3]!), seed);
      for (const call of [...all, ...all]) endure(call, seed);
    }
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, -1])('every lane told state %d, all the time', (state) => {
    const all = calls(library);
    const flood = library.function('flood_states', { returns: 'int', arguments: ['int'] });
    for (let round = 0; round < 3; round++) {
      endure(() => flood(state), state);
      for (const call of all) endure(call, state);
    }
  });
});

describe('the process', () => {
  const run = (name: string, types: string[] = [], args: (number | bigint)[] = []) =>
    library.function(name, { returns: 'int', arguments: types })(...args);

  test.each(['unmap_all', 'protect_all', 'read_only_all'])('%s: the executor dies of it', (name) => {
    expect(faultOf(() => run(name)).fault.kind).toBe('ExecutorDied');
  });

  test('every descriptor closed, the standard ones too', () => {
    run('close_all');
    expect(calls(library)[3]!()).toBe('hostile');
  });

  test('every descriptor closed, the one of the bell too: asynchronous callouts are settled by a look now and then', async () => {
    run('close_all');
    const add = library.function('add', { returns: 'int', arguments: ['int', 'int'] });
    expect(await Promise.all([add.async(1, 2), add.async(3, 4)])).toEqual([3, 7]);
  });

  test('another file where the descriptor of the bell was is not written into', async () => {
    run('close_all');
    const replaced = library.function('fill_descriptors', { returns: 'int', arguments: [] });
    expect(replaced()).toBeGreaterThan(250);
    const add = library.function('add', { returns: 'int', arguments: ['int', 'int'] });
    expect(await add.async(1, 2)).toBe(3);
    expect(run('written')).toBe(0);
  });

  test('its other threads ended: the lanes that are there go on, and no wait hangs', () => {
    run('arm_thread_ends');
    const standing = faultOf(() => calls(library)[9]!()); // makes lane 1
    const ended = endure(() => run('end_other_threads'), 0);
    expect(['returned', 'ExecutorDied']).toContain(ended);
    endure(() => standing.answer(0), 0);
    for (const call of calls(library)) endure(call, 0);
  });

  test('limits set to nothing: callouts go on or are refused in words', () => {
    for (const resource of [7, 9, 3, 6]) run('limit', ['int', 'uint64_t'], [resource, 0]); // NOFILE, AS, STACK, NPROC
    expect(calls(library)[0]!()).toBe(42);
    expect(['no-memory', 'no-lane']).toContain(endure(calls(library)[6]!, 0));
    expect(() => session.memory.allocate(1 << 24)).toThrow(
      'callout calloc: the executor has no room for 16777216 bytes',
    );
  });

  test('never comes back, all signals blocked: the deadline ends it within its limit', () => {
    const never = library.prepare('never', { returns: 'void', arguments: [] });
    expect(faultOf(() => never.call([], { deadlineMs: 10 })).fault.summary).toBe(
      'the executor did not stop at its deadline and was ended',
    );
  });

  test('nothing of many executors that died stays behind', () => {
    session.restart();
    const before = descriptorsOf('self').length;
    const pids: number[] = [];
    for (let i = 0; i < 10; i++) {
      pids.push(session.executor.pid!);
      expect(faultOf(() => run('unmap_all')).fault.kind).toBe('ExecutorDied');
    }
    expect(eventually(() => descriptorsOf('self').length, before)).toBe(before);
    for (const pid of pids) expect(eventually(() => isGone(pid), true)).toBe(true);
    expect(calls(library)[0]!()).toBe(42); // starts the next
    const { pid } = session.executor;
    expect(eventually(ownLiveExecutors, [pid!])).toEqual([pid]);
  });
});

describe('results', () => {
  test.each(['wild_text', 'worst_text'])('%s: a string that is none is a fault', (name) => {
    const wild = library.function(name, { returns: 'char *', arguments: [] });
    expect(faultOf(() => wild()).fault).toMatchObject({ kind: 'MemoryViolation', access: 'read', function: name });
  });

  test('a string of 64 MiB without a NUL ends in a fault at the end of its mapping', () => {
    const endless = library.function('endless', { returns: 'char *', arguments: [] });
    const outcome = endure(() => endless(), 0);
    expect(['MemoryViolation', 'returned']).toContain(outcome); // what lies behind the mapping may hold a NUL
  });
});
