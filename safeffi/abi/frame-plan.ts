/**
 * What an ABI says of a signature: where each argument, and the result, stands in a call frame. A place is a byte offset
 * from the lane's frame line, from where `park` of the executor loads the registers. Each ABI has a planner in a file of
 * its own; the marshaller writes JavaScript from the plan and knows no registers.
 */

import { callbackRecordArm64, callbackRecordX64 } from '../protocol/layout.ts';
import type { CType } from '../types/scalar-types.ts';
import type { Signature } from '../types/signature.ts';
import { planAapcs64, planCallbackAapcs64 } from './aapcs64.ts';
import { planCallback, planFrame } from './system-v-x86-64.ts';

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

/** Where a callback's 64-bit word is found: bytes from the line, from the callback record or from the stack arguments. */
export interface CallbackWord {
  readonly in: 'line' | 'record' | 'stack';
  readonly offset: number;
}

/** The same for a function of this side that C calls. */
export interface CallbackPlan {
  /** For each argument the words that carry it; as many bytes in each as in a frame (`wordBytes`). */
  readonly words: readonly (readonly CallbackWord[])[];
  readonly copied?: ReadonlySet<number>;
  /** Holds the address of a result in memory. */
  readonly resultPointer?: CallbackWord;
  /** For a record that comes back in registers, byte offsets from the line. */
  readonly resultWords?: readonly number[];
  /** 64-bit words of the stack that hold arguments. */
  readonly stackWords: number;
}

export interface Abi {
  readonly name: 'x86-64' | 'aarch64';
  /** Throws CalloutError `bad-signature` where the arguments need more stack than a lane has room for. */
  plan(callout: string, signature: Signature): FramePlan;
  /** Throws as `plan` does. */
  planCallback(name: string, signature: Signature): CallbackPlan;
  /** The size of a callback record, and where stack arguments begin: bytes above the stack pointer at the thunk's entry. */
  readonly callbackRecordBytes: number;
  readonly stackArguments: number;
  /** The processor may show stores in another order than they were made: the request must be stored with release. */
  readonly weaklyOrdered: boolean;
}

export const systemVAbi: Abi = {
  name: 'x86-64',
  plan: planFrame,
  planCallback,
  callbackRecordBytes: callbackRecordX64.bytes,
  stackArguments: 8, // behind the return address
  weaklyOrdered: false,
};
export const aapcs64Abi: Abi = {
  name: 'aarch64',
  plan: planAapcs64,
  planCallback: planCallbackAapcs64,
  callbackRecordBytes: callbackRecordArm64.bytes,
  stackArguments: 0,
  weaklyOrdered: true,
};

/** How many bytes of a record each of its words carries: fewer words of eight would do where each has one float. */
export function wordBytes(type: CType, words: readonly unknown[]): 4 | 8 {
  return words.length > Math.ceil(type.sizeBytes / 8) ? 4 : 8;
}
