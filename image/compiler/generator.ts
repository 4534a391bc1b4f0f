/**
 * Code of one function from its analysed tree. Every expression can be emitted in three ways: for its *value* (left on the
 * stack), for its *effect* (nothing left), and as a *branch* (jumps when its value is a given boolean, else goes on). The
 * inlined control structures are in inlined-forms.ts.
 */
import { checkStack } from '../../vm/bytecode/stack-checker.ts';
import { LARGE_CONTEXT_STACK } from '../../vm/memory/well-known.ts';
import { VMBug } from '../../vm/vm-bug.ts';
import type { Label } from './assembler.ts';
import type {
  AssignmentNode,
  BlockNode,
  BraceNode,
  CascadeNode,
  ExpressionNode,
  MessageNode,
  ReturnNode,
  SendNode,
  SourceRange,
  StatementNode,
  VariableNode,
} from './ast.ts';
import { CodeWriter, type StoreKind } from './code-writer.ts';
import { ProblemSignal } from './compile-error.ts';
import type { CompiledBlockCode, Literal, SourceMapEntry, VariableInfo } from './compiled-code.ts';
import { InlinedForms } from './inlined-forms.ts';
import {
  type Analysis,
  type Binding,
  type FunctionScope,
  isScope,
  remoteVariables,
  type Scope,
  slotIn,
} from './scope.ts';
import { ScopeRanges } from './variable-info.ts';

/** Brace arrays up to this size are built on the stack; greater ones are filled element by element. */
const MAX_STACKED_ELEMENTS = 16;
const MAX_ARRAY = 127;

/** What code of every kind has. */
export interface FunctionCode {
  readonly argumentCount: number;
  readonly tempCount: number;
  readonly frameSize: number;
  readonly literals: readonly Literal[];
  readonly bytecodes: Uint8Array;
  readonly variables: readonly VariableInfo[];
  readonly sourceMap: readonly SourceMapEntry[];
}

export class FunctionGenerator {
  readonly writer: CodeWriter;
  readonly analysis: Analysis;
  readonly fn: FunctionScope;
  private readonly forms: InlinedForms;
  private readonly ranges: ScopeRanges;

  constructor(analysis: Analysis, fn: FunctionScope) {
    this.analysis = analysis;
    this.fn = fn;
    this.writer = new CodeWriter(fn.node);
    this.forms = new InlinedForms(this);
    this.ranges = new ScopeRanges(this.writer, fn);
  }

  /** The rest of the code after its statements: sizes, checks, tables. */
  finish(): FunctionCode {
    const { fn, writer } = this;
    const { bytecodes, sourceMap } = writer.finish(fn.node.kind === 'block');
    const literals = writer.literals.literals;
    const { tempCount, argumentCount } = fn;
    const { maxDepth, problems } = checkStack({ bytecodes, tempCount, literalCount: literals.length });
    if (problems.length > 0)
      throw new VMBug('unsound-code', `the compiler made unsound code: ${problems.join('; ')}`, { bytecodes });
    if (maxDepth > LARGE_CONTEXT_STACK)
      throw new ProblemSignal({
        code: 'frame-too-large',
        sentence: `the code needs ${maxDepth} stack slots for temps and values, at most ${LARGE_CONTEXT_STACK} fit`,
        start: fn.node.start,
        end: fn.node.end,
      });
    const variables = this.ranges.variables(bytecodes.length);
    return { argumentCount, tempCount, frameSize: maxDepth, literals, bytecodes, variables, sourceMap };
  }

  /** Makes what the scope's statements need: its vector, and nil in temps that may hold old values. */
  enterScope(scope: Scope): void {
    const { writer } = this;
    const remoteCount = remoteVariables(scope).length;
    if (remoteCount > 0) {
      writer.pushArray(remoteCount, false);
      writer.storeTemp('pop', scope.vectorSlot);
    }
    for (const { slot } of scope.toReset) {
      writer.pushNil();
      writer.storeTemp('pop', slot);
    }
    this.ranges.enter(scope);
  }

