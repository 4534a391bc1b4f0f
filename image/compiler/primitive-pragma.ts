/**
 * What a method's pragmas say to the compiler: `<primitive: 60>`, `<primitive: 'name' module: 'm'>`, either with
 * `error: ec`. All other pragmas are kept as data for the image.
 *
 * A named primitive is number 117, and its method's first literal the array `{module. name. 0. 0}`, where the VM keeps what it
 * found (Blue Book, and Squeak's named primitives).
 */
import type { PragmaArgumentNode, PragmaNode, VariableNode } from './ast.ts';
import type { Problem } from './compile-error.ts';
import type { Literal, Pragma } from './compiled-code.ts';

const EXTERNAL_CALL = 117;
/** The operand of `callPrimitive` has 13 bits. */
const MAX_PRIMITIVE = 8191;

export interface PrimitiveDeclaration {
  readonly number: number;
  readonly errorName: VariableNode | undefined;
  /** What a named primitive wants as the first literal. */
  readonly firstLiteral: Literal | undefined;
}

export interface PragmaReading {
  readonly primitive: PrimitiveDeclaration | undefined;
  readonly pragmas: readonly Pragma[];
  readonly problems: readonly Problem[];
}

const SELECTORS = new Set([
  'primitive:',
  'primitive:error:',
  'primitive:module:',
  'primitive:module:error:',
  'primitive:error:module:',
]);

const textOf = (node: PragmaArgumentNode | undefined): string | undefined =>
  node?.kind === 'literal' && (node.value.kind === 'string' || node.value.kind === 'symbol')
    ? node.value.value
    : undefined;

function numberOf(node: PragmaArgumentNode): number | undefined {
  if (node.kind !== 'literal' || node.value.kind !== 'integer') return undefined;
  const { value } = node.value;
  return value >= 1n && value <= BigInt(MAX_PRIMITIVE) ? Number(value) : undefined;
}

/** The declaration, or a sentence. */
function readPrimitive(node: PragmaNode): PrimitiveDeclaration | string {
  const keywords = node.selector.split(':').slice(0, -1);
  const argument = (keyword: string): PragmaArgumentNode | undefined => node.arguments[keywords.indexOf(keyword)];
  const which = argument('primitive')!;
  const errorName = argument('error');
  const moduleName = argument('module');
  if (errorName !== undefined && errorName.kind !== 'variable')
    return 'error: takes the name of a variable, and this is none';
  const name = textOf(which);
  if (name === undefined) {
    if (moduleName !== undefined) return 'a primitive of a module is named by a string';
    const number = numberOf(which);
    if (number === undefined) return `a primitive is a number from 1 to ${MAX_PRIMITIVE} or a string`;
    return { number, errorName, firstLiteral: undefined };
  }
  const module = textOf(moduleName);
  if (moduleName !== undefined && module === undefined) return 'module: takes a string, and this is none';
  const zero: Literal = { kind: 'integer', value: 0n };
  const moduleLiteral: Literal = module === undefined ? { kind: 'nil' } : { kind: 'symbol', value: module };
  const firstLiteral: Literal = {
    kind: 'array',
    elements: [moduleLiteral, { kind: 'symbol', value: name }, zero, zero],
  };
  return { number: EXTERNAL_CALL, errorName, firstLiteral };
}

/** Sorts a method's pragmas. */
export function readPragmas(nodes: readonly PragmaNode[]): PragmaReading {
  const problems: Problem[] = [];
  const pragmas: Pragma[] = [];
  let primitive: PrimitiveDeclaration | undefined;
  const refuse = ({ start, end }: { start: number; end: number }, sentence: string): void => {
    problems.push({ code: 'bad-pragma', sentence, start, end });
  };
  for (const node of nodes) {
    if (SELECTORS.has(node.selector)) {
      const read = readPrimitive(node);
      if (typeof read === 'string') refuse(node, read);
      else if (primitive !== undefined) refuse(node, 'the method has a primitive already');
      else primitive = read;
      continue;
    }
    const values: Literal[] = [];
    for (const argument of node.arguments) {
      if (argument.kind === 'literal') values.push(argument.value);
      else refuse(argument, `a pragma's argument is a literal, and '${argument.name}' is none`);
    }
    pragmas.push({ selector: node.selector, arguments: values });
  }
  return { primitive, pragmas, problems };
}
