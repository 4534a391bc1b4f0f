/**
 * Resolves the names of a method: what each means, who captures it, and what is wrong with it. Problems are collected, not
 * thrown, so that one compilation reports them all.
 *
 * Names are looked up in the blocks around, the method, the instance variables, then the class's shared names. A block's
 * name may hide one further out.
 */
import type {
  BlockNode,
  DeclarationNode,
  ExpressionNode,
  MessageNode,
  MethodNode,
  SendNode,
  SourceRange,
  StatementNode,
  VariableNode,
} from './ast.ts';
import type { Problem, ProblemCode } from './compile-error.ts';
import type { CompilationScope } from './compiled-code.ts';
import { type InlineForm, inlineFormOf } from './inlining.ts';
import {
  type Analysis,
  type Binding,
  declare,
  type FunctionScope,
  type LocalVariable,
  type LoopVariables,
  newFunction,
  newScope,
  type Scope,
} from './scope.ts';
import { assignSlots, type Reference, resolveCaptures } from './slots.ts';

const RESERVED = new Set(['self', 'super', 'thisContext', 'nil', 'true', 'false']);
const MAX_ARGUMENTS = 15;
/** A temp vector's size has 7 bits. */
const MAX_REMOTE = 127;

/** Resolves `method`. `errorName` is the name after `error:` in its primitive pragma. */
export function analyze(
  method: MethodNode,
  names: CompilationScope,
  errorName: VariableNode | undefined,
): { readonly analysis: Analysis; readonly problems: readonly Problem[] } {
  const analyzer = new Analyzer(names);
  return { analysis: analyzer.method(method, errorName), problems: analyzer.problems };
}

class Analyzer {
  readonly problems: Problem[] = [];
  private readonly names: CompilationScope;
  private readonly functionOf = new Map<BlockNode, FunctionScope>();
  private readonly inlinedScopeOf = new Map<BlockNode, Scope>();
  private readonly formOf = new Map<SendNode, InlineForm>();
  private readonly bindingOf = new Map<VariableNode, Binding>();
  private readonly loopVariablesOf = new Map<BlockNode, LoopVariables>();
  private readonly variables: LocalVariable[] = [];
  private readonly references: Reference[] = [];

  constructor(names: CompilationScope) {
    this.names = names;
  }

  method(node: MethodNode, errorName: VariableNode | undefined): Analysis {
    const method = newFunction(node, undefined, node.arguments.length);
    this.checkArgumentCount(node.arguments.length, `#${node.selector}`, node);
    this.declareAll(method.root, node.arguments, 'argument');
    this.declareAll(method.root, node.temporaries, 'temp');
    const primitiveError = errorName === undefined ? undefined : this.declare(method.root, 'argument', errorName);
    this.statements(node.statements, method.root);
    resolveCaptures(this.variables, this.references);
    assignSlots(method, primitiveError);
    for (const fn of this.functionOf.values()) assignSlots(fn, undefined);
    this.checkVectors();
    const { functionOf, inlinedScopeOf, formOf, bindingOf, loopVariablesOf } = this;
    return { method, functionOf, inlinedScopeOf, formOf, bindingOf, loopVariablesOf, primitiveError };
  }

  private report(code: ProblemCode, sentence: string, { start, end }: SourceRange): void {
    this.problems.push({ code, sentence, start, end });
  }

  private checkArgumentCount(count: number, what: string, range: SourceRange): void {
    if (count > MAX_ARGUMENTS)
      this.report('too-many-arguments', `${what} has ${count} arguments, at most ${MAX_ARGUMENTS} fit`, range);
  }

  private checkVectors(): void {
    const counts = new Map<Scope, number>();
    for (const { scope, isRemote, declaration } of this.variables) {
      if (!isRemote) continue;
      const count = (counts.get(scope) ?? 0) + 1;
      counts.set(scope, count);
      if (count === MAX_REMOTE + 1)
        this.report(
          'too-many-temps',
          `more than ${MAX_REMOTE} temps of one scope change after a block captures them`,
          declaration,
        );
    }
  }

  private declareAll(scope: Scope, nodes: readonly DeclarationNode[], kind: LocalVariable['kind']): void {
    for (const node of nodes) this.declare(scope, kind, node);
  }

  private declare(scope: Scope, kind: LocalVariable['kind'], node: DeclarationNode): LocalVariable {
    if (RESERVED.has(node.name))
      this.report('reserved-name', `'${node.name}' is a reserved word and names no variable`, node);
    if (scope.variables.some((each) => each.name === node.name))
      this.report('duplicate-declaration', `'${node.name}' is declared twice`, node);
    const variable = declare(scope, kind, node);
    this.variables.push(variable);
    return variable;
  }

  private hidden(scope: Scope, name: string, { start, end }: SourceRange): LocalVariable {
    const variable = declare(scope, 'hidden', { name, start, end });
    this.variables.push(variable);
    return variable;
  }

  private statements(nodes: readonly StatementNode[], scope: Scope): void {
    for (const node of nodes) this.expression(node.kind === 'return' ? node.value : node, scope);
  }

  private expression(node: ExpressionNode, scope: Scope): void {
    switch (node.kind) {
      case 'literal':
        return;
      case 'variable':
        this.resolve(node, scope);
        return;
      case 'pseudoVariable':
        if (node.name === 'super')
          this.report('super-not-receiver', `'super' stands for no value, only before a message`, node);
        return;
      case 'assignment':
        this.expression(node.value, scope);
        this.assign(node.target, node.end, scope);
        return;
      case 'send':
        this.send(node, scope);
        return;
      case 'cascade':
        this.receiver(node.receiver, scope);
        for (const message of node.messages) this.message(message, scope);
        return;
      case 'brace':
        for (const element of node.elements) this.expression(element, scope);
        return;
      case 'block':
        this.block(node, scope);
    }
  }

