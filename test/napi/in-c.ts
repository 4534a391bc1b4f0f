/**
 * The functions of fixtures/napi.c through the shim that is tested, and what its tests have in common.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { FFIFault } from '../../safeffi/index.ts';
import type { ForeignFunctionProxy } from '../../safeffi/napi/index.ts';
import ffi from '../../safeffi/napi/index.ts';
import { foreignHome } from '../../safeffi/ref/foreign-home.ts';
import { compile } from '../safeffi/fixture.ts';

const source = fileURLToPath(new URL('../../../test/napi/fixtures/napi.c', import.meta.url));

export const libraryPath = compile('napi', readFileSync(source, 'utf8'));

/** `inC('negate', 'int', ['int'])`. */
export function inC(name: string, returns: string, types: readonly string[]): ForeignFunctionProxy {
  return ffi.ForeignFunction(new ffi.DynamicLibrary(libraryPath).get(name), returns, types);
}

/** What a call throws; it must throw. */
export function thrownBy(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

/** The fault that a call throws. */
export function faultOf(run: () => unknown): FFIFault {
  const error = thrownBy(run);
  if (error instanceof FFIFault) return error;
  throw error;
}

/** The error and the result of an asynchronous call. */
export function ended(fn: ForeignFunctionProxy, ...args: unknown[]): Promise<{ error: unknown; result: unknown }> {
  return new Promise((resolve) => {
    fn.async(...args, (error: unknown, result: unknown) => resolve({ error, result }));
  });
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Collects garbage until the condition holds. */
export async function collectUntil(holds: () => boolean, rounds = 200): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < rounds; i++) {
    // Looking at a WeakRef keeps its target until the turn ends.
    await turn();
    collect();
    await turn();
    if (holds()) return;
  }
  throw new Error(`the condition does not hold after ${rounds} collections`);
}

export function closeSession(): void {
  foreignHome().session.close();
}
