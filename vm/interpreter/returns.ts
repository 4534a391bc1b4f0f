/**
 * Returns that are more than a step to the sender: from a block to its home's sender, through `ensure:` blocks, and to
 * contexts that are gone.
 *
 * A non-local return looks down the sender chain for the sender of the closure's home. Meets it a context whose method is
 * marked by primitive 198 (`ensure:`, `ifCurtailed:`), the image runs the unwind block: #aboutToReturn:through: is sent to
 * the active context. Is the home's sender not on the chain, #cannotReturn: is sent instead. Contexts left behind lose sender and
 * pc, so that nobody returns into them. Source: Spur's StackInterpreter, "commonReturn".
 */
import { homeOf, isContext as isContextOf } from '../memory/contexts.ts';
import { primitiveNumberOf } from '../memory/method-access.ts';
import { isImmediate, type Oop } from '../memory/oop.ts';
import { ClosureSlot, ContextSlot, SpecialObject } from '../memory/well-known.ts';
import type { Interpreter } from './interpreter.ts';

export const UNWIND_MARKER = 198;
export const HANDLER_MARKER = 199;

export const isContext = (vm: Interpreter, oop: Oop): boolean => isContextOf(vm.memory, oop);

export function senderOf(vm: Interpreter, context: Oop): Oop {
  return vm.memory.fetchPointer(context, ContextSlot.SENDER);
}

/** True when the context runs a method (not a block) marked by that primitive. */
export function isMarked(vm: Interpreter, context: Oop, marker: number): boolean {
  const { memory } = vm;
  if (memory.fetchPointer(context, ContextSlot.CLOSURE) !== memory.nil) return false;
  const method = memory.fetchPointer(context, ContextSlot.METHOD);
  return !isImmediate(method) && memory.isCompiledMethod(method) && primitiveNumberOf(memory, method) === marker;
}

/** Makes sure that nothing ever returns into the context, and takes it back where nobody knows it. */
export function abandon(vm: Interpreter, context: Oop): void {
  const { memory, contexts } = vm;
  if (contexts.isPrivate(context)) {
    contexts.release(context);
    return;
  }
  memory.storePointer(context, ContextSlot.SENDER, memory.nil);
  memory.storePointer(context, ContextSlot.PC, memory.nil);
}

/**
 * Leaves the active method context for its sender, which is gone, unusable or known to Smalltalk code. `pcOfReturn` is the
 * heap offset of the return bytecode, where the context goes on should #cannotReturn: come back.
 */
export function returnToSender(vm: Interpreter, value: Oop, pcOfReturn: number): void {
  const sender = senderOf(vm, vm.context);
  if (sender === vm.memory.nil && vm.hostCalls.returnFromBase(value)) return;
  if (!vm.isResumable(sender)) {
    cannotReturn(vm, value, pcOfReturn);
    return;
  }
  leaveTo(vm, sender, value);
}

/** `^ value` from a block. */
export function nonLocalReturn(vm: Interpreter, value: Oop, pcOfReturn: number): void {
  const { memory } = vm;
  const home = homeOfActive(vm);
  const target = home === undefined ? memory.nil : senderOf(vm, home);
  if (home === undefined || target === memory.nil) {
    if (home !== undefined && isBaseOfActive(vm, home) && vm.hostCalls.returnFromBase(value)) return;
    cannotReturn(vm, value, pcOfReturn);
    return;
  }
  let unwind = memory.nil;
  let context = senderOf(vm, vm.context);
  while (context !== target) {
    if (!isContext(vm, context)) {
      cannotReturn(vm, value, pcOfReturn);
      return;
    }
    if (unwind === memory.nil && isMarked(vm, context, UNWIND_MARKER)) unwind = context;
    context = senderOf(vm, context);
  }
  // Images from before `ensure:` have no selector for it.
  if (unwind !== memory.nil && memory.specialObject(SpecialObject.SELECTOR_ABOUT_TO_RETURN) !== memory.nil) {
    vm.pc = pcOfReturn;
    vm.writeRegisters();
    vm.contexts.expose(vm.context);
    vm.push(vm.context);
    vm.push(value);
    vm.push(unwind);
    vm.send(memory.specialObject(SpecialObject.SELECTOR_ABOUT_TO_RETURN), 2);
    return;
  }
  if (!vm.isResumable(target)) {
    cannotReturn(vm, value, pcOfReturn);
    return;
  }
  leaveTo(vm, target, value);
}

/** The method context in which the active block was made, or undefined where the closure has none. */
function homeOfActive(vm: Interpreter): Oop | undefined {
  const { memory } = vm;
  let context = homeOf(memory, vm.context);
  for (;;) {
    const closure = memory.fetchPointer(context, ContextSlot.CLOSURE);
    if (closure === memory.nil) return context;
    const outer = isImmediate(closure) ? closure : memory.fetchPointer(closure, ClosureSlot.OUTER_CONTEXT);
    if (!isContext(vm, outer)) return undefined;
    context = outer;
  }
}

/** True when `home` is the last context of the active chain, and no unwind block stands in the way. */
function isBaseOfActive(vm: Interpreter, home: Oop): boolean {
  let context = vm.context;
  while (isContext(vm, context)) {
    if (context === home) return true;
    if (isMarked(vm, context, UNWIND_MARKER)) return false;
    context = senderOf(vm, context);
  }
  return false;
}

/** Abandons all contexts above `target`, and pushes the value there. */
function leaveTo(vm: Interpreter, target: Oop, value: Oop): void {
  let context = vm.context;
  while (context !== target) {
    const next = senderOf(vm, context);
    abandon(vm, context);
    context = next;
  }
  vm.context = target;
  vm.readRegisters();
  vm.push(value);
}

function cannotReturn(vm: Interpreter, value: Oop, pcOfReturn: number): void {
  vm.pc = pcOfReturn;
  vm.writeRegisters();
  vm.contexts.expose(vm.context);
  vm.push(vm.context);
  vm.push(value);
  vm.send(vm.memory.specialObject(SpecialObject.SELECTOR_CANNOT_RETURN), 1);
}
