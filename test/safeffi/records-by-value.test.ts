/**
 * Structs and unions by value as arguments and results, on the three executors; the registers that the ABI's text names; and
 * what is refused. Random ones: abi.test.ts.
 */
import { describe, expect, test } from '@jest/globals';
import { planFrame } from '../../safeffi/abi/system-v-x86-64.ts';
import {
  arrayOf,
  CalloutError,
  type CType,
  FFIFault,
  makeSignature,
  openSession,
  parseDeclarations,
  parseType,
  structOf,
  unionOf,
} from '../../safeffi/index.ts';
import { compile } from './fixture.ts';

describe.each(['native', 'portable', 'direct'] as const)('%s', (ffi) => {
  test('declared functions take and answer objects', () => {
    const session = openSession({ ffi });
    const c = session.library('libc.so.6').declare<{
      div(a: number, b: number): { quot: number; rem: number };
      lldiv(a: number, b: number): object;
    }>(
      'typedef struct { int quot, rem; } div_t; div_t div(int, int); struct l { long long quot, rem; } lldiv(long long, long long);',
    );
    expect(c.div(17, 5)).toEqual({ quot: 3, rem: 2 });
    expect(c.lldiv(-17, 5)).toEqual({ quot: -3, rem: -2 });
    session.close();
  });

  test('bytes of another size are refused', () => {
    const session = openSession({ ffi });
    const library = session.library('libc.so.6');
    const { typedefs } = parseDeclarations('typedef struct { int a, b; } pair;');
    const call = library.bind('labs', makeSignature('labs', parseType('long'), [typedefs.get('pair')!]));
    for (const [value, text] of [
      [new Uint8Array(7), 'a ByteArray of 7 bytes'],
      [1, '1'],
      [null, 'nil'],
    ] as const) {
      expect(() => call(value)).toThrow(
        new CalloutError(
          'argument-type',
          `callout labs: argument 1 is ${text}, expected pair (a ByteArray of 8 bytes)`,
        ),
      );
    }
    expect(call(new Uint8Array(8))).toBe(0);
    session.close();
  });
});

test('native: a result that C writes past its declared size faults at its end', () => {
  const text = 'struct big { long words[4]; }; struct big make(long n) { struct big b = {{n, n, n, n}}; return b; }';
  const session = openSession({ ffi: 'native' });
  const library = session.library(compile('long-result', text));
  const right = library.declare<{ make(n: number): object }>('struct big { long words[4]; }; struct big make(long);');
  const wrong = library.declare<{ make(n: number): object }>('struct big { long words[3]; }; struct big make(long);');
  expect(right.make(5)).toEqual({ words: [5, 5, 5, 5] });
  let fault: unknown;
  try {
    wrong.make(6);
  } catch (error) {
    fault = error;
  }
  expect(fault).toBeInstanceOf(FFIFault);
  expect((fault as FFIFault).fault.summary).toMatch(/past the end of the result \(24 bytes\)/);
  (fault as FFIFault).answer(undefined);
  expect(right.make(7)).toEqual({ words: [7, 7, 7, 7] });
  session.close();
});

