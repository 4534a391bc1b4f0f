/**
 * The generated way of records does what the general one does, or says that it does not.
 */
import { describe, expect, test } from '@jest/globals';
import { type Address, openSession, parseDeclarations, type RecordType } from '../../safeffi/index.ts';
import { readValue, writeValue } from '../../safeffi/types/record-codec.ts';
import { compileRecordFastPath } from '../../safeffi/types/record-fast-path.ts';
import { faultOf } from './fault-of.ts';
import { compile } from './fixture.ts';
import { RandomTypes, randomNumbers } from './random-types.ts';

const generation = 3;

function records(): RecordType[] {
  const types = new RandomTypes(randomNumbers(11));
  while (types.records.length < 600) types.record(2, 6);
  return types.records;
}

test('random records are read and written as by the general way', () => {
  let compiled = 0;
  for (const type of records()) {
    const fast = compileRecordFastPath(type);
    if (fast === undefined) continue;
    compiled++;
    // Small exponents: a NaN has many forms.
    const bytes = Uint8Array.from({ length: type.sizeBytes }, (_, i) => (i * 37 + compiled) & 0x3f);
    const view = new DataView(bytes.buffer);
    const value = readValue(type, view, 0, { generation });
    expect(fast.read(bytes, generation)).toEqual(value);
    const [slow, usual] = [new Uint8Array(type.sizeBytes), new Uint8Array(type.sizeBytes)];
    writeValue(type, new DataView(slow.buffer), 0, value, { generation }, 'it');
    if (fast.write(value, usual, generation)) expect([type.name, usual]).toEqual([type.name, slow]);
  }
  expect(compiled).toBeGreaterThan(100);
});

describe('what is not usual is left to the general way', () => {
  const { tags } = parseDeclarations(
    'struct p { int x; unsigned char c; unsigned long u; double d; bool b; void *a; };',
  );
  const type = tags.get('struct p') as RecordType;
  const fast = compileRecordFastPath(type)!;
  const usual = { x: 1, c: 2, u: 3, d: 4.5, b: true, a: null };
  const writes = (value: unknown) => fast.write(value, new Uint8Array(type.sizeBytes), generation);

  test('the usual', () => expect(writes(usual)).toBe(true));
  test.each([
    ['a field too few', { x: 1 }],
    ['a field too many', { ...usual, y: 1 }],
    ['a fraction', { ...usual, x: 1.5 }],
    ['out of range', { ...usual, x: 2 ** 31 }],
    ['out of range, unsigned', { ...usual, c: 256 }],
    ['a negative, unsigned', { ...usual, c: -1 }],
    ['a negative, 64 bits', { ...usual, u: -1 }],
    ['a bigint', { ...usual, u: 1n }],
    ['beyond 2^53', { ...usual, u: 2 ** 53 }],
    ['a string', { ...usual, d: '1' }],
    ['a number for a bool', { ...usual, b: 1 }],
    ['a buffer for an address', { ...usual, a: new Uint8Array(1) }],
    ['undefined', { ...usual, x: undefined }],
    ['nil', null],
    ['a number', 7],
    ['bytes', new Uint8Array(type.sizeBytes)],
  ])('%s', (_, value) => expect(writes(value)).toBe(false));
});

test('a refused object leaves nothing for the next call', () => {
  const session = openSession({ ffi: 'native' });
  const text = 'struct pair { int x, y; }; int sum(struct pair p, int n);';
  const library = session.library(
    compile('pair-sum', `${text} int sum(struct pair p, int n) { return p.x + p.y + n; }`),
  );
  const c = library.declare<{ sum(pair: object, n: number): number }>(text);
  expect(c.sum({ x: 1, y: 2 }, 3)).toBe(6);
  expect(() => c.sum({ x: 9, y: 'a' }, 3)).toThrow(
    "callout sum: argument 1.y is 'a', expected int (-2147483648 to 2147483647)",
  );
  expect(c.sum({ y: 2 }, 3)).toBe(5);
  expect(c.sum(new Uint8Array(Int32Array.of(4, 0).buffer), 0)).toBe(4);
  session.close();
});

test('a fault is retried with the arguments of its call, whatever was called since', () => {
  const session = openSession({ ffi: 'native' });
  const text = 'struct where { int *at; int n; }; int read_at(struct where w);';
  const body =
    'static int ready, value = 5; int *get_ready(void) { return &ready; } int read_at(struct where w) { return ready ? value + w.n : *w.at; }';
  const library = session.library(compile('where-read', `${text} ${body}`));
  const c = library.declare<{ read_at(w: object): number }>(text);
  const caught = faultOf(() => c.read_at({ at: null, n: 3 }));
  session.memory.write(
    library.function('get_ready', { returns: 'void *', arguments: [] })() as Address,
    Uint8Array.of(1),
  );
  expect(c.read_at({ at: null, n: 100 })).toBe(105);
  expect(caught.retry()).toBe(8);
  session.close();
});

test('a getter that calls the function itself', () => {
  const session = openSession({ ffi: 'native' });
  const text = 'struct pair { int x, y; }; int first(struct pair p, struct pair q);';
  const body = 'int first(struct pair p, struct pair q) { return p.x + 10 * p.y + 100 * q.x + 1000 * q.y; }';
  const c = session.library(compile('pair-first', `${text} ${body}`)).declare<{
    first(p: object, q: object): number;
  }>(text);
  const inner: number[] = [];
  const q = {
    get x() {
      inner.push(c.first({ x: 9, y: 9 }, { x: 9, y: 9 }));
      return 3;
    },
    y: 4,
  };
  expect(c.first({ x: 1, y: 2 }, q)).toBe(4321);
  expect(inner).toEqual([9999]);
  session.close();
});
