/**
 * Functions, constants and records declared as C text, on the three executors.
 */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Address,
  CalloutError,
  type DeclaredArgument,
  type FieldValue,
  open,
  openSession,
  type Session,
} from '../../safeffi/index.ts';
import { fixture } from './fixture.ts';

const declarations = `
  enum color { RED = 1, GREEN = 2 };
  struct point { int x, y; };
  typedef struct { char name[8]; uint8_t key[4]; double scores[3]; struct point at; enum color color; } player;
  typedef union { int32_t i; float f; uint8_t bytes[4]; } word;
  struct node { struct node *next; int value; };
  void move(struct point *p, int dx, int dy);
  int sum(const struct point *points, size_t count);
  void shift_all(struct point *points, size_t count);
  double promote(player *p);
  int float_bits(const word *w);
  struct node *cons(int value, struct node *next);
  int length(const struct node *list);
  int nowhere(int);
`;

function message(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof CalloutError) return error.message;
    throw error;
  }
  return 'nothing was refused';
}

describe.each(['native', 'portable', 'direct'] as const)('%s', (ffi) => {
  let session: Session;
  type Call = (...args: DeclaredArgument[]) => FieldValue;
  const declare = () =>
    session.library(fixture('records')).declare<{
      RED: number;
      GREEN: number;
      move: Call;
      sum: Call;
      shift_all: Call;
      promote: Call;
      float_bits: Call;
      cons: Call;
      length: Call;
      nowhere: Call;
    }>(declarations);
  let c: ReturnType<typeof declare>;

  beforeAll(() => {
    session = openSession({ ffi });
    c = declare();
  });
  afterAll(() => session.close());

  test('constants are properties, functions are listed and found once', () => {
    expect([c.RED, c.GREEN]).toEqual([1, 2]);
    expect(Object.keys(c)).toContain('move');
    expect(c.move).toBe(c.move);
  });

  test('a size_t is a number', () => {
    const { strlen } = session
      .library('libc.so.6')
      .declare<{ strlen(s: string): number }>('size_t strlen(const char *s);');
    expect(strlen('abc')).toBe(3);
  });

  test('an object behind a pointer goes in and comes back', () => {
    const point = { x: 1, y: 2 };
    c.move(point, 10, 20);
    expect(point).toEqual({ x: 11, y: 22 });
  });

  test('a field that the object lacks is zero', () => {
    const point = { y: 2 };
    c.move(point, 1, 1);
    expect(point).toEqual({ x: 1, y: 3 });
  });

  test('a view is changed in place', () => {
    const bytes = new Uint8Array(8);
    const point = c.struct('point').view(bytes);
    point.x = 5;
    c.move(point, 1, -1);
    expect([point.x, point.y]).toEqual([6, -1]);
    expect([...new Int32Array(bytes.buffer)]).toEqual([6, -1]);
  });

  test('arrays of objects; a pointer to const changes nothing', () => {
    const points = [{ x: 1, y: 2 }, c.struct('point').view(), { x: 3, y: 4 }];
    expect(c.sum(points, 3)).toBe(14);
    c.shift_all(points, 3);
    expect([points[0]!.x, points[1]!.x, points[2]!.x]).toEqual([2, 1, 4]);
  });

  test('arrays, strings, bytes, nested records and enums in a record', () => {
    const value = { name: 'pawn', key: Uint8Array.of(1, 2, 3, 4), scores: [1, 2, 3.5], at: { x: 7 }, color: c.RED };
    expect(c.promote(value)).toBe(13);
    expect(value).toEqual({
      name: 'queen',
      key: Uint8Array.of(254, 253, 252, 251),
      scores: [2, 4, 7],
      at: { x: 7, y: 7 },
      color: 2,
    });
  });

  test('a nested view writes into the record around it', () => {
    const player = c.struct('player').view();
    const at = player.at as { x: number };
    at.x = 9;
    player.scores = [0, 0, 1];
    expect(c.promote(player)).toBe(2);
    expect(c.struct('player').fromBytes(c.struct('player').toBytes(player)).at).toEqual({ x: 9, y: 9 });
  });

  test('a view within an object is written as its bytes', () => {
    const at = c.struct('point').view();
    at.x = 4;
    expect(c.struct('player').fromBytes(c.struct('player').toBytes({ at })).at).toEqual({ x: 4, y: 0 });
  });

  test('a union is written through any of its members', () => {
    expect(c.float_bits({ f: 1 })).toBe(0x3f800000);
    expect(c.float_bits({ bytes: [1, 0, 0, 0] })).toBe(1);
    expect(c.union('word').fromBytes(Uint8Array.of(0, 0, 0x80, 0x3f)).f).toBe(1);
  });

  test('a linked list of C is read record by record', () => {
    const list = c.cons(1, c.cons(2, null) as Address) as Address;
    expect(c.length(list)).toBe(2);
    const first = c.struct('node').read(list);
    expect(first.value).toBe(1);
    c.struct('node').write(first.next as Address, { next: null, value: 5 });
    expect(c.struct('node').read(first.next as Address).value).toBe(5);
    expect(c.length({ next: list, value: 0 })).toBe(3);
  });

  test('what does not fit is refused with function, argument and field', () => {
    expect(message(() => c.move({ x: 'a' }, 1, 1))).toBe(
      "callout move: argument 1.x is 'a', expected int (-2147483648 to 2147483647)",
    );
    expect(message(() => c.move({ z: 1 }, 1, 1))).toBe(
      'callout move: argument 1 has a field z, expected struct point (x, y)',
    );
    expect(message(() => c.sum([{ x: 1 }, { x: 2 ** 31 }], 2))).toBe(
      'callout sum: argument 1[1].x is 2147483648, expected int (-2147483648 to 2147483647)',
    );
    expect(message(() => c.promote({ name: 'much too long' }))).toBe(
      "callout promote: argument 1.name is 'much too long', expected char[8] (at most 8 bytes, the String has 13)",
    );
    expect(message(() => c.promote({ scores: [1, 2] }))).toBe(
      'callout promote: argument 1.scores has 2 elements, expected double[3] (3)',
    );
    expect(message(() => c.length({ next: 'x' }))).toBe(
      "callout length: argument 1.next is 'x', expected struct node * (an address or nil)",
    );
    expect(message(() => c.move({}, 1))).toBe('callout move: 2 given, expected 3 arguments');
    expect(message(() => c.struct('point').view(new Uint8Array(7)))).toBe(
      'a view of struct point needs 8 bytes, 7 were given',
    );
    expect(message(() => c.struct('pint'))).toBe(
      "'struct pint' is not a C type known here: it is not among these declarations",
    );
  });

  test('a view refuses a value and stays as it was', () => {
    const player = c.struct('player').view();
    player.scores = [1, 2, 3];
    expect(message(() => (player.scores = [4, 5, 'x']))).toBe("player.scores[2] is 'x', expected double (a Float)");
    expect(player.scores).toEqual([1, 2, 3]);
  });

  test('a function that the library lacks is refused where it is first read', () => {
    expect(message(() => c.nowhere)).toMatch(/^nowhere was not found in .*librecords/);
  });

  (ffi === 'direct' ? test.skip : test)('an address in a record from before a restart is refused', () => {
    const old = c.cons(1, null) as Address;
    session.restart();
    expect(message(() => c.length({ next: old, value: 1 }))).toBe(
      `callout length: argument 1.next is ${old}, an address of executor generation ${old.generation}; the present one is ${old.generation + 1}`,
    );
  });
});

test('open: libraries opened without options share one executor', () => {
  const libc = open('libc.so.6');
  const libm = open('libm.so.6');
  expect(libm.session).toBe(libc.session);
  expect(libm.declare<{ cos(x: number): number }>('double cos(double);').cos(0)).toBe(1);
  const own = open('libc.so.6', { ffi: 'portable' });
  expect(own.session).not.toBe(libc.session);
  own.session.close();
  libc.session.close();
  expect(open('libc.so.6').declare<{ abs(n: number): number }>('int abs(int);').abs(-5)).toBe(5);
  open('libc.so.6').session.close();
});

test('ohm-js is loaded by the first declaration, not by the library', () => {
  const program = `
    import { createRequire } from 'node:module';
    import { open } from ${JSON.stringify(new URL('../../safeffi/index.js', import.meta.url).href)};
    const { cache } = createRequire(${JSON.stringify(import.meta.url)});
    const loaded = () => Object.keys(cache).some((file) => file.includes('ohm-js'));
    const c = open('libc.so.6');
    c.function('abs', { returns: 'int', arguments: ['int'] })(-5);
    const before = loaded();
    c.declare('int abs(int);');
    console.log(before, loaded());
  `;
  expect(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })).toBe(
    'false true\n',
  );
});
