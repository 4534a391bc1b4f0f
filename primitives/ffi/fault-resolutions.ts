/** The primitives that decide how the executor goes on after a fault; the image's side is `FFIFault`. */
import { type ArgumentValue, CalloutError, CalloutGoesOn, type ResultValue } from '../../safeffi/index.ts';
import { type Oop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { ClassIndex } from '../../vm/memory/well-known.ts';
import { asLatin1 } from '../latin1.ts';
import type { LinkedCallout } from './callout-linker.ts';
import { LinkError } from './errors.ts';
import type { FfiBridge } from './ffi-bridge.ts';

/** `callAgain: id arguments: anArray`. */
export function callAgain(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const pending = bridge.takePending(smallIntegerValue(interpreter.stackValue(1)));
  const values = interpreter.stackValue(0);
  if (pending === undefined) return bridge.refuse(new LinkError('the fault is settled already'), undefined);
  const { callout, fault } = pending;
  if (callout === undefined) {
    fault.answer(undefined);
    return bridge.refuse(new LinkError('only a callout can be made again; this was an access to memory'), undefined);
  }
  let result: ResultValue;
  try {
    // From here on the fault is settled, whatever the new call comes to: arguments that do not fit are refused as ever.
    fault.answer(undefined);
    result = bridge.callWith(callout, elementsOf(bridge, values, callout));
  } catch (error) {
    if (error instanceof CalloutGoesOn) return bridge.goesOn(error, callout, bridge.interpreter.memory.nil, values);
    bridge.releaseTemporaries(bridge.callbacks.takeTemporaries());
    return bridge.refuse(error, { callout, values });
  }
  bridge.releaseTemporaries(bridge.callbacks.takeTemporaries());
  return bridge.answerResult(argumentCount, result, callout);
}

function elementsOf(bridge: FfiBridge, array: Oop, callout: LinkedCallout): ArgumentValue[] {
  const { memory } = bridge.interpreter;
  if ((array & 3) !== 0 || memory.classIndexOfObject(array) !== ClassIndex.ARRAY)
    throw new LinkError(`the arguments of a retry are an instance of ${memory.classNameOf(array)}, expected an Array`);
  bridge.destination = callout.executor;
  const values: ArgumentValue[] = [];
  for (let i = 0; i < memory.slotCountOf(array); i++)
    values.push(bridge.argumentFrom(memory.fetchPointer(array, i), callout.sources[i]));
  return values;
}

/** `settle: id`: the call is abandoned where it stands. */
export function settle(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const pending = bridge.takePending(smallIntegerValue(interpreter.stackValue(0)));
  pending?.fault.answer(undefined);
  return interpreter.answer(argumentCount, interpreter.stackValue(argumentCount));
}

/** `rollback: id`: C's memory is as it was at the last checkpoint; how the callout ends is decided afterwards. */
export function rollback(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const pending = bridge.pendingAt(smallIntegerValue(interpreter.stackValue(0)));
  try {
    if (pending === undefined) throw new LinkError('the fault is settled already');
    pending.fault.rollback();
  } catch (error) {
    return bridge.refuse(error, undefined);
  }
  return interpreter.answer(argumentCount, interpreter.stackValue(argumentCount));
}

/** `proceed: id registers: anArray`: the instruction runs again; pairs of register and value are set before. */
export function proceed(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const { memory } = interpreter;
  const pending = bridge.takePending(smallIntegerValue(interpreter.stackValue(1)));
  if (pending?.callout === undefined)
    return bridge.refuse(new LinkError('only a callout that stands can go on'), undefined);
  const { callout, fault } = pending;
  const made = { callout, values: memory.newArray(0) };
  let result: ResultValue;
  try {
    result = fault.continue(registersIn(bridge, interpreter.stackValue(0)));
  } catch (error) {
    if (error instanceof CalloutError) fault.answer(undefined);
    return bridge.refuse(error, made);
  }
  return bridge.answerResult(argumentCount, result, callout);
}

function registersIn(bridge: FfiBridge, array: Oop): Record<string, number | bigint> {
  const { memory } = bridge.interpreter;
  const registers: Record<string, number | bigint> = {};
  for (let i = 0; i + 1 < memory.slotCountOf(array); i += 2) {
    const name = memory.stringValueOf(memory.fetchPointer(array, i));
    const value = memory.integerValueOf(memory.fetchPointer(array, i + 1));
    if (value === undefined) throw new CalloutError('argument-type', `register ${name} is no Integer, expected one`);
    registers[name] = value;
  }
  return registers;
}

/** `resolutionsOf: id`: an Array of choice and reason in turn; the reason is nil where the choice is available. */
export function resolutions(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const { memory } = interpreter;
  const pending = bridge.pendingAt(smallIntegerValue(interpreter.stackValue(0)));
  const known = pending?.fault.resolutions ?? [];
  const array = memory.newArray(2 * known.length);
  known.forEach(({ choice, reason }, i) => {
    memory.storePointer(array, 2 * i, memory.newByteString(choice));
    if (reason !== undefined) memory.storePointer(array, 2 * i + 1, memory.newByteString(asLatin1(reason)));
  });
  return interpreter.answer(argumentCount, array);
}

/** `restart: id`: a fresh executor of the fault's domain, with its libraries loaded again. */
export function restartOfFault(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const pending = bridge.pendingAt(smallIntegerValue(interpreter.stackValue(0)));
  try {
    if (pending === undefined) bridge.session.restart();
    else pending.fault.restart();
  } catch (error) {
    return bridge.refuse(error, undefined);
  }
  return interpreter.answer(argumentCount, interpreter.stackValue(argumentCount));
}

/** A fresh executor with the libraries loaded again. */
export function restart(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  try {
    bridge.session.restart();
  } catch (error) {
    return bridge.refuse(error, undefined);
  }
  return interpreter.answer(argumentCount, interpreter.stackValue(argumentCount));
}

/** `hostChoiceFor: aReport of: choices`: the source of a one-argument block, or nil where nobody is asked. */
export function chooseResolution(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter, host } = bridge;
  const { memory } = interpreter;
  const names = interpreter.stackValue(0);
  const choices = Array.from({ length: memory.slotCountOf(names) }, (_, i) =>
    memory.stringValueOf(memory.fetchPointer(names, i)),
  );
  const source = host.chooseResolution(memory.stringValueOf(interpreter.stackValue(1)), choices);
  return interpreter.answer(argumentCount, source === undefined ? memory.nil : memory.newByteString(source));
}