describe('places', () => {
  const int = parseType('int');
  const double = parseType('double');
  const record = (...types: CType[]) =>
    structOf(
      'struct s',
      types.map((type, i) => ({ name: `f${i}`, type })),
    );
  const plan = (returns: CType, ...types: CType[]) => planFrame('f', makeSignature('f', returns, types));

  test('two eightbytes of different classes go into a register of each kind', () => {
    expect(plan(int, record(double, int)).words).toEqual([[40, 8]]);
  });

  test('an int beside a float shares an integer register', () => {
    expect(plan(int, record(int, parseType('float'))).words).toEqual([[8]]);
  });

  test('a record goes on the stack whole when one register is left, and a later argument takes it', () => {
    const two = record(parseType('long'), parseType('long'));
    const words = plan(int, int, int, int, int, int, two, int).words;
    expect(words[5]).toEqual([-1024, -1016]);
    expect(words[6]).toEqual([64]);
  });

  test('a result in memory takes the first integer register', () => {
    const { words, resultPointer } = plan(record(double, double, double), int);
    expect([resultPointer, words]).toEqual([8, [[16]]]);
  });

  test('a result of a double and an int comes back in xmm0 and rax', () => {
    expect(plan(record(double, int)).resultWords).toEqual([24, 8]);
  });

  test('a union of a double and an int is of class integer', () => {
    const union = unionOf('union u', [
      { name: 'd', type: double },
      { name: 'i', type: int },
    ]);
    expect(plan(union, union)).toMatchObject({ words: [[8]], resultWords: [8] });
  });

  test('a record with a misaligned field goes on the stack', () => {
    const packed = structOf(
      'struct p',
      [
        { name: 'c', type: parseType('char') },
        { name: 'i', type: int },
      ],
      true,
    );
    expect(plan(int, packed).words).toEqual([[-1024]]);
  });

  test('of an array of packed structs the first decides, as gcc has it', () => {
    const five = structOf(
      'struct five',
      [
        { name: 'i', type: int },
        { name: 'c', type: parseType('char') },
      ],
      true,
    );
    expect(plan(int, structOf('struct three', [{ name: 'a', type: arrayOf(five, 3) }], true)).words).toEqual([[8, 16]]);
    const behind = [
      { name: 'c', type: parseType('char') },
      { name: 'a', type: arrayOf(five, 2) },
    ];
    expect(plan(int, structOf('struct behind', behind, true)).words).toEqual([[-1024, -1016]]);
  });

  test('misaligned bits of a struct go into a register, those of a union within it do not, as gcc has it', () => {
    const bits = (kind: typeof structOf) =>
      kind('bits', [{ name: 'b', type: parseType('unsigned long'), bits: 41 }], true);
    const within = (type: CType) =>
      structOf(
        'struct s',
        [
          { name: 'i', type: int },
          { name: 'b', type },
        ],
        true,
      );
    expect(plan(int, within(bits(structOf))).words).toEqual([[8, 16]]);
    expect(plan(int, within(bits(unionOf))).words).toEqual([[-1024, -1016]]);
  });

  test('arguments beyond the room on the stack are refused', () => {
    const { typedefs } = parseDeclarations(
      'typedef struct { char c[1024]; } full; typedef struct { char c[1025]; } more;',
    );
    expect(plan(int, typedefs.get('full')!).words[0]).toHaveLength(128);
    expect(() => plan(int, typedefs.get('more')!)).toThrow(
      'callout f: its arguments take 129 words of the stack, the most is 128',
    );
  });
});

test.each(['native', 'portable', 'direct'] as const)('%s: packed records that go in registers, or are large', (ffi) => {
  const text =
    'struct __attribute__((packed)) three { short s; char c; }; struct __attribute__((packed)) large { char c; long l[4]; };';
  const functions =
    'struct three same(struct three x) { return x; } struct large big(struct large x) { x.l[3]++; return x; }';
  const session = openSession({ ffi });
  const c = session
    .library(compile('packed-by-value', text + functions))
    .declare<{ same(value: object): object; big(value: object): object }>(
      'struct three { short s; char c; }; struct large { char c; long l[4]; }; struct three same(struct three); struct large big(struct large);',
      { packed: true },
    );
  expect(c.same({ s: -2, c: 3 })).toEqual({ s: -2, c: 3 });
  expect(c.big({ c: 1, l: [1, 2, 3, 4] })).toEqual({ c: 1, l: [1, 2, 3, 5] });
  session.close();
});

test.each(['portable', 'direct'] as const)(
  '%s: a small record with a misaligned field is refused, also within another',
  (ffi) => {
    const session = openSession({ ffi });
    const { tags } = parseDeclarations('struct s { char c; int i; };', { packed: true });
    const packed = tags.get('struct s')!;
    for (const type of [packed, structOf('struct t', [{ name: 's', type: packed }])]) {
      const signature = makeSignature('abs', parseType('int'), [type]);
      const name = type === packed ? 'struct s' : 'struct t';
      if (process.arch === 'x64')
        expect(() => session.library('libc.so.6').bind('abs', signature)).toThrow(
          `callout abs: ${name} has misaligned fields, and only the native executor passes such by value`,
        );
    }
    session.close();
  },
);
