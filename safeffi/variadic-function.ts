/**
 * A declared function with `...`: each call's variable arguments complete the signature, and calls with equal types share a
 * callout.
 */
import type { DeclaredArgument, DeclaredFunction } from './declared-function.ts';
import { argumentCountError } from './errors.ts';
import { makeSignature, type Signature } from './types/signature.ts';
import { variableArgument } from './variable-arguments.ts';

/** `bind` makes the function for a completed signature. */
export function variadicFunction(
  name: string,
  signature: Signature,
  bind: (completed: Signature) => DeclaredFunction,
): DeclaredFunction {
  const declared = signature.arguments;
  const calls = new Map<string, DeclaredFunction>();
  const resolve = (args: DeclaredArgument[]): [DeclaredFunction, DeclaredArgument[]] => {
    if (args.length < declared.length) throw argumentCountError(name, args.length, declared.length, true);
    const more = args.slice(declared.length);
    const variable = more.map((value, i) => variableArgument(name, declared.length + i + 1, value));
    const types = [...declared, ...variable.map(({ type }) => type)];
    const completed = makeSignature(name, signature.returns, types, signature.argumentNames, declared.length);
    let call = calls.get(completed.key);
    if (call === undefined) {
      call = bind(completed);
      calls.set(completed.key, call);
    }
    const values: DeclaredArgument[] = variable.map(({ value }) => value);
    return [call, [...args.slice(0, declared.length), ...values]];
  };
  const variadic = (...args: DeclaredArgument[]) => {
    const [call, values] = resolve(args);
    return call(...values);
  };
  const async = async (...args: DeclaredArgument[]) => {
    const [call, values] = resolve(args);
    return call.async(...values);
  };
  return Object.assign(variadic, { async });
}
