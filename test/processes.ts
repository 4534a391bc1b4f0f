/**
 * What /proc tells of processes. Each look may come while the process ends: what is gone by then counts as gone, whether
 * its folder is not there or vanishes while it is read. All of it changes in the kernel's own time: see eventually.ts.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** `undefined` where the process or thread has gone. Throws what else goes wrong. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

const proc = (pid: number | 'self', file: string) =>
  unlessGone(() => readFileSync(`/proc/${pid}/${file}`, 'latin1')) ?? '';

/** `S` for sleeping, `Z` for dead and not reaped; undefined once it is gone. */
export function stateOf(pid: number): string | undefined {
  return /\) (\S) /.exec(proc(pid, 'stat'))?.[1];
}

/** True once the process is gone, or dead and waiting to be reaped by whoever is its parent. */
export function hasEnded(pid: number): boolean {
  return [undefined, 'Z', 'X'].includes(stateOf(pid));
}

/** True once the process is gone and reaped. */
export function isGone(pid: number): boolean {
  return stateOf(pid) === undefined;
}

/** The program's name as the kernel keeps it, '' once it is gone. */
export function commandOf(pid: number): string {
  return proc(pid, 'comm').trim();
}

export function threadsOf(pid: number | 'self'): string[] {
  return unlessGone(() => readdirSync(`/proc/${pid}/task`)) ?? [];
}

export function descriptorsOf(pid: number | 'self'): string[] {
  return unlessGone(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
}

/** A line each. */
export function mappingsOf(pid: number | 'self'): string[] {
  return proc(pid, 'maps').split('\n').filter(Boolean);
}

/** Children of all threads, dead ones that are not reaped included. */
export function childrenOf(pid: number): number[] {
  return threadsOf(pid).flatMap((thread) =>
    proc(pid, `task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
}

/** This process's children that are executors, dead or alive: a process that dies has its name to the end. */
export function ownExecutors(): number[] {
  return childrenOf(process.pid).filter((pid) => commandOf(pid) === 'executor');
}

/** Those that are not dead. */
export function ownLiveExecutors(): number[] {
  return ownExecutors().filter((pid) => !hasEnded(pid));
}
