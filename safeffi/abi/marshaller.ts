/**
 * Compiles a signature into JavaScript that writes a call frame and reads the result: once per prepared callout, so that
 * the typed arrays and offsets are constants to the compiler. The generated code checks every argument before the state
 * word is written, allocates nothing for scalars, and leaves whatever is not plain to the environment's helpers.
 *
 * Two functions come of it. `write(L, a0, …)` fills the frame of the lane whose line starts at 32-bit word L.
 * `invoke(a0, …)` is the hot path on lane 0: checks, frame, request, spin, result, in one function; the request is a
 * plain store where the processor shows stores in order (DESIGN 4: the fence of Atomics.store cost 70 ns), else one with
 * release; the looks are Atomics.load, on x86-64 a plain load that the compiler may not hoist.
 */
import { header, line, state } from '../protocol/layout.ts';
import { type CType, isCharPointer } from '../types/scalar-types.ts';
import type { Signature } from '../types/signature.ts';
import type { ArgumentValue, ResultValue } from '../values.ts';
import type { FramePlan } from './frame-plan.ts';
import { readRecord, storeCopiedRecord, storeRecord, storeResultPointer } from './record-code.ts';

/** What generated code calls and reads. Word indexes count 32-bit words of the shared memory. */
export interface MarshalEnvironment {
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly u8: Uint8Array;
  /** [0] is 1 while lane 0 is free and its executor lives; [1] is the number of looks before sleeping. */
  readonly gate: Int32Array;
  /**
   * The function's address in two halves, [0] is 0 while it must be looked up (again); [2]: looks before sleeping where fewer
   * than gate[1] are worth it, because the function takes long.
   */
  readonly cell: Int32Array;
  /** The request must be stored with release (Abi). */
  readonly weaklyOrdered: boolean;
  /** Start of lane 0's line, in words. */
  readonly line0: number;
  /** Throws the CalloutError for argument `index` (from 0). */
  refuse(index: number, value: unknown): never;
  /** Writes a 64-bit integer that is not a 32-bit number, or refuses it. */
  wide64(word: number, index: number, value: unknown): void;
  /** Answers the executor's address for a pointer argument (never null), copying buffers and strings. */
  pointer(lineWord: number, index: number, value: unknown): number;
  /** The bytes of a record by value, as many as its type has, or refuses the argument. */
  record(index: number, value: unknown): Uint8Array;
  /** The same, copied to memory of its own for the length of the call; answers the executor's address of the copy. */
  recordCopy(lineWord: number, index: number, value: unknown): number;
  /** Makes room for a record that comes back in memory; answers the executor's address of it. */
  resultRoom(lineWord: number): number;
  /** The bytes of that record: those of the room once `finish` has run. */
  resultBytes(lineWord: number): Uint8Array;
  /** The call by the general path: another lane, a lookup, a start. */
  slow(args: ArgumentValue[]): ResultValue;
  /** Where nobody spins: wakes lane 0's thread if it sleeps, and sleeps until lane 0 is done; answers the state. */
  handOver(): number;
  /** Wakes lane 0's thread. */
  wake(): void;
  /** Sleeps until lane 0 is done; answers the state. */
  wait(): number;
  /** Lane 0 answered something else than `done`. */
  trouble(state: number, args: ArgumentValue[]): ResultValue;
  /** After a call with pointer arguments: checks canaries, copies back. False when a canary is broken. */
  finish(): boolean;
  /** A canary of lane 0 is broken. */
  overrun(args: ArgumentValue[]): ResultValue;
  signed64(low: number, high: number): ResultValue;
  unsigned64(low: number, high: number): ResultValue;
  address(low: number, high: number): ResultValue;
  text(low: number, high: number): ResultValue;
}

/** Where the frames of a batch are written, one after the other. */
export interface BatchFrames {
  /** In words: [0] the next frame's line, [1] how many were written, [2] how many there is room for, [3] from one to the next. */
  readonly at: Int32Array;
  /** For each argument the values that were written, kept for a fault's report and for a fresh executor. */
  readonly columns: readonly ArgumentValue[][];
  /** There is no room for one more. */
  full(): never;
  miscounted(actual: number): never;
}

