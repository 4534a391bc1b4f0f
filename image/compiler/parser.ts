/**
 * The typed door to the grammar: source in, syntax tree out. Nothing else knows that ohm-js is behind it.
 *
 * A match that fails is explained by syntax-errors.ts; what a grammar cannot say (a byte over 255, a cascade without a
 * message) is found on the walk and leaves it as a `ProblemSignal`.
 */
import type { Node } from 'ohm-js';
import type {
  BlockNode,
  DeclarationNode,
  ExpressionNode,
  LiteralNode,
  MessageNode,
  MethodNode,
  PragmaArgumentNode,
  PragmaNode,
  SourceLiteral,
  StatementNode,
  VariableNode,
} from './ast.ts';
import { CompileError, type Problem, type ProblemCode, ProblemSignal, type SourceOrigin } from './compile-error.ts';
import { externalCallPragma } from './external-call.ts';
import { numberLiteral } from './number-literal.ts';
import grammar from './smalltalk.ohm-bundle.js';
import { explainSyntaxError } from './syntax-errors.ts';

/** The selector under which a doit is compiled. */
export const DOIT_SELECTOR = 'DoIt';

interface Range {
  readonly start: number;
  readonly end: number;
}

const rangeOf = (node: Node): Range => ({ start: node.source.startIdx, end: node.source.endIdx });
const span = (first: Range, last: Range): Range => ({ start: first.start, end: last.end });
const refuse = (node: Node, code: ProblemCode, sentence: string): never => {
  throw new ProblemSignal({ code, sentence, ...rangeOf(node) });
};

/** What each operation answers: the one place where ohm's untyped results get their types. */
const expression = (node: Node): ExpressionNode => node.expression();
const statement = (node: Node): StatementNode => node.statement();
const statements = (node: Node): StatementNode[] => node.statements();
const message = (node: Node): MessageNode => node.message();
const literal = (node: Node): SourceLiteral => node.literal();
const declarations = (node: Node): DeclarationNode[] => node.declarations();
const pragma = (node: Node): PragmaNode => node.pragma();
const pattern = (node: Node): Pick<MethodNode, 'selector' | 'arguments'> => node.pattern();
const method = (node: Node): MethodNode => node.method();

const name = (node: Node): string => node.sourceString;
const declaration = (node: Node): DeclarationNode => ({ name: name(node), ...rangeOf(node) });
const variable = (node: Node): VariableNode => ({ kind: 'variable', name: name(node), ...rangeOf(node) });
const unquoted = (text: string): string => text.slice(1, -1).replaceAll("''", "'");

/** A name in an expression: a variable, or one of the six reserved words. */
function nameExpression(node: Node): ExpressionNode {
  const word = name(node);
  const range = rangeOf(node);
  switch (word) {
    case 'nil':
    case 'true':
    case 'false':
      return { kind: 'literal', value: { kind: word }, ...range };
    case 'self':
    case 'super':
    case 'thisContext':
      return { kind: 'pseudoVariable', name: word, ...range };
    default:
      return { kind: 'variable', name: word, ...range };
  }
}

/** The message that keyword parts make; empty where there are none. */
function keywordMessage(parts: Node): MessageNode[] {
  if (parts.children.length === 0) return [];
  const pieces = parts.children.map(message);
  return [
    {
      selector: pieces.map((piece) => piece.selector).join(''),
      arguments: pieces.flatMap((piece) => piece.arguments),
      ...span(pieces[0]!, pieces.at(-1)!),
    },
  ];
}

const sendEach = (receiver: ExpressionNode, messages: readonly MessageNode[]): ExpressionNode =>
  messages.reduce<ExpressionNode>(
    (target, each) => ({ kind: 'send', receiver: target, message: each, start: target.start, end: each.end }),
    receiver,
  );

/** True when an expression's text has a message outside of parentheses: what a cascade goes on from. */
const hasMessage = (node: Node): boolean =>
  node.ctorName !== 'Primary' && (node.children[1]!.children.length > 0 || hasMessage(node.children[0]!));

function bytes(numbers: Node): SourceLiteral {
  const values = numbers.children.map((each) => {
    const value = literal(each);
    if (value.kind !== 'integer' || value.value < 0n || value.value > 255n)
      return refuse(each, 'bad-byte', `${name(each)} in a byte array is no integer from 0 to 255`);
    return Number(value.value);
  });
  return { kind: 'byteArray', bytes: values };
}

const RESERVED_SYMBOLS = new Set(['nil', 'true', 'false']);
const isReservedLiteral = (word: string): word is 'nil' | 'true' | 'false' => RESERVED_SYMBOLS.has(word);

const semantics = grammar.createSemantics();

