/**
 * The compiler at the service of a running image: source in, method objects out; and, the other way round, what the source
 * of an installed method says about it: the lines of its bytecodes, the names of its temps.
 *
 * Code that was compiled before is remembered by class and source, so that a fault's stack or a breakpoint costs no second
 * compilation. Objects are looked up anew in each call, so nothing here minds that they move.
 */
import {
  bytecodeOffsetOf,
  literalAt,
  literalCountOf,
  methodClassOf,
  outerCodeOf,
  selectorOf,
  sourceOf,
} from '../../vm/memory/method-access.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { type Oop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { ClosureSlot, ContextSlot } from '../../vm/memory/well-known.ts';
import { CodeInstaller } from '../builder/code-installer.ts';
import { compileDoit, compileMethod } from '../compiler/compile.ts';
import { CompileError, type SourceOrigin } from '../compiler/compile-error.ts';
import type { CompiledBlockCode, CompiledMethodCode, VariableInfo } from '../compiler/compiled-code.ts';
import { DOIT_SELECTOR } from '../compiler/parser.ts';
import { ImageEnvironment } from './image-environment.ts';
import { imageSymbols } from './image-symbols.ts';

type Code = CompiledMethodCode | CompiledBlockCode;

/** Where a named value lives, as seen from a context: `hops` counts closures outwards. */
export type NameLocation =
  | { readonly kind: 'instanceVariable'; readonly index: number }
  | { readonly kind: 'temp'; readonly hops: number; readonly index: number }
  | { readonly kind: 'vector'; readonly hops: number; readonly vector: number; readonly index: number }
  | { readonly kind: 'binding'; readonly association: Oop };

/** Methods whose compiled form is remembered. */
const REMEMBERED = 512;

export class ImageCompiler {
  private readonly memory: ObjectMemory;
  private readonly remembered = new Map<string, CompiledMethodCode>();

  constructor(memory: ObjectMemory) {
    this.memory = memory;
  }

  /** A method of UndefinedObject that answers the last statement's value. Throws CompileError or InstallError. */
  compileDoit(source: string, origin: SourceOrigin = {}): Oop {
    const { memory } = this;
    const environment = new ImageEnvironment(memory);
    const behavior = memory.classOf(memory.nil);
    const code = compileDoit(source, environment.scopeOfDoit(), origin);
    return this.install(code, behavior, environment);
  }

  /** A method of `behavior`, in no method dictionary yet. Throws CompileError or InstallError. */
  compileMethod(source: string, behavior: Oop, origin: SourceOrigin = {}): Oop {
    const environment = new ImageEnvironment(this.memory);
    const code = compileMethod(source, environment.scopeOf(behavior), {
      className: this.memory.nameOfClass(behavior),
      ...origin,
    });
    return this.install(code, behavior, environment);
  }

  private install(code: CompiledMethodCode, behavior: Oop, environment: ImageEnvironment): Oop {
    const { memory } = this;
    this.remember(this.keyOf(code.source, behavior), code);
    const installer = new CodeInstaller(memory, imageSymbols(memory, environment), environment);
    const binding = environment.bindingOfClass(behavior) ?? installer.association(memory.nil, behavior);
    return installer.method(code, behavior, binding);
  }

  private keyOf(source: string, behavior: Oop): string {
    return `${this.memory.nameOfClass(behavior)}\0${source}`;
  }

  private remember(key: string, code: CompiledMethodCode): void {
    if (this.remembered.size >= REMEMBERED) {
      const oldest = this.remembered.keys().next();
      if (!oldest.done) this.remembered.delete(oldest.value);
    }
    this.remembered.set(key, code);
  }

  // What source says about installed code

  /** What the compiler makes of the code's source; undefined where it has none, or no longer compiles. */
  codeOf(installed: Oop): Code | undefined {
    const { memory } = this;
    const outer = outerCodeOf(memory, installed);
    if (outer !== undefined) {
      const outerCode = this.codeOf(outer);
      const literal = outerCode?.literals[this.literalIndexOf(outer, installed)];
      return literal?.kind === 'block' ? literal.code : undefined;
    }
    const source = sourceOf(memory, installed);
    const behavior = methodClassOf(memory, installed);
    if (source === undefined || behavior === undefined) return undefined;
    const key = this.keyOf(source, behavior);
    const known = this.remembered.get(key);
    if (known !== undefined) return known;
    const scope = new ImageEnvironment(memory).scopeOf(behavior);
    try {
      const code = this.isDoit(installed) ? compileDoit(source, scope) : compileMethod(source, scope);
      this.remember(key, code);
      return code;
    } catch (error) {
      // A class may have lost a variable since: its method still runs, but its source tells nothing any more.
      if (error instanceof CompileError) return undefined;
      throw error;
    }
  }

