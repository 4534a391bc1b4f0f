/**
 * Where named variables live at each pc: what debuggers and the FFI read to find a temp by its name. A function's own
 * variables and those it has copied are there from its first to its last pc; an inlined block's between its own.
 */
import type { Label } from './assembler.ts';
import type { CodeWriter } from './code-writer.ts';
import type { VariableInfo, VariableLocation } from './compiled-code.ts';
import { type FunctionScope, isScope, type LocalVariable, remoteVariables, type Scope, slotIn } from './scope.ts';

export class ScopeRanges {
  private readonly writer: CodeWriter;
  private readonly fn: FunctionScope;
  private readonly entered: { readonly scope: Scope; readonly from: Label; to: Label | undefined }[] = [];

  constructor(writer: CodeWriter, fn: FunctionScope) {
    this.writer = writer;
    this.fn = fn;
  }

  enter(scope: Scope): void {
    const from = this.writer.newLabel();
    this.writer.place(from);
    this.entered.push({ scope, from, to: undefined });
  }

  leave(scope: Scope): void {
    const entry = this.entered.find((each) => each.scope === scope)!;
    entry.to = this.writer.newLabel();
    this.writer.place(entry.to);
  }

  /** Call after the code is assembled; `end` is its length. */
  variables(end: number): VariableInfo[] {
    const { fn } = this;
    const infos: VariableInfo[] = [];
    const add = (variable: LocalVariable, startPc: number, endPc: number): void => {
      if (variable.kind !== 'hidden' && startPc < endPc)
        infos.push({ name: variable.name, location: this.locationOf(variable), startPc, endPc });
    };
    for (const captured of fn.copied) {
      for (const variable of isScope(captured) ? remoteVariables(captured) : [captured]) add(variable, 0, end);
    }
    for (const { scope, from, to } of this.entered) {
      const isRoot = scope === fn.root;
      for (const variable of scope.variables) add(variable, isRoot ? 0 : from.pc, isRoot ? end : (to?.pc ?? end));
    }
    return infos;
  }

  private locationOf(variable: LocalVariable): VariableLocation {
    if (variable.isRemote) return { kind: 'vector', vector: slotIn(this.fn, variable.scope), index: variable.slot };
    return { kind: 'temp', index: slotIn(this.fn, variable) };
  }
}