  private receiver(node: ExpressionNode, scope: Scope): void {
    if (node.kind !== 'pseudoVariable') this.expression(node, scope);
  }

  private message(node: MessageNode, scope: Scope): void {
    this.checkArgumentCount(node.arguments.length, `#${node.selector}`, node);
    for (const argument of node.arguments) this.expression(argument, scope);
  }

  private block(node: BlockNode, scope: Scope): void {
    const fn = newFunction(node, scope, node.parameters.length);
    this.functionOf.set(node, fn);
    this.checkArgumentCount(node.parameters.length, 'a block', node);
    this.declareAll(fn.root, node.parameters, 'argument');
    this.declareAll(fn.root, node.temporaries, 'temp');
    this.statements(node.statements, fn.root);
  }

  private send(node: SendNode, scope: Scope): void {
    const form = inlineFormOf(node);
    if (form === undefined) {
      this.receiver(node.receiver, scope);
      this.message(node.message, scope);
      return;
    }
    this.formOf.set(node, form);
    switch (form.kind) {
      case 'if':
        this.expression(form.condition, scope);
        this.inBlock(form.onTrue, scope);
        this.inBlock(form.onFalse, scope);
        return;
      case 'nilTest':
        this.expression(form.value, scope);
        this.inBlock(form.onNil, scope);
        this.inBlock(form.onNotNil, scope);
        return;
      case 'and':
      case 'or':
        this.expression(form.left, scope);
        this.inBlock(form.right, scope);
        return;
      case 'while':
        this.inBlock(form.condition, scope, 1);
        this.inBlock(form.body, scope, 1);
        return;
      case 'repeat':
        this.inBlock(form.body, scope, 1);
        return;
      case 'timesRepeat':
        this.expression(form.count, scope);
        this.loop(form.body, form.count, scope);
        return;
      case 'toDo':
        this.expression(form.start, scope);
        this.expression(form.stop, scope);
        this.loop(form.body, form.stop, scope);
    }
  }

  /** The statements of an inlined block, in a scope of its own. */
  private inBlock(node: BlockNode | undefined, scope: Scope, loops = 0): void {
    if (node !== undefined) this.inScope(node, newScope(scope.fn, scope, scope.loopDepth + loops));
  }

  private inScope(node: BlockNode, scope: Scope): void {
    this.inlinedScopeOf.set(node, scope);
    this.declareAll(scope, node.parameters, 'argument');
    this.declareAll(scope, node.temporaries, 'temp');
    this.statements(node.statements, scope);
  }

  /** A counted loop: its variables live in a scope around the body's, which is entered anew each time. */
  private loop(body: BlockNode, stop: ExpressionNode, scope: Scope): void {
    const around = newScope(scope.fn, scope, scope.loopDepth);
    const counter = this.hidden(around, 'counter', body);
    const stopVariable = this.isConstant(stop) ? undefined : this.hidden(around, 'stop', stop);
    this.loopVariablesOf.set(body, { counter, stop: stopVariable });
    this.inBlock(body, around, 1);
    // No block keeps the parameter's value of one round: it may be the counter itself.
    const parameter = this.inlinedScopeOf.get(body)?.variables.find(({ kind }) => kind === 'argument');
    if (parameter !== undefined && parameter.firstCapture === undefined) parameter.alias = counter;
  }

  /** True when reading it again gives the same and has no effect. */
  private isConstant(node: ExpressionNode): boolean {
    if (node.kind === 'literal') return node.value.kind === 'integer' || node.value.kind === 'float';
    if (node.kind !== 'variable') return false;
    const binding = this.bindingOf.get(node);
    return binding?.kind === 'local' && binding.variable.kind === 'argument';
  }

  private resolve(node: VariableNode, scope: Scope): Binding | undefined {
    const binding = this.lookUp(node, scope);
    if (binding === undefined) this.report('undeclared', `'${node.name}' is not declared`, node);
    else this.bindingOf.set(node, binding);
    return binding;
  }

  private lookUp(node: VariableNode, scope: Scope): Binding | undefined {
    for (let each: Scope | undefined = scope; each !== undefined; each = each.parent) {
      const variable = each.variables.find(({ name, kind }) => name === node.name && kind !== 'hidden');
      if (variable !== undefined) {
        this.use(variable, scope.fn);
        return { kind: 'local', variable };
      }
    }
    const index = this.names.instanceVariableNames.indexOf(node.name);
    if (index >= 0) return { kind: 'instance', index };
    return this.names.hasBinding(node.name) ? { kind: 'shared', name: node.name } : undefined;
  }

  private use(variable: LocalVariable, fn: FunctionScope): void {
    this.references.push({ fn, variable });
    const owner = variable.scope.fn;
    for (let each: FunctionScope | undefined = fn; each !== undefined && each !== owner; each = each.parent) {
      if (each.parent === owner)
        variable.firstCapture = Math.min(variable.firstCapture ?? Number.POSITIVE_INFINITY, each.node.start);
    }
  }

  private assign(target: VariableNode, end: number, scope: Scope): void {
    if (RESERVED.has(target.name)) {
      this.report('reserved-name', `'${target.name}' is a reserved word and cannot be assigned to`, target);
      return;
    }
    const binding = this.resolve(target, scope);
    if (binding?.kind !== 'local') return;
    const { variable } = binding;
    if (variable.kind === 'argument')
      this.report('read-only', `'${target.name}' is an argument and cannot be assigned to`, target);
    else variable.assignments.push({ end, fn: scope.fn, loopDepth: scope.loopDepth });
  }
}
