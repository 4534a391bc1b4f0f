/**
 * Sizes, alignments and offsets of random nested types, against what the machine's C compiler computes: one C file prints
 * them all.
 */
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import {
  alignmentOf,
  arrayOf,
  completeRecord,
  enumOf,
  flatFields,
  opaqueRecord,
  parseType,
  pointerTo,
  structOf,
  typeText,
} from '../../safeffi/index.ts';
import { compileProgram } from './fixture.ts';
import { cHeaders, RandomTypes, randomNumbers } from './random-types.ts';

const seed = 20180331;
const recordCount = 200;

describe.each([false, true])('packed: %s', (packed) => {
  test(`${recordCount} random structs and unions lie as the compiler lays them, seed ${seed}`, () => {
    const types = new RandomTypes(randomNumbers(seed), packed, '', true);
    while (types.records.length < recordCount) types.record(3, 7);
    const expected = types.records.map((record) => [
      record.name,
      record.sizeBytes,
      alignmentOf(record),
      ...flatFields(record.fields).flatMap((field) => (field.bits === undefined ? [field.offsetBytes] : [])),
    ]);
    const prints = types.records.map((record) => {
      const facts = [
        `sizeof(${record.name})`,
        `_Alignof(${record.name})`,
        ...flatFields(record.fields).flatMap((field) =>
          field.bits === undefined ? [`offsetof(${record.name}, ${field.name})`] : [],
        ),
      ];
      const format = facts.map(() => ', %zu').join('');
      return `  printf(",\\n[\\"${record.name}\\"${format}]", ${facts.join(', ')});`;
    });
    const pack = packed ? '#pragma pack(1)\n' : '';
    const source = `#include <stdio.h>\n${cHeaders}${pack}${types.text}int main(void) {\n${prints.join('\n')}\n}\n`;
    const computed: unknown = JSON.parse(
      `[${execFileSync(compileProgram('layout', source), { encoding: 'utf8' }).slice(1)}]`,
    );
    expect(expected).toEqual(computed);
  });
});

test('an enum has the size and sign that the compiler gives it', () => {
  const limits = [0n, -1n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, -(2n ** 31n), -(2n ** 31n) - 1n];
  const pairs = limits.flatMap((a) => limits.map((b) => [a, b] as const));
  const constants = pairs.map(
    ([a, b], i) =>
      [
        `enum e${i}`,
        [
          [`A${i}`, a],
          [`B${i}`, b],
        ],
      ] as const,
  );
  const text = constants.map(([name, list]) => `${name} { ${list.map(([n, v]) => `${n} = ${v}`).join(', ')} };\n`);
  const prints = constants.map(([name]) => `  printf(",[%zu,%d]", sizeof(${name}), (${name})-1 < 0);\n`);
  const source = `#include <stdio.h>\n${text.join('')}int main(void) {\n${prints.join('')}}\n`;
  const computed: unknown = JSON.parse(
    `[${execFileSync(compileProgram('enums', source), { encoding: 'utf8' }).slice(1)}]`,
  );
  const ours = constants
    .map(([name, list]) => enumOf(name, list))
    .map((type) => [type.sizeBytes, type.kind === 'signed' ? 1 : 0]);
  expect(ours).toEqual(computed);
});

test('a struct may point to itself, and a pointer made before it was completed sees its fields', () => {
  const node = opaqueRecord('struct', 'struct node');
  const link = pointerTo(node);
  completeRecord(node, [
    { name: 'next', type: link },
    { name: 'value', type: parseType('int') },
  ]);
  expect(link.target).toBe(node);
  expect([node.sizeBytes, node.alignmentBytes]).toEqual([16, 8]);
});

test('types print as C writes them', () => {
  const int = parseType('int');
  expect(typeText(pointerTo(arrayOf(int, 3)), 'p')).toBe('int (*p)[3]');
  expect(typeText(arrayOf(pointerTo(arrayOf(int, 3)), 2), 'a')).toBe('int (*a[2])[3]');
  expect(arrayOf(arrayOf(int, 3), 2).name).toBe('int[2][3]');
});

test.each([
  ['no fields', () => structOf('struct s', []), "'struct s' is not a C type known here: it has no fields"],
  [
    'a field twice',
    () =>
      structOf('struct s', [
        { name: 'a', type: parseType('int') },
        { name: 'a', type: parseType('int') },
      ]),
    "'struct s' is not a C type known here: field a is declared twice",
  ],
  [
    'an opaque field',
    () => structOf('struct s', [{ name: 'a', type: opaqueRecord('struct', 'struct t') }]),
    "'struct s' is not a C type known here: the size of field a, struct t, is not known",
  ],
  [
    'an array of nothing',
    () => arrayOf(parseType('int'), 0),
    "'int[0]' is not a C type known here: an array has one element or more",
  ],
  [
    'an array beyond 2 GiB',
    () => arrayOf(parseType('int'), 2 ** 30),
    "'int[1073741824]' is not a C type known here: it has 4294967296 bytes, the most is 2147483647",
  ],
])('%s is refused', (_, make, message) => {
  expect(make).toThrow(message);
});
