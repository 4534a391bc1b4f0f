/**
 * Every kind of fault × every resolution: the report's facts, the VM lives, the next callout works, and nothing is left
 * behind: no descriptor, process, thread or mapping.
 */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { NativeExecutor } from '../../safeffi/executor/native.ts';
import {
  type ArgumentValue,
  type CFunction,
  type Fault,
  type FaultChoice,
  type FFIFault,
  type Library,
  openSession,
  type Session,
} from '../../safeffi/index.ts';
import { eventually } from '../eventually.ts';
import { childrenOf, descriptorsOf, mappingsOf, threadsOf } from '../processes.ts';
import { faultOf } from './fault-of.ts';
import { fixture } from './fixture.ts';

interface Kind {
  readonly name: string;
  readonly types?: readonly string[];
  readonly args?: readonly ArgumentValue[];
  /** Arguments with which it does not fault, and what it answers then. */
  readonly mended?: readonly [readonly ArgumentValue[], number];
  /** Registers with which the instruction goes on, and what the callout answers then. */
  readonly goesOn?: readonly [Readonly<Record<string, 'valid' | number>>, number];
  readonly deadlineMs?: number;
  readonly fault: Partial<Record<keyof Fault, unknown>>;
  readonly summary: RegExp;
  /** Functions of the backtrace, innermost first. */
  readonly frames?: readonly string[];
  /** The process ends with the fault: every resolution finds a fresh one. */
  readonly dies?: boolean;
  /** It stops inside the allocator: a restart is advised, for its lock stays held. */
  readonly locks?: boolean;
}

const valid = Uint8Array.of(7, 0, 0, 0);
const memory = (access: string, code: string) => ({ kind: 'MemoryViolation', signal: 'SIGSEGV', code, access });
const aborted = { kind: 'CalloutAborted', signal: 'SIGABRT' };

