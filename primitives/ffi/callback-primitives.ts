/** The primitives of callbacks; the image's side are `FFICallback` and `FFIRunningCallout`. */
import { Address, type ArgumentValue, type CallbackRequest, type ResultValue } from '../../safeffi/index.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { adaptedArgument } from './adapted-argument.ts';
import { LinkError } from './errors.ts';
import type { FfiBridge } from './ffi-bridge.ts';
import type { FfiType } from './ffi-type.ts';
import type { ImageCallback } from './image-callbacks.ts';
import { signatureText } from './signature-text.ts';

/** `registerSignature: aSignature in: aClass` of an FFICallback: its number. The class is where names of types are looked up. */
export function createCallback(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const { memory } = interpreter;
  try {
    const text = signatureText(memory, interpreter.stackValue(1));
    const shape = bridge.linker.callbackShape(
      text,
      bridge.typeScopeOf(() => interpreter.stackValue(0)),
    );
    const { id } = bridge.callbacks.create(bridge.session.executor, shape, undefined, text.trim());
    return interpreter.answer(argumentCount, smallIntegerOop(id));
  } catch (error) {
    return bridge.refuse(error, undefined);
  }
}

/**
 * The ExternalAddress of an FFICallback, which has its number in its first variable, for C code of the main domain, or
 * `handleIn: aDomain`.
 */
export function callbackAddress(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter, values, session } = bridge;
  const { memory } = interpreter;
  try {
    const domain = argumentCount === 0 ? memory.nil : interpreter.stackValue(0);
    if (domain !== memory.nil && (isImmediate(domain) || !memory.isBytes(domain)))
      throw new LinkError(`a domain is an instance of ${memory.classNameOf(domain)}, expected its name, or nil`);
    const executor = domain === memory.nil ? session.executor : session.executorOf(memory.stringValueOf(domain));
    const id = memory.fetchPointer(interpreter.stackValue(argumentCount), 0);
    const callback = isSmallInteger(id) ? bridge.callbacks.in(executor, smallIntegerValue(id)) : undefined;
    if (callback === undefined) throw new LinkError('the callback was released');
    return interpreter.answer(argumentCount, values.newAddress(callback.address));
  } catch (error) {
    return bridge.refuse(error, undefined);
  }
}

/** `releaseCallback: id`. */
export function releaseCallback(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  const id = interpreter.stackValue(0);
  if (isSmallInteger(id)) bridge.callbacks.release(smallIntegerValue(id));
  return interpreter.answer(argumentCount, interpreter.stackValue(argumentCount));
}

/** `requestOf: id`: an Array of what is to be evaluated and the Array of its arguments. */
export function callbackRequest(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  try {
    const running = bridge.running.at(smallIntegerValue(interpreter.stackValue(0)));
    const request = running?.pending.callback();
    if (running === undefined || request === undefined) throw new LinkError('no callback waits in that callout');
    running.request = request;
    return interpreter.answer(argumentCount, argumentObjects(bridge, request));
  } catch (error) {
    return bridge.refuse(error, undefined);
  }
}

/** `answer: anObject to: id`: C goes on. */
export function answerCallback(bridge: FfiBridge, argumentCount: number): boolean {
  const { interpreter } = bridge;
  try {
    const running = bridge.running.at(smallIntegerValue(interpreter.stackValue(0)));
    const request = running?.request;
    if (running === undefined || request === undefined) throw new LinkError('no callback waits for an answer');
    request.return(resultValue(bridge, interpreter.stackValue(1), request));
    running.request = undefined;
  } catch (error) {
    return bridge.refuse(error, undefined);
  }
  return interpreter.answer(argumentCount, interpreter.stackValue(argumentCount));
}

/** A value that C passed as an object; a `char *` is read as a string, const or not. */
function argumentObject(bridge: FfiBridge, value: ResultValue, type: FfiType): Oop {
  const { values } = bridge;
  const { nil } = bridge.interpreter.memory;
  if (type.result.kind !== 'string' || !(value instanceof Address)) return values.toObject(value, type.result, nil);
  return value.isNull ? nil : values.newString(bridge.memoryOf(value).readCString(value));
}

/** Evaluates a callback at once, in a process of its own, while C waits; for executors that know no requests. */
export function evaluateNow(bridge: FfiBridge, id: number, args: readonly ResultValue[]): ArgumentValue | undefined {
  const found = bridge.callbacks.at(id);
  if (found === undefined) throw new LinkError('a callback that was released was called');
  return valueFor(bridge, bridge.evaluate(arrayOf(bridge, found, args)), found);
}

/** An Array of what is to be evaluated and the Array of its arguments. */
export function argumentObjects(bridge: FfiBridge, request: CallbackRequest): Oop {
  const found = bridge.callbacks.at(request.callback.data as number);
  if (found === undefined) throw new LinkError(`the callback ${request.callback.name} was released`);
  return arrayOf(bridge, found, request.args);
}

function arrayOf(bridge: FfiBridge, found: ImageCallback, values: readonly ResultValue[]): Oop {
  const { memory } = bridge.interpreter;
  const args = memory.newArray(values.length);
  values.forEach((value, i) => {
    memory.storePointer(args, i, argumentObject(bridge, value, found.shape.arguments[i]!));
  });
  const array = memory.newArray(2);
  memory.storePointer(array, 0, found.callable);
  memory.storePointer(array, 1, args);
  return array;
}

/** What C goes on with. */
export function resultValue(bridge: FfiBridge, oop: Oop, request: CallbackRequest): ArgumentValue | undefined {
  const { callback } = request;
  const found = bridge.callbacks.at(callback.data as number);
  if (found === undefined) return undefined;
  for (const [executor, each] of found.made) if (each === callback) bridge.destination = executor;
  return valueFor(bridge, oop, found);
}

function valueFor(bridge: FfiBridge, oop: Oop, { shape }: ImageCallback): ArgumentValue | undefined {
  if (shape.signature.returns.kind === 'void') return undefined;
  const { adaptation } = shape.returns;
  return adaptation === undefined ? bridge.values.toC(oop) : adaptedArgument(bridge, oop, adaptation);
}
