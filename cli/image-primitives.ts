/**
 * Which primitives the methods of an image name, and which of them the VM that would run it has: the same look-up that a send makes. Nothing of
 * the image runs.
 */
import { knownName } from '../primitives/registry/known-numbers.ts';
import { FIRST_QUICK_PRIMITIVE, LAST_QUICK_PRIMITIVE, NAMED_PRIMITIVE } from '../vm/interpreter/primitive-table.ts';
import { methodNameOf, primitiveNumberOf } from '../vm/memory/method-access.ts';
import { forEachObject } from '../vm/memory/object-walk.ts';
import type { ImageSession } from './image-session.ts';

export interface NamedPrimitive {
  /** A number, or `module.name`. */
  readonly primitive: number | string;
  /** Squeak's or Pharo's name of a number; null where nobody gave it one. */
  readonly name: string | null;
  /** How many methods name it, and one of them. */
  readonly methods: number;
  readonly example: string;
  /** `other arguments`: the primitive is there, and takes another number of arguments than these methods have. */
  readonly provided: 'yes' | 'no' | 'other arguments';
}

/** In the order of numbers, then of names; quick returns, which the interpreter does itself, are left out. */
export function primitivesNamedIn({ vm, memory }: ImageSession): readonly NamedPrimitive[] {
  const table = vm.interpreter.primitives;
  const found = new Map<string, NamedPrimitive>();
  forEachObject(memory, (oop) => {
    if (!memory.isCompiledMethod(oop)) return;
    const number = primitiveNumberOf(memory, oop);
    if (number === 0 || (number >= FIRST_QUICK_PRIMITIVE && number <= LAST_QUICK_PRIMITIVE)) return;
    const index = table.indexFor(memory, oop);
    const primitive = number === NAMED_PRIMITIVE ? table.statedName(memory, oop) : number;
    const provided = table.isWrongCount(index)
      ? 'other arguments'
      : table.functions[index] === undefined
        ? 'no'
        : 'yes';
    const key = `${primitive} ${provided}`;
    const before = found.get(key);
    found.set(key, {
      primitive,
      name: typeof primitive === 'number' ? (knownName(primitive, memory.isV3) ?? null) : null,
      methods: (before?.methods ?? 0) + 1,
      example: before?.example ?? methodNameOf(memory, oop),
      provided,
    });
  });
  return [...found.values()].sort(inOrder);
}

function inOrder({ primitive: a }: NamedPrimitive, { primitive: b }: NamedPrimitive): number {
  if (typeof a === 'number') return typeof b === 'number' ? a - b : -1;
  return typeof b === 'number' ? 1 : a < b ? -1 : 1;
}

/** A line for each that is missing, after one with the counts. */
export function describePrimitives(primitives: readonly NamedPrimitive[]): string {
  const missing = primitives.filter(({ provided }) => provided !== 'yes');
  const methods = (some: readonly NamedPrimitive[]): number => some.reduce((sum, each) => sum + each.methods, 0);
  const lines = missing.map(({ primitive, name, methods: count, example, provided }) => {
    const who = count === 1 ? example : `${example} and ${count - 1} more`;
    const why = provided === 'no' ? '' : ', which has another number of arguments than the primitive takes';
    return `  ${primitive}${name === null ? '' : ` ${name}`}, in ${who}${why}`;
  });
  return [
    `primitives named: ${primitives.length}, in methods: ${methods(primitives)}; not there: ${missing.length}, in methods: ${methods(missing)}`,
    ...lines,
  ].join('\n');
}
