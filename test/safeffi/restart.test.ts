/**
 * Restarts, with a spare and without: the next executor has the libraries of before, and nothing of the one before is
 * left. A spare is a process started ahead; it is used once, and what goes wrong with it shows only in the time.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { NativeExecutor } from '../../safeffi/executor/native.ts';
import { type CFunction, openSession, type Session, type SessionOptions } from '../../safeffi/index.ts';
import { eventually, eventuallyInTurns } from '../eventually.ts';
import { descriptorsOf, mappingsOf, ownExecutors, stateOf } from '../processes.ts';
import { faultOf } from './fault-of.ts';
import { fixture } from './fixture.ts';

let session: Session;
let answer: CFunction;
let read: CFunction;
let folder: string;

function use(options: SessionOptions): void {
  session = openSession({ ffi: 'native', ...options });
  const library = session.library(fixture('recovery'));
  answer = library.function('answer', { returns: 'int', arguments: [] });
  read = library.function('read_at', { returns: 'int', arguments: ['void *'] });
}

const native = () => session.executor as NativeExecutor;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'safeffi-restart-'));
});
afterEach(() => {
  expect(answer()).toBe(42);
  session.close();
  rmSync(folder, { recursive: true });
});

const loadedTimes = (file: string) => readFileSync(file, 'latin1').length;
async function ready(pid: number): Promise<void> {
  const look = () => [stateOf(pid), mappingsOf(pid).some((mapping) => mapping.includes('librecovery'))];
  expect(await eventuallyInTurns(look, ['S', true])).toEqual(['S', true]);
}

test('the spare becomes the executor, with the libraries loaded', async () => {
  use({});
  expect(answer()).toBe(42);
  native().prepareSpare();
  const spare = native().launcher.spare.pid!;
  await ready(spare);
  const caught = faultOf(() => read(null));
  caught.restart();
  expect(session.executor.pid).toBe(spare);
  expect(session.executor.generation).toBe(2);
  expect(native().launcher.spare.pid).toBeUndefined();
  expect(caught.retryWith([Uint8Array.of(6, 0, 0, 0)])).toBe(6);
});

test('after a restart a spare is made in idle time, one for any number of restarts', async () => {
  use({});
  for (let i = 0; i < 3; i++) session.restart();
  expect(native().launcher.spare.pid).toBeUndefined();
  expect(await eventuallyInTurns(() => native().launcher.spare.pid !== undefined, true)).toBe(true);
  const spare = native().launcher.spare.pid;
  session.restart();
  expect(session.executor.pid).toBe(spare);
});

test('without faults no spare is made', async () => {
  use({});
  answer();
  for (let turn = 0; turn < 50; turn++) await setImmediate();
  expect(native().launcher.spare.pid).toBeUndefined();
});

test('spare: false makes none and says so', () => {
  use({ spare: false });
  session.restart();
  expect(() => native().prepareSpare()).toThrow(
    'a spare executor with the option spare: false is not available with the native executor',
  );
});

test('a loaded spare runs constructors ahead, a bare one when it is taken', async () => {
  for (const [spare, ahead] of [
    [true, 2],
    ['bare', 1],
  ] as const) {
    const file = join(folder, `loaded-${spare}`);
    const opened = openSession({ ffi: 'native', spare, environment: { LOADED_INTO: file } });
    const isReady = opened.library(fixture('constructor')).function('is_ready', { returns: 'int', arguments: [] });
    expect(isReady()).toBe(1);
    expect(loadedTimes(file)).toBe(1);
    const executor = opened.executor as NativeExecutor;
    executor.prepareSpare();
    const { pid } = executor.launcher.spare;
    expect(await eventuallyInTurns(() => loadedTimes(file), ahead)).toBe(ahead);
    opened.restart();
    expect(opened.executor.pid).toBe(pid);
    expect(isReady()).toBe(1);
    expect(loadedTimes(file)).toBe(2);
    opened.close();
  }
  use({});
});

test('a spare that has died: the restart starts another', async () => {
  use({});
  native().prepareSpare();
  const spare = native().launcher.spare.pid!;
  process.kill(spare, 'SIGKILL');
  expect(await eventuallyInTurns(() => stateOf(spare), 'Z')).toBe('Z');
  session.restart();
  expect(session.executor.pid).not.toBe(spare);
});

test('a library whose constructor now faults: the restart tells it as a fault, and the executor lives', () => {
  const fail = join(folder, 'fail');
  const opened = openSession({ ffi: 'native', environment: { FAIL_FILE: fail } });
  const isReady = opened.library(fixture('constructor')).function('is_ready', { returns: 'int', arguments: [] });
  expect(isReady()).toBe(1);
  writeFileSync(fail, '');
  const caught = faultOf(() => opened.restart());
  expect(caught.fault.function).toBe('dlopen');
  expect(caught.fault.kind).toBe('MemoryViolation');
  rmSync(fail);
  caught.restart();
  expect(isReady()).toBe(1);
  opened.close();
  use({});
});

test('addresses of before are stale after a restart', () => {
  use({});
  const address = session.memory.allocate(8);
  session.restart();
  expect(faultOf(() => read(address)).fault.kind).toBe('StaleAddress');
});

test('1,000 restarts, some with spares, leave no process, descriptor, mapping or thread behind', async () => {
  use({});
  const look = () => ({
    descriptors: descriptorsOf('self').length,
    mappings: mappingsOf('self').filter((mapping) => mapping.includes('memfd:safeffi')).length,
  });
  session.restart();
  const before = look();
  for (let i = 0; i < 1000; i++) {
    if (i % 10 === 0) native().prepareSpare();
    session.restart();
    expect(answer()).toBe(42);
  }
  native().graveyard.drain();
  expect(eventually(look, before)).toEqual(before);
  expect(eventually(ownExecutors, [session.executor.pid!])).toEqual([session.executor.pid]);
});
