/**
 * Each kind of fault, once: the report's facts, and that the next callout works.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type ArgumentValue,
  type CFunction,
  type Fault,
  faultReport,
  type Library,
  openSession,
  type Session,
} from '../../safeffi/index.ts';
import { faultOf } from './fault-of.ts';
import { fixture } from './fixture.ts';

let session: Session;
let library: Library;
let answer: CFunction;

beforeAll(() => {
  session = openSession({ ffi: 'native' });
  library = session.library(fixture('faults'));
  answer = library.function('answer', { returns: 'int', arguments: [] });
});
afterAll(() => session.close());
afterEach(() => expect(answer()).toBe(42));

/** Calls, expects a fault, answers it in place and looks whether the same executor goes on. */
function answered(name: string, types: string[], args: ArgumentValue[], deadlineMs?: number): Fault {
  const { executor } = session;
  const { pid } = executor;
  const callout = library.prepare(name, { returns: 'int', arguments: types });
  const caught = faultOf(() => callout.call(args, { deadlineMs }));
  const { fault } = caught;
  const report = faultReport(fault); // looks everything up while the fault stands
  expect(report.split('\n')[0]).toBe(`${fault.kind}: ${fault.summary}`);
  expect(fault.function).toBe(name);
  expect(caught.answer(7)).toBe(7);
  expect(answer()).toBe(42);
  expect(executor.pid).toBe(pid);
  expect(executor.tainted).toBe(true);
  return fault;
}

const names = (fault: Fault) => fault.cFrames.map((frame) => frame.symbol);

describe('memory', () => {
  test('a read through null', () => {
    const fault = answered('read_at', ['void *'], [null]);
    expect(fault).toMatchObject({
      kind: 'MemoryViolation',
      signal: 'SIGSEGV',
      code: 'SEGV_MAPERR',
      address: 0,
      access: 'read',
    });
    expect(fault.summary).toBe('read at 0x0');
    expect(names(fault)).toEqual(['read_at']);
    expect(fault.registers?.rdi).toBe(0);
  });

  test('a write through null', () => {
    expect(answered('write_at', ['void *', 'int'], [null, 5])).toMatchObject({ access: 'write', address: 0 });
  });

  test('a wild read', () => {
    const fault = answered('read_at', ['void *'], [session.address(0x123456789008)]);
    expect(fault).toMatchObject({ access: 'read', address: 0x123456789008 });
    expect(fault.summary).toBe('read of 4 bytes at 0x123456789008');
  });

  test('an address that is not canonical has no address and no access to tell', () => {
    const fault = answered('read_non_canonical', [], []);
    expect(fault).toMatchObject({ kind: 'MemoryViolation', code: 'SI_KERNEL' });
    expect(fault.address).toBeUndefined();
    expect(fault.access).toBeUndefined();
  });

  test('executing data', () => {
    const fault = answered('execute_data', [], []);
    expect(fault).toMatchObject({ kind: 'MemoryViolation', access: 'execute', code: 'SEGV_ACCERR' });
    expect(fault.mapping).toMatch(/rw- .*libfaults/);
  });

  test('a call through a null function pointer names its caller', () => {
    const fault = answered('jump_to_null', [], []);
    expect(fault).toMatchObject({ access: 'execute', address: 0 });
    expect(fault.cFrames.find((frame) => frame.symbol === 'jump_to_null')?.certain).toBe(true);
  });

  test('a stack overflow is named', () => {
    const fault = answered('depth', ['int'], [100_000]);
    expect(fault.summary).toMatch(/, the guard pages of the stack: the C stack has overflowed$/);
    expect(names(fault)).toContain('depth');
  });

  test('a misaligned SSE access', () => {
    expect(answered('misaligned_sse', ['void *'], [session.address(0x6a0000000001)])).toMatchObject({
      kind: 'MemoryViolation',
      signal: 'SIGSEGV',
    });
  });

  test('a mapping without a file behind it', () => {
    expect(answered('bus', [], [])).toMatchObject({ kind: 'MemoryViolation', signal: 'SIGBUS', code: 'BUS_ADRERR' });
  });

  test('a smashed stack', () => {
    expect(answered('smash_stack', [], []).kind).toMatch(/MemoryViolation|CalloutAborted/);
  });
});

