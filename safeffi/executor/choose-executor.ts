/**
 * Chooses where callouts run. `safe` is the native executor, or the portable one where there is no native one.
 */
import { notAvailableError } from '../errors.ts';
import type { Executor, ExecutorKind, ExecutorOptions } from './executor.ts';
import { NativeExecutor } from './native.ts';

export type ExecutorChoice = 'safe' | ExecutorKind;

export function chooseExecutor(choice: ExecutorChoice, options: ExecutorOptions): Executor {
  if (choice === 'safe' || choice === 'native') return new NativeExecutor(options);
  throw notAvailableError('starting', choice);
}
