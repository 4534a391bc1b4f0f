/**
 * A JavaScript function as a C function pointer: a Buffer, which C's code must not outlive. When the Buffer is garbage and C calls
 * all the same, the call that C runs in throws the fault ReleasedCallback with the function's name.
 *
 * An error of the function does not stop C: it goes on with zeros, as with the original, and the call throws the error when C
 * has returned.
 */
import {
  type ArgumentValue,
  type Callback as EngineCallback,
  isRecord,
  makeSignature,
  type ResultValue,
} from '../index.ts';
import { foreignHome } from '../ref/foreign-home.ts';
import type { TypeLike } from '../ref/index.ts';
import ref from '../ref/index.ts';
import { callState } from './call-state.ts';
import { checkAbi } from './cif.ts';
import { badTypedef, within } from './ffi-errors.ts';
import { fromC, resultToC } from './value-conversion.ts';

export type CallbackBody = (...args: never[]) => unknown;

const releaser = new FinalizationRegistry<EngineCallback>((callback) => callback.release());

/** `Callback(returns, types, [abi], fn)`. Throws TypeError for what is no function, Error FFI_BAD_TYPEDEF and FFI_BAD_ABI. */
export function Callback(
  returns: TypeLike,
  types: readonly TypeLike[],
  abiOrBody: number | undefined | CallbackBody,
  bodyBehind?: CallbackBody,
): Buffer {
  const [abi, body] = typeof abiOrBody === 'function' ? [undefined, abiOrBody] : [abiOrBody, bodyBehind];
  if (typeof body !== 'function') throw new TypeError('expected a function as the last argument of Callback');
  if (!Array.isArray(types)) throw new TypeError('expected Array of the argument types as the second argument');
  checkAbi(abi);
  const result = resultToC(ref.coerceType(returns));
  const args = types.map((type) => fromC(ref.coerceType(type)));
  const isVoid = result.type.kind === 'void';
  const zero: ArgumentValue | undefined = isVoid
    ? undefined
    : isRecord(result.type)
      ? new Uint8Array(result.type.sizeBytes)
      : 0;
  const { executor, memory } = foreignHome();
  const { watch } = memory;
  const run = body as (...args: unknown[]) => unknown;
  const answer = (...given: ResultValue[]): ArgumentValue | undefined => {
    watch.callbackDepth++;
    try {
      if (watch.count !== 0) memory.fromC();
      const value = run(...given.map((one, i) => convertArgument(args[i]!.convert, one)));
      if (isVoid) return undefined;
      return convertResult(result.convert, value);
    } catch (error) {
      callState.note(error);
      return zero;
    } finally {
      watch.callbackDepth--;
      if (callState.hasFaults) callState.settle();
      if (watch.count !== 0) memory.toC();
    }
  };
  const callback = makeCallback(body.name || 'callback');
  const pointer = memory.pointerTo(() => Number(callback.address.value));
  releaser.register(pointer.buffer, callback);
  return pointer;

  function makeCallback(name: string): EngineCallback {
    let signature: ReturnType<typeof makeSignature>;
    try {
      signature = makeSignature(
        name,
        result.type,
        args.map(({ type }) => type),
      );
    } catch (error) {
      throw badTypedef((error as Error).message);
    }
    return executor.callback(name, signature, answer);
  }
}

function convertArgument(convert: ((value: unknown) => unknown) | undefined, value: ResultValue): unknown {
  return convert === undefined ? value : convert(value);
}

function convertResult(convert: (value: unknown) => ArgumentValue, value: unknown): ArgumentValue {
  try {
    return convert(value);
  } catch (error) {
    throw within('error setting return value', error);
  }
}