describe('arguments', () => {
  const fill = ['void *', 'int', 'int', 'int'];

  test('one byte past the end', () => {
    const fault = answered('fill', fill, [new Uint8Array(64), 0, 65, 1]);
    expect(fault.argument).toEqual({ position: 1, kind: 'ByteArray', sizeBytes: 64, offset: 64 });
    expect(fault.summary).toMatch(
      /^write of 1 byte at 0x[0-9a-f]+, 0 bytes past the end of argument 1 \(ByteArray, 64 bytes\)$/,
    );
  });

  test('a string that is read past its NUL', () => {
    const fault = answered('fill', fill, ['abc', 100, 101, 1]);
    expect(fault.argument).toMatchObject({ position: 1, kind: 'String', sizeBytes: 3, offset: 100 });
  });

  test('past the end of a buffer that no slot holds', () => {
    const fault = answered('fill', fill, [new Uint8Array(200_000), 199_999, 200_001, 1]);
    expect(fault.argument).toEqual({ position: 1, kind: 'ByteArray', sizeBytes: 200_000, offset: 200_000 });
  });

  test('before the start: found after the call, the executor is not stopped', () => {
    const fault = answered('fill', fill, [new Uint8Array(10), -3, 10, 1]);
    expect(fault.kind).toBe('BufferOverrun');
    expect(fault.summary).toBe('write 3 bytes before argument 1 (ByteArray, 10 bytes), found after the call');
    expect(fault.argument).toEqual({ position: 1, kind: 'ByteArray', sizeBytes: 10, offset: -3 });
  });

  test('a callout that faults copies nothing back', () => {
    const bytes = new Uint8Array(4);
    answered('fill', fill, [bytes, 0, 5, 1]);
    expect([...bytes]).toEqual([0, 0, 0, 0]);
  });

  test('a stale address is refused before anything is called', () => {
    const other = openSession({ ffi: 'native' });
    const read = other.library(fixture('faults')).function('read_at', { returns: 'int', arguments: ['void *'] });
    const address = other.memory.allocate(8);
    expect(read(address)).toBe(0);
    other.restart();
    const { fault } = faultOf(() => read(address));
    expect(fault.kind).toBe('StaleAddress');
    expect(fault.summary).toBe(`argument 1 is ${address}, an address of executor generation 1; the present one is 2`);
    expect(faultOf(() => other.memory.read(address, 1)).fault.kind).toBe('StaleAddress');
    other.close();
  });
});

describe('other signals', () => {
  test('a division by zero', () => {
    expect(answered('divide', ['int', 'int'], [1, 0])).toMatchObject({
      kind: 'ArithmeticFault',
      signal: 'SIGFPE',
      code: 'FPE_INTDIV',
    });
  });

  test('an illegal instruction', () => {
    expect(answered('illegal', [], [])).toMatchObject({
      kind: 'IllegalInstruction',
      signal: 'SIGILL',
      code: 'ILL_ILLOPN',
    });
  });

  test('a breakpoint', () => {
    expect(answered('breakpoint', [], [])).toMatchObject({ kind: 'IllegalInstruction', signal: 'SIGTRAP' });
  });

  test.each([1, 2, 3])('abort, time %d', () => {
    const fault = answered('give_up', [], []);
    expect(fault).toMatchObject({ kind: 'CalloutAborted', signal: 'SIGABRT', summary: 'abort was called' });
    expect(names(fault).slice(-2)).toEqual(['abort', 'give_up']);
  });

  test('raise', () => {
    expect(answered('raise_signal', ['int'], [8])).toMatchObject({
      kind: 'ArithmeticFault',
      summary: 'SIGFPE was raised by the code itself',
    });
  });
});

