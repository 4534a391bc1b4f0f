/**
 * Integer constant expressions (C17 6.6) as C computes them: 32 or 64 bits, signed or unsigned, with the usual arithmetic
 * conversions, so that `~0u` is 4294967295 and `-1 < 0u` is 0.
 */
import { DeclarationProblem } from './declaration-error.ts';
import type { ConstantNode, ParameterNode } from './syntax.ts';

export interface Constant {
  readonly value: bigint;
  readonly bits: 32 | 64;
  readonly signed: boolean;
}

/** What a constant may refer to. */
export interface ConstantScope {
  constant(name: string): Constant | undefined;
  sizeOf(type: ParameterNode): number;
}

const precedence: Readonly<Record<string, number>> = {
  '*': 10,
  '/': 10,
  '%': 10,
  '+': 9,
  '-': 9,
  '<<': 8,
  '>>': 8,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  '==': 6,
  '!=': 6,
  '&': 5,
  '^': 4,
  '|': 3,
  '&&': 2,
  '||': 1,
};

const escapes: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, a: 7, b: 8, f: 12, v: 11 };

function wrap(value: bigint, bits: 32 | 64, signed: boolean): Constant {
  return { value: signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value), bits, signed };
}

const int = (value: bigint | boolean): Constant => wrap(BigInt(value), 32, true);

/** The type that an enum constant or a literal of this value has: int where it fits. */
export function constantOf(value: bigint): Constant {
  if (BigInt.asIntN(32, value) === value) return wrap(value, 32, true);
  return wrap(value, 64, BigInt.asIntN(64, value) === value);
}

export function evaluate(node: ConstantNode, scope: ConstantScope): Constant {
  switch (node.kind) {
    case 'number':
      return literal(node.text, node.at);
    case 'character':
      return character(node.text, node.at);
    case 'name': {
      const constant = scope.constant(node.text);
      if (constant === undefined)
        throw new DeclarationProblem(node.at, `there is no constant named ${node.text}: expected one of an enum above`);
      return constant;
    }
    case 'sizeof':
      return wrap(BigInt(scope.sizeOf(node.type)), 64, false);
    case 'unary':
      return unary(node.operator, evaluate(node.operand, scope));
    case 'choice': {
      const [yes, no] = converted(evaluate(node.yes, scope), evaluate(node.no, scope));
      return evaluate(node.condition, scope).value !== 0n ? yes : no;
    }
    case 'operation':
      return climb(
        node.operands.map((operand) => evaluate(operand, scope)),
        [...node.operators],
        node.at,
      );
  }
}

/** Applies the tightest operator, leftmost first, until one value is left. */
function climb(values: Constant[], operators: string[], at: number): Constant {
  while (operators.length > 0) {
    const tightest = Math.max(...operators.map((operator) => precedence[operator]!));
    const index = operators.findIndex((operator) => precedence[operator] === tightest);
    values.splice(index, 2, binary(operators[index]!, values[index]!, values[index + 1]!, at));
    operators.splice(index, 1);
  }
  return values[0]!;
}

function literal(text: string, at: number): Constant {
  const match = /^(0[xX][0-9a-fA-F]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)([uU]?(?:l|L|ll|LL)?|(?:l|L|ll|LL)[uU])$/.exec(
    text,
  );
  if (match === null) throw new DeclarationProblem(at, `${text} is not an integer constant`);
  const [, digits = '', suffix = ''] = match;
  const decimal = /^[1-9]/.test(digits);
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const unsigned = /u/i.test(suffix);
  // C17 6.4.4.1: the first of the types that holds the value; decimal constants are unsigned only when they say so.
  for (const bits of [32, 64] as const) {
    if (bits === 32 && /l/i.test(suffix)) continue;
    for (const signed of [true, false]) {
      if (signed ? unsigned : decimal && !unsigned) continue;
      const constant = wrap(value, bits, signed);
      if (constant.value === value) return constant;
    }
  }
  throw new DeclarationProblem(at, `${text} does not fit 64 bits`);
}

function character(text: string, at: number): Constant {
  const body = text.slice(1, -1);
  let code: number;
  if (!body.startsWith('\\')) code = body.charCodeAt(0);
  else if (/^\\x[0-9a-fA-F]+$/.test(body)) code = Number.parseInt(body.slice(2), 16);
  else if (/^\\[0-7]{1,3}$/.test(body)) code = Number.parseInt(body.slice(1), 8);
  else if (body.length === 2) code = escapes[body[1]!] ?? body.charCodeAt(1);
  else throw new DeclarationProblem(at, `${text} is not a character constant`);
  if (code > 255) throw new DeclarationProblem(at, `${text} does not fit a char`);
  return int(BigInt.asIntN(8, BigInt(code)));
}

function unary(operator: string, { value, bits, signed }: Constant): Constant {
  switch (operator) {
    case '-':
      return wrap(-value, bits, signed);
    case '~':
      return wrap(~value, bits, signed);
    case '!':
      return int(value === 0n);
    default:
      return { value, bits, signed };
  }
}

function converted(left: Constant, right: Constant): [Constant, Constant] {
  const bits = left.bits === 64 || right.bits === 64 ? 64 : 32;
  const signed = [left, right].every((side) => side.signed || side.bits < bits);
  return [wrap(left.value, bits, signed), wrap(right.value, bits, signed)];
}

function binary(operator: string, left: Constant, right: Constant, at: number): Constant {
  if (operator === '&&') return int(left.value !== 0n && right.value !== 0n);
  if (operator === '||') return int(left.value !== 0n || right.value !== 0n);
  if (operator === '<<' || operator === '>>') {
    if (right.value < 0n || right.value >= BigInt(left.bits))
      throw new DeclarationProblem(at, `a shift by ${right.value} is undefined in C: expected 0 to ${left.bits - 1}`);
    const value = operator === '<<' ? left.value << right.value : left.value >> right.value;
    return wrap(value, left.bits, left.signed);
  }
  const [a, b] = converted(left, right);
  const result = (value: bigint) => wrap(value, a.bits, a.signed);
  switch (operator) {
    case '*':
      return result(a.value * b.value);
    case '/':
    case '%':
      if (b.value === 0n) throw new DeclarationProblem(at, 'a division by zero is no constant');
      return result(operator === '/' ? a.value / b.value : a.value % b.value);
    case '+':
      return result(a.value + b.value);
    case '-':
      return result(a.value - b.value);
    case '<':
      return int(a.value < b.value);
    case '>':
      return int(a.value > b.value);
    case '<=':
      return int(a.value <= b.value);
    case '>=':
      return int(a.value >= b.value);
    case '==':
      return int(a.value === b.value);
    case '!=':
      return int(a.value !== b.value);
    case '&':
      return result(a.value & b.value);
    case '^':
      return result(a.value ^ b.value);
    default:
      return result(a.value | b.value);
  }
}
