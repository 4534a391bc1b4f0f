/** The primitives that ask about the executor, or set how long its callouts may take; the image's side is `SafeFFI`. */
import { isSmallInteger, type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { PrimitiveError, ProcessSlot } from '../../vm/memory/well-known.ts';
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