describe('ends', () => {
  test.each([0, 3])('exit(%d)', (status) => {
    const fault = answered('leave', ['int'], [status]);
    expect(fault).toMatchObject({ kind: 'CalloutAborted', summary: `exit(${status}) was called` });
    expect(names(fault).slice(-2)).toEqual(['exit', 'leave']);
  });

  test('_exit', () => {
    const fault = answered('leave_now', ['int'], [5]);
    expect(fault).toMatchObject({ kind: 'CalloutAborted', summary: '_exit(5) was called' });
    expect(names(fault)).toEqual(['_exit', 'leave_now']);
  });

  test('_exit called straight from libc', () => {
    const exit = session.library('libc.so.6').function('_exit', { returns: 'void', arguments: ['int'] });
    const caught = faultOf(() => exit(6));
    expect(caught.fault.summary).toBe('_exit(6) was called');
    caught.answer(undefined);
  });

  test('pthread_exit', () => {
    expect(answered('end_thread', [], [])).toMatchObject({
      kind: 'CalloutAborted',
      summary: 'pthread_exit was called',
    });
  });

  test.each(['forever', 'sleep_forever'])('%s is stopped by its deadline', (name) => {
    const fault = answered(name, [], [], 5);
    expect(fault).toMatchObject({ kind: 'CalloutTimeout', summary: 'stopped after its deadline of 5 ms' });
    expect(names(fault).at(-1)).toBe(name);
  });

  test('a callout that is over before its deadline is not stopped', () => {
    const callout = library.prepare('answer', { returns: 'int', arguments: [] });
    for (let i = 0; i < 200; i++) expect(callout.call([], { deadlineMs: 1000 })).toBe(42);
  });
});

test('the backtrace goes from the fault to the callout', () => {
  const fault = answered('outermost', ['void *'], [null]);
  expect(names(fault)).toEqual(['inner', 'outer', 'outermost']);
  expect(fault.cFrames.every((frame) => frame.certain)).toBe(true);
});

test('a function that the loader chose for this CPU bears the name it was called by', () => {
  const strlen = session.library('libc.so.6').function('strlen', { returns: 'size_t', arguments: ['const char *'] });
  const caught = faultOf(() => strlen(null));
  expect(names(caught.fault)[0]).toMatch(/strlen/);
  caught.answer(0);
});

test('the report reads as the design has it', () => {
  session.restart(); // the tests before have tainted the executor
  const strcpy = session.library('libc.so.6').function('strcpy', {
    returns: 'char *',
    arguments: ['char *', 'char *'],
    argumentNames: ['dest', 'src'],
  });
  const caught = faultOf(() => strcpy(new Uint8Array(3), 'abc'));
  const report = faultReport(caught.fault, {
    smalltalkStack: 'Demo>>copyName (line 4)  <-  UndefinedObject>>DoIt (line 1)',
  });
  const { pid, generation } = session.executor;
  expect(report.replace(/at 0x\w+/, 'at ADDRESS').replace(/C {10}.* {2}<- {2}/, 'C          FRAME  <-  ')).toBe(
    `MemoryViolation: write at ADDRESS, 0 bytes past the end of argument 1 (ByteArray, 3 bytes)
  callout    strcpy(char *dest, char *src) in libc.so.6
  C          FRAME  <-  the callout
  Smalltalk  Demo>>copyName (line 4)  <-  UndefinedObject>>DoIt (line 1)
  executor   pid ${pid}, generation ${generation}, stopped by SIGSEGV (SEGV_ACCERR); the object memory is untouched
  choices    resume: value | retry | restart | terminate`,
  );
  caught.answer(null);
});

test('memory that cannot be read or written is a fault, and the executor never notices', () => {
  const { pid } = session.executor;
  const caught = faultOf(() => session.memory.read(session.address(16), 4));
  expect(caught.fault).toMatchObject({ kind: 'MemoryViolation', access: 'read', address: 16 });
  expect(faultOf(() => session.memory.write(session.address(16), Uint8Array.of(1))).fault.access).toBe('write');
  expect(session.executor.pid).toBe(pid);
});
