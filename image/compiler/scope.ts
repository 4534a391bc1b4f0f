/**
 * What analysis finds out about names, for code generation and debuggers.
 *
 * A *function* is what has a context of its own: the method, and each block that is not inlined. A *scope* is where names
 * are declared: a function's own, and one for each inlined block, which lives in the frame of the function around it.
 *
 * A variable that a block inside uses is *captured*. If it never changes after the block is made, the block gets a copy of
 * its value. Else it is *remote*: it lives in a temp vector, made when its scope is entered and copied instead. So a scope
 * that a loop enters anew has new variables each time round.
 */
import type { BlockNode, DeclarationNode, MethodNode, SendNode, SourceRange, VariableNode } from './ast.ts';
import type { InlineForm } from './inlining.ts';

export interface LocalVariable {
  readonly name: string;
  /** Arguments are never assigned to; a hidden variable is the compiler's own. */
  readonly kind: 'argument' | 'temp' | 'hidden';
  readonly scope: Scope;
  readonly declaration: SourceRange;
  readonly assignments: VariableAssignment[];
  /** Where the first block that uses it begins, in its own function; undefined when none does. */
  firstCapture: number | undefined;
  isRemote: boolean;
  /** The loop counter whose slot it shares. */
  alias: LocalVariable | undefined;
  /** Stack slot, or index in the scope's vector when remote. */
  slot: number;
}

export interface VariableAssignment {
  readonly end: number;
  readonly fn: FunctionScope;
  readonly loopDepth: number;
}

export interface Scope {
  readonly fn: FunctionScope;
  readonly parent: Scope | undefined;
  readonly children: Scope[];
  readonly variables: LocalVariable[];
  /** How many inlined loops of its function are around its statements. */
  readonly loopDepth: number;
  /** Stack slot of the vector that holds its remote variables. */
  vectorSlot: number;
  /** Temps whose slot may hold an old value when the scope is entered. */
  readonly toReset: LocalVariable[];
}

/** What a block gets from outside when it is made: a value that no longer changes, or a scope's vector. */
export type Captured = LocalVariable | Scope;

export interface FunctionScope {
  readonly node: MethodNode | BlockNode;
  readonly parent: FunctionScope | undefined;
  /** The scope in which the block is written. */
  readonly outerScope: Scope | undefined;
  readonly argumentCount: number;
  readonly copied: Captured[];
  root: Scope;
  tempCount: number;
}

export type Binding =
  | { readonly kind: 'local'; readonly variable: LocalVariable }
  | { readonly kind: 'instance'; readonly index: number }
  | { readonly kind: 'shared'; readonly name: string };

export interface Analysis {
  readonly method: FunctionScope;
  readonly functionOf: ReadonlyMap<BlockNode, FunctionScope>;
  /** Of inlined blocks. */
  readonly inlinedScopeOf: ReadonlyMap<BlockNode, Scope>;
  readonly formOf: ReadonlyMap<SendNode, InlineForm>;
  readonly bindingOf: ReadonlyMap<VariableNode, Binding>;
  /** The compiler's own variables of an inlined loop. */
  readonly loopVariablesOf: ReadonlyMap<BlockNode, LoopVariables>;
  /** The variable for the primitive's error code. */
  readonly primitiveError: LocalVariable | undefined;
}

export interface LoopVariables {
  readonly counter: LocalVariable;
  /** Undefined when the stop value is a literal or an argument, which may be read again each time. */
  readonly stop: LocalVariable | undefined;
}

export const isScope = (captured: Captured): captured is Scope => 'variables' in captured;

export const remoteVariables = (scope: Scope): LocalVariable[] => scope.variables.filter((each) => each.isRemote);

/** The stack slot in `fn` of something that it declares or has copied. */
export function slotIn(fn: FunctionScope, captured: Captured): number {
  const owner = isScope(captured) ? captured.fn : captured.scope.fn;
  if (owner === fn) return isScope(captured) ? captured.vectorSlot : captured.slot;
  return fn.argumentCount + fn.copied.indexOf(captured);
}

export function newScope(fn: FunctionScope, parent: Scope | undefined, loopDepth: number): Scope {
  const scope: Scope = { fn, parent, children: [], variables: [], loopDepth, vectorSlot: -1, toReset: [] };
  if (parent !== undefined && parent.fn === fn) parent.children.push(scope);
  return scope;
}

export function newFunction(
  node: MethodNode | BlockNode,
  outerScope: Scope | undefined,
  argumentCount: number,
): FunctionScope {
  const fn: Omit<FunctionScope, 'root'> = {
    node,
    parent: outerScope?.fn,
    outerScope,
    argumentCount,
    copied: [],
    tempCount: 0,
  };
  const made = fn as FunctionScope;
  made.root = newScope(made, outerScope, 0);
  return made;
}

export function declare(scope: Scope, kind: LocalVariable['kind'], declaration: DeclarationNode): LocalVariable {
  const variable: LocalVariable = {
    name: declaration.name,
    kind,
    scope,
    declaration: { start: declaration.start, end: declaration.end },
    assignments: [],
    firstCapture: undefined,
    isRemote: false,
    alias: undefined,
    slot: -1,
  };
  scope.variables.push(variable);
  return variable;
}
