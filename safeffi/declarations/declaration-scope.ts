/**
 * Names declared so far: functions, typedefs, tags and constants, in the name spaces that C gives them (C17 6.2.3). A
 * name may be declared again as the same, never as another.
 */
import type { ExactInteger } from '../address.ts';
import { exact } from '../address.ts';
import { type CType, scalarTypes } from '../types/scalar-types.ts';
import type { Signature } from '../types/signature.ts';
import { typeText } from '../types/type-text.ts';
import type { Constant } from './constant-expression.ts';
import { DeclarationProblem } from './declaration-error.ts';

export interface Variable {
  readonly type: CType;
  readonly isConstant: boolean;
}

/** What a text declared. */
export interface Declarations {
  readonly functions: ReadonlyMap<string, Signature>;
  /** Global variables. */
  readonly variables: ReadonlyMap<string, Variable>;
  readonly typedefs: ReadonlyMap<string, CType>;
  /** Structs, unions and enums by tag, with the keyword: `struct point`. */
  readonly tags: ReadonlyMap<string, CType>;
  /** Of enums. */
  readonly constants: ReadonlyMap<string, ExactInteger>;
}

export class DeclarationScope {
  readonly #functions = new Map<string, Signature>();
  readonly #variables = new Map<string, Variable>();
  readonly #typedefs: Map<string, CType>;
  readonly #tags: Map<string, CType>;
  readonly #constants: Map<string, Constant>;

  constructor() {
    this.#typedefs = new Map();
    this.#tags = new Map();
    this.#constants = new Map();
  }

  get result(): Declarations {
    const constants = [...this.#constants].map(([name, { value }]): [string, ExactInteger] => [name, exact(value)]);
    return {
      functions: this.#functions,
      variables: this.#variables,
      typedefs: this.#typedefs,
      tags: this.#tags,
      constants: new Map(constants),
    };
  }

  /** A typedef, or a scalar that headers define (`size_t`, `bool`). */
  type(name: string): CType | undefined {
    return this.#typedefs.get(name) ?? scalarTypes.get(name);
  }

  constant(name: string): Constant | undefined {
    return this.#constants.get(name);
  }

  /** The type of a tag; tags of all kinds share one name space. */
  tag(at: number, keyword: string, tag: string): CType | undefined {
    const other = ['struct', 'union', 'enum'].find((word) => word !== keyword && this.#tags.has(`${word} ${tag}`));
    if (other !== undefined)
      throw new DeclarationProblem(at, `${tag} is declared as ${other} above, here as ${keyword}`);
    return this.#tags.get(`${keyword} ${tag}`);
  }

  addTag(keyword: string, tag: string, type: CType): void {
    this.#tags.set(`${keyword} ${tag}`, type);
  }

  addConstant(at: number, name: string, constant: Constant): void {
    this.#refuseOther(at, name, 'constant');
    if (this.#constants.has(name)) throw new DeclarationProblem(at, `constant ${name} is declared twice`);
    this.#constants.set(name, constant);
  }

  addTypedef(at: number, name: string, type: CType): void {
    this.#refuseOther(at, name, 'typedef');
    const known = this.#typedefs.get(name);
    if (known !== undefined && known !== type && (known.kind === 'struct' || typeText(known) !== typeText(type)))
      throw new DeclarationProblem(at, `${name} is declared as ${typeText(known)} above, here as ${typeText(type)}`);
    this.#typedefs.set(name, type);
  }

  addFunction(at: number, name: string, signature: Signature): void {
    this.#refuseOther(at, name, 'function');
    const known = this.#functions.get(name);
    if (known !== undefined && known.key !== signature.key)
      throw new DeclarationProblem(at, `${name} is declared as ${known.key} above, here as ${signature.key}`);
    this.#functions.set(name, signature);
  }

  addVariable(at: number, name: string, type: CType, isConstant: boolean): void {
    this.#refuseOther(at, name, 'variable');
    const known = this.#variables.get(name);
    if (known !== undefined && typeText(known.type) !== typeText(type))
      throw new DeclarationProblem(
        at,
        `${name} is declared as ${typeText(known.type)} above, here as ${typeText(type)}`,
      );
    this.#variables.set(name, { type, isConstant });
  }

  /** Functions, variables, typedefs and constants share one name space. */
  #refuseOther(at: number, name: string, as: 'constant' | 'typedef' | 'function' | 'variable'): void {
    const found = [
      ['constant', this.#constants] as const,
      ['typedef', this.#typedefs] as const,
      ['function', this.#functions] as const,
      ['variable', this.#variables] as const,
    ].find(([kind, names]) => kind !== as && names.has(name));
    if (found !== undefined)
      throw new DeclarationProblem(at, `${name} is declared as ${found[0]} above, here as ${as}`);
  }
}
