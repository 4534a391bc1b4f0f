/**
 * Where each argument of a call goes on x86-64 System V (ABI section 3.2.3): six integer registers, eight vector
 * registers, the rest on the stack in order. A place is a byte offset from the lane's frame line; `park` of the executor
 * loads the registers from there. Up to five register arguments fit the line itself: integers count its words from the
 * first, floating-point arguments from the last. Structs by value will be classified here.
 */
import { badSignatureError } from '../errors.ts';
import { lane, line, wide, wideFlag } from '../protocol/layout.ts';
import type { Signature } from '../types/signature.ts';

export interface FramePlan {
  /** For each argument the byte offset from the line of the 64-bit word that carries it. */
  readonly offsets: readonly number[];
  /** The line's control word: the number of vector registers (`al`), and `wideFlag` where the line does not suffice. */
  readonly control: number;
}

const integerRegisters = 6;
const vectorRegisters = 8;

export function planFrame(callout: string, signature: Signature): FramePlan {
  const isVector = signature.arguments.map((type) => type.kind === 'float');
  const vectors = isVector.filter((vector) => vector).length;
  const integers = isVector.length - vectors;
  const fits = integers + vectors <= line.wordCount;
  const wideStart = lane.wide - lane.line;
  const overflowStart = lane.overflow - lane.line;
  let integer = 0;
  let vector = 0;
  let overflow = 0;

  const place = (isFloat: boolean): number => {
    if (isFloat && vector < vectorRegisters) {
      const register = vector++;
      return fits ? line.words + 8 * (line.wordCount - 1 - register) : wideStart + wide.vectors + 8 * register;
    }
    if (!isFloat && integer < integerRegisters) {
      const register = integer++;
      return register < line.wordCount ? line.words + 8 * register : wideStart + wide.integer6;
    }
    return overflowStart + 8 * overflow++;
  };

  const offsets = isVector.map(place);
  if (overflow > lane.overflowWords) {
    throw badSignatureError(callout, `${overflow} arguments lie on the stack, the most is ${lane.overflowWords}`);
  }
  return { offsets, control: Math.min(vectors, vectorRegisters) | (fits ? 0 : wideFlag) };
}
