/** The compiler's public face. */
export { compileDoit, compileMethod, compileTree } from './compile.ts';
export {
  CompileError,
  type Problem,
  type ProblemCode,
  positionAt,
  type SourceOrigin,
  type SourcePosition,
} from './compile-error.ts';
export type {
  CompilationScope,
  CompiledBlockCode,
  CompiledMethodCode,
  Literal,
  Pragma,
  SourceMapEntry,
  VariableInfo,
  VariableLocation,
} from './compiled-code.ts';
export { DOIT_SELECTOR, parseDoit, parseMethod, selectorOf } from './parser.ts';
export { printCode, viewOf } from './print-code.ts';
export { printLiteral, printSymbol } from './print-literal.ts';
export { printMethod } from './print-tree.ts';
