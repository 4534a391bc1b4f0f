/** What the printer writes, the parser reads: the same tree. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { MethodNode, PragmaNode } from '../../image/compiler/ast.ts';
import { parseMethod } from '../../image/compiler/parser.ts';
import { printMethod } from '../../image/compiler/print-tree.ts';
import { literal, methods } from './random-method.ts';

/** A tree without its ranges. */
function withoutRanges(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutRanges);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).filter(([key]) => key !== 'start' && key !== 'end');
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutRanges(value)]));
}

const comesBack = (method: MethodNode): void => {
  expect(withoutRanges(parseMethod(printMethod(method)))).toEqual(withoutRanges(method));
};

describe('a printed method', () => {
  test('parses to the tree it was printed from', () => {
    fc.assert(fc.property(methods(3), comesBack), { numRuns: 100 });
  });

  test('keeps its pragmas with any literal', () => {
    const range = { start: 0, end: 0 };
    const pragma = literal.map(
      (value): PragmaNode => ({
        selector: 'a:b:',
        arguments: [
          { kind: 'variable', name: 'x', ...range },
          { kind: 'literal', value, ...range },
        ],
        ...range,
      }),
    );
    const bare: PragmaNode = { selector: 'bare', arguments: [], ...range };
    fc.assert(
      fc.property(pragma, (node) =>
        comesBack({
          kind: 'method',
          selector: '+',
          arguments: [{ name: 'y', ...range }],
          pragmas: [node, bare],
          temporaries: [],
          statements: [],
          ...range,
        }),
      ),
      { numRuns: 300 },
    );
  });
});
