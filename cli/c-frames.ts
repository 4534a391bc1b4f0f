/**
 * Frames of C between frames of Smalltalk: where C called a block back, a stack of Smalltalk holds the frames that waited for
 * C and evaluated the block. For a person they are one: the function that C is in.
 */
import type { FfiBridge } from '../primitives/ffi/index.ts';
import type { ObjectMemory } from '../vm/memory/object-memory.ts';
import { isImmediate, isSmallInteger, type Oop, smallIntegerValue } from '../vm/memory/oop.ts';
import { ContextSlot } from '../vm/memory/well-known.ts';

/** From the block's evaluation outwards to the method that made the callout. */
const WAITING_FOR_C =
  /^(\[ ?\] in )?(FFICallbackActivation|FFIRunningCallout)( class)?>>|>>(ifCurtailed:|ensure:) |^FFIFault class>>recoverFrom: |>>ffiCall:/;
const EVALUATES = /^FFICallbackActivation>>evaluate /;
const MADE_CALLOUT = /^\w+( class)?(\(\w+( class)?\))?>>ffiCall:/;
const CALLBACK_BLOCK =
  /^FFICallback(\(\w+\))?>>evaluateWithArguments: |^FullBlockClosure\(BlockClosure\)>>(valueWithArguments:|on:do:) /;

/** `lines` are those of `contexts`, innermost first; each round through C becomes one line, `C: qsort (libc.so.6)`. */
export function withFramesOfC(lines: readonly string[], functionAt: (index: number) => string | undefined): string[] {
  const shown: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    if (!EVALUATES.test(lines[i]!)) {
      shown.push(lines[i]!);
      continue;
    }
    let end = i;
    let name: string | undefined;
    while (end < lines.length && WAITING_FOR_C.test(lines[end]!) && !MADE_CALLOUT.test(lines[end]!)) {
      name ??= functionAt(end);
      end++;
    }
    if (name === undefined) {
      shown.push(lines[i]!);
      continue;
    }
    while (shown.length > 0 && CALLBACK_BLOCK.test(shown.at(-1)!)) shown.pop();
    shown.push(`C: ${name}`);
    i = MADE_CALLOUT.test(lines[end] ?? '') ? end : end - 1;
  }
  return shown;
}

/** The function of the callout that an FFIRunningCallout, the receiver of that context, waits for. */
export function calloutOf(memory: ObjectMemory, ffi: FfiBridge, context: Oop): string | undefined {
  const receiver = memory.fetchPointer(context, ContextSlot.RECEIVER);
  if (isImmediate(receiver) || memory.classNameOf(receiver) !== 'FFIRunningCallout') return undefined;
  const id = memory.fetchPointer(receiver, 0);
  const running = isSmallInteger(id) ? ffi.running.at(smallIntegerValue(id)) : undefined;
  if (running === undefined) return undefined;
  const { name, library } = running.callout.prepared;
  return `${name} (${library.split('/').at(-1)})`;
}
