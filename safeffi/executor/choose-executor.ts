/**
 * Chooses where callouts run. `safe` is the native executor, or the portable one where there is no native one.
 */
import { CalloutError, notAvailableError } from '../errors.ts';
import { openDirectExecutor } from './direct.ts';
import type { Executor, ExecutorKind, ExecutorOptions } from './executor.ts';
import { NativeExecutor } from './native.ts';
import { hasNativeExecutor, hostTarget } from './native-target.ts';
import { openPortableExecutor } from './portable.ts';
import { mainDomain, type SessionParts } from './session-parts.ts';

export type ExecutorChoice = 'safe' | ExecutorKind;

/** Starts the executor; throws CalloutError `not-available` or `executor-start`. */
export function chooseExecutor(
  choice: ExecutorChoice,
  options: ExecutorOptions,
  parts?: SessionParts,
  domain = mainDomain,
): Executor {
  const made = make(choice, options, parts, domain);
  if (made.kind === 'native' || domain === mainDomain) return made;
  made.close();
  throw notAvailableError(`domain '${domain}' beside the one for all libraries`, made.kind);
}

function make(
  choice: ExecutorChoice,
  options: ExecutorOptions,
  parts: SessionParts | undefined,
  domain: string,
): Executor {
  switch (choice) {
    case 'direct':
      return openDirectExecutor(options);
    case 'portable':
      return openPortableExecutor(options);
    case 'native':
      if (!hasNativeExecutor()) throw notAvailableError('the program dist/native/executor', 'native');
      return new NativeExecutor(options, hostTarget(), parts, domain);
    case 'safe':
      return openNativeOrUndefined(options, parts, domain) ?? openPortableExecutor(options);
  }
}

/** Undefined where there is no native executor, or where this machine does not let it start (no memfd, no process). */
function openNativeOrUndefined(
  options: ExecutorOptions,
  parts: SessionParts | undefined,
  domain: string,
): Executor | undefined {
  if (!hasNativeExecutor()) return undefined;
  try {
    return new NativeExecutor(options, hostTarget(), parts, domain);
  } catch (error) {
    if (error instanceof CalloutError && error.code === 'executor-start') return undefined;
    throw error;
  }
}
