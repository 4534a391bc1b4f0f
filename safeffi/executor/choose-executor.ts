/**
 * Chooses where callouts run. `safe` is the native executor, or the portable one where there is no native one.
 */
import { CalloutError, notAvailableError } from '../errors.ts';
import { openDirectExecutor } from './direct.ts';
import type { Executor, ExecutorKind, ExecutorOptions } from './executor.ts';
import { NativeExecutor } from './native.ts';
import { hasNativeExecutor } from './native-target.ts';
import { openPortableExecutor } from './portable.ts';

export type ExecutorChoice = 'safe' | ExecutorKind;

/** Starts the executor; throws CalloutError `not-available` or `executor-start`. */
export function chooseExecutor(choice: ExecutorChoice, options: ExecutorOptions): Executor {
  switch (choice) {
    case 'direct':
      return openDirectExecutor(options);
    case 'portable':
      return openPortableExecutor(options);
    case 'native':
      if (!hasNativeExecutor()) throw notAvailableError('the program dist/native/executor', 'native');
      return new NativeExecutor(options);
    case 'safe':
      return openNativeOrUndefined(options) ?? openPortableExecutor(options);
  }
}

/** Undefined where there is no native executor, or where this machine does not let it start (no memfd, no process). */
function openNativeOrUndefined(options: ExecutorOptions): Executor | undefined {
  if (!hasNativeExecutor()) return undefined;
  try {
    return new NativeExecutor(options);
  } catch (error) {
    if (error instanceof CalloutError && error.code === 'executor-start') return undefined;
    throw error;
  }
}