/** Writes the next frame of a batch and answers its index. */
export type BatchWriter = (...args: ArgumentValue[]) => number;

export interface Marshaller {
  write(lineWord: number, ...args: ArgumentValue[]): void;
  result(lineWord: number): ResultValue;
  invoke(...args: ArgumentValue[]): ResultValue;
  readonly hasPointers: boolean;
  /** Compiled when it is asked for. */
  batchWriter(frames: BatchFrames): BatchWriter;
}

export const signExtend: Readonly<Record<number, (a: string) => string>> = {
  1: (a) => `(${a} << 24 >> 24)`,
  2: (a) => `(${a} << 16 >> 16)`,
  4: (a) => `(${a} | 0)`,
};
export const zeroExtend: Readonly<Record<number, (a: string) => string>> = {
  1: (a) => `(${a} & 255)`,
  2: (a) => `(${a} & 65535)`,
  4: (a) => `(${a} >>> 0)`,
};

/**
 * Code that stores `a<index>` of that type in `words`, byte offsets from L, after checking it; results of callbacks too.
 * `isCopied`: a record that is passed as the address of a copy.
 */
export function storeArgument(type: CType, index: number, words: readonly number[], isCopied = false): string {
  const word = `L + ${words[0]! / 4}`;
  const a = `a${index}`;
  const refuse = `env.refuse(${index}, ${a})`;
  switch (type.kind) {
    case 'bool':
      return `if (${a} === true || ${a} === 1) i32[${word}] = 1; else if (${a} === false || ${a} === 0) i32[${word}] = 0; else ${refuse};
  i32[${word} + 1] = 0;`;
    case 'signed':
      if (type.sizeBytes === 8) return storeLong(a, index, word, `(${a} | 0) === ${a}`, `${a} >> 31`);
      return `${narrow(a, index)}
  if (typeof ${a} !== 'number' || ${signExtend[type.sizeBytes]!(a)} !== ${a}) ${refuse};
  i32[${word}] = ${a}; i32[${word} + 1] = ${a} >> 31;`;
    case 'unsigned':
      if (type.sizeBytes === 8) return storeLong(a, index, word, `(${a} >>> 0) === ${a}`, '0');
      return `${narrow(a, index)}
  if (typeof ${a} !== 'number' || ${zeroExtend[type.sizeBytes]!(a)} !== ${a}) ${refuse};
  i32[${word}] = ${a}; i32[${word} + 1] = 0;`;
    case 'float':
      return type.sizeBytes === 8
        ? `if (typeof ${a} !== 'number') ${refuse};\n  f64[(${word}) >> 1] = ${a};`
        : `if (typeof ${a} !== 'number') ${refuse};\n  f32[${word}] = ${a}; i32[${word} + 1] = 0;`;
    case 'pointer':
      return `if (${a} === null) { i32[${word}] = 0; i32[${word} + 1] = 0; }
  else { const p${index} = env.pointer(L, ${index}, ${a}); i32[${word}] = p${index} | 0; i32[${word} + 1] = Math.floor(p${index} / 4294967296) | 0; }`;
    case 'struct':
    case 'union':
      return isCopied ? storeCopiedRecord(index, words) : storeRecord(type, index, words);
    default:
      throw new Error(`an argument of type ${type.name} got past the signature`);
  }
}

/** A bigint that fits a number is as good as the number. */
function narrow(a: string, index: number): string {
  return `if (typeof ${a} === 'bigint') { if (${a} < -4294967296n || ${a} > 4294967296n) env.refuse(${index}, ${a}); ${a} = Number(${a}); }`;
}

function storeLong(a: string, index: number, word: string, isPlain: string, high: string): string {
  return `if (typeof ${a} === 'number' && ${isPlain}) { i32[${word}] = ${a}; i32[${word} + 1] = ${high}; }
  else env.wide64(${word}, ${index}, ${a});`;
}

