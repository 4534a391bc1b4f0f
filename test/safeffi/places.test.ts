/**
 * Faults in places that are no plain call: while a library is loaded or closed, on other lanes, inside callbacks nested
 * in callouts, after a jump. After each the next callout works.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type Address,
  type Callback,
  type CFunction,
  FFIFault,
  type Library,
  openSession,
  type Session,
} from '../../safeffi/index.ts';
import { faultOf } from './fault-of.ts';
import { compile, fixture } from './fixture.ts';

let session: Session;
let library: Library;
let answer: CFunction;
let read: CFunction;

beforeEach(() => {
  session = openSession({ ffi: 'native', deadlineMs: 10_000 });
  library = session.library(fixture('places'));
  answer = int('answer');
  read = int('read_at', 'int *');
});
afterEach(() => {
  expect(answer()).toBe(42);
  session.close();
});

const int = (name: string, ...types: string[]) => library.function(name, { returns: 'int', arguments: types });

describe('loading and closing', () => {
  const broken = () =>
    compile(
      'broken',
      '__attribute__((constructor)) static void start(void) { *(volatile int *)8 = 1; }\nint one(void) { return 1; }',
    );

  test('a fault in a constructor: the loader may hold its lock, so a restart is advised', () => {
    const caught = faultOf(() => session.library(broken()));
    expect(caught.fault).toMatchObject({ kind: 'MemoryViolation', address: 8, access: 'write', function: 'dlopen' });
    expect(caught.fault.cFrames[0]!.symbol).toBe('start');
    expect(caught.fault.advice?.choice).toBe('restart');
    caught.restart();
    caught.answer(0);
    expect(answer()).toBe(42);
  });

  test('a constructor that faults does so again after a restart, and the session goes on', () => {
    faultOf(() => session.library(broken())).terminate();
    faultOf(() => session.library(broken())).terminate();
    expect(answer()).toBe(42);
  });

  test('a fault in a destructor', () => {
    const file = compile(
      'ending',
      '__attribute__((destructor)) static void end(void) { __builtin_trap(); }\nint one(void) { return 1; }',
    );
    const libc = session.library('libc.so.6');
    const dlopen = libc.function('dlopen', { returns: 'void *', arguments: ['const char *', 'int'] });
    const dlclose = libc.function('dlclose', { returns: 'int', arguments: ['void *'] });
    const handle = dlopen(file, 2) as Address;
    const caught = faultOf(() => dlclose(handle));
    expect(caught.fault.kind).toBe('IllegalInstruction');
    expect(caught.fault.cFrames[0]!.symbol).toBe('end');
    expect(caught.fault.advice?.choice).toBe('restart');
    caught.restart();
    caught.answer(0);
  });
});

describe('other lanes', () => {
  test('a stack overflow on each of six lanes, while the others stand', () => {
    const standing = Array.from({ length: 6 }, () => faultOf(() => int('deeper', 'int')(0)));
    for (const { fault } of standing) expect(fault.summary).toMatch(/the C stack has overflowed$/);
    expect(answer()).toBe(42);
    for (const caught of standing.reverse()) caught.answer(0);
  });
});

describe('callbacks', () => {
  let callback: Callback;
  afterEach(() => callback.release());
  const make = (fn: (n: number) => number) => {
    callback = session.callback('int f(int n)', (n) => fn(n as number));
    return callback;
  };
  const call = (n: number) => int('call', 'void *', 'int')(callback.address, n);

  test('a fault inside a nested callout is answered there, and the C frames around it go on', () => {
    make(() => faultOf(() => read(null)).answer(10));
    expect(call(1)).toBe(11);
  });

  test('a fault inside a nested callout that goes on as an error abandons the frames around it', () => {
    make(() => read(null) as number);
    const caught = faultOf(() => call(1));
    expect(caught.fault).toMatchObject({ function: 'read_at', kind: 'MemoryViolation' });
    caught.answer(0);
  });

  test('a fault after the callback has answered', () => {
    make((n) => n);
    const caught = faultOf(() => int('call_then_fault', 'void *', 'int')(callback.address, 1));
    expect(caught.fault).toMatchObject({ address: 8, function: 'call_then_fault' });
    expect(caught.fault.cFrames[0]!.symbol).toBe('call_then_fault');
    expect(caught.answer(3)).toBe(3);
  });

  test('faults twenty callouts and callbacks deep, each answered where it is', () => {
    make((n) => {
      const inner = faultOf(() => read(null)).answer(1);
      return n === 0 ? inner : (call(n - 1) as number) + inner;
    });
    expect(call(20)).toBe(42);
  });

  test('a stack overflow inside a nested callout', () => {
    make(() => {
      const caught = faultOf(() => int('deeper', 'int')(0));
      expect(caught.fault.summary).toMatch(/the C stack has overflowed$/);
      return caught.answer(5);
    });
    expect(call(1)).toBe(6);
  });
});

describe('jumps', () => {
  test('a jump within a call is what it always was', () => {
    expect(int('jump_within')()).toBe(7);
  });

  test('a jump to a frame that has returned ends, one way or another', () => {
    expect(int('remember')()).toBe(1);
    try {
      library.function('jump_to_stale', { returns: 'void', arguments: [] })();
    } catch (error) {
      if (!(error instanceof FFIFault)) throw error;
      error.answer(undefined);
    }
    expect(answer()).toBe(42);
  });

  test('a jump to a frame of another lane ends, one way or another', () => {
    const standing = faultOf(() => read(null)); // lane 0
    expect(int('remember')()).toBe(1); // lane 1
    standing.answer(0);
    const jump = library.prepare('jump_to_stale', { returns: 'void', arguments: [] });
    try {
      jump.call([], { deadlineMs: 50 });
    } catch (error) {
      if (!(error instanceof FFIFault)) throw error;
      error.answer(undefined);
    }
    session.restart();
  });
});
