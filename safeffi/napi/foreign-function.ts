/**
 * A C function as a JavaScript function, compiled once for its types: usual values go to the engine as they are, so that a call
 * with numbers and strings allocates nothing. What must be carried over is carried over before and after. The C side is bound by
 * the first call.
 */
import type { ArgumentValue, PreparedCallout, ResultValue } from '../index.ts';
import { foreignMemory } from '../ref/foreign-home.ts';
import type { TypeLike } from '../ref/index.ts';
import { callState } from './call-state.ts';
import { type CallPlan, planCall } from './cif.ts';
import { countError, within } from './ffi-errors.ts';
import { nameOf, prepareFunction } from './function-origin.ts';

export type AsyncCallback = (error: unknown, result?: unknown) => void;

export interface ForeignFunctionProxy {
  (...args: unknown[]): unknown;
  /** The same call beside the event loop; the last argument takes an error or null, and the result. */
  async(...args: unknown[]): void;
}

/** Throws TypeError for what is no Buffer, Error FFI_BAD_TYPEDEF and FFI_BAD_ABI. */
export function ForeignFunction(
  pointer: Buffer,
  returns: TypeLike,
  types: readonly TypeLike[],
  abi?: number,
): ForeignFunctionProxy {
  requirePointer(pointer);
  return foreignFunction(pointer, planCall(nameOf(pointer), returns, types, abi));
}

export function requirePointer(pointer: unknown): asserts pointer is Buffer {
  if (!Buffer.isBuffer(pointer)) throw new TypeError('expected Buffer as first argument');
}

export function foreignFunction(pointer: Buffer, plan: CallPlan): ForeignFunctionProxy {
  let callout: PreparedCallout | undefined;
  const prepare = () => {
    callout ??= prepareFunction(pointer, plan.signature);
    return callout;
  };
  return Object.assign(compileCall(plan, prepare), { async: asyncCall(plan, prepare) });
}

function compileCall(
  { arguments: args, result }: CallPlan,
  prepare: () => PreparedCallout,
): (...args: unknown[]) => unknown {
  const names = args.map((_, i) => `a${i}`);
  const list = names.join(', ');
  const converted = args.map(({ usual }, i) => {
    const convert = `a${i} = convert(${i}, a${i});`;
    return usual === undefined ? `  ${convert}\n` : `  if (!(${usual(`a${i}`)})) ${convert}\n`;
  });
  const code = `'use strict';
const { state, watch, memory, convert, miscounted, failed, fromC, prepare } = env;
let callout, invoke;
return function proxy(${list}) {
  if (arguments.length !== ${names.length}) throw miscounted(arguments.length);
  if (state.hasFaults) state.settle();
  if (invoke === undefined) { callout = prepare(); invoke = callout.invoke; }
${converted.join('')}  if (watch.count !== 0) memory.toC();
  let value;
  state.depth++;
  try { value = invoke(${list}); }
  catch (error) { throw failed(error); }
  finally { state.depth--; state.errno = callout.errno(); }
  if (watch.count !== 0) memory.fromC();
  if (state.hasError) throw state.take();
  return ${result.convert === undefined ? 'value' : 'fromC(value)'};
};`;
  const build = new Function('env', code) as (env: object) => (...args: unknown[]) => unknown;
  let call: ((...args: unknown[]) => unknown) | undefined;
  const env = () => {
    const memory = foreignMemory();
    const convert = (index: number, value: unknown): ArgumentValue => {
      try {
        return args[index]!.convert(value);
      } catch (error) {
        throw within(`error setting argument ${index + 1}`, error);
      }
    };
    const failed = (error: unknown) => {
      if (memory.watch.count !== 0) memory.fromC();
      return callState.thrown(error);
    };
    const miscounted = (actual: number) => countError(names.length, actual);
    return {
      state: callState,
      watch: memory.watch,
      memory,
      convert,
      miscounted,
      failed,
      fromC: result.convert,
      prepare,
    };
  };
  // Compiled when it is called: a library may declare hundreds of functions.
  return (...given: unknown[]) => (call ??= build(env()))(...given);
}

function asyncCall(plan: CallPlan, prepare: () => PreparedCallout): (...args: unknown[]) => void {
  const count = plan.arguments.length;
  return (...given: unknown[]) => {
    if (given.length !== count + 1) throw countError(count + 1, given.length);
    const callback = given[count] as AsyncCallback;
    if (typeof callback !== 'function')
      throw new TypeError(`Expected a callback function as argument number: ${count}`);
    if (callState.hasFaults) callState.settle();
    const memory = foreignMemory();
    const mark = memory.mark();
    const values: ArgumentValue[] = [];
    for (let i = 0; i < count; i++) {
      try {
        values.push(plan.arguments[i]!.convert(given[i]));
      } catch (error) {
        process.nextTick(callback, within(`error setting argument ${i}`, error));
        return;
      }
    }
    memory.toC();
    const release = memory.hold(mark);
    const over = () => {
      release();
      memory.fromC();
      given.length = 0; // until then C has the addresses of what was passed
    };
    const succeed = (value: ResultValue) => {
      over();
      let result: unknown = value;
      try {
        if (plan.result.convert !== undefined) result = plan.result.convert(value);
      } catch (error) {
        process.nextTick(callback, error);
        return;
      }
      process.nextTick(callback, null, result);
    };
    const fail = (error: unknown) => {
      over();
      process.nextTick(callback, callState.thrown(error));
    };
    prepare().async(values).then(succeed, fail);
  };
}
