/** Modules FileAttributesPlugin, FilePlugin, UUIDPlugin and LocalePlugin on Node's own files and locale. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { NodeHost } from '../../primitives/index.ts';
import { type Oop, smallIntegerOop, smallIntegerValue } from '../../vm/memory/oop.ts';
import { PrimitiveError, SpecialObject } from '../../vm/memory/well-known.ts';
import { PrimitiveBench } from './primitive-bench.ts';

const int = smallIntegerOop;
const folder = mkdtempSync(join(tmpdir(), 'safeffi-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'many'));
for (const name of ['a', 'b', 'ünicode']) writeFileSync(join(folder, 'many', name), name);
mkdirSync(join(folder, 'none'));
writeFileSync(join(folder, 'file'), 'twelve bytes');
chmodSync(join(folder, 'file'), 0o640);
symlinkSync('file', join(folder, 'link'));

const bench = new PrimitiveBench(new NodeHost());
const { memory } = bench;
const path = (...names: readonly string[]): Oop => bench.bytes(new TextEncoder().encode(join(folder, ...names)));
const call = (name: string, ...operands: readonly Oop[]): Oop | string =>
  bench.call(`FileAttributesPlugin.${name}`, memory.nil, ...operands);
const answer = (name: string, ...operands: readonly Oop[]): Oop =>
  bench.answer(`FileAttributesPlugin.${name}`, memory.nil, ...operands);
const element = (array: Oop, index: number): Oop => memory.fetchPointer(array, index - 1);
const number = (oop: Oop): number => Number(memory.integerValueOf(oop));
const text = (oop: Oop): string => new TextDecoder().decode(memory.bytesOf(oop).slice());
const SECONDS_FROM_1901_TO_1970 = 2_177_452_800;

describe('FileAttributesPlugin', () => {
  test('what stands in the attributes is what the system says', () => {
    const status = statSync(join(folder, 'file'));
    const array = answer('primitiveFileAttributes', path('file'), int(1));
    expect([2, 3, 4, 5, 6, 7, 8].map((index) => number(element(array, index)))).toEqual([
      status.mode,
      status.ino,
      status.dev,
      status.nlink,
      status.uid,
      status.gid,
      12,
    ]);
    const offset = -new Date().getTimezoneOffset() * 60;
    expect(number(element(array, 10))).toBe(Math.floor(status.mtimeMs / 1000) + SECONDS_FROM_1901_TO_1970 + offset);
    expect(number(answer('primitiveFileAttribute', path('file'), int(8)))).toBe(12);
    expect(number(answer('primitiveFileAttribute', path('many'), int(8)))).toBe(0);
  });

  test('a link is followed or told as itself, as the mask says; access comes beside it', () => {
    const both = answer('primitiveFileAttributes', path('link'), int(1 + 2 + 4));
    const status = element(both, 1);
    expect(text(element(status, 1))).toBe('file');
    expect(number(element(status, 2)) & 0o170000).toBe(0o120000);
    expect(element(element(both, 2), 1)).toBe(memory.true);
    expect(element(answer('primitiveFileAttributes', path('link'), int(1)), 1)).toBe(memory.nil);
    expect(call('primitiveFileAttribute', path('link'), int(16))).toBe(memory.true);
    expect(call('primitiveFileAttribute', path('file'), int(16))).toBe(memory.false);
    expect([call('primitiveFileExists', path('file')), call('primitiveFileExists', path('no'))]).toEqual([
      memory.true,
      memory.false,
    ]);
  });

  test('permissions are changed', () => {
    answer('primitiveChangeMode', path('many', 'a'), int(0o600));
    expect(statSync(join(folder, 'many', 'a')).mode & 0o777).toBe(0o600);
    expect(call('primitiveChangeMode', path('many', 'a'), int(-1))).toBe('BAD_ARGUMENT');
  });

  test('a directory is read entry by entry, again from its start, and closed once', () => {
    const first = answer('primitiveOpendir', path('many'));
    const handle = element(first, 3);
    expect(number(element(element(first, 2), 8))).toBe(1);
    const names = (entry: Oop): string[] => {
      const found: string[] = [];
      for (let each = entry; each !== memory.nil; each = answer('primitiveReaddir', handle))
        found.push(text(element(each, 1)));
      return found;
    };
    expect(names(first)).toEqual(['a', 'b', 'ünicode']);
    expect(names(answer('primitiveRewinddir', handle))).toEqual(['a', 'b', 'ünicode']);
    answer('primitiveClosedir', handle);
    expect([call('primitiveReaddir', handle), call('primitiveClosedir', handle)]).toEqual(['OS_ERROR', 'OS_ERROR']);
    expect(call('primitiveOpendir', path('none'))).toBe(memory.nil);
    expect(call('primitiveReaddir', bench.bytes(new Uint8Array(8)))).toBe('OS_ERROR');
  });

  test('an image that has an object for errors of the system gets a copy with the number of this one', () => {
    expect(call('primitiveFileAttributes', path('no'), int(1))).toBe('OS_ERROR');
    const table = memory.newArray(PrimitiveError.OS_ERROR);
    const model = bench.array([memory.newByteString('operation failed'), memory.nil]);
    memory.storePointer(table, PrimitiveError.OS_ERROR - 1, model);
    const old = memory.specialObject(SpecialObject.PRIMITIVE_ERROR_TABLE);
    memory.storePointer(memory.specialObjects, SpecialObject.PRIMITIVE_ERROR_TABLE, table);
    expect(call('primitiveFileAttributes', path('no'), int(1))).toBe('GENERIC');
    const error = bench.vm.failureOop();
    expect([smallIntegerValue(element(error, 2)), element(model, 2)]).toEqual([-3, memory.nil]);
    memory.storePointer(memory.specialObjects, SpecialObject.PRIMITIVE_ERROR_TABLE, old);
    expect(call('primitiveFileExists', path('file'))).toBe(memory.true);
  });
});

describe('FilePlugin', () => {
  const file = (name: string, ...operands: readonly Oop[]): Oop | string =>
    bench.call(`FilePlugin.${name}`, memory.nil, ...operands);

  test('a new file is made where there is none, and refused where there is one', () => {
    const handle = file('primitiveFileOpenNew', path('fresh')) as Oop;
    expect(file('primitiveFileWrite', handle, bench.bytes(Uint8Array.of(1, 2, 3)), int(1), int(3))).toBe(int(3));
    file('primitiveFileClose', handle);
    expect(statSync(join(folder, 'fresh')).size).toBe(3);
    expect(file('primitiveFileOpenNew', path('fresh'))).toBe('GENERIC');
    expect(text(bench.vm.failureOop())).toBe('EEXIST');
  });

  test('descriptors say what they are open on; one that is open can be connected to', () => {
    expect(file('primitiveFileDescriptorType', int(64_000))).toBe(int(-1));
    const type = smallIntegerValue(file('primitiveFileDescriptorType', int(1)) as Oop);
    expect([1, 2, 3]).toContain(type);
    expect(file('primitiveConnectToFileDescriptor', int(64_000), memory.false)).toBe('GENERIC');
    expect(text(bench.vm.failureOop())).toBe('EBADF');
    expect(file('primitiveConnectToFileDescriptor', memory.nil, memory.false)).toBe('BAD_ARGUMENT');
  });
});

describe('UUIDPlugin and LocalePlugin', () => {
  test('a UUID is random, of version 4', () => {
    const made = Array.from({ length: 20 }, () => {
      const uuid = bench.answer('UUIDPlugin.primitiveMakeUUID', bench.instance('ByteArray', 16));
      return memory.bytesOf(uuid).slice();
    });
    for (const uuid of made) expect([uuid[6]! >> 4, uuid[8]! >> 6]).toEqual([4, 2]);
    expect(new Set(made.map(String)).size).toBe(20);
    expect(bench.call('UUIDPlugin.primitiveMakeUUID', bench.instance('ByteArray', 15))).toBe('BAD_RECEIVER');
  });

  test("the locale is the engine's", () => {
    const locale = new Intl.Locale(new Intl.NumberFormat().resolvedOptions().locale).maximize();
    const told = (name: string): string => text(bench.answer(`LocalePlugin.${name}`, memory.nil));
    expect([told('primitiveLanguage'), told('primitiveCountry')]).toEqual([locale.language, locale.region]);
    expect(told('primitiveDecimalSymbol')).toBe((1.5).toLocaleString().charAt(1));
    expect(told('primitiveShortDateFormat')).toMatch(/d.*m.*y|m.*d.*y|y.*m.*d/);
    expect(bench.answer('LocalePlugin.primitiveTimezoneOffset', memory.nil)).toBe(int(-new Date().getTimezoneOffset()));
  });
});
