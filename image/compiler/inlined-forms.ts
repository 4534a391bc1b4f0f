/**
 * Code of the inlined control structures. What each form is: inlining.ts. In comments, `[...]` is the stack.
 *
 * Loops evaluate receiver and stop value once, on the stack, before either is stored, so that a block inlined in one of them
 * cannot overwrite the other's slot.
 */
import type { Label } from './assembler.ts';
import type { BlockNode, ExpressionNode, LiteralNode, SendNode } from './ast.ts';
import type { FunctionGenerator } from './generator.ts';
import type { InlineForm } from './inlining.ts';
import type { LoopVariables, Scope } from './scope.ts';

type Use = 'value' | 'effect';
type Form<K extends InlineForm['kind']> = Extract<InlineForm, { kind: K }>;

export class InlinedForms {
  private readonly generator: FunctionGenerator;

  constructor(generator: FunctionGenerator) {
    this.generator = generator;
  }

  value(form: InlineForm, node: SendNode): void {
    this.emit(form, node, 'value');
  }

  effect(form: InlineForm, node: SendNode): void {
    this.emit(form, node, 'effect');
  }

  private emit(form: InlineForm, node: SendNode, use: Use): void {
    switch (form.kind) {
      case 'if':
        this.conditional(form, use);
        return;
      case 'nilTest':
        this.nilTest(form, node, use);
        return;
      case 'and':
      case 'or':
        this.shortCircuit(form, use);
        return;
      case 'while':
        this.whileLoop(form, node, use);
        return;
      case 'repeat':
        this.repeat(form, node);
        return;
      case 'timesRepeat':
      case 'toDo':
        this.countedLoop(form, node, use);
    }
  }

  /** `and:` and `or:` as a condition: no boolean is made. */
  branch(form: Form<'and' | 'or'>, on: boolean, label: Label): void {
    const { generator } = this;
    const { writer } = generator;
    const decidesOn = form.kind === 'or';
    if (decidesOn === on) {
      generator.branch(form.left, on, label);
      this.branchOnBody(form.right, on, label);
      return;
    }
    const goOn = writer.newLabel();
    generator.branch(form.left, decidesOn, goOn);
    this.branchOnBody(form.right, on, label);
    writer.place(goOn);
  }

  private get writer() {
    return this.generator.writer;
  }

  private scopeOf(block: BlockNode): Scope {
    return this.generator.analysis.inlinedScopeOf.get(block)!;
  }

  private body(block: BlockNode, last: (node: ExpressionNode) => void, empty: () => void): void {
    const scope = this.scopeOf(block);
    this.writer.at(block);
    this.generator.enterScope(scope);
    this.generator.statements(block.statements, last, empty);
    this.generator.leaveScope(scope);
  }

  /** The block's value or effect; without a block, nil or nothing. */
  private bodyFor(block: BlockNode | undefined, use: Use): void {
    const { generator, writer } = this;
    const empty = (): void => {
      if (use === 'value') writer.pushNil();
    };
    if (block === undefined) empty();
    else this.body(block, (node) => (use === 'value' ? generator.value(node) : generator.effect(node)), empty);
  }

  private branchOnBody(block: BlockNode, on: boolean, label: Label): void {
    const { generator, writer } = this;
    this.body(
      block,
      (node) => generator.branch(node, on, label),
      () => {
        writer.pushNil();
        writer.popJump(on, label);
      },
    );
  }

  private conditional({ condition, onTrue, onFalse }: Form<'if'>, use: Use): void {
    const { generator, writer } = this;
    const other = writer.newLabel();
    const end = writer.newLabel();
    // The block that stands alone is the one that is fallen into.
    const swap = onTrue === undefined;
    generator.branch(condition, swap, other);
    this.bodyFor(swap ? onFalse : onTrue, use);
    if (use === 'value' || (onTrue !== undefined && onFalse !== undefined)) writer.jump(end);
    writer.place(other);
    if (use === 'value' || !swap) this.bodyFor(swap ? undefined : onFalse, use);
    writer.place(end);
  }

