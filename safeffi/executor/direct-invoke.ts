/**
 * The fast way of the direct executor: for signatures of numbers, booleans, strings and records as bytes, checks and call in
 * one compiled function, without arrays. A string goes to koffi as it is, which copies it to the stack; anything else for a
 * pointer, and signatures with other pointers, go the general way (plain-values.ts).
 */
import { isRecord } from '../types/aggregate-types.ts';
import { argumentRefusal, fits, takesStrings } from '../types/check-argument.ts';
import type { CType } from '../types/scalar-types.ts';
import type { Signature } from '../types/signature.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';

type Call = (...args: ArgumentValue[]) => ResultValue;

/** An expression that is true for the usual good value; others are looked at by `other`. */
function usual(type: CType, a: string): string {
  switch (type.kind) {
    case 'float':
      return `typeof ${a} === 'number'`;
    case 'signed':
      return type.sizeBytes === 8
        ? `Number.isSafeInteger(${a})`
        : `typeof ${a} === 'number' && (${a} << ${32 - 8 * type.sizeBytes} >> ${32 - 8 * type.sizeBytes}) === ${a}`;
    case 'unsigned':
      return type.sizeBytes === 8
        ? `Number.isSafeInteger(${a}) && ${a} >= 0`
        : `typeof ${a} === 'number' && (${a} << ${32 - 8 * type.sizeBytes} >>> ${32 - 8 * type.sizeBytes}) === ${a}`;
    case 'struct':
    case 'union':
      return `${a} instanceof Uint8Array && ${a}.length === ${type.sizeBytes}`;
    default:
      return `${a} === true || ${a} === false`;
  }
}

function readResult(type: CType): string {
  if (type.kind === 'void') return 'undefined';
  if (type.kind === 'float' || isRecord(type) || type.sizeBytes < 8) return 'value';
  return "typeof value === 'number' && !Number.isSafeInteger(value) ? BigInt(value) : value"; // koffi: 2^53 as a number
}

/** Positions of arguments that may be strings. */
export function textPositions(signature: Signature): ReadonlySet<number> {
  return new Set([...signature.arguments.keys()].filter((index) => takesStrings(signature.arguments[index]!)));
}

/**
 * Compiles, or answers undefined where more than that is involved. `call` takes strings at the text positions; `called` runs
 * after each call, to take errno; `general` is the way for all other values.
 */
export function compileDirectInvoke(
  callout: string,
  signature: Signature,
  call: Call,
  called: () => void,
  general: Call,
): Call | undefined {
  const types = signature.arguments;
  const texts = textPositions(signature);
  const isScalar = (type: CType) => type.kind !== 'pointer';
  if (signature.variadicFrom !== undefined) return undefined;
  if (!isScalar(signature.returns) || !types.every((type, i) => isScalar(type) || texts.has(i))) return undefined;
  const other = (index: number, value: ArgumentValue): ArgumentValue => {
    const type = types[index]!;
    if (!fits(type, value)) throw argumentRefusal(callout, index, type, value);
    if (isRecord(type) && ArrayBuffer.isView(value))
      return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return type.kind === 'bool' ? value === 1 || value === true : value;
  };
  const names = types.map((_, index) => `a${index}`);
  const checks = types
    .map((type, i) =>
      texts.has(i)
        ? `if (typeof a${i} !== 'string') return general(${names.join(', ')});\n`
        : `if (!(${usual(type, `a${i}`)})) a${i} = other(${i}, a${i});\n`,
    )
    .join('');
  const text = `'use strict';
return function invoke(${names.join(', ')}) {
${checks}const value = call(${names.join(', ')});
called();
return ${readResult(signature.returns)};
};`;
  return new Function('call', 'other', 'called', 'general', text)(call, other, called, general) as Call;
}
