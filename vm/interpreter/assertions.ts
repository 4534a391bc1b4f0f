/**
 * Assert mode: what must hold at every safepoint, checked there. Slow, and never needed for a program to run; a broken
 * invariant is a VMBug that names what is wrong, close to where it went wrong.
 *
 * At each safepoint: pc and stack pointer lie inside the active context and its code, and the contexts below can be gone
 * through. Around each collection: the whole heap, by the HeapVerifier.
 */
import { homeOf, isContext } from '../memory/contexts.ts';
import { assertSoundHeap } from '../memory/heap-verifier.ts';
import { bytecodeEndOf, bytecodeStartOf, methodNameOf } from '../memory/method-access.ts';
import { isImmediate, NO_OOP } from '../memory/oop.ts';
import { ContextSlot } from '../memory/well-known.ts';
import { VMBug } from '../vm-bug.ts';
import type { Interpreter } from './interpreter.ts';

/** Contexts of the active chain that are looked at; the verifier sees the rest. */
const CHECKED_SENDERS = 1000;

/** Turns the checks on for good. */
export function enableAssertions(vm: Interpreter): void {
  vm.safepoint.assertions.push(() => checkRegisters(vm));
  const collect = vm.collector;
  vm.collector = (what) => {
    assertSoundHeap(vm.memory, 'before a collection');
    collect(what);
    assertSoundHeap(vm.memory, 'after a collection');
  };
}

/** Contract: pc and sp are stored. Throws VMBug. */
export function checkRegisters(vm: Interpreter): void {
  const { memory, context, pc, sp } = vm;
  if (context === NO_OOP) return;
  const slots = (context >> 2) + 2;
  const method = memory.fetchPointer(homeOf(memory, context), ContextSlot.METHOD);
  if (isImmediate(method) || !memory.isCompiledMethod(method))
    throw new VMBug('bad-method', 'the active context has no code to run', { context, method });
  const start = bytecodeStartOf(memory, method);
  const end = bytecodeEndOf(memory, method);
  if (pc < start || pc > end)
    throw new VMBug(
      'bad-pc',
      `pc is ${pc - start} bytes into the bytecodes of ${methodNameOf(memory, method)}, which has ${end - start}`,
      { context, pc },
    );
  const depth = sp - (slots + ContextSlot.STACK) + 1;
  const room = memory.slotCountOf(context) - ContextSlot.STACK;
  if (depth < 0 || depth > room)
    throw new VMBug(
      'bad-stack-pointer',
      `the stack of ${methodNameOf(memory, method)} is ${depth} deep, its context has room for ${room}`,
      { context, sp },
    );
  checkSenders(vm);
}

function checkSenders(vm: Interpreter): void {
  const { memory } = vm;
  let sender = memory.fetchPointer(vm.context, ContextSlot.SENDER);
  for (let count = 0; count < CHECKED_SENDERS && sender !== memory.nil; count++) {
    if (!isContext(memory, sender))
      throw new VMBug('bad-sender', `sender ${count + 1} of the active context is ${sender}, which is no context`, {
        context: vm.context,
        sender,
      });
    sender = memory.fetchPointer(sender, ContextSlot.SENDER);
  }
}
