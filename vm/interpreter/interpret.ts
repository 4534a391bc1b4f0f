/** Runs the active context and what it leads to, with the loop of the instruction set that its method's header names. */
import { homeOf } from '../memory/contexts.ts';
import { headerIsSista, methodHeaderOf } from '../memory/method-access.ts';
import { ContextSlot } from '../memory/well-known.ts';
import type { Interpreter } from './interpreter.ts';
import { interpretSista } from './loop.ts';
import { interpretV3 } from './loop-v3.ts';
import { StopReason } from './stop-reason.ts';

/** Runs until `vm.stop` says to leave off. Contract: a context is active, and the registers are read from it. */
export function interpret(vm: Interpreter): void {
  const { memory } = vm;
  do {
    const method = memory.fetchPointer(homeOf(memory, vm.context), ContextSlot.METHOD);
    if (headerIsSista(methodHeaderOf(memory, method))) interpretSista(vm);
    else interpretV3(vm);
  } while (vm.stop === StopReason.NONE);
}
