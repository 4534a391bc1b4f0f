/**
 * The code of callbacks: for a signature, JavaScript generated once that reads the arguments where C left them and writes
 * the result where C will find it. The counterpart of marshaller.ts; where things lie is the ABI's to say (frame-plan.ts).
 *
 * Three places hold arguments: the line that C ran on, the callback record on the C stack, and `stack`, into which the stack
 * arguments were copied before. L and R are the line's and the record's first 32-bit words.
 */
import { badSignatureError } from '../errors.ts';
import { lane, line } from '../protocol/layout.ts';
import { isRecord } from '../types/aggregate-types.ts';
import { type CType, isCharPointer } from '../types/scalar-types.ts';
import type { Signature } from '../types/signature.ts';
import type { ResultValue } from '../values.ts';
import { type Abi, type CallbackPlan, type CallbackWord, wordBytes } from './frame-plan.ts';
import { type MarshalEnvironment, signExtend, storeArgument, zeroExtend } from './marshaller.ts';

/** The words of memory that generated code reads. */
export interface Words {
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly u8: Uint8Array;
}

/** What generated code calls and reads. */
export interface CallbackEnvironment
  extends Words,
    Pick<MarshalEnvironment, 'wide64' | 'pointer' | 'record' | 'signed64' | 'unsigned64' | 'address' | 'text'> {
  /** Stack arguments of the callback at hand. */
  readonly stack: Words;
  /** Throws the CalloutError for a result; the index is always 0. */
  refuse(index: number, value: unknown): never;
  /** The bytes of a record that was passed as the address of a copy. */
  copied(low: number, high: number, sizeBytes: number): Uint8Array;
  /** Writes a record that C wants in memory of its own. */
  storeResult(low: number, high: number, bytes: Uint8Array): void;
}

export interface CallbackCode {
  /** Calls the function with the arguments; answers what it answered. */
  call(fn: (...args: ResultValue[]) => unknown, L: number, R: number): unknown;
  /** The arguments alone. */
  args(L: number, R: number): ResultValue[];
  /** Checks the value and writes it as the result. */
  answer(L: number, R: number, value: unknown): void;
  /** 64-bit words of the stack that hold arguments. */
  readonly stackWords: number;
  /** The result goes to memory that C names; its address stands where the result's first word does. */
  readonly isInMemory: boolean;
}

/** Where a value's word lies: an expression for its first 32-bit word and the arrays that hold it. */
interface Source {
  readonly arrays: '' | 'stack.';
  readonly word: string;
}

function sourceOf({ in: where, offset }: CallbackWord): Source {
  if (where === 'stack') return { arrays: 'stack.', word: String(offset / 4) };
  return { arrays: '', word: `${where === 'line' ? 'L' : 'R'} + ${offset / 4}` };
}

/** An expression for an argument. */
function readArgument(type: CType, words: readonly CallbackWord[], isCopied = false): string {
  const sources = words.map(sourceOf);
  const { arrays, word } = sources[0]!;
  const low = `${arrays}i32[${word}]`;
  const both = `${low}, ${arrays}i32[${word} + 1]`;
  switch (type.kind) {
    case 'bool':
      return `(${low} & 255) !== 0`;
    case 'signed':
      return type.sizeBytes === 8 ? `env.signed64(${both})` : signExtend[type.sizeBytes]!(low);
    case 'unsigned':
      return type.sizeBytes === 8 ? `env.unsigned64(${both})` : zeroExtend[type.sizeBytes]!(low);
    case 'float':
      return type.sizeBytes === 8 ? `${arrays}f64[(${word}) >> 1]` : `${arrays}f32[${word}]`;
    case 'pointer':
      return `env.${isCharPointer(type) && type.readOnly === true ? 'text' : 'address'}(${both})`;
    case 'struct':
    case 'union': {
      if (isCopied) return `env.copied(${both}, ${type.sizeBytes})`;
      const [first] = words;
      if (first!.in === 'stack') return `stack.u8.slice(${first!.offset}, ${first!.offset + type.sizeBytes})`;
      const each = wordBytes(type, words);
      const bytes = Array.from({ length: type.sizeBytes }, (_, at) => {
        const source = sources[Math.floor(at / each)]!;
        return `u8[4 * (${source.word}) + ${at % each}]`;
      });
      return `Uint8Array.of(${bytes.join(', ')})`;
    }
    default:
      throw new Error(`an argument of type ${type.name} got past the signature`);
  }
}

function storeResult({ returns }: Signature, { resultWords, resultPointer }: CallbackPlan): string {
  if (returns.kind === 'void') return '';
  if (resultPointer !== undefined) {
    const result = `L + ${line.result / 4}`;
    const pointer = sourceOf(resultPointer).word;
    return `const bytes = env.record(0, a0); const low = i32[${pointer}], high = i32[${pointer} + 1];
  env.storeResult(low, high, bytes); i32[${result}] = low; i32[${result} + 1] = high;`;
  }
  if (isRecord(returns)) return storeArgument(returns, 0, resultWords!);
  return storeArgument(returns, 0, [returns.kind === 'float' ? line.floatResult : line.result]);
}

/** Compiles; about 50 µs. Throws CalloutError `bad-signature` for what no callback can take. */
export function compileCallback(abi: Abi, name: string, signature: Signature, env: CallbackEnvironment): CallbackCode {
  if (signature.variadicFrom !== undefined)
    throw badSignatureError(name, 'a callback cannot have variable arguments: nothing tells how many came');
  const plan = abi.planCallback(name, signature);
  const list = signature.arguments
    .map((type, index) => readArgument(type, plan.words[index]!, plan.copied?.has(index)))
    .join(', ');
  const code = `'use strict';
const { i32, f32, f64, u8, stack } = env;
function call(fn, L, R) { return fn(${list}); }
function args(L, R) { return [${list}]; }
function answer(L, R, a0) { ${storeResult(signature, plan)} }
return { call, args, answer };`;
  const functions = new Function('env', code)(env) as Pick<CallbackCode, 'call' | 'args' | 'answer'>;
  return { ...functions, stackWords: plan.stackWords, isInMemory: plan.resultPointer !== undefined };
}

/** Room for the stack arguments of one callback. */
export function stackWords(): Words {
  const buffer = new ArrayBuffer(8 * lane.overflowWords);
  return {
    i32: new Int32Array(buffer),
    f32: new Float32Array(buffer),
    f64: new Float64Array(buffer),
    u8: new Uint8Array(buffer),
  };
}