semantics.addOperation<SourceLiteral>('literal', {
  Literal: (value) => literal(value),
  number(_digits) {
    const value = numberLiteral(this.sourceString);
    return typeof value === 'string' ? refuse(this, 'bad-number', value) : value;
  },
  character: (_dollar, any) => ({ kind: 'character', codePoint: any.sourceString.codePointAt(0)! }),
  string(_open, _characters, _close) {
    return { kind: 'string', value: unquoted(this.sourceString) };
  },
  symbol(_hash, text) {
    const value = literal(text);
    return value.kind === 'string' ? { kind: 'symbol', value: value.value } : value;
  },
  bareSymbol(_symbol) {
    return { kind: 'symbol', value: this.sourceString };
  },
  LiteralArray: (_open, elements, _close) => ({ kind: 'array', elements: elements.children.map(literal) }),
  ByteArray: (_open, numbers, _close) => bytes(numbers),
  ArrayElement_literal: (value) => literal(value),
  ArrayElement_array: (_open, elements, _close) => ({ kind: 'array', elements: elements.children.map(literal) }),
  ArrayElement_bytes: (_open, numbers, _close) => bytes(numbers),
  ArrayElement_separator: (_semicolon) => ({ kind: 'symbol', value: ';' }),
  ArrayElement_symbol(word) {
    const text = name(word);
    return isReservedLiteral(text) ? { kind: text } : { kind: 'symbol', value: text };
  },
});

const literalNode = (node: Node): LiteralNode => ({ kind: 'literal', value: literal(node), ...rangeOf(node) });

semantics.addOperation<DeclarationNode[]>('declarations', {
  Temporaries: (_open, names, _close) => names.children.map(declaration),
  BlockParameters: (parameters, _bar) => parameters.children.flatMap(declarations),
  BlockParameter: (_colon, parameter) => [declaration(parameter)],
  _iter: (...children) => children.flatMap(declarations),
});

semantics.addOperation<MessageNode>('message', {
  Message_keyword: (parts) => keywordMessage(parts)[0]!,
  Message_binary: (part) => message(part),
  Message_unary: (selector) => message(selector),
  KeywordPart: (keyword, argument) => ({
    selector: name(keyword),
    arguments: [expression(argument)],
    ...span(rangeOf(keyword), rangeOf(argument)),
  }),
  BinaryPart: (selector, argument) => ({
    selector: name(selector),
    arguments: [expression(argument)],
    ...span(rangeOf(selector), rangeOf(argument)),
  }),
  unarySelector: (word) => ({ selector: name(word), arguments: [], ...rangeOf(word) }),
});

semantics.addOperation<ExpressionNode>('expression', {
  Expression_assignment: (target, _assign, value) => {
    const node = expression(value);
    return { kind: 'assignment', target: variable(target), value: node, ...span(rangeOf(target), rangeOf(value)) };
  },
  Expression_cascade: (cascade) => expression(cascade),
  Cascade(first, _semicolons, more) {
    const node = expression(first);
    if (more.children.length === 0) return node;
    if (node.kind !== 'send' || !hasMessage(first))
      return refuse(
        first,
        'cascade-without-message',
        'a cascade goes on from a message, but none stands before the first ;',
      );
    const messages = [node.message, ...more.children.map(message)];
    return { kind: 'cascade', receiver: node.receiver, messages, start: node.start, end: messages.at(-1)!.end };
  },
  KeywordExpression: (receiver, parts) => sendEach(expression(receiver), keywordMessage(parts)),
  BinaryExpression: (receiver, parts) => sendEach(expression(receiver), parts.children.map(message)),
  UnaryExpression: (receiver, selectors) => sendEach(expression(receiver), selectors.children.map(message)),
  Primary_variable: (word) => nameExpression(word),
  Primary_literal: (value) => literalNode(value),
  Primary_block: (block) => expression(block),
  Primary_parenthesised: (_open, inner, _close) => expression(inner),
  Primary_brace(_open, body, _close) {
    const elements = statements(body).map((each) => {
      if (each.kind !== 'return') return each;
      throw new ProblemSignal({
        code: 'return-in-brace',
        sentence: 'a brace array lists values, and ^ returns none',
        start: each.start,
        end: each.end,
      });
    });
    return { kind: 'brace', elements, ...rangeOf(this) };
  },
  Block(_open, parameters, temporaries, body, _close): BlockNode {
    return {
      kind: 'block',
      parameters: declarations(parameters),
      temporaries: declarations(temporaries),
      statements: statements(body),
      ...rangeOf(this),
    };
  },
});

semantics.addOperation<StatementNode>('statement', {
  Statement_return(_caret, value) {
    return { kind: 'return', value: expression(value), start: this.source.startIdx, end: value.source.endIdx };
  },
  Statement_expression: (value) => expression(value),
});

semantics.addOperation<StatementNode[]>('statements', {
  Statements: (leading, _dots, last) =>
    [...leading.children.flatMap((each) => each.children), ...last.children].map(statement),
});

semantics.addOperation<PragmaArgumentNode>('pragmaArgument', {
  PragmaArgument_literal: (value) => literalNode(value),
  PragmaArgument_name(word) {
    const node = nameExpression(word);
    if (node.kind === 'literal' || node.kind === 'variable') return node;
    return refuse(word, 'bad-pragma', `a pragma's argument is a literal, and ${name(word)} is none`);
  },
});

