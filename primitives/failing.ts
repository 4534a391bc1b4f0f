/** Gives the definitions of a family the failure codes that most of them have; those that name their own keep them. */
import type { FailureName, PrimitiveDefinition } from '../vm/interpreter/primitive-table.ts';

export const failing = (
  fails: readonly FailureName[],
  definitions: readonly PrimitiveDefinition[],
): readonly PrimitiveDefinition[] =>
  definitions.map((definition) => (definition.fails === undefined ? { ...definition, fails } : definition));
