/**
 * Global variables, bit-fields and arrays of unknown length, declared as C text, against real C on the three executors.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Address, CalloutError, openSession, type Session } from '../../safeffi/index.ts';
import { compile } from './fixture.ts';

const declarations = `
  enum level { LOW = -1, HIGH = 1 };
  struct flags { unsigned ready : 1; signed level : 3; unsigned : 4; unsigned long id : 40; bool on : 1; enum level e : 2; };
  struct list { int count; double items[]; };
  struct point { int x, y; };
  extern int counter;
  extern const int limit;
  extern double weights[3];
  extern char name[8];
  extern struct point origin;
  extern struct flags state;
  extern const char *text;
  extern unsigned long big;
  extern int nowhere;
  int read_counter(void);
  int sum(const struct flags *f);
  void set_all(struct flags *f);
  struct list *make_list(int count);
`;
const text = `
#include <stdbool.h>
#include <stdlib.h>
${declarations.replace('extern int nowhere;', '')}
int counter = 5;
const int limit = 100;
double weights[3] = {0.5, 1.5, 2.5};
char name[8] = "safeffi";
struct point origin = {3, -4};
struct flags state = {1, -2, 123456789012, true, LOW};
const char *text = "text";
unsigned long big = 18446744073709551615ul;
int read_counter(void) { return counter; }
int sum(const struct flags *f) { return (int)f->ready + f->level + (int)f->id + f->on + (int)f->e; }
void set_all(struct flags *f) { f->ready = 1; f->level = -4; f->id = 1099511627775; f->on = true; f->e = LOW; }
struct list *make_list(int count) {
  struct list *made = malloc(sizeof *made + (size_t)count * sizeof made->items[0]);
  made->count = count;
  for (int i = 0; i < count; i++) made->items[i] = i + 0.25;
  return made;
}
`;

interface Flags {
  ready?: number;
  level?: number;
  id?: number | bigint;
  on?: boolean | number;
  e?: number;
}

interface Declared {
  counter: number;
  readonly limit: number;
  weights: number[];
  name: string;
  origin: { x: number; y?: number };
  state: Flags;
  readonly text: Address;
  big: number | bigint;
  nowhere: number;
  read_counter(): number;
  sum(flags: Flags): number;
  set_all(flags: Flags): void;
  make_list(count: number): Address;
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof CalloutError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'nothing was refused';
}

describe.each(['native', 'portable', 'direct'] as const)('%s', (ffi) => {
  let session: Session;
  const declare = () => session.library(compile('declared-values', text)).declare<Declared>(declarations);
  let c: ReturnType<typeof declare>;
  beforeAll(() => {
    session = openSession({ ffi });
    c = declare();
  });
  afterAll(() => session.close());

  test('a variable is read and written where C has it', () => {
    c.counter = 5;
    expect([c.counter, c.read_counter()]).toEqual([5, 5]);
    c.counter = -7;
    expect([c.counter, c.read_counter()]).toEqual([-7, -7]);
  });

  test('arrays, strings, records, pointers, 64 bits', () => {
    expect(c.weights).toEqual([0.5, 1.5, 2.5]);
    c.weights = [1, 2, 3];
    expect(c.weights).toEqual([1, 2, 3]);
    c.weights = [0.5, 1.5, 2.5];
    expect(c.name).toBe('safeffi');
    expect(c.origin).toEqual({ x: 3, y: -4 });
    expect(c.big).toBe(2n ** 64n - 1n);
    expect(Buffer.from(session.memory.readCString(c.text)).toString()).toBe('text');
  });

  test('a const variable and a value that does not fit are refused', () => {
    expect(c.limit).toBe(100);
    expect(refusal(() => ((c as { limit: number }).limit = 1))).toMatch(
      /^not-writable: variable limit of .*libdeclared-values.* is declared const$/,
    );
    expect(refusal(() => (c.counter = 2 ** 31))).toBe(
      'argument-type: variable counter is 2147483648, expected int (-2147483648 to 2147483647)',
    );
    expect(refusal(() => c.nowhere)).toMatch(/^symbol-not-found: nowhere was not found/);
  });

  test('bit-fields come and go', () => {
    expect(c.state).toEqual({ ready: 1, level: -2, id: 123456789012, on: true, e: -1 });
    expect(c.sum({ ready: 1, level: -3, id: 100, on: true, e: -1 })).toBe(98);
    const flags: Flags = {};
    c.set_all(flags);
    expect(flags).toEqual({ ready: 1, level: -4, id: 1099511627775, on: true, e: -1 });
  });

  test('a view writes one bit-field and leaves the others', () => {
    const view = c.struct('flags').view();
    view.level = -4;
    view.id = 1099511627775;
    view.ready = 1;
    view.level = 3;
    expect([view.ready, view.level, view.id, view.on]).toEqual([1, 3, 1099511627775, false]);
    expect(refusal(() => (view.level = 4))).toBe(
      'argument-type: struct flags.level is 4, expected int of 3 bits (-4 to 3)',
    );
    expect(refusal(() => c.sum({ ready: 2 }))).toBe(
      'argument-type: callout sum: argument 1.ready is 2, expected unsigned int of 1 bits (0 to 1)',
    );
  });

  test('an array of unknown length at the end', () => {
    const list = c.struct('list');
    const address = c.make_list(4);
    expect([list.sizeBytes, list.offsetOf('items'), list.read(address)]).toEqual([8, 8, { count: 4 }]);
    expect(list.readElements(address, 4)).toEqual([0.25, 1.25, 2.25, 3.25]);
    expect(refusal(() => c.struct('point').readElements(address, 1))).toMatch(/^bad-type: 'struct point'/);
    expect(refusal(() => list.offsetOf('item'))).toMatch(/^bad-type: 'struct list\.item'/);
  });

  (ffi === 'direct' ? test.skip : test)('a variable after a restart is that of the fresh executor', () => {
    c.counter = 9;
    session.restart();
    expect(c.counter).toBe(5);
  });
});

test.each(['native', 'portable', 'direct'] as const)('%s: records with bit-fields go by value', (ffi) => {
  const declared = 'struct b { int a : 5; unsigned c : 20; long d : 30; }; struct b same(struct b x);';
  const path = compile('bits-by-value', declared.replace('same(struct b x);', 'same(struct b x) { return x; }'));
  const session = openSession({ ffi });
  const c = session.library(path).declare<{ same(value: object): object }>(declared);
  expect(c.same({ a: -16, c: 1048575, d: -5 })).toEqual({ a: -16, c: 1048575, d: -5 });
  session.close();
});
