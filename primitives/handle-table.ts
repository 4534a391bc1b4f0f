/**
 * What one VM has open for its image, files and directories, each known there by a ByteArray of eight bytes: a number that no other VM gives out, and
 * that of the thing. A handle of another session, or of what was closed, leads to nothing.
 */
import type { Interpreter } from '../vm/interpreter/interpreter.ts';
import type { Oop } from '../vm/memory/oop.ts';
import { ClassIndex } from '../vm/memory/well-known.ts';
import { isByteObject } from './operands.ts';

const HANDLE_BYTES = 8;

export class HandleTable<T> {
  private readonly session = (Math.random() * 0x3fffffff) | 0;
  private readonly open = new Map<number, T>();
  private next = 0;

  /** Numbers count from 0, and are not given out again. */
  add(item: T): number {
    this.open.set(this.next, item);
    return this.next++;
  }

  handle({ memory }: Interpreter, number: number): Oop {
    const oop = memory.allocateBytes(ClassIndex.BYTE_ARRAY, HANDLE_BYTES);
    const first = memory.bodyOf(oop) >> 2;
    memory.i32[first] = this.session;
    memory.i32[first + 1] = number;
    return oop;
  }

  private numberOf({ memory }: Interpreter, oop: Oop): number {
    if (!isByteObject(memory, oop) || memory.byteSizeOf(oop) < HANDLE_BYTES) return -1;
    const first = memory.bodyOf(oop) >> 2;
    return memory.i32[first] === this.session ? memory.i32[first + 1]! : -1;
  }

  at(vm: Interpreter, oop: Oop): T | undefined {
    return this.open.get(this.numberOf(vm, oop));
  }

  remove(vm: Interpreter, oop: Oop): void {
    this.open.delete(this.numberOf(vm, oop));
  }
}
