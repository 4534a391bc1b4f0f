/**
 * What runs when an image is resumed: the stack of the process that was active when it was saved, as names of methods. Older images keep no
 * selector in a method, so it is looked for in the method dictionaries of the receiver's class and those above.
 *
 * Contract: the heap verifier found nothing wrong. Reads only.
 */
import { ContextPrinter } from '../../vm/debug/context-printer.ts';
import { homeOf, isContext } from '../../vm/memory/contexts.ts';
import { homeMethodOf } from '../../vm/memory/method-access.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { isImmediate, type Oop } from '../../vm/memory/oop.ts';
import {
  AssociationSlot,
  BehaviorSlot,
  ContextSlot,
  MethodDictionarySlot,
  ProcessSlot,
  SchedulerSlot,
  SpecialObject,
} from '../../vm/memory/well-known.ts';

/** A stack, or a chain of superclasses, that closes in itself ends here too. */
const MOST_FRAMES = 50;
const MOST_SUPERCLASSES = 1000;

/** Innermost first; none where no process was active, as in an image that was built and never ran. */
export function startingFrames(memory: ObjectMemory): string[] {
  const scheduler = slotOf(memory, memory.specialObject(SpecialObject.SCHEDULER_ASSOCIATION), AssociationSlot.VALUE);
  const active = slotOf(memory, scheduler, SchedulerSlot.ACTIVE_PROCESS);
  const printer = new ContextPrinter(memory);
  const frames: string[] = [];
  let context = slotOf(memory, active, ProcessSlot.SUSPENDED_CONTEXT);
  while (isContext(memory, context) && frames.length < MOST_FRAMES) {
    const home = homeOf(memory, context);
    const isBlock = home !== context || slotOf(memory, context, ContextSlot.CLOSURE) !== memory.nil;
    const name = nameInDictionaries(memory, home) ?? printer.frame(home).name.replace('[ ] in ', '');
    frames.push(isBlock ? `[ ] in ${name}` : name);
    context = memory.fetchPointer(context, ContextSlot.SENDER);
  }
  return frames;
}

/** nil where `oop` has no such slot. */
function slotOf(memory: ObjectMemory, oop: Oop, index: number): Oop {
  const hasSlot = !isImmediate(oop) && memory.isPointers(oop) && memory.slotCountOf(oop) > index;
  return hasSlot ? memory.fetchPointer(oop, index) : memory.nil;
}

/** The method of a context under the name by which its receiver finds it. */
function nameInDictionaries(memory: ObjectMemory, context: Oop): string | undefined {
  const code = slotOf(memory, context, ContextSlot.METHOD);
  if (isImmediate(code) || !memory.isCompiledMethod(code)) return undefined;
  const method = homeMethodOf(memory, code);
  const receiverClass = memory.classOf(slotOf(memory, context, ContextSlot.RECEIVER));
  let behavior = receiverClass;
  for (let depth = 0; behavior !== memory.nil && depth < MOST_SUPERCLASSES; depth++) {
    const dictionary = slotOf(memory, behavior, BehaviorSlot.METHOD_DICTIONARY);
    const methods = slotOf(memory, dictionary, MethodDictionarySlot.METHODS);
    const count = methods === memory.nil || isImmediate(methods) ? 0 : memory.slotCountOf(methods);
    for (let i = 0; i < count; i++) {
      if (slotOf(memory, methods, i) !== method) continue;
      const selector = slotOf(memory, dictionary, MethodDictionarySlot.FIRST_KEY + i);
      if (isImmediate(selector) || !memory.isBytes(selector)) return undefined;
      const name = memory.nameOfClass(receiverClass);
      const where = behavior === receiverClass ? name : `${name}(${memory.nameOfClass(behavior)})`;
      return `${where}>>${memory.stringValueOf(selector)}`;
    }
    behavior = slotOf(memory, behavior, BehaviorSlot.SUPERCLASS);
  }
  return undefined;
}
