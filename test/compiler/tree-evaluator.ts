/**
 * Runs a method by walking its tree, in the plainest way: each entry of a block, inlined or not, makes new variables, and
 * closures keep the environment they are made in. This is the meaning that compiled code must have.
 */
import type { BlockNode, ExpressionNode, MessageNode, MethodNode, StatementNode } from '../../image/compiler/ast.ts';
import { type InlineForm, inlineFormOf } from '../../image/compiler/inlining.ts';
import { asBoolean, literalValue, Signal, type Value, type World } from './small-world.ts';

interface Cell {
  value: Value;
}
interface Environment {
  readonly cells: ReadonlyMap<string, Cell>;
  readonly parent: Environment | undefined;
}
/** One activation of the method, which `^` returns from. */
interface Home {
  isActive: boolean;
}
class Return extends Error {
  readonly home: Home;
  readonly value: Value;

  constructor(home: Home, value: Value) {
    super('return');
    this.home = home;
    this.value = value;
  }
}

export function runTree(method: MethodNode, argument: Value, world: World): Value {
  return new TreeEvaluator(world).method(method, argument);
}

class TreeEvaluator {
  private readonly world: World;
  private readonly home: Home = { isActive: true };

  constructor(world: World) {
    this.world = world;
  }

  method(node: MethodNode, argument: Value): Value {
    const names = [...node.arguments, ...node.temporaries].map(({ name }) => name);
    const cells = new Map(names.map((name, index) => [name, { value: index === 0 ? argument : null }]));
    try {
      this.statements(node.statements, { cells, parent: undefined });
      return 'self';
    } catch (error) {
      if (error instanceof Return && error.home === this.home) return error.value;
      throw error;
    } finally {
      this.home.isActive = false;
    }
  }

  private statements(nodes: readonly StatementNode[], environment: Environment): Value {
    let last: Value = null;
    for (const node of nodes) {
      if (node.kind !== 'return') {
        last = this.value(node, environment);
        continue;
      }
      const value = this.value(node.value, environment);
      if (!this.home.isActive) throw new Signal('cannotReturn');
      throw new Return(this.home, value);
    }
    return last;
  }

  private enter(block: BlockNode, values: readonly Value[], environment: Environment): Value {
    this.world.burn();
    const names = [...block.parameters, ...block.temporaries].map(({ name }) => name);
    const cells = new Map(names.map((name, index) => [name, { value: values[index] ?? null }]));
    return this.statements(block.statements, { cells, parent: environment });
  }

  private value(node: ExpressionNode, environment: Environment): Value {
    this.world.burn();
    switch (node.kind) {
      case 'literal':
        return literalValue(node.value);
      case 'variable':
        return this.read(node.name, environment);
      case 'pseudoVariable':
        return node.name === 'super' ? 'self' : node.name;
      case 'assignment': {
        const value = this.value(node.value, environment);
        this.write(node.target.name, value, environment);
        return value;
      }
      case 'brace':
        return node.elements.map((element) => this.value(element, environment));
      case 'block':
        return {
          argumentCount: node.parameters.length,
          call: (values) => this.enter(node, values, environment),
        };
      case 'cascade': {
        const receiver = this.value(node.receiver, environment);
        const results = node.messages.map((each) => this.message(receiver, node.receiver, each, environment));
        return results.at(-1)!;
      }
      case 'send': {
        const form = inlineFormOf(node);
        if (form !== undefined) return this.inlined(form, environment);
        return this.message(this.value(node.receiver, environment), node.receiver, node.message, environment);
      }
    }
  }

  private message(
    receiver: Value,
    node: ExpressionNode,
    { selector, arguments: nodes }: MessageNode,
    environment: Environment,
  ): Value {
    const values = nodes.map((each) => this.value(each, environment));
    return this.world.send(receiver, selector, values, node.kind === 'pseudoVariable' && node.name === 'super');
  }

  private inlined(form: InlineForm, environment: Environment): Value {
    const run = (block: BlockNode | undefined, ...values: Value[]): Value =>
      block === undefined ? null : this.enter(block, values, environment);
    switch (form.kind) {
      case 'if':
        return asBoolean(this.value(form.condition, environment)) ? run(form.onTrue) : run(form.onFalse);
      case 'nilTest': {
        const value = this.value(form.value, environment);
        if (value === null) return form.onNil === undefined ? null : run(form.onNil);
        return form.onNotNil === undefined
          ? value
          : run(form.onNotNil, ...(form.onNotNil.parameters.length > 0 ? [value] : []));
      }
      case 'and':
        return asBoolean(this.value(form.left, environment)) ? run(form.right) : false;
      case 'or':
        return asBoolean(this.value(form.left, environment)) ? true : run(form.right);
      case 'while':
        while (asBoolean(run(form.condition)) === form.whileValue) run(form.body);
        return null;
      case 'repeat':
        for (;;) run(form.body);
      case 'timesRepeat': {
        const count = this.value(form.count, environment);
        this.rounds(1, count, 1, false, () => run(form.body));
        return count;
      }
      case 'toDo': {
        const start = this.value(form.start, environment);
        const stop = this.value(form.stop, environment);
        const step = form.step === undefined ? 1 : literalValue(form.step.value);
        this.rounds(start, stop, step, form.isDescending, (counter) => run(form.body, counter));
        return start;
      }
    }
  }

  private rounds(start: Value, stop: Value, step: Value, isDescending: boolean, round: (counter: Value) => void): void {
    const { world } = this;
    const goesOn = (counter: Value): boolean => asBoolean(world.send(counter, isDescending ? '>=' : '<=', [stop]));
    for (let counter = start; goesOn(counter); counter = world.send(counter, '+', [step])) round(counter);
  }

  private cell(name: string, environment: Environment): Cell | undefined {
    for (let each: Environment | undefined = environment; each !== undefined; each = each.parent) {
      const cell = each.cells.get(name);
      if (cell !== undefined) return cell;
    }
    return undefined;
  }

  private read(name: string, environment: Environment): Value {
    const cell = this.cell(name, environment);
    if (cell !== undefined) return cell.value;
    return name === 'iv' ? this.world.instanceVariable : this.world.global;
  }

  private write(name: string, value: Value, environment: Environment): void {
    const cell = this.cell(name, environment);
    if (cell !== undefined) cell.value = value;
    else if (name === 'iv') this.world.instanceVariable = value;
    else this.world.global = value;
  }
}
