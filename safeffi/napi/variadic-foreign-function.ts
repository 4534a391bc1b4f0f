/**
 * A C function with `...`: given the types of the variable arguments it answers a function for them, the same for the same types.
 */

import type { RefType, TypeLike } from '../ref/index.ts';
import ref from '../ref/index.ts';
import { planCall } from './cif.ts';
import { type ForeignFunctionProxy, foreignFunction, requirePointer } from './foreign-function.ts';
import { nameOf } from './function-origin.ts';

export interface VariadicGenerator {
  (...types: TypeLike[]): ForeignFunctionProxy;
  /** Of the functions made from now on. */
  returnType: TypeLike;
}

/** Throws Error where there is no fixed argument, as C needs one. */
export function VariadicForeignFunction(
  pointer: Buffer,
  returns: TypeLike,
  fixedTypes: readonly TypeLike[],
  abi?: number,
): VariadicGenerator {
  requirePointer(pointer);
  const name = nameOf(pointer);
  const fixed = fixedTypes.map((type) => ref.coerceType(type));
  if (fixed.length === 0) throw new Error('expected at least one fixed argument in front of the variable ones');
  const made = new Map<string, ForeignFunctionProxy>();
  const keys = new TypeKeys();
  const generate = (...types: TypeLike[]): ForeignFunctionProxy => {
    const variable = types.map((type) => ref.coerceType(type));
    const returnType = ref.coerceType(generator.returnType);
    const key = [returnType, ...variable].map((type) => keys.of(type)).join();
    let call = made.get(key);
    if (call === undefined) {
      call = foreignFunction(pointer, planCall(name, returnType, [...fixed, ...variable], abi, fixed.length));
      made.set(key, call);
    }
    return call;
  };
  const generator: VariadicGenerator = Object.assign(generate, { returnType: ref.coerceType(returns) });
  return generator;
}

/** Equal for the same type, and for pointers to the same type, which are made anew each time. */
class TypeKeys {
  readonly #numbers = new Map<RefType, number>();

  of(type: RefType): string {
    let target = type;
    while (target.indirection > 1) target = ref.derefType(target);
    let number = this.#numbers.get(target);
    if (number === undefined) this.#numbers.set(target, (number = this.#numbers.size));
    return `${number}${'*'.repeat(type.indirection - target.indirection)}`;
  }
}
