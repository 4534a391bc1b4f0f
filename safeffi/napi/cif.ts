/**
 * CIF: libffi's description of a call, which programs only make to see whether it can be. A Buffer stands for it.
 */

import { makeSignature, type Signature } from '../index.ts';
import type { RefType, TypeLike } from '../ref/index.ts';
import ref from '../ref/index.ts';
import { abis } from './ffi-constants.ts';
import { badAbi, badTypedef } from './ffi-errors.ts';
import { type FromC, fromC, type ToC, toC } from './value-conversion.ts';

export interface CallPlan {
  readonly returnType: RefType;
  readonly argTypes: readonly RefType[];
  readonly signature: Signature;
  readonly result: FromC;
  readonly arguments: readonly ToC[];
}

const cifBytes = 32;

/** Throws Error FFI_BAD_ABI. Another ABI than the machine's own cannot be called here. */
export function checkAbi(abi: unknown): void {
  if (abi === undefined || abi === null || abi === abis.FFI_DEFAULT_ABI) return;
  const { FFI_FIRST_ABI, FFI_LAST_ABI } = abis;
  const isKnown = typeof abi === 'number' && abi > FFI_FIRST_ABI! && abi < FFI_LAST_ABI!;
  throw badAbi(
    isKnown
      ? `ABI ${abi} is not this machine's own, which is ${abis.FFI_DEFAULT_ABI}`
      : `${String(abi)} is none, expected ${abis.FFI_DEFAULT_ABI}`,
  );
}

function checkTypes(what: string, types: unknown): asserts types is readonly TypeLike[] {
  if (!Array.isArray(types)) throw new TypeError(`expected Array "types" as ${what}, got ${typeof types}`);
}

/** Throws Error FFI_BAD_TYPEDEF, FFI_BAD_ABI; TypeError for what is no type. `fixed`: how many stand in front of `...`. */
export function planCall(name: string, returns: TypeLike, types: unknown, abi?: unknown, fixed?: number): CallPlan {
  checkTypes('the argument types', types);
  checkAbi(abi);
  const returnType = ref.coerceType(returns);
  const argTypes = types.map((type) => ref.coerceType(type));
  const result = fromC(returnType);
  const args = argTypes.map((type) => toC(type));
  try {
    const signature = makeSignature(
      name,
      result.type,
      args.map(({ type }) => type),
      undefined,
      fixed,
    );
    return { returnType, argTypes, signature, result, arguments: args };
  } catch (error) {
    throw badTypedef((error as Error).message);
  }
}

/** A Buffer for the call; throws as `planCall`. */
export function CIF(returns: TypeLike, types: readonly TypeLike[], abi?: number): Buffer {
  planCall('CIF', returns, types, abi);
  return Buffer.alloc(cifBytes);
}

/** The same with variable arguments behind the first `fixed`. */
export function CIF_var(returns: TypeLike, types: readonly TypeLike[], fixed: number, abi?: number): Buffer {
  if (!Number.isInteger(fixed) || fixed < 1 || fixed > types.length)
    throw new RangeError(`the number of fixed arguments is ${String(fixed)}, expected 1 to ${types.length}`);
  planCall('CIF_var', returns, types, abi, fixed);
  return Buffer.alloc(cifBytes);
}
