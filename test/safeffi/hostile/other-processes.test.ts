/**
 * C code that goes for other processes, the VM above all: each way of sending a signal, of tracing, of cutting shared files.
 * A program of its own is the victim (victim.ts) and the attacks are meant. With Landlock, and with the filter that stands in
 * for it on older kernels, whose gaps are facts here too.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type { ConfineChoice } from '../../../safeffi/executor/confinement.ts';
import { NativeExecutor } from '../../../safeffi/executor/native.ts';
import { openSession } from '../../../safeffi/index.ts';
import { faultOf } from '../fault-of.ts';
import { fixture } from '../fixture.ts';
import { noEntrance, type Told } from './told.ts';

const { EPERM, EACCES, ENOSYS } = constants.errno;
const limitMs = 100_000;
const victim = fileURLToPath(new URL('victim.js', import.meta.url));
function confinement(confine: ConfineChoice) {
  const executor = new NativeExecutor({ confine, spare: false });
  try {
    return executor.confinement;
  } finally {
    executor.close();
  }
}

/** What C was answered, by attack; fails when the program that was attacked did not live to its end. */
function attack(mode: 'all' | 'tracing' | 'filter', user: { uid?: number; gid?: number } = {}): Record<string, number> {
  const folder = mkdtempSync(join(tmpdir(), 'safeffi-hostile-'));
  chmodSync(folder, 0o777);
  const args = [victim, fixture('attacks'), mode, folder];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: limitMs,
    killSignal: 'SIGKILL',
    ...user,
  });
  rmSync(folder, { recursive: true });
  const told = stdout
    .split('\n')
    .filter(Boolean)
    .map((text) => JSON.parse(text) as Told);
  const error = status === 0 ? '' : stderr;
  expect({ status, signal, error, last: told.at(-1)?.attack }).toEqual({
    status: 0,
    signal: null,
    error: '',
    last: 'after a rollback: its own signal',
  });
  const answers = Object.fromEntries(told.map(({ attack: name, answer }) => [name, answer]));
  if (process.arch === 'x64') expect([EPERM, noEntrance]).toContain(answers['kill of 32-bit programs']);
  return answers;
}

/** What goes on as ever. */
const own = {
  'its own child ended': 0,
  'its own child traced': 0,
  'its own signal': 10,
  'a file renamed into another folder': 0,
  'after a rollback: its own signal': 10,
};
const refused = {
  kill: EPERM,
  'kill, the kernel asked': EPERM,
  'kill of a thread': EPERM,
  'kill of the group': EPERM,
  tgkill: EPERM,
  tkill: EPERM,
  rt_sigqueueinfo: EPERM,
  rt_tgsigqueueinfo: EPERM,
  'fork and kill': EPERM,
  'a program and kill': 1, // the status of kill(1)
  prlimit: EPERM,
  ptrace: EPERM,
  process_vm_writev: EPERM,
  process_vm_readv: EPERM,
  'ftruncate by /proc of this process': 0,
  'ftruncate of what is mapped': 0,
  // What nobody but root may ask for is refused by the kernel, in a way of its own.
  'madvise MADV_HWPOISON': process.getuid?.() === 0 ? EPERM : expect.any(Number),
  'after a rollback: kill': EPERM,
  ...(process.arch === 'x64' ? { 'kill of x32 programs': ENOSYS } : {}),
};

const all = confinement(true);
const hasFilter = confinement('filter').filter;
const hasTracing = hasFilter && confinement('tracing').tracing;
const hasAll = hasFilter && all.signals;
/** Root may read much by its capabilities. */
const nobody = { uid: 65_534, gid: 65_534 };
const canBeNobody =
  process.getuid?.() === 0 &&
  spawnSync(process.execPath, ['--check', victim], { ...nobody, stdio: 'ignore' }).status === 0;
for (const [has, text] of [
  [hasAll, 'Landlock with signals (Linux 6.12)'],
  [hasTracing, 'Landlock (Linux 5.19)'],
  [hasFilter, 'seccomp filters'],
] as const)
  if (!has) process.stderr.write(`This kernel has no ${text}: confinement by it is not tested\n`);

const toMemory = { 'open mem': EACCES, 'open fd/1': EACCES };

describe('attacks by SIGKILL and worse', () => {
  const whole = {
    ...refused,
    ...own,
    ...toMemory,
    pidfd_send_signal: EPERM,
    'pidfd_send_signal to a folder of /proc': EPERM,
    'kill of a sibling': EPERM,
  };
  // Where a file's owner is told by a signal, setting it up is allowed and the signal is not.
  const byFilter = {
    ...refused,
    ...own,
    pidfd_send_signal: EPERM,
    'pidfd_send_signal to a folder of /proc': ENOSYS,
    F_SETOWN: EPERM,
    F_SETOWN_EX: EPERM,
    'kill of a sibling': 0, // signal 0: it would be allowed
  };

  (hasAll ? test : test.skip)('with all of Landlock no other process is reached', () => {
    expect(all).toEqual({ filter: true, tracing: true, signals: true, gaps: [] });
    expect(attack('all')).toMatchObject(whole);
  });

  (hasAll && canBeNobody ? test : test.skip)('nor for a user without privileges', () => {
    const read = { 'read environ': EACCES, 'read maps': EACCES };
    expect(attack('all', nobody)).toMatchObject({ ...whole, ...read, 'madvise MADV_HWPOISON': expect.any(Number) });
  });

  const signalGap = 'it can send signals to other processes, and to threads of this one that were made later';
  const memoryGap = "it can write into this process's memory through /proc, unless kernel.yama.ptrace_scope forbids it";

  (hasTracing ? test : test.skip)('where Landlock knows no signals the filter keeps them from this process', () => {
    expect(confinement('tracing').gaps).toEqual([signalGap]);
    expect(attack('tracing')).toMatchObject({ ...byFilter, ...toMemory });
  });

  (hasFilter ? test : test.skip)('with the filter alone the process lives, and the gaps are told', () => {
    expect(confinement('filter').gaps).toEqual([signalGap, memoryGap]);
    expect(attack('filter')).toMatchObject(byFilter);
  });
});

test('confine: false keeps C code from nothing, and files of shared memory keep their size all the same', () => {
  expect(confinement(false)).toMatchObject({ filter: false, tracing: false, signals: false });
  const session = openSession({ ffi: 'native', confine: false });
  try {
    const library = session.library(fixture('attacks'));
    const cut = library.function('truncate_of', { returns: 'int', arguments: ['int', 'const char *'] });
    session.buffer(100_000).fill(1);
    expect(cut(process.pid, 'safeffi')).toBe(0);
    expect(library.function('send', { returns: 'int', arguments: ['int', 'int'] })(process.pid, 0)).toBe(0);
  } finally {
    session.close();
  }
});

test('C that asks to be traced by its parent loses its process, not ours', () => {
  const session = openSession({ ffi: 'native' });
  try {
    const library = session.library(fixture('attacks'));
    const fn = (name: string) => library.function(name, { returns: 'int', arguments: [] });
    expect(fn('trace_me')()).toBe(0);
    expect(faultOf(() => fn('read_null')()).fault.kind).toBe('ExecutorDied');
    expect(fn('answer')()).toBe(42);
  } finally {
    session.close();
  }
});

test('an option that is none is refused', () => {
  expect(() => openSession({ confine: 'maybe' as never })).toThrow(
    "option confine is 'maybe', expected one of true, false, tracing, filter",
  );
});
