/**
 * Bytes, labels and jumps of one piece of code. Jumps take the shortest form that reaches: all start short and grow until
 * none needs to, so lengths never go back and forth.
 *
 * Code behind a return or jump that nothing jumps to is dropped as it is written: `isReachable` says so, and whoever emits
 * may look at it to save work.
 */
import { Bytecode } from '../../vm/bytecode/sista-v1.ts';
import type { SourceRange } from './ast.ts';
import type { SourceMapEntry } from './compiled-code.ts';

export interface Label {
  /** True once code that is reachable jumps to it. */
  isUsed: boolean;
  /** True once it is placed: a jump to it from then on goes back. */
  isPlaced: boolean;
  /** Set by `assemble`. */
  pc: number;
}

type JumpKind = 'jump' | 'jumpTrue' | 'jumpFalse';

type Item =
  | { readonly kind: 'bytes'; readonly bytes: readonly number[]; readonly range: SourceRange }
  | { readonly kind: JumpKind; readonly label: Label; readonly range: SourceRange; size: number }
  | { readonly kind: 'label'; readonly label: Label };

const SHORT: Record<JumpKind, number> = {
  jump: Bytecode.JUMP,
  jumpTrue: Bytecode.POP_JUMP_TRUE,
  jumpFalse: Bytecode.POP_JUMP_FALSE,
};
const LONG: Record<JumpKind, number> = {
  jump: Bytecode.LONG_JUMP,
  jumpTrue: Bytecode.LONG_POP_JUMP_TRUE,
  jumpFalse: Bytecode.LONG_POP_JUMP_FALSE,
};

/** ExtA prefixes that make up `value`, none for 0. */
export function extendA(value: number): number[] {
  return value === 0 ? [] : [...extendA(Math.floor(value / 256)), Bytecode.EXTEND_A, value & 255];
}

/** ExtB prefixes for a signed value: as few as hold it and its sign, but `atLeast` ones. */
export function extendB(value: number, atLeast = 0): number[] {
  const bytes: number[] = [];
  for (let rest = value; bytes.length < atLeast || rest !== (bytes.length > 0 && bytes[0]! > 127 ? -1 : 0); rest >>= 8)
    bytes.unshift(rest & 255);
  return bytes.flatMap((byte) => [Bytecode.EXTEND_B, byte]);
}

/** Lengths to start from. A jump to what follows it is no code at all; a conditional one still takes its boolean. */
const MIN_FORWARD: Record<JumpKind, number> = { jump: 0, jumpTrue: 1, jumpFalse: 1 };
const MIN_BACKWARD = 4;
const MAX_SHORT = 8;

/** The length of the shortest form that reaches, where nothing in between grows any more. */
function sizeOfJump(distance: number, atLeast: number): number {
  if (distance === 0 && atLeast === 0) return 0;
  if (distance >= 1 && distance <= MAX_SHORT) return 1;
  return 2 + extendB(distance >> 8).length;
}

function encodeJump(kind: JumpKind, distance: number, size: number): number[] {
  if (size === 0) return [];
  if (size === 1) return [SHORT[kind] + distance - 1];
  return [...extendB(distance >> 8, (size - 2) / 2), LONG[kind], distance & 255];
}

export interface AssembledCode {
  readonly bytecodes: Uint8Array;
  readonly sourceMap: readonly SourceMapEntry[];
}

export class Assembler {
  isReachable = true;
  private readonly items: Item[] = [];
  private range: SourceRange = { start: 0, end: 0 };

  /** What is emitted from here on belongs to `range`. */
  at(range: SourceRange): void {
    this.range = range;
  }

  emit(...bytes: number[]): void {
    if (this.isReachable) this.items.push({ kind: 'bytes', bytes, range: this.range });
  }

  /** Emits an instruction after which nothing follows. */
  emitReturn(bytecode: number): void {
    this.emit(bytecode);
    this.isReachable = false;
  }

  /** Where the code ends with a jump, puts a return behind it that is never reached: other VMs read code up to a return. */
  endWithReturn(bytecode: number): void {
    const last = this.items.findLast(({ kind }) => kind !== 'label');
    if (last?.kind === 'jump') this.items.push({ kind: 'bytes', bytes: [bytecode], range: last.range });
  }

  newLabel(): Label {
    return { isUsed: false, isPlaced: false, pc: -1 };
  }

  place(label: Label): void {
    if (label.isUsed) this.isReachable = true;
    label.isPlaced = true;
    this.items.push({ kind: 'label', label });
  }

  jump(kind: JumpKind, label: Label): void {
    if (!this.isReachable) return;
    label.isUsed = true;
    this.items.push({ kind, label, range: this.range, size: label.isPlaced ? MIN_BACKWARD : MIN_FORWARD[kind] });
    if (kind === 'jump') this.isReachable = false;
  }

  /** The bytes; sets `pc` of all labels. */
  assemble(): AssembledCode {
    while (this.grow(false) || this.grow(true));
    const bytes: number[] = [];
    const sourceMap: SourceMapEntry[] = [];
    for (const item of this.items) {
      if (item.kind === 'label') continue;
      const pc = bytes.length;
      if (item.kind === 'bytes') for (const byte of item.bytes) bytes.push(byte);
      else bytes.push(...encodeJump(item.kind, item.label.pc - pc - item.size, item.size));
      const { start, end } = item.range;
      const last = sourceMap.at(-1);
      if (bytes.length > pc && (last?.start !== start || last.end !== end)) sourceMap.push({ pc, start, end });
    }
    return { bytecodes: Uint8Array.from(bytes), sourceMap };
  }

  /**
   * Places the labels for the sizes so far, then lets jumps that do not reach grow; true when one did. The short forms begin
   * at distance 1: a conditional jump over nothing must be long, but that is known only when all others are settled.
   */
  private grow(areOthersSettled: boolean): boolean {
    let pc = 0;
    for (const item of this.items) {
      if (item.kind === 'label') item.label.pc = pc;
      else pc += item.kind === 'bytes' ? item.bytes.length : item.size;
    }
    let grew = false;
    let end = 0;
    for (const item of this.items) {
      if (item.kind === 'label') continue;
      end += item.kind === 'bytes' ? item.bytes.length : item.size;
      if (item.kind === 'bytes') continue;
      const distance = item.label.pc - end;
      if (distance === 0 && !areOthersSettled) continue;
      const needed = sizeOfJump(distance, item.size);
      if (needed > item.size) {
        item.size = needed;
        grew = true;
      }
    }
    return grew;
  }
}
