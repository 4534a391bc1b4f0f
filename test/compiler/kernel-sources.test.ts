/** Every method of the kernel is read, compiles, and is sound code; what is printed of it reads back. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { ClassDefinition, MethodDefinition } from '../../image/builder/class-definition.ts';
import { readTonel } from '../../image/builder/tonel-reader.ts';
import { compileMethod } from '../../image/compiler/compile.ts';
import type { CompiledBlockCode, CompiledMethodCode } from '../../image/compiler/compiled-code.ts';
import { parseMethod } from '../../image/compiler/parser.ts';
import { printMethod } from '../../image/compiler/print-tree.ts';
import { checkStack } from '../../vm/bytecode/stack-checker.ts';

const root = 'image/kernel';
const files = readdirSync(root, { recursive: true })
  .map(String)
  .filter((name) => /\.(class|extension)\.st$/.test(name));
const read = files.map((name) => readTonel(readFileSync(join(root, name), 'utf8'), name));
const methods: MethodDefinition[] = read.flatMap((file) => file.methods);
const classes = new Map<string, ClassDefinition>(
  read.flatMap(({ definition }) => (definition === undefined ? [] : [[definition.name, definition]])),
);

function inheritance(name: string | undefined): ClassDefinition[] {
  const definition = name === undefined ? undefined : classes.get(name);
  return definition === undefined ? [] : [...inheritance(definition.superclassName), definition];
}

function compiled({ className, isClassSide, source, file, line }: MethodDefinition): CompiledMethodCode {
  const ancestors = inheritance(className);
  const instanceVariableNames = isClassSide
    ? [
        ...inheritance('Class').flatMap((each) => each.instanceVariableNames),
        ...ancestors.flatMap((each) => each.classInstanceVariableNames),
      ]
    : ancestors.flatMap((each) => each.instanceVariableNames);
  // Globals and shared variables are the builder's to know; here a capital is enough.
  return compileMethod(
    source,
    { instanceVariableNames, hasBinding: (name) => /^[A-Z]/.test(name) },
    { className, file, line },
  );
}

function* codeOf(code: CompiledMethodCode | CompiledBlockCode): Generator<CompiledMethodCode | CompiledBlockCode> {
  yield code;
  for (const literal of code.literals) if (literal.kind === 'block') yield* codeOf(literal.code);
}

describe('the kernel', () => {
  test('compiles to sound code whose tables lie within it', () => {
    expect(methods.length).toBeGreaterThan(1000);
    for (const method of methods) {
      for (const code of codeOf(compiled(method))) {
        const { bytecodes, tempCount, literals, frameSize, sourceMap, variables } = code;
        const { problems, maxDepth } = checkStack({ bytecodes, tempCount, literalCount: literals.length });
        expect([method.source, problems]).toEqual([method.source, []]);
        expect(maxDepth).toBe(frameSize);
        const pcs = sourceMap.map(({ pc }) => pc);
        expect(pcs).toEqual([...new Set(pcs)].sort((a, b) => a - b));
        const isInside = (entry: { start: number; end: number }): boolean =>
          entry.start <= entry.end && entry.end <= method.source.length;
        expect(sourceMap.every(isInside)).toBe(true);
        for (const { location, startPc, endPc } of variables) {
          expect(location.kind === 'temp' ? location.index : location.vector).toBeLessThan(tempCount);
          expect(startPc < endPc && endPc <= bytecodes.length).toBe(true);
        }
      }
    }
  });

  test('prints and reads back to the same selector and as many statements', () => {
    for (const { source } of methods) {
      const tree = parseMethod(source);
      const again = parseMethod(printMethod(tree));
      expect([again.selector, again.statements.length]).toEqual([tree.selector, tree.statements.length]);
      expect(printMethod(again)).toBe(printMethod(tree));
    }
  });
});
