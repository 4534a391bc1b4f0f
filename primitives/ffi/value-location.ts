/**
 * Where a callout finds the value that a name in its signature stands for, and how it is read while the callout runs: from
 * the context that made it, one further out, or the receiver. Reading allocates nothing.
 */
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import type { Oop } from '../../vm/memory/oop.ts';
import { AssociationSlot, ClosureSlot, ContextSlot } from '../../vm/memory/well-known.ts';

/** `hops` counts closures outwards: 0 is the context that makes the callout. */
export type ValueLocation =
  | { readonly kind: 'receiver' }
  | { readonly kind: 'instanceVariable'; readonly index: number }
  | { readonly kind: 'temp'; readonly hops: number; readonly index: number }
  | { readonly kind: 'vector'; readonly hops: number; readonly vector: number; readonly index: number }
  | { readonly kind: 'binding'; readonly association: Oop };

/** What the host knows of names in the image's code: its compiler does. */
export interface NameResolver {
  /** Where `name` lives, as the code of `context` sees it; undefined when nothing of that name is in sight. */
  locate(context: Oop, name: string): ValueLocation | undefined;
  /** How many arguments the method (or block) of `context` has, or undefined for a doit, which has none to give. */
  argumentCount(context: Oop): number | undefined;
}

function contextAt(memory: ObjectMemory, context: Oop, hops: number): Oop {
  let at = context;
  for (let i = 0; i < hops; i++)
    at = memory.fetchPointer(memory.fetchPointer(at, ContextSlot.CLOSURE), ClosureSlot.OUTER_CONTEXT);
  return at;
}

/** The value there now. */
export function readLocation(memory: ObjectMemory, context: Oop, location: ValueLocation): Oop {
  switch (location.kind) {
    case 'temp':
      return memory.fetchPointer(contextAt(memory, context, location.hops), ContextSlot.STACK + location.index);
    case 'receiver':
      return memory.fetchPointer(context, ContextSlot.RECEIVER);
    case 'instanceVariable':
      return memory.fetchPointer(memory.fetchPointer(context, ContextSlot.RECEIVER), location.index);
    case 'vector': {
      const outer = contextAt(memory, context, location.hops);
      return memory.fetchPointer(memory.fetchPointer(outer, ContextSlot.STACK + location.vector), location.index);
    }
    case 'binding':
      return memory.fetchPointer(location.association, AssociationSlot.VALUE);
  }
}
