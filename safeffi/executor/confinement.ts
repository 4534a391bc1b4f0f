/**
 * What keeps C code from other processes: the wish, and what the kernel had to offer (native/executor/confine.c). What is
 * missing leaves gaps, which `gaps` names.
 */
import { confine, confined } from '../protocol/layout.ts';

export type ConfineChoice = boolean | 'tracing' | 'filter';

export interface Confinement {
  /** Signals and limits of this process are refused by a filter of system calls. */
  readonly filter: boolean;
  /** Memory and descriptors of other processes are out of reach. */
  readonly tracing: boolean;
  /** No signal reaches a process that C code did not start. */
  readonly signals: boolean;
  /** What C code can do all the same, each a short clause; empty where nothing is known. */
  readonly gaps: readonly string[];
}

/** The word that an executor is told. */
export function confineWish(choice: ConfineChoice = true): number {
  return typeof choice === 'string' ? confine[choice] : choice ? confine.all : confine.no;
}

/** What an executor told. Its word can only be wrong about itself. */
export function confinementOf(bits: number): Confinement {
  const filter = (bits & confined.filter) !== 0;
  const tracing = (bits & confined.tracing) !== 0;
  const signals = (bits & confined.signals) !== 0;
  const gaps: string[] = [];
  if (!filter && !signals) gaps.push('it can send signals to this process');
  else if (!signals)
    gaps.push('it can send signals to other processes, and to threads of this one that were made later');
  if (!tracing)
    gaps.push("it can write into this process's memory through /proc, unless kernel.yama.ptrace_scope forbids it");
  if (!filter) gaps.push("it can change this process's limits");
  return { filter, tracing, signals, gaps };
}
