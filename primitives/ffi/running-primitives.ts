/** The primitives by which a Smalltalk process waits for a callout under way; the image's side is `FFIRunningCallout`. */
import type { ResultValue } from '../../safeffi/index.ts';
import { NO_OOP, type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { PrimitiveError } from '../../vm/memory/well-known.ts';
import type { FfiBridge } from './ffi-bridge.ts';
import { type RunningCallout, RunningState } from './running-callouts.ts';

function runningAt(bridge: FfiBridge, oop: Oop): RunningCallout | undefined {
  return bridge.running.at(smallIntegerValue(oop));
}

/** `stateOf: id signalling: aSemaphore`: a RunningState; while it runs, the semaphore is signalled at the next news. */
export function calloutState(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const one = runningAt(bridge, interpreter.stackValue(1));
  const state = one === undefined ? RunningState.ABANDONED : bridge.running.stateOf(one);
  if (one !== undefined) one.semaphore = state === RunningState.RUNNING ? interpreter.stackValue(0) : NO_OOP;
  return interpreter.answer(argumentCount, smallIntegerOop(state));
}

/** `resultOf: id`: what the callout answers; fails with the facts of a fault. */
export function calloutResult(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const one = runningAt(bridge, interpreter.stackValue(0));
  if (one === undefined) return interpreter.fail(PrimitiveError.BAD_ARGUMENT);
  const { callout } = one;
  let result: ResultValue;
  try {
    result = bridge.running.take(one);
  } catch (error) {
    return bridge.refuse(error, { callout, values: one.values });
  }
  bridge.lastCallout = callout;
  return bridge.answerResult(argumentCount, result, callout, one.receiver);
}

/** `abandon: id`: C is stopped where it is, and its frames are dropped. */
export function abandonCallout(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const one = runningAt(bridge, interpreter.stackValue(0));
  try {
    if (one !== undefined) bridge.running.abandon(one);
  } catch (error) {
    return bridge.refuse(error, undefined);
  }
  return interpreter.answer(argumentCount, interpreter.stackValue(argumentCount));
}
