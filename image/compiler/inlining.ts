/**
 * Which sends are compiled as jumps instead of messages: the control structures whose blocks are written out where they are
 * sent. As in Squeak and Pharo, a send is inlined only when all its blocks are literal blocks with the right number of
 * parameters; else it is a message like any other, and the receiver decides.
 */
import type { BlockNode, ExpressionNode, LiteralNode, SendNode } from './ast.ts';

export type InlineForm =
  | {
      readonly kind: 'if';
      readonly condition: ExpressionNode;
      readonly onTrue: BlockNode | undefined;
      readonly onFalse: BlockNode | undefined;
    }
  | {
      readonly kind: 'nilTest';
      readonly value: ExpressionNode;
      readonly onNil: BlockNode | undefined;
      /** Has no parameter, or one for the value. */
      readonly onNotNil: BlockNode | undefined;
    }
  | { readonly kind: 'and' | 'or'; readonly left: ExpressionNode; readonly right: BlockNode }
  /** Goes on as long as the condition is `whileValue`. */
  | {
      readonly kind: 'while';
      readonly condition: BlockNode;
      readonly body: BlockNode | undefined;
      readonly whileValue: boolean;
    }
  | { readonly kind: 'repeat'; readonly body: BlockNode }
  | { readonly kind: 'timesRepeat'; readonly count: ExpressionNode; readonly body: BlockNode }
  | {
      readonly kind: 'toDo';
      readonly start: ExpressionNode;
      readonly stop: ExpressionNode;
      /** A number other than 0; undefined stands for 1. */
      readonly step: LiteralNode | undefined;
      readonly isDescending: boolean;
      readonly body: BlockNode;
    };

function blockWith(parameterCount: number, node: ExpressionNode | undefined): BlockNode | undefined {
  return node?.kind === 'block' && node.parameters.length === parameterCount ? node : undefined;
}

const plain = (node: ExpressionNode | undefined): BlockNode | undefined => blockWith(0, node);
const plainOrOne = (node: ExpressionNode | undefined): BlockNode | undefined => plain(node) ?? blockWith(1, node);

/** The sign of a number literal; undefined for 0 and for what is no number. */
function signOf(node: ExpressionNode | undefined): -1 | 1 | undefined {
  if (node?.kind !== 'literal') return undefined;
  const { value } = node;
  if (value.kind === 'integer') return value.value === 0n ? undefined : value.value < 0n ? -1 : 1;
  if (value.kind === 'float') return value.value === 0 ? undefined : value.value < 0 ? -1 : 1;
  if (value.kind === 'fraction' || value.kind === 'scaledDecimal')
    return value.numerator === 0n ? undefined : value.numerator < 0n ? -1 : 1;
  return undefined;
}

function conditional(
  condition: ExpressionNode,
  onTrue: BlockNode | undefined,
  onFalse: BlockNode | undefined,
  expected: number,
): InlineForm | undefined {
  const found = (onTrue === undefined ? 0 : 1) + (onFalse === undefined ? 0 : 1);
  return found === expected ? { kind: 'if', condition, onTrue, onFalse } : undefined;
}

function nilTest(
  value: ExpressionNode,
  onNil: BlockNode | undefined,
  onNotNil: BlockNode | undefined,
  expected: number,
): InlineForm | undefined {
  const found = (onNil === undefined ? 0 : 1) + (onNotNil === undefined ? 0 : 1);
  return found === expected ? { kind: 'nilTest', value, onNil, onNotNil } : undefined;
}

function loop(receiver: ExpressionNode, body: ExpressionNode | undefined, whileValue: boolean): InlineForm | undefined {
  const condition = plain(receiver);
  const block = plain(body);
  if (condition === undefined || (body !== undefined && block === undefined)) return undefined;
  return { kind: 'while', condition, body: block, whileValue };
}

/** How `send` is inlined, or undefined when it is a message. */
export function inlineFormOf(send: SendNode): InlineForm | undefined {
  const { receiver } = send;
  if (receiver.kind === 'pseudoVariable' && receiver.name === 'super') return undefined;
  const [first, second, third] = send.message.arguments;
  switch (send.message.selector) {
    case 'ifTrue:':
      return conditional(receiver, plain(first), undefined, 1);
    case 'ifFalse:':
      return conditional(receiver, undefined, plain(first), 1);
    case 'ifTrue:ifFalse:':
      return conditional(receiver, plain(first), plain(second), 2);
    case 'ifFalse:ifTrue:':
      return conditional(receiver, plain(second), plain(first), 2);
    case 'ifNil:':
      return nilTest(receiver, plain(first), undefined, 1);
    case 'ifNotNil:':
      return nilTest(receiver, undefined, plainOrOne(first), 1);
    case 'ifNil:ifNotNil:':
      return nilTest(receiver, plain(first), plainOrOne(second), 2);
    case 'ifNotNil:ifNil:':
      return nilTest(receiver, plain(second), plainOrOne(first), 2);
    case 'and:':
    case 'or:': {
      const right = plain(first);
      const kind = send.message.selector === 'and:' ? 'and' : 'or';
      return right === undefined ? undefined : { kind, left: receiver, right };
    }
    case 'whileTrue:':
    case 'whileTrue':
      return loop(receiver, first, true);
    case 'whileFalse:':
    case 'whileFalse':
      return loop(receiver, first, false);
    case 'repeat': {
      const body = plain(receiver);
      return body === undefined ? undefined : { kind: 'repeat', body };
    }
    case 'timesRepeat:': {
      const body = plain(first);
      return body === undefined ? undefined : { kind: 'timesRepeat', count: receiver, body };
    }
    case 'to:do:': {
      const body = blockWith(1, second);
      if (first === undefined || body === undefined) return undefined;
      return { kind: 'toDo', start: receiver, stop: first, step: undefined, isDescending: false, body };
    }
    case 'to:by:do:': {
      const body = blockWith(1, third);
      const sign = signOf(second);
      if (first === undefined || second?.kind !== 'literal' || sign === undefined || body === undefined)
        return undefined;
      return { kind: 'toDo', start: receiver, stop: first, step: second, isDescending: sign < 0, body };
    }
    default:
      return undefined;
  }
}