/** An expression for the result of the lane at L. */
function readResult(type: CType, plan: FramePlan): string {
  const low = `i32[L + ${line.result / 4}]`;
  const both = `${low}, i32[L + ${line.result / 4 + 1}]`;
  switch (type.kind) {
    case 'void':
      return 'undefined';
    case 'bool':
      return `(${low} & 255) !== 0`;
    case 'signed':
      return type.sizeBytes === 8 ? `env.signed64(${both})` : signExtend[type.sizeBytes]!(low);
    case 'unsigned':
      return type.sizeBytes === 8 ? `env.unsigned64(${both})` : zeroExtend[type.sizeBytes]!(low);
    case 'float':
      return type.sizeBytes === 8 ? `f64[(L + ${line.floatResult / 4}) >> 1]` : `f32[L + ${line.floatResult / 4}]`;
    case 'pointer':
      return `env.${isCharPointer(type) ? 'text' : 'address'}(${both})`;
    case 'struct':
    case 'union':
      return readRecord(type, plan);
    default:
      throw new Error(`a result of type ${type.name} got past the signature`);
  }
}

/** Compiles; about 50 µs. */
export function compileMarshaller(signature: Signature, plan: FramePlan, env: MarshalEnvironment): Marshaller {
  const names = signature.arguments.map((_, index) => `a${index}`);
  const list = names.join(', ');
  const argumentStores = signature.arguments
    .map((type, index) => `  ${storeArgument(type, index, plan.words[index]!, plan.copied?.has(index))}\n`)
    .join('');
  const stores = storeResultPointer(plan) + argumentStores;
  // A result in memory is placed like a buffer argument, and brought back like one; so is the copy of a record.
  const hasPointers =
    plan.resultPointer !== undefined ||
    plan.copied !== undefined ||
    signature.arguments.some((type) => type.kind === 'pointer');
  const request = env.weaklyOrdered ? `Atomics.store(i32, L, ${state.request})` : `i32[L] = ${state.request}`;
  const code = `'use strict';
const { i32, f32, f64, u8, gate, cell } = env;
const L0 = ${env.line0};
const load = Atomics.load;
function write(${['L', ...names].join(', ')}) {
${stores}  i32[L + ${line.control / 4}] = ${plan.control};
  i32[L + ${line.function / 4}] = cell[0];
  i32[L + ${line.function / 4 + 1}] = cell[1];
}
function result(L) { return ${readResult(signature.returns, plan)}; }
function invoke(${list}) {
  if (gate[0] === 0 || cell[0] === 0 || i32[${header.foreignFaults / 4}] !== 0) return env.slow([${list}]);
  const L = L0;
${stores}  i32[L + ${line.control / 4}] = ${plan.control};
  i32[L + ${line.function / 4}] = cell[0];
  i32[L + ${line.function / 4 + 1}] = cell[1];
  ${request};
  let looks = gate[1];
  let s;
  if (looks === 0) s = env.handOver();
  else {
    if (load(i32, L + ${line.executorSleeps / 4}) !== 0) env.wake();
    if (cell[2] !== 0) looks = cell[2];
    s = load(i32, L);
    while (s === ${state.request}) {
      if (looks-- <= 0) { s = env.wait(); break; }
      s = load(i32, L);
    }
  }
  if (s !== ${state.done}) return env.trouble(s, [${list}]);
${hasPointers ? `  const value = ${readResult(signature.returns, plan)};\n  if (!env.finish()) return env.overrun([${list}]);\n  return value;` : `  return ${readResult(signature.returns, plan)};`}
}
return { write, result, invoke };`;
  const functions = new Function('env', code)(env) as Pick<Marshaller, 'write' | 'result' | 'invoke'>;
  const batchCode = `'use strict';
const { i32, f32, f64, u8, cell } = env;
const { at, columns } = frames;
${names.map((_, index) => `const c${index} = columns[${index}];\n`).join('')}return function add(${list}) {
  if (arguments.length !== ${names.length}) frames.miscounted(arguments.length);
  const n = at[1];
  if (n >= at[2]) frames.full();
  const L = at[0];
${names.map((name, index) => `  c${index}[n] = ${name};\n`).join('')}${stores}  i32[L + ${line.control / 4}] = ${plan.control};
  i32[L + ${line.function / 4}] = cell[0];
  i32[L + ${line.function / 4 + 1}] = cell[1];
  at[0] = L + at[3];
  at[1] = n + 1;
  return n;
};`;
  const batchWriter = (frames: BatchFrames) => new Function('env', 'frames', batchCode)(env, frames) as BatchWriter;
  return { ...functions, hasPointers, batchWriter };
}
