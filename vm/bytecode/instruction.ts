/**
 * What an instruction of either set is: its operand decoded, its effect on the stack, where control goes; and the pieces from which
 * the rows of both tables (sista-v1.ts, v3.ts) are made.
 *
 * A row stands for a range of bytecodes with one meaning. `operand` reads what follows the bytecode; `pops` and `pushes` say what
 * it does to the stack of its context: a send pops receiver and arguments, and the result is there when the sender goes on.
 */
import { SPECIAL_SELECTORS } from './special-selectors.ts';

/** What a bytecode works with, decoded: indices count from 0, extensions are added in. */
export type Operand =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'receiverVariable' | 'literalVariable' | 'literal' | 'temp';
      readonly index: number;
      /** Where the bytecode itself does not say it (V3's double extended one): what is done with it. */
      readonly access?: 'push' | 'store' | 'popInto';
    }
  /** Element `index` of the temp vector that lies in temp `vector`. */
  | { readonly kind: 'remoteTemp'; readonly index: number; readonly vector: number }
  /** The selector is literal `index`. */
  | {
      readonly kind: 'send' | 'superSend' | 'directedSuperSend';
      readonly index: number;
      readonly argumentCount: number;
    }
  /** The selector is element `index` of the special selectors. */
  | { readonly kind: 'specialSend'; readonly index: number; readonly argumentCount: number }
  /** Relative to the bytecode after the jump. */
  | { readonly kind: 'jump'; readonly distance: number }
  /** `popsElements`: the elements are taken off the stack; else all are nil. */
  | { readonly kind: 'array'; readonly size: number; readonly popsElements: boolean }
  | { readonly kind: 'integer' | 'character'; readonly value: number }
  | { readonly kind: 'primitive'; readonly number: number; readonly isInlined: boolean }
  /** The code is literal `index`. */
  | {
      readonly kind: 'closure';
      readonly index: number;
      readonly copiedCount: number;
      readonly receiverOnStack: boolean;
      readonly ignoreOuterContext: boolean;
    }
  | {
      readonly kind: 'innerClosure';
      readonly argumentCount: number;
      readonly copiedCount: number;
      readonly blockSize: number;
    }
  /** Literal `index` is a class or an Array of classes. */
  | {
      readonly kind: 'classBranch';
      readonly index: number;
      readonly distance: number;
      readonly ifInstance: boolean;
    }
  /** BlockReturn with extensions: leaves `levels` more blocks. */
  | { readonly kind: 'enclosing'; readonly levels: number; readonly distance: number };

/** Where the interpreter goes after it. `prefix` extends the bytecode that follows. */
export type ControlFlow = 'next' | 'send' | 'return' | 'blockReturn' | 'jump' | 'branch' | 'prefix' | 'undefined';

/** The bytes of one instruction and the extensions before it. */
export interface Encoded {
  readonly bytecode: number;
  /** Second and third byte; 0 where the instruction is shorter. */
  readonly byte1: number;
  readonly byte2: number;
  /** Of V3's one instruction with four bytes. */
  readonly byte3?: number;
  readonly extA: number;
  readonly extB: number;
}

export interface InstructionDefinition {
  readonly first: number;
  readonly last: number;
  readonly name: string;
  readonly length: 1 | 2 | 3 | 4;
  /** Which prefixes it takes. */
  readonly extensions: '' | 'A' | 'B' | 'AB';
  readonly flow: ControlFlow;
  /** Forth style: what it takes from the stack, and what it leaves there. */
  readonly stackEffect: string;
  readonly operand: (encoded: Encoded) => Operand;
  readonly pops: (operand: Operand) => number;
  readonly pushes: (operand: Operand) => number;
}

/** One instruction set: what the tools go by. */
export interface BytecodeSet {
  readonly name: string;
  /** The row of a bytecode, 0 to 255. */
  readonly definitionOf: (bytecode: number) => InstructionDefinition;
}

/** Contract: the rows cover 0 to 255 without gap or overlap (a test checks it). */
export function bytecodeSet(name: string, rows: readonly InstructionDefinition[]): BytecodeSet {
  const byBytecode = rows.flatMap((row) => new Array<InstructionDefinition>(row.last - row.first + 1).fill(row));
  return { name, definitionOf: (bytecode) => byBytecode[bytecode]! };
}

// Rows

/** The first bytecode of a row and its last, or the only one. */
export type BytecodeRange = number | readonly [first: number, last: number];
type Count = number | InstructionDefinition['pops'];

export interface RowOptions {
  readonly length?: InstructionDefinition['length'];
  readonly extensions?: InstructionDefinition['extensions'];
  readonly flow?: ControlFlow;
  readonly operand?: InstructionDefinition['operand'];
  readonly pops?: Count;
  readonly pushes?: Count;
}

const counter = (count: Count = 0): InstructionDefinition['pops'] => (typeof count === 'number' ? () => count : count);

/** A row; what is left out: one byte, no prefixes, on to the next, no operand, and nothing popped or pushed. */
export function instruction(
  range: BytecodeRange,
  name: string,
  stackEffect: string,
  options: RowOptions = {},
): InstructionDefinition {
  const [first, last] = typeof range === 'number' ? [range, range] : range;
  return {
    first,
    last,
    name,
    stackEffect,
    length: options.length ?? 1,
    extensions: options.extensions ?? '',
    flow: options.flow ?? 'next',
    operand: options.operand ?? (() => NO_OPERAND),
    pops: counter(options.pops),
    pushes: counter(options.pushes),
  };
}

/** They have a length all the same: what comes behind them is found. */
export const undefinedBytecodes = (
  range: BytecodeRange,
  length: InstructionDefinition['length'] = 1,
): InstructionDefinition => instruction(range, 'undefined', '( -- )', { flow: 'undefined', length });

// Operands that both sets have

export const NO_OPERAND: Operand = { kind: 'none' };
export type Indexed = 'receiverVariable' | 'literalVariable' | 'literal' | 'temp';

/** The index is the bytecode's distance from `base`. */
export const short =
  (kind: Indexed, base: number) =>
  ({ bytecode }: Encoded): Operand => ({ kind, index: bytecode - base });

export const shortSend =
  (base: number, argumentCount: number) =>
  ({ bytecode }: Encoded): Operand => ({ kind: 'send', index: bytecode - base, argumentCount });

export const shortJump =
  (base: number) =>
  ({ bytecode }: Encoded): Operand => ({ kind: 'jump', distance: bytecode - base + 1 });

/** The selectors with a bytecode of their own stand in the order of their bytecodes, from `firstSpecialSend` on. */
export const specialSend =
  (firstSpecialSend: number) =>
  ({ bytecode }: Encoded): Operand => {
    const index = bytecode - firstSpecialSend;
    return { kind: 'specialSend', index, argumentCount: SPECIAL_SELECTORS[index]!.argumentCount };
  };

export function popsOfSend(operand: Operand): number {
  switch (operand.kind) {
    case 'send':
    case 'superSend':
    case 'specialSend':
      return operand.argumentCount + 1;
    case 'directedSuperSend':
      return operand.argumentCount + 2;
    default:
      return 0;
  }
}

/** What all sends have in common. */
export const SEND = { flow: 'send', pops: popsOfSend, pushes: 1 } as const;

/** By the number of arguments. */
export const SEND_EFFECTS = [
  '( receiver -- result )',
  '( receiver arg -- result )',
  '( receiver arg1 arg2 -- result )',
] as const;
