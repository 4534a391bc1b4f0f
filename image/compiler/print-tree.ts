/**
 * A syntax tree as source that parses to the same tree, with no more parentheses than it needs. One line a statement; blocks
 * on one line.
 */
import { assertNever } from '../../vm/vm-bug.ts';
import type {
  BlockNode,
  DeclarationNode,
  ExpressionNode,
  MessageNode,
  MethodNode,
  PragmaNode,
  StatementNode,
} from './ast.ts';
import { printLiteral } from './print-literal.ts';

/** How tightly an expression holds together; what is looser than its place allows gets parentheses. */
const Tightness = { PRIMARY: 0, UNARY: 1, BINARY: 2, KEYWORD: 3, EXPRESSION: 4 } as const;
type Tightness = (typeof Tightness)[keyof typeof Tightness];

const messageTightness = ({ selector }: MessageNode): Tightness => {
  if (selector.endsWith(':')) return Tightness.KEYWORD;
  return /^[A-Za-z_]/.test(selector) ? Tightness.UNARY : Tightness.BINARY;
};

function tightnessOf(node: ExpressionNode): Tightness {
  if (node.kind === 'assignment' || node.kind === 'cascade') return Tightness.EXPRESSION;
  return node.kind === 'send' ? messageTightness(node.message) : Tightness.PRIMARY;
}

/** `selector: argument ...` pairs of keywords and what follows them. */
const interleaved = (selector: string, values: readonly string[]): string =>
  (selector.match(/[^:]+:/g) ?? []).map((keyword, index) => `${keyword} ${values[index]}`).join(' ');

function printMessage(message: MessageNode): string {
  switch (messageTightness(message)) {
    case Tightness.UNARY:
      return message.selector;
    case Tightness.BINARY:
      return `${message.selector} ${printExpression(message.arguments[0]!, Tightness.UNARY)}`;
    default:
      return interleaved(
        message.selector,
        message.arguments.map((argument) => printExpression(argument, Tightness.BINARY)),
      );
  }
}

/** What the receiver of a message may be without parentheses: the same kind of message, but for keywords. */
const receiverTightness = (message: MessageNode): Tightness => {
  const tightness = messageTightness(message);
  return tightness === Tightness.KEYWORD ? Tightness.BINARY : tightness;
};

/** The source of `node`, in parentheses when it is looser than `most`. */
export function printExpression(node: ExpressionNode, most: Tightness = Tightness.EXPRESSION): string {
  return tightnessOf(node) > most ? `(${printBare(node)})` : printBare(node);
}

function printBare(node: ExpressionNode): string {
  switch (node.kind) {
    case 'literal':
      return printLiteral(node.value);
    case 'variable':
    case 'pseudoVariable':
      return node.name;
    case 'assignment':
      return `${node.target.name} := ${printExpression(node.value)}`;
    case 'send':
      return `${printExpression(node.receiver, receiverTightness(node.message))} ${printMessage(node.message)}`;
    case 'cascade': {
      const receiver = printExpression(node.receiver, receiverTightness(node.messages[0]!));
      return `${receiver} ${node.messages.map(printMessage).join('; ')}`;
    }
    case 'block':
      return printBlock(node);
    case 'brace':
      return `{${node.elements.map((element) => printExpression(element)).join('. ')}}`;
    default:
      return assertNever(node);
  }
}

const printNames = (nodes: readonly DeclarationNode[]): string => nodes.map(({ name }) => name).join(' ');

function printBlock({ parameters, temporaries, statements }: BlockNode): string {
  const parts = [
    parameters.length === 0 ? '' : `${parameters.map(({ name }) => `:${name}`).join(' ')} |`,
    temporaries.length === 0 ? '' : `| ${printNames(temporaries)} |`,
    statements.map(printStatement).join('. '),
  ];
  return `[${parts.filter((part) => part !== '').join(' ')}]`;
}

const printStatement = (node: StatementNode): string =>
  node.kind === 'return' ? `^ ${printExpression(node.value)}` : printExpression(node);

function printPragma(node: PragmaNode): string {
  const values = node.arguments.map((argument) => printBare(argument));
  const text = values.length === 0 ? node.selector : interleaved(node.selector, values);
  // An operator's symbol would take in the bracket that closes the pragma.
  return /[^\w\])'\s]$/.test(text) ? `<${text} >` : `<${text}>`;
}

function printPattern(node: MethodNode): string {
  const names = node.arguments.map(({ name }) => name);
  if (names.length === 0) return node.selector;
  return node.selector.endsWith(':') ? interleaved(node.selector, names) : `${node.selector} ${names[0]}`;
}

/** The source of a method. */
export function printMethod(node: MethodNode): string {
  const temporaries = node.temporaries.length === 0 ? [] : [`| ${printNames(node.temporaries)} |`];
  const statements = node.statements.map((each, index) =>
    index === node.statements.length - 1 ? printStatement(each) : `${printStatement(each)}.`,
  );
  const lines = [...node.pragmas.map(printPragma), ...temporaries, ...statements];
  return [printPattern(node), ...lines.map((line) => `    ${line}`)].join('\n');
}
