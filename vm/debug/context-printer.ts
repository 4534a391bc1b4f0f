/**
 * Shows contexts as frames of a Smalltalk stack, innermost first: `Demo>>copyName (line 4)`, `[ ] in Demo>>run (line 2)`,
 * `SmallInteger(Object)>>foo (line 1)` where the method was inherited. Runs no Smalltalk code.
 *
 * What a line is the compiler knows, not the VM: whoever makes a printer may give it a look-up from a place in the
 * bytecodes to a line. Without one, or where it answers undefined, frames show no line.
 */
import { homeOf, isContext } from '../memory/contexts.ts';
import { bytecodeOffsetOf, isCompiledBlock } from '../memory/method-access.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerValue } from '../memory/oop.ts';
import { ContextSlot } from '../memory/well-known.ts';
import { ownerOf } from './method-owner.ts';
import { ObjectPrinter } from './object-printer.ts';

/**
 * Line, from 1, of the source of the code's home method. `pc` is the offset, from 0 at the first bytecode, of the last byte
 * that the context has executed: an entry of a source map with the greatest pc not beyond it is the one.
 */
export type LineLookup = (code: Oop, pc: number) => number | undefined;

export interface Frame {
  readonly context: Oop;
  /** The method or block that runs. */
  readonly code: Oop;
  readonly receiver: Oop;
  readonly isBlock: boolean;
  /** `Demo>>copyName`, `[ ] in Demo>>copyName`. */
  readonly name: string;
  readonly line: number | undefined;
}

export class ContextPrinter {
  private readonly memory: ObjectMemory;
  private readonly lineLookup: LineLookup;

  constructor(memory: ObjectMemory, lineLookup: LineLookup = () => undefined) {
    this.memory = memory;
    this.lineLookup = lineLookup;
  }

  /** The context and its senders, at most `maxFrames` of them. */
  frames(context: Oop, maxFrames = 1000): Frame[] {
    const frames: Frame[] = [];
    let current = context;
    while (this.isContext(current) && frames.length < maxFrames) {
      frames.push(this.frame(current));
      current = this.memory.fetchPointer(current, ContextSlot.SENDER);
    }
    return frames;
  }

  frame(context: Oop): Frame {
    const { memory } = this;
    const home = homeOf(memory, context);
    const code = memory.fetchPointer(home, ContextSlot.METHOD);
    const receiver = memory.fetchPointer(home, ContextSlot.RECEIVER);
    if (isImmediate(code) || !memory.isCompiledMethod(code))
      return { context, code, receiver, isBlock: false, name: 'a context without a method', line: undefined };
    const isBlock = home !== context || isCompiledBlock(memory, code);
    return {
      context,
      code,
      receiver,
      isBlock,
      name: this.nameOf(code, receiver, isBlock),
      line: this.lineOf(context, code),
    };
  }

  /** `Demo>>copyName (line 4)`. */
  printFrame(frame: Frame): string {
    return frame.line === undefined ? frame.name : `${frame.name} (line ${frame.line})`;
  }

  /** One string a frame, innermost first; a last one counts the frames that are left out. */
  printStack(context: Oop, maxFrames = 50): string[] {
    const lines = this.frames(context, maxFrames).map((frame) => this.printFrame(frame));
    const total = this.depthOf(context);
    return total > lines.length ? [...lines, `… ${total - lines.length} more frames`] : lines;
  }

  /** The frame with its receiver and the values on its stack: arguments, temps, then what the expression has pushed. */
  describe(context: Oop): string {
    const { memory } = this;
    const printer = new ObjectPrinter(memory);
    const frame = this.frame(context);
    const stackp = memory.fetchPointer(context, ContextSlot.STACKP);
    const depth = isSmallInteger(stackp) ? smallIntegerValue(stackp) : 0;
    const lines = [this.printFrame(frame), `  receiver: ${printer.line(frame.receiver)}`];
    for (let i = 0; i < depth; i++)
      lines.push(`  stack ${i}: ${printer.line(memory.fetchPointer(context, ContextSlot.STACK + i))}`);
    return lines.join('\n');
  }

  private depthOf(context: Oop): number {
    let depth = 0;
    let current = context;
    // No chain is longer than the heap has room for contexts; a damaged one may be a ring.
    const most = this.memory.freeStart / 32;
    while (this.isContext(current) && depth < most) {
      depth++;
      current = this.memory.fetchPointer(current, ContextSlot.SENDER);
    }
    return depth;
  }

  private isContext(oop: Oop): boolean {
    return isContext(this.memory, oop);
  }

  private nameOf(code: Oop, receiver: Oop, isBlock: boolean): string {
    const { memory } = this;
    const { behavior: methodClass, selector } = ownerOf(memory, code, receiver);
    const receiverClass = memory.classNameOf(receiver);
    const className = methodClass === undefined ? receiverClass : memory.nameOfClass(methodClass);
    const shownClass = className === receiverClass ? className : `${receiverClass}(${className})`;
    const name = `${shownClass}>>${selector === undefined ? '?' : memory.stringValueOf(selector)}`;
    return isBlock ? `[ ] in ${name}` : name;
  }

  /** A context's pc counts from 1 over the whole body and names the byte to be executed next. */
  private lineOf(context: Oop, code: Oop): number | undefined {
    const { memory } = this;
    const pc = memory.fetchPointer(context, ContextSlot.PC);
    if (!isSmallInteger(pc)) return undefined;
    return this.lineLookup(code, Math.max(0, smallIntegerValue(pc) - 2 - bytecodeOffsetOf(memory, code)));
  }
}