  leaveScope(scope: Scope): void {
    this.ranges.leave(scope);
  }

  value(node: ExpressionNode): void {
    const { writer } = this;
    switch (node.kind) {
      case 'literal':
        writer.at(node);
        writer.pushLiteral(node.value);
        return;
      case 'variable':
        writer.at(node);
        this.pushVariable(this.bindingOf(node));
        return;
      case 'pseudoVariable':
        writer.at(node);
        if (node.name === 'thisContext') writer.pushThisContext();
        else writer.pushReceiver();
        return;
      case 'assignment':
        this.assignment(node, 'store');
        return;
      case 'send': {
        const form = this.analysis.formOf.get(node);
        if (form === undefined) this.send(node);
        else this.forms.value(form, node);
        return;
      }
      case 'cascade':
        this.cascade(node);
        return;
      case 'block':
        this.closure(node);
        return;
      case 'brace':
        this.brace(node);
    }
  }

  effect(node: ExpressionNode): void {
    switch (node.kind) {
      case 'literal':
      case 'variable':
      case 'pseudoVariable':
      case 'block':
        return;
      case 'assignment':
        this.assignment(node, 'pop');
        return;
      case 'brace':
        for (const element of node.elements) this.effect(element);
        return;
      case 'send':
      case 'cascade': {
        const form = node.kind === 'send' ? this.analysis.formOf.get(node) : undefined;
        if (form !== undefined && node.kind === 'send') this.forms.effect(form, node);
        else {
          this.value(node);
          this.writer.pop();
        }
      }
    }
  }

  /** Jumps to `label` when the value is `on`, else goes on. */
  branch(node: ExpressionNode, on: boolean, label: Label): void {
    const form = node.kind === 'send' ? this.analysis.formOf.get(node) : undefined;
    if (form?.kind === 'and' || form?.kind === 'or') {
      this.forms.branch(form, on, label);
      return;
    }
    this.value(node);
    this.writer.at(node);
    this.writer.popJump(on, label);
  }

  /** All statements, the last one as `last` says; `empty` is run where there is none. */
  statements(nodes: readonly StatementNode[], last: (node: ExpressionNode) => void, empty: () => void): void {
    nodes.forEach((node, index) => {
      if (!this.writer.isReachable) return;
      if (node.kind === 'return') this.return(node);
      else if (index === nodes.length - 1) last(node);
      else this.effect(node);
    });
    if (nodes.length === 0) empty();
  }

  private return({ value, ...range }: ReturnNode): void {
    const { writer } = this;
    if (value.kind === 'pseudoVariable' && value.name === 'self') {
      writer.at(range);
      writer.returnReceiver();
    } else if (value.kind === 'literal' && value.value.kind === 'nil') {
      writer.at(range);
      writer.returnNil();
    } else if (value.kind === 'literal' && (value.value.kind === 'true' || value.value.kind === 'false')) {
      writer.at(range);
      writer.returnBoolean(value.value.kind === 'true');
    } else {
      this.value(value);
      writer.at(range);
      writer.returnTop();
    }
  }

  private send(node: SendNode): void {
    this.value(node.receiver);
    this.message(node.message, isSuper(node.receiver), node);
  }

  private message(message: MessageNode, toSuper: boolean, range: SourceRange): void {
    for (const argument of message.arguments) this.value(argument);
    this.writer.at(range);
    if (toSuper && this.fn.node.kind === 'block') {
      // Other VMs look for the class in the last literal, which in a block is something else.
      this.writer.pushMethodClass();
      this.writer.directedSuperSend(message.selector, message.arguments.length);
    } else if (toSuper) this.writer.superSend(message.selector, message.arguments.length);
    else this.writer.send(message.selector, message.arguments.length);
  }

  private cascade({ receiver, messages }: CascadeNode): void {
    this.value(receiver);
    messages.forEach((message, index) => {
      const isLast = index === messages.length - 1;
      if (!isLast) this.writer.duplicate();
      this.message(message, isSuper(receiver), message);
      if (!isLast) this.writer.pop();
    });
  }

