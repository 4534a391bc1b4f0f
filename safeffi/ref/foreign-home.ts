/**
 * Where the shims' C code runs: one session for ref and ffi together, opened when something first needs it. A copy of this
 * module that another loader brought in finds the same one, because pointers that one made mean nothing in another session.
 */
import { type Executor, openSession, type Session } from '../index.ts';
import { DirectMemory } from './direct-memory.ts';
import type { ForeignMemory } from './foreign-memory.ts';
import { SafeMemory } from './safe-memory.ts';

/** `safe`: C runs in another process, and a crash there throws. `direct`: it runs in this one. */
export type ShimMode = 'safe' | 'direct';

export const modeVariable = 'SAFEFFI_NAPI';

export interface ForeignHome {
  readonly mode: ShimMode;
  readonly session: Session;
  readonly executor: Executor;
  readonly memory: ForeignMemory;
}

interface Shared {
  mode: ShimMode | undefined;
  home: ForeignHome | undefined;
}

const key = Symbol.for('safeffi.napi');
const holder = globalThis as { [key]?: Shared };
const shared: Shared = (holder[key] ??= { mode: undefined, home: undefined });

function checkedMode(mode: unknown, from: string): ShimMode {
  if (mode === 'safe' || mode === 'direct') return mode;
  throw new TypeError(`${from} is ${JSON.stringify(mode) ?? String(mode)}, expected 'safe' or 'direct'`);
}

/** What was chosen by `use`, else by the environment variable SAFEFFI_NAPI, else `safe`. */
export function shimMode(): ShimMode {
  shared.mode ??= checkedMode(process.env[modeVariable] ?? 'safe', `the environment variable ${modeVariable}`);
  return shared.mode;
}

/** Chooses the mode. Throws Error once memory was used or a function called in the other. */
export function use(mode: ShimMode): void {
  const wanted = checkedMode(mode, 'the mode');
  if (shared.home !== undefined && shared.home.mode !== wanted)
    throw new Error(`the mode is '${shared.home.mode}' since memory was first used; '${wanted}' must be chosen before`);
  shared.mode = wanted;
}

/** Opens the session at its first use. */
export function foreignHome(): ForeignHome {
  shared.home ??= open();
  return shared.home;
}

export function foreignMemory(): ForeignMemory {
  return (shared.home ?? foreignHome()).memory;
}

/** That of `foreignHome`, where it was opened: what needs it only then costs nothing before. */
export function openedMemory(): ForeignMemory | undefined {
  return shared.home?.memory;
}

function open(): ForeignHome {
  const mode = shimMode();
  const session = openSession({ ffi: mode });
  const { executor } = session;
  if (executor.kind === 'portable') {
    session.close();
    throw new Error(
      `the mode 'safe' needs the native executor, which is not built here; ${modeVariable}=direct runs C code in this process`,
    );
  }
  const memory = mode === 'direct' ? new DirectMemory(executor) : new SafeMemory(session);
  return { mode, session, executor, memory };
}
