/**
 * `fork` in C: the new process has a copy of its callout's stack and buffers, cannot reach the lanes of its parent, and ends
 * when it returns from the callout. The executor goes on, and `waitpid` tells what came of the child.
 */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Library, openSession, type Session } from '../../safeffi/index.ts';
import { eventually } from '../eventually.ts';
import { childrenOf, mappingsOf, threadsOf } from '../processes.ts';
import { faultOf } from './fault-of.ts';
import { compile, fixture } from './fixture.ts';

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

test.each([
  ['fork_and_return', 'returns from the callout: status 0', 0],
  ['fork_and_exit', 'exits with its status', 5],
  ['fork_and_fault', 'faults: it dies of the signal', 1011],
  ['fork_and_execute', 'becomes another program', 0],
])('%s: the child %s', (name, _what, expected) => {
  for (let i = 0; i < 10; i++) expect(int(name)()).toBe(expected);
  expect(session.executor.generation).toBe(1);
});

test('the child sees the locals of its callout, and changes only its own', () => {
  expect(int('fork_sees_locals', 'int')(5)).toBe(6005);
});

test('the child sees the arguments of its callout', () => {
  const source = `
#include <sys/wait.h>
#include <unistd.h>
int sum_in_child(const unsigned char *bytes, int count) {
    pid_t pid = fork();
    if (pid == 0) {
        int sum = 0;
        for (int i = 0; i < count; i++) sum += bytes[i];
        _exit(sum & 127);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}`;
  const sum = session
    .library(compile('forkarguments', source))
    .function('sum_in_child', { returns: 'int', arguments: ['const void *', 'int'] });
  expect(sum(Uint8Array.of(1, 2, 3), 3)).toBe(6);
  expect(sum(new Uint8Array(20_000).fill(1), 20_000)).toBe(20_000 & 127);
});

test('system, which is made of vfork, works', () => {
  expect(int('run_system')()).toBe(7);
});

test('a fork in a rolled back executor', () => {
  session.checkpoint().rollback();
  expect(int('fork_and_exit')()).toBe(5);
  expect(int('fork_and_return')()).toBe(0);
});

test('a fork on another lane than the first', () => {
  const caught = faultOf(() => int('read_at', 'void *')(null));
  expect(int('fork_and_exit')()).toBe(5);
  expect(int('fork_and_return')()).toBe(0);
  caught.answer(0);
});

test('1,000 forks leave no process, thread or mapping behind', () => {
  const forked = int('fork_and_exit');
  const { pid } = session.executor;
  const look = () => ({
    children: childrenOf(pid!),
    threads: threadsOf(pid!).length,
    mappings: mappingsOf(pid!).length,
  });
  for (let i = 0; i < 10; i++) forked();
  const before = look();
  for (let i = 0; i < 990; i++) expect(forked()).toBe(5);
  expect(eventually(look, before)).toEqual(before);
  expect(session.executor.pid).toBe(pid);
});
