/**
 * The syntax tree of a method or doit: closed unions of plain data. `start` and `end` are offsets in the source (end
 * exclusive), without the parentheses around an expression. Names are not resolved here; that is analysis.ts.
 */
import type { Literal } from './compiled-code.ts';

export interface SourceRange {
  readonly start: number;
  readonly end: number;
}

/** Literals that a source can write: no bindings, no blocks. */
export type SourceLiteral =
  | Exclude<Literal, { kind: 'binding' | 'methodClass' | 'block' | 'array' }>
  | SourceLiteralArray;
export interface SourceLiteralArray {
  readonly kind: 'array';
  readonly elements: readonly SourceLiteral[];
}

export interface LiteralNode extends SourceRange {
  readonly kind: 'literal';
  readonly value: SourceLiteral;
}

/** A name that is no reserved word. */
export interface VariableNode extends SourceRange {
  readonly kind: 'variable';
  readonly name: string;
}

export type PseudoVariable = 'self' | 'super' | 'thisContext';
export interface PseudoVariableNode extends SourceRange {
  readonly kind: 'pseudoVariable';
  readonly name: PseudoVariable;
}

export interface AssignmentNode extends SourceRange {
  readonly kind: 'assignment';
  readonly target: VariableNode;
  readonly value: ExpressionNode;
}

/** What is sent; the range is from the selector to the last argument. */
export interface MessageNode extends SourceRange {
  readonly selector: string;
  readonly arguments: readonly ExpressionNode[];
}

export interface SendNode extends SourceRange {
  readonly kind: 'send';
  readonly receiver: ExpressionNode;
  readonly message: MessageNode;
}

/** Two messages or more, all to the value of `receiver`; the last one's value is the cascade's. */
export interface CascadeNode extends SourceRange {
  readonly kind: 'cascade';
  readonly receiver: ExpressionNode;
  readonly messages: readonly MessageNode[];
}

export interface BlockNode extends SourceRange {
  readonly kind: 'block';
  readonly parameters: readonly DeclarationNode[];
  readonly temporaries: readonly DeclarationNode[];
  readonly statements: readonly StatementNode[];
}

export interface BraceNode extends SourceRange {
  readonly kind: 'brace';
  readonly elements: readonly ExpressionNode[];
}

export type ExpressionNode =
  | LiteralNode
  | VariableNode
  | PseudoVariableNode
  | AssignmentNode
  | SendNode
  | CascadeNode
  | BlockNode
  | BraceNode;

export interface ReturnNode extends SourceRange {
  readonly kind: 'return';
  readonly value: ExpressionNode;
}

export type StatementNode = ReturnNode | ExpressionNode;

export interface DeclarationNode extends SourceRange {
  readonly name: string;
}

/** A pragma's argument: a literal, or a name, as in `error: ec`. */
export type PragmaArgumentNode = LiteralNode | VariableNode;

export interface PragmaNode extends SourceRange {
  readonly selector: string;
  readonly arguments: readonly PragmaArgumentNode[];
  /** Of a declaration of a call into C, which the method begins with. */
  readonly call?: ReturnNode;
}

export interface MethodNode extends SourceRange {
  readonly kind: 'method';
  readonly selector: string;
  readonly arguments: readonly DeclarationNode[];
  readonly pragmas: readonly PragmaNode[];
  readonly temporaries: readonly DeclarationNode[];
  readonly statements: readonly StatementNode[];
}