  private assignment(node: AssignmentNode, kind: StoreKind): void {
    this.value(node.value);
    this.writer.at(node);
    this.store(kind, this.bindingOf(node.target));
  }

  private bindingOf(node: VariableNode): Binding {
    const binding = this.analysis.bindingOf.get(node);
    if (binding === undefined) throw new VMBug('unresolved-name', `the name ${node.name} was not resolved`);
    return binding;
  }

  pushVariable(binding: Binding): void {
    const { fn, writer } = this;
    switch (binding.kind) {
      case 'instance':
        writer.pushReceiverVariable(binding.index);
        return;
      case 'shared':
        writer.pushLiteralVariable(binding.name);
        return;
      case 'local': {
        const { variable } = binding;
        if (variable.isRemote) writer.pushRemoteTemp(variable.slot, slotIn(fn, variable.scope));
        else writer.pushTemp(slotIn(fn, variable));
      }
    }
  }

  store(kind: StoreKind, binding: Binding): void {
    const { fn, writer } = this;
    switch (binding.kind) {
      case 'instance':
        writer.storeReceiverVariable(kind, binding.index);
        return;
      case 'shared':
        writer.storeLiteralVariable(kind, binding.name);
        return;
      case 'local': {
        const { variable } = binding;
        if (variable.isRemote) writer.storeRemoteTemp(kind, variable.slot, slotIn(fn, variable.scope));
        else writer.storeTemp(kind, slotIn(fn, variable));
      }
    }
  }

  private closure(node: BlockNode): void {
    const { analysis, writer } = this;
    const fn = analysis.functionOf.get(node);
    if (fn === undefined) throw new VMBug('unresolved-block', 'a block was not analysed');
    writer.at(node);
    for (const captured of fn.copied) {
      const slot = slotIn(this.fn, captured);
      if (slot < 0)
        throw new VMBug(
          'lost-capture',
          `a block copies ${isScope(captured) ? 'a vector' : captured.name} from nowhere`,
        );
      writer.pushTemp(slot);
    }
    writer.pushClosure(() => blockCode(analysis, fn, node));
  }

  private brace(node: BraceNode): void {
    const { writer } = this;
    const { elements } = node;
    const isStacked = elements.length <= MAX_STACKED_ELEMENTS;
    writer.at(node);
    if (!isStacked) this.emptyArray(elements.length);
    elements.forEach((element, index) => {
      if (!isStacked) {
        writer.duplicate();
        writer.pushLiteral({ kind: 'integer', value: BigInt(index + 1) });
      }
      this.value(element);
      writer.at(node);
      if (!isStacked) {
        writer.send('at:put:', 2);
        writer.pop();
      }
    });
    if (isStacked) writer.pushArray(elements.length, elements.length > 0);
  }

  /** A new array of nils. The bytecode counts to 127; beyond it, a literal array is copied. */
  private emptyArray(size: number): void {
    if (size <= MAX_ARRAY) {
      this.writer.pushArray(size, false);
      return;
    }
    this.writer.pushLiteral({
      kind: 'array',
      elements: Array.from({ length: size }, () => ({ kind: 'nil' as const })),
    });
    this.writer.send('copy', 0);
  }
}

const isSuper = (node: ExpressionNode): boolean => node.kind === 'pseudoVariable' && node.name === 'super';

function blockCode(analysis: Analysis, fn: FunctionScope, node: BlockNode): CompiledBlockCode {
  const generator = new FunctionGenerator(analysis, fn);
  const { writer } = generator;
  writer.at(node);
  generator.enterScope(fn.root);
  generator.statements(
    node.statements,
    (last) => {
      if (last.kind === 'literal' && last.value.kind === 'nil') {
        writer.at(last);
        writer.blockReturnNil();
      } else {
        generator.value(last);
        writer.at(last);
        writer.blockReturnTop();
      }
    },
    () => writer.blockReturnNil(),
  );
  generator.leaveScope(fn.root);
  return { kind: 'block', copiedCount: fn.copied.length, start: node.start, end: node.end, ...generator.finish() };
}