  private nilTest({ value, onNil, onNotNil }: Form<'nilTest'>, node: SendNode, use: Use): void {
    const { generator, writer } = this;
    const [notNil, end] = [writer.newLabel(), writer.newLabel()];
    generator.value(value);
    writer.at(node);
    const parameter =
      onNotNil === undefined ? undefined : this.scopeOf(onNotNil).variables.find((each) => each.kind === 'argument');
    if (parameter !== undefined) generator.store('store', { kind: 'local', variable: parameter });
    const keepsValue = onNotNil === undefined && use === 'value';
    if (keepsValue) writer.duplicate();
    writer.pushNil();
    writer.send('==', 1);
    if (onNil === undefined && use === 'effect') {
      writer.popJump(true, end);
    } else {
      writer.popJump(false, notNil);
      if (keepsValue) writer.pop();
      this.bodyFor(onNil, use);
      if (onNotNil !== undefined) writer.jump(end);
    }
    writer.place(notNil);
    if (onNotNil !== undefined) this.bodyFor(onNotNil, use);
    writer.place(end);
  }

  private shortCircuit(form: Form<'and' | 'or'>, use: Use): void {
    const { generator, writer } = this;
    const [decided, end] = [writer.newLabel(), writer.newLabel()];
    const decidesOn = form.kind === 'or';
    generator.branch(form.left, decidesOn, decided);
    this.bodyFor(form.right, use);
    if (use === 'value') writer.jump(end);
    writer.place(decided);
    if (use === 'value') writer.pushBoolean(decidesOn);
    writer.place(end);
  }

  private whileLoop({ condition, body, whileValue }: Form<'while'>, node: SendNode, use: Use): void {
    const { writer } = this;
    const [head, exit] = [writer.newLabel(), writer.newLabel()];
    writer.place(head);
    this.branchOnBody(condition, !whileValue, exit);
    this.bodyFor(body, 'effect');
    writer.at(node);
    writer.jump(head);
    writer.place(exit);
    if (use === 'value') writer.pushNil();
  }

  private repeat({ body }: Form<'repeat'>, node: SendNode): void {
    const { writer } = this;
    const head = writer.newLabel();
    writer.place(head);
    this.bodyFor(body, 'effect');
    writer.at(node);
    writer.jump(head);
  }

  /** The value of a counted loop is its receiver: it stays below, on the stack. */
  private countedLoop(form: Form<'timesRepeat' | 'toDo'>, node: SendNode, use: Use): void {
    const { generator, writer } = this;
    const variables = generator.analysis.loopVariablesOf.get(form.body)!;
    const stop = form.kind === 'toDo' ? form.stop : form.count;
    if (form.kind === 'toDo') {
      generator.value(form.start);
      writer.at(node);
      if (use === 'value') writer.duplicate();
      if (variables.stop !== undefined) {
        generator.value(form.stop);
        writer.at(node);
        generator.store('pop', { kind: 'local', variable: variables.stop });
      }
    } else {
      if (use === 'value' || variables.stop !== undefined) generator.value(form.count);
      writer.at(node);
      if (variables.stop !== undefined)
        generator.store(use === 'value' ? 'store' : 'pop', { kind: 'local', variable: variables.stop });
      writer.pushLiteral({ kind: 'integer', value: 1n });
    }
    generator.store('pop', { kind: 'local', variable: variables.counter });
    this.rounds(form, node, variables, stop);
  }

  private rounds(
    form: Form<'timesRepeat' | 'toDo'>,
    node: SendNode,
    { counter, stop }: LoopVariables,
    stopNode: ExpressionNode,
  ): void {
    const { generator, writer } = this;
    const [head, exit] = [writer.newLabel(), writer.newLabel()];
    const isDescending = form.kind === 'toDo' && form.isDescending;
    const step: LiteralNode['value'] = (form.kind === 'toDo' ? form.step?.value : undefined) ?? {
      kind: 'integer',
      value: 1n,
    };
    writer.place(head);
    generator.pushVariable({ kind: 'local', variable: counter });
    if (stop === undefined) generator.value(stopNode);
    else generator.pushVariable({ kind: 'local', variable: stop });
    writer.at(node);
    writer.send(isDescending ? '>=' : '<=', 1);
    writer.popJump(false, exit);
    const parameter = this.scopeOf(form.body).variables.find((each) => each.kind === 'argument');
    if (parameter !== undefined && parameter.alias === undefined) {
      generator.pushVariable({ kind: 'local', variable: counter });
      generator.store('pop', { kind: 'local', variable: parameter });
    }
    this.bodyFor(form.body, 'effect');
    writer.at(node);
    generator.pushVariable({ kind: 'local', variable: counter });
    writer.pushLiteral(step);
    writer.send('+', 1);
    generator.store('pop', { kind: 'local', variable: counter });
    writer.jump(head);
    writer.place(exit);
  }
}
