/** Image files as other VMs write them, made from the formats' description alone (foreign-spur.ts), with all that occurs in them. */
import { describe, expect, test } from '@jest/globals';
import { readImage } from '../../image/format/read-image.ts';
import { writeImage } from '../../image/format/write-image.ts';
import { heapStatistics } from '../../vm/debug/heap-printer.ts';
import { Collector } from '../../vm/memory/collector.ts';
import { HeapVerifier } from '../../vm/memory/heap-verifier.ts';
import type { ObjectMemory } from '../../vm/memory/object-memory.ts';
import { isImmediate, type Oop } from '../../vm/memory/oop.ts';
import { ContextSlot } from '../../vm/memory/well-known.ts';
import { boxed, type SpurLayout, spurFile } from './foreign-spur.ts';
import { foreignWorld, SAMPLE_SLOT } from './foreign-world.ts';

const OPTIONS = { maxBytes: 64 << 20, edenBytes: 0 };

/** What one can see of the sample, whatever the size of words. */
const SAMPLE = [
  '-1073741824',
  '1099511627779',
  '-1152921504606846976',
  '1152921504606846975',
  'character 128512',
  'float 0.1',
  'float -0',
  'float 1e+300',
  'float -2.5',
  `float ${Math.PI * 1e200}`,
  'ByteString 119,104,97,116,32,97,32,102,111,114,119,97,114,100,101,114,32,108,101,97,100,115,32,116,111',
  'v3 method: ByteString, -3, ByteSymbol, Association; 16,124',
  'sista method: BoxedFloat64, ByteSymbol, Association; 76,92,255',
  'context of 26 slots at bytecode 0: 7, ByteString',
  'BlockClosure (Context at bytecode 0 1 99)',
  'WeakArray (ByteString nil 5)',
  'Ephemeron (ByteString 6)',
  'Array (8) pinned',
  'ByteArray 1,2,3,4,5 immutable',
  'Array of 300 to 299',
  'DoubleByteArray 1,0,2,0,255,255',
  'Bitmap 1,0,0,0,239,190,173,222,3,0,0,0',
  'DoubleWordArray 1,0,0,0,0,0,0,0,239,205,171,137,103,69,35,1',
  'WideString 229,101,0,0,44,103,0,0',
  'Array ()',
  'false',
  'true',
];

const layouts: readonly (readonly [string, SpurLayout])[] = [
  ['Spur 32-bit', { wordBytes: 4, endian: 'little', base: 4096, segmentCount: 1, gapBytes: 0, headerBytes: 64 }],
  [
    'Spur 32-bit, big-endian, three segments in the upper half of memory',
    { wordBytes: 4, endian: 'big', base: 0x80001000, segmentCount: 3, gapBytes: 1 << 20, headerBytes: 64 },
  ],
  [
    'Spur 32-bit with a longer header, five segments',
    { wordBytes: 4, endian: 'little', base: 0x10000, segmentCount: 5, gapBytes: 8, headerBytes: 512 },
  ],
  [
    'Spur 64-bit',
    { wordBytes: 8, endian: 'little', base: 0x10000000000, segmentCount: 1, gapBytes: 0, headerBytes: 128 },
  ],
  [
    'Spur 64-bit across 4 GiB',
    { wordBytes: 8, endian: 'little', base: 0x5555ffff8000, segmentCount: 1, gapBytes: 0, headerBytes: 128 },
  ],
  [
    'Spur 64-bit, four segments far apart',
    { wordBytes: 8, endian: 'little', base: 0x1000, segmentCount: 4, gapBytes: 2 ** 33, headerBytes: 256 },
  ],
  [
    'Spur 64-bit, big-endian, two segments',
    { wordBytes: 8, endian: 'big', base: 0x7f0000000000, segmentCount: 2, gapBytes: 0, headerBytes: 128 },
  ],
];

const file = (layout: SpurLayout, methodCount: number, fillerBytes: number): Uint8Array =>
  spurFile(boxed(foreignWorld(methodCount, fillerBytes), layout.wordBytes), layout);

describe.each(layouts)('%s', (_name, layout) => {
  const bytes = file(layout, 300, 20_000);

  test('is read with every kind of object, and the heap is sound before and after a collection', () => {
    const { memory, format } = readImage(bytes, OPTIONS);
    expect(format).toMatchObject({ endian: layout.endian, format: layout.wordBytes === 8 ? 'spur64' : 'spur32' });
    expect(new HeapVerifier(memory).verify()).toEqual([]);
    expect(sampleOf(memory)).toEqual(SAMPLE);
    expect(heapStatistics(memory).methods).toBe(302);
    expect(memory.classAt(5000)).toBe(memory.classNamed('WideString'));
    new Collector(memory).collect();
    expect(new HeapVerifier(memory).verify()).toEqual([]);
    expect(sampleOf(memory)).toEqual(SAMPLE);
  });

  test.each(['spur32', 'spur64'] as const)('is the same image once saved by us as %s', (format) => {
    const { memory, settings } = readImage(bytes, OPTIONS);
    new Collector(memory).collect();
    const again = readImage(writeImage(memory, format, settings), OPTIONS);
    expect(new HeapVerifier(again.memory).verify()).toEqual([]);
    expect(sampleOf(again.memory)).toEqual(SAMPLE);
    expect(again.settings.windowSize).toBe(0x02800200);
    expect(again.memory.lastHash).toBe(12345);
  });
});

