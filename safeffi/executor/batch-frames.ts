/**
 * How the frames of a batch lie in its room: a progress word, then for each call its stack words, line, wide words and the
 * records that go or come back in memory, all at one stride; behind them the texts of all calls. See batch-x86_64.S.
 */
import type { Abi, FramePlan } from '../abi/frame-plan.ts';
import { lane, line, wideFlag } from '../protocol/layout.ts';
import type { Signature } from '../types/signature.ts';

const lineBytes = 64;
const wideBytes = 128;
const stackReach = lane.line - lane.overflow;
const progressBytes = 64;

export interface BatchLayout {
  readonly sizeBytes: number;
  readonly strideBytes: number;
  /** Of the first line, from the room's start. */
  readonly firstLine: number;
  /** Stack words of a call in bytes, a multiple of sixteen. */
  readonly stackBytes: number;
  /** From a line to the room for its result in memory. */
  readonly resultOffset: number;
  /** From a line to the copy of argument `index`, for records that are passed as the address of a copy. */
  readonly copyOffsets: ReadonlyMap<number, number>;
  /** Of the texts, from the room's start. */
  readonly textStart: number;
}

const roundUp = (value: number, to: number) => Math.ceil(value / to) * to;

export function layOutBatch(
  abi: Abi,
  signature: Signature,
  plan: FramePlan,
  capacity: number,
  textBytes: number,
): BatchLayout {
  const stackWords = plan.words.flat().filter((offset) => offset < 0).length;
  const hasWide = abi.name === 'aarch64' || (plan.control & wideFlag) !== 0;
  let end = lineBytes + (hasWide ? wideBytes : 0);
  const resultOffset = end;
  if (plan.resultPointer !== undefined) end += roundUp(signature.returns.sizeBytes, 16);
  const copyOffsets = new Map<number, number>();
  for (const index of plan.copied ?? []) {
    copyOffsets.set(index, end);
    end += roundUp(signature.arguments[index]!.sizeBytes, 16);
  }
  const reach = stackWords === 0 ? 0 : stackReach;
  const strideBytes = roundUp(reach + end, lineBytes);
  const textStart = progressBytes + capacity * strideBytes;
  return {
    sizeBytes: textStart + textBytes,
    strideBytes,
    firstLine: progressBytes + reach,
    stackBytes: roundUp(8 * stackWords, 16),
    resultOffset,
    copyOffsets,
    textStart,
  };
}

/** Where in a line errno is after the call. */
export const errnoOffset = line.errno;
