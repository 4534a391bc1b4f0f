/**
 * The compiler's doors: source in, code out. Parse, analyse, generate; what is wrong with the source leaves as one
 * `CompileError` that holds all problems found.
 */
import { analyze } from './analysis.ts';
import type { MethodNode, StatementNode } from './ast.ts';
import { CompileError, type Problem, ProblemSignal, type SourceOrigin } from './compile-error.ts';
import type { CompilationScope, CompiledMethodCode } from './compiled-code.ts';
import { FunctionGenerator } from './generator.ts';
import { parseDoit, parseMethod } from './parser.ts';
import { type PrimitiveDeclaration, readPragmas } from './primitive-pragma.ts';
import type { Analysis } from './scope.ts';

/** Code of a method's source, for a class with the names of `scope`. Throws `CompileError`. */
export function compileMethod(source: string, scope: CompilationScope, origin: SourceOrigin = {}): CompiledMethodCode {
  return compileTree(parseMethod(source, origin), source, scope, origin);
}

/**
 * Code of statements, as a method `DoIt` that returns the value of the last one; nil when there is none. Throws
 * `CompileError`.
 */
export function compileDoit(source: string, scope: CompilationScope, origin: SourceOrigin = {}): CompiledMethodCode {
  return compileTree(returningLast(parseDoit(source, origin)), source, scope, origin);
}

/** A doit's tree with its last statement returned. */
function returningLast(node: MethodNode): MethodNode {
  const last = node.statements.at(-1);
  if (last?.kind === 'return') return node;
  const value = last ?? ({ kind: 'literal', value: { kind: 'nil' }, start: node.end, end: node.end } as const);
  const result: StatementNode = { kind: 'return', value, start: value.start, end: value.end };
  return { ...node, statements: [...node.statements.slice(0, -1), result] };
}

/** Code of a tree that `source` was parsed to. Throws `CompileError`. */
export function compileTree(
  node: MethodNode,
  source: string,
  scope: CompilationScope,
  origin: SourceOrigin = {},
): CompiledMethodCode {
  const fail = (problems: readonly Problem[]): CompileError =>
    new CompileError(
      [...problems].sort((a, b) => a.start - b.start),
      source,
      origin,
      node.selector,
    );
  const { primitive, pragmas, problems: pragmaProblems } = readPragmas(node.pragmas);
  const { analysis, problems } = analyze(node, scope, primitive?.errorName);
  if (problems.length + pragmaProblems.length > 0) throw fail([...pragmaProblems, ...problems]);
  try {
    const code = methodCode(node, analysis, primitive);
    return {
      kind: 'method',
      selector: node.selector,
      source,
      primitiveNumber: primitive?.number ?? 0,
      pragmas,
      ...code.finish(),
    };
  } catch (error) {
    if (error instanceof ProblemSignal) throw fail([error.problem]);
    throw error;
  }
}

function methodCode(
  node: MethodNode,
  analysis: Analysis,
  primitive: PrimitiveDeclaration | undefined,
): FunctionGenerator {
  const generator = new FunctionGenerator(analysis, analysis.method);
  const { writer } = generator;
  writer.at(node);
  if (primitive !== undefined) {
    if (primitive.firstLiteral !== undefined) writer.literals.indexOf(primitive.firstLiteral);
    writer.callPrimitive(primitive.number);
    if (analysis.primitiveError !== undefined) writer.storeTemp('store', analysis.primitiveError.slot);
  }
  generator.enterScope(analysis.method.root);
  generator.statements(
    node.statements,
    (last) => generator.effect(last),
    () => undefined,
  );
  generator.leaveScope(analysis.method.root);
  writer.at({ start: node.end, end: node.end });
  writer.returnReceiver();
  return generator;
}
