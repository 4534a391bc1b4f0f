/**
 * Random methods for property tests: syntax trees with every kind of node, whose names are all declared, so that they
 * compile. `x` is an argument, `a` and `b` temps of the method, `iv` an instance variable, `G` a global; a block at nesting
 * level n has `p<n>` (a parameter, or a temp where it takes none) and a temp `t<n>`.
 */
import fc from 'fast-check';
import type {
  BlockNode,
  DeclarationNode,
  ExpressionNode,
  MessageNode,
  MethodNode,
  SourceLiteral,
  StatementNode,
} from '../../image/compiler/ast.ts';

/** Ranges are not random: the printed source has its own. */
const range = { start: 0, end: 0 };
const declaration = (name: string): DeclarationNode => ({ name, ...range });
const message = (selector: string, values: readonly ExpressionNode[]): MessageNode => ({
  selector,
  arguments: values,
  ...range,
});
const send = (receiver: ExpressionNode, selector: string, values: readonly ExpressionNode[]): ExpressionNode => ({
  kind: 'send',
  receiver,
  message: message(selector, values),
  ...range,
});

const codePoint = fc.integer({ min: 0, max: 0x10ffff }).filter((code) => code < 0xd800 || code > 0xdfff);
const text = fc.string({ unit: 'binary', maxLength: 6 });
const bigint = fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n });

function decimal(numerator: bigint, places: number): { numerator: bigint; denominator: bigint } {
  let [top, bottom] = [numerator, 10n ** BigInt(places)];
  for (const prime of [2n, 5n]) {
    while (top % prime === 0n && bottom % prime === 0n) [top, bottom] = [top / prime, bottom / prime];
  }
  return { numerator: top, denominator: bottom };
}

const plainLiteral: fc.Arbitrary<SourceLiteral> = fc.oneof(
  fc.constantFrom<SourceLiteral>({ kind: 'nil' }, { kind: 'true' }, { kind: 'false' }),
  fc.oneof(bigint, fc.bigInt({ min: -3n, max: 9n })).map((value): SourceLiteral => ({ kind: 'integer', value })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value): SourceLiteral => ({ kind: 'float', value })),
  fc
    .tuple(bigint, fc.integer({ min: 1, max: 8 }))
    .map(([numerator, places]) => decimal(numerator, places))
    .filter(({ denominator }) => denominator !== 1n)
    .map((value): SourceLiteral => ({ kind: 'fraction', ...value })),
  fc
    .tuple(bigint, fc.nat(8), fc.nat(12))
    .map(
      ([numerator, places, scale]): SourceLiteral => ({ kind: 'scaledDecimal', ...decimal(numerator, places), scale }),
    ),
  codePoint.map((code): SourceLiteral => ({ kind: 'character', codePoint: code })),
  text.map((value): SourceLiteral => ({ kind: 'string', value })),
  fc
    .oneof(text, fc.constantFrom('foo', 'foo:bar:', '+', '-', '<=', 'nil', 'a_b', 'x:'))
    .map((value): SourceLiteral => ({ kind: 'symbol', value })),
  fc
    .array(fc.integer({ min: 0, max: 255 }), { maxLength: 4 })
    .map((bytes): SourceLiteral => ({ kind: 'byteArray', bytes })),
);

export const literal: fc.Arbitrary<SourceLiteral> = fc.letrec<{ any: SourceLiteral; array: SourceLiteral }>((tie) => ({
  any: fc.oneof({ maxDepth: 2 }, plainLiteral, tie('array')),
  array: fc.array(tie('any'), { maxLength: 4 }).map((elements): SourceLiteral => ({ kind: 'array', elements })),
})).any;

const small = fc
  .bigInt({ min: -2n, max: 5n })
  .map((value): ExpressionNode => ({ kind: 'literal', value: { kind: 'integer', value }, ...range }));

const cache = new Map<string, fc.Arbitrary<ExpressionNode>>();

