/** The primitives that ask about the executor, or set how long its callouts may take; the image's side is `SafeFFI`. */

import { CalloutError } from '../../safeffi/index.ts';
import { isSmallInteger, type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { PrimitiveError, ProcessSlot } from '../../vm/memory/well-known.ts';
import { asLatin1 } from '../latin1.ts';
import type { FfiBridge } from './ffi-bridge.ts';

/** #(pid generation kind faultCount platform); starts no executor. */
export function executorState(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const { memory } = interpreter;
  const executor = bridge.isOpen && bridge.session.started ? bridge.session.executor : undefined;
  const state: readonly Oop[] = [
    executor?.pid === undefined ? memory.nil : smallIntegerOop(executor.pid),
    smallIntegerOop(executor?.generation ?? 0),
    executor === undefined ? memory.nil : memory.newByteString(executor.kind),
    smallIntegerOop(bridge.faultCount),
    memory.newByteString(process.platform),
  ];
  const array = memory.newArray(state.length);
  state.forEach((element, i) => {
    memory.storePointer(array, i, element);
  });
  return interpreter.answer(argumentCount, array);
}

/** `exchangeDeadline: millisecondsOrNil`, of the active process; answers the one before. */
export function exchangeDeadline(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const { memory } = interpreter;
  const deadline = interpreter.stackValue(0);
  if (deadline !== memory.nil && !(isSmallInteger(deadline) && smallIntegerValue(deadline) > 0))
    return interpreter.fail(PrimitiveError.BAD_ARGUMENT);
  const active = bridge.activeProcess();
  const before = memory.fetchPointer(active, ProcessSlot.CALLOUT_DEADLINE);
  memory.storePointer(active, ProcessSlot.CALLOUT_DEADLINE, deadline);
  return interpreter.answer(argumentCount, before);
}

/** C's errno as the callout that came back last left it; 0 before the first. */
export function errno(bridge: FfiBridge, argumentCount: number): boolean {
  return bridge.interpreter.answer(argumentCount, smallIntegerOop(bridge.lastCallout?.prepared.errno() ?? 0));
}

/** A state of C's memory to go back to; answers its number. */
export function makeCheckpoint(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter, checkpoints } = bridge;
  try {
    const checkpoint = bridge.session.checkpoint();
    const id = Math.max(0, ...checkpoints.keys()) + 1;
    checkpoints.set(id, checkpoint);
    return interpreter.answer(argumentCount, smallIntegerOop(id));
  } catch (error) {
    return bridge.refuse(error, undefined);
  }
}

/** `endCheckpoint: id goBack: aBoolean`: C's memory is as it was then, or the checkpoint is given up; answers whether it stood. */
export function endCheckpoint(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter, checkpoints } = bridge;
  const { memory } = interpreter;
  const id = smallIntegerValue(interpreter.stackValue(1));
  const checkpoint = checkpoints.get(id);
  const stands = checkpoint?.stands === true;
  checkpoints.delete(id);
  try {
    if (stands && interpreter.stackValue(0) === memory.true) checkpoint.rollback();
    else if (stands) checkpoint.discard();
  } catch (error) {
    return bridge.refuse(error, undefined);
  }
  return interpreter.answer(argumentCount, memory.booleanOop(stands));
}

/** An Array of what left C's state in doubt, last first by its count: #(count cause ...). */
export function taint(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const { memory } = interpreter;
  const known = bridge.isOpen && bridge.session.started ? bridge.session.executor.taint : { count: 0, causes: [] };
  const array = memory.newArray(1 + known.causes.length);
  memory.storePointer(array, 0, smallIntegerOop(known.count));
  known.causes.forEach((cause, i) => {
    memory.storePointer(array, i + 1, memory.newByteString(asLatin1(cause)));
  });
  return interpreter.answer(argumentCount, array);
}

/** `hasLibrary: aName`: whether the loader finds it; it is loaded then. */
export function hasLibrary(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const { memory } = interpreter;
  const name = interpreter.stackValue(0);
  if (isSmallInteger(name) || !memory.isBytes(name)) return interpreter.fail(PrimitiveError.BAD_ARGUMENT);
  try {
    bridge.session.library(memory.stringValueOf(name));
    return interpreter.answer(argumentCount, memory.true);
  } catch (error) {
    if (error instanceof CalloutError && error.code === 'library-not-found')
      return interpreter.answer(argumentCount, memory.false);
    return bridge.refuse(error, undefined);
  }
}
