/**
 * The world in which random methods run twice: once by walking their tree (tree-evaluator.ts), once by executing their
 * bytecodes (code-evaluator.ts). Values are JavaScript's; a message that means nothing here answers its own text. What can
 * be seen from outside must be the same: the outcome, the messages sent, the instance variable and the global.
 */

import type { Literal } from '../../image/compiler/compiled-code.ts';
import { printLiteral } from '../../image/compiler/print-literal.ts';

export interface Closure {
  readonly argumentCount: number;
  readonly call: (values: readonly Value[]) => Value;
}
export type Value = null | boolean | number | string | readonly Value[] | Closure;

/** The run used up its fuel. */
export class OutOfFuel extends Error {}
/** A Smalltalk error, such as a condition that is no boolean: ends the run, and is part of the outcome. */
export class Signal extends Error {}

export class World {
  readonly log: string[] = [];
  instanceVariable: Value = null;
  global: Value = 7;
  private fuel: number;

  constructor(fuel: number) {
    this.fuel = fuel;
  }

  burn(): void {
    if (--this.fuel < 0) throw new OutOfFuel('out of fuel');
  }

  send(receiver: Value, selector: string, values: readonly Value[], toSuper = false): Value {
    const [first] = values;
    if (!toSuper) {
      if (selector === '==') return receiver === first;
      if (selector === '~=') return receiver !== first;
      if (typeof receiver === 'number' && typeof first === 'number') {
        if (selector === '+') return (receiver + first) % 1000;
        if (selector === '-') return (receiver - first) % 1000;
        if (selector === '<') return receiver < first;
        if (selector === '<=') return receiver <= first;
        if (selector === '>=') return receiver >= first;
      }
      if (
        isClosure(receiver) &&
        (selector === 'value' || selector === 'value:') &&
        receiver.argumentCount === values.length
      )
        return receiver.call(values);
    }
    const text = `${toSuper ? 'super' : show(receiver)} ${selector} ${values.map(show).join(' ')}`;
    this.log.push(text);
    return `<${this.log.length}>`;
  }
}

const isClosure = (value: Value): value is Closure => typeof value === 'object' && value !== null && 'call' in value;

export function show(value: Value): string {
  if (isClosure(value)) return `[${value.argumentCount}]`;
  return typeof value === 'object' && value !== null ? `{${value.map(show).join(' ')}}` : String(value);
}

/** Small integers are numbers; other literals their text. */
export function literalValue(literal: Literal): Value {
  if (literal.kind === 'nil') return null;
  if (literal.kind === 'true' || literal.kind === 'false') return literal.kind === 'true';
  if (literal.kind === 'integer' && literal.value >= -1000n && literal.value <= 1000n) return Number(literal.value);
  return printLiteral(literal);
}

export function asBoolean(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  throw new Signal(`${show(value)} mustBeBoolean`);
}

/** What a run shows. */
export interface Outcome {
  readonly result: string;
  readonly log: readonly string[];
  readonly instanceVariable: string;
  readonly global: string;
}

/** The outcome of `run`; undefined when it burned all its fuel. */
export function outcomeOf(fuel: number, run: (world: World) => Value): Outcome | undefined {
  const world = new World(fuel);
  let result: string;
  try {
    result = show(run(world));
  } catch (error) {
    if (error instanceof OutOfFuel) return undefined;
    if (!(error instanceof Signal)) throw error;
    result = `error: ${error.message}`;
  }
  const { log, instanceVariable, global } = world;
  return { result, log, instanceVariable: show(instanceVariable), global: show(global) };
}
