/**
 * Libraries that install handlers, block signals, raise and stop: their own business goes on as elsewhere, and every fault
 * is told all the same.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ArgumentValue, type CFunction, type Library, openSession, type Session } from '../../safeffi/index.ts';
import { faultOf } from './fault-of.ts';
import { fixture } from './fixture.ts';

let session: Session;
let library: Library;
let answer: CFunction;
let read: CFunction;

beforeEach(() => {
  session = openSession({ ffi: 'native' });
  library = session.library(fixture('signals'));
  answer = library.function('answer', { returns: 'int', arguments: [] });
  read = library.function('read_at', { returns: 'int', arguments: ['void *'] });
});
afterEach(() => {
  expect(answer()).toBe(42);
  session.close();
});

const call = (name: string, types: string[] = [], args: ArgumentValue[] = [], deadlineMs?: number) =>
  library.prepare(name, { returns: 'int', arguments: types }).call(args, { deadlineMs });

/** The fault is answered in place and the same executor goes on. */
function answered(run: () => unknown) {
  const { pid } = session.executor;
  const caught = faultOf(run);
  const symbols = caught.fault.cFrames.map((frame) => frame.symbol);
  caught.answer(0);
  expect(answer()).toBe(42);
  expect(session.executor.pid).toBe(pid);
  return { ...caught.fault, summary: caught.fault.summary, kind: caught.fault.kind, symbols };
}

describe('handlers of libraries', () => {
  test('one that jumps out of the fault recovers as it does elsewhere', () => {
    for (let i = 0; i < 3; i++) expect(call('recovers_by_jump', ['void *'], [null])).toBe(11);
    expect(answered(() => read(null)).summary).toBe('read at 0x0');
  });

  test('one that mends the page and returns goes on, any number of times', () => {
    expect(call('recovers_by_mending', ['int'], [50_000])).toBe(50_000);
  });

  test('one that helps nothing is asked ten thousand times, then the fault is told', () => {
    call('installs_helpless_handler');
    expect(answered(() => read(null)).summary).toBe('read at 0x0');
    expect(call('times_seen')).toBe(10_000);
    expect(answered(() => read(null)).kind).toBe('MemoryViolation');
  });

  test('a crash reporter that raises again: the backtrace reaches to the first fault', () => {
    call('installs_crash_reporter');
    const { summary, symbols } = answered(() => read(null));
    expect(summary).toBe('SIGSEGV was raised by the code itself');
    expect(symbols).toContain('report');
    expect(symbols.at(-1)).toBe('read_at');
  });

  test('a crash reporter that aborts', () => {
    call('installs_aborting_reporter');
    for (let i = 0; i < 3; i++) {
      const { kind, symbols } = answered(() => read(null));
      expect(kind).toBe('CalloutAborted');
      expect(symbols.at(-1)).toBe('read_at');
    }
  });

  test('a fault of the machine cannot be ignored, a raised signal can', () => {
    call('ignores', ['int'], [11]);
    expect(answered(() => read(null)).summary).toBe('read at 0x0');
    expect(call('raises', ['int'], [11])).toBe(0);
  });

  test('what was set is told back', () => {
    expect(call('is_told_back')).toBe(1);
    expect(call('takes_alternate_stack')).toBe(1);
    expect(answered(() => read(null)).kind).toBe('MemoryViolation');
  });

  test('a handler set past libc: the executor dies of the fault', () => {
    call('replaces_by_kernel');
    expect(faultOf(() => read(null)).fault).toMatchObject({
      kind: 'ExecutorDied',
      summary: 'the executor was killed by SIGSEGV',
    });
  });

  test('a stack overflow inside a handler ends in a fault or in the death of the executor', () => {
    const { fault } = faultOf(() => call('overflows_in_handler'));
    expect(['MemoryViolation', 'ExecutorDied']).toContain(fault.kind);
    session.restart();
  });
});

describe('masks', () => {
  test('a fault while all signals are blocked', () => {
    const { summary } = answered(() => call('blocks_all_and_reads', ['void *'], [null]));
    expect(summary).toBe('read at 0x0');
  });

  test('what an abandoned callout blocked does not stay blocked', () => {
    answered(() => call('blocks_all_and_reads', ['void *'], [null]));
    expect(call('is_blocked', ['int'], [10])).toBe(0);
  });

  test('a deadline reaches a loop that blocked all signals', () => {
    expect(answered(() => call('blocks_all_and_loops', [], [], 5)).kind).toBe('CalloutTimeout');
  });
});

describe('signals that end a process', () => {
  test.each([
    [15, 'SIGTERM'],
    [10, 'SIGUSR1'],
    [14, 'SIGALRM'],
    [1, 'SIGHUP'],
  ])('raise(%d)', (number, name) => {
    const { kind, summary } = answered(() => call('raises', ['int'], [number]));
    expect([kind, summary]).toEqual(['CalloutAborted', `${name} was raised by the code itself`]);
  });

  test('kill(getpid()) reaches the callout on whatever lane it runs', () => {
    expect(answered(() => call('kills_itself_with', ['int'], [15])).summary).toMatch(/^SIGTERM/);
    const standing = faultOf(() => read(null)); // lane 0 is taken
    expect(answered(() => call('kills_itself_with', ['int'], [15])).summary).toMatch(/^SIGTERM/);
    standing.answer(0);
  });

  test('a timer that rings', () => {
    expect(answered(() => call('rings')).summary).toBe('stopped by SIGALRM');
  });

  test('a library that handles the signal gets it', () => {
    expect(call('handles', ['int'], [10])).toBe(1);
    expect(answered(() => call('raises', ['int'], [10])).kind).toBe('CalloutAborted');
  });

  test('a program that C starts has the default actions', () => {
    expect(call('runs', ['const char *'], ['kill -TERM $$'])).toBe(15);
    expect(call('runs', ['const char *'], ['exit 3'])).toBe(3 << 8);
  });
});

describe('a process that does not go on', () => {
  test.each(['stops', 'stops_all'])('%s: a stop by SIGSTOP is a fault, not a hang', (name) => {
    const { kind, summary } = answered(() => call(name));
    expect([kind, summary]).toEqual(['CalloutAborted', 'the executor was stopped by SIGSTOP and could not go on']);
  });

  test('stopped from outside while idle: it is continued, and the callout is made', () => {
    process.kill(session.executor.pid!, 'SIGSTOP');
    expect(answer()).toBe(42);
  });

  test('a thread that ends by the kernel is missed', () => {
    expect(faultOf(() => call('ends_thread_by_kernel')).fault.summary).toBe(
      'the executor lost the thread of the callout and was ended',
    );
  });

  test('exec is refused as a fault that names the program', () => {
    expect(answered(() => call('becomes', ['const char *'], ['/bin/sleep'])).summary).toBe(
      'the executor was to become another program, /bin/sleep',
    );
  });

  test('exec past libc: the executor is ended', () => {
    expect(faultOf(() => call('becomes_by_kernel', ['const char *'], ['/bin/sleep'])).fault.summary).toBe(
      'the executor became another program and was ended',
    );
  });
});