const kinds: readonly Kind[] = [
  {
    name: 'read_at',
    types: ['int *'],
    args: [null],
    mended: [[valid], 7],
    goesOn: [{ rdi: 'valid' }, 7],
    fault: { ...memory('read', 'SEGV_MAPERR'), address: 0 },
    summary: /^read of 4 bytes at 0x0$|^read at 0x0$/,
    frames: ['read_at'],
  },
  {
    name: 'write_at',
    types: ['int *'],
    args: [null],
    mended: [[valid], 0],
    goesOn: [{ rdi: 'valid' }, 0],
    fault: { ...memory('write', 'SEGV_MAPERR'), address: 0 },
    summary: /^write at 0x0$/,
    frames: ['write_at'],
  },
  {
    name: 'read_freed',
    fault: memory('read', 'SEGV_MAPERR'),
    summary: /^read of 4 bytes at 0x[0-9a-f]+$/,
    frames: ['read_freed'],
  },
  {
    name: 'past_end',
    types: ['char *'],
    args: [new Uint8Array(64)],
    mended: [[new Uint8Array(65)], 1],
    fault: {
      ...memory('read', 'SEGV_ACCERR'),
      argument: { position: 1, kind: 'ByteArray', sizeBytes: 64, offset: 64 },
    },
    summary: /^read of 1 byte at 0x\w+, 0 bytes past the end of argument 1 \(ByteArray, 64 bytes\)$/,
    frames: ['past_end'],
  },
  {
    name: 'write_constant',
    fault: memory('write', 'SEGV_ACCERR'),
    summary: /^write of 1 byte at 0x/,
    frames: ['write_constant'],
  },
  { name: 'execute_data', fault: memory('execute', 'SEGV_ACCERR'), summary: /^execute at 0x/ },
  { name: 'jump_to_null', fault: { ...memory('execute', 'SEGV_MAPERR'), address: 0 }, summary: /^execute at 0x0$/ },
  {
    name: 'recurse',
    types: ['int'],
    args: [0],
    fault: memory('write', 'SEGV_ACCERR'),
    summary: /the C stack has overflowed$/,
  },
  {
    name: 'divide',
    types: ['int', 'int'],
    args: [6, 0],
    mended: [[6, 3], 2],
    goesOn: [{ rsi: 2 }, 3],
    fault: { kind: 'ArithmeticFault', signal: 'SIGFPE', code: 'FPE_INTDIV' },
    summary: /^integer division by zero or overflow at 0x/,
    frames: ['divide'],
  },
  {
    name: 'divide_float',
    types: ['double', 'double'],
    args: [1, 0],
    mended: [[1, 2], 1],
    fault: { kind: 'ArithmeticFault', signal: 'SIGFPE', code: 'FPE_FLTDIV' },
    summary: /^arithmetic exception at 0x/,
    frames: ['divide_float'],
  },
  {
    name: 'illegal',
    fault: { kind: 'IllegalInstruction', signal: 'SIGILL' },
    summary: /^illegal instruction at 0x/,
    frames: ['illegal'],
  },
  {
    name: 'breakpoint',
    goesOn: [{}, 7],
    fault: { kind: 'IllegalInstruction', signal: 'SIGTRAP' },
    summary: /^breakpoint or trap instruction$/,
    frames: ['breakpoint'],
  },
  {
    name: 'misaligned_sse',
    types: ['char *'],
    args: [valid.subarray(1, 2)],
    fault: { kind: 'MemoryViolation', signal: 'SIGSEGV' },
    summary: /^access to an address that no process can have$|^read/,
    frames: ['misaligned_sse'],
  },
  {
    name: 'truncated_mapping',
    fault: { kind: 'MemoryViolation', signal: 'SIGBUS', code: 'BUS_ADRERR' },
    summary: /^read of 1 byte at 0x|^read at 0x/,
    frames: ['truncated_mapping'],
  },
  {
    name: 'send_sys',
    fault: { kind: 'CalloutAborted', signal: 'SIGSYS' },
    summary: /^SIGSYS was raised by the code itself$/,
  },
  { name: 'give_up', fault: aborted, summary: /^abort was called$/ },
  {
    name: 'claim',
    types: ['int'],
    args: [3],
    mended: [[7], 7],
    fault: aborted,
    summary: /^abort was called: .*kinds-\w+\.c:\d+: claim: Assertion `value == 7' failed\.$/,
  },
  {
    name: 'free_twice',
    locks: true,
    fault: aborted,
    summary: /^abort was called: free\(\): double free detected in tcache 2$/,
  },
  {
    name: 'free_foreign',
    locks: true,
    fault: aborted,
    summary: /^abort was called: (free\(\)|munmap_chunk\(\)): invalid pointer$/,
  },
  { name: 'smash_heap', locks: true, fault: aborted, summary: /^abort was called: .+/ },
  {
    name: 'smash_guarded_stack',
    fault: aborted,
    summary: /^abort was called: \*\*\* stack smashing detected \*\*\*: terminated$/,
  },
  {
    name: 'leave',
    types: ['int'],
    args: [3],
    fault: { kind: 'CalloutAborted' },
    summary: /^exit\(3\) was called$/,
    frames: ['exit', 'leave'],
  },
  {
    name: 'leave_now',
    types: ['int'],
    args: [4],
    fault: { kind: 'CalloutAborted' },
    summary: /^_exit\(4\) was called$/,
    frames: ['_exit', 'leave_now'],
  },
  {
    name: 'leave_quickly',
    types: ['int'],
    args: [5],
    fault: { kind: 'CalloutAborted' },
    summary: /^quick_exit\(5\) was called$/,
    frames: ['quick_exit', 'leave_quickly'],
  },
  {
    name: 'end_thread',
    fault: { kind: 'CalloutAborted' },
    summary: /^pthread_exit was called$/,
    frames: ['pthread_exit', 'end_thread'],
  },
  {
    name: 'raise_term',
    fault: { kind: 'CalloutAborted', signal: 'SIGTERM' },
    summary: /^SIGTERM was raised by the code itself$/,
  },
  {
    name: 'kill_self_softly',
    fault: { kind: 'CalloutAborted', signal: 'SIGUSR2' },
    summary: /^SIGUSR2 was raised by the code itself$/,
  },
  {
    name: 'forever',
    deadlineMs: 3,
    fault: { kind: 'CalloutTimeout' },
    summary: /^stopped after its deadline of 3 ms$/,
    frames: ['forever'],
  },
  {
    name: 'sleep_forever',
    deadlineMs: 3,
    fault: { kind: 'CalloutTimeout' },
    summary: /^stopped after its deadline of 3 ms$/,
  },
  {
    name: 'stop',
    fault: { kind: 'CalloutAborted' },
    summary: /^the executor was stopped by SIGSTOP and could not go on$/,
  },
  {
    name: 'become',
    fault: { kind: 'CalloutAborted' },
    summary: /^the executor was to become another program, \/bin\/true$/,
  },
  {
    name: 'in_thread',
    fault: { ...memory('read', 'SEGV_MAPERR'), address: 8 },
    summary: /^read of 4 bytes at 0x8, in a thread that C made$/,
  },
  { name: 'kill_self', fault: { kind: 'ExecutorDied' }, summary: /^the executor was killed by SIGKILL$/, dies: true },
  {
    name: 'unmap_shared',
    fault: { kind: 'ExecutorDied' },
    summary: /^the executor was killed by SIGSEGV$/,
    dies: true,
  },
];

let session: Session;
let library: Library;
let answer: CFunction;
let bump: CFunction;

beforeAll(open);
afterAll(() => session.close());
afterEach(() => expect(answer()).toBe(42));

function open(): void {
  session = openSession({ ffi: 'native', deadlineMs: 10_000 });
  library = session.library(fixture('kinds'));
  answer = int('answer');
  bump = int('bump');
}

const int = (name: string, types: readonly string[] = []) =>
  library.function(name, { returns: 'int', arguments: [...types] });

function raise(kind: Kind): FFIFault {
  const callout = library.prepare(kind.name, { returns: 'int', arguments: [...(kind.types ?? [])] });
  return faultOf(() => callout.call(kind.args ?? [], { deadlineMs: kind.deadlineMs }));
}

function expectFacts(kind: Kind, { fault, report }: FFIFault): void {
  expect(fault).toMatchObject(kind.fault);
  expect(fault.summary).toMatch(kind.summary);
  expect(fault.function).toBe(kind.name);
  expect(report.split('\n')[0]).toBe(`${fault.kind}: ${fault.summary}`);
  if (kind.dies === true) return;
  const symbols = fault.cFrames.map((frame) => frame.symbol);
  const ownFrames = symbols.filter((symbol) => symbol !== '__run_exit_handlers');
  if (kind.frames !== undefined) expect(ownFrames.slice(0, kind.frames.length)).toEqual(kind.frames);
  expect(symbols).toContain(kind.name === 'in_thread' ? 'thread_body' : kind.name);
  expect(fault.registers === undefined || Object.keys(fault.registers).length >= 18).toBe(true);
  const line = faultLines.get(kind.name);
  if (line !== undefined) expect(fault.cFrames[0]!.line).toBe(line);
}

const faultLines = new Map<string, number>();
readFileSync(new URL('../../../test/safeffi/fixtures/kinds.c', import.meta.url), 'utf8')
  .split('\n')
  .forEach((text, i) => {
    const name = /\/\* here: (\w+) \*\//.exec(text)?.[1];
    if (name !== undefined) faultLines.set(name, i + 1);
  });

const has = (caught: FFIFault, choice: FaultChoice) => caught.choices.includes(choice);

describe.each(kinds.map((kind) => [kind.name, kind] as const))('%s', (_name, kind) => {
  test('the facts; answer: the executor goes on', () => {
    const { pid } = session.executor;
    const caught = raise(kind);
    expectFacts(kind, caught);
    expect(caught.answer('value')).toBe('value');
    expect(answer()).toBe(42);
    expect(session.executor.pid === pid).toBe(kind.dies !== true);
    expect(bump()).toBeGreaterThan(0);
    expect(caught.fault.advice?.choice === 'restart').toBe(kind.locks === true);
    if (kind.locks === true) session.restart();
  });

  test('retry: again, and again with what is mended', () => {
    const caught = raise(kind);
    if (kind.name === 'in_thread') {
      expect(caught.retry()).toBe(5);
      return;
    }
    if (kind.deadlineMs !== undefined) {
      expect(caught.answer(0)).toBe(0); // the deadline was of that call: a second has none
      return;
    }
    if (kind.locks === true) caught.restart();
    const again = faultOf(() => caught.retry());
    expectFacts(kind, again);
    if (kind.locks === true) again.restart();
    else if (kind.mended === undefined) again.answer(0);
    else expect(again.retryWith(kind.mended[0])).toBe(kind.mended[1]);
  });

  test('restart: another process, libraries loaded', () => {
    const { generation } = session.executor;
    const caught = raise(kind);
    caught.restart();
    expect(session.executor.generation).toBe(generation + 1);
    expect(answer()).toBe(42);
    expect(bump()).toBe(1);
    expect(session.tainted).toBe(false);
    expect(caught.answer(1)).toBe(1);
  });

  test('rollback: C is as it was', () => {
    session.restart(); // without threads that C made and that still wait to be joined
    bump();
    const checkpoint = session.checkpoint();
    bump();
    const caught = raise(kind);
    if (!has(caught, 'rollback')) {
      expect(caught.resolutions.find(({ choice }) => choice === 'rollback')?.reason).toBeTruthy();
      caught.answer(0);
    } else {
      caught.rollback();
      expect(bump()).toBe(2);
      expect(caught.answer(3)).toBe(3);
    }
    checkpoint.discard();
  });

  test('continue: what was mended goes on, or the choice says why not', () => {
    const caught = raise(kind);
    const resolution = caught.resolutions.find(({ choice }) => choice === 'continue')!;
    if (!resolution.available) {
      expect(resolution.reason).toBeTruthy();
      caught.answer(0);
    } else if (kind.goesOn !== undefined) {
      const room = session.memory.allocate(8);
      session.memory.write(room, valid);
      const [wanted, value] = kind.goesOn;
      const registers = Object.entries(wanted).map(([name, set]) => [name, set === 'valid' ? room.value : set]);
      expect(caught.continue(Object.fromEntries(registers) as Record<string, number>)).toBe(value);
    } else caught.answer(0);
    if (kind.locks === true) session.restart();
  });

  test('terminate: the executor is restarted', () => {
    raise(kind).terminate();
    expect(answer()).toBe(42);
    expect(bump()).toBe(1);
  });
});

/** What this process and the executor hold. */
function held(): Record<string, number> {
  // What was killed is reaped in a turn of the event loop, which these tests do not give.
  (session.executor as NativeExecutor).graveyard.drain();
  const pid = session.executor.pid!;
  return {
    descriptors: descriptorsOf('self').length,
    children: childrenOf(process.pid).length,
    executorDescriptors: descriptorsOf(pid).length,
    executorThreads: threadsOf(pid).length,
  };
}

const mappings = () => mappingsOf(session.executor.pid!).length;

/** After these the heap is not whole, or a thread waits to be joined: what C code left behind. */
const unlasting = new Set(['smash_heap', 'in_thread']);

test('every kind, ten times in turn, answered in place: nothing is left behind', () => {
  const survivors = kinds.filter((kind) => kind.dies !== true && !unlasting.has(kind.name));
  const all = () => {
    for (const kind of survivors) {
      raise(kind).answer(0);
      expect(answer()).toBe(42);
    }
  };
  session.restart();
  all();
  all();
  const { pid } = session.executor;
  const before = held();
  const mapped = mappings();
  for (let i = 0; i < 10; i++) all();
  expect(session.executor.pid).toBe(pid);
  expect(eventually(held, before)).toEqual(before);
  // truncated_mapping never unmaps what it mapped: one mapping a turn.
  expect(eventually(() => mappings() - mapped <= 12, true)).toBe(true);
});

test('every kind, restarted each time: nothing is left behind', () => {
  const all = () => {
    for (const kind of kinds) {
      raise(kind).restart();
      expect(answer()).toBe(42);
    }
  };
  all();
  const before = held();
  all();
  expect(eventually(held, before)).toEqual(before);
});
