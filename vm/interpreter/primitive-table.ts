/**
 * Which function runs a primitive. The table belongs to one VM; the functions come from primitives/, which vm/ never
 * imports. A number's function stands at its number; named ones (`<primitive: 'name' module: 'module'>`, number 117) get an
 * index above when they are first asked for, so that the method cache holds one small integer for either kind.
 */

import {
  headerArgumentCount,
  literalAt,
  literalCountOf,
  methodHeaderOf,
  primitiveNumberOf,
} from '../memory/method-access.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import { isImmediate, type Oop } from '../memory/oop.ts';
import { PrimitiveError } from '../memory/well-known.ts';
import type { Interpreter } from './interpreter.ts';
import type { PrimitiveFunction } from './primitive.ts';

export type Primitive = PrimitiveFunction<Interpreter>;

/** A failure code by its name. */
export type FailureName = keyof typeof PrimitiveError;

interface PrimitiveFacts {
  /** The name under which Squeak's and Pharo's VMs have it, as `primitiveAdd`. */
  readonly name: string;
  /** Selectors of the methods that call it in Squeak or Pharo, separated by spaces. */
  readonly selectors?: string;
  /** How many arguments the methods may have that call it; any where it is left out, and the primitive looks itself. */
  readonly takes?: number | readonly number[];
  /** With which codes it fails; besides those, every one fails with UNSUPPORTED where the host lacks what it needs. */
  readonly fails?: readonly FailureName[];
  readonly run: Primitive;
}

/** One primitive as a family lists it: with a number, or with the module in which its name stands ('' is the VM itself). */
export type PrimitiveDefinition =
  | (PrimitiveFacts & { readonly number: number })
  | (PrimitiveFacts & { readonly module: string });

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
/** No number of a primitive: what methods get whose arguments are not those of their primitive. */
const WRONG_COUNT_INDEX = FIRST_NAMED_INDEX - 2;
const wrongCount: Primitive = (vm) => vm.fail(PrimitiveError.BAD_NUMBER_OF_ARGUMENTS);

export class PrimitiveTable {
  /** By primitive index; a hole fails. */
  readonly functions: (Primitive | undefined)[] = new Array<Primitive | undefined>(FIRST_NAMED_INDEX).fill(undefined);
  private readonly namedIndices = new Map<string, number>();
  /** By index, where it matters: how many arguments a primitive takes. */
  private readonly counts = new Map<number, readonly number[]>();
  /** By index: how often a primitive was asked for that nobody provides. */
  private readonly missing = new Map<number, number>();

  constructor() {
    this.functions[WRONG_COUNT_INDEX] = wrongCount;
  }

  /** What stands there already is replaced. */
  add(definitions: readonly PrimitiveDefinition[]): void {
    for (const definition of definitions) {
      const index = 'number' in definition ? definition.number : this.namedIndex(definition.module, definition.name);
      this.functions[index] = definition.run;
      const { takes } = definition;
      if (takes === undefined) this.counts.delete(index);
      else this.counts.set(index, typeof takes === 'number' ? [takes] : takes);
    }
  }

  /**
   * The primitive index of a method: 0 when it has none. A name that nobody provides gets an index with a hole; a method with another
   * number of arguments than the primitive takes, which would find the stack otherwise than it expects, one that always fails.
   */
  indexFor(memory: ObjectMemory, method: Oop): number {
    const index = this.statedIndexOf(memory, method);
    const counts = this.counts.get(index);
    if (counts === undefined || counts.includes(headerArgumentCount(methodHeaderOf(memory, method)))) return index;
    return WRONG_COUNT_INDEX;
  }

  /** Whether primitive `index` may be called with so many arguments. */
  takes(index: number, argumentCount: number): boolean {
    return this.counts.get(index)?.includes(argumentCount) ?? true;
  }

  private statedIndexOf(memory: ObjectMemory, method: Oop): number {
    const number = primitiveNumberOf(memory, method);
    if (number !== NAMED_PRIMITIVE) return number < FIRST_NAMED_INDEX ? number : FIRST_NAMED_INDEX - 1;
    if (literalCountOf(memory, method) === 0) return number;
    const spec = literalAt(memory, method, 0);
    if (isImmediate(spec) || !memory.isPointers(spec) || memory.slotCountOf(spec) < 2) return number;
    return this.namedIndex(textOf(memory, memory.fetchPointer(spec, 0)), textOf(memory, memory.fetchPointer(spec, 1)));
  }

  /** Whether that is what a method gets whose arguments are not those of its primitive. */
  isWrongCount(index: number): boolean {
    return index === WRONG_COUNT_INDEX;
  }

  /** What a method with a named primitive asks for: `module.name`. */
  statedName(memory: ObjectMemory, method: Oop): string {
    const index = this.statedIndexOf(memory, method);
    for (const [key, each] of this.namedIndices) if (each === index) return key;
    return '.';
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

  /** The modules that have primitives, in the order of their names; the VM's own stand in none. */
  moduleNames(): string[] {
    const modules = new Set<string>();
    for (const [key, index] of this.namedIndices)
      if (this.functions[index] !== undefined) modules.add(key.slice(0, key.indexOf('.')));
    modules.delete('');
    return [...modules].sort();
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
