/**
 * The typed door to the grammar: text in, syntax tree out. ohm-js and the grammar are loaded by the first text: a program
 * that declares nothing does not pay for them. That is why the bundle is a CommonJS module (setup.mjs), which can be
 * loaded when it is needed, within a call.
 */
import { createRequire } from 'node:module';
import type { Node } from 'ohm-js';
import type { CDeclarationsGrammar, CDeclarationsSemantics } from './c-declarations.ohm-bundle.js';
import type {
  BaseNode,
  ConstantNode,
  DeclarationNode,
  DeclaratorNode,
  EnumeratorNode,
  ParameterNode,
  SpecifierNode,
} from './syntax.ts';
import { explainSyntaxError } from './syntax-errors.ts';

/** What each operation answers: the one place where ohm's untyped results get their types. */
const items = (node: Node): DeclarationNode[] => node.items();
const specifiers = (node: Node): SpecifierNode => node.specifiers();
const base = (node: Node): BaseNode => node.base();
const enumerator = (node: Node): EnumeratorNode => node.enumerator();
const declarators = (node: Node): DeclaratorNode[] => node.declarators();
const declarator = (node: Node): DeclaratorNode => node.declarator();
const parameter = (node: Node): ParameterNode => node.parameter();
const constant = (node: Node): ConstantNode => node.constant();
type Suffix = (inner: DeclaratorNode) => DeclaratorNode;
const suffix = (node: Node): Suffix => node.suffix();
interface ParameterList {
  readonly parameters: readonly ParameterNode[];
  readonly variadic: boolean;
}
const parameterList = (node: Node): ParameterList => node.parameterList();

const at = (node: Node): number => node.source.startIdx;
const textOf = (node: Node): string => node.sourceString;
const texts = (...nodes: Node[]): string[] => nodes.flatMap((node) => node.children.map(textOf));
const only = (node: Node): Node | undefined => node.children[0];
const nameAt = (place: number, name?: string): DeclaratorNode => ({ kind: 'name', at: place, name });
const withSuffixes = (core: DeclaratorNode, suffixes: Node): DeclaratorNode =>
  suffixes.children.reduce((inner, node) => suffix(node)(inner), core);