  private literalIndexOf(code: Oop, literal: Oop): number {
    const count = literalCountOf(this.memory, code);
    for (let i = 0; i < count; i++) if (literalAt(this.memory, code, i) === literal) return i;
    return -1;
  }

  private isDoit(method: Oop): boolean {
    const selector = selectorOf(this.memory, method);
    return selector !== undefined && this.memory.stringValueOf(selector) === DOIT_SELECTOR;
  }

  /** Line, from 1, of the home method's source; `pc` is an offset in the bytecodes that was executed last. */
  lineAt(code: Oop, pc: number): number | undefined {
    const compiled = this.codeOf(code);
    const source = sourceOf(this.memory, code);
    if (compiled === undefined || source === undefined) return undefined;
    let start: number | undefined;
    for (const entry of compiled.sourceMap) {
      if (entry.pc > pc) break;
      start = entry.start;
    }
    return start === undefined ? undefined : source.slice(0, start).split('\n').length;
  }

  /** How many arguments the context's code has; undefined for a doit. */
  argumentCount(context: Oop): number | undefined {
    const { memory } = this;
    const installed = memory.fetchPointer(context, ContextSlot.METHOD);
    const outer = outerCodeOf(memory, installed);
    if (outer === undefined && this.isDoit(installed)) return undefined;
    const count = this.codeOf(installed)?.argumentCount ?? 0;
    return outer !== undefined && count === 0 && this.isInDoit(installed) ? undefined : count;
  }

  private isInDoit(code: Oop): boolean {
    const outer = outerCodeOf(this.memory, code);
    return outer === undefined ? this.isDoit(code) : this.isInDoit(outer);
  }

  /** Where a name lives as the context's code sees it where it stands; undefined when nothing of that name is in sight. */
  locate(context: Oop, name: string): NameLocation | undefined {
    const { memory } = this;
    const installed = memory.fetchPointer(context, ContextSlot.METHOD);
    const pc =
      smallIntegerValue(memory.fetchPointer(context, ContextSlot.PC)) - 2 - bytecodeOffsetOf(memory, installed);
    return this.locateTemp(context, installed, pc, name, 0) ?? this.locateOther(installed, name);
  }

  private locateTemp(context: Oop, installed: Oop, pc: number, name: string, hops: number): NameLocation | undefined {
    const { memory } = this;
    const code = this.codeOf(installed);
    if (code === undefined) return undefined;
    const variable = innermost(code.variables, name, pc);
    if (variable !== undefined) {
      const { location } = variable;
      return location.kind === 'temp'
        ? { kind: 'temp', hops, index: location.index }
        : { kind: 'vector', hops, vector: location.vector, index: location.index };
    }
    if (code.kind !== 'block') return undefined;
    const outer = outerCodeOf(memory, installed);
    const outerContext = memory.fetchPointer(
      memory.fetchPointer(context, ContextSlot.CLOSURE),
      ClosureSlot.OUTER_CONTEXT,
    );
    if (outer === undefined || outerContext === memory.nil) return undefined;
    return this.locateTemp(outerContext, outer, this.creationPc(outer, code), name, hops + 1);
  }

  /** Where the outer code makes the closure of `block`: what is in sight there is in sight in the block. */
  private creationPc(outer: Oop, block: CompiledBlockCode): number {
    const entry = this.codeOf(outer)?.sourceMap.find((each) => each.start === block.start && each.end === block.end);
    return entry?.pc ?? 0;
  }

  /** The instance variables of the class that the code is a method of, in slot order. */
  instanceVariableNames(code: Oop): string[] {
    const behavior = methodClassOf(this.memory, code);
    return behavior === undefined ? [] : new ImageEnvironment(this.memory).instanceVariableNamesOf(behavior);
  }

  private locateOther(installed: Oop, name: string): NameLocation | undefined {
    const { memory } = this;
    const behavior = methodClassOf(memory, installed);
    if (behavior === undefined) return undefined;
    const environment = new ImageEnvironment(memory);
    const index = environment.instanceVariableNamesOf(behavior).indexOf(name);
    if (index >= 0) return { kind: 'instanceVariable', index };
    const association = environment.bindingOf(name, behavior);
    return association === undefined ? undefined : { kind: 'binding', association };
  }
}

/** The variable of that name whose range holds the pc; of several the one that begins last, which shadows the others. */
function innermost(variables: readonly VariableInfo[], name: string, pc: number): VariableInfo | undefined {
  let found: VariableInfo | undefined;
  for (const variable of variables) {
    if (variable.name !== name || pc < variable.startPc || pc >= variable.endPc) continue;
    if (found === undefined || variable.startPc >= found.startPc) found = variable;
  }
  return found;
}
