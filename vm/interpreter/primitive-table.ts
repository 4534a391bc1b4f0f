/**
 * Which function runs a primitive. The table belongs to one VM; the functions come from primitives/, which vm/ never
 * imports. A number's function stands at its number; named ones (`<primitive: 'name' module: 'module'>`, number 117) get an
 * index above when they are first asked for, so that the method cache holds one small integer for either kind.
 */

import { literalAt, literalCountOf, primitiveNumberOf } from '../memory/method-access.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import { isImmediate, type Oop } from '../memory/oop.ts';
import type { Interpreter } from './interpreter.ts';
import type { PrimitiveFunction } from './primitive.ts';

export type Primitive = PrimitiveFunction<Interpreter>;

/** One primitive as a family lists it: with a number, or with a module and name. */
export type PrimitiveDefinition =
  | { readonly number: number; readonly name: string; readonly run: Primitive }
  | { readonly module: string; readonly name: string; readonly run: Primitive };

/** A number, or `module.name`. */
export interface MissingPrimitive {
  readonly primitive: number | string;
  readonly count: number;
}

export const NAMED_PRIMITIVE = 117;
/** Numbers of quick returns: the interpreter runs them itself. */
export const FIRST_QUICK_PRIMITIVE = 256;
export const LAST_QUICK_PRIMITIVE = 519;
const FIRST_NAMED_INDEX = 1024;

export class PrimitiveTable {
  /** By primitive index; a hole fails. */
  readonly functions: (Primitive | undefined)[] = new Array<Primitive | undefined>(FIRST_NAMED_INDEX).fill(undefined);
  private readonly namedIndices = new Map<string, number>();
  /** By index: how often a primitive was asked for that nobody provides. */
  private readonly missing = new Map<number, number>();

  add(definitions: readonly PrimitiveDefinition[]): void {
    for (const definition of definitions) {
      if ('number' in definition) this.functions[definition.number] = definition.run;
      else this.functions[this.namedIndex(definition.module, definition.name)] = definition.run;
    }
  }

  /** The primitive index of a method: 0 when it has none. A name that nobody provides gets an index with a hole. */
  indexFor(memory: ObjectMemory, method: Oop): number {
    const number = primitiveNumberOf(memory, method);
    if (number !== NAMED_PRIMITIVE) return number < FIRST_NAMED_INDEX ? number : FIRST_NAMED_INDEX - 1;
    if (literalCountOf(memory, method) === 0) return number;
    const spec = literalAt(memory, method, 0);
    if (isImmediate(spec) || !memory.isPointers(spec) || memory.slotCountOf(spec) < 2) return number;
    return this.namedIndex(textOf(memory, memory.fetchPointer(spec, 0)), textOf(memory, memory.fetchPointer(spec, 1)));
  }

  noteMissing(index: number): void {
    this.missing.set(index, (this.missing.get(index) ?? 0) + 1);
  }

  /** What the image asked for in vain, the most wanted first. */
  missingPrimitives(): MissingPrimitive[] {
    const names = new Map(Array.from(this.namedIndices, ([key, index]) => [index, key]));
    return Array.from(this.missing, ([index, count]) => ({ primitive: names.get(index) ?? index, count })).sort(
      (a, b) => b.count - a.count,
    );
  }

  private namedIndex(module: string, name: string): number {
    const key = `${module}.${name}`;
    let index = this.namedIndices.get(key);
    if (index === undefined) {
      index = this.functions.length;
      this.functions.push(undefined);
      this.namedIndices.set(key, index);
    }
    return index;
  }
}

/** Module names may be nil: the VM's own. */
const textOf = (memory: ObjectMemory, oop: Oop): string =>
  !isImmediate(oop) && memory.isBytes(oop) ? memory.stringValueOf(oop) : '';
