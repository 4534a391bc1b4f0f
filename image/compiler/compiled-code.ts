/**
 * What the compiler hands over: code and literals as plain data that knows no heap. `image/builder` installs it into an
 * object memory, at build time and at run time alike.
 *
 * Instruction set: Sista V1. Layout of the installed method: header, literals (the last two are the method's selector or
 * property holder, and the association of its class; a block's last is its outer code), bytecodes.
 */

export type Literal =
  | { readonly kind: 'nil' | 'true' | 'false' }
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'scaledDecimal'; readonly numerator: bigint; readonly denominator: bigint; readonly scale: number }
  /** An exact number that is no integer: `1e-3`. In lowest terms. */
  | { readonly kind: 'fraction'; readonly numerator: bigint; readonly denominator: bigint }
  | { readonly kind: 'character'; readonly codePoint: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'symbol'; readonly value: string }
  | { readonly kind: 'byteArray'; readonly bytes: readonly number[] }
  | { readonly kind: 'array'; readonly elements: readonly Literal[] }
  /** The association that holds a global, a class variable, a pool variable, or (`undeclared`) a name not yet known. */
  | { readonly kind: 'binding'; readonly name: string }
  /** The association of the class that the method is compiled for. */
  | { readonly kind: 'methodClass' }
  | { readonly kind: 'block'; readonly code: CompiledBlockCode };

export interface Pragma {
  readonly selector: string;
  readonly arguments: readonly Literal[];
}

/** Where a name's value lives while a piece of code is at a pc. */
export type VariableLocation =
  /** Stack slot of the context, 0 the first argument. */
  | { readonly kind: 'temp'; readonly index: number }
  /** Element of the temp vector that lies in a stack slot. */
  | { readonly kind: 'vector'; readonly vector: number; readonly index: number };

/** A temp or argument that the source names. `startPc` and `endPc` (0-based in `bytecodes`, end exclusive) bound an inlined block's. */
export interface VariableInfo {
  readonly name: string;
  readonly location: VariableLocation;
  readonly startPc: number;
  readonly endPc: number;
}

/** `pc` (0-based in `bytecodes`) belongs to the source from `start` to `end` (offsets in the method's source). */
export interface SourceMapEntry {
  readonly pc: number;
  readonly start: number;
  readonly end: number;
}

interface CompiledCodeBase {
  readonly argumentCount: number;
  /** Arguments, temps and temp vectors; for a block the copied values stand between arguments and its own temps. */
  readonly tempCount: number;
  /** The most stack slots that the code uses, temps included. More than 16 wants a large context; more than 56 is refused. */
  readonly frameSize: number;
  readonly literals: readonly Literal[];
  readonly bytecodes: Uint8Array;
  readonly variables: readonly VariableInfo[];
  readonly sourceMap: readonly SourceMapEntry[];
}

export interface CompiledMethodCode extends CompiledCodeBase {
  readonly kind: 'method';
  readonly selector: string;
  readonly source: string;
  /** 0 when the method has none; 117 for a named one, whose first literal is then the array [module, name, 0, 0]. */
  readonly primitiveNumber: number;
  /** Pragmas other than the primitive's. */
  readonly pragmas: readonly Pragma[];
}

export interface CompiledBlockCode extends CompiledCodeBase {
  readonly kind: 'block';
  readonly copiedCount: number;
  readonly start: number;
  readonly end: number;
}

/** What the compiler asks about the class that the source is compiled for. */
export interface CompilationScope {
  /** All instance variables in slot order, inherited ones first. */
  readonly instanceVariableNames: readonly string[];
  /** True when `name` is a class variable, pool variable or global that has an association. */
  hasBinding(name: string): boolean;
}
