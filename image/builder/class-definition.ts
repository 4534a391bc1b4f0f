/** A class as its source defines it: what a reader of Tonel or of definition messages hands to the builder. */

/** What instances are made of besides named variables; the names are Pharo's layouts as Tonel writes them. */
export type ClassType =
  | 'normal'
  | 'variable'
  | 'weak'
  | 'ephemeron'
  | 'bytes'
  | 'words'
  | 'doubleBytes'
  | 'doubleWords'
  | 'compiledMethod'
  | 'immediate';

export interface ClassDefinition {
  readonly name: string;
  /** Undefined for the root, whose superclass is nil. */
  readonly superclassName: string | undefined;
  readonly type: ClassType;
  readonly instanceVariableNames: readonly string[];
  readonly classVariableNames: readonly string[];
  readonly classInstanceVariableNames: readonly string[];
  readonly poolNames: readonly string[];
  readonly packageName: string;
  readonly comment: string;
  /** File and line (from 1) of the definition, for messages; undefined where it was not read from a file. */
  readonly origin?: { readonly file: string; readonly line: number };
}

export interface MethodDefinition {
  readonly className: string;
  /** True for a method of the metaclass. */
  readonly isClassSide: boolean;
  readonly protocol: string;
  readonly source: string;
  /** File and line (from 1) of the source's first line, for messages. */
  readonly file: string;
  readonly line: number;
}
