/**
 * What an ABI says of a signature: where each argument, and the result, stands in a call frame. A place is a byte offset
 * from the lane's frame line, from where `park` of the executor loads the registers. Each ABI has a planner in a file of
 * its own; the marshaller writes JavaScript from the plan and knows no registers.
 */
import type { CType } from '../types/scalar-types.ts';
import type { Signature } from '../types/signature.ts';
import { planAapcs64 } from './aapcs64.ts';
import { planFrame } from './system-v-x86-64.ts';

export interface FramePlan {
  /**
   * For each argument the byte offsets from the line of the 64-bit words that carry it: one but for records. A word
   * carries eight bytes of a record, or four where there is a word for each float (`wordBytes`).
   */
  readonly words: readonly (readonly number[])[];
  /** Positions (from 0) of records that are passed as the address of a copy. */
  readonly copied?: ReadonlySet<number>;
  /** Where the address of a result in memory goes. */
  readonly resultPointer?: number;
  /** For a record that comes back in registers, the byte offsets from the line of its words. */
  readonly resultWords?: readonly number[];
  /** The line's control word: what `park` must know. */
  readonly control: number;
}

export interface Abi {
  readonly name: 'x86-64' | 'aarch64';
  /** Throws CalloutError `bad-signature` where the arguments need more stack than a lane has room for. */
  plan(callout: string, signature: Signature): FramePlan;
  /** The processor may show stores in another order than they were made: the request must be stored with release. */
  readonly weaklyOrdered: boolean;
}

export const systemVAbi: Abi = { name: 'x86-64', plan: planFrame, weaklyOrdered: false };
export const aapcs64Abi: Abi = { name: 'aarch64', plan: planAapcs64, weaklyOrdered: true };

/** How many bytes of a record each of its words carries: fewer words of eight would do where each has one float. */
export function wordBytes(type: CType, words: readonly number[]): 4 | 8 {
  return words.length > Math.ceil(type.sizeBytes / 8) ? 4 : 8;
}