function makeSemantics(grammar: CDeclarationsGrammar): CDeclarationsSemantics {
  const semantics = grammar.createSemantics();
  semantics.addOperation<DeclarationNode[]>('items', {
    Unit: (list) => list.children.flatMap(items),
    Item_empty: (_semicolon) => [],
    Item_declaration: (head, list, _semicolon) => [
      { at: at(head), specifiers: specifiers(head), declarators: list.children.flatMap(declarators) },
    ],
  });
  semantics.addOperation<SpecifierNode>('specifiers', {
    Specifiers_record: (before, record, after) => ({
      at: at(record),
      words: texts(before, after),
      base: base(record),
    }),
    Specifiers_enum: (before, type, after) => ({ at: at(type), words: texts(before, after), base: base(type) }),
    Specifiers_builtin: (before, parts) => ({
      at: at(parts),
      words: [...texts(before), ...parts.children.flatMap((part) => texts(part.children[1]!))],
      base: { kind: 'builtin', words: parts.children.map((part) => textOf(part.children[0]!)) },
    }),
    Specifiers_name: (before, name, after) => ({
      at: at(name),
      words: texts(before, after),
      base: { kind: 'name', name: textOf(name) },
    }),
  });
  const recordBase = (keyword: Node, tag: string | undefined, members: readonly DeclarationNode[] | undefined) =>
    ({ kind: 'record', keyword: textOf(keyword) === 'union' ? 'union' : 'struct', tag, members }) as const;
  semantics.addOperation<BaseNode>('base', {
    Record_body: (keyword, tag, _open, list, _close) =>
      recordBase(keyword, texts(tag)[0], list.children.flatMap(items)),
    Record_name: (keyword, tag) => recordBase(keyword, textOf(tag), undefined),
    Enum_body: (_keyword, tag, _open, first, more, _comma, _close) => ({
      kind: 'enum',
      tag: texts(tag)[0],
      enumerators: [enumerator(first), ...more.children.map(enumerator)],
    }),
    Enum_name: (_keyword, tag) => ({ kind: 'enum', tag: textOf(tag), enumerators: undefined }),
  });
  semantics.addOperation<EnumeratorNode>('enumerator', {
    MoreEnumerator: (_comma, one) => enumerator(one),
    Enumerator: (name, value) => {
      const given = only(value);
      return { at: at(name), name: textOf(name), value: given && constant(given.children[1]!) };
    },
  });
  semantics.addOperation<DeclaratorNode[]>('declarators', {
    Declarators: (first, more) => [declarator(first), ...more.children.map((one) => declarator(one.children[1]!))],
  });
  semantics.addOperation<DeclaratorNode>('declarator', {
    BitDeclarator_bits: (inner, colon, width) => ({
      kind: 'bits',
      at: at(colon),
      width: constant(width),
      inner: declarator(inner),
    }),
    BitDeclarator_unnamed: (colon, width) => ({
      kind: 'bits',
      at: at(colon),
      width: constant(width),
      inner: nameAt(at(colon)),
    }),
    BitDeclarator_plain: (inner) => declarator(inner),
    Declarator_pointer: (star, words, inner) => ({
      kind: 'pointer',
      at: at(star),
      words: texts(words),
      inner: declarator(inner),
    }),
    Declarator_direct: (core, suffixes) => withSuffixes(declarator(core), suffixes),
    DeclaratorCore_name: (name) => nameAt(at(name), textOf(name)),
    DeclaratorCore_parenthesised: (_open, inner, _close) => declarator(inner),
    ParameterDeclarator_pointer: (star, words, inner) => {
      const further = only(inner);
      return {
        kind: 'pointer',
        at: at(star),
        words: texts(words),
        inner: further === undefined ? nameAt(at(star)) : declarator(further),
      };
    },
    ParameterDeclarator_name: (name, suffixes) => withSuffixes(nameAt(at(name), textOf(name)), suffixes),
    ParameterDeclarator_parenthesised: (_open, _star, inner, _close, suffixes) =>
      withSuffixes(declarator(inner), suffixes),
    ParameterDeclarator_abstract: (suffixes) => withSuffixes(nameAt(at(suffixes)), suffixes),
  });
  semantics.addOperation<Suffix>('suffix', {
    Suffix_array: (open, length, _close) => {
      const given = only(length);
      return (inner) => ({ kind: 'array', at: at(open), length: given && constant(given), inner });
    },
    Suffix_function: (open, list, _close) => {
      const given = only(list);
      const { parameters, variadic } = given === undefined ? { parameters: [], variadic: false } : parameterList(given);
      return (inner) => ({ kind: 'function', at: at(open), parameters, variadic, inner });
    },
  });
  semantics.addOperation<ParameterList>('parameterList', {
    Parameters: (first, more, ellipsis) => ({
      parameters: [parameter(first), ...more.children.map((one) => parameter(one.children[1]!))],
      variadic: ellipsis.children.length > 0,
    }),
  });
  semantics.addOperation<ParameterNode>('parameter', {
    Parameter: (head, around) => {
      const given = only(around);
      return {
        at: at(head),
        specifiers: specifiers(head),
        declarator: given === undefined ? nameAt(at(head)) : declarator(given),
      };
    },
  });
  semantics.addOperation<ConstantNode>('constant', {
    Constant: (operation, choice) => {
      const given = only(choice);
      const condition = constant(operation);
      if (given === undefined) return condition;
      const [, yes, , no] = given.children;
      return { kind: 'choice', at: at(operation), condition, yes: constant(yes!), no: constant(no!) };
    },
    Operation: (first, more) => {
      if (more.children.length === 0) return constant(first);
      const operands = [constant(first), ...more.children.map((part) => constant(part.children[1]!))];
      const operators = more.children.map((part) => textOf(part.children[0]!));
      return { kind: 'operation', at: at(first), operands, operators };
    },
    Operand_unary: (operator, operand) => ({
      kind: 'unary',
      at: at(operator),
      operator: textOf(operator),
      operand: constant(operand),
    }),
    Operand_sizeof: (keyword, _open, type, _close) => ({ kind: 'sizeof', at: at(keyword), type: parameter(type) }),
    Operand_parenthesised: (_open, inner, _close) => constant(inner),
    Operand_number: (number) => ({ kind: 'number', at: at(number), text: textOf(number) }),
    Operand_character: (character) => ({ kind: 'character', at: at(character), text: textOf(character) }),
    Operand_name: (name) => ({ kind: 'name', at: at(name), text: textOf(name) }),
  });
  return semantics;
}

let loaded: { readonly grammar: CDeclarationsGrammar; readonly semantics: CDeclarationsSemantics } | undefined;

function load(): { readonly grammar: CDeclarationsGrammar; readonly semantics: CDeclarationsSemantics } {
  if (loaded === undefined) {
    const grammar = createRequire(import.meta.url)('./c-declarations.ohm-bundle.cjs') as CDeclarationsGrammar;
    loaded = { grammar, semantics: makeSemantics(grammar) };
  }
  return loaded;
}

/** Throws DeclarationProblem. */
export function parseText(text: string): DeclarationNode[] {
  const { grammar, semantics } = load();
  const match = grammar.match(text);
  if (match.failed()) throw explainSyntaxError(text, match);
  return items(semantics(match) as unknown as Node);
}
