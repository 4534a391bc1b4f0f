/**
 * Where each argument of a call goes on x86-64 System V (ABI section 3.2.3): six integer registers, eight vector
 * registers, the rest on the stack in order. A place is a byte offset from the lane's frame line; `park` of the executor
 * loads the registers from there. Up to five register arguments fit the line itself: integers count its words from the
 * first, floating-point arguments from the last. A record goes into registers whole or not at all; a result in memory
 * takes the first integer register for its address.
 */
import { badSignatureError } from '../errors.ts';
import { callbackRecordX64, lane, line, wide, wideFlag } from '../protocol/layout.ts';
import { isRecord } from '../types/aggregate-types.ts';
import type { CType } from '../types/scalar-types.ts';
import type { Signature } from '../types/signature.ts';
import { classifyRecord, type EightbyteClass } from './classify-record.ts';
import type { CallbackPlan, CallbackWord, FramePlan } from './frame-plan.ts';

const integerRegisters = 6;
const vectorRegisters = 8;

/** A register by number, or a word of the stack. */
interface Place {
  readonly in: EightbyteClass | 'stack';
  readonly index: number;
}

/** Where caller and callee agree that the values lie: what call frames and callback records are planned from. */
interface Placement {
  /** For each argument its places, one but for records. */
  readonly places: readonly (readonly Place[])[];
  /** The register with the address of a result in memory. */
  readonly resultPointer: Place | undefined;
  /** The classes of a record that comes back in registers. */
  readonly resultClasses: readonly EightbyteClass[] | undefined;
  readonly counts: { readonly integer: number; readonly vector: number; readonly stack: number };
}

function placeArguments(callout: string, signature: Signature): Placement {
  const counts = { integer: 0, vector: 0, stack: 0 };
  const next = (kind: keyof typeof counts): Place => ({ in: kind, index: counts[kind]++ });
  const resultClasses = isRecord(signature.returns) ? classifyRecord(signature.returns) : undefined;
  const returnsInMemory = isRecord(signature.returns) && resultClasses === undefined;
  const resultPointer = returnsInMemory ? next('integer') : undefined;

  const places = signature.arguments.map((type): Place[] => {
    const classes = classesOf(type);
    const wanted = (kind: EightbyteClass) => classes?.filter((one) => one === kind).length ?? 0;
    const fit =
      counts.integer + wanted('integer') <= integerRegisters && counts.vector + wanted('vector') <= vectorRegisters;
    if (classes !== undefined && fit) return classes.map(next);
    return Array.from({ length: Math.ceil(type.sizeBytes / 8) }, () => next('stack'));
  });
  if (counts.stack > lane.overflowWords) {
    const sentence = `its arguments take ${counts.stack} words of the stack, the most is ${lane.overflowWords}`;
    throw badSignatureError(callout, sentence);
  }
  return { places, resultPointer, resultClasses, counts };
}

export function planFrame(callout: string, signature: Signature): FramePlan {
  const { places, resultPointer, resultClasses, counts } = placeArguments(callout, signature);
  const fits = counts.integer + counts.vector <= line.wordCount;
  const offsetOf = (place: Place) => placeOffset(place, fits);
  return {
    words: places.map((list) => list.map(offsetOf)),
    ...(resultPointer === undefined ? {} : { resultPointer: offsetOf(resultPointer) }),
    ...(resultClasses === undefined ? {} : { resultWords: resultOffsets(resultClasses) }),
    control: counts.vector | (fits ? 0 : wideFlag),
  };
}

export function planCallback(name: string, signature: Signature): CallbackPlan {
  const { places, resultPointer, resultClasses, counts } = placeArguments(name, signature);
  return {
    words: places.map((list) => list.map(callbackWord)),
    ...(resultPointer === undefined ? {} : { resultPointer: callbackWord(resultPointer) }),
    ...(resultClasses === undefined ? {} : { resultWords: resultOffsets(resultClasses) }),
    stackWords: counts.stack,
  };
}

/** The line has the first five integer registers, so that a comparator's callback is one cache line each way. */
function callbackWord({ in: kind, index }: Place): CallbackWord {
  switch (kind) {
    case 'integer':
      return index < line.wordCount
        ? { in: 'line', offset: line.words + 8 * index }
        : { in: 'record', offset: callbackRecordX64.integers + 8 * index };
    case 'vector':
      return { in: 'record', offset: callbackRecordX64.vectors + 8 * index };
    case 'stack':
      return { in: 'stack', offset: 8 * index };
  }
}

/** undefined: on the stack, whatever registers are free. */
function classesOf(type: CType): EightbyteClass[] | undefined {
  if (isRecord(type)) return classifyRecord(type);
  return [type.kind === 'float' ? 'vector' : 'integer'];
}

function placeOffset(place: Place, fits: boolean): number {
  const { index } = place;
  switch (place.in) {
    case 'vector':
      return fits ? line.words + 8 * (line.wordCount - 1 - index) : lane.wide - lane.line + wide.vectors + 8 * index;
    case 'integer':
      return index < line.wordCount ? line.words + 8 * index : lane.wide - lane.line + wide.integer6;
    case 'stack':
      return lane.overflow - lane.line + 8 * index;
  }
}

/** rax, rdx and xmm0, xmm1 in turn, each in its own order. */
function resultOffsets(classes: readonly EightbyteClass[]): number[] {
  const free = { integer: [line.result, line.result2], vector: [line.floatResult, line.floatResult2] };
  return classes.map((kind) => free[kind].shift()!);
}
