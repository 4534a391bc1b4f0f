/**
 * Where each argument of a call goes on AArch64 (AAPCS64, section 6.8, as on Linux: variable arguments go like declared
 * ones): eight integer registers, eight vector registers, the rest on the stack in order, each in words of eight bytes. A
 * record of up to four floats or doubles and nothing else takes a vector register for each; any other of up to 16 bytes
 * takes integer registers, whole or not at all; a larger one is passed as the address of a copy. The address of a result
 * in memory goes to x8.
 *
 * Up to five register arguments fit the frame line; x5 to x7, x8 and more vector registers lie in the wide words.
 */
import { badSignatureError } from '../errors.ts';
import { callbackRecordArm64, lane, line, wideArm64, wideFlag } from '../protocol/layout.ts';
import { isRecord, type RecordType } from '../types/aggregate-types.ts';
import type { CType } from '../types/scalar-types.ts';
import type { Signature } from '../types/signature.ts';
import type { CallbackPlan, CallbackWord, FramePlan } from './frame-plan.ts';

const registers = 8;
const mostRegisterBytes = 16;
const mostHomogeneous = 4;
const wideStart = lane.wide - lane.line;

interface Place {
  readonly in: 'integer' | 'vector' | 'stack';
  readonly index: number;
}

/** What of a type decides where it goes. */
interface Passing {
  readonly in: 'integer' | 'vector';
  readonly registers: number;
  readonly isCopied: boolean;
}

/** Where caller and callee agree that the values lie. */
interface Placement {
  readonly places: readonly (readonly Place[])[];
  readonly copied: ReadonlySet<number>;
  readonly stackWords: number;
  /** Of a record. */
  readonly result: Passing | undefined;
}

function place(callout: string, signature: Signature): Placement {
  const counts = { integer: 0, vector: 0, stack: 0 };
  const take = (kind: keyof typeof counts, count: number): Place[] =>
    Array.from({ length: count }, () => ({ in: kind, index: counts[kind]++ }));

  const copied = new Set<number>();
  const places = signature.arguments.map((type, position): Place[] => {
    const passing = passingOf(type);
    if (passing.isCopied) copied.add(position);
    if (counts[passing.in] + passing.registers <= registers) return take(passing.in, passing.registers);
    // The first that does not fit closes its kind of register for all that follow (rules C.3 and C.13).
    counts[passing.in] = registers;
    return take('stack', passing.isCopied ? 1 : Math.ceil(type.sizeBytes / 8));
  });
  if (counts.stack > lane.overflowWords) {
    const sentence = `its arguments take ${counts.stack} words of the stack, the most is ${lane.overflowWords}`;
    throw badSignatureError(callout, sentence);
  }
  const { returns } = signature;
  return { places, copied, stackWords: counts.stack, result: isRecord(returns) ? passingOf(returns) : undefined };
}

export function planAapcs64(callout: string, signature: Signature): FramePlan {
  const { places, copied, result } = place(callout, signature);
  const returnsInMemory = result?.isCopied === true;
  const used = usedOf(places, 'integer') + usedOf(places, 'vector');
  const fits = used <= line.wordCount && !returnsInMemory;
  return {
    words: places.map((list) => list.map((each) => placeOffset(each, fits))),
    ...(copied.size === 0 ? {} : { copied }),
    ...(returnsInMemory ? { resultPointer: wideStart + wideArm64.indirectResult } : {}),
    ...(result === undefined || returnsInMemory ? {} : { resultWords: resultOffsets(result) }),
    control: fits ? 0 : wideFlag,
  };
}

export function planCallbackAapcs64(name: string, signature: Signature): CallbackPlan {
  const { places, copied, stackWords, result } = place(name, signature);
  const returnsInMemory = result?.isCopied === true;
  return {
    words: places.map((list) => list.map(callbackWord)),
    ...(copied.size === 0 ? {} : { copied }),
    ...(returnsInMemory ? { resultPointer: { in: 'record', offset: callbackRecordArm64.indirectResult } } : {}),
    ...(result === undefined || returnsInMemory ? {} : { resultWords: resultOffsets(result) }),
    stackWords,
  };
}

/** The line has the first five integer registers. */
function callbackWord({ in: kind, index }: Place): CallbackWord {
  switch (kind) {
    case 'integer':
      return index < line.wordCount
        ? { in: 'line', offset: line.words + 8 * index }
        : { in: 'record', offset: callbackRecordArm64.integers + 8 * index };
    case 'vector':
      return { in: 'record', offset: callbackRecordArm64.vectors + 8 * index };
    case 'stack':
      return { in: 'stack', offset: 8 * index };
  }
}

function passingOf(type: CType): Passing {
  if (!isRecord(type)) return { in: type.kind === 'float' ? 'vector' : 'integer', registers: 1, isCopied: false };
  const floats = homogeneousFloats(type);
  if (floats !== undefined) return { in: 'vector', registers: floats, isCopied: false };
  if (type.sizeBytes > mostRegisterBytes) return { in: 'integer', registers: 1, isCopied: true };
  return { in: 'integer', registers: Math.ceil(type.sizeBytes / 8), isCopied: false };
}

/** How many registers are taken; numbers that were closed do not count. */
function usedOf(places: readonly (readonly Place[])[], kind: Place['in']): number {
  return places.flat().filter((place) => place.in === kind).length;
}

/** The number of members of a record of one to four equal floating-point types (AAPCS64 5.10.5), or undefined. */
export function homogeneousFloats(record: RecordType): number | undefined {
  const found = floatsOf(record);
  if (found === undefined || found.count > mostHomogeneous) return undefined;
  return found.count * found.sizeBytes === record.sizeBytes ? found.count : undefined;
}

interface Floats {
  readonly sizeBytes: number;
  readonly count: number;
}

/** Undefined where there is anything else than floats of one size. The members of a union lie on one another. */
function floatsOf(type: CType): Floats | undefined {
  if (type.kind === 'float') return { sizeBytes: type.sizeBytes, count: 1 };
  if (type.kind === 'array') {
    const one = floatsOf(type.element);
    return one && { sizeBytes: one.sizeBytes, count: one.count * type.length };
  }
  if (!isRecord(type)) return undefined;
  let sizeBytes: number | undefined;
  let count = 0;
  for (const field of type.fields) {
    const one = floatsOf(field.type);
    if (one === undefined || (sizeBytes !== undefined && one.sizeBytes !== sizeBytes)) return undefined;
    sizeBytes = one.sizeBytes;
    count = type.kind === 'union' ? Math.max(count, one.count) : count + one.count;
  }
  return sizeBytes === undefined ? undefined : { sizeBytes, count };
}

function placeOffset({ in: kind, index }: Place, fits: boolean): number {
  switch (kind) {
    case 'vector':
      return fits ? line.words + 8 * (line.wordCount - 1 - index) : wideStart + wideArm64.vectors + 8 * index;
    case 'integer':
      return index < line.wordCount
        ? line.words + 8 * index
        : wideStart + wideArm64.integer6 + 8 * (index - line.wordCount);
    case 'stack':
      return lane.overflow - lane.line + 8 * index;
  }
}

/** x0 and x1, or d0 to d3, of which the last two come back in the wide words. */
function resultOffsets(result: Passing): number[] {
  const vector = [0, 1, 2, 3].map((index) =>
    index < 2 ? line.floatResult + 8 * index : wideStart + wideArm64.vectors + 8 * index,
  );
  const integer = [line.result, line.result2];
  return (result.in === 'vector' ? vector : integer).slice(0, result.registers);
}
