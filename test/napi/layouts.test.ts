/**
 * Structs of ref-struct-di by value, against the machine's compiler: random ones with nested structs, arrays, pointers and unions,
 * to C and back, and through a callback. Each field comes back one higher.
 */
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import ffi from '../../safeffi/napi/index.ts';
import type { RefType } from '../../safeffi/ref/index.ts';
import ref from '../../safeffi/ref/index.ts';
import { compileBulk } from '../safeffi/fixture.ts';
import { closeSession, inC, libraryPath, thrownBy } from './in-c.ts';

type Instance = Record<string, unknown> & { ref(): Buffer };
type StructType = RefType & (new (fields?: object) => Instance) & { fields: Record<string, { offset: number }> };
const Struct = createRequire(import.meta.url)('ref-struct-di')(ref) as (
  fields: Record<string, RefType | string>,
  options?: { packed: boolean },
) => StructType;

/** What ref-array-di makes of a type and a length, as far as it matters here: plain arrays of numbers. */
function arrayOf(name: string, length: number): RefType {
  const element = ref.coerceType(name);
  return {
    size: element.size * length,
    alignment: element.alignment,
    indirection: 1,
    get: (buffer, offset) => Array.from({ length }, (_, i) => element.get(buffer, (offset ?? 0) + i * element.size)),
    set: (buffer, offset, value) => {
      for (let i = 0; i < length; i++) element.set(buffer, (offset ?? 0) + i * element.size, (value as unknown[])[i]);
    },
    ...{ type: element, BYTES_PER_ELEMENT: element.size, fixedLength: length },
  };
}

const scalars: readonly (readonly [ref: string, c: string])[] = [
  ['char', 'signed char'],
  ['uchar', 'unsigned char'],
  ['short', 'short'],
  ['ushort', 'unsigned short'],
  ['int', 'int'],
  ['uint', 'unsigned'],
  ['long', 'long'],
  ['ulonglong', 'unsigned long long'],
  ['float', 'float'],
  ['double', 'double'],
];

interface Field {
  readonly name: string;
  readonly type: RefType | string;
  readonly declared: string;
  /** Statements that add one to each number in it, which stands at `at`. */
  readonly bump: (at: string) => string;
  readonly value: unknown;
  readonly bumped: unknown;
}

interface Case {
  readonly fields: readonly Field[];
  readonly type: StructType;
  readonly packed: boolean;
  readonly text: string;
}

/** Numbers from a seed (Numerical Recipes' constants). */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function scalar(name: string, pick: (below: number) => number): Field {
  const [type, c] = scalars[pick(scalars.length)]!;
  const value = pick(100);
  return { name, type, declared: `${c} ${name}`, bump: (at) => `${at}.${name}++;`, value, bumped: value + 1 };
}

function fieldOf(name: string, pick: (below: number) => number, inner: readonly Case[], packed: boolean): Field {
  const kind = pick(packed ? 6 : 10);
  const nested = inner.filter((one) => !one.packed);
  if (kind === 6 || kind === 7) {
    const [type, c] = scalars[pick(scalars.length)]!;
    const length = 1 + pick(4);
    const value = Array.from({ length }, () => pick(100));
    const bump = (at: string) => value.map((_, i) => `${at}.${name}[${i}]++;`).join(' ');
    return {
      name,
      type: arrayOf(type, length),
      declared: `${c} ${name}[${length}]`,
      bump,
      value,
      bumped: value.map((n) => n + 1),
    };
  }
  if (kind >= 8 && nested.length > 0) {
    const one = nested[pick(nested.length)]!;
    const bump = (at: string) => one.fields.map((field) => field.bump(`${at}.${name}`)).join(' ');
    const of = (which: 'value' | 'bumped') => Object.fromEntries(one.fields.map((field) => [field.name, field[which]]));
    return { name, type: one.type, declared: `${one.text} ${name}`, bump, value: of('value'), bumped: of('bumped') };
  }
  return scalar(name, pick);
}

function makeCases(): Case[] {
  const pick = random(7);
  const cases: Case[] = [];
  for (let i = 0; i < 80; i++) {
    const packed = i % 10 === 9;
    const fields = Array.from({ length: 1 + pick(5) }, (_, at) => fieldOf(`f${at}`, pick, cases, packed));
    // ref-struct-di rounds a packed struct up to its least alignment; without a char that is not C's size.
    if (packed)
      fields.push({
        name: 'last',
        type: 'char',
        declared: 'signed char last',
        bump: (at) => `${at}.last++;`,
        value: 1,
        bumped: 2,
      });
    const type = Struct(Object.fromEntries(fields.map(({ name, type }) => [name, type])), { packed });
    cases.push({ fields, type, packed, text: `struct s${i}` });
  }
  return cases;
}

