/**
 * The syntax tree of C declarations: what the grammar saw, nothing resolved. `at` is an offset in the text.
 */

/** `const unsigned int`, `struct point { … }`, `size_t`: what stands before the declarators. */
export interface SpecifierNode {
  readonly at: number;
  /** Qualifiers and storage classes, wherever they stood. */
  readonly words: readonly string[];
  readonly base: BaseNode;
}

export type BaseNode =
  | { readonly kind: 'builtin'; readonly words: readonly string[] }
  | { readonly kind: 'name'; readonly name: string }
  | {
      readonly kind: 'record';
      readonly keyword: 'struct' | 'union';
      readonly tag: string | undefined;
      /** Undefined where only the tag is named. */
      readonly members: readonly DeclarationNode[] | undefined;
    }
  | {
      readonly kind: 'enum';
      readonly tag: string | undefined;
      readonly enumerators: readonly EnumeratorNode[] | undefined;
    };

export interface EnumeratorNode {
  readonly at: number;
  readonly name: string;
  readonly value: ConstantNode | undefined;
}

/** Around a name or, in parameters, around none; the outermost node is applied to the specifiers' type first. */
export type DeclaratorNode =
  | { readonly kind: 'name'; readonly at: number; readonly name: string | undefined }
  | { readonly kind: 'pointer'; readonly at: number; readonly words: readonly string[]; readonly inner: DeclaratorNode }
  /** A bit-field, outermost. */
  | { readonly kind: 'bits'; readonly at: number; readonly width: ConstantNode; readonly inner: DeclaratorNode }
  | {
      readonly kind: 'array';
      readonly at: number;
      readonly length: ConstantNode | undefined;
      readonly inner: DeclaratorNode;
    }
  | {
      readonly kind: 'function';
      readonly at: number;
      readonly parameters: readonly ParameterNode[];
      readonly variadic: boolean;
      readonly inner: DeclaratorNode;
    };

export interface ParameterNode {
  readonly at: number;
  readonly specifiers: SpecifierNode;
  readonly declarator: DeclaratorNode;
}

export interface DeclarationNode {
  readonly at: number;
  readonly specifiers: SpecifierNode;
  readonly declarators: readonly DeclaratorNode[];
}

export type ConstantNode =
  | { readonly kind: 'number' | 'character' | 'name'; readonly at: number; readonly text: string }
  | { readonly kind: 'unary'; readonly at: number; readonly operator: string; readonly operand: ConstantNode }
  /** Operators in the order they stand; precedence is not applied yet. */
  | {
      readonly kind: 'operation';
      readonly at: number;
      readonly operands: readonly ConstantNode[];
      readonly operators: readonly string[];
    }
  | {
      readonly kind: 'choice';
      readonly at: number;
      readonly condition: ConstantNode;
      readonly yes: ConstantNode;
      readonly no: ConstantNode;
    }
  | { readonly kind: 'sizeof'; readonly at: number; readonly type: ParameterNode };

/** The name that a declarator declares. */
export function declaredName(node: DeclaratorNode): string | undefined {
  return node.kind === 'name' ? node.name : declaredName(node.inner);
}