/** An expression at most `depth` deep, inside of `level` blocks. */
function expression(depth: number, level: number): fc.Arbitrary<ExpressionNode> {
  const key = `${depth} ${level}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = depth === 0 ? leaf(level) : fc.oneof({ weight: 2, arbitrary: leaf(level) }, ...nodes(depth, level));
  cache.set(key, made);
  return made;
}

const inner = (level: number, letter: string): string[] => Array.from({ length: level }, (_, i) => `${letter}${i + 1}`);
const readable = (level: number): string[] => ['x', 'a', 'b', 'iv', 'G', ...inner(level, 'p'), ...inner(level, 't')];
const assignable = (level: number): string[] => ['a', 'b', 'iv', 'G', ...inner(level, 't'), ...inner(level, 't')];

const leaf = (level: number): fc.Arbitrary<ExpressionNode> =>
  fc.oneof(
    { weight: 2, arbitrary: small },
    { weight: 1, arbitrary: literal.map((value): ExpressionNode => ({ kind: 'literal', value, ...range })) },
    {
      weight: 6,
      arbitrary: fc
        .constantFrom(...readable(level))
        .map((name): ExpressionNode => ({ kind: 'variable', name, ...range })),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('self' as const, 'thisContext' as const)
        .map((name): ExpressionNode => ({ kind: 'pseudoVariable', name, ...range })),
    },
  );

function block(depth: number, level: number, parameterCount: 0 | 1): fc.Arbitrary<BlockNode> {
  const [parameter, temp] = [declaration(`p${level + 1}`), declaration(`t${level + 1}`)];
  return statements(depth - 1, level + 1).map((body) => ({
    kind: 'block',
    parameters: parameterCount === 1 ? [parameter] : [],
    temporaries: parameterCount === 1 ? [temp] : [temp, parameter],
    statements: body,
    ...range,
  }));
}

function statements(depth: number, level: number): fc.Arbitrary<StatementNode[]> {
  const value = expression(depth, level);
  const statement: fc.Arbitrary<StatementNode> = fc.oneof(
    { weight: 12, arbitrary: value },
    { weight: 1, arbitrary: value.map((node): StatementNode => ({ kind: 'return', value: node, ...range })) },
  );
  return fc.array(statement, { minLength: 0, maxLength: 3 });
}

/** A condition that is a boolean more often than not. */
const condition = (depth: number, level: number): fc.Arbitrary<ExpressionNode> =>
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .tuple(expression(depth - 1, level), fc.constantFrom('<', '==', '<=', '~='), small)
        .map(([left, operator, right]) => send(left, operator, [right])),
    },
    expression(depth - 1, level),
  );

function nodes(depth: number, level: number): fc.Arbitrary<ExpressionNode>[] {
  const value = expression(depth - 1, level);
  const [plain, one] = [block(depth, level, 0), block(depth, level, 1)];
  const boolean = condition(depth, level);
  const messages = fc.oneof(
    fc.constantFrom('foo', 'class', 'isNil').map((selector) => message(selector, [])),
    fc
      .tuple(fc.constantFrom('+', '-', '<', '->', '>>>', '=='), value)
      .map(([selector, node]) => message(selector, [node])),
    fc.tuple(fc.constantFrom('bar:', 'at:'), value).map(([selector, node]) => message(selector, [node])),
    fc.tuple(value, value).map((pair) => message('at:put:', pair)),
  );
  const superOr = fc.oneof(
    { weight: 9, arbitrary: value },
    { weight: 1, arbitrary: fc.constant<ExpressionNode>({ kind: 'pseudoVariable', name: 'super', ...range }) },
  );
  return [
    fc.tuple(fc.constantFrom(...assignable(level)), value).map(([name, node]) => ({
      kind: 'assignment',
      target: { kind: 'variable', name, ...range },
      value: node,
      ...range,
    })),
    fc.tuple(superOr, messages).map(([receiver, each]) => ({ kind: 'send', receiver, message: each, ...range })),
    fc
      .tuple(superOr, fc.array(messages, { minLength: 2, maxLength: 3 }))
      .map(([receiver, each]) => ({ kind: 'cascade', receiver, messages: each, ...range })),
    fc.oneof(plain, one),
    fc.oneof(plain, value).map((node) => send(node, 'value', [])),
    fc.tuple(fc.oneof(one, value), value).map(([node, argument]) => send(node, 'value:', [argument])),
    fc.array(value, { maxLength: 3 }).map((elements) => ({ kind: 'brace', elements, ...range })),
    fc
      .tuple(boolean, fc.constantFrom('ifTrue:', 'ifFalse:', 'and:', 'or:'), plain)
      .map(([node, selector, body]) => send(node, selector, [body])),
    fc
      .tuple(boolean, fc.constantFrom('ifTrue:ifFalse:', 'ifFalse:ifTrue:'), plain, plain)
      .map(([node, selector, first, second]) => send(node, selector, [first, second])),
    fc.tuple(value, plain).map(([node, body]) => send(node, 'ifNil:', [body])),
    fc.tuple(value, fc.oneof(plain, one)).map(([node, body]) => send(node, 'ifNotNil:', [body])),
    fc.tuple(value, plain, one).map(([node, first, second]) => send(node, 'ifNil:ifNotNil:', [first, second])),
    fc.tuple(value, one, plain).map(([node, first, second]) => send(node, 'ifNotNil:ifNil:', [first, second])),
    fc
      .tuple(plain, fc.constantFrom('whileTrue:', 'whileFalse:'), plain)
      .map(([node, selector, body]) => send(node, selector, [body])),
    plain.map((node) => send(node, 'whileTrue', [])),
    plain.map((node) => send(node, 'repeat', [])),
    fc.tuple(small, plain).map(([node, body]) => send(node, 'timesRepeat:', [body])),
    fc.tuple(small, value, one).map(([node, stop, body]) => send(node, 'to:do:', [stop, body])),
    fc.tuple(value, small, small, one).map(([node, stop, step, body]) => send(node, 'to:by:do:', [stop, step, body])),
  ];
}

/** Methods `foo: x`, at most `depth` deep. */
export const methods = (depth: number): fc.Arbitrary<MethodNode> =>
  fc.array(expression(depth, 0), { minLength: 1, maxLength: 4 }).chain((body) =>
    expression(depth - 1, 0).map(
      (last): MethodNode => ({
        kind: 'method',
        selector: 'foo:',
        arguments: [declaration('x')],
        pragmas: [],
        temporaries: [declaration('a'), declaration('b')],
        statements: [...body, { kind: 'return', value: last, ...range }],
        ...range,
      }),
    ),
  );

/** The names that random methods use beyond their own. */
export const randomScope = { instanceVariableNames: ['iv'], hasBinding: (name: string) => name === 'G' };
