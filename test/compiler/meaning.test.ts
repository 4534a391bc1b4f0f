/** Compiled code means what its source means: random methods run by tree and by bytecodes show the same. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileMethod } from '../../image/compiler/compile.ts';
import { CompileError } from '../../image/compiler/compile-error.ts';
import type { CompiledMethodCode } from '../../image/compiler/compiled-code.ts';
import { parseMethod } from '../../image/compiler/parser.ts';
import { printMethod } from '../../image/compiler/print-tree.ts';
import { runCode } from './code-evaluator.ts';
import { methods, randomScope } from './random-method.ts';
import { outcomeOf, type Value } from './small-world.ts';
import { runTree } from './tree-evaluator.ts';

const TREE_FUEL = 2_000;
/** A node is a few instructions. */
const CODE_FUEL = 100_000;

/** Random methods may need more stack than there is. */
function compiled(source: string): CompiledMethodCode | undefined {
  try {
    return compileMethod(source, randomScope);
  } catch (error) {
    if (error instanceof CompileError && error.code === 'frame-too-large') return undefined;
    throw error;
  }
}

function expectSame(source: string, argument: Value): boolean {
  const expected = outcomeOf(TREE_FUEL, (world) => runTree(parseMethod(source), argument, world));
  const code = compiled(source);
  if (expected === undefined || code === undefined) return false;
  expect(outcomeOf(CODE_FUEL, (world) => runCode(code, argument, world))).toEqual(expected);
  return true;
}

describe('compiled code', () => {
  test('does what the tree says', () => {
    let ran = 0;
    fc.assert(
      fc.property(fc.oneof(methods(3), methods(4)), fc.constantFrom<Value>(null, true, 3), (method, argument) => {
        if (expectSame(printMethod(method), argument)) ran++;
      }),
      { numRuns: 100 },
    );
    expect(ran).toBeGreaterThan(50);
  });

  const cases: [claim: string, source: string][] = [
    [
      'each round of an inlined loop has its own variables',
      'foo: x | a b | a := {}. 1 to: 3 do: [:i | | t | t isNil. t := i. b := [t := t + i]. b value. b value. self at: i put: t]',
    ],
    [
      'a block keeps the parameter of its round',
      'foo: x | a b | 1 to: 3 do: [:i | i == 2 ifTrue: [a := [i]]]. ^ a value',
    ],
    ['a block sees what is assigned after it is made', 'foo: x | a b | a := 1. b := [a]. a := 2. ^ b value'],
    [
      'a block made in one round sees what the next round assigns',
      'foo: x | a b | 1 to: 2 do: [:i | a := i. i == 1 ifTrue: [b := [a]]]. ^ b value',
    ],
    ['a block that assigns is seen outside', 'foo: x | a b | [a := 2] value. ^ a'],
    [
      'a block may refer to itself',
      'foo: x | a b | a := [:n | n < 1 ifTrue: [0] ifFalse: [a value: n - 1]]. ^ a value: 3',
    ],
    ['a temp of an inlined block in a loop starts as nil', 'foo: x 1 to: 2 do: [:i | | t | self bar: t. t := i]'],
    [
      'two inlined blocks beside each other do not see each other',
      'foo: x true ifTrue: [| t | t := 1]. true ifTrue: [| u | self bar: u]',
    ],
    ['the stop value is evaluated once', 'foo: x | a b | a := 3. 1 to: a do: [:i | a := 1. self bar: i]'],
    [
      'a block inlined in the stop value does not overwrite the counter',
      'foo: x ^ 1 to: (true ifTrue: [| t u | t := 9. u := 9. 2]) do: [:i | self bar: i]',
    ],
    [
      'a counted loop answers its receiver',
      'foo: x ^ {1 to: 2 do: [:i | i]. 3 timesRepeat: []. 2 to: 1 by: -1 do: [:i | ]}',
    ],
    ['a return in a block leaves the method', 'foo: x [:y | ^ y] value: 3. ^ 4'],
    ['a return from a method that has returned is an error', 'foo: x G := [^ 1]. ^ 2'],
    ['a condition that is no boolean is an error', 'foo: x ^ x ifTrue: [1]'],
    ['a loop may be left', 'foo: x | a | a := 0. [(a := a + 1) < 10] whileTrue: [a == 5 ifTrue: [^ a]]'],
    ['repeat goes on until a return', 'foo: x | a | a := 0. [(a := a + 1) == 3 ifTrue: [^ a]] repeat'],
    [
      'a nil test gives its value',
      'foo: x ^ {x ifNil: [1]. x ifNotNil: [:y | y]. nil ifNil: [2]. 3 ifNil: [4] ifNotNil: [5]}',
    ],
  ];
  test.each(cases)('%s', (_claim, source) => {
    for (const argument of [null, true, 3]) expect(expectSame(source, argument)).toBe(true);
  });
});