semantics.addOperation<PragmaNode>('pragma', {
  Pragma_external: (_open, content, _close) => pragma(content),
  ExternalCall(convention, types, name, _open, parameters, _close, options) {
    const call = externalCallPragma(
      {
        convention: convention.sourceString.trim(),
        types: types.children.map(typeText),
        name: literal(name),
        parameters: parameters.children.map(typeText),
        module: options.children.map((each) => each.externalModule()).find((each) => each !== undefined),
      },
      rangeOf(this),
    );
    return typeof call === 'string' ? refuse(this, 'bad-pragma', call) : call;
  },
  Pragma_message(_open, content, _close) {
    return { ...pragma(content), ...rangeOf(this) };
  },
  PragmaMessage_keyword(parts) {
    const pieces = parts.children.map(pragma);
    return {
      selector: pieces.map((piece) => piece.selector).join(''),
      arguments: pieces.flatMap((piece) => piece.arguments),
      ...rangeOf(this),
    };
  },
  PragmaMessage_unary: (word) => ({ selector: name(word), arguments: [], ...rangeOf(word) }),
  PragmaPart(keyword, argument) {
    return { selector: name(keyword), arguments: [argument.pragmaArgument()], ...rangeOf(this) };
  },
});

semantics.addOperation<Pick<MethodNode, 'selector' | 'arguments'>>('pattern', {
  MessagePattern_keyword(parts) {
    const pieces = parts.children.map(pattern);
    return {
      selector: pieces.map((piece) => piece.selector).join(''),
      arguments: pieces.flatMap((piece) => piece.arguments),
    };
  },
  MessagePattern_binary: (selector, argument) => ({ selector: name(selector), arguments: [declaration(argument)] }),
  MessagePattern_unary: (selector) => ({ selector: name(selector), arguments: [] }),
  PatternOnly: (head, _rest) => pattern(head),
  KeywordParameter: (keyword, argument) => ({ selector: name(keyword), arguments: [declaration(argument)] }),
});

/** `long` and `*`, `*` with blanks between. */
const typeText = (node: Node): string => node.sourceString.trim().replaceAll('*', ' *').replace(/\s+/g, ' ');

semantics.addOperation<string | undefined>('externalModule', {
  ExternalOption_module: (_keyword, text) => {
    const value = literal(text);
    return value.kind === 'string' ? value.value : undefined;
  },
  ExternalOption_error: (_keyword, _name) => undefined,
});

semantics.addOperation<MethodNode>('method', {
  Method: (head, body) => ({ ...method(body), ...pattern(head), start: 0, end: body.source.endIdx }),
  Doit: (body) => method(body),
  Body: (before, temporaries, after, body) => {
    const pragmas = [...before.children, ...after.children].map(pragma);
    return {
      kind: 'method',
      selector: DOIT_SELECTOR,
      arguments: [],
      pragmas,
      temporaries: declarations(temporaries),
      statements: [...pragmas.flatMap(({ call }) => (call === undefined ? [] : [call])), ...statements(body)],
      start: 0,
      end: body.source.endIdx,
    };
  },
});

function parse(source: string, startRule: 'Method' | 'Doit', origin: SourceOrigin): MethodNode {
  const selector = (): string | undefined => (startRule === 'Doit' ? DOIT_SELECTOR : selectorOf(source));
  const fail = (problem: Problem): CompileError => new CompileError([problem], source, origin, selector());
  try {
    const match = grammar.match(source, startRule);
    if (match.failed()) throw fail(explainSyntaxError(source, match));
    return method(semantics(match) as unknown as Node);
  } catch (error) {
    if (error instanceof ProblemSignal) throw fail(error.problem);
    if (isStackOverflow(error))
      throw fail({
        code: 'too-deep',
        sentence: 'the source nests deeper than the parser can follow',
        start: 0,
        end: 1,
      });
    throw error;
  }
}

/** What engines throw when recursion goes too deep: a RangeError in V8 and JavaScriptCore. */
const isStackOverflow = (error: unknown): boolean => error instanceof RangeError && /call stack/i.test(error.message);

/** The selector that a source begins with, even when the rest is wrong; undefined when its first line is wrong too. */
export function selectorOf(source: string): string | undefined {
  const match = grammar.match(source, 'PatternOnly');
  return match.succeeded() ? pattern(semantics(match) as unknown as Node).selector : undefined;
}

/** The tree of a method's source. Throws `CompileError`. */
export function parseMethod(source: string, origin: SourceOrigin = {}): MethodNode {
  return parse(source, 'Method', origin);
}

/** The tree of statements with their temps, as a method `DoIt` without arguments. Throws `CompileError`. */
export function parseDoit(source: string, origin: SourceOrigin = {}): MethodNode {
  return parse(source, 'Doit', origin);
}