test.each(layouts.filter(([, { segmentCount }]) => segmentCount > 2))(
  'an image of 12,000 methods and more than 7 MB: %s',
  (_name, layout) => {
    const bytes = file(layout, 12_000, 6_500_000);
    expect(bytes.length).toBeGreaterThan(7e6);
    const { memory } = readImage(bytes, OPTIONS);
    expect(new HeapVerifier(memory).verify()).toEqual([]);
    expect(heapStatistics(memory).methods).toBe(12_002);
    expect(sampleOf(memory)).toEqual(SAMPLE);
  },
);

function sampleOf(memory: ObjectMemory): string[] {
  const sample = memory.specialObject(SAMPLE_SLOT);
  return Array.from({ length: memory.slotCountOf(sample) }, (_, i) =>
    describeOop(memory, memory.fetchPointer(sample, i)),
  );
}

const slotsOf = (memory: ObjectMemory, oop: Oop): Oop[] =>
  Array.from({ length: memory.slotCountOf(oop) }, (_, i) => memory.fetchPointer(oop, i));

/** An integer's value, or the name of a class. */
function brief(memory: ObjectMemory, oop: Oop): string {
  if (oop === memory.nil) return 'nil';
  if (!isImmediate(oop) && memory.classNameOf(oop) === 'Context')
    return `Context at bytecode ${bytecodeOf(memory, oop)}`;
  const value = memory.integerValueOf(oop);
  return value === undefined ? memory.classNameOf(oop) : String(value);
}

/** The place of a context's pc among the bytecodes of its method, from 0. */
function bytecodeOf(memory: ObjectMemory, context: Oop): number {
  const method = memory.fetchPointer(context, ContextSlot.METHOD);
  const literals = (memory.fetchPointer(method, 0) >> 1) & 0x7fff;
  return (memory.fetchPointer(context, ContextSlot.PC) >> 1) - 1 - 4 * (1 + literals);
}

function describeOop(memory: ObjectMemory, oop: Oop): string {
  const value = memory.integerValueOf(oop);
  if (value !== undefined) return String(value);
  if (isImmediate(oop)) return `character ${oop >>> 2}`;
  if (oop === memory.false || oop === memory.true) return String(oop === memory.true);
  const name = memory.classNameOf(oop);
  if (name === 'BoxedFloat64')
    return `float ${Object.is(memory.floatValueOf(oop), -0) ? '-0' : memory.floatValueOf(oop)}`;
  const flags = `${memory.isImmutable(oop) ? ' immutable' : ''}${memory.isPinned(oop) ? ' pinned' : ''}`;
  if (memory.isCompiledMethod(oop)) {
    const header = memory.fetchPointer(oop, 0) >> 1;
    const count = header & 0x7fff;
    const literals = slotsOf(memory, oop).slice(1, 1 + count);
    const code = memory.bytesOf(oop).subarray(4 * (1 + count));
    return `${header < 0 ? 'sista' : 'v3'} method: ${literals.map((each) => brief(memory, each)).join(', ')}; ${code.join(',')}`;
  }
  if (name === 'Context') {
    const stack = slotsOf(memory, oop).slice(ContextSlot.STACK, ContextSlot.STACK + 2);
    return `context of ${memory.slotCountOf(oop)} slots at bytecode ${bytecodeOf(memory, oop)}: ${stack.map((each) => brief(memory, each)).join(', ')}`;
  }
  if (name === 'BlockClosure') {
    const [outer, pc, ...rest] = slotsOf(memory, oop) as [Oop, Oop, ...Oop[]];
    const isSame = pc === memory.fetchPointer(outer, ContextSlot.PC) ? '' : `, own pc ${pc >> 1}`;
    return `BlockClosure (${[outer, ...rest].map((each) => brief(memory, each)).join(' ')}${isSame})`;
  }
  if (!memory.isPointers(oop)) return `${name} ${contentsOf(memory, oop).join(',')}${flags}`;
  const slots = slotsOf(memory, oop);
  if (slots.length > 100) return `${name} of ${slots.length} to ${brief(memory, slots.at(-1)!)}`;
  return `${name} (${slots.map((each) => brief(memory, each)).join(' ')})${flags}`;
}

/** The bytes of the elements, whatever their size. */
function contentsOf(memory: ObjectMemory, oop: Oop): Uint8Array {
  const format = memory.formatOf(oop);
  const unusedBytes = format >= 16 ? format & 3 : format >= 12 ? 2 * (format & 1) : 0;
  const start = memory.bodyOf(oop);
  return memory.u8.subarray(start, start + 4 * memory.slotCountOf(oop) - unusedBytes);
}
