/**
 * Chooses where callouts run. `safe` is the native executor, or the portable one where there is no native one.
 */
import { notAvailableError } from '../errors.ts';
import type { Executor, ExecutorKind, ExecutorOptions } from './executor.ts';

export type ExecutorChoice = 'safe' | ExecutorKind;

export function chooseExecutor(choice: ExecutorChoice, _options: ExecutorOptions): Executor {
  throw notAvailableError('starting', choice);
}