function sourceOf(cases: readonly Case[]): string {
  return cases
    .map(({ fields, packed, text }, i) => {
      const members = fields.map(({ declared }) => `${declared};`).join(' ');
      const bump = fields.map((field) => field.bump('x')).join(' ');
      return `${text} { ${members} }${packed ? ' __attribute__((packed))' : ''};
unsigned long size${i}(void) { return sizeof(${text}); }
${text} bump${i}(${text} x) { ${bump} return x; }
${text} after${i}(int a, double b, ${text} x, int c) { if (a != 1 || b != 2.5 || c != 3) __builtin_trap(); ${bump} return x; }
${text} through${i}(${text} (*f)(${text}), ${text} x) { ${bump} return f(x); }`;
    })
    .join('\n');
}

const plain = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'toObject' in value
    ? Object.fromEntries(Object.entries((value as { toObject(): object }).toObject()).map(([k, v]) => [k, plain(v)]))
    : value;

describe('structs by value', () => {
  const cases = makeCases();
  let library: ReturnType<typeof ffi.DynamicLibrary>;

  beforeAll(() => {
    library = new ffi.DynamicLibrary(compileBulk('napi-layouts', sourceOf(cases)));
  });
  afterAll(closeSession);

  const fieldsOf = ({ fields }: Case, which: 'value' | 'bumped') =>
    Object.fromEntries(fields.map((field) => [field.name, field[which]]));

  test.each(cases.map((one, i) => [i, one] as const))('case %i', (i, one) => {
    expect(ffi.ForeignFunction(library.get(`size${i}`), 'size_t', [])()).toBe(one.type.size);
    const given = new one.type(fieldsOf(one, 'value'));
    const wanted = fieldsOf(one, 'bumped');
    const answered = ffi.ForeignFunction(library.get(`bump${i}`), one.type, [one.type])(given);
    expect(answered).toBeInstanceOf(one.type);
    expect(plain(answered)).toEqual(wanted);
    expect(plain(given)).toEqual(fieldsOf(one, 'value'));
    const after = ffi.ForeignFunction(library.get(`after${i}`), one.type, ['int', 'double', one.type, 'int']);
    expect(plain(after(1, 2.5, fieldsOf(one, 'value'), 3))).toEqual(wanted);
    const seen: unknown[] = [];
    const callback = ffi.Callback(one.type, [one.type], (value: Instance) => {
      seen.push(plain(value));
      return value;
    });
    const through = ffi.ForeignFunction(library.get(`through${i}`), one.type, ['pointer', one.type]);
    expect(plain(through(callback, given))).toEqual(wanted);
    expect(seen).toEqual([wanted]);
  });

  test('a struct that ref-struct-di lays out in another way than C is refused with the sizes', () => {
    const odd = Struct({ a: 'char', b: 'int' }, { packed: true });
    const wrong = Struct({ a: 'short', b: 'short', c: 'char' });
    Object.assign(wrong, { size: 5 });
    expect(ffi.ffiType(odd).length).toBe(24);
    expect(thrownBy(() => ffi.CIF(wrong, [])).message).toBe(
      'ffi_prep_cif() returned an error: FFI_BAD_TYPEDEF (the type StructType has 5 bytes, where C has 6)',
    );
    expect(thrownBy(() => ffi.CIF(Struct({}), [])).message).toMatch(/has no fields/);
  });

  test('a struct that points to itself, and one with a function, go by pointer', () => {
    const node = Struct({ value: 'int' });
    (node as unknown as { defineProperty(name: string, type: RefType): void }).defineProperty(
      'next',
      ref.refType(node),
    );
    const last = new node({ value: 2 });
    const first = new node({ value: 1, next: last.ref() });
    const same = ffi.ForeignFunction(new ffi.DynamicLibrary(libraryPath).get('same'), ref.refType(node), [
      ref.refType(node),
    ]);
    const answered = ref.deref(same(first.ref()) as Buffer) as Instance;
    expect(answered.value).toBe(1);
    expect((ref.deref(answered.next as Buffer) as Instance).value).toBe(2);
    const holder = Struct({ f: ffi.Function('int', ['int']) });
    const instance = new holder({ f: (n: number) => n * 3 });
    expect((instance.f as (n: number) => number)(5)).toBe(15);
    expect(inC('answer', 'int', [])()).toBe(42);
  });
});
